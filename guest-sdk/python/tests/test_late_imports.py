"""What functions import is found, without running them."""

import sys
from types import ModuleType

import pytest

from hap_guest import late_imports

SOURCE = """
import json

def f():
    import wave
    from xml import dom

    class Inner:
        def g(self):
            from . import beside
            import no_such_module
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "late").mkdir()
    (tmp_path / "late" / "__init__.py").write_text(SOURCE)
    (tmp_path / "late" / "beside.py").write_text("import colorsys\ndef h():\n    import sndhdr_, stringprep\n")
    monkeypatch.syspath_prepend(tmp_path)
    import late

    yield late
    for name in ("late", "late.beside"):
        sys.modules.pop(name, None)


def test_imports_within_functions_are_named(module: ModuleType):
    assert set(late_imports._names(module)) == {"wave", "xml", "late", "late.beside", "no_such_module"} | (
        {"xml.dom"} if "xml" in sys.modules and not hasattr(sys.modules["xml"], "dom") else set()
    )


def test_what_they_import_is_loaded_with_what_it_imports_itself(module: ModuleType):
    for name in ("wave", "stringprep", "colorsys"):
        sys.modules.pop(name, None)
    late_imports.load()
    assert {"wave", "late.beside", "stringprep", "colorsys"} <= sys.modules.keys()
    assert "no_such_module" not in sys.modules
