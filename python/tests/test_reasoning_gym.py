"""The reasoning-gym adapter, created and scored by reasoning-gym itself."""

from __future__ import annotations

import importlib
import itertools
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import interplay
import pytest

pytest.importorskip("reasoning_gym", reason="reasoning-gym is not installed")

import interplay.adapters.reasoning_gym as adapter
import reasoning_gym
from interplay.adapters.reasoning_gym import InterplayDagConfig, InterplayDagDataset
from reasoning_gym.coaching import CurriculumAttributeConfig, CurriculumExperiment, CurriculumExperimentConfig
from reasoning_gym.composite import CompositeConfig, CompositeDataset, DatasetSpec
from reasoning_gym.dataset import ReseedingDataset
from reasoning_gym.factory import create_curriculum, get_score_answer_fn, has_curriculum

EXAMPLE = Path(__file__).parents[1] / "examples" / "reasoning_gym_dataset.py"


def dataset(**settings: Any) -> InterplayDagDataset:
    """Twenty short problems, unless told otherwise."""
    given = {"seed": 7, "size": 20, "min_op": 2, "max_op": 5, "dialect": "terse", **settings}
    if "op" in settings:
        del given["min_op"], given["max_op"]
    return reasoning_gym.create_dataset("interplay_dag", **given)


def test_entries_are_the_problems_of_the_data_set() -> None:
    data, problems = dataset(), interplay.Dataset(op="2-5", dialect="terse", seed=7)
    assert len(data) == len(list(data)) == 20
    for index, entry in enumerate(data):
        problem, metadata = problems[index], entry["metadata"]
        assert set(entry) == {"question", "answer", "metadata"}
        assert entry["answer"] == problem["solution"]
        assert entry["question"].endswith(f"{problem['problem']} {problem['question']}")
        assert (metadata["source_dataset"], metadata["source_index"]) == ("interplay_dag", index)
        assert metadata["difficulty"] == {"op": (2, 5)}
        assert data.score_answer(entry["answer"], entry) == 1.0
    assert dataset(instruct=False)[3]["question"] == problems[3]["prompt"]
    assert dataset(op=[2, 5])[0]["metadata"]["difficulty"] == {"op": (2, 5)}
    assert {entry["metadata"]["op"] for entry in dataset(op=[2, 5])} == {2, 5}


def test_a_seed_gives_the_same_entries_and_another_seed_others() -> None:
    assert list(dataset()) == list(dataset())
    assert list(dataset()) != list(dataset(seed=8))
    unseeded = dataset(seed=None)
    assert list(unseeded) == list(unseeded)
    assert pickle.loads(pickle.dumps(dataset()))[4] == dataset()[4]


def test_the_user_chooses_what_a_plain_answer_earns() -> None:
    entry = dataset()[0]
    plain = f"Answer: {entry['metadata']['final_answer']}."
    assert dataset().score_answer(plain, entry) == 0.0
    assert dataset(reward="outcome").score_answer(plain, entry) == 1.0
    assert dataset(reward="mixed", reward_settings={"alpha": 0.2}).score_answer(plain, entry) == pytest.approx(0.2)
    assert dataset().score_answer("no idea", entry) == 0.0
    assert dataset().score_answer("", entry) == 0.0


def test_an_entry_can_be_scored_after_a_way_through_json() -> None:
    data = dataset()
    entry = json.loads(json.dumps(data[2]))
    assert data.score_answer(data[2]["answer"], entry) == 1.0
    assert get_score_answer_fn("interplay_dag")(entry["answer"], entry) == 1.0


def test_bad_answers_and_entries() -> None:
    data = dataset()
    entry = data[0]
    assert data.score_answer(None, entry) == 0.0
    with pytest.raises(TypeError, match="expected the text as str, found a value of type list"):
        data.score_answer([entry["answer"]], entry)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="gold solution as str under `answer`, found question.*pass the entry"):
        data.score_answer("x", {"question": "?"})
    with pytest.raises(ValueError, match="found NoneType"):
        data.score_answer("x", None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="the gold solution"):
        data.score_answer("x", {**entry, "answer": "gibberish"})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"size": 0}, "size is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"min_op": 6}, "min_op is 6 and max_op 5"),
        ({"context": "zo"}, "zo"),
        ({"settings": {"distractorz": 3}}, "distractorz"),
        ({"settings": {"seed": 3}}, "settings holds seed"),
        ({"reward": "best"}, "best"),
        ({"reward": "mixed"}, "alpha"),
    ],
)
def test_a_wrong_setting_is_an_error_that_names_it(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        dataset(**settings)


def test_op_and_its_bounds_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="op='2-4' replaces"):
        InterplayDagConfig(op="2-4", max_op=6).validate()


def test_spec_settings_reach_the_data_set() -> None:
    parts = [dataset(settings={"part": part})[0]["question"] for part in ("train", "test")]
    assert parts[0] != parts[1]
    assert dataset(mode="reverse")[0]["metadata"]["mode"] == "forwardreverse"
    assert {entry["metadata"]["template"] for entry in dataset(context=["zoo", "school"])} == {"zoo", "school"}


def test_importing_twice_registers_once() -> None:
    importlib.reload(adapter)
    assert has_curriculum("interplay_dag")
    assert dataset()[0]["answer"]


def test_works_in_composites_and_with_reseeding() -> None:
    specs = [
        DatasetSpec("interplay_dag", 1.0, {"seed": 1, "max_op": 4}),
        DatasetSpec("chain_sum", 1.0, {}),
    ]
    composite = CompositeDataset(CompositeConfig(size=30, seed=3, datasets=specs))
    for entry in composite:
        assert composite.score_answer(entry["answer"], entry) == 1.0
    assert {entry["metadata"]["source_dataset"] for entry in composite} == {"interplay_dag", "chain_sum"}
    endless = ReseedingDataset(dataset(size=3), chunk_size=5)
    answers = [entry["answer"] for entry in itertools.islice(endless, 10)]
    assert answers[5] == dataset(seed=8)[0]["answer"]


def test_the_curriculum_widens_and_shifts_the_difficulty() -> None:
    curriculum = create_curriculum("interplay_dag")
    base = curriculum.generate_configuration({"seed": 1, "size": 50})
    assert (base.seed, base.size, base.min_op, base.max_op) == (1, 50, 2, 4)
    assert curriculum.increment_attr_level("op")
    wider = curriculum.generate_configuration({"seed": 1})
    assert (wider.min_op, wider.max_op) == (2, 6)
    while curriculum.increment_attr_level("op"):
        curriculum.generate_configuration({"seed": 1}).validate()
    assert curriculum.generate_configuration().max_op == 20
    assert curriculum.decrement_attr_level("op")


def test_a_curriculum_experiment_runs_on_it() -> None:
    config = CurriculumExperimentConfig(
        curricula={"interplay_dag": CurriculumAttributeConfig(attribute_levels={"*": 1}, weight=1.0)}
    )
    experiment = CurriculumExperiment("test", config, size=10, seed=5)
    for index in range(10):
        entry = experiment.get_dataset_entry(index)
        assert 2 <= entry["metadata"]["op"] <= 6
        assert experiment.score_answer_with_id(entry["answer"], entry["metadata"]["entry_id"]) == 1.0
    assert "interplay_dag" in experiment.score_board.aggregate()
    experiment.update_difficulty("interplay_dag", "increment")
    assert experiment.composite.datasets["interplay_dag"].config.max_op == 6  # get_global_level reads the level itself.
    assert experiment.get_dataset_entry(0)["metadata"]["difficulty"] == {"op": (2, 6)}


def test_the_example_runs() -> None:
    done = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "the answer alone: strict 0.0, mixed 0.2" in done.stdout
    assert "level 2: op 2 to 8" in done.stdout
