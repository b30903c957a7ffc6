"""A remote reward for OpenRLHF (0.11.2): a server, or a reward function; needs nothing beside ``interplay``.

Contract met: OpenRLHF posts ``{"query": [...], "prompts": [...], "labels": [...]}``, where a query is a prompt with its
response and special tokens, and reads ``rewards``, ``scores`` and ``extra_logs`` as lists of numbers. It posts one item
at a time, tries five times, and ends the run where no reward comes. Sources: ``openrlhf/utils/agent.py``,
``SingleTurnAgentExecutor``; ``openrlhf/cli/serve_rm.py``; ``openrlhf/trainer/ppo_utils/samples_generator.py``.

Start ``python -m interplay.adapters.openrlhf --port 5000 --reward mixed --alpha 0.2`` and train with
``--reward.remote_url http://127.0.0.1:5000/get_reward --data.input_key prompt --data.label_key label``. Or give the
path of this file as the URL, with the reward's settings as JSON in the environment variable ``INTERPLAY_REWARD``.

>>> import interplay
>>> from interplay.adapters.openrlhf import Scorer, rows
>>> row = next(rows(interplay.Dataset(op=4, dialect="terse", seed=7)[:1]))
>>> Scorer("strict")([row["prompt"] + " Answer: 1."], [row["prompt"]], [row["label"]])["rewards"]
[0.0]
"""

from __future__ import annotations

import argparse
import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from interplay import BatchError, Judged, Reward
from interplay.adapters.chat import messages
from interplay.adapters.reward_server import RewardServer

__all__ = ["END_TOKENS", "Scorer", "reward_func", "rows"]

END_TOKENS = ("<|im_end|>", "<|endoftext|>", "<|end_of_text|>", "<|eot_id|>", "<end_of_turn>", "</s>", "<eos>")
"""Tokens that end a response and are no part of it."""

_GOLD = ("solution", "problem", "question", "answer")
_log = logging.getLogger("interplay.openrlhf")


def rows(problems: Iterable[Mapping[str, Any]], *, instruct: bool = False) -> Iterator[dict[str, Any]]:
    """Yields rows for OpenRLHF's prompt data set.

    Args:
        problems: Problems of an ``interplay.Dataset``.
        instruct: Whether ``prompt`` is a chat that tells a general model the dialect, for
            ``--data.apply_chat_template``; otherwise it is the problem in the paper's tags.
    """
    for problem in problems:
        gold = json.dumps({key: problem[key] for key in _GOLD})
        yield {"prompt": messages(problem) if instruct else problem["prompt"], "label": gold}


def _gold(label: Any) -> Any:
    """The gold of a label; raises ValueError for one that is empty or broken JSON."""
    if label in (None, "", {}):
        raise ValueError("the label is empty; expected the gold solution, or a JSON object with `solution`")
    if not isinstance(label, str) or not label.lstrip().startswith("{"):
        return label
    try:
        gold = json.loads(label)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the label starts as a JSON object but is none: {error}") from None
    return {key: gold[key] for key in _GOLD if gold.get(key) is not None}


class Scorer:
    """Judges queries, with the settings of ``interplay.Reward``.

    Args:
        kind: As for ``interplay.Reward``.
        end_tokens: What is cut off the end of a query.
        settings: The other arguments of ``interplay.Reward``, such as ``alpha=0.2`` or ``level="paper"``.
    """

    def __init__(self, kind: str = "strict", *, end_tokens: Sequence[str] = END_TOKENS, **settings: Any) -> None:
        self.reward = Reward(kind, **settings)
        if isinstance(end_tokens, str):
            raise TypeError(f"end_tokens: expected a list of tokens, found the str {end_tokens!r}")
        self.end_tokens = tuple(token for token in end_tokens if token)

    def __repr__(self) -> str:
        return f"Scorer({self.reward!r})"

    def response(self, query: Any, prompt: Any) -> str:
        """What the model wrote: the query after the prompt, without end tokens.

        Raises:
            ValueError: The query does not hold the prompt, not even its end.
        """
        if not isinstance(query, str) or not isinstance(prompt, str):
            found = f"{type(query).__name__} and {type(prompt).__name__}"
            raise ValueError(f"expected query and prompt as str, found {found}")
        if query.startswith(prompt):
            text = query[len(prompt) :]
        else:  # OpenRLHF cuts long prompts on the left, and a tokenizer may not give a prompt back unchanged.
            _, found, text = query.partition(prompt[-40:])
            if not found:
                raise ValueError(f"the query does not contain the end of its prompt, {prompt[-40:]!r}")
        while (text := text.rstrip()).endswith(self.end_tokens):
            text = next(text[: -len(token)] for token in self.end_tokens if text.endswith(token))
        return text

    def __call__(self, queries: Sequence[Any], prompts: Sequence[Any], labels: Sequence[Any]) -> dict[str, Any]:
        """The reply to a request, with the reason of each item without a reward under ``errors``.

        Such an item scores 0 with ``judged`` 0, because OpenRLHF ends a run where a reward is missing.
        """
        golds: list[Any] = [None] * len(queries)
        texts: list[Any] = [None] * len(queries)
        errors: dict[int, str] = {}
        for index, (query, prompt, label) in enumerate(zip(queries, prompts, labels, strict=True)):
            try:
                golds[index], texts[index] = _gold(label), self.response(query, prompt)
            except ValueError as error:
                errors[index] = str(error)
        judged: Sequence[Judged | None]
        try:
            judged = self.reward.judge_batch(golds, texts)
        except BatchError as error:
            judged, errors = error.results, error.failures | errors
        for index, why in errors.items():
            _log.warning("item %d of %d scores 0, as it cannot be judged: %s", index, len(judged), why)
        values = [0.0 if item is None else item.reward for item in judged]
        verdicts = [None if item is None else item.verdict for item in judged]
        hacked = [verdict is not None and verdict.answer_correct and not verdict.accepted for verdict in verdicts]
        logs = {
            "accepted": [float(bool(verdict)) for verdict in verdicts],
            "answer_correct": [float(verdict is not None and verdict.answer_correct) for verdict in verdicts],
            "process_accuracy": [verdict.process_accuracy if verdict is not None else 0.0 for verdict in verdicts],
            "right_answer_wrong_steps": [float(value) for value in hacked],
            "judged": [float(item is not None) for item in judged],
        }
        shown = {str(index): why for index, why in sorted(errors.items())}
        return {"rewards": values, "scores": values, "extra_logs": logs, "errors": shown}


@lru_cache(maxsize=8)
def _scorer(settings: str) -> Scorer:
    return Scorer(**json.loads(settings))


def reward_func(queries: Sequence[Any], prompts: Sequence[Any], labels: Sequence[Any]) -> dict[str, Any]:
    """The same without a server, for ``--reward.remote_url PATH`` of this file.

    The settings of ``Scorer`` come from ``INTERPLAY_REWARD``, such as ``{"kind": "mixed", "alpha": 0.2}``.
    """
    return _scorer(os.environ.get("INTERPLAY_REWARD") or "{}")(queries, prompts, labels)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the server until it is interrupted."""
    parser = argparse.ArgumentParser(prog="python -m interplay.adapters.openrlhf", description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 for other machines (default: %(default)s)")
    parser.add_argument("--port", type=int, default=5000, help="0 for any that is free (default: %(default)s)")
    parser.add_argument("--reward", default="strict", help="a kind of interplay.Reward (default: %(default)s)")
    parser.add_argument("--alpha", type=float, help="the share of the outcome, for --reward mixed")
    parser.add_argument("--settings", type=json.loads, default={}, help="other settings of the reward, as JSON")
    parser.add_argument("--end-token", action="append", default=[], help="another token that ends a response")
    parser.add_argument("--max-body-mib", type=int, default=64, help="limit of a request (default: %(default)s)")
    options = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s")
    alpha = {} if options.alpha is None else {"alpha": options.alpha}
    try:
        scorer = Scorer(options.reward, end_tokens=(*END_TOKENS, *options.end_token), **alpha, **options.settings)
    except (TypeError, ValueError) as error:
        parser.error(str(error))
    with RewardServer((options.host, options.port), scorer, max_body_bytes=options.max_body_mib << 20) as server:
        print(f"{scorer.reward!r} at http://{options.host}:{server.server_port}/get_reward", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("stopped")


if __name__ == "__main__":
    main()
