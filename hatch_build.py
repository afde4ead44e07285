"""Compiles `agents/domain/scan.c` into the wheel, where compiled code is asked for: see pyproject.toml, Makefile."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext

SOURCE = "agents/domain/scan.c"


class Scan(BuildHookInterface):  # type: ignore[type-arg] # of a configuration that nothing is read of
    """hatchling's hook `custom`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and have what was made put beside its source."""
        self._folder = TemporaryDirectory()
        extension = Extension("scan", [str(Path(self.root, SOURCE))], extra_compile_args=["-O3"])
        command = build_ext(Distribution({"ext_modules": [extension]}))
        command.build_lib = command.build_temp = self._folder.name
        command.ensure_finalized()
        command.run()
        [built] = command.get_outputs()
        build_data["force_include"][built] = str(Path(SOURCE).with_name(Path(built).name))
        build_data["pure_python"], build_data["infer_tag"] = False, True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """What was made is in the wheel now."""
        self._folder.cleanup()
