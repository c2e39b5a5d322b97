"""Python values as JSON text: what an agent returns, its progress and details."""

from __future__ import annotations

import dataclasses
import enum
import json
import math
from collections.abc import Mapping
from typing import Any

from .shapes import join


class NotJson(ValueError):
    """A value that JSON has no form for. The message names the place."""


def encode(value: Any) -> str:
    """The JSON text of a value. Dataclasses become objects, enums their values, tuples and sets lists.

    Raises `NotJson` for everything else, and for numbers and strings that JSON cannot hold.
    """
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"), default=_plain)
        text.encode()
        return text
    except (TypeError, ValueError, RecursionError) as error:
        reason = error
    try:
        # The quick way does not know the place; this walk does.
        _find(value, "")
    except RecursionError:
        raise NotJson("it is nested too deeply, or contains itself") from None
    raise NotJson(str(reason)) from reason


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (set, frozenset)):
        # A set has no order of its own, and an answer needs one.
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a value of type {type(value).__name__} is not JSON")


def _find(value: Any, path: str) -> None:
    """Raises `NotJson` at the first place that JSON cannot hold."""
    place = f" at `{path}`" if path else ""
    if isinstance(value, float) and not math.isfinite(value):
        raise NotJson(f"{value}{place} is no JSON number")
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise NotJson(f"the string{place} is not Unicode: {error.reason} at {error.start}") from None
    if isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _find(item, f"{path}[{index}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, (str, int, float, bool, type(None))):
                raise NotJson(f"a key{place} is a {type(key).__name__}, and the keys of JSON are strings")
            _find(item, join(path, str(key)))
    elif not isinstance(value, (str, int, float, bool, type(None))):
        try:
            plain = _plain(value)
        except TypeError as error:
            raise NotJson(f"{error}{place}") from None
        _find(plain, path)
