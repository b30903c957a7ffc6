"""Makes the records here, and their results.json with the published aggregator.

    python3 generate.py CHECKOUT

CHECKOUT is a checkout of github.com/Interplay-LM-Reasoning/Interplay-LM-Reasoning. Its script
`scripts/aggregate_graph_pass_results.py` is run as it is, with its default settings.
"""

import json
import random
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SAMPLES = 6
# Context, op, kind of key, problems, chance that a completion is perfect. A context may be missing, and
# ops are out of order as texts.
CELLS = [
    ("teachers_in_school", "10", "id", 4, 0.2),
    ("crazy_zootopia", "2", "id", 5, 0.8),
    ("crazy_zootopia", "10", "idx", 4, 0.3),
    ("crazy_zootopia", "14", "id", 3, 0.0),
    (None, "2", "idx", 2, 0.5),
]


def records(seed):
    draw = random.Random(seed)
    for context, op, kind, problems, chance in CELLS:
        for problem in range(problems):
            ranks = list(range(SAMPLES))
            # Workers finish out of order.
            draw.shuffle(ranks)
            for rank in ranks:
                perfect = draw.random() < chance
                wrong_answer = not perfect and draw.random() < 0.5
                yield {
                    "op": op,
                    "id": str(100 + problem) if kind == "id" else None,
                    "template": context,
                    "prompt_key_type": kind,
                    "prompt_key_value": str(100 + problem) if kind == "id" else problem,
                    "raw_index": None,
                    "index": None,
                    "sample_rank": rank,
                    "match_source": kind,
                    "perfect": perfect,
                    "value_mismatch_count": 0 if perfect else 2,
                    "dependency_mismatch_count": 0 if perfect else 1,
                    "answer_mismatch": wrong_answer,
                    "extra_nodes": 0,
                    "missing_nodes": 0,
                }


def main():
    for seed, name in enumerate(["checkpoint-40", "checkpoint-403"]):
        lines = [json.dumps(record) + "\n" for record in records(seed)]
        (HERE / f"{name}_generations.jsonl.graph_results.jsonl").write_text("".join(lines))
    script = Path(sys.argv[1]) / "scripts" / "aggregate_graph_pass_results.py"
    subprocess.run([sys.executable, script, HERE, "--workers", "1", "--overwrite"], check=True)


if __name__ == "__main__":
    main()
