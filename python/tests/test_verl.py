"""The verl adapter: alone, through Parquet, and in verl's own loader, data set and reward managers."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import interplay
import pytest
from interplay.adapters import verl as adapter
from interplay.adapters.verl import compute_score, compute_score_batched, rows, write_parquet

EXAMPLE = Path(__file__).parents[1] / "examples" / "verl_parquet.py"
DATASET = interplay.Dataset(op="2-4", context="zoo", dialect="terse", seed=7, size=20)
PROBLEM = DATASET[0]
RIGHT, HACK = PROBLEM["solution"], f"Answer: {PROBLEM['answer']}."
ROW = next(iter(rows(DATASET)))
TRUTH = ROW["reward_model"]["ground_truth"]
KEYS = set(compute_score("zoo", RIGHT, TRUTH))


def test_scores_with_the_settings_of_reward_kwargs() -> None:
    assert compute_score("zoo", RIGHT, TRUTH, ROW["extra_info"])["score"] == 1.0
    hacked = compute_score(
        data_source="zoo", solution_str=HACK, ground_truth=TRUTH, extra_info={}, kind="mixed", alpha=0.25
    )
    assert hacked["score"] == 0.25
    assert (hacked["acc"], hacked["answer_correct"], hacked["right_answer_wrong_steps"]) == (0.0, 1.0, 1.0)
    assert hacked["first_error"] == "missing_quantity"
    weights = {"weights": {"outcome": 0.5, "process": 0.5}}
    assert compute_score("zoo", HACK, TRUTH, kind="weighted", **weights)["score"] == 0.5
    with pytest.raises(ValueError, match="alhpa"):
        compute_score("zoo", RIGHT, TRUTH, kind="mixed", alhpa=0.2)
    assert (
        compute_score("zoo", RIGHT, TRUTH, reward_router_address="host", reward_model_tokenizer=object())["acc"] == 1.0
    )


@pytest.mark.parametrize("truth", [TRUTH, json.loads(TRUTH), RIGHT, {"solution": RIGHT, "answer": None}])
def test_reads_json_structs_and_bare_solutions(truth: Any) -> None:
    assert compute_score("zoo", RIGHT, truth)["score"] == 1.0


@pytest.mark.parametrize(
    ("response", "truth", "said"),
    [
        (RIGHT, None, "NoneType"),
        (RIGHT, {"answer": "3"}, "the keys answer"),
        (RIGHT, '{"solution": ', "no JSON object"),
        (RIGHT, "gibberish", "gold solution"),
        (None, TRUTH, "expected the .*text as str"),
        ([RIGHT], TRUTH, "expected the .*text as str"),
    ],
)
def test_a_row_that_cannot_be_judged_has_all_keys_and_says_why(response: Any, truth: Any, said: str) -> None:
    with pytest.warns(RuntimeWarning, match=f"row 5 of 'zoo': .*{said}"):
        result = compute_score("zoo", response, truth, {"index": 5})
    assert set(result) == KEYS
    assert (result["score"], result["judged"]) == (0.0, 0.0)
    with pytest.warns(RuntimeWarning):
        batch = compute_score_batched(["zoo"] * 3, [RIGHT, response, HACK], [TRUTH, truth, TRUTH])
    assert [result["score"] for result in batch] == [1.0, 0.0, 0.0]
    assert [result["judged"] for result in batch] == [1.0, 0.0, 1.0]


def test_the_ground_truth_survives_parquet(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    assert write_parquet(DATASET, tmp_path / "a.parquet", split="test", instruct=True) == 20
    table = parquet.read_table(tmp_path / "a.parquet").to_pylist()
    assert list(table[0]) == ["data_source", "prompt", "ability", "reward_model", "extra_info"]
    assert table[0]["data_source"] == f"interplay/zoo/op{PROBLEM['op']}"
    assert [row["extra_info"]["index"] for row in table] == list(range(20))
    for row, problem in zip(table, DATASET, strict=True):
        truth = row["reward_model"]["ground_truth"]
        assert compute_score(row["data_source"], problem["solution"], truth, row["extra_info"])["acc"] == 1.0
        assert row["prompt"][0]["content"].endswith(f"{problem['problem']} {problem['question']}")
    with pytest.raises(ValueError, match="has no end"):
        write_parquet(interplay.Dataset(op=2), tmp_path / "b.parquet")


class Words:
    """A stand-in for a tokenizer: decodes ids by a table."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts

    def decode(self, ids: Any, skip_special_tokens: bool = True) -> str:
        return "".join(self.texts[int(number)] for number in ids)


def responses_of(verl: Any) -> Any:
    """Two responses of one token, as verl holds them."""
    torch = pytest.importorskip("torch")
    import numpy as np

    count = 2
    return verl.DataProto.from_dict(
        tensors={
            "prompts": torch.zeros(count, 1, dtype=torch.long),
            "responses": torch.tensor([[0], [1]]),
            "attention_mask": torch.ones(count, 2, dtype=torch.long),
        },
        non_tensors={
            "data_source": np.array(["interplay/zoo"] * count, dtype=object),
            "reward_model": np.array([{"style": "rule", "ground_truth": TRUTH} for _ in range(count)], dtype=object),
            "extra_info": np.array([{"index": number} for number in range(count)], dtype=object),
        },
    )


def test_the_loader_and_the_reward_managers_of_verl_take_it() -> None:
    verl = pytest.importorskip("verl", reason="verl, with torch and ray, is not installed")
    from omegaconf import OmegaConf
    from verl.experimental.reward_loop.reward_manager import get_reward_manager_cls
    from verl.trainer.ppo.reward import get_custom_reward_fn
    from verl.workers.reward_manager.batch import BatchRewardManager

    data, words = responses_of(verl), Words([RIGHT, HACK])
    for path in ("pkg://interplay.adapters.verl", str(adapter.__file__)):
        function = {"path": path, "name": "compute_score", "reward_kwargs": {"kind": "mixed", "alpha": 0.25}}
        config = OmegaConf.create({"reward": {"custom_reward_function": function}, "trainer": {"experiment_name": "x"}})
        score = get_custom_reward_fn(config)
        for name in ("naive", "dapo", "gdpo"):

            async def run(name: str = name, config: Any = config, score: Any = score) -> list[Any]:
                manager = get_reward_manager_cls(name)(config, words, score)
                return [await manager.run_single(data[number : number + 1]) for number in range(2)]

            right, hacked = asyncio.run(run())
            assert (right["reward_score"], hacked["reward_score"]) == (1.0, 0.25)
            assert KEYS <= set(right["reward_extra_info"])
            assert set(right["reward_extra_info"]) == set(hacked["reward_extra_info"])

    manager = BatchRewardManager(words, 0, partial(compute_score_batched, kind="mixed", alpha=0.25))
    result = manager(data, return_dict=True)
    assert result["reward_tensor"].flatten().tolist() == [1.0, 0.25]
    assert result["reward_extra_info"]["first_error"] == ["", "missing_quantity"]


def test_the_data_set_of_verl_reads_the_file(tmp_path: Path) -> None:
    pytest.importorskip("verl", reason="verl, with torch and ray, is not installed")
    from omegaconf import OmegaConf
    from verl.utils.dataset.rl_dataset import RLHFDataset

    path = tmp_path / "train.parquet"
    write_parquet(DATASET, path)
    config = OmegaConf.create({"filter_overlong_prompts": False, "cache_dir": str(tmp_path)})
    table = RLHFDataset(str(path), tokenizer=SimpleNamespace(), config=config)
    assert len(table) == 20
    item = table[3]
    assert item["index"] == 3
    assert item["raw_prompt"][0]["content"] == DATASET[3]["prompt"]
    truth = item["reward_model"]["ground_truth"]
    assert compute_score(item["data_source"], DATASET[3]["solution"], truth, item["extra_info"])["acc"] == 1.0


def test_validation_metrics_of_verl_take_the_keys() -> None:
    pytest.importorskip("verl", reason="verl, with torch and ray, is not installed")
    from verl.trainer.ppo.metric_utils import process_validation_metrics

    results = compute_score_batched(["zoo"] * 2, [RIGHT, HACK], [TRUTH] * 2)
    columns = {key: [result[key] for result in results] for key in KEYS}
    metrics = process_validation_metrics(["zoo"] * 2, ["a", "a"], columns)
    assert metrics["zoo"]["acc"]["mean@2"] == 0.5
    assert "first_error" not in metrics["zoo"]


def test_the_example_runs() -> None:
    pytest.importorskip("pyarrow")
    done = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "'first_error': 'missing_quantity'" in done.stdout
