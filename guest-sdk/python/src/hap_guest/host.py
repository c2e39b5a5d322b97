"""The functions the host offers: the component's imports in WebAssembly, the fake of `hap_guest.testing` elsewhere.

Values cross here as plain Python; only `wasi.py` knows the generated bindings.
"""

from __future__ import annotations

import sys
from typing import NamedTuple, Protocol


class Entry(NamedTuple):
    """A document that the graph grants to this node."""

    name: str
    media_type: str | None
    size: int | None
    """Bytes, where the host knows."""


class Reader(Protocol):
    """An open document."""

    def read(self, max_bytes: int) -> bytes:
        """At most `max_bytes` from where the last read ended; nothing at the end. Raises `OSError`."""


class Host(Protocol):
    """What an agent can ask its host for."""

    def run_id(self) -> str: ...
    def node(self) -> str: ...
    def operation_id(self) -> str: ...
    def attempt(self) -> int: ...
    def remaining_ms(self) -> int | None: ...
    def is_cancelled(self) -> bool: ...
    def log(self, level: str, message: str, fields: str | None) -> None: ...
    def progress(self, kind: str, value: str | float) -> None: ...
    def list(self) -> list[Entry]: ...
    def open(self, name: str) -> Reader: ...


if sys.platform == "wasi":
    from .wasi import ComponentHost

    _current: Host = ComponentHost()
else:
    from .testing import FakeHost

    _current = FakeHost()


def current() -> Host:
    """The host of this call."""
    return _current


def replace(host: Host) -> Host:
    """Makes another host the current one, and gives back the one before."""
    global _current
    before, _current = _current, host
    return before
