"""A reward for every step, at its tokens.

Trainers that take a number for each token (a process reward, dense rewards, credit for steps) need to know which
tokens a step consists of. ``Verdict.token_credit`` says so from the offsets that any fast tokenizer gives:
``tokenizer(completion, return_offsets_mapping=True)["offset_mapping"]``. Here every word is a token.
"""

import re

import interplay

problem = interplay.Dataset(op=5, context="zoo", dialect="terse", seed=3)[0]
steps, _, answer = problem["solution"].rpartition(" Answer")
# The last step computes the right thing and states another value.
completion = f"{steps[:-1]}0. Answer{answer}"
offsets = [word.span() for word in re.finditer(r"\S+\s*", completion)]

verdict = interplay.verify(problem, completion)
print(verdict.explain())

# 1 at the last token of a right step, -1 at that of a wrong one.
at_ends = verdict.token_credit(offsets, correct=1.0, wrong=-1.0)
# The same for every token of a step, for advantages by token.
everywhere = verdict.token_credit(offsets, correct=1.0, wrong=-1.0, at="all")
# Everything but the first mistake was fine: charge its tokens alone.
first, last = verdict.blamed_tokens(offsets)

print(f"{'token':12}{'at ends':>9}{'all':>6}  blamed")
for index, (start, end) in enumerate(offsets):
    blamed = "x" if first <= index < last else ""
    print(f"{completion[start:end]:12}{at_ends[index]:9}{everywhere[index]:6}  {blamed}")

assert sum(at_ends) == sum(1.0 if step.correct else -1.0 for step in verdict.steps)
