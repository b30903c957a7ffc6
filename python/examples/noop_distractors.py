"""Problems with sentences that do not matter, and the same problems without them.

Does a model fall for a number that has nothing to do with the question? That needs pairs of problems which differ in
nothing else. Distractors are part of a problem's graph here, so it is known which sentences the answer needs, and
leaving out the others gives the twin. ``entanglement`` says how many of them read quantities that matter, which makes
them hard to tell apart.
"""

import interplay

with_noise = interplay.Dataset(op="3-6", context="zoo", dialect="terse", distractors="2-4", entanglement=0.5, seed=11)


def without_noise(problem: dict) -> dict:
    """The twin that states only what the answer needs."""
    needed = {step.split(" = ")[0] for step in problem["solution"].split(". ")}
    sentences = problem["problem"].removesuffix(".").split(". ")
    text = f"{'. '.join(sentence for sentence in sentences if sentence.split(' = ')[0] in needed)}."
    return {**problem, "problem": text, "prompt": problem["prompt"].replace(problem["problem"], text)}


pairs = [(problem, without_noise(problem)) for problem in with_noise[:100]]
problem, twin = pairs[0]
print("with:   ", problem["problem"], problem["question"])
print("without:", twin["problem"], twin["question"])

for problem, twin in pairs:
    assert len(twin["prompt"]) < len(problem["prompt"])
    # One gold solution serves both; a step about a distractor is true, but not needed.
    assert interplay.verify(twin, problem["solution"]) and interplay.verify(problem, problem["solution"])


# Stand-ins for two models: counts of right completions among 8, for each problem of a pair. The second model is
# thrown off by noise in every fourth problem. A paired comparison needs far fewer problems than two accuracies.
steady = [(8, 6 + index % 3) for index in range(100)]
thrown = [(8, 2 if index % 4 == 0 else 6 + index % 3) for index in range(100)]
ops = [problem["op"] for problem, _ in pairs]
for name, noisy in {"steady": steady, "thrown off": thrown}.items():
    print(f"{name:11}", interplay.paired_difference(steady, noisy, 1, strata=ops))
