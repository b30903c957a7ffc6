"""A task for lm-evaluation-harness (0.4.13): verified solutions, right answers, right steps and pass@k.

Contract met: a task YAML names ``custom_dataset``, which is called with the task's metadata as keywords and returns
splits, ``process_results``, which gets a document and its filtered responses and returns metrics, and a ``custom``
filter, which keeps all ``repeats`` responses. Sources: ``lm_eval/api/task.py``, ``lm_eval/evaluator.py``,
``lm_eval/filters/custom.py``, ``lm_eval/tasks/_factory.py``. The YAML files are in ``TASKS``; needs no torch.

``lm_eval --tasks interplay_dag --include_path DIR --metadata '{"interplay": {"op": "11-14", "size": 500}}' ...`` with
DIR as ``python -c "from interplay.adapters.lm_eval import TASKS; print(TASKS)"`` says; ``interplay_dag_pass_at_k``
samples eight solutions a problem. In Python:

>>> from interplay.adapters.lm_eval import task_config
>>> task = task_config({"op": "11-14", "size": 500}, repeats=16)
>>> # lm_eval.simple_evaluate(model, tasks=[task])
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import datasets
from interplay import BatchError, Dataset, pass_at_k, verify_batch
from interplay.adapters.chat import messages
from lm_eval.tasks._yaml_loader import load_yaml

__all__ = ["TASKS", "custom_dataset", "keep_all", "process_results", "task_config"]

TASKS = Path(__file__).parent / "lm_eval_tasks"
"""The folder of the task files."""

_DEFAULTS = {"op": "2-10", "context": "zoo", "dialect": "prose", "seed": 0, "name": "test", "size": 200}
_FEWSHOT_DOCS = 32


def task_config(
    problems: Mapping[str, Any] | None = None, *, repeats: int = 1, instruct: bool = False, **changes: Any
) -> dict[str, Any]:
    """The task as a dict for ``simple_evaluate(tasks=[...])``, so that one run may hold several.

    Args:
        problems: As the argument ``interplay`` of ``custom_dataset``.
        repeats: How many solutions to draw of each problem: greedily if one, else at temperature 1.
        instruct: As for ``custom_dataset``.
        changes: Other keys of a task, such as ``task="my_name"`` or ``num_fewshot=2``.
    """
    config = load_yaml(TASKS / ("interplay_dag_pass_at_k.yaml" if repeats > 1 else "interplay_dag.yaml"))
    metadata = {**config["metadata"], **({} if problems is None else {"interplay": dict(problems)})}
    return {**config, "repeats": repeats, "metadata": {**metadata, "instruct": instruct}, **changes}


def custom_dataset(
    interplay: Mapping[str, Any] | None = None, *, instruct: bool = False, **metadata: Any
) -> dict[str, datasets.Dataset]:
    """The problems to solve as ``test``, and others for ``--num_fewshot`` as ``fewshot``.

    Args:
        interplay: Arguments of ``interplay.Dataset``; ``spec`` may name a published mixture.
        instruct: Whether the prompt tells a general chat model how to write its steps, for ``--apply_chat_template``;
            otherwise it is the problem in the paper's tags.
        metadata: The rest of what lm-eval knows about the run; not used.

    Raises:
        ValueError: A setting is wrong.
    """
    given = dict(interplay or {})
    defaults = {key: _DEFAULTS[key] for key in ("seed", "name", "size")} if "spec" in given else _DEFAULTS
    settings = {**defaults, **given}
    if not isinstance(settings["size"], int) or settings["size"] < 1:
        raise ValueError(f"interplay: size is {settings['size']!r}; expected how many problems, at least 1")
    shots = {**settings, "name": f"{settings['name']} fewshot", "size": _FEWSHOT_DOCS}
    splits = {"test": Dataset(**settings)[:], "fewshot": Dataset(**shots)[:]}
    if instruct:
        splits = {
            split: [{**problem, "prompt": messages(problem)[0]["content"]} for problem in problems]
            for split, problems in splits.items()
        }
    return {split: datasets.Dataset.from_list(problems) for split, problems in splits.items()}


def keep_all(responses: Iterable[Sequence[str]], docs: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """A filter that hands all responses of a document on; lm-eval's default keeps the first."""
    return [list(sampled) for sampled in responses]


def process_results(doc: Mapping[str, Any], results: Sequence[Any]) -> dict[str, float]:
    """The metrics of one document.

    Args:
        doc: The problem.
        results: One list of the sampled responses, or with another filter than ``keep_all`` one response.

    Returns:
        ``verified``, ``answer_accuracy`` and ``process_accuracy``, each the mean over the responses, and ``pass@k`` for
        each power of two up to their number, without bias. Responses that cannot be judged are left out with a warning;
        a document without any other gets no metrics, and lm-eval takes its means over the others.

    Raises:
        ValueError: The document has no column ``solution``.
    """
    if "solution" not in doc:
        raise ValueError(
            f"interplay: the document has no gold solution under `solution` (columns found: {', '.join(doc)}); use "
            "custom_dataset, or rename the column by process_docs"
        )
    responses = results[0] if len(results) == 1 and isinstance(results[0], list) else list(results)
    gold = {key: doc[key] for key in ("solution", "problem", "question") if doc.get(key) is not None}
    try:
        verdicts = verify_batch([gold] * len(responses), responses)
    except BatchError as error:
        verdicts = [verdict for verdict in error.results if verdict is not None]
        index, why = next(iter(error.failures.items()))
        warnings.warn(
            f"interplay: document {doc.get('id')}: {len(error.failures)} of {len(responses)} responses cannot be "
            f"judged and do not count (response {index}: {why})",
            RuntimeWarning,
            stacklevel=2,
        )
    n = len(verdicts)
    if n == 0:
        return {}
    verified = sum(verdict.accepted for verdict in verdicts)
    ks = [1 << power for power in range(n.bit_length())]
    return {
        "verified": verified / n,
        "answer_accuracy": sum(verdict.answer_correct for verdict in verdicts) / n,
        "process_accuracy": sum(verdict.process_accuracy for verdict in verdicts) / n,
        **{f"pass@{k}": pass_at_k(n, verified, k) for k in ks},
    }
