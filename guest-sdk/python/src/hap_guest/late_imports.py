"""Modules that functions import when they run, loaded while the component is built.

A component has no files, so nothing can be imported once it runs. Python's own library imports within functions often
(`Counter.most_common` needs `heapq`, `strptime` needs `_strptime`), so what the loaded modules name is loaded here.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import opcode
import sys
from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any

# What no agent can use, or nobody wants in a component: files, processes, sockets and threads, tools for developers.
# An agent that does want one imports it at the top of a module.
_LEFT_OUT = frozenset(
    "_pyrepl _pytest argparse asyncio concurrent ctypes distutils doctest email ensurepip getpass gzip http idlelib "
    "importlib lib2to3 multiprocessing pdb pip py_compile pydoc pydoc_data pytest readline rlcompleter shutil site "
    "socket socketserver sqlite3 ssl subprocess tarfile tempfile test tkinter tracemalloc turtle unittest urllib venv "
    "webbrowser xmlrpc zipfile zipimport".split()
)



def load() -> None:
    """Loads what the functions of all loaded modules import, and what the functions of those import."""
    done: set[str] = set()
    while todo := [module for name, module in sys.modules.items() if name not in done]:
        done.update(sys.modules)
        for module in todo:
            if module.__name__.partition(".")[0] in ("importlib", "zipimport"):
                continue
            for name in _names(module):
                if name.partition(".")[0] not in _LEFT_OUT:
                    _load(name)


def _load(name: str) -> None:
    if name in sys.modules:
        return
    try:
        importlib.import_module(name)
    except Exception:
        # Not there on this platform. A function that runs into it tells so itself.
        return


def _names(module: ModuleType) -> Iterator[str]:
    """The absolute names of the modules that the module's functions import."""
    package = getattr(module, "__package__", None) or ""
    for code in _codes(vars(module), module.__name__):
        for name, level, parts in _imports(code):
            try:
                name = importlib.util.resolve_name("." * level + name, package)
            except ImportError:
                continue
            yield name
            # `from package import module`.
            if hasattr(loaded := sys.modules.get(name), "__path__"):
                yield from (f"{name}.{part}" for part in parts or () if not hasattr(loaded, part))


def _codes(namespace: Mapping[str, Any], module: str, outer: str = "") -> Iterator[CodeType]:
    """The code of the functions and classes that a module defines, or a class whose qualified name is `outer`."""
    for value in list(namespace.values()):
        value = getattr(value, "__func__", value) if isinstance(value, (classmethod, staticmethod)) else value
        value = value.fget if isinstance(value, property) else inspect.unwrap(value) if callable(value) else value
        if getattr(value, "__module__", None) != module:
            continue
        if isinstance(value, FunctionType):
            yield from _nested(value.__code__)
        elif isinstance(value, type) and value.__qualname__.startswith(outer):
            yield from _codes(vars(value), module, f"{value.__qualname__}.")
        elif isinstance(function := getattr(value, "function", None), FunctionType):
            # An `Agent`.
            yield from _nested(function.__code__)


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)


def _imports(code: CodeType) -> Iterator[tuple[str, int, tuple[str, ...] | None]]:
    """Name, level and parts of each import. By hand: what `dis` leaves behind would be in every component."""
    argument, loaded = 0, [0, None]
    for at in range(0, len(code.co_code), 2):
        operation = opcode.opname[code.co_code[at]]
        argument = argument << 8 | code.co_code[at + 1]
        match operation:
            case "EXTENDED_ARG":
                continue
            case "LOAD_CONST":
                loaded = [loaded[-1], code.co_consts[argument]]
            case "LOAD_SMALL_INT":
                loaded = [loaded[-1], argument]
            case "IMPORT_NAME":
                level, parts = loaded
                yield code.co_names[argument], level, parts
        argument = 0
