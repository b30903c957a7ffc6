"""Writes the golden data beside this file: `python generate.py`, about a minute on one core.

Every output comes from the functions of TRL 1.16.0 and verl 0.9.1 themselves, on torch 2.9.1;
requirements.txt pins the rest. Install with

    pip install -r requirements.txt && pip install --no-deps verl==0.9.1

A second run writes the same bytes. README.md describes the files.
"""

import importlib.metadata
import json
import math
import warnings
from pathlib import Path

import torch

warnings.filterwarnings("ignore")
# Both libraries build helper tensors in the default type; double precision keeps rounding out of the data.
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

import batches  # noqa: E402
import cases  # noqa: E402
import from_trl  # noqa: E402
import from_trl_rloo  # noqa: E402
import from_verl  # noqa: E402

FOLDER = Path(__file__).parent
PINNED = {"trl": "1.16.0", "verl": "0.9.1", "torch": "2.9.1", "transformers": "5.10.4"}
SIGNIFICANT_DIGITS = 9


def check_versions():
    for package, wanted in PINNED.items():
        found = importlib.metadata.version(package)
        if found.split("+")[0] != wanted:
            raise SystemExit(f"{package} is {found}, the golden data needs {wanted}: see requirements.txt")


def plain(value):
    """JSON-ready: floats to nine significant digits, numbers that are not finite to null."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, int):
        return value
    if not math.isfinite(value):
        return None
    value = float(f"{value:.{SIGNIFICANT_DIGITS}g}") + 0.0
    return int(value) if value == int(value) and abs(value) < 1e9 else value


def write(name, source, **sections):
    """One case a line, so that a change shows as the cases that changed."""
    lines = [f'"source": {json.dumps(source)}']
    for section, items in sections.items():
        compact = [json.dumps(plain(item), separators=(",", ":")) for item in items]
        lines.append(f'"{section}": [\n' + ",\n".join(compact) + "\n]")
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    (FOLDER / name).write_text(text)
    print(f"{name}: {sum(map(len, sections.values()))} cases, {len(text)} bytes")


def trl_losses(inputs):
    for batch, setting in cases.trl_loss_cases():
        setting = dict(setting)
        on_policy = setting.pop("on_policy", False)
        outputs = from_trl.loss_case(inputs[batch], setting, on_policy)
        given = {"on_policy": True} if on_policy else {}
        yield {"batch": batch, "setting": setting, **given, **outputs}


def trl_advantages(rewards):
    for batch, setting in cases.trl_advantage_cases():
        made = rewards[batch]
        yield {"batch": batch, "setting": setting, **from_trl.advantage_case(made, setting, made["components"])}


def trl_adaptive_entropy(inputs):
    setting = {"loss_type": "dapo", "use_adaptive_entropy": True, "entropy_target": 1.2, "entropy_coef": 0.01,
               "entropy_coef_delta": 0.02, "entropy_coef_max": 0.06}
    scales = [1.0, 0.9, 0.5, 0.6, 0.7, 0.75, 0.9, 1.0, 0.5, 1.0, 1.0, 1.0]
    outputs = from_trl.adaptive_entropy_case(inputs["ragged"], setting, scales)
    yield {"batch": "ragged", "setting": setting, "scales": scales, **outputs}


def trl_rloo(inputs):
    for batch, setting in cases.trl_rloo_cases():
        made = inputs[batch]
        yield {"batch": batch, "setting": setting, **from_trl_rloo.case(made, setting, {"reward": made["rewards"]})}


def verl_losses(inputs):
    for batch, setting, correction, whole in cases.verl_loss_cases():
        outputs = from_verl.loss_case(inputs[batch], setting, correction, whole)
        given = {"rollout_correction": correction, "global_batch": whole}
        given = {name: value for name, value in given.items() if value is not None}
        yield {"batch": batch, "setting": setting, **given, **outputs}


def verl_off_policy(inputs):
    for name, made in inputs.items():
        metrics = {**from_verl.off_policy_metrics(made), **from_verl.rollout_difference_metrics(made)}
        yield {"batch": name, "metrics": metrics}


def verl_overlong():
    for buffer, penalty in [(4, 1.0), (8, 0.5)]:
        limits = {"max_resp_len": 16, "overlong_buffer_len": buffer, "penalty_factor": penalty}
        yield from_verl.overlong_case(limits, [1, 7, 8, 9, 11, 12, 13, 14, 15, 16])


def verl_advantages(rewards):
    for batch, estimator, setting in cases.verl_advantage_cases():
        made = rewards[batch]
        outputs = from_verl.advantage_case(made, estimator, setting, made["components"])
        yield {"batch": batch, "adv_estimator": estimator, "setting": setting, **outputs}


def verl_estimators(inputs):
    for batch in ["ragged", "extreme"]:
        for kind in cases.VERL_KL_KINDS:
            yield {"batch": batch, "kind": kind, **from_verl.kl_case(inputs[batch], kind)}


def verl_kl_in_reward(inputs):
    adaptive = {"type": "adaptive", "kl_coef": 0.1, "horizon": 100, "target_kl": 0.1}
    for batch, kind, controller in [
        ("ragged", "kl", adaptive), ("ragged", "k3", {"type": "fixed", "kl_coef": 0.05}),
        ("truncated", "kl", adaptive), ("extreme", "low_var_kl", adaptive),
    ]:
        outputs = from_verl.kl_in_reward_case(inputs[batch], kind, controller)
        yield {"batch": batch, "kind": kind, "kl_ctrl": controller, **outputs}


def verl_controllers():
    observed = [[0.3, 32], [0.105, 32], [0.1, 32], [0.02, 64], [-0.1, 8], [0.13, 128], [0.095, 500]]
    for kind in ["adaptive", "fixed"]:
        controller = {"type": kind, "kl_coef": 0.02, "horizon": 1000, "target_kl": 0.1}
        outputs = from_verl.controller_case(controller, observed)
        yield {"kl_ctrl": controller, "observed": observed, **outputs}


def main():
    check_versions()
    inputs = {made["name"]: made for made in batches.loss_batches()}
    rewards = {made["name"]: made for made in batches.reward_batches()}
    write("batches.json", "batches.py", loss=list(inputs.values()), reward=list(rewards.values()))
    full = {name: batches.with_tokens(made) for name, made in rewards.items()}
    trl, verl = f"trl {PINNED['trl']}", f"verl {PINNED['verl']}"
    write("trl_loss.json", trl, cases=list(trl_losses(inputs)), adaptive_entropy=list(trl_adaptive_entropy(inputs)))
    write("trl_advantage.json", trl, cases=list(trl_advantages(full)), rloo=list(trl_rloo(inputs)))
    write("verl_loss.json", verl, cases=list(verl_losses(inputs)), off_policy=list(verl_off_policy(inputs)))
    write("verl_advantage.json", verl, cases=list(verl_advantages(rewards)), overlong=list(verl_overlong()))
    write("verl_kl.json", verl, estimators=list(verl_estimators(inputs)),
          in_reward=list(verl_kl_in_reward(inputs)), controllers=list(verl_controllers()))


if __name__ == "__main__":
    main()
