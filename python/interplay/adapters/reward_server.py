"""The HTTP server of ``interplay.adapters.openrlhf``, on the standard library alone.

It answers POST requests ``{"query": [...], "prompts": [...], "labels": [...]}`` under ``/get_reward`` (or ``/``) with
what a scorer returns, and GET requests for ``/health``. Wrong requests get a status of 400 to 422 and a JSON object
with ``error``. Python 3.10 or newer; a thread serves each connection, and judging frees the interpreter.

>>> from interplay.adapters.openrlhf import Scorer
>>> from interplay.adapters.reward_server import RewardServer
>>> server = RewardServer(("127.0.0.1", 0), Scorer("strict"))  # then server.serve_forever()
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["RewardServer"]

_KEYS = ("query", "prompts", "labels")
_log = logging.getLogger("interplay.reward_server")


class _Refusal(Exception):
    """Ends a request with a status and what is wrong."""


def _lists(body: bytes) -> list[list[Any]]:
    """The three lists of a request."""
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _Refusal(400, f"the body is no JSON: {error}") from None
    given = request if isinstance(request, dict) else {}
    lists: list[Any] = [given.get(key) for key in _KEYS]
    if not all(isinstance(items, list) for items in lists):
        found = ", ".join(f"{key}: {type(value).__name__}" for key, value in given.items())
        found = found or type(request).__name__
        raise _Refusal(422, f"expected a JSON object with the lists {', '.join(_KEYS)}, found {found}")
    counts = [len(items) for items in lists]
    if len(set(counts)) != 1 or not counts[0]:
        raise _Refusal(422, f"{', '.join(_KEYS)} have {counts} items; expected as many of each, at least one")
    if not any(lists[2]):
        raise _Refusal(422, "every label is empty; name the column of gold solutions with --data.label_key")
    return lists


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True
    server: RewardServer

    def do_GET(self) -> None:
        if self.path != "/health":
            self.send_error(404, f"no page {self.path}; post to /get_reward, or get /health")
            return
        self._reply(200, {"status": "ok", "scorer": repr(self.server.scorer)})

    def do_POST(self) -> None:
        try:
            if self.path.partition("?")[0].rstrip("/") not in ("", "/get_reward"):
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
        if len(length) > 18 or int(length) > limit:
            raise _Refusal(413, f"the body has {length[:18]} bytes or more; at most {limit} are read")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise _Refusal(400, f"the body ends after {len(body)} of {length} bytes")
        return body

    def _reply(self, status: int, content: Mapping[str, Any]) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answers with what is wrong, then closes, as the rest of the body would be read as the next request."""
        self.log_error("%d: %s", code, message)
        self.close_connection = True
        self._reply(code, {"error": message or self.responses.get(code, ("unknown error",))[0]})
        try:  # A client that is still sending reads the answer only if nobody cuts it off.
            self.connection.settimeout(1)
            for _ in range(4 * self.server.max_body_bytes // 65536 + 1):
                if not self.rfile.read1(65536):
                    break
        except OSError:
            pass

    def log_message(self, format: str, *args: Any) -> None:
        _log.log(logging.DEBUG if format.startswith('"') else logging.WARNING, format, *args)


class RewardServer(ThreadingHTTPServer):
    """Serves a scorer; ``serve_forever()`` runs it, and ``server_port`` is its port.

    Args:
        address: Host and port; 0 for any port that is free.
        scorer: Called with queries, prompts and labels; returns the reply.
        max_body_bytes: The largest request that is read.
    """

    daemon_threads = True
    request_queue_size = 1024  # Every rollout opens a connection of its own.

    def __init__(
        self,
        address: tuple[str, int],
        scorer: Callable[[list[Any], list[Any], list[Any]], Mapping[str, Any]],
        *,
        max_body_bytes: int = 64 << 20,
    ) -> None:
        super().__init__(address, _Handler)
        self.scorer, self.max_body_bytes = scorer, max_body_bytes
