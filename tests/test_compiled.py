"""The hot path is what `make` says it is: compiled where the compiled packages come first, else plain Python."""

import sys
from importlib.util import find_spec
from pathlib import Path

import agents.domain.boards


def test_the_compiled_packages_are_used_where_they_are_on_the_path() -> None:
    compiled = [folder for folder in sys.path if list(Path(folder).glob("agents/domain/boards.*.so"))]
    suffix = Path(agents.domain.boards.__file__).suffix
    assert suffix == (".so" if compiled else ".py")
    for kernel in ("count", "encode", "pack", "unpack"):
        assert (find_spec(f"app.engine.{kernel}") is not None) is bool(compiled)
    assert (find_spec("agents.domain.scan") is not None) is bool(compiled)
