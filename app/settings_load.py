"""Reading the settings, and saying in plain words what is wrong with them."""

import os
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from app.errors import SettingsError
from app.settings import PREFIX, Settings

SECRETS_DIR: Final = PREFIX + "SECRETS_DIR"
"""Names a directory of files such as `giftstream_sasl_password`, as Docker and Kubernetes mount secrets."""

_SERVICE_LINK: Final = re.compile(r"_SERVICE_(HOST|PORT)|_PORT_\d+_(TCP|UDP)")


def load_settings(**overrides: Any) -> Settings:
    """Return the settings of the environment; `overrides`, by field name, win. Raises SettingsError."""
    refuse_unknown(os.environ)
    secrets = os.environ.get(SECRETS_DIR)
    if secrets is not None and not os.path.isdir(secrets):
        raise SettingsError(f"{SECRETS_DIR} is {secrets!r}", allowed="a directory")
    try:
        return Settings(**{"_secrets_dir": secrets, **overrides})
    except ValidationError as error:
        raise explain(error) from None


def variable(field: str) -> str:
    """Return the name of a field's environment variable."""
    return PREFIX + field.upper()


def refuse_unknown(environ: Mapping[str, str]) -> None:
    """Raise SettingsError for a GIFTSTREAM_* variable that is no setting: a typing error is not passed over.

    Kubernetes sets such variables for a Service named giftstream; those are let through.
    """
    known = [variable(field) for field in Settings.model_fields] + [SECRETS_DIR]
    for name, value in environ.items():
        if name.upper().startswith(PREFIX) and name.upper() not in known and not _service_link(name, value):
            near = get_close_matches(name.upper(), known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Unset it, or use one of {', '.join(known)}"
            raise SettingsError(f"{name} is not a setting", do=hint)


def _service_link(name: str, value: str) -> bool:
    return _SERVICE_LINK.search(name) is not None or value.startswith(("tcp://", "udp://"))


def explain(error: ValidationError) -> SettingsError:
    """Return an error that names each wrong setting, what was found, and what is allowed."""
    lines = [_line(dict(one)) for one in error.errors(include_url=False)]
    return SettingsError("\n".join(dict.fromkeys(lines)))


def _line(one: Mapping[str, Any]) -> str:
    if not one["loc"]:
        return str(one["msg"]).removeprefix("Value error, ")
    name = str(one["loc"][0])
    if name not in Settings.model_fields:
        return f"{variable(name)} is not a setting"
    return f"{variable(name)} is {_shown(name, one['input'])}. Allowed: {allowed(name)}"


def _shown(name: str, value: object) -> str:
    """Show what was found, unless it is or may hold a secret."""
    field = Settings.model_fields[name]
    if SecretStr in get_args(field.annotation):
        return "empty" if value in ("", b"") else "wrong (not shown: it is a secret)"
    if "@" in str(value):
        return "an address with a login in it (not shown)"
    return repr(value)[:200]


def allowed(name: str) -> str:
    """Return what a setting may be, in words."""
    field = Settings.model_fields[name]
    extra = field.json_schema_extra
    text = extra.get("allowed") if isinstance(extra, dict) else None
    return str(text) if text else ", ".join(_choices(field)) or "any text but the empty one"


def _choices(field: FieldInfo) -> Iterable[str]:
    return get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
