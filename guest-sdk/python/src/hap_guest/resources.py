"""Read-only documents that the graph grants to this node."""

from __future__ import annotations

import builtins
import io

from . import host
from .host import Entry, Reader

__all__ = ["Entry", "list", "open", "read_bytes", "read_text"]

# Few calls for a large document, little memory for a small one.
_CHUNK_BYTES = 64 * 1024


def list() -> builtins.list[Entry]:
    """The granted documents, sorted by name."""
    return host.current().list()


def open(name: str) -> io.BufferedReader:
    """Opens a document by the name that `list` gives, for reading bytes from its start.

    Raises `FileNotFoundError` where there is no such document or the graph does not grant it: an agent cannot
    tell which. `io.TextIOWrapper(resources.open(name), encoding="utf-8")` reads it by lines.
    """
    return io.BufferedReader(_Raw(host.current().open(name)), _CHUNK_BYTES)


def read_bytes(name: str) -> bytes:
    """Reads a whole document. Raises as `open` does."""
    with open(name) as document:
        return document.read()


def read_text(name: str) -> str:
    """Reads a whole document as text in UTF-8. Raises as `open` does, or `UnicodeDecodeError`."""
    return read_bytes(name).decode()


class _Raw(io.RawIOBase):
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        chunk = self._reader.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)
