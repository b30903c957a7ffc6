"""Exceptions of the package."""

from __future__ import annotations

from typing import Any

__all__ = ["BatchError"]


class BatchError(ValueError):
    """Some items of a batch could not be judged; the others were.

    Attributes:
        results: What the call would have returned, with ``None`` in place of the failed items.
        failures: Why each failed item failed, by its index.
    """

    def __init__(self, message: str, results: list[Any], failures: dict[int, str]) -> None:
        super().__init__(message, results, failures)
        self.results = results
        self.failures = failures

    def __str__(self) -> str:
        return str(self.args[0])
