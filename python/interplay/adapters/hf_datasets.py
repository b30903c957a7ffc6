"""Problems as data sets of Hugging Face's datasets (5.2), and verdicts by its ``map``.

Contract met: ``Dataset.from_generator`` and ``IterableDataset.from_generator`` call a picklable generator with
``gen_kwargs`` and split every list among them over processes, nodes and workers; ``map(batched=True)`` passes a dict of
columns and expects one. Sources: ``datasets/arrow_dataset.py``, ``datasets/iterable_dataset.py``,
``datasets/utils/sharding.py``. Both cache by the content of their arguments, so the version of ``interplay`` is one.

>>> import interplay
>>> from interplay.adapters.hf_datasets import StepJudge, to_dataset, with_verdicts
>>> data = to_dataset(interplay.Dataset(op="2-4", seed=7), 100)  # doctest: +SKIP
>>> judged = with_verdicts(data, StepJudge("strict", completion="solution"), num_proc=4)  # doctest: +SKIP
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from typing import Any

import datasets
import interplay
from interplay import BatchError, Judged, Reward

__all__ = ["FEATURES", "VERDICTS", "StepJudge", "read_parquet", "to_dataset", "to_iterable", "with_verdicts"]

_TEXT, _NUMBER = datasets.Value("string"), datasets.Value("int64")
FEATURES = datasets.Features(
    {
        **dict.fromkeys(("prompt", "problem", "question", "solution"), _TEXT),
        **dict.fromkeys(("answer", "op", "id"), _NUMBER),
        **dict.fromkeys(("template", "dialect", "mode", "length"), _TEXT),
        "d": _NUMBER,
    }
)
"""The columns: the fields of ``interplay.Problem``."""

VERDICTS = datasets.Features(
    {
        **dict.fromkeys(("reward", "process_accuracy"), datasets.Value("float64")),
        **dict.fromkeys(("accepted", "answer_correct"), datasets.Value("bool")),
        **dict.fromkeys(("first_error", "judge_error"), _TEXT),
    }
)
"""The columns that ``StepJudge`` adds."""

_RECORD = ("problem", "question", "solution", "op", "id", "template", "mode", "length", "d")


def _generate(
    problems: interplay.Dataset, ranges: Sequence[tuple[int, int | None, int]], version: str
) -> Iterator[dict[str, Any]]:
    """Yields the problems of ranges; ``version`` only tells caches apart."""
    for start, stop, step in ranges:
        for index in itertools.count(start, step) if stop is None else range(start, stop, step):
            yield dict(problems[index])


def _arguments(problems: interplay.Dataset, n: int | None, shards: int) -> dict[str, Any]:
    """The ``gen_kwargs``: a finite set is cut into runs, an endless one dealt out, each shard without end."""
    size = problems.size
    too_many = n is not None and size is not None and n > size
    if shards < 1 or (n is not None and n < 1) or too_many:
        raise ValueError(
            f"hf_datasets: n={n} problems in shards={shards} of a data set whose size is {size}; expected at least one "
            "shard and one problem, and no more than there are"
        )
    n = size if n is None else n
    if n is None:
        ranges: list[Any] = [(shard, None, shards) for shard in range(shards)]
    else:
        bounds = [n * shard // shards for shard in range(shards + 1)]
        ranges = [(low, high, 1) for low, high in itertools.pairwise(bounds) if low < high]
    return {"problems": problems, "ranges": ranges, "version": interplay.__version__}


def to_dataset(
    problems: interplay.Dataset, n: int | None = None, *, num_proc: int | None = None, **options: Any
) -> datasets.Dataset:
    """The first problems, in order, as an Arrow file in the cache of datasets.

    Args:
        problems: The problems.
        n: How many; ``None`` for all of a data set that has a size.
        num_proc: The number of processes to generate with.
        options: Other arguments of ``datasets.Dataset.from_generator``, such as ``cache_dir``.

    Raises:
        ValueError: More than there are, or no number for a data set without end.
    """
    if n is None and problems.size is None:
        raise ValueError("to_dataset: the data set has no end; say how many, as in to_dataset(problems, 10_000)")
    arguments = _arguments(problems, n, num_proc or 1)
    shards = len(arguments["ranges"])
    return datasets.Dataset.from_generator(
        _generate, features=FEATURES, gen_kwargs=arguments, num_proc=shards if shards > 1 else None, **options
    )


def to_iterable(problems: interplay.Dataset, n: int | None = None, *, shards: int = 64) -> datasets.IterableDataset:
    """Problems drawn while they are read, without a file; endless if the data set is and ``n`` is None.

    Shards go to nodes by ``split_dataset_by_node`` and to the workers of a DataLoader, so take a multiple of nodes
    times workers. Of an endless data set, a single reader sees the first shard alone, each ``shards``-th problem.

    Args:
        problems: The problems.
        n: How many; ``None`` for all.
        shards: The number of shards.

    Raises:
        ValueError: More problems than there are, or no shard.
    """
    return datasets.IterableDataset.from_generator(
        _generate, features=FEATURES, gen_kwargs=_arguments(problems, n, shards)
    )


def read_parquet(
    paths: str | PathLike[str] | Sequence[str | PathLike[str]], *, columns: Sequence[str] = _RECORD, **options: Any
) -> datasets.Dataset:
    """Reads Parquet files with the columns of the paper's records, such as ``interplay generate`` writes.

    Args:
        paths: One file or more.
        columns: The columns that have to be there; others are kept too.
        options: Other arguments of ``datasets.Dataset.from_parquet``, such as ``cache_dir``.

    Raises:
        ValueError: A column is missing.
    """
    files = [paths] if isinstance(paths, (str, PathLike)) else list(paths)
    data = datasets.Dataset.from_parquet([str(path) for path in files], **options)
    missing = [column for column in columns if column not in data.column_names]
    if missing:
        raise ValueError(
            f"read_parquet: {', '.join(map(str, files))}: no column {', '.join(missing)} (columns found: "
            f"{', '.join(data.column_names)}); rename the columns, or name those you need with columns=[...]"
        )
    return data


class StepJudge:
    """A picklable function for ``map(batched=True)`` that adds verdicts and a reward to each row.

    Adds the columns of ``VERDICTS``. ``first_error`` is a reason, or ``""`` for an accepted solution. A row that cannot
    be judged has None in all but ``judge_error``, which says why.

    Args:
        kind: As for ``interplay.Reward``.
        completion: The column of completions, one text each.
        solution: The column of gold solutions.
        problem: The column of statements, or None if there is none.
        question: The column of questions, or None.
        settings: The other arguments of ``interplay.Reward``, such as ``alpha=0.2``.
    """

    def __init__(
        self,
        kind: str = "strict",
        *,
        completion: str = "completion",
        solution: str = "solution",
        problem: str | None = "problem",
        question: str | None = "question",
        **settings: Any,
    ) -> None:
        self.reward = Reward(kind, **settings)
        self.completion = completion
        named = {"solution": solution, "problem": problem, "question": question}
        self.columns = {field: column for field, column in named.items() if column is not None}
        self.version = interplay.__version__  # A part of the fingerprint that datasets caches results by.

    def __call__(self, batch: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
        """The new columns of a batch.

        Raises:
            ValueError: A column is missing.
            TypeError: ``map`` was called without ``batched=True``.
        """
        wanted = {"completion": self.completion, **self.columns}
        missing = [f"{column!r} for the {field}" for field, column in wanted.items() if column not in batch]
        if missing:
            raise ValueError(
                f"StepJudge: no column {', '.join(missing)} (columns found: {', '.join(batch)}); name the right one, "
                "as in StepJudge(completion='text'), or say problem=None, question=None if there is none"
            )
        texts = batch[self.completion]
        if isinstance(texts, str):
            raise TypeError("StepJudge: expected columns, found a single row; call map with batched=True")
        rows = [{field: batch[column][row] for field, column in self.columns.items()} for row in range(len(texts))]
        golds = [{field: value for field, value in row.items() if value is not None} for row in rows]
        errors: dict[int, str] = {}
        judged: Sequence[Judged | None]
        try:
            judged = self.reward.judge_batch(golds, texts)
        except BatchError as error:
            judged, errors = error.results, error.failures
        verdicts = [None if item is None else item.verdict for item in judged]
        return {
            "reward": [None if item is None else item.reward for item in judged],
            "accepted": [v if v is None else v.accepted for v in verdicts],
            "answer_correct": [v if v is None else v.answer_correct for v in verdicts],
            "process_accuracy": [v if v is None else v.process_accuracy for v in verdicts],
            "first_error": [v if v is None else v.first_error.reason if v.first_error else "" for v in verdicts],
            "judge_error": [errors.get(row) for row in range(len(texts))],
        }


def with_verdicts(data: Any, judge: StepJudge, **options: Any) -> Any:
    """``data.map(judge, batched=True)`` with the types of the new columns, which a batch of None does not tell.

    Args:
        data: A ``datasets.Dataset`` or ``IterableDataset`` with completions.
        judge: What to judge them by.
        options: Other arguments of ``map``, such as ``num_proc`` or ``batch_size``.

    Raises:
        ValueError: A column is missing.
    """
    features = None if data.features is None else datasets.Features({**data.features, **VERDICTS})
    return data.map(judge, batched=True, features=features, **options)
