"""What the command line says to the scenarios."""

SOAK_SECONDS: float = 900.0
