"""Golden values from TRL's own `RLOOTrainer`, driven as `from_trl` drives `GRPOTrainer`."""

import torch
from datasets import Dataset
from trl import RLOOConfig, RLOOTrainer

from from_trl import FOLDER, TINY_MODEL, TOKENIZER, Fed, TEXT, drained, gradient, named_reward


class GoldenRlooTrainer(Fed, RLOOTrainer):
    def _generate_single_turn(self, prompt_ids, images, multimodal_fields):
        return self.completions()

    def _tokenize_prompts(self, prompts):
        return [[TEXT] for _ in prompts], None, {}


def case(batch, setting, components):
    """RLOO's advantages with the KL penalty in the reward, its loss, gradient and metrics."""
    count = len(batch["lengths"])
    config = RLOOConfig(
        output_dir=FOLDER.name, use_cpu=True, bf16=False, report_to="none", save_strategy="no", disable_tqdm=True,
        num_generations=batch["group_size"], per_device_train_batch_size=count, **setting,
    )
    trainer = GoldenRlooTrainer(
        model=TINY_MODEL, reward_funcs=[named_reward(name) for name in components], args=config,
        processing_class=TOKENIZER, train_dataset=Dataset.from_dict({"prompt": ["a"] * count}),
    )
    trainer.reward_weights = trainer.reward_weights.double()
    trainer.model.train()
    trainer.feed(batch, [list(row) for row in zip(*components.values())])
    trainer.forward = ["old"] + (["reference"] if trainer.beta != 0.0 else [])
    inputs = trainer._generate_and_score_completions([{"prompt": "a"} for _ in range(count)])
    generation = {name: value for name, value in drained(trainer).items() if name in ("kl", "frac_reward_zero_std")}
    loss = trainer._compute_loss(None, inputs)
    loss.backward()
    return {
        "advantages": inputs["advantages"].tolist(), "loss": loss.item(),
        "gradient": gradient(trainer.policy, batch["lengths"]), "metrics": {**generation, **drained(trainer)},
    }
