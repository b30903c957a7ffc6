"""Types of what the package takes and gives, for annotations."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypedDict, Union

from ._native import Gold, Verdict

__all__ = ["Counts", "Judged", "Level", "Offsets", "OnError", "Problem", "Truth"]


class Problem(TypedDict):
    """A problem with its gold solution; the fields of the paper's published files, and four more."""

    prompt: str
    """The problem as a model of the paper sees it, from ``<question>`` to ``<solution>``."""
    problem: str
    """The statements."""
    question: str
    solution: str
    """The gold solution, with ``Answer: N.`` at its end."""
    answer: int
    op: int
    """The difficulty: the number of edges of the graph that the answer needs."""
    id: int
    """The index in the data set."""
    template: str
    """The context, such as ``zoo``."""
    dialect: Literal["prose", "terse"]
    mode: Literal["normalforward", "forwardreverse"]
    length: str
    d: int
    """The number of layers of the structure, 2 or 3."""


class Judged(NamedTuple):
    """What ``Reward.judge`` says about one completion."""

    reward: float
    verdict: Verdict
    """The verdict that the reward follows from."""


Truth = Union[Gold, str, Mapping[str, Any]]  # noqa: UP007: evaluated on Python 3.10 too
"""What a completion is checked against: a ``Gold``, a gold solution, or a mapping with ``solution`` and, where known,
``problem`` and ``question``. With the problem's text, true steps that the answer does not need are accepted."""

Level = Literal["strict", "paper"]
"""How much of a solution is checked."""

OnError = Literal["raise", "none"]
"""What a batch does with items that cannot be judged."""

Offsets = Iterable[Sequence[int]]
"""For each token, its first character and the one after its last."""

Counts = Iterable[Sequence[int]]
"""For each problem, its number of samples and how many are right."""
