"""Rewards and Parquet files for verl (0.9.1); imports nothing of verl, and ``pyarrow`` only to write files.

Contract met: verl calls ``compute_score(data_source, solution_str, ground_truth, extra_info, **reward_kwargs)`` and
takes a dict with ``score``; every other key becomes a column that has to be in every result
(``verl/experimental/reward_loop/reward_manager/naive.py``, ``verl/experimental/reward_loop/reward_loop.py``,
``verl/trainer/ppo/reward.py``). ``acc`` is the key that validation reports as its main metric
(``verl/trainer/ppo/ray_trainer.py``). Rows have the columns that ``verl/utils/dataset/rl_dataset.py`` reads.

>>> import interplay
>>> from interplay.adapters.verl import write_parquet
>>> write_parquet(interplay.Dataset(op="2-10", seed=7, size=10_000), "train.parquet")  # doctest: +SKIP

Then ``reward.custom_reward_function.path=pkg://interplay.adapters.verl`` with ``name=compute_score`` and, for example,
``+reward.custom_reward_function.reward_kwargs.kind=mixed`` and ``...reward_kwargs.alpha=0.2``.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from os import PathLike
from typing import Any

from interplay import Reward
from interplay.adapters.chat import messages

__all__ = ["compute_score", "compute_score_batched", "rows", "write_parquet"]

_GOLD = ("solution", "problem", "question", "answer")
_ROWS_A_GROUP = 10_000


@lru_cache(maxsize=32)
def _reward(kind: str, settings: str) -> Reward:
    return Reward(kind, **json.loads(settings))


def _gold(ground_truth: Any) -> Mapping[str, Any]:
    """Reads the ground truth of a row: our JSON, a struct, or the bare gold solution."""
    if isinstance(ground_truth, str) and ground_truth.lstrip().startswith("{"):
        try:
            ground_truth = json.loads(ground_truth)
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(
                f"the ground truth is no JSON object: {error}; its start is {ground_truth[:40]!r}"
            ) from None
    elif isinstance(ground_truth, str):
        ground_truth = {"solution": ground_truth}
    if not isinstance(ground_truth, Mapping) or not ground_truth.get("solution"):
        found = f"the keys {', '.join(map(str, ground_truth))}" if isinstance(ground_truth, Mapping) else "no mapping"
        raise ValueError(
            f"expected a gold solution, or a mapping or a JSON object with `solution`, found {found} "
            f"({type(ground_truth).__name__}); write the rows with interplay.adapters.verl.write_parquet"
        )
    return {key: ground_truth[key] for key in _GOLD if ground_truth.get(key) is not None}


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: Any,
    extra_info: Mapping[str, Any] | None = None,
    *,
    kind: str = "strict",
    level: str = "strict",
    forbid_unneeded: bool = False,
    reward_router_address: str | None = None,
    reward_model_tokenizer: Any = None,
    **settings: Any,
) -> dict[str, Any]:
    """The reward of one response, with what verl logs beside it.

    Args:
        data_source: Named in warnings.
        solution_str: The response.
        ground_truth: What ``write_parquet`` wrote, a struct with ``solution``, or a bare gold solution.
        extra_info: Its ``index`` is named in warnings.
        kind: As for ``interplay.Reward``.
        level: As for ``interplay.Reward``.
        forbid_unneeded: As for ``interplay.Reward``.
        reward_router_address: Passed by verl where a reward model runs; not used.
        reward_model_tokenizer: Passed by verl where a reward model runs; not used.
        settings: The settings of ``interplay.Reward``, such as ``alpha=0.2``.

    Returns:
        ``score``; ``acc`` (1 for a solution that is right as a whole); ``answer_correct``, ``process_accuracy`` and
        ``right_answer_wrong_steps``; ``first_error``, a reason or ``""``; ``judged`` and ``judge_error``. A row that
        cannot be judged scores 0 with ``judged`` 0 and a warning, because one exception would end the run.

    Raises:
        ValueError: A setting of the reward is wrong.
    """
    plain = {key: dict(value) if isinstance(value, Mapping) else value for key, value in settings.items()}
    for key, value in plain.items():
        if isinstance(value, Reward):
            raise ValueError(f"{key}: expected plain settings, such as {{'kind': 'process'}}, found {value!r}")
    judged_by = {"level": level, "forbid_unneeded": forbid_unneeded}
    reward = _reward(kind, json.dumps({**plain, **judged_by}, sort_keys=True))
    result: dict[str, Any] = {
        "score": 0.0, "acc": 0.0, "answer_correct": 0.0, "process_accuracy": 0.0, "right_answer_wrong_steps": 0.0,
        "first_error": "", "judged": 0.0, "judge_error": "",
    }  # fmt: skip
    try:
        score, verdict = reward.judge(_gold(ground_truth), solution_str)
    except (TypeError, ValueError) as error:
        index = extra_info.get("index") if isinstance(extra_info, Mapping) else None
        result["judge_error"] = f"no reward for row {index} of {data_source!r}: {error}"
        warnings.warn(f"interplay.adapters.verl: {result['judge_error']}", RuntimeWarning, stacklevel=2)
        return result
    return result | {
        "score": score,
        "acc": float(verdict.accepted),
        "answer_correct": float(verdict.answer_correct),
        "process_accuracy": verdict.process_accuracy,
        "right_answer_wrong_steps": float(verdict.answer_correct and not verdict.accepted),
        "first_error": verdict.first_error.reason if verdict.first_error else "",
        "judged": 1.0,
    }


def compute_score_batched(
    data_sources: Sequence[str],
    solution_strs: Sequence[str],
    ground_truths: Sequence[Any],
    extra_infos: Sequence[Any] | None = None,
    **settings: Any,
) -> list[dict[str, Any]]:
    """``compute_score`` of many, for ``verl/workers/reward_manager/batch.py``, which 0.9.1 ships but its trainer no
    longer looks up."""
    extras = [None] * len(solution_strs) if extra_infos is None else extra_infos
    items = zip(data_sources, solution_strs, ground_truths, extras, strict=True)
    return [compute_score(*item, **settings) for item in items]


def rows(
    problems: Iterable[Mapping[str, Any]],
    *,
    split: str = "train",
    data_source: str = "interplay/{template}/op{op}",
    instruct: bool = False,
) -> Iterable[dict[str, Any]]:
    """Yields problems in verl's columns.

    Args:
        problems: Problems of an ``interplay.Dataset``.
        split: Noted in ``extra_info``.
        data_source: What verl groups validation metrics by; fields of the problem may stand in braces.
        instruct: Whether the prompt tells a general chat model the dialect; otherwise it is the problem in the
            paper's tags as one user message, for a model that learned the dialect and a chat template without text
            of its own.
    """
    for index, problem in enumerate(problems):
        gold = {key: problem[key] for key in _GOLD}
        extra = {key: problem[key] for key in ("id", "op", "template", "mode")}
        yield {
            "data_source": data_source.format_map(problem),
            "prompt": messages(problem) if instruct else [{"role": "user", "content": problem["prompt"]}],
            "ability": "math",
            "reward_model": {"style": "rule", "ground_truth": json.dumps(gold)},
            "extra_info": {"split": split, "index": index, **extra},
        }


def write_parquet(problems: Iterable[Mapping[str, Any]], path: str | PathLike[str], **options: Any) -> int:
    """Writes problems for ``data.train_files`` or ``data.val_files`` and returns how many.

    The ground truth is a JSON string, as a struct column could not be joined with the string column of other data sets.

    Args:
        problems: An ``interplay.Dataset`` with a size, or a list of its problems.
        path: The file to write.
        options: The keyword arguments of ``rows``.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if getattr(problems, "size", 0) is None:
        raise ValueError("write_parquet: the data set has no end; give it a size, such as Dataset(..., size=10_000)")
    text, number = pa.string(), pa.int64()
    message = pa.struct({"role": text, "content": text})
    extra = {"split": text, "index": number, "id": number, "op": number, "template": text, "mode": text}
    schema = pa.schema(
        {
            "data_source": text,
            "prompt": pa.list_(message),
            "ability": text,
            "reward_model": pa.struct({"style": text, "ground_truth": text}),
            "extra_info": pa.struct(extra),
        }
    )
    written, group = 0, []
    with pq.ParquetWriter(path, schema) as writer:
        for row in rows(problems, **options):
            group.append(row)
            if len(group) == _ROWS_A_GROUP:
                writer.write_table(pa.Table.from_pylist(group, schema))
                written, group = written + len(group), []
        writer.write_table(pa.Table.from_pylist(group, schema))
    return written + len(group)
