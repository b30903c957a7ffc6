"""Builds a data set of problems, judges completions and splits an endless stream over two nodes.

Needs ``pip install datasets``.
"""

from __future__ import annotations

import tempfile
from itertools import islice

import datasets
import interplay
from datasets.distributed import split_dataset_by_node
from interplay.adapters.hf_datasets import StepJudge, to_dataset, to_iterable, with_verdicts


def main() -> None:
    """Prints the judged columns, then the first problems that each node reads."""
    datasets.disable_progress_bars()
    problems = interplay.Dataset(op="3-5", context="zoo", dialect="terse", seed=7)
    with tempfile.TemporaryDirectory() as cache:
        data = to_dataset(problems, 4, cache_dir=cache)
        answers = [f"Answer: {answer}." for answer in data["answer"]]
        data = data.add_column("completion", [data[0]["solution"], *answers[1:3], None])
        for row in with_verdicts(data, StepJudge("mixed", alpha=0.2)):
            print({key: row[key] for key in ("id", "reward", "accepted", "first_error", "judge_error")})
    stream = to_iterable(problems, shards=4)
    for rank in range(2):
        node = split_dataset_by_node(stream, rank=rank, world_size=2)
        print(f"node {rank} reads the problems {[row['id'] for row in islice(node, 4)]} ...")


if __name__ == "__main__":
    main()
