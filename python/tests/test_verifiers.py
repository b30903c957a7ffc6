"""The verifiers adapter, loaded and scored by verifiers itself."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import interplay
import pytest

pytest.importorskip("verifiers.v1", reason="verifiers, which needs Python 3.11, is not installed")

import interplay.adapters.verifiers as adapter
import verifiers.v1 as vf
from interplay.adapters.verifiers import InterplayConfig, InterplayTask, InterplayTaskConfig, InterplayTaskset

EXAMPLE = Path(__file__).parents[1] / "examples" / "verifiers_taskset.py"


def taskset(**settings: Any) -> InterplayTaskset:
    """Twenty short problems, unless told otherwise."""
    return InterplayTaskset(InterplayConfig(**{"op": "2-4", "dialect": "terse", "size": 20, **settings}))


def score(task: InterplayTask, *replies: Any) -> vf.Trace:
    """A trace with replies, scored as a rollout is."""
    trace = vf.Trace(
        task=vf.TraceTask(type=type(task).__name__, data=task.data), agent=vf.AgentInfo(config=vf.AgentConfig())
    )
    for reply in replies:
        trace.nodes.append(vf.MessageNode(message=vf.AssistantMessage(content=reply), sampled=True))
    asyncio.run(task.score(trace))
    return trace


def test_loads_the_problems_of_the_data_set() -> None:
    tasks = list(taskset(seed=7))
    problems = interplay.Dataset(op="2-4", dialect="terse", seed=7, size=20)
    assert [task.data.solution for task in tasks] == [problem["solution"] for problem in problems]
    assert [task.data.idx for task in tasks] == list(range(20))
    assert len({task.key for task in tasks}) == 20
    assert tasks[0].data.prompt == f"{problems[0]['problem']} {problems[0]['question']}"
    assert "Example solution" in (tasks[0].data.system_prompt or "")
    bare = next(iter(taskset(seed=7, instruct=False)))
    assert bare.key == tasks[0].key
    assert (bare.data.prompt, bare.data.system_prompt) == (problems[0]["prompt"], None)
    assert [task.data.idx for task in taskset().include(idx=["5:7"])] == [5, 6]
    assert InterplayTask.data_type().model_validate_json(tasks[3].data.model_dump_json()) == tasks[3].data


def test_needs_no_settings() -> None:
    assert len(list(InterplayTaskset(InterplayConfig()).take(3))) == 3
    assert len(list(InterplayTaskset(InterplayConfig(spec="op11-14_uniform", context="zoo")).take(1))) == 1


def test_an_endless_taskset_says_so() -> None:
    endless = taskset(size=None)
    assert not endless.bounded
    assert len(list(endless.take(3))) == 3
    assert taskset().bounded


def test_scores_right_hacked_and_empty_replies() -> None:
    task = next(iter(taskset()))
    right = score(task, "let me think", task.data.solution)
    assert right.rewards["steps"] is not None and right.rewards["steps"].value == 1.0
    assert right.metrics["process_accuracy"] == 1.0
    hacked = score(task, f"Answer: {task.data.answer}.")
    assert hacked.rewards["steps"] is not None and hacked.rewards["steps"].value == 0.0
    assert hacked.metrics == {
        "accepted": 0.0,
        "answer_correct": 1.0,
        "process_accuracy": 0.0,
        "right_answer_wrong_steps": 1.0,
    }
    assert hacked.info["first_error"] == "missing_quantity"
    for replies in ((), (None,), ("",)):
        assert score(task, *replies).metrics["accepted"] == 0.0


def test_metrics_and_reward_share_a_judgment() -> None:
    task = next(iter(taskset()))
    adapter._judged.cache_clear()
    score(task, task.data.solution)
    counts = adapter._judged.cache_info()
    assert (counts.misses, counts.hits) == (1, 1)


def test_the_task_config_chooses_the_reward() -> None:
    task = next(iter(taskset(task=InterplayTaskConfig(kind="mixed", alpha=0.25))))
    trace = score(task, f"Answer: {task.data.answer}.")
    assert trace.rewards["steps"] is not None and trace.rewards["steps"].value == 0.25
    assert asyncio.run(task.validate(None)) is True


def test_wrong_settings_fail_before_the_first_task() -> None:
    with pytest.raises(ValueError, match="alpha"):
        taskset(task=InterplayTaskConfig(kind="mixed"))
    with pytest.raises(ValueError, match="context"):
        taskset(context="moon")
    with pytest.raises(ValueError, match="opp"):
        taskset(opp=3)


def test_a_gold_that_cannot_be_read_is_a_task_error() -> None:
    task = next(iter(taskset())).with_data(solution="gibberish")
    with pytest.raises(vf.TaskError, match="gold solution"):
        score(task, "Answer: 1.")


def test_verifiers_finds_the_installed_plugin() -> None:
    import interplay_steps

    assert Path(interplay_steps.__file__).parent == Path(interplay.__file__).parents[1]
    config_type = vf.taskset_config_type("interplay-steps")
    assert config_type is InterplayConfig
    loaded = vf.load_taskset(config_type(id="interplay-steps", op=3, size=2))
    assert len(list(loaded)) == 2
    assert vf.task_type("interplay-steps") is InterplayTask


def test_the_command_line_of_verifiers_takes_it(tmp_path: Path) -> None:
    main = "from verifiers.v1.cli.eval.main import main; main()"
    command = [sys.executable, "-c", main, "interplay-steps", "--dry-run", "--no-push"]
    knobs = ["--env.taskset.op", "2-4", "--env.taskset.task.kind", "mixed", "--env.taskset.task.alpha", "0.2"]
    done = subprocess.run(command + knobs, capture_output=True, text=True, timeout=240, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (config,) = tmp_path.rglob("eval.json")
    assert '"alpha"' in config.read_text()


def test_the_example_runs() -> None:
    done = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert "'right_answer_wrong_steps': 1.0" in done.stdout
