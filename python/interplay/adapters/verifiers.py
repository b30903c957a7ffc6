"""A taskset for verifiers (0.4.0, Python 3.11 or newer), and so for ``vf-eval`` and prime-rl.

Contract met: a plugin module exports one ``vf.Taskset`` subclass by ``__all__``; ``load()`` yields tasks, each with
its data (``vf.TaskData``) and configuration; methods with ``@vf.reward`` and ``@vf.metric`` score a ``vf.Trace``.
Sources: ``verifiers/v1/taskset.py``, ``verifiers/v1/task.py``, ``verifiers/v1/utils/loaders.py``. A plugin is found by
the name of a top-level module; ``interplay_steps`` is installed with this package.

So ``vf-eval interplay-steps -n 20 --env.taskset.op 2-4 --env.agent.harness.id null --env.agent.runtime.type
subprocess``; in Python:

>>> from interplay.adapters.verifiers import InterplayConfig, InterplayTaskset
>>> taskset = InterplayTaskset(InterplayConfig(op="2-4", dialect="terse", size=100))
>>> tasks = list(taskset.take(10))
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal

import interplay
import verifiers.v1 as vf
from interplay.adapters.chat import instruction, user_text

__all__ = ["InterplayTaskset"]


class InterplayData(vf.TaskData):
    """A problem with its gold solution."""

    problem: str
    question: str
    solution: str
    answer: int
    op: int
    template: str
    mode: str

    def gold(self) -> dict[str, str]:
        """What a reply is checked against."""
        return {"problem": self.problem, "question": self.question, "solution": self.solution}


class InterplayTaskConfig(vf.TaskConfig):
    """How replies are judged, under ``--env.taskset.task.*``."""

    kind: str = "strict"
    """The reward, as for ``interplay.Reward``."""
    alpha: float | None = None
    """The share of the outcome, for ``mixed``."""
    level: Literal["strict", "paper"] = "strict"
    """The verifier's level."""
    forbid_unneeded: bool = False
    """Whether a true step that the answer does not need is a mistake."""

    def judge(self) -> dict[str, Any]:
        """The settings of the verifier."""
        return {"level": self.level, "forbid_unneeded": self.forbid_unneeded}

    def reward(self) -> interplay.Reward:
        """The reward; raises ValueError where the settings do not fit together."""
        settings = {} if self.alpha is None else {"alpha": self.alpha}
        return interplay.Reward(self.kind, **self.judge(), **settings)


@lru_cache(maxsize=64)
def _judged(reward: interplay.Reward, problem: str, question: str, solution: str, reply: str) -> interplay.Judged:
    """The judgment of a reply, which metrics and reward ask for one after the other."""
    return reward.judge({"problem": problem, "question": question, "solution": solution}, reply)


class InterplayTask(vf.Task[InterplayData, vf.State, InterplayTaskConfig]):
    """One problem; the last reply is judged, and a wrong or empty one earns what its steps are worth."""

    @property
    def key(self) -> str:
        """The identity of the problem, which does not depend on how it is asked: its number and its content."""
        content = hashlib.sha256(f"{self.data.problem}\n{self.data.question}".encode()).hexdigest()
        return f"{self.data.id}/{content[:16]}"

    @vf.reward(weight=1.0)
    async def steps(self, trace: vf.Trace) -> float:
        """The reward of the reply's steps and answer."""
        return self._judged(trace).reward

    @vf.metric
    async def judgment(self, trace: vf.Trace) -> dict[str, float]:
        """What the reward alone does not tell; the reason of the first error goes to ``trace.info``."""
        verdict = self._judged(trace).verdict
        trace.info["first_error"] = verdict.first_error.reason if verdict.first_error else None
        return {
            "accepted": float(verdict.accepted),
            "answer_correct": float(verdict.answer_correct),
            "process_accuracy": verdict.process_accuracy,
            "right_answer_wrong_steps": float(verdict.answer_correct and not verdict.accepted),
        }

    def _judged(self, trace: vf.Trace) -> interplay.Judged:
        return _judged(self.config.reward(), **self.data.gold(), reply=trace.last_reply)

    async def validate(self, runtime: vf.Runtime) -> bool | None:
        """Whether the gold solution passes, for ``vf-validate``."""
        return interplay.verify(self.data.gold(), self.data.solution, **self.config.judge()).accepted


class InterplayConfig(vf.TasksetConfig):
    """Which problems are drawn, under ``--env.taskset.*``; the settings of ``interplay.Dataset``."""

    spec: str | None = None
    """The name of a published mixture or the path of a TOML file, which the settings below complete."""
    op: int | str | None = None
    """The difficulty. Default, without a spec: ``2-10``."""
    context: str | None = None
    dialect: str | None = None
    mode: str | None = None
    seed: int = 0
    dataset_name: str = "train"
    """Data sets with different names have independent problems."""
    part: Literal["train", "validation", "test"] | None = None
    size: int | None = 1000
    """How many problems there are; none for no end."""
    instruct: bool = True
    """Whether a system prompt tells the model the dialect. Turn it off for a model that learned the dialect."""
    task: InterplayTaskConfig = InterplayTaskConfig()


class InterplayTaskset(vf.Taskset[InterplayTask, InterplayConfig]):
    """The problems of an ``interplay.Dataset``."""

    def __init__(self, config: InterplayConfig) -> None:
        super().__init__(config)
        self.INFINITE = config.size is None
        drawn = {key: getattr(config, key) for key in ("op", "context", "dialect", "mode")}
        settings = {key: value for key, value in drawn.items() if value is not None}
        if config.spec is None:
            settings.setdefault("op", "2-10")
        self.dataset = interplay.Dataset(
            config.spec, seed=config.seed, name=config.dataset_name, part=config.part, size=config.size, **settings
        )
        config.task.reward()

    def load(self) -> Iterator[InterplayTask]:
        """Yields one task for each problem."""
        for index in itertools.count() if self.config.size is None else range(self.config.size):
            yield InterplayTask(self._data(self.dataset[index]), self.config.task)

    def _data(self, problem: Mapping[str, Any]) -> InterplayData:
        fields = {key: problem[key] for key in InterplayData.model_fields if key in problem and key != "id"}
        instruct = self.config.instruct
        return InterplayData(
            **{**fields, "prompt": user_text(problem) if instruct else problem["prompt"]},
            id=f"{self.config.seed}/{self.config.dataset_name}/{problem['id']}",
            name=f"{problem['template']} op {problem['op']} #{problem['id']}",
            system_prompt=instruction(problem).strip() if instruct else None,
        )
