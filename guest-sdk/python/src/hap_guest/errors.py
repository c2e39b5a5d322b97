"""Why a call produced no output. The class decides what the host does next; the text never does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any


class AgentError(Exception):
    """The base of the three errors that the contract knows. Raise one of the subclasses.

    `details` is any JSON value for programs, beside the message for people.
    """

    kind = "failed"

    def __init__(self, message: str, *, details: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class InvalidInput(AgentError):
    """The context or params are not what this agent accepts. Never retried. Say what would mend it."""

    kind = "invalid-input"


class Unavailable(AgentError):
    """Something the agent depends on was unavailable; the same request may succeed later.

    Retried as the node's retry policy says, not before `retry_after` (a number of seconds or a `timedelta`).
    """

    kind = "unavailable"

    def __init__(
        self, message: str, *, retry_after: float | timedelta | None = None, details: Any = None
    ) -> None:
        super().__init__(message, details=details)
        if isinstance(retry_after, (int, float)):
            retry_after = timedelta(seconds=retry_after)
        if retry_after is not None and retry_after < timedelta(0):
            raise ValueError("`retry_after` is negative")
        self.retry_after = retry_after


class Failed(AgentError):
    """The call failed, and a retry would not help. Any other exception that leaves the agent does the same."""
