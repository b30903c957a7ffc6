"""What the compiled module defines. Positions in texts are counted in characters."""

from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from typing import Any, Final, Literal, SupportsIndex, final, overload

from typing_extensions import Self

from .typing import Counts, Judged, Level, Offsets, OnError, Problem, Truth

__version__: Final[str]

__all__ = [
    "AuditReport",
    "Dataset",
    "DatasetIterator",
    "Difference",
    "Estimate",
    "Gold",
    "Reward",
    "Step",
    "StepError",
    "Verdict",
    "__version__",
    "_verdict_from_json",
    "audit",
    "contexts",
    "mean_pass_at_k",
    "operators",
    "paired_difference",
    "pass_at_k",
    "pass_hat_k",
    "presets",
    "restore_tags",
    "verify",
    "verify_batch",
]

@final
class Dataset:
    """An endless sequence of problems, or the first ``size`` of it.

    The i-th problem depends on spec, seed, name and i alone, in every process and on every machine.

    Args:
        spec: The problems to draw: the name of a published mixture (``presets()``), TOML or the path of a TOML file
            with a ``[[mixture]]`` (a ``str`` that ends in ``.toml``, or a ``Path``), or the same as a dict. Or leave it out and name ``op`` and the rest as keywords.
            A published mixture that leaves op or context open needs that keyword too.
        seed: Random seed, from 0 to 2**64 - 1.
        name: Data sets with the same seed and different names are independent. Those of ``interplay generate`` are
            named ``generate``.
        part: ``train``, ``validation`` or ``test`` of ``split``; no two parts have a graph in common.
        split: The shares of the three parts. Default: 0.8, 0.1, 0.1.
        by: The sense in which parts differ: ``shape``, or ``graph``, which counts the numbers too.
        size: How many problems there are; ``None`` for no end. ``len()``, negative indices and slices without a stop
            need it.
        contexts: Contexts of your own, as TOML or as paths, as for ``spec``.
        settings: Any key of a spec or of one entry of a mixture, such as ``op="2-10"``, ``context="zoo"``,
            ``dialect="terse"``, ``mode="reverse"``, ``distractors="0-4"``, ``max_value=99``. Among keywords, the
            context is zoo and the dialect prose by default.

    Raises:
        ValueError: A setting is wrong; the message names all that are.
        OverflowError: A seed or a size that is negative or above 64 bits.
        IndexError: An index outside the data set or of more than 64 bits.
        FileNotFoundError: No such TOML file.
    """

    def __new__(
        cls,
        spec: str | PathLike[str] | dict[str, Any] | None = None,
        *,
        seed: int = 0,
        name: str = "train",
        part: Literal["train", "validation", "test"] | None = None,
        split: Sequence[float] | None = None,
        by: Literal["graph", "shape"] = "graph",
        size: int | None = None,
        contexts: Sequence[str | PathLike[str]] | None = None,
        **settings: Any,
    ) -> Self: ...
    def __getnewargs_ex__(self) -> tuple[tuple[Any], dict[str, Any]]: ...
    @property
    def size(self) -> int | None: ...
    @property
    def seed(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def part(self) -> str | None: ...
    @property
    def spec(self) -> dict[str, Any]:
        """The spec with every setting filled in."""
    def __len__(self) -> int: ...
    def __bool__(self) -> bool: ...
    @overload
    def __getitem__(self, index: SupportsIndex, /) -> Problem: ...
    @overload
    def __getitem__(self, index: slice, /) -> list[Problem]: ...
    def __iter__(self) -> DatasetIterator: ...

@final
class DatasetIterator(Iterator[Problem]):
    """The problems of a ``Dataset``, one after the other."""

    def __iter__(self) -> Self: ...
    def __next__(self) -> Problem: ...

@final
class Gold:
    """A gold solution, read once.

    Args:
        solution: The gold solution.
        problem: The statements of the problem; with them, true steps that the answer does not need are accepted.
        question: The question.

    Raises:
        ValueError: The solution cannot be read, or contradicts itself. This message counts bytes.
    """

    def __new__(cls, solution: str, *, problem: str = "", question: str = "") -> Self: ...
    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, str]]: ...
    @property
    def answer(self) -> int: ...
    @property
    def needed(self) -> int:
        """How many quantities the answer needs."""
    @property
    def reverse(self) -> bool:
        """Whether the problem asks for an unknown that follows from a given value."""
    @property
    def names(self) -> list[str]: ...

@final
class Step:
    """One sentence of a completion."""

    def __new__(
        cls, span: tuple[int, int], needed: bool, correct: bool, node: int | None, uses: Sequence[int]
    ) -> Self: ...
    def __getnewargs__(self) -> tuple[Any, ...]: ...
    @property
    def span(self) -> tuple[int, int]: ...
    @property
    def needed(self) -> bool: ...
    @property
    def correct(self) -> bool: ...
    @property
    def node(self) -> int | None:
        """The number of the needed quantity that it states: the same in every completion of a problem."""
    @property
    def uses(self) -> list[int]:
        """The earlier steps that it reads, by their positions in ``Verdict.steps``; empty unless ``uses=True``."""

@final
class StepError:
    """The first mistake of a completion."""

    def __new__(
        cls, step: int, span: tuple[int, int], reason: str, message: str, expected: str, found: str
    ) -> Self: ...
    def __getnewargs__(self) -> tuple[Any, ...]: ...
    @property
    def step(self) -> int: ...
    @property
    def span(self) -> tuple[int, int]: ...
    @property
    def reason(self) -> str:
        """The kind of mistake, such as ``wrong_value``."""
    @property
    def message(self) -> str:
        """The kind of mistake, in words."""
    @property
    def expected(self) -> str: ...
    @property
    def found(self) -> str: ...

@final
class Verdict:
    """The judgment on one completion. True where it is accepted."""

    @property
    def accepted(self) -> bool:
        """Whether the whole solution is right at the verifier's level."""
    @property
    def answer_correct(self) -> bool:
        """Whether the stated answer is right, regardless of the steps."""
    @property
    def process_accuracy(self) -> float:
        """The share of needed quantities whose step is right, from 0 to 1."""
    @property
    def needed(self) -> int: ...
    @property
    def missing(self) -> int: ...
    @property
    def extra(self) -> int: ...
    @property
    def wrong_parents(self) -> int: ...
    @property
    def wrong_values(self) -> int: ...
    @property
    def wrong_equalities(self) -> int: ...
    @property
    def completion(self) -> str: ...
    @property
    def first_error(self) -> StepError | None: ...
    @property
    def steps(self) -> list[Step]: ...
    def explain(self) -> str:
        """The first mistake, underlined in the completion, on three or four lines."""
    def step_tokens(self, offsets: Offsets) -> list[tuple[int, int]]:
        """The tokens of each step, as pairs of first and one after the last.

        Args:
            offsets: For each token of the completion, its first character and the one after its last, as the fast
                tokenizers of ``transformers`` give with ``return_offsets_mapping=True``.
        """
    def blamed_tokens(self, offsets: Offsets) -> tuple[int, int] | None:
        """The tokens that the failure is charged to: the first wrong step, or what comes after the last step where
        something is missing. Where a truncated completion has no such token, its last one. None if the solution is
        accepted."""
    def token_credit(
        self,
        offsets: Offsets,
        *,
        correct: float = 1.0,
        wrong: float = 0.0,
        outside: float = 0.0,
        at: Literal["end", "all"] = "end",
    ) -> list[float]:
        """The credit of each token: that of the step that contains it. Where a token reaches into two steps, the later
        one counts.

        Args:
            offsets: As for ``step_tokens``.
            correct: The credit of a right step.
            wrong: The credit of a wrong step.
            outside: The credit of tokens outside every step.
            at: ``end`` for the last token of each step alone, ``all`` for each of its tokens.
        """
    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
    def __bool__(self) -> bool: ...
    def __reduce__(self) -> tuple[Callable[[str, str], Verdict], tuple[str, str]]: ...

def _verdict_from_json(json: str, completion: str) -> Verdict:
    """Reads a pickled verdict."""

def verify(
    problem: Truth, completion: str, *, level: Level = "strict", forbid_unneeded: bool = False, uses: bool = False
) -> Verdict:
    """Checks a completion step by step.

    Args:
        problem: What it is checked against.
        completion: A bare solution, or a completion in the paper's tags, from after ``<solution>`` on.
        level: ``strict`` checks everything that the solution says; ``paper`` checks what the paper checks: that every
            needed quantity is there with its parents and value, and the answer.
        forbid_unneeded: Whether a true step that the answer does not need is a mistake (strict level).
        uses: Whether steps tell which earlier ones they read (``Step.uses``), which takes a tenth longer.

    Raises:
        ValueError: The gold solution is missing or cannot be read.
        TypeError: Another type than expected.
        UnicodeEncodeError: A text with lone surrogates, which is no Unicode. Any other completion, however wrong or
            unreadable, is a verdict.
    """

def restore_tags(completion: str) -> str:
    """Puts ``</solution> <answer> N </answer>`` back where a decoder with ``skip_special_tokens`` deleted the tags.

    Only a completion without any tag that ends in a whole sentence and one bare integer is changed; offsets of the steps
    stay. For models whose tokenizer marks the tags special, as published checkpoints do; models that are trained here
    keep their tags.

    Args:
        completion: The text to judge.

    >>> restore_tags(" fox = 3. elk = fox + 2 = 3 + 2 = 5.  5")
    ' fox = 3. elk = fox + 2 = 3 + 2 = 5. </solution> <answer> 5 </answer>'
    """

@overload
def verify_batch(
    problems: Sequence[Truth],
    completions: Sequence[str],
    *,
    level: Level = "strict",
    forbid_unneeded: bool = False,
    uses: bool = False,
    threads: int | None = None,
    on_error: Literal["raise"] = "raise",
) -> list[Verdict]: ...
@overload
def verify_batch(
    problems: Sequence[Truth],
    completions: Sequence[str],
    *,
    level: Level = "strict",
    forbid_unneeded: bool = False,
    uses: bool = False,
    threads: int | None = None,
    on_error: OnError,
) -> list[Verdict | None]:
    """Checks many completions without holding the interpreter.

    Args:
        problems: One for each completion; a problem that comes many times is read once.
        completions: One text each.
        level: As for ``verify``.
        forbid_unneeded: As for ``verify``.
        uses: As for ``verify``.
        threads: The number of threads; ``None`` for all cores. The result does not depend on it.
        on_error: What happens to items that cannot be judged (no gold, a completion that is no str): ``raise`` a
            ``BatchError`` once all items are judged, whose ``results`` hold the verdicts of the others, or ``none``:
            put None in their place.

    Raises:
        BatchError: Some items could not be judged.
        ValueError: Not as many problems as completions.
    """

@final
class Reward:
    """A reward by name, with the names and settings that the trainers of this project use.

    Args:
        kind: ``strict`` (1 for a solution that is accepted as a whole), ``outcome`` (1 for the right answer),
            ``process`` (the share of right steps), ``mixed`` (``alpha`` of the outcome, the rest of the process),
            ``answer_gate`` and ``strict_gate`` (another ``reward``, paid only for a right answer or solution),
            ``paper`` (as in the paper's released code), ``weighted`` (``weights`` of outcome, process, accepted and
            released_process), ``component`` (one of these by ``name``).
        level: As for ``verify``.
        forbid_unneeded: As for ``verify``.
        settings: ``alpha=0.2``, ``reward="process"`` or ``reward=Reward(...)``, ``weights={...}``, ``name="process"``.
            A reward behind a gate is judged as its gate is.

    Raises:
        ValueError: An unknown kind, or a setting that is missing, unknown or out of range.
    """

    def __new__(
        cls,
        kind: str = "strict",
        *,
        level: Level = "strict",
        forbid_unneeded: bool = False,
        **settings: Any,
    ) -> Self: ...
    def __getnewargs_ex__(self) -> tuple[tuple[Any], dict[str, Any]]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def level(self) -> str: ...
    @property
    def forbid_unneeded(self) -> bool: ...
    def __call__(self, problem: Truth, completion: str) -> float:
        """The reward of one completion; errors as of ``verify``."""
    @overload
    def batch(
        self,
        problems: Sequence[Truth],
        completions: Sequence[str],
        *,
        threads: int | None = None,
        on_error: Literal["raise"] = "raise",
    ) -> list[float]: ...
    @overload
    def batch(
        self,
        problems: Sequence[Truth],
        completions: Sequence[str],
        *,
        threads: int | None = None,
        on_error: OnError,
    ) -> list[float | None]:
        """The rewards of many completions; arguments and errors as of ``verify_batch``."""
    def judge(self, problem: Truth, completion: str) -> Judged:
        """The reward of one completion with its verdict, from one verification; errors as of ``verify``."""
    @overload
    def judge_batch(
        self,
        problems: Sequence[Truth],
        completions: Sequence[str],
        *,
        threads: int | None = None,
        on_error: Literal["raise"] = "raise",
    ) -> list[Judged]: ...
    @overload
    def judge_batch(
        self,
        problems: Sequence[Truth],
        completions: Sequence[str],
        *,
        threads: int | None = None,
        on_error: OnError,
    ) -> list[Judged | None]:
        """The rewards of many completions with their verdicts; arguments and errors as of ``verify_batch``."""

@final
class Estimate:
    """A mean over problems with its 95 % interval."""

    def __new__(cls, k: int, problems: int, estimate: float, low: float, high: float) -> Self: ...
    def __getnewargs__(self) -> tuple[Any, ...]: ...
    @property
    def k(self) -> int: ...
    @property
    def problems(self) -> int: ...
    @property
    def estimate(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    def __float__(self) -> float: ...

@final
class Difference:
    """A difference on the same problems with its 95 % interval."""

    def __new__(
        cls,
        k: int,
        problems: int,
        difference: float,
        standard_error: float,
        low: float,
        high: float,
        p_value: float | None,
        detectable: float | None,
    ) -> Self: ...
    def __getnewargs__(self) -> tuple[Any, ...]: ...
    @property
    def k(self) -> int: ...
    @property
    def problems(self) -> int: ...
    @property
    def difference(self) -> float: ...
    @property
    def standard_error(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def p_value(self) -> float | None:
        """The two-sided p-value of a sign-flip test."""
    @property
    def detectable(self) -> float | None:
        """The smallest true difference that so many problems show in 80 % of cases."""
    def __float__(self) -> float: ...

def pass_at_k(n: int, c: int, k: int) -> float:
    """The probability that one of ``k`` samples is right, from ``c`` right ones among ``n``: the unbiased estimate of
    Chen et al. 2021.

    Raises:
        ValueError: ``k`` is zero or above ``n``, or ``c`` is above ``n``.
    """

def pass_hat_k(n: int, c: int, k: int) -> float:
    """The probability that all of ``k`` samples are right; errors as of ``pass_at_k``."""

def mean_pass_at_k(
    counts: Counts, k: int, *, strata: Sequence[int] | None = None
) -> Estimate:
    """The mean pass@k of problems.

    Args:
        counts: For each problem, its number of samples and how many are right.
        k: The number of attempts.
        strata: For each problem, the group that it was drawn for, such as its op. Variation between groups then does
            not widen the interval.

    Raises:
        ValueError: No problem, too few samples, or another number of strata.
    """

def paired_difference(
    left: Counts,
    right: Counts,
    k: int,
    *,
    strata: Sequence[int] | None = None,
) -> Difference:
    """pass@k of ``right`` minus ``left``, problem by problem; arguments and errors as of ``mean_pass_at_k``."""

@final
class AuditReport:
    """What an audit found."""

    @property
    def candidates(self) -> int: ...
    @property
    def false_accepts(self) -> int:
        """How many wrong candidates were accepted."""
    @property
    def false_rejects(self) -> int:
        """How many right candidates were rejected."""
    @property
    def operators(self) -> dict[str, dict[str, Any]]:
        """By operator: ``label`` (harmful or harmless), ``candidates``, ``accepted``."""
    @property
    def witnesses(self) -> list[dict[str, Any]]:
        """Candidates that were judged wrongly, with their problems, a few for each operator."""
    def table(
        self, by: Literal["operator", "operator_and_mode", "dialect", "context", "op"] = "operator"
    ) -> str: ...

def audit(
    judge: Callable[[dict[str, Any], str], bool],
    *,
    subjects: int = 1000,
    mutants_each: int = 1,
    seed: int = 0,
    contexts: Sequence[str] | None = None,
    ops: Sequence[int] | None = None,
    operators: Sequence[str] | None = None,
    witnesses: int = 3,
) -> AuditReport:
    """Tries to fool a verifier with right solutions, and with mutated ones whose correctness is known.

    Args:
        judge: Called with a problem (the fields of a ``Problem`` but for prompt, id and length) and a candidate; says
            whether it is right. Called on the calling thread, so Ctrl-C interrupts it.
        subjects: The number of problems. They cycle through contexts, ops, dialects and modes.
        mutants_each: The number of changed solutions of each, beside the right one.
        seed: Random seed; the same seed gives the same candidates.
        contexts: Default: all that come with the package.
        ops: Default: 2 to 8.
        operators: The names of the changes to try. Default: all of ``operators()``.
        witnesses: The number of examples kept for each operator.

    Raises:
        ValueError: An unknown context, operator or difficulty, or none to draw from.
        Exception: Whatever the judge raises.
    """

def operators() -> list[tuple[str, str, str]]:
    """The changes that an audit makes: name, label (harmful or harmless), description."""

def presets() -> list[str]:
    """The names of the published mixtures, for ``Dataset``."""

def contexts() -> list[str]:
    """The ids of the contexts that come with the package."""
