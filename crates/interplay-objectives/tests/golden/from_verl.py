"""Golden values from verl's own functions, in double precision where they allow it.

`verl.workers.utils.losses.ppo_loss` composes the policy loss, the entropy bonus and the KL term; the
advantages, the KL controller and the rollout correction come from `core_algos`, `ray_trainer` and
`rollout_corr_helper`.
"""

from types import SimpleNamespace

import numpy as np
import torch
from omegaconf import OmegaConf
from tensordict import TensorDict
from verl import DataProto
from verl.experimental.reward_loop.reward_manager.dapo import DAPORewardManager
from verl.trainer.config import AlgoConfig
from verl.trainer.ppo import core_algos, rollout_corr_helper
from verl.trainer.ppo.metric_utils import compute_data_metrics
from verl.trainer.ppo.ray_trainer import apply_kl_penalty
from verl.utils.debug.metrics import calculate_debug_metrics
from verl.workers.config import ActorConfig
from verl.workers.config.actor import PolicyLossConfig
from verl.workers.utils.losses import ppo_loss

from padding import flat, padded, token_mask

REWARD_METRICS = ("critic/", "response_length/")
ACTOR_DEFAULTS = {"strategy": "fsdp", "rollout_n": 2, "ppo_micro_batch_size_per_gpu": 1}


def actor(setting):
    setting = dict(setting)
    policy = PolicyLossConfig(**setting.pop("policy_loss", {}))
    return ActorConfig(**ACTOR_DEFAULTS, policy_loss=policy, **setting)


def response_mask(batch):
    """1 for the tokens that count: none of a truncated completion's."""
    kept = torch.tensor([[0 if cut else 1] for cut in batch["truncated"]])
    return token_mask(batch["lengths"]) * kept


def unpadded(batch, name):
    """The model's output as verl packs it: one prompt token a sequence, values shifted left by one."""
    values, start = [], 0
    for length in batch["lengths"]:
        values += batch[name][start:start + length] + [0.0]
        start += length
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def packed_gradient(leaf, lengths):
    values, start = [], 0
    source = leaf.grad.tolist() if leaf.grad is not None else [0.0] * leaf.numel()
    for length in lengths:
        values += source[start:start + length]
        start += length + 1
    return values


def loss_case(batch, setting, correction=None, global_batch=None):
    """verl's actor loss, its gradient with respect to the policy's log-probabilities, and its metrics."""
    lengths, count = batch["lengths"], len(batch["lengths"])
    config = actor(setting)
    mask, metrics, outputs = response_mask(batch), {}, {}
    data = {
        "prompts": torch.ones(count, 1, dtype=torch.int64),
        "responses": token_mask(lengths),
        "attention_mask": torch.cat([torch.ones(count, 1, dtype=torch.int64), token_mask(lengths)], dim=1),
        "old_log_probs": padded(batch["old"], lengths),
        "ref_log_prob": padded(batch["reference"], lengths),
        "advantages": padded(batch["advantages"], lengths) * token_mask(lengths),
    }
    if correction is not None:
        weights, mask, metrics = rollout_corr_helper.compute_rollout_correction_and_rejection_mask(
            old_log_prob=data["old_log_probs"], rollout_log_prob=padded(batch["sampled"], lengths),
            response_mask=mask, **correction,
        )
        metrics = {k: v for k, v in metrics.items() if k.startswith("rollout_corr/rollout_")}
        metrics = {k: v for k, v in metrics.items() if "ppl" not in k}
        outputs["response_mask"] = flat(mask, lengths)
        if weights is not None:
            data["rollout_is_weights"] = weights.batch["rollout_is_weights"]
            outputs["rollout_is_weights"] = flat(data["rollout_is_weights"], lengths)
    data["response_mask"] = mask
    data = TensorDict(data, batch_size=count)
    given = {"dp_size": 1, "batch_num_tokens": None, "global_batch_size": None, **(global_batch or {})}
    for name, value in given.items():
        data.set_non_tensor(name, value)
    policy, entropy = unpadded(batch, "policy"), unpadded(batch, "entropy")
    output = {"log_probs": policy}
    if config.entropy_coeff:
        output["entropy"] = entropy
    with randperm_recorded() as permutations:
        loss, loss_metrics = ppo_loss(config, output, data)
    loss.backward()
    outputs["loss"] = loss.item()
    outputs["gradient"] = packed_gradient(policy, lengths)
    if config.entropy_coeff:
        outputs["entropy_gradient"] = packed_gradient(entropy, lengths)
    if permutations:
        outputs["permutation"] = permutations[0]
    metrics = {**metrics, **{name: scalar(value) for name, value in loss_metrics.items()}}
    outputs["metrics"] = metrics
    return outputs


def off_policy_metrics(batch):
    """The mismatch of the old policy with the rollout policy, which no setting changes."""
    lengths = batch["lengths"]
    return rollout_corr_helper.compute_rollout_corr_metrics_from_logprobs(
        log_prob=padded(batch["old"], lengths), rollout_log_prob=padded(batch["sampled"], lengths),
        response_mask=token_mask(lengths),
    )


def rollout_difference_metrics(batch):
    """`training/rollout_probs_diff_*`: the old policy's probabilities against the rollout's."""
    lengths = batch["lengths"]
    return calculate_debug_metrics(DataProto.from_dict(tensors={
        "rollout_log_probs": padded(batch["sampled"], lengths), "old_log_probs": padded(batch["old"], lengths),
        "response_mask": token_mask(lengths), "responses": token_mask(lengths),
    }))


def overlong_case(limits, lengths):
    """The reward that DAPO's reward manager gives a solution worth 1, by its length."""
    buffer = {"enable": True, "log": True, "len": limits["overlong_buffer_len"], "penalty_factor": limits["penalty_factor"]}
    kwargs = {"overlong_buffer_cfg": buffer, "max_resp_len": limits["max_resp_len"]}
    config = OmegaConf.create({"reward": {"reward_kwargs": kwargs}})
    decoder = SimpleNamespace(decode=lambda ids, skip_special_tokens: "")
    manager = DAPORewardManager(config, decoder, lambda **solution: 1.0)
    rewards = []
    for length in lengths:
        width = limits["max_resp_len"]
        response = torch.ones(1, width, dtype=torch.int64)
        attention = torch.cat([response[:, :1], token_mask([length, width])[:1]], dim=1)
        data = DataProto.from_dict(
            tensors={"responses": response, "attention_mask": attention},
            non_tensors={"data_source": ["golden"], "reward_model": [{"ground_truth": ""}], "extra_info": [{}]},
        )
        rewards.append(scalar(manager.loop.run_until_complete(manager.run_single(data))["reward_score"]))
    return {"limits": limits, "lengths": lengths, "rewards": rewards}


class randperm_recorded:
    """Records the permutations that Clip-Cov draws: it clips the first few candidates of each."""

    def __enter__(self):
        self.drawn, self.original = [], torch.randperm
        torch.manual_seed(7)

        def recorded(count):
            permutation = self.original(count)
            self.drawn.append(permutation.tolist())
            return permutation

        torch.randperm = recorded
        return self.drawn

    def __exit__(self, *error):
        torch.randperm = self.original


def scalar(value):
    value = value.aggregate() if hasattr(value, "aggregate") else value
    return value.item() if torch.is_tensor(value) else value


def reward_matrix(rewards, lengths):
    """[completions, longest] with each completion's reward at its last token."""
    matrix = torch.zeros(len(lengths), max(lengths), dtype=torch.float64)
    for row, (reward, length) in enumerate(zip(rewards, lengths)):
        matrix[row, length - 1] = reward
    return matrix


def advantage_case(batch, estimator, setting, components):
    """verl's advantages, one a token; for two estimators also the metrics of `compute_data_metrics`."""
    lengths, count = batch["lengths"], len(batch["lengths"])
    setting = dict(setting)
    config = AlgoConfig(**{k: v for k, v in setting.items() if k in AlgoConfig.__dataclass_fields__})
    names = list(components)
    total = [sum(values) for values in zip(*components.values())]
    scores, mask = reward_matrix(total, lengths), token_mask(lengths)
    index = np.array([f"prompt {row // batch['group_size']}" for row in range(count)], dtype=object)
    arguments = {"index": index, "norm_adv_by_std_in_grpo": setting.get("norm_adv_by_std_in_grpo", True)}
    prompts = torch.ones(count, 1, dtype=torch.int64)
    attention = torch.cat([prompts, token_mask(lengths)], dim=1)
    if estimator == "gdpo":
        config = OmegaConf.create({"gdpo_reward_keys": names, "gdpo_reward_weights": setting.get("gdpo_reward_weights")})
        arguments["non_tensor_batch"] = {name: np.array(values) for name, values in components.items()}
        arguments["batch"] = {"prompts": prompts, "attention_mask": attention}
    if estimator == "reinforce_plus_plus":
        arguments = {}
    if estimator in ("grpo_passk", "reinforce_plus_plus_baseline", "rloo", "rloo_vectorized", "opo", "gpg"):
        del arguments["norm_adv_by_std_in_grpo"]
    function = core_algos.get_adv_estimator_fn(estimator)
    advantages, returns = function(
        token_level_rewards=scores.clone(), response_mask=mask.double(), config=config, **arguments)
    data = DataProto.from_dict(tensors={
        "token_level_scores": scores, "token_level_rewards": scores, "advantages": advantages, "returns": returns,
        "prompts": prompts, "responses": token_mask(lengths), "response_mask": mask, "attention_mask": attention,
    })
    outputs = {"advantages": flat(advantages, lengths)}
    if estimator in ("grpo", "reinforce_plus_plus"):
        metrics = compute_data_metrics(data, use_critic=False)
        outputs["metrics"] = {k: scalar(v) for k, v in metrics.items() if k.startswith(REWARD_METRICS)}
    return outputs


def kl_case(batch, kind):
    """One KL estimator: its value and its gradient, token by token."""
    policy = torch.tensor(batch["policy"], dtype=torch.float64, requires_grad=True)
    reference = torch.tensor(batch["reference"], dtype=torch.float64)
    value = core_algos.kl_penalty(policy, reference, kind)
    value.sum().backward()
    return {"kl": value.tolist(), "gradient": policy.grad.tolist()}


def kl_in_reward_case(batch, kind, controller):
    """The KL penalty in the reward, with the controller's coefficient before and after."""
    lengths, mask = batch["lengths"], response_mask(batch)
    control = core_algos.get_kl_controller(OmegaConf.create(controller))
    data = DataProto.from_dict(tensors={
        "token_level_scores": reward_matrix(batch["rewards"], lengths), "response_mask": mask,
        "old_log_probs": padded(batch["old"], lengths), "ref_log_prob": padded(batch["reference"], lengths),
    })
    data, metrics = apply_kl_penalty(data, control, kl_penalty=kind)
    return {
        "token_level_rewards": flat(data.batch["token_level_rewards"], lengths),
        "kl_coef_after": float(control.value),
        "metrics": metrics,
    }


def controller_case(controller, observed):
    """The adaptive coefficient after each of the observed (KL, samples) pairs."""
    control = core_algos.get_kl_controller(OmegaConf.create(controller))
    coefficients = []
    for current, samples in observed:
        control.update(current_kl=current, n_steps=samples)
        coefficients.append(float(control.value))
    return {"kl_coef": coefficients}
