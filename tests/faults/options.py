"""What the command line says to the scenarios and to their runner."""

from pathlib import Path

SOAK_SECONDS: float = 900.0
LOGS: Path | None = None
"""Where the files of failed scenarios are kept, if anywhere."""
