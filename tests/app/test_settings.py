"""Settings: read once, frozen; a wrong one stops the start and says what is allowed."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from agents.domain.rules import BIG_GIFT
from app.errors import SettingsError
from app.settings import Settings, rules
from app.settings_load import load_settings
from app.settings_table import describe, markdown

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("GIFTSTREAM_"):
            monkeypatch.delenv(name)


@pytest.fixture
def _login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIFTSTREAM_SASL_USERNAME", "gifts")
    monkeypatch.setenv("GIFTSTREAM_SASL_PASSWORD", "hunter2")


def test_defaults_need_no_environment() -> None:
    settings = load_settings()
    assert (settings.bootstrap, settings.app_id, settings.partitions) == (["127.0.0.1:9092"], "giftstream", 4)
    assert (settings.http_host, settings.http_port, settings.top_n) == ("127.0.0.1", 6066, 10)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        load_settings().top_n = 11


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("TOP_N", "101", "a whole number from 1 to 100"),
        ("TOP_N", "ten", "a whole number from 1 to 100"),
        ("HTTP_PORT", "-1", "a whole number from 0 to 65535"),
        ("BROKER", "localhost", "host:port"),
        ("BROKER", "localhost:99999", "host:port"),
        ("APP_ID", "gift stream", "A-Z a-z 0-9 . _ -"),
        ("APP_ID", "", "A-Z a-z 0-9 . _ -"),
        ("APP_ID", "gifts\n", "A-Z a-z 0-9 . _ -"),
        ("PARTITIONER", "random", "murmur2, crc32, any"),
        ("TIME_ZONE", "Mars/Olympus", "IANA time zone"),
        ("TIME_ZONE", "../../etc/passwd", "IANA time zone"),
        ("BIG_GIFT", "diamond=5", "unit=value pairs"),
        ("BIG_GIFT", "coin=many", "unit=value pairs"),
        ("LOG_FORMAT", "xml", "auto, console, json"),
        ("SSL_CAFILE", "/does/not/exist.pem", "a file"),
    ],
)
def test_a_wrong_value_names_the_setting_what_was_found_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str
) -> None:
    monkeypatch.setenv(f"GIFTSTREAM_{name}", value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    text = str(caught.value)
    assert text.startswith(f"GIFTSTREAM_{name} is {value!r}. Allowed: ")
    assert allowed in text
    assert "pydantic" not in text


def test_all_wrong_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIFTSTREAM_TOP_N", "0")
    monkeypatch.setenv("GIFTSTREAM_PARTITIONS", "0")
    with pytest.raises(SettingsError, match=r"(?s)PARTITIONS is '0'.*TOP_N is '0'"):
        load_settings()


def test_a_password_in_the_broker_address_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GIFTSTREAM_BROKER", "kafka://user:hunter2@host:9092")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)


@pytest.mark.usefixtures("_login")
def test_a_password_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIFTSTREAM_SECURITY_PROTOCOL", "SASL_SSL")
    settings = load_settings()
    assert "hunter2" not in repr(settings)
    assert settings.sasl_password is not None
    assert settings.sasl_password.get_secret_value() == "hunter2"


def test_a_password_may_come_from_a_mounted_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "giftstream_sasl_password").write_text("from-a-file\n")
    monkeypatch.setenv("GIFTSTREAM_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("GIFTSTREAM_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("GIFTSTREAM_SASL_USERNAME", "gifts")
    password = load_settings().sasl_password
    assert password is not None
    assert password.get_secret_value() == "from-a-file"


@pytest.mark.usefixtures("_login")
def test_a_login_without_tls_must_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIFTSTREAM_SECURITY_PROTOCOL", "SASL_PLAINTEXT")
    with pytest.raises(SettingsError, match="GIFTSTREAM_ALLOW_PLAINTEXT_SASL=true"):
        load_settings()
    monkeypatch.setenv("GIFTSTREAM_ALLOW_PLAINTEXT_SASL", "true")
    assert load_settings().sasl_username == "gifts"


@pytest.mark.usefixtures("_login")
def test_a_login_that_would_not_be_used_is_refused() -> None:
    with pytest.raises(SettingsError, match="not used"):
        load_settings()


def test_a_protocol_with_login_needs_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIFTSTREAM_SECURITY_PROTOCOL", "SASL_SSL")
    with pytest.raises(SettingsError, match="Set GIFTSTREAM_SASL_USERNAME"):
        load_settings()


def test_there_are_no_more_workers_than_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIFTSTREAM_WORKERS", "4")
    assert load_settings().workers == 4
    monkeypatch.setenv("GIFTSTREAM_WORKERS", "5")
    with pytest.raises(SettingsError, match="GIFTSTREAM_WORKERS is more than GIFTSTREAM_PARTITIONS"):
        load_settings()


def test_the_ports_of_all_workers_must_be_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIFTSTREAM_WORKERS", "2")
    monkeypatch.setenv("GIFTSTREAM_HTTP_PORT", "65534")
    assert load_settings().http_port == 65_534
    monkeypatch.setenv("GIFTSTREAM_HTTP_PORT", "65535")
    with pytest.raises(SettingsError, match="GIFTSTREAM_HTTP_PORT is too high"):
        load_settings()


def test_three_heartbeats_must_fit_into_a_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIFTSTREAM_HEARTBEAT_SECONDS", "4")
    with pytest.raises(SettingsError, match="a third"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("TOPN", "Did you mean GIFTSTREAM_TOP_N?"),
        ("HTTP_PROT", "Did you mean GIFTSTREAM_HTTP_PORT?"),
        ("XYZZY", "GIFTSTREAM_"),
    ],
)
def test_an_unknown_setting_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, hint: str) -> None:
    monkeypatch.setenv(f"GIFTSTREAM_{name}", "1")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert f"GIFTSTREAM_{name} is not a setting" in str(caught.value)
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SERVICE_HOST", "10.0.0.1"),
        ("SERVICE_PORT_HTTP", "6066"),
        ("PORT", "tcp://10.0.0.1:6066"),
        ("PORT_6066_TCP_ADDR", "10.0.0.1"),
    ],
)
def test_what_kubernetes_sets_for_a_service_of_that_name_is_let_through(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"GIFTSTREAM_{name}", value)
    assert load_settings().http_port == 6066


def test_several_brokers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIFTSTREAM_BROKER", "a:9092, b.example:9093 ,[::1]:9094")
    assert load_settings().bootstrap == ["a:9092", "b.example:9093", "[::1]:9094"]


def test_rules_are_those_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "TOPIC_PREFIX": "eu.",
        "PARTITIONS": "8",
        "PARTITIONER": "crc32",
        "HORIZON_SECONDS": "120",
        "TOP_N": "3",
        "TIME_ZONE": "Europe/Berlin",
        "BIG_GIFT": "coin=5000, minor=200",
    }
    for name, value in given.items():
        monkeypatch.setenv(f"GIFTSTREAM_{name}", value)
    found = rules(load_settings())
    assert (found.source_topic, found.partitions, found.partitioner) == ("eu.gifts.v1", 8, "crc32")
    assert (found.horizon_ms, found.top_n, found.time_zone) == (120_000, 3, "Europe/Berlin")
    assert found.big_gift == BIG_GIFT | {"coin": 5000, "minor": 200}


def test_every_setting_has_a_meaning_and_says_what_is_allowed() -> None:
    table = describe()
    assert len(table) == len(Settings.model_fields)
    assert all(one.meaning not in ("", "None") and one.allowed for one in table)


@pytest.mark.skipif(not README.exists(), reason="there is no README yet")
def test_the_readme_has_the_table() -> None:
    assert markdown() in README.read_text(encoding="utf-8")
