"""The source lines of the author's modules, kept for tracebacks: a component has no files to read them from."""

from __future__ import annotations

import linecache
import sys

# Beyond this, a module is data or generated, and its lines would only make the component larger.
_MODULE_BYTES = 256 * 1024


def keep() -> None:
    """Puts the lines of every loaded module that is not Python's own where `traceback` finds them."""
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if not path or not path.endswith(".py") or path.startswith("/python/") or "/hap_guest/" in path:
            continue
        try:
            with open(path, encoding="utf-8") as file:
                text = file.read(_MODULE_BYTES + 1)
        except (OSError, UnicodeDecodeError):
            continue
        if len(text) <= _MODULE_BYTES:
            # Without a time of change, `linecache` does not look whether the file is still there.
            linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
