"""What other programs print about gifts, made into gift events."""
