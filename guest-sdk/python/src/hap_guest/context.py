"""The call that an agent serves: its params, and which call it is."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, TypeVar, overload

from . import host
from .errors import InvalidInput
from .shapes import Misfit, Record, Shape, shape_of

P = TypeVar("P")


class Context:
    """The call that is being served.

    Only `params` may shape the output. Everything else is for correlation and for stopping early, so that equal
    requests keep getting equal answers.
    """

    def __init__(self, params: str) -> None:
        self._params = params

    @overload
    def params(self) -> dict[str, Any]: ...
    @overload
    def params(self, kind: type[P]) -> P: ...
    def params(self, kind: Any = None) -> Any:
        """The node's settings from the graph as a `dict`, or as a dataclass or `TypedDict` of yours.

        Raises `InvalidInput`, naming the place, where they do not fit the type. A key that the type does not have
        is an error too: a misspelt setting must not become a default.
        """
        shape = Shape() if kind is None else shape_of(kind)
        if isinstance(shape, Record):
            shape.strict = True
        return parse("params", self._params, shape)

    @property
    def run_id(self) -> str:
        """The graph run. Unique among the runs of one host; safe to log."""
        return host.current().run_id()

    @property
    def node(self) -> str:
        """The node of the graph that this call serves."""
        return host.current().node()

    @property
    def operation_id(self) -> str:
        """Names this activation of the node, the same on every attempt: an idempotency key."""
        return host.current().operation_id()

    @property
    def attempt(self) -> int:
        """1 on the first attempt, one more on each retry."""
        return host.current().attempt()

    @property
    def remaining(self) -> timedelta | None:
        """The time left before the host stops the call, on the real clock; `None` is no limit."""
        remaining = host.current().remaining_ms()
        return None if remaining is None else timedelta(milliseconds=remaining)

    @property
    def is_cancelled(self) -> bool:
        """Whether the host has asked this call to stop. Poll it in long loops and return early."""
        return host.current().is_cancelled()


def parse(part: str, text: str, shape: Shape) -> Any:
    """Parses one side of a request, and names the place that does not fit."""
    try:
        return shape.decode(json.loads(text), "")
    except Misfit as misfit:
        place = f" at `{misfit.path}`" if misfit.path else ""
        details = {"part": part, "path": misfit.path}
        raise InvalidInput(f"`{part}` does not fit{place}: {misfit.reason}", details=details) from None
