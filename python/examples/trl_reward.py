"""Calls the TRL reward the way ``GRPOTrainer`` does, on one right, one hacked and one unreadable completion.

Needs only the interplay package. The trainer itself takes the same objects:

    GRPOTrainer(model=..., train_dataset=datasets.Dataset.from_list(data), reward_funcs=[reward], ...)
"""

from __future__ import annotations

import interplay
from interplay.adapters.trl import StepReward, rows


def main() -> None:
    """Prints the rewards and the metrics that TRL would log."""
    data = rows(interplay.Dataset(op="3-5", context="zoo", dialect="terse", seed=7)[:3], conversational=True)
    print(data[0]["prompt"][0]["content"])
    texts = [data[0]["solution"], f"Answer: {data[1]['answer']}.", "I would rather not say."]
    completions = [[{"role": "assistant", "content": text}] for text in texts]
    columns = {key: [row[key] for row in data] for key in data[0] if key != "prompt"}
    metrics: dict[str, float] = {}

    reward = StepReward("mixed", alpha=0.2)
    values = reward(
        prompts=[row["prompt"] for row in data],
        completions=completions,
        completion_ids=[[0]] * len(data),
        log_metric=metrics.__setitem__,
        **columns,
    )
    print(f"\n{reward.__name__}: {values}")
    for metric, value in metrics.items():
        print(f"  {metric} = {value:.2f}")


if __name__ == "__main__":
    main()
