"""Writes replies.json: requests, and what the server of the Python package answers.

Install the package (`pip install ./python`) and run `python from_python.py`; it rewrites the file, byte for byte.
"""

from __future__ import annotations

import http.client
import json
import threading
from pathlib import Path
from typing import Any

import interplay
from interplay.adapters.openrlhf import END_TOKENS, Scorer, rows
from interplay.adapters.reward_server import RewardServer

MAX_BODY_BYTES = 100_000
PROSE = interplay.Dataset(op="2-6", context="school", dialect="prose", seed=3)[:1]
TERSE = interplay.Dataset(op="3-5", context="zoo", dialect="terse", seed=7)[:2]
REVERSE = interplay.Dataset(op="3-5", context="zoo", dialect="terse", mode="reverse", seed=7)[:1]
SETTINGS: list[dict[str, Any]] = [
    {"kind": "strict"},
    {"kind": "mixed", "alpha": 0.2},
    {"kind": "paper", "forbid_unneeded": True},
    {"kind": "answer_gate", "reward": {"kind": "process"}, "level": "paper"},
    {"kind": "weighted", "weights": {"outcome": 0.25, "process": 2.0}, "end_tokens": ["<stop>"]},
]


def request(items: list[tuple[Any, Any, Any]]) -> dict[str, Any]:
    """Items as (query, prompt, label)."""
    queries, prompts, labels = zip(*items)
    return {"query": list(queries), "prompts": list(prompts), "labels": list(labels)}


def candidates() -> dict[str, Any]:
    """Right and wrong responses, with everything that may be around them."""
    items = []
    for problem, row in zip([*PROSE, *TERSE, *REVERSE], rows([*PROSE, *TERSE, *REVERSE]), strict=True):
        prompt, label, right = row["prompt"], row["label"], problem["solution"]
        half = len(prompt) // 2
        steps = right.split(". ")
        responses = [
            f" {right}", f" {right}</s></s> \n", f" {right}<|im_end|>\n<stop>", f"\n{right} <stop>",
            f" Answer: {problem['answer']}.", " no idea", "", f" {'. '.join(steps[1:])}",
            f" {right} {right}", f" {right[: len(right) // 2]}", f" {right}\x1f\u3000", f" owl = 1. {right}",
            f" {right}é", " 🦊", f" {right.replace('= ', '= 1 + ', 1)}",
        ]
        items += [(prompt + response, prompt, label) for response in responses]
        items += [(prompt[half:] + f" {right}", prompt, label), (f"<s>{prompt} {right}", prompt, label)]
        items += [(f"{prompt[half:]} rubbish {prompt} {right}", prompt, label), (f" {right}", "", label)]
        items += [(f" {right}", f"{prompt} more", label)]
    return request(items)


def labels() -> dict[str, Any]:
    """Labels of all kinds on a right response."""
    problem, row = TERSE[0], next(rows(TERSE))
    right = f"{row['prompt']} {problem['solution']}"
    parts = {key: problem[key] for key in ("problem", "question", "solution")}
    kinds: list[Any] = [
        row["label"], problem["solution"], parts, {"solution": problem["solution"]}, f" \n{row['label']} ",
        json.dumps(parts, ensure_ascii=False), {**parts, "problem": None}, {**parts, "more": [[[]]]},
        {**parts, "problem": problem["prompt"]}, {**parts, "problem": 7}, {**parts, "question": [1]},
        {"solution": None}, {"solution": ""}, {"solution": 7}, {"answer": 4}, {}, "", " ", "{}", "{", '{"solution": ',
        row["label"] + "}", "gibberish", "[1]", None, 0, 7, 1e300, True, False, [], ["text"], float("nan"), float("inf"),
        "\x1c{}", "fox = 3. Answer: 4.", "fox = 3.", 10**400, "\ud800", {**parts, "solution": "\udfff"},
        {**parts, "more": "\udfff"},
    ]
    return request([(right, row["prompt"], label) for label in kinds])


def texts() -> dict[str, Any]:
    """Queries and prompts of all kinds."""
    problem, row = TERSE[1], list(rows(TERSE))[1]
    prompt, right, label = row["prompt"], f" {problem['solution']}", row["label"]
    pairs: list[tuple[Any, Any]] = [
        (prompt + right, prompt), (None, prompt), (prompt + right, None), (["text"], prompt), ({}, 7), (True, "x"),
        ("something else", prompt), ("", ""), ("", prompt), (prompt + right + "\ud800", prompt),
        ("\ud800" + prompt + right, "\ud800" + prompt), ("\ud800" + prompt + right, prompt),
        (f"{'é' * 39}y{right}", f"x{'é' * 39}y"), (f"{'é' * 38}y{right}", f"x{'é' * 39}y"),
        (f"🦊🦊{right}", "🦊🦊"), ("\ud83e" + right, "\ud83e"), (float("nan"), prompt),
    ]
    return request([(query, text, label) for query, text in pairs])


def bodies() -> list[tuple[str, int]]:
    """Bodies of requests, each a text and how often it is repeated; wrong ones too."""
    one = request([(" no", "", TERSE[0]["solution"])])
    wrong: list[Any] = [
        [], {}, 7, "text", None, {**one, "labels": None}, {**one, "query": "text"}, {**one, "prompts": {}},
        {key: [] for key in one}, {**one, "labels": []}, {**one, "query": ["a", "b"]}, {**one, "more": [1]},
        *({**one, "labels": [empty]} for empty in ("", None, {}, [], 0, 0.0, False)),
        *({**one, "labels": [full]} for full in (" ", 7, True, [0], float("nan"), {"a": None})),
    ]  # fmt: skip
    text = json.dumps(one)
    texts_alone = [
        *(json.dumps(body) for body in [candidates(), labels(), texts(), *wrong]),
        json.dumps(labels(), ensure_ascii=True, indent=1), "", " ", "{", text[:-1], text + "x", text + " \n",
        text[:-1] + ', "labels": [""]}', '{"labels": 7, ' + text[1:], "\ufeff" + text, "nan", "NaN", "[NaN",
    ]  # fmt: skip
    return [*((body, 1) for body in texts_alone), ("[", 50_000), ("x", MAX_BODY_BYTES), ("x", MAX_BODY_BYTES + 1)]


def answer(server: RewardServer, body: str) -> tuple[int, dict[str, Any]]:
    """The status and the reply to a body."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    connection.request("POST", "/get_reward", body.encode())
    reply = connection.getresponse()
    content = json.loads(reply.read())
    connection.close()
    return reply.status, content


def main() -> None:
    """Writes the file."""
    cases = []
    for number, settings in enumerate(SETTINGS):
        with RewardServer(("127.0.0.1", 0), Scorer(**settings), max_body_bytes=MAX_BODY_BYTES) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            for text, count in bodies() if number == 0 else [(json.dumps(candidates()), 1)]:
                status, reply = answer(server, text * count)
                cases.append({"settings": number, "body": (text, count), "status": status, "reply": reply})
            server.shutdown()
    golden = {
        "max_body_bytes": MAX_BODY_BYTES, "end_tokens": END_TOKENS, "settings": SETTINGS, "bodies": [], "cases": cases,
    }  # fmt: skip
    known: dict[tuple[str, int], int] = {}
    for case in cases:  # The same body with other settings stands there once.
        case["body"] = known.setdefault(case["body"], len(known))
        case["reply"].pop("scores", None)
        if "errors" in case["reply"]:  # The sentences differ, the items do not.
            case["reply"]["errors"] = [int(index) for index in case["reply"]["errors"]]
        if "error" in case["reply"]:
            case["reply"] = None
    golden["bodies"] = list(known)
    path = Path(__file__).with_name("replies.json")
    path.write_text(json.dumps(golden, indent=None, separators=(",", ":")).replace('},{"settings"', '},\n{"settings"') + "\n")
    print(f"{path}: {len(cases)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
