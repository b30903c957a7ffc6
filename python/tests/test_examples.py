"""Every example runs; those of an adapter are run by its own tests."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
ALONE = ["audit_your_reward", "noop_distractors", "pass_at_k_over_repeats", "stated_totals", "step_rewards"]


@pytest.mark.parametrize("name", ALONE)
def test_an_example_without_other_packages_runs(name: str) -> None:
    run = subprocess.run([sys.executable, str(EXAMPLES / f"{name}.py")], capture_output=True, text=True)
    assert run.returncode == 0 and run.stdout, run.stderr


def test_every_example_belongs_to_a_test() -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    for path in EXAMPLES.glob("*.py"):
        assert path.stem in tests, f"no test runs {path.name}"
