"""Problems and verdicts a second on one core, and those of the paper's released verifier in the same run.

    python python/benchmarks/throughput.py [--reference FOLDER] [--problems 20000] [--rounds 3]

FOLDER is a checkout of the paper's code (``utils/`` and ``verl/reward_fn.py`` of
``Interplay-LM-Reasoning/Interplay-LM-Reasoning``). Times are processor time of this process; the best of the rounds
counts, since whatever else the machine does can only slow a round down.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import interplay

GROUP = 8


def rate(items: int, work: Callable[[], object], rounds: int) -> float:
    """Items a second of processor time."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return items / best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", help="folder with utils/ and verl/reward_fn.py of the paper's code")
    parser.add_argument("--problems", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    count, rounds = arguments.problems, arguments.rounds
    print(f"{'':44}{'terse':>12}{'prose':>12}   a second, one core")
    rows: dict[str, list[float]] = {}
    for dialect in ("terse", "prose"):
        data = interplay.Dataset(op="2-10", context="zoo", dialect=dialect, seed=7)
        rows.setdefault("problems as dicts", []).append(rate(count, lambda: [data[i] for i in range(count)], rounds))
        problems = data[:count]
        texts = [problem["solution"] for problem in problems]
        golds = [interplay.Gold(p["solution"], problem=p["problem"], question=p["question"]) for p in problems]
        group = [problem for problem in problems[: count // GROUP] for _ in range(GROUP)]
        group_texts = [problem["solution"] for problem in group]
        for name, work in {
            "verdicts, golds parsed in advance": lambda: interplay.verify_batch(golds, texts, threads=1),
            f"verdicts, {GROUP} completions a problem": lambda: interplay.verify_batch(group, group_texts, threads=1),
            "verdicts, one completion per problem": lambda: interplay.verify_batch(problems, texts, threads=1),
            f"rewards, {GROUP} completions a problem": lambda: interplay.Reward().batch(group, group_texts, threads=1),
        }.items():
            rows.setdefault(name, []).append(rate(len(texts), work, rounds))
        if arguments.reference:
            score = reference(arguments.reference)
            few = problems[: max(count // 40, 1)]
            if dialect == "prose":
                paid = [score(problem["solution"], problem) for problem in few]
                assert all(value > 0.99 for value in paid), "the reference rejects gold solutions of its own dialect"
                work = lambda: [score(problem["solution"], problem) for problem in few]  # noqa: E731
                rows.setdefault("the paper's released verifier", []).append(rate(len(few), work, rounds))
            else:
                rows.setdefault("the paper's released verifier", []).append(float("nan"))
    for name, rates in rows.items():
        print(f"{name:44}" + "".join("           -" if value != value else f"{value:>12,.0f}" for value in rates))


def reference(folder: str) -> Callable[[str, dict], float]:
    """The released reward of a completion, which parses it and its gold solution."""
    sys.path[:0] = [folder, f"{folder}/verl"]
    import reward_fn  # type: ignore[import-not-found]

    def score(text: str, problem: dict) -> float:
        completion = f"{text} </solution> <answer> {problem['answer']} </answer>"
        truth = {"answer": str(problem["answer"]), "solution": problem["solution"]}
        return float(reward_fn.compute_score_with_step_process(completion, truth)["score"])

    return score


if __name__ == "__main__":
    main()
