"""A rejected record becomes a dead letter: its bytes as they came, and in headers why and from where."""

from hashlib import sha256

from agents.domain.record import Record
from agents.domain.reject import Rejected
from agents.output import Output
from schemas.dead_letter import HEADER_PREFIX, KEPT_BYTES, MAX_WHOLE_BYTES

MAX_KEY_BYTES = 1024
"""A longer key is cut, or the dead letter itself could be refused for ever."""


def dead_letter(record: Record, rejected: Rejected, source: str, partition: int, topic: str) -> Output:
    """Return the dead letter of a record. Values over 512 KiB are kept as their first 64 KiB."""
    headers = [
        ("reason", rejected.reason),
        ("detail", rejected.detail),
        ("topic", source),
        ("partition", str(partition)),
        ("offset", str(record.offset)),
    ]
    value, key = record.value, record.key
    if value is not None and len(value) > MAX_WHOLE_BYTES:
        headers += [("size", str(len(value))), ("sha256", sha256(value).hexdigest())]
        value = value[:KEPT_BYTES]
    if key is not None and len(key) > MAX_KEY_BYTES:
        headers += [("key_size", str(len(key))), ("key_sha256", sha256(key).hexdigest())]
        key = key[:MAX_KEY_BYTES]
    # A record of a compacted-by-mistake topic with neither key nor value is still a record.
    encoded = [(HEADER_PREFIX + name, text.encode(errors="replace")) for name, text in headers]
    return Output(topic, partition, key, value if value is not None or key is not None else b"", encoded)
