"""Input batches of the golden data, drawn with a fixed seed and rounded to a few decimals.

Python's own generator draws them, so that no library version changes an input. Rounding keeps the
files short and makes the decimal in the file exactly the number that the libraries saw.
"""

import random

DECIMALS = 4
# Entropies lie on a grid that single precision represents exactly: TRL compares them with a
# quantile that it computes in single precision.
ENTROPY_GRID = 1024


def rounded(value):
    return round(value, DECIMALS) + 0.0


def draw_tokens(rng, count, drift, mismatch, reference_drift):
    """Log-probabilities under the old, current, rollout and reference policies, and entropies."""
    tokens = {name: [] for name in ("policy", "old", "sampled", "reference", "entropy")}
    for _ in range(count):
        old = -0.02 - abs(rng.gauss(0.0, 1.3))
        below_zero = lambda value: rounded(min(value, -0.0005))
        tokens["old"].append(below_zero(old))
        tokens["policy"].append(below_zero(old + rng.gauss(0.0, drift)))
        tokens["sampled"].append(below_zero(old + rng.gauss(0.0, mismatch)))
        tokens["reference"].append(below_zero(old + rng.gauss(0.0, reference_drift)))
        tokens["entropy"].append(round(rng.uniform(0.0, 3.0) * ENTROPY_GRID) / ENTROPY_GRID)
    return tokens


def batch(name, seed, group_size, lengths, rewards, advantages, drift=0.25, mismatch=0.12,
          reference_drift=0.4, truncated=None):
    """A batch whose advantages hold for whole completions."""
    rng = random.Random(seed)
    assert len(lengths) == len(rewards) == len(advantages) and len(lengths) % group_size == 0
    return {
        "name": name,
        "group_size": group_size,
        "lengths": lengths,
        "truncated": truncated or [False] * len(lengths),
        "rewards": rewards,
        "advantage_level": "completion",
        "advantages": [a for a, n in zip(advantages, lengths) for _ in range(n)],
        **draw_tokens(rng, sum(lengths), drift, mismatch, reference_drift),
    }


def ragged():
    return batch(
        "ragged", 11, 4, [1, 7, 3, 5, 2, 6, 4, 8],
        [1.0, 0.0, 0.5, 0.25, 0.0, 1.0, 1.0, 0.75],
        [1.25, -0.875, 0.5, -0.4, 0.0, 1.1, -1.6, 0.3],
    )


def single_group():
    return batch(
        "single_group", 12, 5, [4, 4, 2, 6, 3],
        [0.0, 1.0, 0.0, 0.0, 0.25], [-0.55, 1.75, -0.55, -0.55, 0.0], drift=0.6, mismatch=0.3,
    )


def truncated():
    """Two completions hit the length limit, one of them the longest of its group."""
    return batch(
        "truncated", 13, 3, [3, 9, 5, 9, 2, 6],
        [1.0, 0.0, 0.0, 1.0, 1.0, 0.0], [1.15, -0.6, -0.6, 0.6, 0.6, -1.2],
        truncated=[False, True, False, True, False, False],
    )


def stepwise():
    """Advantages of their own for every token, as per-step credit gives."""
    made = batch("stepwise", 14, 3, [5, 3, 6, 4, 2, 5], [1.0, 0.5, 0.0, 0.0, 1.0, 0.25], [0.0] * 6)
    rng = random.Random(114)
    made["advantage_level"] = "token"
    made["advantages"] = [rounded(rng.gauss(0.0, 1.0)) for _ in made["policy"]]
    return made


def extreme():
    """Log ratios up to 25 nats either way, and ratios of exactly one."""
    made = batch(
        "extreme", 15, 3, [4, 1, 5, 3, 6, 2],
        [1.0, 1.0, 0.0, 0.0, 0.0, 1.0], [0.6, 0.6, -1.2, -0.6, -0.6, 1.2], drift=1.5, mismatch=0.8,
    )
    lead = {0: (-0.1, -25.35), 1: (-25.4, -0.2), 2: (-1.5, -1.5), 5: (-0.05, -25.1), 6: (-24.9, -0.3),
            7: (-12.0, -0.5), 10: (-0.25, -12.5), 11: (-0.7, -0.7), 13: (-26.0, -0.4), 15: (-0.6, -6.0)}
    for index, (policy, old) in lead.items():
        made["policy"][index], made["old"][index] = policy, old
    made["sampled"][3], made["sampled"][9] = -22.75, -14.25
    made["reference"][2], made["reference"][8] = -23.5, -0.15
    return made


def loss_batches():
    return [ragged(), single_group(), truncated(), stepwise(), extreme()]


def reward_batches():
    """Groups for the advantage functions: binary and graded rewards, uniform groups, negative rewards."""
    rng = random.Random(21)
    binary = [1, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1, 0, 1, 0]
    graded = [round(rng.uniform(-2.0, 3.0) * 32) / 32 for _ in range(18)]
    process = [round(rng.uniform(0.0, 1.0) * 32) / 32 for _ in range(18)]
    format_ = [float(rng.random() < 0.7) for _ in range(18)]
    lengths = [rng.randint(1, 4) for _ in range(24)]
    one = {"group_size": 4, "lengths": lengths, "components": {"correct": [float(b) for b in binary]}}
    two = {"group_size": 6, "lengths": lengths[:18], "components": {"outcome": graded}}
    three = {
        "group_size": 3, "lengths": lengths[3:21],
        "components": {"outcome": [float(b) for b in binary[:18]], "process": process, "format": format_},
    }
    pairs = {"group_size": 2, "lengths": [3, 5, 2, 2], "components": {"outcome": [1.0, 0.0, 0.5, 0.5]}}
    singles = {"group_size": 1, "lengths": [3, 1, 4], "components": {"outcome": [1.0, 0.0, 0.5]}}
    named = {"binary": one, "graded": two, "components": three, "pairs": pairs, "singles": singles}
    cut = {name: [row % 5 == 2 for row in range(len(made["lengths"]))] for name, made in named.items()}
    return [{"name": name, "truncated": cut[name], **made} for name, made in named.items()]


def with_tokens(made):
    """A reward batch with the per-token inputs that TRL's generation step reads; none of them matters."""
    tokens = draw_tokens(random.Random(1), sum(made["lengths"]), 0.1, 0.1, 0.1)
    return {**made, **tokens}
