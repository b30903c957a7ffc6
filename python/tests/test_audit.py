"""The audit of a verifier that is written in Python."""

import re
import subprocess
import sys

import interplay
import pytest


def answer_alone(problem, candidate: str) -> bool:
    """A common reward: the last number is the answer."""
    numbers = re.findall(r"-?\d+", candidate)
    return bool(numbers) and int(numbers[-1]) == problem["answer"]


def test_our_own_verifier_is_not_fooled() -> None:
    report = interplay.audit(lambda problem, candidate: bool(interplay.verify(problem, candidate)), subjects=400)
    assert (report.false_accepts, report.false_rejects) == (0, 0), report.witnesses
    assert report.candidates > 600 and report.witnesses == []


def test_a_check_of_the_answer_alone_is_fooled() -> None:
    report = interplay.audit(answer_alone, subjects=300, mutants_each=2, seed=3, contexts=["zoo"], ops=[4, 6])
    assert report.false_accepts > 100
    assert report.operators["gold"]["accepted"] == report.operators["gold"]["candidates"] == 300
    witness = report.witnesses[0]
    assert answer_alone({"answer": interplay.Gold(witness["solution"]).answer}, witness["candidate"])
    assert not interplay.verify(witness, witness["candidate"])
    assert witness["template"] == "zoo" and witness["op"] in (4, 6)
    assert "| operator | label |" in report.table() and "false accepts" in repr(report)
    again = interplay.audit(answer_alone, subjects=300, mutants_each=2, seed=3, contexts=["zoo"], ops=[4, 6])
    assert again.operators == report.operators


def test_operators_can_be_chosen() -> None:
    names = {name: label for name, label, _ in interplay.operators()}
    assert names["symbolic_operator"] == "harmful" and names["white_space"] == "harmless"
    report = interplay.audit(answer_alone, subjects=50, operators=["symbolic_operator"])
    assert set(report.operators) <= {"gold", "symbolic_operator"}


def test_a_judge_runs_on_the_calling_thread() -> None:
    import threading

    threads = set()

    def judge(problem, candidate) -> bool:
        threads.add(threading.current_thread())
        # A judge may audit another one.
        if len(threads) == 1 and not nested:
            nested.append(interplay.audit(answer_alone, subjects=5, ops=[3]))
        return True

    nested: list[interplay.AuditReport] = []
    interplay.audit(judge, subjects=20, ops=[3])
    assert threads == {threading.current_thread()} and nested[0].candidates > 0


def test_ctrl_c_stops_an_audit() -> None:
    code = (
        "import interplay, os, signal, time\n"
        # Programs in the background are started with Ctrl-C ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def judge(problem, candidate):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(600)\n"
        "try:\n"
        "    interplay.audit(judge)\n"
        "except KeyboardInterrupt:\n"
        "    print('stopped')\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert run.stdout.strip() == "stopped", run.stderr


def test_what_a_judge_raises_reaches_its_caller() -> None:
    calls = 0

    def broken(problem, candidate):
        nonlocal calls
        calls += 1
        raise KeyError("gold")

    with pytest.raises(KeyError, match="gold"):
        interplay.audit(broken, subjects=100_000)
    assert calls == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"contexts": ["moon"]}, "moon"),
        ({"operators": ["magic"]}, "magic"),
        ({"ops": []}, "at least one of each"),
        ({"contexts": []}, "at least one of each"),
        ({"subjects": 0}, "subjects: expected at least 1"),
    ],
)
def test_unknown_names_are_refused(settings, message) -> None:
    with pytest.raises(ValueError, match=message):
        interplay.audit(answer_alone, **{"subjects": 10, **settings})
