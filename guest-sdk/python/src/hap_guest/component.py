"""What the component exports: the class that componentize-py calls. Loaded in WebAssembly alone."""

from __future__ import annotations

import sys
from types import ModuleType

import wit_world
from componentize_py_types import Err
from wit_world.exports import agent as contract
from wit_world.imports import types

from . import late_imports, log, sources
from .agent import Agent
from .failure import Failure


def export(module: ModuleType) -> type:
    """The export for the one agent of a module. Raises `TypeError` where there is none, or more than one."""
    agents = {id(value): value for value in vars(module).values() if isinstance(value, Agent)}
    if len(agents) != 1:
        names = ", ".join(f"`{agent.__name__}`" for agent in agents.values()) or "none"
        raise TypeError(f"module `{module.__name__}` has to have one function under `@agent`; it has: {names}")
    (agent,) = agents.values()
    log.install()
    late_imports.load()
    sources.keep()
    # Lines arrive one by one, and not in blocks at the end.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="replace")

    class Component(wit_world.exports.Agent):
        def describe(self) -> contract.Manifest:
            return _manifest(agent)

        def invoke(self, request: types.Request) -> str:
            answer = agent.answer(request.context, request.params)
            if isinstance(answer, Failure):
                raise Err(_error(answer))
            return answer

    return Component


def _manifest(agent: Agent) -> contract.Manifest:
    hints = contract.Hints(0)
    if agent.read_only:
        hints |= contract.Hints.READ_ONLY
    if agent.idempotent:
        hints |= contract.Hints.IDEMPOTENT
    return contract.Manifest(
        agent.name, agent.version, agent.description, agent.context_schema, agent.output_schema, hints
    )


def _error(failure: Failure) -> types.Error:
    told = types.Failure(failure.message, failure.details)
    match failure.kind:
        case "invalid-input":
            return types.Error_InvalidInput(told)
        case "unavailable":
            return types.Error_Unavailable(types.Unavailability(told, failure.retry_after_ms))
        case _:
            return types.Error_Failed(told)
