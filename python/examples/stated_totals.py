"""What a problem leaves to its reader: totals and arithmetic.

Two things make generated word problems ambiguous to a reader who has not seen their generator: totals that are meant
but not told ("the total number of animals in South Zoo", when nobody says what counts), and arithmetic modulo a number
that the text does not name, in which 12 * 5 is 14.

Here numbers are plain integers, bounded by ``max_value``. The terse dialect states every quantity. The prose dialect
has one rule, which can be put in front of a problem: a total is the sum of what the problem states about its place.
``interplay.adapters.chat.instruction`` tells it to a general chat model.
"""

import re

import interplay
from interplay.adapters.chat import instruction

NUMERIC = re.compile(r"[\d\s+*()-]+")
TOTAL = re.compile(r"Define total number of [^;]+? in ([^;]+?) as \w+; ([^.]+)")


def check_arithmetic(solution: str) -> None:
    """Every chain of equalities holds over the integers."""
    for chain in re.findall(r"[^.;]+ = [^.;]+", solution):
        values = {eval(side) for side in chain.split(" = ") if NUMERIC.fullmatch(side)}  # digits and operators alone
        assert len(values) <= 1, chain


terse = interplay.Dataset(op="6-10", context="zoo", dialect="terse", seed=2, max_value=100)[:200]
for problem in terse:
    check_arithmetic(problem["solution"])
    stated = {sentence.split(" = ")[0] for sentence in problem["problem"].removesuffix(".").split(". ")}
    used = {step.split(" = ")[0] for step in problem["solution"].split(". Answer")[0].split(". ")}
    assert used <= stated, used - stated

prose = interplay.Dataset(op="6-10", context="zoo", dialect="prose", seed=2, max_value=100)[:200]
totals = 0
for problem in prose:
    check_arithmetic(problem["solution"])
    stated = re.findall(r"The number of [^.]+? in ([A-Z][\w ]+?) equals", problem["problem"])
    # A step about a total adds as many quantities as the problem states about the place.
    for place, terms in TOTAL.findall(problem["solution"]):
        assert len(re.findall(r"[A-Za-z]+ \+", terms)) + 1 == stated.count(place), (place, terms, problem)
        totals += 1

print(prose[0]["problem"], prose[0]["question"], sep="\n", end="\n\n")
print(instruction(prose[0]).split("\n")[0], end="\n\n")
print(f"{len(terse)} terse problems state all that their solutions use; {totals} totals follow the rule")
