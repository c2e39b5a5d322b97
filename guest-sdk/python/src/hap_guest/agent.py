"""The decorator that makes a function an agent, and what runs between the component's exports and the function."""

from __future__ import annotations

import inspect
import json
import re
import typing
from collections.abc import Callable
from typing import Any

from . import failure, log
from .context import Context, parse
from .encode import NotJson, encode
from .errors import Failed
from .shapes import Shape, first_paragraph, schema_of, shape_of

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_VERSION = re.compile(r"\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?")


class Agent:
    """A function under `@agent`. Calling it calls the function."""

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str | None,
        version: str,
        description: str | None,
        read_only: bool,
        idempotent: bool,
    ) -> None:
        self.function = function
        self.name = name or function.__name__.replace("_", "-")
        self.version = version
        self.description = description or first_paragraph(function.__doc__ or "")
        self.read_only = read_only
        self.idempotent = idempotent
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__
        self.__wrapped__ = function
        self._check()
        self._read_signature()

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.function(*arguments, **named)

    def serve(self, context: str, params: str) -> str:
        """Parses the context, runs the function and writes its output: all that is the same on every host."""
        arguments = [parse("context", context, self._input)]
        if self._takes_context:
            arguments.append(Context(params))
        output = self.function(*arguments)
        try:
            return encode(output)
        except NotJson as error:
            raise Failed(f"the output is not JSON: {error}") from error

    def answer(self, context: str, params: str) -> str | failure.Failure:
        """Serves one request; what the function raises becomes a failure."""
        try:
            return self.serve(context, params)
        # Everything: an exception that leaves a component is a trap without a message.
        except BaseException as error:
            return failure.of(error)
        finally:
            log.flush()

    def _check(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"`{self.name}` is no name for an agent: it is kebab-case, like `find-terms`; "
                "rename the function, or pass `name`"
            )
        if not _VERSION.fullmatch(self.version):
            raise ValueError(f"`{self.version}` is no version: it has three numbers, like 0.1.0")
        if inspect.iscoroutinefunction(self.function):
            raise TypeError(f"`{self.__name__}` is `async`, and an agent is a plain function")

    def _read_signature(self) -> None:
        parameters = list(inspect.signature(self.function).parameters.values())
        if len(parameters) not in (1, 2):
            raise TypeError(
                f"`{self.__name__}` takes {len(parameters)} arguments: an agent takes its input and, "
                "where it needs it, a `Context`"
            )
        self._takes_context = len(parameters) == 2
        hints = typing.get_type_hints(self.function, include_extras=True)
        self._input = self._shape("the input", hints.get(parameters[0].name, inspect.Parameter.empty))
        output = self._shape("the output", hints.get("return", inspect.Parameter.empty))
        self.context_schema = _schema(self._input)
        self.output_schema = _schema(output)

    def _shape(self, what: str, annotation: Any) -> Shape:
        try:
            return shape_of(annotation)
        except TypeError as error:
            raise TypeError(f"{what} of `{self.__name__}`: {error}") from None


def agent(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    version: str = "0.1.0",
    description: str | None = None,
    read_only: bool = False,
    idempotent: bool = False,
) -> Any:
    """Makes a function an agent: `def f(input: Input, cx: Context) -> Output`, where `cx` may be left out.

    The types are dataclasses or `TypedDict`s and make the schemas of the manifest. The name is the function's with
    dashes, the description the docstring's first paragraph. `read_only` and `idempotent` are promises to whoever
    reads the manifest.
    """
    options = {"name": name, "version": version, "description": description}
    hints = {"read_only": read_only, "idempotent": idempotent}

    def decorate(function: Callable[..., Any]) -> Agent:
        return Agent(function, **options, **hints)

    return decorate if function is None else decorate(function)


def _schema(shape: Shape) -> str | None:
    schema = schema_of(shape)
    return None if schema is True else json.dumps(schema, ensure_ascii=False)
