"""The quick way to read flat JSON objects: compiled code takes those that are usual, all others are left to msgspec.

`scan.c` is the kernel, where it was compiled; here it is told what the members of a Struct are. What it reads is what
msgspec makes of the same bytes, but that patterns are not looked at: instead it is told which bytes a string may have.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from msgspec import NODEFAULT, Struct, inspect

if TYPE_CHECKING:
    from agents.domain.scan import Field

STRING, NUMBER, FLAG, CHOICE = range(4)
"""Kinds of members."""

NO, ASCII, OF_A_LONGER_CHARACTER = range(3)
"""What a byte within a string can be: nothing that is read here, a character, or a part of one in UTF-8."""

OF_TEXT: Final = bytes(
    NO if byte < 0x20 or byte in b'"\\' else ASCII if byte < 0x80 else OF_A_LONGER_CHARACTER for byte in range(256)
)
MOST: Final = 2**62
"""Where the Struct has no upper bound."""

Row = tuple[Any, ...]
Reader = Callable[[bytes], Row | None]


def reader(struct: type[Struct], classes: Callable[[str | None], bytes]) -> Reader:
    """Return what reads an object: its members in the order of the Struct's fields, or None where it is not sure.

    `classes` gives for a string's pattern, or None, what each byte is. Without compiled code nothing is ever sure.
    """
    found = inspect.type_info(struct)
    assert isinstance(found, inspect.StructType)
    members = tuple(_field(one, classes) for one in found.fields)
    try:
        from agents.domain.scan import Scanner
    except ImportError:
        return _never_sure
    return Scanner(members).scan


def _never_sure(value: bytes) -> None:
    """Leave it to msgspec."""


def _field(field: inspect.Field, classes: Callable[[str | None], bytes]) -> "Field":
    """Return a field as `scan.c` takes it. Raises TypeError for a type that it does not read."""
    kinds = [_bare(one) for one in (field.type.types if isinstance(field.type, inspect.UnionType) else [field.type])]
    nullable = any(isinstance(one, inspect.NoneType) for one in kinds)
    [kind] = [one for one in kinds if not isinstance(one, inspect.NoneType)]
    missing = () if field.required else (field.default,)
    if field.default_factory is not NODEFAULT:
        raise TypeError(f"{field.name}: found a default that is made each time; it has to be one value here")
    allowed, least, most = OF_TEXT, 0, MOST
    choices: tuple[Any, ...] = ()
    if isinstance(kind, inspect.StrType):
        number, allowed = STRING, classes(kind.pattern)
        least, most = kind.min_length or 0, MOST if kind.max_length is None else kind.max_length
    elif isinstance(kind, inspect.IntType):
        number, least, most = NUMBER, kind.ge or 0, MOST if kind.le is None else kind.le
        if (kind.gt, kind.lt, kind.multiple_of) != (None, None, None):
            raise TypeError(f"{field.name}: found {kind}; bounds are ge and le here")
    elif isinstance(kind, inspect.LiteralType) and all(isinstance(one, str) for one in kind.values):
        number, choices = CHOICE, kind.values
    elif isinstance(kind, inspect.BoolType):
        number = FLAG
    else:
        raise TypeError(f"{field.name}: found {kind}; read are strings, whole numbers, flags, choices")
    return field.encode_name, number, nullable, missing, allowed, least, most, choices


def _bare(kind: inspect.Type) -> inspect.Type:
    return kind.type if isinstance(kind, inspect.Metadata) else kind
