"""Diagnostics for the people who operate the host. Never part of a result.

A call has a budget of records and bytes; writing more ends the call with a limit error. `print` and the standard
module `logging` arrive as records too.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

from . import host


def trace(message: object, **fields: Any) -> None:
    """Writes one record of level `trace`, with fields: `log.trace("read", sections=12)`."""
    write("trace", message, fields)


def debug(message: object, **fields: Any) -> None:
    """Writes one record of level `debug`."""
    write("debug", message, fields)


def info(message: object, **fields: Any) -> None:
    """Writes one record of level `info`."""
    write("info", message, fields)


def warn(message: object, **fields: Any) -> None:
    """Writes one record of level `warn`."""
    write("warn", message, fields)


def error(message: object, **fields: Any) -> None:
    """Writes one record of level `error`."""
    write("error", message, fields)


def write(level: str, message: object, fields: dict[str, Any] | None = None) -> None:
    """Writes one record. `level` is `trace`, `debug`, `info`, `warn` or `error`."""
    if level not in ("trace", "debug", "info", "warn", "error"):
        raise ValueError(f"`{level}` is no level: use trace, debug, info, warn or error")
    flush()
    host.current().log(level, unicode(str(message)), _fields(fields) if fields else None)


def flush() -> None:
    """Sends what was printed, so that it keeps its place among the records."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()


def unicode(text: str) -> str:
    """The text without what UTF-8 cannot hold: lone surrogates become question marks."""
    return text.encode(errors="replace").decode()


def _fields(fields: dict[str, Any]) -> str:
    # Logging never fails a call: what is not JSON is told as text.
    try:
        return unicode(json.dumps(fields, allow_nan=False, default=str, ensure_ascii=False))
    except (TypeError, ValueError, RecursionError):
        return json.dumps({key: repr(value) for key, value in fields.items()})


class Handler(logging.Handler):
    """Carries the records of the standard module `logging`; the logger's name becomes a field."""

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, Any] = {} if record.name == "root" else {"logger": record.name}
        if record.exc_info and record.exc_info[1]:
            # Here and not above: that module needs this one.
            from .failure import format_traceback

            fields["traceback"] = format_traceback(record.exc_info[1])
        write(_level(record.levelno), record.getMessage(), fields)


def install() -> None:
    """Sends what `logging` is told, from level `INFO`, to the host. Done when the component is built."""
    root = logging.getLogger()
    if not any(isinstance(handler, Handler) for handler in root.handlers):
        root.addHandler(Handler())
        root.setLevel(logging.INFO)


def _level(number: int) -> str:
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warn"
    if number >= logging.INFO:
        return "info"
    return "debug" if number >= logging.DEBUG else "trace"
