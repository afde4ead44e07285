"""What has to be published under a key, so that it stands as the new generation says. Pure: values in, values out."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import orjson

Values = Mapping[bytes, bytes]
"""The newest value of each key."""

VERSION: Final = ("is_final", "revision")


class Known(NamedTuple):
    """How much of the log each generation knows; both by partition.

    `began_at`: the offset that counting anew began at, because the log has lost what was before it; 0 if it is whole.
    `told_to`: the offset before which the old generation has counted everything, and published what follows from it.
    """

    began_at: Mapping[int, int]
    told_to: Mapping[int, int]


def differences(new: Values, old: Values, known: Known) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield keys and values to publish, in order; None takes back what was published.

    A value that rests on lost records keeps its content until a gift changes it that the old generation has not
    counted. With equal rules and a whole log only values of a higher revision are yielded.
    """
    for key, value in new.items():
        standing = old.get(key)
        if standing is None:
            yield key, value
        elif standing != value:
            yield from ((key, one) for one in _instead(orjson.loads(standing), orjson.loads(value), known))
    for key in old.keys() - new.keys():
        if not _lost(orjson.loads(old[key]), known.began_at):
            yield key, None


def _instead(old: dict[str, Any], new: dict[str, Any], known: Known) -> list[bytes | None]:
    """Return what to publish instead of a value: nothing, a newer one, or first that the old one is taken back."""
    if new.get("incomplete") and not old.get("incomplete") and _within(new, known.told_to):
        # The old generation knew these gifts and more; only that the board is over may be news.
        is_over = new["is_final"] and not old["is_final"]
        return [orjson.dumps(old | {"is_final": True, "revision": old["revision"] + 1})] if is_over else []
    if _revision(new) > _revision(old):
        return [orjson.dumps(new)]
    if new.get("incomplete") or _lost(old, known.began_at) or _content(new) == _content(old):
        return []
    return [None, orjson.dumps(new)]


def _within(value: dict[str, Any], ends: Mapping[int, int]) -> bool:
    """Tell whether all records that changed the value lie before these offsets."""
    return all(offset < ends.get(int(partition), 0) for partition, offset in value["position"]["offsets"].items())


def _revision(value: dict[str, Any]) -> int:
    """Return the revision of a board, or what it would be for a spike."""
    told = value.get("revision")
    return told if isinstance(told, int) else 2 * sum(offset + 1 for offset in value["position"]["offsets"].values())


def _content(value: dict[str, Any]) -> dict[str, Any]:
    """Return all but whether it is final: a quiet board was made final by the wall clock, and stays so."""
    return {name: part for name, part in value.items() if name not in VERSION}


def _lost(value: dict[str, Any], began_at: Mapping[int, int]) -> bool:
    """Tell whether the value may rest on lost records. A spike is judged by what went before it; a board names it."""
    offsets = value["position"]["offsets"].items()
    if "revision" not in value:
        return any(began_at.get(int(partition), 0) for partition, _ in offsets)
    return any(offset < began_at.get(int(partition), 0) for partition, offset in offsets)
