"""The stubs say what the compiled module defines."""

import subprocess
import sys

import pytest

pytest.importorskip("mypy", reason="mypy is not installed")


def test_stubs_match_the_module(tmp_path) -> None:
    command = [sys.executable, "-m", "mypy.stubtest", "interplay._native"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
