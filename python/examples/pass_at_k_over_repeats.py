"""pass@k over the repeats of an evaluation harness.

Harnesses write one record for each completion, or one for each problem with all its completions, and average. What is
asked for is the unbiased pass@k over repeats, its interval, and whether a difference between two models is one. All
that needs is, for each problem, how many completions there are and how many are right.
"""

import json
import random
from collections import defaultdict

import interplay

# A stand-in for two files `samples_*.jsonl`: 60 problems, 16 repeats each, the second model a little better.
data = interplay.Dataset(op="2-6", context="zoo", dialect="terse", seed=4, size=60)
chance = random.Random(0)


def records(skill: float) -> list[str]:
    lines = []
    for problem in data:
        for repeat in range(16):
            right = chance.random() < skill ** problem["op"]
            text = problem["solution"] if right else problem["solution"].replace("=", "= 1 +", 1)
            lines.append(json.dumps({"doc_id": problem["id"], "repeat": repeat, "resp": text}))
    return lines


def counts(lines: list[str]) -> list[tuple[int, int]]:
    """The number of completions and of verified ones, by problem."""
    rows = [json.loads(line) for line in lines]
    verdicts = interplay.verify_batch([data[row["doc_id"]] for row in rows], [row["resp"] for row in rows])
    by_problem: dict[int, list[bool]] = defaultdict(list)
    for row, verdict in zip(rows, verdicts):
        by_problem[row["doc_id"]].append(verdict.accepted)
    return [(len(accepted), sum(accepted)) for _, accepted in sorted(by_problem.items())]


before, after = counts(records(0.75)), counts(records(0.8))
# Problems were drawn op by op, so what ops differ by is no error of the mean.
ops = [problem["op"] for problem in data]
for k in (1, 4, 16):
    gain = interplay.paired_difference(before, after, k, strata=ops)
    print(f"before {interplay.mean_pass_at_k(before, k, strata=ops)}")
    print(f"after  {interplay.mean_pass_at_k(after, k, strata=ops)}")
    print(f"gain   {gain}, p = {gain.p_value:.4f}\n")

# The common short cut, "a success among the first k", is the same on average and far noisier.
assert interplay.pass_at_k(16, 4, 4) == 1 - (12 * 11 * 10 * 9) / (16 * 15 * 14 * 13)
