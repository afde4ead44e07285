"""No secret is shown by whatever holds it; and files that cannot be used are named."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.broker.config import HOST
from app.connection import client_options, tls_context
from app.errors import SettingsError
from app.pipeline import create_app
from app.settings import Settings
from app.settings_load import load_settings
from tests.security.certificates import Authority

SECRETS: dict[str, Any] = {"sasl_password": "hunter2-sasl", "ssl_key_password": "hunter2-key"}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    authority = Authority(tmp_path)
    pair = authority.sign("worker", password=SECRETS["ssl_key_password"].encode())
    return {"ssl_cafile": authority.certificate, "ssl_certfile": pair.certificate, "ssl_keyfile": pair.key}


@pytest.fixture
def settings(files: dict[str, Any]) -> Settings:
    return Settings(security_protocol="SASL_SSL", sasl_username="gifts", **SECRETS, **files)


def test_what_holds_a_secret_does_not_show_it(settings: Settings) -> None:
    app = create_app(settings)
    shown = [settings, settings.model_dump(), settings.model_dump_json(), app, app.conf.broker_credentials]
    for one in shown:
        assert "hunter2" not in f"{one!r} {one}", type(one)
    assert all(secret not in str(app.conf.broker) for secret in SECRETS.values())


def test_all_clients_get_the_same_security(settings: Settings) -> None:
    """Faust's consumer has credentials of its own kind; the others have aiokafka's arguments."""
    credentials: Any = create_app(settings).conf.broker_credentials
    options = client_options(settings)
    assert credentials.protocol.value == options["security_protocol"]
    assert credentials.mechanism.value == options["sasl_mechanism"]
    assert (credentials.username, credentials.password) == ("gifts", SECRETS["sasl_password"])
    assert credentials.ssl_context.verify_mode == options["ssl_context"].verify_mode
    assert credentials.ssl_context.check_hostname


def test_secrets_come_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, files: dict[str, Any]) -> None:
    for name, secret in SECRETS.items():
        (tmp_path / f"giftstream_{name}").write_text(f"{secret}\n")
    monkeypatch.setenv("GIFTSTREAM_SECRETS_DIR", str(tmp_path))
    read = load_settings(security_protocol="SASL_SSL", sasl_username="gifts", **files)
    assert {name: getattr(read, name).get_secret_value() for name in SECRETS} == SECRETS


def test_a_key_whose_password_is_wrong_is_refused_without_asking_at_the_terminal(settings: Settings) -> None:
    for password in (SecretStr("other"), None):
        wrong = settings.model_copy(update={"ssl_key_password": password})
        with pytest.raises(SettingsError, match="GIFTSTREAM_SSL_KEY_PASSWORD cannot be used") as refused:
            tls_context(wrong)
        assert "hunter2" not in str(refused.value)


def test_a_file_that_is_no_certificate_is_named(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing\n")
    with pytest.raises(SettingsError, match="GIFTSTREAM_SSL_CAFILE cannot be used"):
        tls_context(settings.model_copy(update={"ssl_cafile": tmp_path / "empty.pem"}))


def test_the_password_of_a_key_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match=re.escape("Set GIFTSTREAM_SSL_KEYFILE")):
        Settings(ssl_key_password=SecretStr("hunter2-key"))


def test_what_listens_does_so_on_loopback_unless_told_otherwise() -> None:
    assert Settings.model_fields["http_host"].default == HOST == "127.0.0.1"
