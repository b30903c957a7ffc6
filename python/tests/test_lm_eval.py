"""The task for lm-evaluation-harness, run by its own evaluator on models without weights."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import interplay
import pytest

pytest.importorskip("lm_eval", reason="lm-eval is not installed")

import lm_eval
from interplay.adapters.lm_eval import TASKS, custom_dataset, keep_all, process_results, task_config
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager

EXAMPLE = Path(__file__).parents[1] / "examples" / "lm_eval_task.py"
SETTINGS = {"op": "2-4", "dialect": "terse", "size": 12}
PROBLEM = interplay.Dataset(op="2-4", dialect="terse")[0]


class Scripted(LM):
    """Goes through replies again and again: ``right``, ``answer`` alone, ``wrong``, or ``none``."""

    def __init__(self, *replies: str) -> None:
        super().__init__()
        self.replies = replies
        self.prompts: list[str] = []

    def generate_until(self, requests: list[Instance], **_: Any) -> list[Any]:
        self.prompts = [request.args[0] for request in requests]
        turns = zip(requests, itertools.cycle(self.replies))
        return [
            {"right": doc["solution"], "answer": f"Answer: {doc['answer']}.", "wrong": "lol", "none": None}[reply]
            for doc, reply in ((request.doc, reply) for request, reply in turns)
        ]

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        raise AssertionError("not a task of likelihoods")

    loglikelihood_rolling = loglikelihood  # type: ignore[assignment]


def evaluate(model: Any, task: Any = "interplay_dag", **metadata: Any) -> dict[str, Any]:
    """The metrics of a task, without the name of the filter."""
    given = {"interplay": SETTINGS, **metadata}
    manager = TaskManager(include_path=str(TASKS), include_defaults=False, metadata=given)
    results = lm_eval.simple_evaluate(model, tasks=[task], task_manager=manager, bootstrap_iters=100)
    (metrics,) = results["results"].values()
    return {key.removesuffix(",all"): value for key, value in metrics.items()}


def test_a_model_that_is_right_or_wrong_or_only_states_the_answer() -> None:
    metrics = evaluate(Scripted("right", "answer", "wrong"))
    assert metrics["verified"] == metrics["pass@1"] == pytest.approx(1 / 3)
    assert metrics["answer_accuracy"] == pytest.approx(2 / 3)
    assert metrics["process_accuracy"] == pytest.approx(1 / 3)
    assert metrics["verified_stderr"] > 0
    assert "pass@2" not in metrics


def test_the_dummy_model_of_lm_eval_verifies_nothing() -> None:
    metrics = evaluate("dummy")
    assert metrics["verified"] == metrics["answer_accuracy"] == metrics["process_accuracy"] == 0.0


def test_pass_at_k_is_unbiased_over_the_repeats() -> None:
    metrics = evaluate(Scripted("right", "wrong", "wrong", "answer"), "interplay_dag_pass_at_k")
    for k in (1, 2, 4, 8):
        assert metrics[f"pass@{k}"] == pytest.approx(interplay.pass_at_k(8, 2, k))
    metrics = evaluate(Scripted("right", "wrong", "answer"), task_config(repeats=3))
    assert metrics["pass@2"] == pytest.approx(interplay.pass_at_k(3, 1, 2))
    assert "pass@4" not in metrics


def test_a_response_without_text_costs_the_others_nothing() -> None:
    with pytest.warns(RuntimeWarning, match="document 0: 1 of 8 responses cannot be judged.*response 1: .*found None"):
        metrics = evaluate(Scripted("right", "none", *["wrong"] * 6), "interplay_dag_pass_at_k")
    assert metrics["pass@1"] == pytest.approx(1 / 7)
    with pytest.warns(RuntimeWarning, match="1 of 1 responses"):
        metrics = evaluate(Scripted("right", "none"))
    assert metrics["verified"] == 1.0


def test_prompts_are_tags_or_instructions_or_few_shot() -> None:
    problems = interplay.Dataset(op="2-4", dialect="terse", size=12, name="test")
    model = Scripted("right")
    evaluate(model)
    assert model.prompts == [problem["prompt"] for problem in problems]
    assert evaluate(model, instruct=True)["verified"] == 1.0
    assert model.prompts[0].startswith("Solve the problem step by step.")
    assert evaluate(model, task_config(num_fewshot=2))["verified"] == 1.0
    assert model.prompts[0].count("<solution> ") == 2
    assert model.prompts[0].endswith(problems[0]["prompt"])
    shots = custom_dataset(SETTINGS)["fewshot"]["problem"]
    assert not set(shots) & {problem["problem"] for problem in problems}


def test_settings_come_from_the_metadata() -> None:
    data = custom_dataset({"op": 3, "seed": 5, "size": 4}, version=1.0, config_source="here")["test"]
    assert data["op"] == [3] * 4
    preset = custom_dataset({"spec": "op11-14_uniform", "context": "zoo", "size": 3})["test"]
    assert all(11 <= op <= 14 for op in preset["op"])
    assert custom_dataset()["test"].num_rows == 200
    with pytest.raises(ValueError, match="size is None"):
        custom_dataset({"size": None})
    with pytest.raises(ValueError, match="opp"):
        custom_dataset({"opp": 3})


def test_one_run_may_hold_several_tasks() -> None:
    tasks = [task_config({**SETTINGS, "op": op}, repeats=2, instruct=True, task=f"op{op}") for op in (2, 3)]
    manager = TaskManager(include_defaults=False)
    results = lm_eval.simple_evaluate(Scripted("right", "wrong"), tasks=tasks, task_manager=manager)["results"]
    assert [results[f"op{op}"]["pass@2,all"] for op in (2, 3)] == [1.0, 1.0]


def test_results_may_be_one_response_or_all() -> None:
    right = PROBLEM["solution"]
    assert process_results(PROBLEM, [right])["verified"] == 1.0
    assert process_results(PROBLEM, [[right, "x"]])["pass@2"] == 1.0
    assert keep_all(iter([["a", "b"], ["c"]]), []) == [["a", "b"], ["c"]]
    bare = {"solution": right, "problem": None}
    assert process_results(bare, [[right]])["verified"] == 1.0


def test_a_document_without_gold() -> None:
    with pytest.raises(ValueError, match="no gold solution under `solution` .columns found: question, answer"):
        process_results({"question": "?", "answer": 3}, [["x"]])
    with pytest.warns(RuntimeWarning, match="document 4: 1 of 1 responses"):
        assert process_results({"id": 4, "solution": None}, [["x"]]) == {}
    with pytest.warns(RuntimeWarning, match="the gold solution"):
        assert process_results({"id": 4, "solution": "gibberish"}, [["x"]]) == {}


def test_the_example_runs() -> None:
    done = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "verified: 0.667" in done.stdout
    assert "pass@2: 0.917" in done.stdout
