"""Reasoning problems of exact difficulty, and a verifier that checks every step.

>>> import interplay
>>> problem = interplay.Dataset(op=4, context="zoo", dialect="terse", seed=7)[0]
>>> bool(interplay.verify(problem, problem["solution"]))
True

The modules in ``interplay.adapters`` bring problems and rewards to TRL, verl, verifiers, reasoning-gym, OpenRLHF,
datasets and lm-evaluation-harness; each needs its package and imports nothing of the others.
"""

from ._native import (
    AuditReport,
    Dataset,
    Difference,
    Estimate,
    Gold,
    Reward,
    Step,
    StepError,
    Verdict,
    __version__,
    audit,
    contexts,
    mean_pass_at_k,
    operators,
    paired_difference,
    pass_at_k,
    pass_hat_k,
    presets,
    restore_tags,
    verify,
    verify_batch,
)
from .errors import BatchError
from .typing import Judged, Problem

__all__ = [
    "AuditReport",
    "BatchError",
    "Dataset",
    "Difference",
    "Estimate",
    "Gold",
    "Judged",
    "Problem",
    "Reward",
    "Step",
    "StepError",
    "Verdict",
    "__version__",
    "audit",
    "contexts",
    "mean_pass_at_k",
    "operators",
    "paired_difference",
    "pass_at_k",
    "pass_hat_k",
    "presets",
    "restore_tags",
    "verify",
    "verify_batch",
]
