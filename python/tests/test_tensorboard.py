"""TensorBoard reads the event files that stages write, here the golden one of the Rust tests."""

import json
import math
import struct
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[2] / "crates/interplay-train/tests/golden"
reader = pytest.importorskip(
    "tensorboard.backend.event_processing.event_accumulator", reason="tensorboard is not installed"
)


def test_tensorboard_reads_every_metric() -> None:
    events = reader.EventAccumulator(str(GOLDEN), size_guidance={reader.SCALARS: 0})
    events.Reload()
    lines = [json.loads(line) for line in (GOLDEN / "metrics.jsonl").read_text().splitlines()]
    assert events.Tags()["scalars"] == ["loss_nats", "reward"]
    for tag in ("loss_nats", "reward"):
        expected = [(line["step"], line[tag]) for line in lines if line[tag] is not None]
        read = [(event.step, event.value) for event in events.Scalars(tag)]
        assert [step for step, _ in read] == [step for step, _ in expected]
        for (_, value), (_, exact) in zip(read, expected):
            assert value == struct.unpack("f", struct.pack("f", exact))[0] and math.isfinite(value)
    # The time is the step, so that the bytes depend on no clock.
    assert [event.wall_time for event in events.Scalars("loss_nats")] == [float(line["step"]) for line in lines]
