"""Scores a batch the way the paper's fork of verl does, with the answer-only solution that its verifier pays for.

Needs only the interplay package. A run of the fork takes the file of the adapter:

    custom_reward_function.path=$(python -c "import interplay.adapters.verl_interplay as m; print(m.__file__)")
    custom_reward_function.name=compute_score_with_step_process_strict_batched reward_model.reward_manager=batch
"""

from __future__ import annotations

import interplay
from interplay.adapters.verl_interplay import (
    compute_score_with_step_process_batched,
    compute_score_with_step_process_strict_batched,
)


def main() -> None:
    """Prints the scores of a right solution, one with a wrong intermediate, and a bare answer."""
    problem = interplay.Dataset(op=4, context="zoo", dialect="prose", seed=7)[0]
    right = problem["solution"]
    responses = {
        "right": f"{right} </solution> <answer> {problem['answer']} </answer> [EOS]",
        "wrong intermediate": right.replace("1 + 3 = 4", "1 + 5 = 4"),
        "bare answer": f"</solution> <answer> {problem['answer']} </answer>",
    }
    truth = {"answer": str(problem["answer"]), "solution": right, "raw_prompt": problem["prompt"]}
    batch = {
        "data_sources": ["context-10B/4-zoo"] * len(responses),
        "solution_strs": list(responses.values()),
        "ground_truths": [truth] * len(responses),
        "extra_infos": [{} for _ in responses],
    }
    blended = compute_score_with_step_process_batched(**batch)
    strict = compute_score_with_step_process_strict_batched(**batch)
    for name, mixed, all_or_nothing in zip(responses, blended, strict, strict=True):
        print(f"{name}: blended {mixed['score']:.2f}, strict {all_or_nothing['score']:.2f}, {mixed}")


if __name__ == "__main__":
    main()
