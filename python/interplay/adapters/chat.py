"""Prompts that teach a chat model the solution dialect; needs no package beside ``interplay``.

The models of the paper learn the dialect from their corpus, so their prompt is the problem alone. A general chat
model has to be told how to write its steps, or it scores zero however well it reasons. The instruction shows the
rules and one worked example in the problem's own dialect and mode. The adapters for TRL, verl and verifiers share it.

>>> import interplay
>>> from interplay.adapters.chat import instruction, user_text
>>> problem = interplay.Dataset(op=4, context="zoo", dialect="terse", seed=7)[0]
>>> text = instruction(problem) + user_text(problem)
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from interplay import Dataset

__all__ = ["dialect_of", "instruction", "messages", "user_text", "worked_example"]

_RULES = {
    "prose": (
        "Write one sentence for each quantity: Define <quantity> as <letter>; then so <letter> = <letters of the "
        "quantities it comes from> = <the same with numbers> = <value>. Copy the quantity's name from the problem. Use "
        "a new letter for each quantity and each intermediate result. A total of a place is the sum of everything that "
        "the problem states about the place; it is a quantity with a sentence of its own."
    ),
    "terse": (
        "Write one sentence for each quantity: <quantity> = <quantities it comes from> = <the same with numbers> = "
        "<value>."
    ),
}
_SHARED = (
    "State only quantities that the question needs, in an order in which each step uses only earlier ones. Every "
    "equality must hold. End with: Answer: <number>. Write plain text with no markup, introduction or comment."
)
# These give short solutions that show a product and a difference, to problems with a quantity that is not needed.
_EXAMPLE_SEEDS = {"prose": 36, "terse": 10}
_UNKNOWN = "Call the quantity that the question asks for x, carry x through the steps, then solve the equation for x."


def dialect_of(problem: Mapping[str, Any]) -> Literal["prose", "terse"]:
    """The dialect of a problem: its ``dialect``, or what its gold solution or else its statements show."""
    if problem.get("dialect") in ("prose", "terse"):
        return problem["dialect"]
    solution, statements = problem.get("solution") or "", problem.get("problem") or ""
    if not solution and not statements:
        raise ValueError(
            f"chat: cannot tell the dialect of a problem with the keys {', '.join(map(str, problem)) or '(none)'}; "
            "expected the statements under `problem` or the gold solution under `solution`"
        )
    prose = "Define " in solution if solution else " equals " in statements
    return "prose" if prose else "terse"


@lru_cache(maxsize=8)
def worked_example(dialect: str = "prose", mode: str = "normalforward") -> dict[str, Any]:
    """A fixed problem with its gold solution, drawn under a name of its own."""
    drawn = "reverse" if mode == "forwardreverse" else "forward"
    seed, name = _EXAMPLE_SEEDS[dialect], "worked example"
    return dict(Dataset(op=6, context="zoo", dialect=dialect, mode=drawn, seed=seed, name=name)[0])


def user_text(problem: Mapping[str, Any]) -> str:
    """Statements and question, without the tags of the paper's prompt."""
    missing = [key for key in ("problem", "question") if not isinstance(problem.get(key), str)]
    if missing:
        raise ValueError(
            f"chat: expected the statements under `problem` and the question under `question`, both str; missing "
            f"or not str: {', '.join(missing)} (keys found: {', '.join(map(str, problem)) or 'none'})"
        )
    return f"{problem['problem']} {problem['question']}"


def instruction(problem: Mapping[str, Any], example: Mapping[str, Any] | None = None) -> str:
    """The rules of the problem's dialect and a worked example.

    Args:
        problem: The problem that the instruction is for; its dialect and mode decide what is shown.
        example: Another problem with its solution to show instead, such as one of your own context.
    """
    dialect, mode = dialect_of(problem), problem.get("mode") or "normalforward"
    shown = example or worked_example(dialect, mode)
    rules = [_RULES[dialect], *([_UNKNOWN] if mode == "forwardreverse" else []), _SHARED]
    return (
        f"Solve the problem step by step. {' '.join(rules)}\n\n"
        f"Example problem:\n{user_text(shown)}\n\nExample solution:\n{shown['solution']}\n\n"
    )


def messages(problem: Mapping[str, Any], example: Mapping[str, Any] | None = None) -> list[dict[str, str]]:
    """The chat that asks a general model for a solution: one user message, which every chat template accepts."""
    return [{"role": "user", "content": f"{instruction(problem, example)}Problem:\n{user_text(problem)}"}]
