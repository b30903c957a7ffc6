"""Writes a Parquet file for verl, reads a row back and scores two responses with its ground truth.

Needs the interplay package and ``pip install pyarrow``. A verl run takes the file and the reward like this:

    python -m verl.trainer.main_ppo data.train_files=train.parquet \
        reward.custom_reward_function.path=pkg://interplay.adapters.verl \
        reward.custom_reward_function.name=compute_score +reward.custom_reward_function.reward_kwargs.kind=strict ...
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import interplay
import pyarrow.parquet as pq
from interplay.adapters.verl import compute_score, write_parquet


def main() -> None:
    """Prints the columns, one row and two results."""
    problems = interplay.Dataset(op="2-4", context="zoo", dialect="terse", seed=7, size=500)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.parquet"
        print(f"{write_parquet(problems, path)} rows, {path.stat().st_size / 1024:.0f} KiB")
        row = pq.read_table(path).slice(0, 1).to_pylist()[0]
    for column, value in row.items():
        print(f"  {column}: {value}")
    ground_truth = row["reward_model"]["ground_truth"]
    for response in (problems[0]["solution"], f"Answer: {problems[0]['answer']}."):
        print(response, "->", compute_score(row["data_source"], response, ground_truth, row["extra_info"]))


if __name__ == "__main__":
    main()
