"""`python -m hap_guest.build MODULE -o agent.wasm`: makes the component of the agent in a module."""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ENTRY = """\
import {module} as module
from hap_guest.component import export

Agent = export(module)
"""

# The package has no `__main__`, and its command need not be on the PATH.
TOOL = """\
import sys
import componentize_py

try:
    componentize_py.script()
except AssertionError as error:
    sys.exit(str(error))
"""


def main(arguments: list[str] | None = None) -> int:
    """Builds as the arguments say; gives the exit code."""
    options = _parse(arguments)
    if importlib.util.find_spec("componentize_py") is None:
        print("error: componentize-py is missing: pip install 'hap-guest[build]'", file=sys.stderr)
        return 2
    path = options.path.resolve()
    if not (path / f"{options.module.replace('.', '/')}.py").is_file() and not (
        path / options.module.replace(".", "/") / "__init__.py"
    ).is_file():
        print(f"error: there is no module `{options.module}` in {options.path}", file=sys.stderr)
        return 2
    options.output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "hap_entry.py").write_text(ENTRY.format(module=options.module), encoding="utf-8")
        # The folder that `hap_guest` lies in comes last: installed, it has every other package too.
        paths = [Path(folder), path, *options.library, Path(__file__).parent.parent]
        command = [sys.executable, "-c", TOOL, "--quiet", "-d", str(options.wit), "-w", "guest"]
        command += ["componentize", "hap_entry", "-o", str(options.output)]
        for entry in paths:
            command += ["-p", str(entry)]
        # Else the packages of whatever environment is active are on the path a second time.
        environment = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
        environment["RUST_BACKTRACE"] = "0"
        result = subprocess.run(command, env=environment, check=False, stderr=subprocess.PIPE, text=True)
        if result.returncode != 0:
            print(_told(options.module, result.stderr, paths), file=sys.stderr)
        return result.returncode


def _told(module: str, text: str, paths: list[Path]) -> str:
    """What the tool says, with the author's folders in the place of its own."""
    text = text.partition("\nCaused by:")[0].strip()
    for index, path in enumerate(paths):
        text = text.replace(f'File "/{index}/', f'File "{path}/')
    told = f"error: the component of `{module}` could not be made\n{text}"
    if "ModuleNotFoundError" in text or "ImportError" in text:
        told += (
            "\nhint: a module is missing, or not for WebAssembly: packages with native code do not load, nor what needs "
            "sockets, threads or processes. Use one in pure Python, and name it in requirements.txt"
        )
    return told


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m hap_guest.build", description=__doc__)
    parser.add_argument("module", help="the module with the function under `@agent`, such as `agent`")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the component to write")
    parser.add_argument("--path", type=Path, default=Path("."), help="the folder that the module lies in")
    parser.add_argument(
        "--library", type=Path, action="append", default=[], help="another folder with modules; may be repeated"
    )
    parser.add_argument(
        "--wit",
        type=Path,
        default=os.environ.get("HAP_WIT"),
        help="the folder of the contract, `wit` of the HAP repository (default: $HAP_WIT)",
    )
    options = parser.parse_args(arguments)
    if options.wit is None:
        parser.error("pass the folder of the contract: --wit hap/wit")
    return options


if __name__ == "__main__":
    sys.exit(main())
