"""Golden values from TRL's own `GRPOTrainer`.

The trainer is built by its own constructor. Only what needs a language model is replaced: the
log-probabilities and entropies, the sampled tokens, and the reward of a completion. Losses,
advantages, importance weights, masks and metrics are TRL's, computed in double precision.
"""

import tempfile
from collections import defaultdict

import torch
from datasets import Dataset
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM
from trl import GRPOConfig, GRPOTrainer

from padding import flat, padded

EOS, TEXT = 1, 2


def tokenizer():
    vocabulary = {"<pad>": 0, "<eos>": EOS, "a": TEXT, "b": 3}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(vocabulary, unk_token="b")),
        pad_token="<pad>", eos_token="<eos>",
    )


def tiny_model(folder):
    """A model for the constructor alone; saved, since TRL loads the reference from the model's folder."""
    Qwen2ForCausalLM(Qwen2Config(
        vocab_size=4, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1,
        num_key_value_heads=1, pad_token_id=0, eos_token_id=EOS,
    )).save_pretrained(folder)
    return Qwen2ForCausalLM.from_pretrained(folder)


class Fed:
    """Reads log-probabilities, tokens and rewards from `self.batch` in place of a model."""

    def feed(self, batch, components):
        self.batch = batch
        self.components = components
        self.policy = padded(batch["policy"], batch["lengths"]).requires_grad_()
        self.entropies = padded(batch["entropy"], batch["lengths"]).requires_grad_()
        self.forward = []

    def _get_per_token_logps_and_entropies(self, model, *args, compute_entropy=False, **kwargs):
        # The only calls without entropies are those for the old policy and for the reference, in this order.
        if compute_entropy:
            return self.policy, self.entropies, None
        return padded(self.batch[self.forward.pop(0)], self.batch["lengths"]), None, None

    def _calculate_rewards(self, inputs, prompts, completions, completion_ids_list):
        return torch.tensor(self.components, dtype=torch.float64)

    def completions(self):
        """Token numbers: a truncated completion has no end-of-sequence token."""
        pairs = zip(self.batch["lengths"], self.batch["truncated"])
        return [[TEXT] * (length - 1) + [TEXT if cut else EOS] for length, cut in pairs]


class GoldenTrainer(Fed, GRPOTrainer):
    def rollout(self, prompts, trainer):
        lengths, ids = self.batch["lengths"], self.completions()
        sampled = padded(self.batch["sampled"], lengths).tolist()
        logprobs = [row[:n] for row, n in zip(sampled, lengths)]
        return {"prompt_ids": [[TEXT]] * len(ids), "completion_ids": ids, "logprobs": logprobs}


def trainer_for(group_size, completions, setting, components):
    setting = {"max_completion_length": 16, **setting}
    use_vllm = setting.pop("use_vllm", False)
    accumulation = setting.pop("gradient_accumulation_steps", 1)
    config = GRPOConfig(
        output_dir=FOLDER.name, use_cpu=True, bf16=False, report_to="none", save_strategy="no",
        disable_tqdm=True, num_generations=group_size,
        per_device_train_batch_size=completions // setting.get("steps_per_generation", accumulation),
        gradient_accumulation_steps=accumulation, **setting,
    )
    rewards = [named_reward(name) for name in components]
    trainer = GoldenTrainer(
        model=TINY_MODEL, reward_funcs=rewards, args=config, processing_class=TOKENIZER,
        train_dataset=Dataset.from_dict({"prompt": ["a"] * completions}),
    )
    trainer.use_vllm = use_vllm
    trainer._last_loaded_step = trainer.state.global_step  # vLLM's weights count as synchronized
    trainer.rollout_func = trainer.rollout
    trainer.reward_weights = trainer.reward_weights.double()
    trainer.current_gradient_accumulation_steps = accumulation
    trainer.model.train()
    return trainer


def named_reward(name):
    def reward(**kwargs):
        raise AssertionError("the batch holds the rewards")

    reward.__name__ = name
    return reward


def scored(trainer, batch, components):
    """Runs TRL's generation step on the given rollouts; returns its output and its metrics."""
    trainer.feed(batch, [list(row) for row in zip(*components.values())])
    generate_every = trainer.args.steps_per_generation * trainer.num_iterations
    needs_old = trainer.args.gradient_accumulation_steps % generate_every != 0
    if needs_old or (trainer.use_vllm and trainer.vllm_importance_sampling_correction):
        trainer.forward.append("old")
    if trainer.beta != 0.0:
        trainer.forward.append("reference")
    output = trainer._generate_and_score_completions([{"prompt": "a"} for _ in batch["lengths"]])
    assert not trainer.forward, "TRL made fewer forward passes than expected"
    return output, drained(trainer)


def drained(trainer):
    metrics = {name: values[-1] for name, values in trainer._metrics["train"].items() if values}
    trainer._metrics["train"] = defaultdict(list)
    return metrics


def loss_case(batch, setting, on_policy=False):
    """TRL's loss, its gradient with respect to the policy's log-probabilities, and its metrics."""
    count = len(batch["lengths"])
    trainer = trainer_for(batch["group_size"], count, dict(setting), {"reward": batch["rewards"]})
    inputs, sampling = scored(trainer, batch, {"reward": batch["rewards"]})
    if batch["advantage_level"] == "token":
        inputs["advantages"] = padded(batch["advantages"], batch["lengths"])
    else:
        first = [sum(batch["lengths"][:i]) for i in range(count)]
        inputs["advantages"] = torch.tensor([batch["advantages"][i] for i in first], dtype=torch.float64)
    if not on_policy:
        inputs["old_per_token_logps"] = padded(batch["old"], batch["lengths"])
    losses, metrics = accumulated(trainer, inputs, trainer.args.steps_per_generation)
    outputs = {"loss": sum(losses), "gradient": gradient(trainer.policy, batch["lengths"])}
    if len(losses) > 1:
        outputs["micro_losses"] = losses
    if setting.get("entropy_coef"):
        outputs["entropy_gradient"] = gradient(trainer.entropies, batch["lengths"])
    if "importance_sampling_ratio" in inputs:
        outputs["importance_sampling_ratio"] = flat(inputs["importance_sampling_ratio"], batch["lengths"])
        metrics.update({k: v for k, v in sampling.items() if k.startswith("sampling/")})
    outputs["metrics"] = metrics
    return outputs


def accumulated(trainer, inputs, steps):
    """Splits the generation batch into micro-batches as TRL does, and accumulates their gradients."""
    rows = inputs["completion_mask"].shape[0] // steps
    losses, metrics = [], defaultdict(list)
    policy, entropies = trainer.policy, trainer.entropies
    for step in range(steps):
        part = slice(step * rows, (step + 1) * rows)
        micro = {k: v[part] if v.dim() > 0 else v for k, v in inputs.items()}
        trainer.policy, trainer.entropies = policy[part], entropies[part]
        loss = trainer._compute_loss(None, micro)
        loss.backward()
        losses.append(loss.item())
        for name, value in drained(trainer).items():
            metrics[name].append(value)
    trainer.policy, trainer.entropies = policy, entropies
    return losses, {name: sum(v) / len(v) for name, v in metrics.items()}


def gradient(leaf, lengths):
    return flat(leaf.grad if leaf.grad is not None else torch.zeros_like(leaf), lengths)


def adaptive_entropy_case(batch, setting, scales):
    """TRL's entropy coefficient after each step, where a step's entropies are the batch's times a scale."""
    trainer = trainer_for(batch["group_size"], len(batch["lengths"]), dict(setting), {"reward": batch["rewards"]})
    inputs, _ = scored(trainer, batch, {"reward": batch["rewards"]})
    entropies, steps = trainer.entropies, []
    for scale in scales:
        trainer.entropies = entropies * scale
        loss = trainer._compute_loss(None, dict(inputs)).item()
        metrics = drained(trainer)
        steps.append({
            "entropy": metrics["entropy"], "entropy_coef": trainer.entropy_coef,
            "bonus": metrics["policy_loss"] - loss,
        })
    return {"steps": steps}


def advantage_case(batch, setting, components):
    """TRL's advantages, one a completion, and the metrics of its generation step."""
    trainer = trainer_for(batch["group_size"], len(batch["lengths"]), dict(setting), components)
    output, metrics = scored(trainer, batch, components)
    return {"advantages": output["advantages"].tolist(), "metrics": metrics}


TOKENIZER = tokenizer()
FOLDER = tempfile.TemporaryDirectory()
TINY_MODEL = tiny_model(FOLDER.name)
