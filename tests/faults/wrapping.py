"""Putting something around a method of the engine, for the life of this process."""

from collections.abc import Callable
from functools import wraps
from typing import Any

Method = Callable[..., Any]


def wrap(owner: type, name: str) -> Callable[[Callable[[Method], Method]], None]:
    """Decorates a function that gets the original method and returns what takes its place.

    Raises AttributeError if there is no such method any more.
    """

    def put(make: Callable[[Method], Method]) -> None:
        original: Method = getattr(owner, name)
        setattr(owner, name, wraps(original)(make(original)))

    return put
