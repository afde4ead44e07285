"""Records as a Kafka record batch keeps them (message format v2, KIP-98), at the time of the batch and without headers.

This is what writes them where `encode.c` was not compiled, and those that the engine adds by itself.
"""

from collections.abc import Iterator

from aiokafka.record.util import decode_varint, encode_varint


def put_record(to: bytearray, number: int, key: bytes, value: bytes | None) -> None:
    """Append a record of that number in its batch."""
    body = bytearray(2)  # attributes, timestamp delta
    encode_varint(number, body.append)
    _put_sized(body, key)
    _put_sized(body, value)
    body.append(0)  # headers
    _put_sized(to, body)


def _put_sized(to: bytearray, value: bytes | bytearray | None) -> None:
    encode_varint(-1 if value is None else len(value), to.append)
    to += value or b""


def read_records(records: bytes) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield the keys and values."""
    at = 0
    while at < len(records):
        _, at = decode_varint(records, at)
        _, at = decode_varint(records, at + 2)
        key, at = _read_sized(records, at)
        value, at = _read_sized(records, at)
        at += 1
        yield key or b"", value


def _read_sized(records: bytes, at: int) -> tuple[bytes | None, int]:
    size, at = decode_varint(records, at)
    return (None, at) if size < 0 else (records[at : at + size], at + size)
