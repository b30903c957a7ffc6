"""Counts how many problems the published generator accepts in a while.

Run by `beside_reference.rs`: FOLDER OP_MAX SECONDS SEED OP...; prints accepted, drawn, seconds.
The settings are those of the script that made the published data; what does not fit raises an
exception there, and is redrawn. Its own messages are not shown.
"""

import contextlib
import os
import random
import sys
import time
import types

folder, op_max, seconds, seed = sys.argv[1], *map(int, sys.argv[2:5])
wanted = list(map(int, sys.argv[5:]))
sys.path.insert(0, folder)
os.environ.setdefault("MPLBACKEND", "agg")

try:
    import transformers
except ModuleNotFoundError:
    # Only texts padded to a length need a tokenizer.
    stand_in = types.ModuleType("transformers")
    stand_in.AutoTokenizer = None
    sys.modules["transformers"] = stand_in

import numpy

from forward_generator import drawAll

random.seed(seed)
numpy.random.seed(seed)
accepted = drawn = 0
with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
    start = time.perf_counter()
    while (now := time.perf_counter()) - start < seconds:
        drawn += 1
        try:
            drawAll(
                op_max=op_max,
                ip_max=20,
                force=True,
                number_range=5,
                strictline=op_max,
                mod=-1,
                target_length="zero_context",
                template="crazy_zootopia",
                d=2,
                oplist=wanted,
            )
        except Exception:
            continue
        accepted += 1
print(accepted, drawn, now - start)
