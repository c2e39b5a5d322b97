"""What a caller may see while a call is still running.

Updates arrive in order and spend from the same budget as `log`.
"""

from __future__ import annotations

from typing import Any

from . import host
from .encode import encode
from .log import unicode


def status(line: str) -> None:
    """Publishes a short line that a person can read."""
    host.current().progress("status", unicode(line))


def fraction(done: float) -> None:
    """Publishes how much is done, from 0.0 to 1.0. The host clamps values outside."""
    host.current().progress("fraction", float(done))


def partial(piece: Any) -> None:
    """Publishes a piece of the output to come. A preview: only the returned output counts."""
    host.current().progress("partial", encode(piece))
