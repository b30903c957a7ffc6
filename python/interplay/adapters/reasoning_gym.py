"""A procedural data set and a curriculum for reasoning-gym (0.1.25), registered as ``interplay_dag``.

Contract met: a ``ProceduralDataset`` subclass gives entries with ``question``, ``answer`` and ``metadata``, and scores
an answer by ``score_answer(answer, entry)``, where the entry's own answer scores 1 and no answer 0; a config dataclass
has ``validate()``; ``register_dataset`` takes both with a curriculum. Sources: ``reasoning_gym/dataset.py``,
``reasoning_gym/factory.py``, ``reasoning_gym/coaching/base_curriculum.py``. Like all data sets there, it computes an
entry for any index, so that ``ReseedingDataset`` and ``CompositeDataset`` can go past ``size``.

>>> import interplay.adapters.reasoning_gym, reasoning_gym
>>> data = reasoning_gym.create_dataset("interplay_dag", seed=7, size=100, max_op=6, dialect="terse")
>>> data.score_answer(data[0]["answer"], data[0])
1.0
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from interplay import Dataset, Reward
from interplay.adapters.chat import messages
from reasoning_gym.coaching import BaseCurriculum, RangeAttributeDefinition
from reasoning_gym.dataset import ProceduralDataset
from reasoning_gym.factory import DATASETS, register_dataset

__all__ = ["DATASET_NAME", "InterplayDagConfig", "InterplayDagCurriculum", "InterplayDagDataset"]

DATASET_NAME = "interplay_dag"
_MIN_OP, _MAX_OP = 2, 10


@dataclass
class InterplayDagConfig:
    """Which problems to draw and how to score them."""

    seed: int | None = None
    size: int = 500
    min_op: int = _MIN_OP
    """The smallest difficulty, which the curriculum sets too."""
    max_op: int = _MAX_OP
    """The largest difficulty."""
    op: int | str | list[int] | None = None
    """Any other set of difficulties, such as ``[2, 5, 8]``, in place of ``min_op`` and ``max_op``."""
    context: str | list[str] = "zoo"
    dialect: str = "prose"
    mode: str | list[str] = "forward"
    settings: dict[str, Any] = field(default_factory=dict)
    """Other arguments of ``interplay.Dataset``, such as ``{"distractors": "0-4", "part": "train"}``."""
    instruct: bool = True
    """Whether the question tells a general chat model how to write its steps; otherwise it is the problem in the
    paper's tags."""
    reward: str = "strict"
    """The kind of ``interplay.Reward``. The answer alone earns something only with ``outcome``, ``mixed`` and the
    like."""
    reward_settings: dict[str, Any] = field(default_factory=dict)
    """Other arguments of ``interplay.Reward``, such as ``{"alpha": 0.2}``."""

    def problems(self, seed: int) -> Dataset:
        """The problems of a seed, without end."""
        op = self.op if self.op is not None else f"{self.min_op}-{self.max_op}"
        return Dataset(op=op, context=self.context, dialect=self.dialect, mode=self.mode, seed=seed, **self.settings)

    def judge(self) -> Reward:
        """The reward."""
        return Reward(self.reward, **self.reward_settings)

    def validate(self) -> None:
        """Checks every setting.

        Raises:
            ValueError: A setting is wrong; the message names it.
        """
        if self.size < 1:
            raise ValueError(f"{DATASET_NAME}: size is {self.size}; expected at least 1")
        if self.seed is not None and not 0 <= self.seed < 2**64:
            raise ValueError(f"{DATASET_NAME}: seed is {self.seed}; expected 0 to 2**64 - 1, or None for a random one")
        if not 1 <= self.min_op <= self.max_op:
            raise ValueError(
                f"{DATASET_NAME}: min_op is {self.min_op} and max_op {self.max_op}; expected 1 <= min_op <= max_op"
            )
        if self.op is not None and (self.min_op, self.max_op) != (_MIN_OP, _MAX_OP):
            raise ValueError(
                f"{DATASET_NAME}: op={self.op!r} replaces min_op={self.min_op} and max_op={self.max_op}; give the one "
                "or the others (a curriculum sets min_op and max_op)"
            )
        reserved = {"op", "context", "dialect", "mode", "seed", "size"} & self.settings.keys()
        if reserved:
            raise ValueError(
                f"{DATASET_NAME}: settings holds {', '.join(sorted(reserved))}; these are fields of the config itself"
            )
        self.problems(seed=0)
        self.judge()


class InterplayDagDataset(ProceduralDataset):
    """Problems whose answer is the whole gold solution, scored step by step."""

    def __init__(self, config: InterplayDagConfig) -> None:
        super().__init__(config=config, seed=config.seed, size=config.size)
        self.problems = config.problems(self.seed)
        self.reward = config.judge()

    @property
    def category(self) -> str:
        """The group that reasoning-gym reports the data set under."""
        return "arithmetic"

    def __getitem__(self, idx: int) -> dict[str, Any]:
        problem: Mapping[str, Any] = self.problems[idx]
        op = self.config.op if self.config.op is not None else (self.config.min_op, self.config.max_op)
        kept = ("problem", "question", "op", "template", "mode", "d")
        return {
            "question": messages(problem)[0]["content"] if self.config.instruct else problem["prompt"],
            "answer": problem["solution"],
            "metadata": {
                "source_dataset": DATASET_NAME,
                "source_index": idx,
                **{key: problem[key] for key in kept},
                "final_answer": problem["answer"],
                "difficulty": {"op": tuple(op) if isinstance(op, list) else op},
            },
        }

    def score_answer(self, answer: str | None, entry: dict[str, Any]) -> float:
        """The reward of an answer; 0 for None, which is reasoning-gym's way to say that there is none.

        Raises:
            ValueError: The entry has no gold solution, or one that cannot be read.
            TypeError: The answer is neither a str nor None.
        """
        if answer is None:
            return 0.0
        gold = entry.get("answer") if isinstance(entry, Mapping) else None
        if not isinstance(gold, str):
            found = ", ".join(map(str, entry)) if isinstance(entry, Mapping) else type(entry).__name__
            raise ValueError(
                f"{DATASET_NAME}: expected an entry with its gold solution as str under `answer`, found "
                f"{found or 'an empty one'}; pass the entry that the data set gave"
            )
        metadata = entry.get("metadata") or {}
        texts = {key: metadata[key] for key in ("problem", "question") if metadata.get(key) is not None}
        return self.reward({"solution": gold, **texts}, answer)


class InterplayDagCurriculum(BaseCurriculum):
    """Raises the difficulty: up to the corpus of the paper (2 to 10), then beyond it."""

    def __init__(self) -> None:
        super().__init__(InterplayDagCurriculum.__name__, InterplayDagConfig)
        self._define_attributes(
            RangeAttributeDefinition(
                name="op",
                levels=[2, 4, 6, 8, 10, 12, 14, 17, 20],
                description="How many edges the answer needs",
                lower_field_name="min_op",
                upper_field_name="max_op",
                ensure_interval=True,
            )
        )


if DATASET_NAME not in DATASETS:
    register_dataset(DATASET_NAME, InterplayDagDataset, InterplayDagConfig, InterplayDagCurriculum)
