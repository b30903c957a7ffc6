"""The reward of the paper's fork of verl, judged by our verifier; imports nothing of the fork.

Contract met: the functions of ``verl/reward_fn.py`` in ``Interplay-LM-Reasoning/Interplay-LM-Reasoning`` (commit
c6676bc), with their names, arguments and result keys. The fork's ``verl/workers/reward_manager/batch.py`` calls the
batched ones with keywords and passes special tokens on, which the verifier reads. Point
``custom_reward_function.path`` at this file and keep ``custom_reward_function.name``.

Deviations: steps are checked by the strict verifier, the process reward is the share of right steps, and an answer
counts in the tags or as ``Answer: N.``. Without a gold solution the fork pays the answer alone; here the row scores 0
with ``process_reward_has_gold`` false and a warning.

>>> from interplay.adapters.verl_interplay import compute_score_with_step_process_batched as score
>>> truth = {"answer": "2", "solution": "goat = 2. Answer: 2."}
>>> score(data_sources=["zoo"], solution_strs=["goat = 2. Answer: 2."], ground_truths=[truth], extra_infos=[{}])[0][
...     "score"
... ]
1.0
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from interplay import Gold, Verdict, verify

__all__ = [
    "compute_score",
    "compute_score_with_step_process",
    "compute_score_with_step_process_batched",
    "compute_score_with_step_process_strict",
    "compute_score_with_step_process_strict_batched",
]


@lru_cache(maxsize=4096)
def _read(solution: str, prompt: str) -> Gold:
    statements = prompt.replace("<question>", "").partition("</question>")[0]
    return Gold(solution, problem=statements.strip())


def _gold(ground_truth: Any, extra: Mapping[str, Any]) -> Gold:
    """The gold of a row, from the places where the fork's data sets put it."""
    truth = ground_truth if isinstance(ground_truth, Mapping) else {"answer": ground_truth}
    solution = truth.get("solution") or truth.get("gold_solution") or extra.get("gold_solution")
    if not isinstance(solution, str):
        raise ValueError(
            "expected the gold solution in ground_truth['solution'] or extra_info['gold_solution'], found the keys "
            f"{', '.join(map(str, truth))} and {', '.join(map(str, extra)) or 'none'}; use a data set that passes it"
        )
    prompt = truth.get("raw_prompt") or ""
    if not isinstance(prompt, str):
        raise ValueError(
            f"expected the prompt as a text in ground_truth['raw_prompt'], found a value of type "
            f"{type(prompt).__name__}; leave it out, or give the text"
        )
    gold = _read(solution, prompt)
    answer = truth.get("answer")
    if answer is None or answer == "":
        answer = extra.get("gold_answer")
    if answer is not None and str(answer).strip().rstrip(".") != str(gold.answer):
        raise ValueError(f"the gold solution ends with {gold.answer}, but the gold answer is {answer!r}; fix the row")
    return gold


def _verdict(
    ground_truth: Any, completion: Any, data_source: Any, extra_info: Any, judge: Mapping[str, Any]
) -> Verdict | None:
    """The verdict, or None and a warning for a row that cannot be judged."""
    extra = extra_info if isinstance(extra_info, Mapping) else {}
    try:
        return verify(_gold(ground_truth, extra), completion, **judge)
    except (TypeError, ValueError) as error:
        row = extra.get("example_id", extra.get("index"))
        message = f"interplay.adapters.verl_interplay: no reward for row {row} of {data_source!r}: {error}"
        warnings.warn(message, RuntimeWarning, stacklevel=3)
        return None


def compute_score(solution_str: str, ground_truth: Any, data_source: Any = None, extra_info: Any = None) -> bool:
    """Whether the stated answer is right, regardless of the steps."""
    verdict = _verdict(ground_truth, solution_str, data_source, extra_info, {})
    return verdict is not None and verdict.answer_correct


def compute_score_with_step_process(
    solution_str: str,
    ground_truth: Any,
    data_source: Any = None,
    extra_info: Any = None,
    *,
    answer_weight: float = 0.2,
    step_weight: float = 0.8,
    value_tolerance: float = 0.0,
    zero_on_process_mismatch: bool = False,
    level: str = "strict",
    forbid_unneeded: bool = False,
) -> dict[str, Any]:
    """The blend of answer and steps; zero for a wrong answer.

    Args:
        solution_str: The response, with or without special tokens.
        ground_truth: ``{"answer": ..., "solution": ..., "raw_prompt": ...}``, or the answer with the gold solution in
            ``extra_info``. With the prompt, true steps that the answer does not need are accepted.
        data_source: Named in warnings.
        extra_info: Gets the diagnostics too, as in the fork.
        answer_weight: The share of the answer, in relation to ``step_weight``.
        step_weight: The share of the steps.
        value_tolerance: Not used: values are integers and compared exactly.
        zero_on_process_mismatch: Whether a solution with any wrong step earns nothing.
        level: As for ``interplay.verify``.
        forbid_unneeded: As for ``interplay.verify``.

    Raises:
        ValueError: The weights are negative or both zero.
    """
    if min(answer_weight, step_weight) < 0 or answer_weight + step_weight <= 0:
        raise ValueError(
            f"answer_weight={answer_weight} and step_weight={step_weight}: expected numbers of at least 0, not both 0"
        )
    judge = {"level": level, "forbid_unneeded": forbid_unneeded}
    verdict = _verdict(ground_truth, solution_str, data_source, extra_info, judge)
    outcome = float(verdict is not None and verdict.answer_correct)
    process = verdict.process_accuracy if verdict is not None else 0.0
    zeroed = bool(zero_on_process_mismatch and outcome and verdict is not None and not verdict.accepted)
    blend = (answer_weight * outcome + step_weight * process) / (answer_weight + step_weight)
    diagnostics = {
        "outcome_reward": outcome,
        "process_reward": process,
        "process_reward_has_gold": verdict is not None,
        "process_zeroed_due_to_mismatch": zeroed,
    }
    if isinstance(extra_info, dict):
        extra_info.update(diagnostics)
    return {"score": blend if outcome and not zeroed else 0.0, **diagnostics}


def compute_score_with_step_process_strict(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """``compute_score_with_step_process`` where any wrong step earns nothing."""
    return compute_score_with_step_process(*args, **kwargs, zero_on_process_mismatch=True)


def compute_score_with_step_process_batched(
    data_sources: Sequence[Any],
    solution_strs: Sequence[str],
    ground_truths: Sequence[Any],
    extra_infos: Sequence[Any] | None,
    **settings: Any,
) -> list[dict[str, Any]]:
    """``compute_score_with_step_process`` of a batch, for the fork's ``BatchRewardManager``."""
    extras = [None] * len(solution_strs) if extra_infos is None else extra_infos
    items = zip(solution_strs, ground_truths, data_sources, extras, strict=True)
    return [compute_score_with_step_process(*item, **settings) for item in items]


def compute_score_with_step_process_strict_batched(*args: Any, **kwargs: Any) -> list[dict[str, Any]]:
    """The batched form of ``compute_score_with_step_process_strict``."""
    return compute_score_with_step_process_batched(*args, **kwargs, zero_on_process_mismatch=True)
