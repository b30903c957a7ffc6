"""Draws problems through reasoning-gym, scores answers and raises the difficulty by its curriculum.

Needs ``pip install reasoning-gym``.
"""

from __future__ import annotations

import interplay.adapters.reasoning_gym  # Registers the data set.
import reasoning_gym
from reasoning_gym.factory import create_curriculum


def main() -> None:
    """Prints the score of each kind of answer under two rewards, then the levels of the curriculum."""
    shared = {"seed": 7, "size": 3, "min_op": 3, "max_op": 5, "dialect": "terse", "instruct": False}
    strict = reasoning_gym.create_dataset("interplay_dag", **shared)
    mixed = reasoning_gym.create_dataset("interplay_dag", **shared, reward="mixed", reward_settings={"alpha": 0.2})
    entry = strict[0]
    print(entry["question"])
    answers = {
        "the gold solution": entry["answer"],
        "the answer alone": f"Answer: {entry['metadata']['final_answer']}.",
        "no answer": None,
    }
    for label, answer in answers.items():
        print(f"  {label}: strict {strict.score_answer(answer, entry)}, mixed {mixed.score_answer(answer, entry)}")

    curriculum = create_curriculum("interplay_dag")
    for _ in range(3):
        config = curriculum.generate_configuration({"seed": 7, "size": 100, "dialect": "terse"})
        ops = [item["metadata"]["op"] for item in interplay.adapters.reasoning_gym.InterplayDagDataset(config)]
        level = curriculum.get_attr_level("op")
        print(f"level {level}: op {config.min_op} to {config.max_op}, mean {sum(ops) / len(ops):.1f}")
        curriculum.increment_attr_level("op")


if __name__ == "__main__":
    main()
