"""The Python blocks of the README and the book run, and print what is written below them."""

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ["python/README.md", "docs/book/src/python/package.md", "README.md"]


def blocks() -> list[tuple[str, str, str | None]]:
    """Page, program, and the text block right after it."""
    found = []
    for page in PAGES:
        text = (ROOT / page).read_text()
        for program, printed in re.findall(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?", text, re.DOTALL):
            found.append((page, program, printed or None))
    return found


@pytest.mark.parametrize(("page", "program", "printed"), blocks())
def test_a_block_runs(page: str, program: str, printed: str | None) -> None:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        try:
            exec(program, {})
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("interplay"):
                raise
            pytest.skip(f"{error.name} is not installed")
    if printed is not None:
        assert output.getvalue().strip() == printed.strip()


def test_there_are_blocks() -> None:
    assert {page for page, _, _ in blocks()} == set(PAGES)
