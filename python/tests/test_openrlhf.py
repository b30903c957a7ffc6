"""The OpenRLHF adapter: its server over real connections, and OpenRLHF's own client where that is installed."""

from __future__ import annotations

import asyncio
import http.client
import importlib.metadata
import importlib.util
import json
import logging
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import interplay
import interplay.adapters.openrlhf as adapter
import pytest
from interplay.adapters.openrlhf import Scorer, reward_func, rows
from interplay.adapters.reward_server import RewardServer

EXAMPLE = Path(__file__).parents[1] / "examples" / "openrlhf_server.py"
PROBLEMS = interplay.Dataset(op="3-5", context="zoo", dialect="terse", seed=7)[:4]
ROWS = list(rows(PROBLEMS))
PROMPTS = [row["prompt"] for row in ROWS]
LABELS = [row["label"] for row in ROWS]
RIGHT = [f"{row['prompt']} {problem['solution']}" for row, problem in zip(ROWS, PROBLEMS, strict=True)]


@pytest.fixture
def server() -> Iterator[RewardServer]:
    with RewardServer(("127.0.0.1", 0), Scorer("mixed", alpha=0.2), max_body_bytes=100_000) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def post(server: RewardServer, body: Any, *, path: str = "/get_reward", **headers: str) -> tuple[int, dict[str, Any]]:
    """Posts JSON, or bytes as they are."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request("POST", path, data, headers)
    reply = connection.getresponse()
    content = json.loads(reply.read())
    connection.close()
    return reply.status, content


def test_replies_with_one_number_for_each_item(server: RewardServer) -> None:
    queries = [RIGHT[0], f"{PROMPTS[1]} Answer: {PROBLEMS[1]['answer']}.", f"{PROMPTS[2]} no idea", RIGHT[3]]
    status, reply = post(server, {"query": queries, "prompts": PROMPTS, "labels": LABELS})
    assert status == 200
    assert reply["rewards"] == reply["scores"] == [1.0, pytest.approx(0.2), 0.0, 1.0]
    assert reply["extra_logs"] == {
        "accepted": [1.0, 0.0, 0.0, 1.0],
        "answer_correct": [1.0, 1.0, 0.0, 1.0],
        "process_accuracy": [1.0, 0.0, 0.0, 1.0],
        "right_answer_wrong_steps": [0.0, 1.0, 0.0, 0.0],
        "judged": [1.0, 1.0, 1.0, 1.0],
    }
    assert reply["errors"] == {}


def test_labels_are_json_or_bare_solutions_or_objects(server: RewardServer) -> None:
    gold = {key: PROBLEMS[2][key] for key in ("problem", "question", "solution")}
    labels = [PROBLEMS[0]["solution"], LABELS[1], json.dumps({"solution": PROBLEMS[2]["solution"]}), gold]
    request = {"query": [RIGHT[0], RIGHT[1], RIGHT[2], RIGHT[2]], "prompts": [*PROMPTS[:3], PROMPTS[2]]}
    assert post(server, {**request, "labels": labels})[1]["rewards"] == [1.0] * 4


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"labels": [LABELS[0], "", *LABELS[2:]]}, "label is empty"),
        ({"labels": [LABELS[0], None, *LABELS[2:]]}, "label is empty"),
        ({"labels": [LABELS[0], "gibberish", *LABELS[2:]]}, "gold solution"),
        ({"labels": [LABELS[0], '{"solution": ', *LABELS[2:]]}, "starts as a JSON object but is none"),
        ({"labels": [LABELS[0], '{"answer": 4}', *LABELS[2:]]}, "solution"),
        ({"labels": [LABELS[0], 7, *LABELS[2:]]}, "expected a Gold"),
        ({"query": [RIGHT[0], None, *RIGHT[2:]]}, "query and prompt as str, found NoneType and str"),
        ({"query": [RIGHT[0], ["text"], *RIGHT[2:]]}, "found list and str"),
        ({"query": [RIGHT[0], "something else", *RIGHT[2:]]}, "does not contain the end of its prompt"),
        ({"query": [RIGHT[0], f"{PROMPTS[1]} \ud800", *RIGHT[2:]]}, "surrogates"),
    ],
)
def test_an_item_without_a_reward_costs_the_others_nothing(
    server: RewardServer, change: dict[str, Any], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    status, reply = post(server, {"query": RIGHT, "prompts": PROMPTS, "labels": LABELS, **change})
    assert status == 200
    assert reply["rewards"] == reply["extra_logs"]["judged"] == [1.0, 0.0, 1.0, 1.0]
    assert list(reply["errors"]) == ["1"]
    assert said in reply["errors"]["1"]
    assert "item 1 of 4 scores 0" in caplog.text


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "the body is no JSON"),
        (b"\xff\xfe", 400, "the body is no JSON"),
        (b"[" * 50_000, 400, "the body is no JSON"),
        ([], 422, "lists query, prompts, labels, found list"),
        ({"query": "text", "prompts": []}, 422, "found query: str, prompts: list"),
        ({"query": [], "prompts": [], "labels": []}, 422, "at least one"),
        ({"query": RIGHT, "prompts": PROMPTS, "labels": LABELS[:3]}, 422, r"[4, 4, 3] items"),
        ({"query": RIGHT, "prompts": PROMPTS, "labels": [""] * 4}, 422, "--data.label_key"),
        (b"x" * 100_001, 413, "at most 100000"),
    ],
)
def test_a_wrong_request_gets_an_error_that_says_why(server: RewardServer, body: Any, status: int, said: str) -> None:
    found, reply = post(server, body)
    assert found == status
    assert said in reply["error"]


def test_other_paths_methods_and_missing_lengths_get_json_errors(server: RewardServer) -> None:
    assert post(server, {}, path="/reward")[0] == 404
    assert post(server, b"", **{"Content-Length": "many"})[0] == 411
    assert post(server, b"", **{"Content-Length": "99999999999"})[0] == 413
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    for method, path, status in (("GET", "/health", 200), ("GET", "/", 404), ("PUT", "/get_reward", 501)):
        connection.request(method, path)
        reply = connection.getresponse()
        assert (reply.status, reply.headers["Content-Type"]) == (status, "application/json")
        assert json.loads(reply.read())
    connection.close()


def test_serves_many_at_once_and_keeps_connections_open(server: RewardServer) -> None:
    def one(index: int) -> float:
        row = index % 4
        request = {"query": [RIGHT[row]], "prompts": [PROMPTS[row]], "labels": [LABELS[row]]}
        return post(server, request)[1]["rewards"][0]

    with ThreadPoolExecutor(32) as pool:
        assert list(pool.map(one, range(200))) == [1.0] * 200
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    for row in range(4):
        request = {"query": [RIGHT[row]], "prompts": [PROMPTS[row]], "labels": [LABELS[row]]}
        connection.request("POST", "/get_reward", json.dumps(request))
        reply = connection.getresponse()
        assert json.loads(reply.read())["rewards"] == [1.0]
        assert reply.headers["Connection"] is None
    connection.close()


def test_cuts_prompts_and_end_tokens_off() -> None:
    scorer, solution = Scorer(), PROBLEMS[0]["solution"]
    for query in (
        f"{PROMPTS[0]} {solution}<|im_end|>\n",
        f"<s>{PROMPTS[0]} {solution} </s></s>",
        f"{PROMPTS[0][30:]} {solution}<|endoftext|>",
    ):
        assert scorer([query], [PROMPTS[0]], [LABELS[0]])["rewards"] == [1.0], query
    assert scorer([f"{RIGHT[0]}<stop>"], [PROMPTS[0]], [LABELS[0]])["rewards"] == [0.0]
    assert Scorer(end_tokens=["<stop>"])([f"{RIGHT[0]}<stop>"], [PROMPTS[0]], [LABELS[0]])["rewards"] == [1.0]
    cheat = f"{PROMPTS[0][30:]} rubbish {PROMPTS[0]} {solution}"
    assert scorer([cheat], [PROMPTS[0]], [LABELS[0]])["rewards"] == [0.0]


def test_rows_are_text_or_chats() -> None:
    assert PROMPTS == [problem["prompt"] for problem in PROBLEMS]
    (chat,) = (row["prompt"] for row in rows(PROBLEMS[:1], instruct=True))
    assert chat[0]["content"].endswith(f"{PROBLEMS[0]['problem']} {PROBLEMS[0]['question']}")


def test_the_reward_function_reads_its_settings_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = [f"{PROMPTS[0]} Answer: {PROBLEMS[0]['answer']}."]
    monkeypatch.delenv("INTERPLAY_REWARD", raising=False)
    assert reward_func(plain, PROMPTS[:1], LABELS[:1])["rewards"] == [0.0]
    monkeypatch.setenv("INTERPLAY_REWARD", '{"kind": "mixed", "alpha": 0.2}')
    assert reward_func(plain, PROMPTS[:1], LABELS[:1])["rewards"] == [pytest.approx(0.2)]
    monkeypatch.setenv("INTERPLAY_REWARD", '{"kind": "mixed", "alhpa": 0.2}')
    with pytest.raises(ValueError, match="alhpa"):
        reward_func(plain, PROMPTS[:1], LABELS[:1])


def test_the_command_serves_and_rejects_wrong_settings() -> None:
    command = [sys.executable, "-m", "interplay.adapters.openrlhf", "--port", "0", "--reward", "mixed"]
    failed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (failed.returncode, "alpha" in failed.stderr) == (2, True)
    with subprocess.Popen([*command, "--alpha", "0.2"], stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            port = int(re.findall(r":(\d+)/get_reward", line)[0])
            request = {"query": RIGHT, "prompts": PROMPTS, "labels": LABELS}
            assert post(SimpleNamespace(server_port=port), request)[1]["rewards"] == [1.0] * 4  # type: ignore[arg-type]
        finally:
            process.terminate()


def test_the_client_of_openrlhf_reads_the_reply(server: RewardServer, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        installed = importlib.metadata.distribution("openrlhf")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("openrlhf is not installed; `pip install --no-deps openrlhf` and aiohttp are enough here")
    pytest.importorskip("aiohttp", reason="aiohttp, which OpenRLHF's client needs, is not installed")
    monkeypatch.setitem(sys.modules, "openrlhf.utils.logging_utils", SimpleNamespace(init_logger=logging.getLogger))
    path = installed.locate_file("openrlhf/utils/agent.py")  # The package itself needs torch, this file does not.
    spec = importlib.util.spec_from_file_location("openrlhf_agent", str(path))
    assert spec is not None and spec.loader is not None
    agent = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(agent)

    class Tokenizer:
        def __call__(self, text: str, **_: Any) -> dict[str, Any]:
            return {"input_ids": [SimpleNamespace(tolist=lambda: [ord(letter) for letter in text])]}

        def decode(self, tokens: list[int], **_: Any) -> str:
            return "".join(map(chr, tokens))

    class Engine:
        async def generate(self, tokens: list[int], *_: Any, **__: Any) -> Any:
            text = f" {PROBLEMS[0]['solution']}<|im_end|>"
            output = SimpleNamespace(token_ids=[ord(letter) for letter in text], finish_reason="stop", logprobs=None)
            return SimpleNamespace(outputs=[output])

    sampling = SimpleNamespace(max_tokens=1000, logprobs=None)
    for endpoint in (f"http://127.0.0.1:{server.server_port}/get_reward", adapter.__file__):
        executor = agent.SingleTurnAgentExecutor(endpoint)
        run = executor.execute(PROMPTS[0], LABELS[0], sampling, 100_000, Tokenizer(), Engine())
        output = asyncio.run(run)
        assert output["reward"] == output["scores"] == [1.0]
        assert output["extra_logs"]["judged"] == [1.0]


def test_the_example_runs() -> None:
    done = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "rewards: [1.0, 0.2, 0.0]" in done.stdout
