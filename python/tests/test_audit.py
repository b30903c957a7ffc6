"""The audit of a verifier that is written in Python."""

import re

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
    assert witness["context"] == "zoo" and witness["op"] in (4, 6)
    assert "| operator | label |" in report.table() and "false accepts" in repr(report)
    again = interplay.audit(answer_alone, subjects=300, mutants_each=2, seed=3, contexts=["zoo"], ops=[4, 6])
    assert again.operators == report.operators


def test_operators_can_be_chosen() -> None:
    names = {name: label for name, label, _ in interplay.operators()}
    assert names["symbolic_operator"] == "harmful" and names["white_space"] == "harmless"
    report = interplay.audit(answer_alone, subjects=50, operators=["symbolic_operator"])
    assert set(report.operators) <= {"gold", "symbolic_operator"}


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
    ],
)
def test_unknown_names_are_refused(settings, message) -> None:
    with pytest.raises(ValueError, match=message):
        interplay.audit(answer_alone, subjects=10, **settings)
