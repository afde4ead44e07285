"""Compiles the kernels in C into the wheel, where compiled code is asked for: see pyproject.toml, Makefile."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext

SOURCES = (
    "agents/domain/scan.c",
    "app/engine/count.c",
    "app/engine/encode.c",
    "app/engine/pack.c",
    "app/engine/unpack.c",
)


class Kernels(BuildHookInterface):  # type: ignore[type-arg] # of a configuration that nothing is read of
    """hatchling's hook `custom`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and have what was made put beside its source."""
        self._folder = TemporaryDirectory()
        for source in map(Path, SOURCES):
            built = self._compile(source)
            build_data["force_include"][str(built)] = str(source.with_name(built.name))
        build_data["pure_python"], build_data["infer_tag"] = False, True

    def _compile(self, source: Path) -> Path:
        """Return the library that was made of a source."""
        extension = Extension(source.stem, [str(Path(self.root, source))], extra_compile_args=["-O3"])
        command = build_ext(Distribution({"ext_modules": [extension]}))
        command.build_lib = command.build_temp = self._folder.name
        command.ensure_finalized()
        command.run()
        [built] = command.get_outputs()
        return Path(built)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """What was made is in the wheel now."""
        self._folder.cleanup()
