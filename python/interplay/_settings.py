"""Settings as JSON, on their way into the compiled module."""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any


def _plain(value: Any) -> Any:
    """What JSON has no type for: integers of other packages, ranges, tuples inside, other mappings."""
    if hasattr(value, "__index__"):
        return value.__index__()
    if isinstance(value, range):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"expected plain numbers, texts, lists and dicts, found a value of type {type(value).__name__}")


def dumps(key: str, value: Any) -> str:
    """A setting as JSON; errors name its key."""
    try:
        return json.dumps(value, default=_plain, allow_nan=False)
    except (TypeError, RecursionError) as error:
        raise TypeError(f"{key}: {error}") from None
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None


def read_text(name: str, path: str | PathLike[str]) -> str:
    """The text of a file that an argument names; an error has its path."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{name}: {path} is not a text in UTF-8: {error}") from None
