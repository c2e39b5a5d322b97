"""A fake host, so that agents can be tested on any Python with pytest.

    from hap_guest import testing

    def test_it_counts():
        call = testing.invoke(count, {"text": "one two"}, resources={"a.txt": b"…"}, attempt=2)
        assert call.output == {"words": 2}
        assert call.records[0].message == "attempt 2"
"""

from __future__ import annotations

import builtins
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .agent import Agent
    from .host import Entry


@dataclass(frozen=True)
class Record:
    """One log record."""

    level: str
    message: str
    fields: Any = None


@dataclass
class FakeHost:
    """What the fake host answers, and what it was told. The default is a first attempt without limits."""

    run_id_: str = "run"
    node_: str = "node"
    operation_id_: str = "run/node"
    attempt_: int = 1
    remaining_ms_: int | None = None
    is_cancelled_: bool = False
    resources: Mapping[str, bytes | str] = field(default_factory=dict)
    records: builtins.list[Record] = field(default_factory=builtins.list)
    updates: builtins.list[tuple[str, Any]] = field(default_factory=builtins.list)

    def run_id(self) -> str:
        return self.run_id_

    def node(self) -> str:
        return self.node_

    def operation_id(self) -> str:
        return self.operation_id_

    def attempt(self) -> int:
        return self.attempt_

    def remaining_ms(self) -> int | None:
        return self.remaining_ms_

    def is_cancelled(self) -> bool:
        return self.is_cancelled_

    def log(self, level: str, message: str, fields: str | None) -> None:
        self.records.append(Record(level, message, None if fields is None else json.loads(fields)))

    def progress(self, kind: str, value: str | float) -> None:
        self.updates.append((kind, json.loads(value) if kind == "partial" else value))

    def list(self) -> builtins.list[Entry]:
        from .host import Entry

        return [Entry(name, None, len(_bytes(self.resources[name]))) for name in sorted(self.resources)]

    def open(self, name: str) -> FakeReader:
        if name not in self.resources:
            raise FileNotFoundError(f"resource `{name}` does not exist or is not granted")
        return FakeReader(_bytes(self.resources[name]))


@dataclass
class FakeReader:
    """An open document of the fake host."""

    rest: bytes

    def read(self, max_bytes: int) -> bytes:
        chunk, self.rest = self.rest[:max_bytes], self.rest[max_bytes:]
        return chunk


@dataclass(frozen=True)
class Call:
    """What came of a call."""

    output: Any
    error: Any
    """A `hap_guest.failure.Failure` where the call failed; its `kind` is the contract's."""
    records: builtins.list[Record]
    updates: builtins.list[tuple[str, Any]]


def invoke(
    agent: Agent,
    context: Mapping[str, Any],
    params: Mapping[str, Any] | None = None,
    *,
    node: str = "node",
    attempt: int = 1,
    remaining_ms: int | None = None,
    cancelled: bool = False,
    resources: Mapping[str, bytes | str] | None = None,
) -> Call:
    """Invokes an agent through JSON, just as a real host does."""
    from . import host
    from .failure import Failure

    fake = FakeHost(
        node_=node,
        operation_id_=f"run/{node}",
        attempt_=attempt,
        remaining_ms_=remaining_ms,
        is_cancelled_=cancelled,
        resources=resources or {},
    )
    before = host.replace(fake)
    try:
        answer = agent.answer(json.dumps(context), json.dumps(params or {}))
    finally:
        host.replace(before)
    if isinstance(answer, Failure):
        return Call(None, answer, fake.records, fake.updates)
    return Call(json.loads(answer), None, fake.records, fake.updates)


def _bytes(content: bytes | str) -> bytes:
    return content.encode() if isinstance(content, str) else content
