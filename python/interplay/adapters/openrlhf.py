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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from interplay import BatchError, Reward, verify_batch
from interplay.adapters.chat import messages

__all__ = ["END_TOKENS", "RewardServer", "Scorer", "reward_func", "rows"]

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
    """The gold of a label; raises ValueError for JSON that is no gold."""
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
        self.judge = {key: settings[key] for key in ("level", "forbid_unneeded") if key in settings}
        self.end_tokens = tuple(end_tokens)

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
        golds, texts, errors = [None] * len(queries), [None] * len(queries), dict[int, str]()
        for index, (query, prompt, label) in enumerate(zip(queries, prompts, labels, strict=True)):
            try:
                golds[index], texts[index] = _gold(label), self.response(query, prompt)
            except ValueError as error:
                errors[index] = str(error)
        try:
            rewards = self.reward.batch(golds, texts)
        except BatchError as error:
            rewards, errors = error.results, error.failures | errors
        verdicts = verify_batch(golds, texts, on_error="none", **self.judge)
        for index, why in errors.items():
            _log.warning("item %d of %d scores 0, as it cannot be judged: %s", index, len(rewards), why)
        values = [0.0 if reward is None else reward for reward in rewards]
        hacked = [verdict is not None and verdict.answer_correct and not verdict.accepted for verdict in verdicts]
        logs = {
            "accepted": [float(bool(verdict)) for verdict in verdicts],
            "answer_correct": [float(verdict is not None and verdict.answer_correct) for verdict in verdicts],
            "process_accuracy": [verdict.process_accuracy if verdict is not None else 0.0 for verdict in verdicts],
            "right_answer_wrong_steps": [float(value) for value in hacked],
            "judged": [float(reward is not None) for reward in rewards],
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


class _Refusal(Exception):
    """A request that gets an error for an answer: its status and what is wrong."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True
    server: RewardServer

    def do_GET(self) -> None:
        if self.path != "/health":
            return self.send_error(404, f"no page {self.path}; post to /get_reward, or get /health")
        self._reply(200, {"status": "ok", "reward": repr(self.server.scorer.reward)})

    def do_POST(self) -> None:
        try:
            if self.path.rstrip("/") not in ("", "/get_reward"):
                raise _Refusal(404, f"no page {self.path}; post to /get_reward")
            self._reply(200, self.server.scorer(*_lists(self._body())))
        except _Refusal as refusal:
            self.send_error(*refusal.args)
        except Exception as error:
            _log.exception("a request failed")
            self.send_error(500, f"{type(error).__name__}: {error}")

    def _body(self) -> bytes:
        length, limit = self.headers.get("Content-Length", ""), self.server.max_body_bytes
        if not (length.isascii() and length.isdigit()):
            raise _Refusal(411, f"Content-Length is {length!r}; expected the length of the body in bytes")
        if int(length) > limit:
            raise _Refusal(413, f"the body has {length} bytes; at most {limit} are read (--max-body-mib)")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise _Refusal(400, f"the body ends after {len(body)} of {length} bytes")
        return body

    def _reply(self, status: int, content: Mapping[str, Any]) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if status >= 400:  # What is left of the body would be read as the next request.
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answers with a JSON object that says what is wrong."""
        self.log_error("%d: %s", code, message)
        self.close_connection = True
        self._reply(code, {"error": message or self.responses.get(code, ("unknown error",))[0]})

    def log_message(self, format: str, *args: Any) -> None:
        _log.log(logging.DEBUG if format.startswith('"') else logging.WARNING, format, *args)


def _lists(body: bytes) -> tuple[list[Any], list[Any], list[Any]]:
    """The three lists of a request."""
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _Refusal(400, f"the body is no JSON: {error}") from None
    lists = [request.get(key) for key in ("query", "prompts", "labels")] if isinstance(request, dict) else [None]
    if not all(isinstance(items, list) for items in lists):
        found = ", ".join(f"{key}: {type(value).__name__}" for key, value in dict(request).items()) if lists[1:] else "none"
        raise _Refusal(422, f"expected a JSON object with the lists query, prompts and labels, found {found}")
    if len({len(items) for items in lists}) != 1 or not lists[0]:
        counts = ", ".join(str(len(items)) for items in lists)
        raise _Refusal(422, f"query, prompts and labels have {counts} items; expected as many of each, at least one")
    if not any(lists[2]):
        raise _Refusal(422, "every label is empty; name the column of gold solutions with --data.label_key")
    return lists[0], lists[1], lists[2]


class RewardServer(ThreadingHTTPServer):
    """Serves a scorer under ``/get_reward``; ``serve_forever`` runs it, ``server_port`` is its port."""

    daemon_threads = True
    request_queue_size = 1024  # Every rollout opens a connection of its own.

    def __init__(self, address: tuple[str, int], scorer: Scorer, *, max_body_bytes: int = 64 << 20) -> None:
        super().__init__(address, _Handler)
        self.scorer, self.max_body_bytes = scorer, max_body_bytes


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
