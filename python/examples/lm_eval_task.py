"""Evaluates a stand-in for a model by lm-eval: it knows each solution, and gets every third sample wrong.

Needs ``pip install lm-eval``. A real model is evaluated by the command in ``interplay/adapters/lm_eval.py``.
"""

from __future__ import annotations

import itertools
from typing import Any

import lm_eval
from interplay.adapters.lm_eval import TASKS
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager


class Forgetful(LM):
    """Answers with the document's gold solution, but every third time with the answer alone."""

    def generate_until(self, requests: list[Instance], **_: Any) -> list[str]:
        turns = zip(requests, itertools.cycle((True, True, False)))
        return [request.doc["solution"] if right else f"Answer: {request.doc['answer']}." for request, right in turns]

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        raise NotImplementedError("the task generates text only")

    loglikelihood_rolling = loglikelihood  # type: ignore[assignment]


def main() -> None:
    """Prints the metrics over 50 problems with eight samples each."""
    settings = {"interplay": {"op": "3-6", "dialect": "terse", "size": 50}}
    manager = TaskManager(include_path=str(TASKS), include_defaults=False, metadata=settings)
    results = lm_eval.simple_evaluate(
        Forgetful(), tasks=["interplay_dag_pass_at_k"], task_manager=manager, bootstrap_iters=100, log_samples=False
    )
    for metric, value in results["results"]["interplay_dag_pass_at_k"].items():
        if metric.endswith(",all") and "stderr" not in metric:
            print(f"{metric.removesuffix(',all')}: {value:.3f}")


if __name__ == "__main__":
    main()
