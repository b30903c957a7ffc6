"""The adapter for the paper's fork of verl, called as its ``BatchRewardManager`` calls it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import interplay
import pytest
from interplay.adapters import verl_interplay as adapter

EXAMPLE = Path(__file__).parents[1] / "examples" / "verl_interplay_reward.py"
PROBLEM = interplay.Dataset(op=4, context="zoo", dialect="prose", seed=7)[0]
RIGHT = PROBLEM["solution"]
TAGGED = f"{RIGHT} </solution> <answer> {PROBLEM['answer']} </answer> [EOS]"
HACK = f"</solution> <answer> {PROBLEM['answer']} </answer>[EOS]"
TRUTH = {"answer": str(PROBLEM["answer"]), "solution": RIGHT, "raw_prompt": PROBLEM["prompt"]}
KEYS = ["score", "outcome_reward", "process_reward", "process_reward_has_gold", "process_zeroed_due_to_mismatch"]


def batch(responses: list[Any], truth: Any = TRUTH, extra: Any = None) -> dict[str, Any]:
    """The keywords that the manager passes."""
    return {
        "data_sources": ["context-10B/4-zoo"] * len(responses),
        "solution_strs": responses,
        "ground_truths": [truth] * len(responses),
        "extra_infos": [dict(extra or {}) for _ in responses],
    }


def test_blends_answer_and_steps_and_pays_nothing_for_a_wrong_answer() -> None:
    wrong = RIGHT.replace(f"Answer: {PROBLEM['answer']}", "Answer: 99")
    results = adapter.compute_score_with_step_process_batched(**batch([TAGGED, RIGHT, HACK, wrong]))
    assert [list(result) for result in results] == [KEYS] * 4
    assert [result["score"] for result in results] == [1.0, 1.0, pytest.approx(0.2), 0.0]
    assert [result["outcome_reward"] for result in results] == [1.0, 1.0, 1.0, 0.0]
    even = adapter.compute_score_with_step_process_batched(**batch([HACK]), answer_weight=1.0, step_weight=1.0)
    assert even[0]["score"] == 0.5


def test_the_strict_form_zeroes_a_wrong_intermediate() -> None:
    wrong = RIGHT.replace("1 + 3 = 4", "1 + 5 = 4")
    assert wrong != RIGHT
    for strict in (
        adapter.compute_score_with_step_process_strict_batched,
        partial(adapter.compute_score_with_step_process_batched, zero_on_process_mismatch=True),
    ):
        right, hacked = strict(**batch([RIGHT, wrong]), answer_weight=0.2, step_weight=0.8, value_tolerance=1e-6)
        assert (right["score"], right["process_zeroed_due_to_mismatch"]) == (1.0, False)
        assert (hacked["score"], hacked["process_zeroed_due_to_mismatch"]) == (0.0, True)
    assert adapter.compute_score_with_step_process_strict(wrong, TRUTH)["score"] == 0.0


def test_the_single_forms_agree_and_fill_extra_info() -> None:
    extra: dict[str, Any] = {}
    result = adapter.compute_score_with_step_process(solution_str=HACK, ground_truth=TRUTH, extra_info=extra)
    assert result["score"] == pytest.approx(0.2)
    assert extra["outcome_reward"] == 1.0
    assert extra["process_reward_has_gold"] is True
    assert adapter.compute_score(HACK, TRUTH) is True
    assert adapter.compute_score("nothing", TRUTH) is False


def test_reads_the_gold_from_extra_info_too() -> None:
    extra = {"gold_solution": RIGHT, "gold_answer": TRUTH["answer"], "op": 4}
    results = adapter.compute_score_with_step_process_batched(**batch([RIGHT], TRUTH["answer"], extra))
    assert results[0]["score"] == 1.0


def test_the_prompt_lets_true_steps_that_the_answer_does_not_need_pass() -> None:
    solution = "fox = 3. elk = fox + 2 = 3 + 2 = 5. Answer: 5."
    longer = solution.replace(" Answer", " owl = fox = 3. Answer")
    prompt = "<question> fox = 3. elk = fox + 2. owl = fox. elk? </question> <solution>"
    truth = {"answer": "5", "solution": solution, "raw_prompt": prompt}
    assert adapter.compute_score_with_step_process_strict(longer, truth)["score"] == 1.0
    assert adapter.compute_score_with_step_process_strict(longer, truth, forbid_unneeded=True)["score"] == 0.0


@pytest.mark.parametrize(
    ("response", "truth", "said"),
    [
        (RIGHT, {"answer": "4"}, r"ground_truth\['solution'\]"),
        (RIGHT, None, r"ground_truth\['solution'\]"),
        (RIGHT, {"answer": "5", "solution": RIGHT}, "the gold answer is '5'"),
        (RIGHT, {"answer": "4", "solution": "gibberish"}, "gold solution"),
        (None, TRUTH, "expected the .*text as str"),
        ([RIGHT], TRUTH, "expected the .*text as str"),
    ],
)
def test_a_row_that_cannot_be_judged_scores_zero_and_says_why(response: Any, truth: Any, said: str) -> None:
    call = batch([RIGHT, response, RIGHT], extra={"example_id": 9})
    call["ground_truths"][1] = truth
    with pytest.warns(RuntimeWarning, match=f"row 9 of 'context-10B/4-zoo': .*{said}"):
        results = adapter.compute_score_with_step_process_batched(**call)
    assert [list(result) for result in results] == [KEYS] * 3
    assert [result["score"] for result in results] == [1.0, 0.0, 1.0]
    assert [result["process_reward_has_gold"] for result in results] == [True, False, True]


def test_weights_that_make_no_sense_are_an_error() -> None:
    with pytest.raises(ValueError, match="not both 0"):
        adapter.compute_score_with_step_process_batched(**batch([RIGHT]), answer_weight=0.0, step_weight=0.0)


def test_loads_from_its_path_as_the_fork_does() -> None:
    spec = importlib.util.spec_from_file_location("custom_module", str(adapter.__file__))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.compute_score_with_step_process_batched(**batch([RIGHT]))[0]["score"] == 1.0


def test_the_example_runs() -> None:
    done = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "bare answer: blended 0.20, strict 0.00" in done.stdout
