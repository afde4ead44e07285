"""The demo: broker, topics, worker, load and a live board on one machine, and at the end a verdict."""

from app.demo.run import run_demo

__all__ = ["run_demo"]
