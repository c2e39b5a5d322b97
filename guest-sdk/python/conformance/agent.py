"""Does what its context says: the agent with which `hap conform` checks the Python SDK."""

import os
import random
import sys
import time
from dataclasses import dataclass
from typing import Any, TypedDict

from hap_guest import Context, Failed, InvalidInput, Unavailable, agent, log, progress, resources

served = 0


class Input(TypedDict):
    do: str


@dataclass
class Output:
    answer: Any


@agent(name="conformance", read_only=True, idempotent=True)
def conformance(input: Input, cx: Context) -> Output:
    """Does what its context says, so that a host can be shown to carry it."""
    global served
    served += 1
    behaviour = input["do"]
    if behaviour not in BEHAVIOURS:
        known = ", ".join(sorted(BEHAVIOURS))
        details = {"unsupported": behaviour}
        raise InvalidInput(f"`do` names no behaviour of this agent: {behaviour} (known: {known})", details=details)
    return Output(BEHAVIOURS[behaviour](input, cx))


def echo(input, cx):
    return input["value"]


def params(input, cx):
    return cx.params()


def fail(input, cx):
    details = input.get("details")
    match input["kind"]:
        case "invalid-input":
            raise InvalidInput(input["message"], details=details)
        case "unavailable":
            delay = input.get("retry_after_ms")
            retry_after = None if delay is None else delay / 1000
            raise Unavailable(input["message"], retry_after=retry_after, details=details)
        case _:
            raise Failed(input["message"], details=details)


def throw(input, cx):
    raise ValueError(input["message"])


def write_log(input, cx):
    for record in input["records"]:
        log.write(record["level"], record["message"], record.get("fields"))
    return len(input["records"])


def write_lines(input, cx):
    for line in input["lines"]:
        print(line)
    return len(input["lines"])


def write_error_lines(input, cx):
    for line in input["lines"]:
        print(line, file=sys.stderr)
    return len(input["lines"])


def report_progress(input, cx):
    for update in input["updates"]:
        [(kind, value)] = update.items()
        getattr(progress, kind)(value)
    return len(input["updates"])


def run(input, cx):
    remaining = cx.remaining
    return {
        "id": cx.run_id,
        "node": cx.node,
        "operation_id": cx.operation_id,
        "attempt": cx.attempt,
        "remaining_ms": None if remaining is None else int(remaining.total_seconds() * 1000),
        "is_cancelled": cx.is_cancelled,
    }


def list_resources(input, cx):
    return [entry._asdict() for entry in resources.list()]


def read_resource(input, cx):
    return resources.read_text(input["name"])


def clock(input, cx):
    start = time.monotonic_ns()
    return {"unix_ms": int(time.time() * 1000), "elapsed_ns": time.monotonic_ns() - start}


def draw_random(input, cx):
    return [str(random.random()) for _ in range(4)]


def sleep(input, cx):
    start = time.monotonic_ns()
    time.sleep(input["ms"] / 1000)
    return {"elapsed_ms": (time.monotonic_ns() - start) // 1_000_000}


def spin(input, cx):
    while True:
        pass


def allocate(input, cx):
    held = []
    while True:
        held.append(b"x" * (1 << 20))


def recurse(input, cx):
    return recurse(input, cx)


def until_cancelled(input, cx):
    while not cx.is_cancelled:
        time.sleep(0.001)
    raise Failed("stopped early, as asked")


def write_output(input, cx):
    return "x" * input["bytes"]


def ambient(input, cx):
    def opens(path, mode):
        try:
            open(path, mode).close()
        except OSError:
            return False
        return True

    def connects():
        # The module needs `_socket`, which Python for WebAssembly does not have.
        try:
            import socket

            socket.create_connection(("127.0.0.1", 80), timeout=1)
        except (ImportError, OSError):
            return False
        return True

    return {
        "variables": len(os.environ),
        "arguments": len(sys.argv),
        "reads_files": opens("/etc/passwd", "r"),
        "writes_files": opens("/tmp/conformance", "w"),
        "connects": connects(),
    }


def twice(input, cx):
    return served


def bad_output(input, cx):
    return {"numbers": [1.0, float("nan")]}


BEHAVIOURS = {
    "allocate": allocate,
    "ambient": ambient,
    "bad-output": bad_output,
    "clock": clock,
    "echo": echo,
    "fail": fail,
    "log": write_log,
    "output": write_output,
    "params": params,
    "print": write_lines,
    "print-error": write_error_lines,
    "progress": report_progress,
    "random": draw_random,
    "recurse": recurse,
    "resource": read_resource,
    "resources": list_resources,
    "run": run,
    "sleep": sleep,
    "spin": spin,
    "throw": throw,
    "twice": twice,
    "until-cancelled": until_cancelled,
}
