"""Rewards and prompts for TRL's ``GRPOTrainer`` (TRL 1.16); imports nothing of TRL.

Contract met: ``GRPOTrainer(reward_funcs=...)`` calls each function with ``prompts``, ``completions`` and
``completion_ids``, every other column of the data set as a list, and ``trainer_state``, ``log_extra`` and
``log_metric``. It expects one number for each completion, or None for no reward. TRL names its metrics by
``__name__``. Source: ``trl/trainer/grpo_trainer.py``, ``GRPOTrainer._calculate_rewards``.

>>> import interplay
>>> from interplay.adapters.trl import StepReward, rows
>>> data = rows(interplay.Dataset(op="2-4", seed=7)[:100])  # datasets.Dataset.from_list(data)
>>> reward = StepReward("strict")  # GRPOTrainer(..., reward_funcs=[reward])
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from interplay import BatchError, Judged, Reward, Verdict
from interplay.adapters.chat import messages

__all__ = ["REASON_GROUPS", "StepReward", "completion_text", "rows"]

REASON_GROUPS: dict[str, tuple[str, ...]] = {
    "form": (
        "unreadable", "bad_number", "too_deep", "too_long", "too_large", "mixed_dialects", "stray_text",
    ),
    "quantity": ("unknown_quantity", "unneeded_quantity", "redefinition", "missing_quantity"),
    "symbol": ("symbol_reused", "undefined_symbol", "unused_intermediate"),
    "definition": ("wrong_parents", "wrong_operation", "wrong_value"),
    "equality": ("missing_equation", "odd_chain", "wrong_numbers", "wrong_equality"),
    "unknown": ("not_unknown", "unknown_defined", "wrong_known", "wrong_equation", "missing_solution"),
    "answer": ("missing_answer", "wrong_answer", "repeated_answer", "conflicting_answers"),
}  # fmt: skip
"""Kinds of first errors by group. Every call logs every group, since TRL averages over the calls that log a metric."""

_GROUP_OF = {reason: group for group, reasons in REASON_GROUPS.items() for reason in reasons}


def completion_text(completion: Any) -> Any:
    """The text to judge: the str itself, or the content of the last assistant message.

    What is neither a str nor a chat comes back unchanged, so that the verifier can name its type.
    """
    if not isinstance(completion, list):
        return completion
    replies = [turn for turn in completion if isinstance(turn, Mapping) and turn.get("role") == "assistant"]
    if not replies:
        return completion
    content = replies[-1].get("content")
    if isinstance(content, list) and all(isinstance(part, Mapping) for part in content):
        return "".join(str(part.get("text", "")) for part in content)
    return content


def _reason(verdict: Verdict) -> str:
    return verdict.first_error.reason if verdict.first_error is not None else ""


class StepReward:
    """A reward function for ``reward_funcs``, picklable, with the settings of ``interplay.Reward``.

    A row that cannot be judged (no gold, an unreadable gold, a completion without text) gets None and a warning that
    says why; the others keep their rewards.

    Args:
        kind: As for ``interplay.Reward``.
        name: What TRL logs the reward as. Default: ``interplay_`` and the kind.
        solution: The column of gold solutions.
        problem: The column of statements, or None if the data set has none. With the statements, true steps that the
            answer does not need are accepted.
        question: The column of questions, or None.
        settings: The other arguments of ``interplay.Reward``, such as ``alpha=0.2`` or ``forbid_unneeded=True``.
    """

    def __init__(
        self,
        kind: str = "strict",
        *,
        name: str | None = None,
        solution: str = "solution",
        problem: str | None = "problem",
        question: str | None = "question",
        **settings: Any,
    ) -> None:
        self.__name__ = name or f"interplay_{kind}"
        self.reward = Reward(kind, **settings)
        self.columns: dict[str, str | None] = {"solution": solution, "problem": problem, "question": question}

    def __call__(
        self,
        prompts: Sequence[Any],
        completions: Sequence[Any],
        completion_ids: Sequence[Any] | None = None,
        *,
        log_metric: Callable[[str, float], None] | None = None,
        log_extra: Callable[[str, list[Any]], None] | None = None,
        **columns: Any,
    ) -> list[float | None]:
        """One reward for each completion, None where there is none.

        Raises:
            ValueError: A column is missing, or is not as long as the completions.
        """
        golds = self._golds(len(completions), columns)
        texts = [completion_text(completion) for completion in completions]
        judged: Sequence[Judged | None]
        try:
            judged = self.reward.judge_batch(golds, texts)
        except BatchError as error:
            judged = error.results
            empty = f"column {self.columns['solution']!r} is empty"
            reasons = [(row, why if "solution" in golds[row] else empty) for row, why in error.failures.items()]
            shown = "; ".join(f"row {row}: {why}" for row, why in reasons[:3])
            message = f"{self.__name__}: no reward for {len(error.failures)} of {len(texts)} rows ({shown})"
            warnings.warn(message, RuntimeWarning, stacklevel=2)
        if log_metric is not None or log_extra is not None:
            self._log([None if item is None else item.verdict for item in judged], log_metric, log_extra)
        return [None if item is None else item.reward for item in judged]

    def _golds(self, count: int, columns: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The gold of each row, without the fields that the row leaves empty."""
        wanted = {field: column for field, column in self.columns.items() if column is not None}
        for field, column in wanted.items():
            if column not in columns:
                lists = sorted(key for key, value in columns.items() if isinstance(value, list))
                raise ValueError(
                    f"{self.__name__}: the data set has no column {column!r} for the {field} (columns found: "
                    f"{', '.join(lists) or 'none'}); name the right one with StepReward({field}=...)"
                    + ("" if field == "solution" else f", or say {field}=None if there is none")
                )
            if len(columns[column]) != count:
                raise ValueError(
                    f"{self.__name__}: column {column!r} has {len(columns[column])} rows for {count} completions; "
                    "expected one for each"
                )
        rows_of = [{field: columns[column][row] for field, column in wanted.items()} for row in range(count)]
        return [{field: value for field, value in row.items() if value is not None} for row in rows_of]

    def _log(
        self,
        verdicts: Sequence[Verdict | None],
        log_metric: Callable[[str, float], None] | None,
        log_extra: Callable[[str, list[Any]], None] | None,
    ) -> None:
        """Logs the shares of a batch, and the first error of each completion for the table of completions."""
        errors = [None if verdict is None else _reason(verdict) for verdict in verdicts]
        if log_extra is not None:
            log_extra(f"{self.__name__}/first_error", errors)
        judged = [verdict for verdict in verdicts if verdict is not None]
        if log_metric is None or not judged:
            return
        groups = Counter(_GROUP_OF.get(error, "other") for error in errors if error)
        sums = {
            "accepted": sum(verdict.accepted for verdict in judged),
            "answer_correct": sum(verdict.answer_correct for verdict in judged),
            "process_accuracy": sum(verdict.process_accuracy for verdict in judged),
            "right_answer_wrong_steps": sum(verdict.answer_correct and not verdict.accepted for verdict in judged),
            **{f"first_error/{group}": groups[group] for group in (*REASON_GROUPS, "other")},
        }
        for metric, total in sums.items():
            log_metric(f"{self.__name__}/{metric}", total / len(judged))


def rows(problems: Iterable[Mapping[str, Any]], *, conversational: bool = False) -> list[dict[str, Any]]:
    """The rows of a data set for ``GRPOTrainer``: the problems with a ``prompt`` column in TRL's format.

    Args:
        problems: Finitely many problems, such as ``interplay.Dataset(...)[:1000]``.
        conversational: False for a model that learned the dialect: the prompt is the problem in the paper's tags.
            True for a general chat model: a user message with the rules of the dialect and a worked example.
    """
    if getattr(problems, "size", 0) is None:
        raise ValueError("rows: the data set has no end; take a slice, such as dataset[:1000], or give it a size")
    return [{**problem, "prompt": messages(problem) if conversational else problem["prompt"]} for problem in problems]
