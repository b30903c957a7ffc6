"""The adapter for Hugging Face's datasets, through that package."""

from __future__ import annotations

import pickle
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import interplay
import pytest

pytest.importorskip("datasets", reason="datasets is not installed")

import datasets
from datasets.distributed import split_dataset_by_node
from interplay.adapters.hf_datasets import (
    FEATURES,
    VERDICTS,
    StepJudge,
    read_parquet,
    to_dataset,
    to_iterable,
    with_verdicts,
)

EXAMPLE = Path(__file__).parents[1] / "examples" / "hf_datasets_map.py"
PROBLEMS = interplay.Dataset(op="2-4", context="zoo", dialect="terse", seed=7, size=40)


@pytest.fixture(autouse=True)
def quiet() -> None:
    datasets.disable_progress_bars()


def judged_rows(completions: list[Any]) -> datasets.Dataset:
    """The first problems with completions."""
    rows = [{**PROBLEMS[index], "completion": text} for index, text in enumerate(completions)]
    return datasets.Dataset.from_list(
        rows, features=datasets.Features({**FEATURES, "completion": datasets.Value("string")})
    )


def test_the_data_set_holds_the_problems_in_order(tmp_path: Path) -> None:
    data = to_dataset(PROBLEMS, cache_dir=str(tmp_path))
    assert data.features == FEATURES
    assert data.to_list() == PROBLEMS[:]
    assert to_dataset(PROBLEMS, 7, num_proc=2, cache_dir=str(tmp_path)).to_list() == PROBLEMS[:7]
    endless = interplay.Dataset(op="2-4", context="zoo", dialect="terse", seed=7)
    assert to_dataset(endless, 3, cache_dir=str(tmp_path)).to_list() == PROBLEMS[:3]
    assert pickle.loads(pickle.dumps(data))[5] == PROBLEMS[5]


def test_caches_tell_data_sets_apart(tmp_path: Path) -> None:
    first = to_dataset(PROBLEMS, 5, cache_dir=str(tmp_path))
    other = interplay.Dataset(op="2-4", context="zoo", dialect="terse", seed=8, size=40)
    assert to_dataset(other, 5, cache_dir=str(tmp_path)).to_list() == other[:5]
    assert to_dataset(PROBLEMS, 5, cache_dir=str(tmp_path)).cache_files == first.cache_files


def test_a_finite_stream_is_the_data_set_and_splits_without_loss() -> None:
    stream = to_iterable(PROBLEMS, shards=8)
    assert (stream.num_shards, stream.features) == (8, FEATURES)
    assert list(stream) == PROBLEMS[:]
    assert list(pickle.loads(pickle.dumps(stream))) == PROBLEMS[:]
    for parts in (
        [split_dataset_by_node(stream, rank=rank, world_size=4) for rank in range(4)],
        [stream.shard(num_shards=4, index=index) for index in range(4)],
    ):
        assert [part.num_shards for part in parts] == [2] * 4
        assert sorted(row["id"] for part in parts for row in part) == list(range(40))
    assert sorted(row["id"] for row in stream.shuffle(seed=1, buffer_size=10)) == list(range(40))
    assert to_iterable(PROBLEMS, 3, shards=8).num_shards == 3


def test_an_endless_stream_deals_problems_out() -> None:
    stream = to_iterable(interplay.Dataset(op=2, dialect="terse"), shards=4)
    nodes = [split_dataset_by_node(stream, rank=rank, world_size=2) for rank in range(2)]
    assert [[row["id"] for row in islice(node, 3)] for node in nodes] == [[0, 4, 8], [1, 5, 9]]


def test_a_stream_resumes_where_it_stopped() -> None:
    stream = to_iterable(PROBLEMS, shards=4)
    rows = iter(stream)
    for _ in range(13):
        next(rows)
    state = stream.state_dict()
    fresh = to_iterable(PROBLEMS, shards=4)
    fresh.load_state_dict(state)
    assert [row["id"] for row in fresh] == list(range(13, 40))


@pytest.mark.parametrize("call", [lambda: to_dataset(PROBLEMS, 41), lambda: to_iterable(PROBLEMS, 0)])
def test_more_problems_than_there_are_is_an_error(call: Any) -> None:
    with pytest.raises(ValueError, match="whose size is 40"):
        call()


def test_wrong_counts_are_errors() -> None:
    with pytest.raises(ValueError, match="no end; say how many"):
        to_dataset(interplay.Dataset(op=2))
    with pytest.raises(ValueError, match="shards=0"):
        to_iterable(PROBLEMS, shards=0)


def test_reads_parquet_with_the_columns_of_the_records(tmp_path: Path) -> None:
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    records = [{key: row[key] for key in row if key not in ("prompt", "answer")} for row in PROBLEMS]
    for path, part in zip(paths, (records[:25], records[25:]), strict=True):
        datasets.Dataset.from_list(part).to_parquet(str(path))
    cache = str(tmp_path / "cache")
    data = read_parquet(paths, cache_dir=cache)
    assert data.to_list() == records
    judged = with_verdicts(data, StepJudge(completion="solution"), batch_size=7)
    assert judged["accepted"] == [True] * 40
    assert read_parquet(paths[0], cache_dir=cache).num_rows == 25
    data.rename_column("solution", "gold").to_parquet(str(paths[0]))
    with pytest.raises(ValueError, match=r"a.parquet: no column solution \(columns found: problem, question, gold"):
        read_parquet(paths[0], cache_dir=cache)
    assert read_parquet(paths[0], columns=["problem", "gold"], cache_dir=cache).num_rows == 40


def test_map_adds_verdicts() -> None:
    texts = [PROBLEMS[0]["solution"], f"Answer: {PROBLEMS[1]['answer']}.", "no idea"]
    data = with_verdicts(judged_rows(texts), StepJudge("mixed", alpha=0.2))
    assert data.features == {**FEATURES, "completion": datasets.Value("string"), **VERDICTS}
    assert data["reward"] == [1.0, pytest.approx(0.2), 0.0]
    assert data["accepted"] == [True, False, False]
    assert data["answer_correct"] == [True, True, False]
    assert data["process_accuracy"] == [1.0, 0.0, 0.0]
    assert data["first_error"] == ["", "missing_quantity", "unreadable"]
    assert data["judge_error"] == [None] * 3
    streamed = with_verdicts(judged_rows(texts).to_iterable_dataset(num_shards=1), StepJudge("mixed", alpha=0.2))
    assert [row["reward"] for row in streamed] == data["reward"][:]
    assert judged_rows(texts).map(StepJudge(), batched=True)["reward"] == [1.0, 0.0, 0.0]


def test_map_works_in_processes() -> None:
    data = with_verdicts(judged_rows([row["solution"] for row in PROBLEMS]), StepJudge(), num_proc=2, batch_size=5)
    assert data["reward"] == [1.0] * 40


@pytest.mark.parametrize("batch_size", [1, 2, 1000])
def test_rows_that_cannot_be_judged_cost_the_others_nothing(batch_size: int) -> None:
    data = judged_rows([None, *(row["solution"] for row in PROBLEMS[1:4])])
    golds = [PROBLEMS[0]["solution"], None, PROBLEMS[2]["solution"], "gibberish"]
    data = data.remove_columns("solution").add_column("solution", golds)
    judged = with_verdicts(data, StepJudge(), batch_size=batch_size)
    assert judged["reward"] == [None, None, 1.0, None]
    assert judged["accepted"] == [None, None, True, None]
    reasons = judged["judge_error"][:]
    assert "expected the completion's text as str, found None" in reasons[0]
    assert "solution" in reasons[1]
    assert reasons[2] is None
    assert "the gold solution" in reasons[3]


def test_lists_of_completions_are_errors_of_their_rows() -> None:
    data = datasets.Dataset.from_list([{**PROBLEMS[0], "completion": [PROBLEMS[0]["solution"]]}])
    judged = with_verdicts(data, StepJudge())
    assert (judged["reward"][0], "found a value of type list" in judged["judge_error"][0]) == (None, True)


def test_a_missing_column_is_an_error_that_names_those_found() -> None:
    with pytest.raises(ValueError, match="no column 'text' for the completion .columns found: prompt, problem"):
        with_verdicts(judged_rows(["x"]), StepJudge(completion="text"))
    bare = judged_rows([PROBLEMS[0]["solution"]]).select_columns(["solution", "completion"])
    with pytest.raises(ValueError, match="'problem' for the problem, 'question' for the question"):
        with_verdicts(bare, StepJudge())
    assert with_verdicts(bare, StepJudge(problem=None, question=None))["reward"] == [1.0]
    with pytest.raises(TypeError, match="batched=True"):
        judged_rows(["x"]).map(StepJudge())
    with pytest.raises(ValueError, match="alhpa"):
        StepJudge("mixed", alhpa=0.2)


def test_the_example_runs() -> None:
    done = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "'reward': 0.2, 'accepted': False, 'first_error': 'missing_quantity'" in done.stdout
    assert "node 1 reads the problems [1, 5, 9, 13]" in done.stdout
