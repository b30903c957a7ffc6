#!/usr/bin/env python3
"""Serves a model folder of this project with `transformers serve` and evaluates it through `--endpoint`.

The same problems are answered greedily by the folder itself (`interplay evaluate --model-folder`) and by the server; the
completions must be the same texts, and so must the verdicts. With --sampled, completions at temperature 1 are drawn,
too: they differ, since the random numbers do, and both pass@k are shown.

Needs `pip install torch transformers[serving]` and a folder such as runs/staged/grpo/model. From the root of the
repository:
    python xtask/peers/served.py runs/staged/grpo/model --preset staged
"""

import argparse
import json
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import torch
import transformers


def records(path):
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return {(row["id"], row["sample"]): row for row in rows}


def plain(completion):
    """Without the space before a tag, which belongs to the tag's token and which `transformers` leaves out."""
    return re.sub(r"\s+(</?[a-z]+>)", r"\1", completion)


def wait(server, url):
    """Waits until the server answers, or ends."""
    for _ in range(600):
        if server.poll() is not None:
            raise SystemExit(f"the server ended with {server.returncode}")
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise SystemExit("the server does not answer")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--preset", default="staged", help="the experiment whose problems are answered")
    parser.add_argument("--problems-per-op", type=int, default=8)
    parser.add_argument("--sampled", type=int, default=0, help="completions of each problem at temperature 1")
    parser.add_argument("--interplay", default="cargo run -q -p interplay --")
    arguments = parser.parse_args()
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, {arguments.folder}")
    folder = arguments.folder.resolve()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    temperatures = "[0, 1.0]" if arguments.sampled else "[0]"
    completions = max(arguments.sampled, 1)
    settings = {
        "evaluate.problems_per_op": arguments.problems_per_op, "evaluate.completions": completions,
        "evaluate.ks": f"[{completions}]" if completions == 1 else f"[1, {completions}]",
        "evaluate.temperatures": temperatures,
    }
    shared = ["--preset", arguments.preset]
    for key, value in settings.items():
        shared += ["--set", f"{key}={value}"]
    command = [Path(sys.executable).with_name("transformers"), "serve", folder, "--port", str(port), "--host", "127.0.0.1",
               "--device", "cpu", "--dtype", "float32"]
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        own, served = scratch / "own", scratch / "served"
        evaluate = [*arguments.interplay.split(), "evaluate", *shared]
        table = subprocess.run(
            [*evaluate, "--model-folder", folder, "--out", own], check=True, text=True, stdout=subprocess.PIPE
        ).stdout
        print(f"from the folder:\n{table}")
        with open(scratch / "server.log", "w+") as log:
            server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
            try:
                wait(server, url)
                began = time.monotonic()
                # A seed is the process's at this server, so one request at a time keeps its meaning.
                answered = subprocess.run(
                    [*evaluate, "--endpoint", url, "--model", folder, "--unlisted", "--concurrency", "1", "--out", served],
                    text=True, stdout=subprocess.PIPE,
                )
                print(f"from the server, {time.monotonic() - began:.0f} s:\n{answered.stdout}")
            finally:
                server.terminate()
                server.wait()
            if answered.returncode:
                log.seek(0)
                raise SystemExit(f"evaluate ended with {answered.returncode}; the server said:\n{log.read()[-3000:]}")
        suffix = ".t0" if arguments.sampled else ""
        ours, theirs = records(own / f"model{suffix}.jsonl"), records(served / f"endpoint{suffix}.jsonl")
    assert ours.keys() == theirs.keys()
    own = {one: plain(row["completion"]) for one, row in ours.items()}
    other = [one for one, row in theirs.items() if plain(row["completion"]) != own[one]]
    same = len(own) - len(other)
    for one in other[:2]:
        print(f"{one}:\n  {ours[one]['completion']!r}\n  {theirs[one]['completion']!r}")
    judged = sum(ours[one]["accepted"] == theirs[one]["accepted"] for one in ours)
    print(f"greedy: {same} of {len(ours)} completions are the same text, {judged} verdicts are the same")
    raise SystemExit(same < len(ours))


if __name__ == "__main__":
    main()
