"""Loads tasks for verifiers and scores two replies as a rollout would, without a model.

Needs ``pip install verifiers`` (Python 3.11 or newer) beside interplay. To evaluate a model, see the adapter's head.
"""

from __future__ import annotations

import asyncio

import verifiers.v1 as vf
from interplay.adapters.verifiers import InterplayConfig, InterplayTaskset


def trace_of(task: vf.Task, reply: str) -> vf.Trace:
    """A finished trace with one reply."""
    trace = vf.Trace(
        task=vf.TraceTask(type=type(task).__name__, data=task.data, key=task.key, hash=task.hash),
        agent=vf.AgentInfo(config=vf.AgentConfig()),
    )
    trace.nodes.append(vf.MessageNode(message=vf.AssistantMessage(content=reply), sampled=True))
    return trace


async def main() -> None:
    """Prints a task, and rewards and metrics of a right and a hacked reply."""
    taskset = InterplayTaskset(InterplayConfig(op="2-4", context="zoo", dialect="terse", size=100))
    task = next(iter(taskset.take(1)))
    print(f"{task.data.name}: {task.data.prompt}")
    for reply in (task.data.solution, f"Answer: {task.data.answer}."):
        trace = trace_of(task, reply)
        await task.score(trace)
        print(f"{reply}\n  reward {trace.rewards['steps'].value}, {trace.metrics}, {trace.info}")


if __name__ == "__main__":
    asyncio.run(main())
