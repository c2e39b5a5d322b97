"""Write a HAP agent in Python: a decorated function becomes a WebAssembly component.

    from dataclasses import dataclass

    from hap_guest import Context, InvalidInput, agent, log


    @dataclass
    class Input:
        text: str


    @dataclass
    class Output:
        shout: str


    @agent(version="0.1.0", read_only=True)
    def shout(input: Input, cx: Context) -> Output:
        \"\"\"Upper-cases a text.\"\"\"
        if not input.text:
            raise InvalidInput("`text` is empty: pass at least one character")
        log.info(f"shouting for node {cx.node}")
        return Output(input.text.upper())

`python -m hap_guest.build MODULE -o agent.wasm` makes the component; `hap_guest.testing` runs the same code on
any Python, against a fake host.
"""

from . import log, progress, resources
from .agent import Agent, agent
from .context import Context
from .errors import AgentError, Failed, InvalidInput, Unavailable

__all__ = [
    "Agent",
    "AgentError",
    "Context",
    "Failed",
    "InvalidInput",
    "Unavailable",
    "agent",
    "log",
    "progress",
    "resources",
]
