"""Exceptions as failures of the contract: an `AgentError` as it says, any other as `failed` with its traceback."""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass
from pathlib import PurePosixPath

from .encode import NotJson, encode
from .errors import AgentError, Unavailable
from .log import unicode

# The host keeps 8 KiB of each. A traceback's end says most, so its beginning is cut off.
_MESSAGE_CHARACTERS = 2_000
_DETAILS_BYTES = 8_000

# Endless recursion has a thousand frames, and formatting one is slow.
_FRAMES = 30

# Where componentize-py mounts the folders of its Python path while it builds.
_MOUNT = re.compile(r'(?<=File ")/\d+/')


@dataclass(frozen=True)
class Failure:
    """A failure as the contract carries it."""

    kind: str
    message: str
    details: str | None = None
    retry_after_ms: int | None = None


def of(error: BaseException) -> Failure:
    """The failure that an exception becomes."""
    if isinstance(error, AgentError):
        return _as_it_says(error)
    name = type(error).__qualname__
    text = str(error)
    if isinstance(error, SystemExit):
        text = f"the agent called sys.exit({error.code!r}); return an output or raise an error"
    if isinstance(error, ModuleNotFoundError):
        text += " (modules are loaded when the component is built: import this one at the top of a module, if it is there)"
    message = f"{name}: {text}" if text else name
    if place := _place(error):
        message = f"{message[:_MESSAGE_CHARACTERS]} ({place})"
    return Failure("failed", unicode(message), _traceback_details(name, format_traceback(error)))


def _as_it_says(error: AgentError) -> Failure:
    retry_after_ms = None
    if isinstance(error, Unavailable) and error.retry_after is not None:
        retry_after_ms = int(error.retry_after.total_seconds() * 1000)
    try:
        details = None if error.details is None else encode(error.details)
    except NotJson as reason:
        details = encode({"details_error": str(reason)})
    return Failure(error.kind, unicode(str(error.message)), details, retry_after_ms)


def format_traceback(error: BaseException) -> str:
    """The traceback as Python prints it, without the frames of this package."""
    told = traceback.TracebackException.from_exception(error, compact=True, limit=-_FRAMES)
    chained: traceback.TracebackException | None = told
    while chained is not None:
        frames = [frame for frame in chained.stack if not _is_ours(frame.filename)]
        chained.stack = traceback.StackSummary.from_list(frames)
        chained = chained.__cause__ or chained.__context__
    return unicode(_MOUNT.sub("", "".join(told.format())))


def _place(error: BaseException) -> str | None:
    """The innermost line of the author's: `agent.py:12`."""
    place = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        path = frame.f_code.co_filename
        if not _is_ours(path) and not _is_standard(path):
            place = f"{PurePosixPath(path).name}:{line}"
    return place


def _is_ours(path: str) -> bool:
    return PurePosixPath(path).parent.name == "hap_guest"


def _is_standard(path: str) -> bool:
    return "/python3." in path or path.startswith(("/python/", "<"))


def _traceback_details(name: str, text: str) -> str:
    cut = False
    while True:
        shown = f"…\n{text}" if cut else text
        details = encode({"exception": name, "traceback": shown})
        excess = len(details.encode()) - _DETAILS_BYTES
        if excess <= 0:
            return details
        cut, text = True, text[max(excess, 100) :]
