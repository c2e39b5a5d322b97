"""The host behind the component's imports. Loaded in WebAssembly alone: the bindings exist nowhere else."""

from __future__ import annotations

import builtins

from componentize_py_types import Err
from wit_world.imports import log, progress, resources, run

from .host import Entry

_LEVELS = {level.name.lower(): level for level in log.Level}


class ComponentHost:
    """Talks to the host that runs this component."""

    def run_id(self) -> str:
        return run.id()

    def node(self) -> str:
        return run.node()

    def operation_id(self) -> str:
        return run.operation_id()

    def attempt(self) -> int:
        return run.attempt()

    def remaining_ms(self) -> int | None:
        return run.remaining_ms()

    def is_cancelled(self) -> bool:
        return run.is_cancelled()

    def log(self, level: str, message: str, fields: str | None) -> None:
        log.write(_LEVELS[level], message, fields)

    def progress(self, kind: str, value: str | float) -> None:
        update = {
            "status": progress.Update_Status,
            "fraction": progress.Update_Fraction,
            "partial": progress.Update_Partial,
        }[kind]
        progress.report(update(value))

    def list(self) -> builtins.list[Entry]:
        return [Entry(entry.name, entry.media_type, entry.size) for entry in resources.list()]

    def open(self, name: str) -> _Reader:
        try:
            return _Reader(name, resources.open(name))
        except Err as error:
            raise _os_error(name, error.value) from None


class _Reader:
    def __init__(self, name: str, reader: resources.Reader) -> None:
        self._name = name
        self._reader = reader

    def read(self, max_bytes: int) -> bytes:
        try:
            return self._reader.read(max_bytes)
        except Err as error:
            raise _os_error(self._name, error.value) from None


def _os_error(name: str, error: resources.Error) -> OSError:
    if isinstance(error, resources.Error_NotFound):
        return FileNotFoundError(f"resource `{name}` does not exist or is not granted")
    return OSError(f"failed to read resource `{name}`: {error.value}")
