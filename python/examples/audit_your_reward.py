"""How often does a reward of your own pay for wrong reasoning?

The judge below is the usual one: it compares the last number with the answer. The audit shows it right solutions, and
solutions that were made wrong in a known way, and counts.
"""

import re

import interplay


def last_number(problem: dict, completion: str) -> bool:
    numbers = re.findall(r"-?\d+", completion)
    return bool(numbers) and int(numbers[-1]) == problem["answer"]


def our_verifier(problem: dict, completion: str) -> bool:
    return interplay.verify(problem, completion).accepted


for judge in (last_number, our_verifier):
    report = interplay.audit(judge, subjects=300, mutants_each=2, seed=1)
    print(f"{judge.__name__}: {report}")
    for witness in report.witnesses[:2]:
        print(f"  {witness['operator']}, right:  {witness['solution']}")
        print(f"  {witness['operator']}, judged: {witness['candidate']}")
