"""Which settings run on which batches, under each library's own names."""

TRL_LOSS_TYPES = ["grpo", "bnpo", "dr_grpo", "dapo", "cispo", "sapo", "luspo", "vespo"]
VERL_LOSS_MODES = [
    "vanilla", "gspo", "cispo", "sapo", "geo_mean", "gpg", "clip_cov", "kl_cov", "dppo_tv", "dppo_kl", "dro",
]
VERL_AGGREGATIONS = [
    "token-mean", "token-sum", "seq-mean-token-sum", "seq-mean-token-mean", "seq-mean-token-sum-norm",
]
VERL_KL_KINDS = ["kl", "k1", "k1+", "abs", "abs+", "mse", "k2", "k2+", "low_var_kl", "low_var_kl+", "k3", "k3+"]
CISPO_HIGH = {"epsilon_high": 1.3}


def trl_loss_cases():
    """(batch, setting) pairs; a setting may hold `on_policy`: the old policy is the current one."""
    masked = {"mask_truncated_completions": True}
    cases = []
    for name in ["ragged", "single_group", "stepwise", "extreme"]:
        cases += [(name, {"loss_type": kind}) for kind in TRL_LOSS_TYPES]
    cases += [("truncated", {"loss_type": kind, **masked}) for kind in TRL_LOSS_TYPES]
    cases += [("truncated", {"loss_type": kind}) for kind in ["grpo", "dapo"]]
    for kind in ["grpo", "bnpo", "dr_grpo", "dapo", "cispo", "sapo", "luspo"]:
        cases.append(("ragged", {"loss_type": kind, "importance_sampling_level": "sequence", "epsilon": 0.05}))
    for kind in ["grpo", "luspo"]:
        sequence = {"loss_type": kind, "importance_sampling_level": "sequence", "epsilon": 0.05}
        cases += [("extreme", sequence), ("stepwise", sequence), ("truncated", {**sequence, **masked})]
    cases += trl_clip_cases() + trl_kl_cases() + trl_mismatch_cases() + trl_entropy_cases()
    cases += trl_accumulation_cases()
    everything = {
        "loss_type": "dapo", "epsilon": 0.2, "epsilon_high": 0.28, "delta": 1.6, "beta": 0.04, "use_vllm": True,
        "vllm_importance_sampling_mode": "token_truncate", "vllm_importance_sampling_clip_max": 1.15,
        "off_policy_mask_threshold": 0.05, "top_entropy_quantile": 0.6, "entropy_coef": 0.01,
        "gradient_accumulation_steps": 2,
    }
    return cases + [("ragged", everything), ("truncated", {**everything, **masked, "loss_type": "grpo"})]


def trl_clip_cases():
    cases = [("ragged", {"loss_type": "dapo", "epsilon": 0.1, "epsilon_high": 0.28})]
    for delta in [1.25, 1.6, 4.0]:
        cases.append(("ragged", {"loss_type": "grpo", "delta": delta}))
    for name in ["single_group", "extreme"]:
        cases.append((name, {"loss_type": "grpo", "epsilon_high": 0.28, "delta": 2.0}))
    cases.append(("ragged", {"loss_type": "grpo", "importance_sampling_level": "sequence", "epsilon": 0.02,
                             "delta": 1.05}))
    for name in ["ragged", "single_group", "extreme"]:
        cases.append((name, {"loss_type": "cispo", **CISPO_HIGH}))
    cases.append(("single_group", {"loss_type": "sapo", "sapo_temperature_pos": 0.8, "sapo_temperature_neg": 1.6}))
    cases.append(("ragged", {"loss_type": "vespo", "vespo_k_pos": 1.0, "vespo_lambda_pos": 1.5,
                             "vespo_k_neg": 2.0, "vespo_lambda_neg": 2.5}))
    cases += [("ragged", {"loss_type": kind, "on_policy": True}) for kind in ["grpo", "dapo", "cispo"]]
    return cases


def trl_kl_cases():
    cases = []
    for corrected in [True, False]:
        penalty = {"beta": 0.04, "use_bias_correction_kl": corrected}
        cases += [("ragged", {"loss_type": kind, **penalty}) for kind in TRL_LOSS_TYPES]
        cases.append(("ragged", {"loss_type": "grpo", "importance_sampling_level": "sequence", **penalty}))
        cases.append(("extreme", {"loss_type": "dapo", **penalty}))
        cases.append(("stepwise", {"loss_type": "dr_grpo", **penalty}))
        cases.append(("truncated", {"loss_type": "grpo", "mask_truncated_completions": True, **penalty}))
        cases.append(("ragged", {"loss_type": "grpo", "on_policy": True, **penalty}))
    return cases


def trl_mismatch_cases():
    cases = []
    modes = {"token_truncate": (0.9, 1.15), "token_mask": (0.9, 1.15),
             "sequence_truncate": (0.8, 1.2), "sequence_mask": (0.8, 1.2)}
    for mode, (low, high) in modes.items():
        given = {"use_vllm": True, "vllm_importance_sampling_mode": mode, "vllm_importance_sampling_clip_max": high}
        both = {**given, "vllm_importance_sampling_clip_min": low}
        cases += [("ragged", {"loss_type": "dapo", **given}), ("ragged", {"loss_type": "grpo", **both}),
                  ("extreme", {"loss_type": "dapo", **given}), ("single_group", {"loss_type": "cispo", **both})]
    given = {"use_vllm": True, "vllm_importance_sampling_mode": "token_truncate"}
    cases.append(("ragged", {"loss_type": "vespo", "vllm_importance_sampling_clip_max": 1.15, **given}))
    cases.append(("truncated", {"loss_type": "grpo", "mask_truncated_completions": True, **given}))
    cases.append(("ragged", {"loss_type": "luspo", "importance_sampling_level": "sequence", "use_vllm": True,
                             "vllm_importance_sampling_mode": "sequence_mask"}))
    for name, threshold in [("ragged", 0.0), ("single_group", 0.05), ("stepwise", 0.01)]:
        cases.append((name, {"loss_type": "grpo", "off_policy_mask_threshold": threshold}))
    cases.append(("extreme", {"loss_type": "dapo", "off_policy_mask_threshold": 0.5}))
    return cases


def trl_entropy_cases():
    cases = [("ragged", {"loss_type": "dapo", "top_entropy_quantile": share}) for share in [0.0, 0.2, 0.5]]
    cases.append(("ragged", {"loss_type": "grpo", "importance_sampling_level": "sequence",
                             "top_entropy_quantile": 0.2}))
    for kind in ["grpo", "dr_grpo", "dapo"]:
        cases.append(("ragged", {"loss_type": kind, "entropy_coef": 0.01}))
    cases.append(("truncated", {"loss_type": "grpo", "entropy_coef": 0.01, "mask_truncated_completions": True}))
    cases.append(("ragged", {"loss_type": "dapo", "entropy_coef": 0.01, "top_entropy_quantile": 0.2}))
    return cases


def trl_accumulation_cases():
    cases = [("ragged", {"loss_type": kind, "gradient_accumulation_steps": 2}) for kind in TRL_LOSS_TYPES]
    # A generation batch for two optimizer steps: `dapo` divides each by the average token count of a step.
    cases += [("ragged", {"loss_type": kind, "gradient_accumulation_steps": 2, "steps_per_generation": 4})
              for kind in ["grpo", "dapo"]]
    masked = {"gradient_accumulation_steps": 3, "mask_truncated_completions": True}
    return cases + [("truncated", {"loss_type": kind, **masked}) for kind in ["grpo", "bnpo", "dapo"]]


def trl_advantage_cases():
    """(reward batch, setting) pairs."""
    cases = []
    for name in ["binary", "graded", "components", "pairs"]:
        cases += [(name, {"scale_rewards": scale}) for scale in ["group", "batch", "none"]]
    weights = {"reward_weights": [1.0, 0.5, 0.25]}
    gdpo = {"multi_objective_aggregation": "normalize_then_sum"}
    return cases + [("components", weights), ("components", gdpo), ("components", {**gdpo, **weights}),
                    ("binary", gdpo)]


def trl_rloo_cases():
    """(batch, setting) pairs for TRL's own RLOO trainer."""
    return [("ragged", {"beta": 0.0}), ("ragged", {"beta": 0.05}),
            ("single_group", {"beta": 0.05, "normalize_advantages": True, "epsilon": 0.1})]


def verl_loss_cases():
    """(batch, actor setting, rollout correction or None, global batch or None)."""
    cases = []
    for name in ["ragged", "single_group", "stepwise", "truncated", "extreme"]:
        for mode in VERL_LOSS_MODES:
            policy = {"loss_mode": mode}
            if mode in ("clip_cov", "kl_cov"):
                policy[f"{mode}_ratio"] = 0.1
            if mode == "clip_cov":
                policy.update(clip_cov_lb=0.1, clip_cov_ub=1.0)
            if mode == "dro":
                policy["dro_beta"] = 0.05
            # DPPO bounds a divergence by the clip ratio: at 0.2 it would mask nothing here.
            clip = {"dppo_tv": 0.05, "dppo_kl": 0.005}.get(mode)
            setting = {"clip_ratio_low": clip, "clip_ratio_high": 1.5 * clip} if clip else {}
            cases.append((name, {"policy_loss": policy, **setting}, None, None))
    for name in ["ragged", "truncated"]:
        for aggregation in VERL_AGGREGATIONS:
            cases.append((name, {"loss_agg_mode": aggregation}, None, None))
    cases.append(("ragged", {"loss_agg_mode": "seq-mean-token-sum-norm", "loss_scale_factor": 16}, None, None))
    cases += verl_clip_cases() + verl_kl_cases() + verl_correction_cases() + verl_global_cases()
    return cases


def verl_clip_cases():
    high = {"clip_ratio_low": 0.1, "clip_ratio_high": 0.28}
    settings = [high, {"clip_ratio_c": 1.2}, {"clip_ratio_c": 10.0}, {**high, "clip_ratio_c": 1.5}]
    cases = [(name, setting, None, None) for name in ["ragged", "extreme"] for setting in settings]
    gspo = {"policy_loss": {"loss_mode": "gspo"}, "clip_ratio_low": 0.0003, "clip_ratio_high": 0.0004}
    cases.append(("ragged", {**gspo, "loss_agg_mode": "seq-mean-token-mean"}, None, None))
    cases.append(("single_group", {"policy_loss": {"loss_mode": "sapo"}, "tau_pos": 0.8, "tau_neg": 1.6}, None, None))
    cases.append(("ragged", {"policy_loss": {"loss_mode": "cispo"}, "clip_ratio_low": 1.0,
                             "clip_ratio_high": 0.3}, None, None))
    # Clip-Cov with room for every candidate, where its random choice plays no part.
    cases.append(("ragged", {"policy_loss": {"loss_mode": "clip_cov", "clip_cov_ratio": 1.0, "clip_cov_lb": 0.1,
                                             "clip_cov_ub": 2.0}}, None, None))
    cases.append(("ragged", {"policy_loss": {"loss_mode": "kl_cov", "kl_cov_ratio": 0.5, "ppo_kl_coef": 1.0}},
                  None, None))
    return cases


def verl_kl_cases():
    cases = []
    for kind in VERL_KL_KINDS:
        setting = {"use_kl_loss": True, "kl_loss_coef": 0.05, "kl_loss_type": kind}
        cases.append(("ragged", setting, None, None))
    for name, aggregation in [("truncated", "seq-mean-token-mean"), ("extreme", "token-mean"),
                              ("stepwise", "seq-mean-token-sum-norm")]:
        setting = {"use_kl_loss": True, "kl_loss_coef": 0.05, "entropy_coeff": 0.01, "loss_agg_mode": aggregation}
        cases.append((name, setting, None, None))
    return cases


def verl_correction_cases():
    cases = []
    for level in ["token", "sequence"]:
        for threshold in [1.15, "0.9_1.15"]:
            for normalized in [False, True]:
                correction = {"rollout_is": level, "rollout_is_threshold": threshold,
                              "rollout_is_batch_normalize": normalized}
                cases.append(("ragged", {}, correction, None))
        for name in ["truncated", "extreme"]:
            cases.append((name, {}, {"rollout_is": level, "rollout_is_threshold": 2.0}, None))
    for mode in ["geo_mean", "cispo", "gspo"]:
        correction = {"rollout_is": "token", "rollout_is_threshold": 1.15}
        cases.append(("ragged", {"policy_loss": {"loss_mode": mode}}, correction, None))
    rejections = {
        "token_k1": "0.9_1.15", "token_k2": 0.01, "token_k3": 0.01, "seq_sum_k1": "0.8_1.2", "seq_sum_k2": 0.04,
        "seq_sum_k3": 0.04, "seq_mean_k1": "0.97_1.03", "seq_mean_k2": 0.008, "seq_mean_k3": 0.008,
        "seq_max_k2": 0.02, "seq_max_k3": 0.02, "token_k1,seq_max_k2": "0.8_1.2,0.03",
    }
    for option, threshold in rejections.items():
        cases.append(("ragged", {"loss_agg_mode": "seq-mean-token-mean"},
                      {"rollout_rs": option, "rollout_rs_threshold": threshold}, None))
    # Bounds that part k2 from k3: the batch has mismatches of both signs near them.
    for option, threshold in {"token": 0.26, "seq_sum": 0.3, "seq_mean": 0.1, "seq_max": 0.26}.items():
        for estimator in ["k2", "k3"]:
            cases.append(("single_group", {},
                          {"rollout_rs": f"{option}_{estimator}", "rollout_rs_threshold": threshold}, None))
    both = {"rollout_is": "sequence", "rollout_is_threshold": 2.0, "rollout_rs": "seq_sum_k1",
            "rollout_rs_threshold": "0.5_2.0"}
    return cases + [("extreme", {}, both, None), ("single_group", {}, both, None)]


def verl_global_cases():
    """A micro-batch of a larger batch, normalized over the whole of it."""
    whole = {"batch_num_tokens": 100, "global_batch_size": 20}
    cases = [("ragged", {"loss_agg_mode": mode}, None, whole) for mode in VERL_AGGREGATIONS]
    return cases + [("truncated", {"loss_agg_mode": mode}, None, {"dp_size": 2, **whole})
                    for mode in VERL_AGGREGATIONS]


def verl_advantage_cases():
    """(reward batch, estimator, setting)."""
    cases = []
    plain = ["rloo", "rloo_vectorized", "opo", "gpg", "reinforce_plus_plus_baseline"]
    for name in ["binary", "graded", "pairs", "singles"]:
        cases += [(name, estimator, {}) for estimator in plain]
        for estimator in ["grpo", "grpo_vectorized", "grpo_passk"]:
            if (name, estimator) != ("singles", "grpo_passk"):  # verl refuses a group of one there
                cases += [(name, estimator, {"norm_adv_by_std_in_grpo": std}) for std in [True, False]]
        cases += [(name, "reinforce_plus_plus", {"gamma": gamma}) for gamma in [1.0, 0.9]]
    cases.append(("components", "grpo", {}))
    cases += [("components", "gdpo", {}), ("components", "gdpo", {"gdpo_reward_weights": [1.0, 0.5, 0.25]})]
    return cases
