"""The TRL adapter, called as ``GRPOTrainer`` calls it."""

from __future__ import annotations

import importlib.metadata
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import interplay
import pytest
from interplay.adapters import chat
from interplay.adapters.trl import REASON_GROUPS, StepReward, completion_text, rows

EXAMPLE = Path(__file__).parents[1] / "examples" / "trl_reward.py"
PROBLEMS = interplay.Dataset(op="3-5", context="zoo", dialect="terse", seed=7)[:4]
RIGHT = [problem["solution"] for problem in PROBLEMS]
COLUMNS = {key: [problem[key] for problem in PROBLEMS] for key in ("problem", "question", "solution", "op")}


def call(
    reward: StepReward, completions: list[Any], **changes: Any
) -> tuple[list[Any], dict[str, Any], dict[str, Any]]:
    """Calls as ``GRPOTrainer._calculate_rewards`` does."""
    metrics: dict[str, float] = {}
    extra: dict[str, list[Any]] = {}
    values = reward(
        prompts=["p"] * len(completions),
        completions=completions,
        completion_ids=[[0]] * len(completions),
        **{**COLUMNS, "trainer_state": object(), **changes},
        log_extra=extra.__setitem__,
        log_metric=metrics.__setitem__,
    )
    return values, metrics, extra


def test_the_installed_trainer_still_calls_it_this_way() -> None:
    try:
        trl = importlib.metadata.distribution("trl")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("trl is not installed; its sources are read, not imported")
    source = Path(str(trl.locate_file("trl/trainer/grpo_trainer.py"))).read_text()
    assert re.search(r"prompts=prompts, completions=completions, completion_ids=\w+, \*\*reward_kwargs", source)
    for name in ("trainer_state", "log_extra", "log_metric"):
        assert f'reward_kwargs["{name}"]' in source
    assert "reward if reward is not None else torch.nan" in source


def test_rewards_text_and_messages_alike() -> None:
    texts = [RIGHT[0], f"Answer: {PROBLEMS[1]['answer']}.", "no idea", RIGHT[3]]
    chats = [[{"role": "assistant", "content": text}] for text in texts]
    parts = [[{"role": "assistant", "content": [{"type": "text", "text": text}]}] for text in texts]
    for completions in (texts, chats, parts):
        assert call(StepReward("strict"), completions)[0] == [1.0, 0.0, 0.0, 1.0]
    assert call(StepReward("mixed", alpha=0.2), texts)[0] == [1.0, pytest.approx(0.2), 0.0, 1.0]
    assert completion_text([{"role": "assistant", "content": "a"}, {"role": "tool", "content": "b"}]) == "a"


def test_logs_the_share_of_right_answers_with_wrong_steps() -> None:
    texts = [RIGHT[0], f"Answer: {PROBLEMS[1]['answer']}.", "no idea", RIGHT[3]]
    _, metrics, extra = call(StepReward("strict", name="steps"), texts)
    assert metrics["steps/accepted"] == 0.5
    assert metrics["steps/answer_correct"] == 0.75
    assert metrics["steps/right_answer_wrong_steps"] == 0.25
    assert metrics["steps/process_accuracy"] == 0.5
    assert metrics["steps/first_error/quantity"] == metrics["steps/first_error/form"] == 0.25
    assert {f"steps/first_error/{group}" for group in (*REASON_GROUPS, "other")} <= set(metrics)
    assert extra == {"steps/first_error": ["", "missing_quantity", "unreadable", ""]}


def test_has_a_name_and_survives_pickling() -> None:
    reward = StepReward("mixed", alpha=0.5, level="paper")
    copy = pickle.loads(pickle.dumps(reward))
    assert reward.__name__ == copy.__name__ == "interplay_mixed"
    assert call(copy, RIGHT)[0] == [1.0] * 4


@pytest.mark.parametrize(
    ("row", "said"), [(None, "column 'solution' is empty"), ("gibberish", "gold solution"), (7, "solution")]
)
def test_a_row_without_gold_gets_none_and_the_others_are_kept(row: Any, said: str) -> None:
    with pytest.warns(RuntimeWarning, match=f"no reward for 1 of 4 rows .row 1.*{said}"):
        values, metrics, extra = call(StepReward("strict"), RIGHT, solution=[RIGHT[0], row, *RIGHT[2:]])
    assert values == [1.0, None, 1.0, 1.0]
    assert metrics["interplay_strict/accepted"] == 1.0
    assert extra["interplay_strict/first_error"] == ["", None, "", ""]


@pytest.mark.parametrize("odd", [None, [], [{"role": "user", "content": "x"}], 3, ["text"]])
def test_a_completion_without_text_gets_none(odd: Any) -> None:
    with pytest.warns(RuntimeWarning, match="row 2: expected the completion's text as str"):
        values, _, _ = call(StepReward("strict"), [*RIGHT[:2], odd, RIGHT[3]])
    assert values == [1.0, 1.0, None, 1.0]


def test_a_missing_column_is_an_error_that_names_those_found() -> None:
    with pytest.raises(ValueError, match=r"no column 'gold'.*found: op, problem, question, solution.*solution="):
        call(StepReward("strict", solution="gold"), RIGHT)
    with pytest.raises(ValueError, match="say problem=None"):
        call(StepReward("strict", problem="text"), RIGHT)
    with pytest.raises(ValueError, match="has 1 rows for 4 completions"):
        call(StepReward("strict"), RIGHT, solution=RIGHT[:1])
    assert call(StepReward("strict", problem=None, question=None), RIGHT)[0] == [1.0] * 4


def test_wrong_settings_fail_at_once() -> None:
    with pytest.raises(ValueError, match="alhpa"):
        StepReward("mixed", alhpa=0.2)


def test_prompts_are_text_or_messages() -> None:
    plain, conversational = rows(PROBLEMS), rows(PROBLEMS, conversational=True)
    assert [row["prompt"] for row in plain] == [problem["prompt"] for problem in PROBLEMS]
    (message,) = conversational[0]["prompt"]
    assert message["role"] == "user"
    assert message["content"].endswith(f"{PROBLEMS[0]['problem']} {PROBLEMS[0]['question']}")
    with pytest.raises(ValueError, match="has no end"):
        rows(interplay.Dataset(op=2))


@pytest.mark.parametrize("dialect", ["prose", "terse"])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_the_instruction_shows_an_example_of_the_same_kind(dialect: str, mode: str) -> None:
    problem = interplay.Dataset(op=5, dialect=dialect, mode=mode, seed=3)[0]
    example = chat.worked_example(dialect, problem["mode"])
    assert chat.dialect_of(problem) == chat.dialect_of({"problem": problem["problem"]}) == dialect
    assert example["mode"] == problem["mode"]
    assert interplay.verify(example, example["solution"])
    assert example["solution"] in chat.instruction(problem)
    own = interplay.Dataset(op=3, context="school", dialect=dialect, mode=mode)[0]
    assert own["solution"] in chat.instruction(problem, own)


def test_a_problem_without_text_is_an_error() -> None:
    with pytest.raises(ValueError, match="keys text"):
        chat.dialect_of({"text": "?"})
    with pytest.raises(ValueError, match="missing or not str: question"):
        chat.user_text({"problem": "a = 1."})


def test_the_example_runs() -> None:
    done = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "interplay_mixed/right_answer_wrong_steps = 0.33" in done.stdout
