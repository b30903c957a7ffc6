"""Starts the reward server on a free port and posts the requests that OpenRLHF would post.

Needs only the interplay package. In earnest, run ``python -m interplay.adapters.openrlhf --port 5000`` and train with
``--reward.remote_url http://127.0.0.1:5000/get_reward``.
"""

from __future__ import annotations

import json
import threading
import urllib.request

import interplay
from interplay.adapters.openrlhf import Scorer, rows
from interplay.adapters.reward_server import RewardServer


def main() -> None:
    """Prints the server's reply for a right solution, a right answer without steps and a row without gold."""
    problems = interplay.Dataset(op="3-5", context="zoo", dialect="terse", seed=7)[:3]
    data = list(rows(problems))
    responses = [problems[0]["solution"], f"Answer: {problems[1]['answer']}.", problems[2]["solution"]]
    request = {
        "query": [f"{row['prompt']} {text}<|im_end|>" for row, text in zip(data, responses, strict=True)],
        "prompts": [row["prompt"] for row in data],
        "labels": [data[0]["label"], data[1]["label"], ""],
    }
    with RewardServer(("127.0.0.1", 0), Scorer("mixed", alpha=0.2)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/get_reward"
        with urllib.request.urlopen(urllib.request.Request(url, json.dumps(request).encode())) as reply:
            for key, value in json.load(reply).items():
                print(f"{key}: {value}")
        server.shutdown()


if __name__ == "__main__":
    main()
