"""Every setting, in one place: read once from GIFTSTREAM_* variables, checked, then frozen."""

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, FilePath, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from agents.domain.rules import BIG_GIFT, Partitioner, Rules
from app.settings_parse import address_list, big_gifts, host, is_time_zone

PREFIX: Final = "GIFTSTREAM_"
SOURCE_TOPIC: Final = "gifts.v1"
LAST_PORT: Final = 65_535

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
LogFormat = Literal["auto", "console", "json"]


def _setting(default: object, meaning: str, allowed: str = "", **constraints: Any) -> Any:
    return Field(default, description=meaning, json_schema_extra={"allowed": allowed}, **constraints)


def _number(default: int, low: int, high: int, meaning: str) -> Any:
    return _setting(default, meaning, f"a whole number from {low} to {high}", ge=low, le=high)


def _name(default: str, low: int, meaning: str) -> Any:
    allowed = f"{low} to 100 of the characters A-Z a-z 0-9 . _ -"
    return _setting(default, meaning, allowed, pattern=r"^[A-Za-z0-9._-]*\z", min_length=low, max_length=100)


class Settings(BaseSettings):
    """The frozen settings of one process. Built by `load_settings`, which explains errors."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True)

    broker: Annotated[str, AfterValidator(address_list)] = _setting(
        "127.0.0.1:9092", "Kafka, as `host:port`, or several of them", "host:port, or a comma-separated list"
    )
    app_id: str = _name("giftstream", 1, "consumer group, and prefix of the internal topics")
    topic_prefix: str = _name("", 0, "put in front of the names of the public topics")
    partitions: int = _number(4, 1, 1024, "partitions of `gifts.v1`")
    partitioner: Partitioner = _setting(
        "murmur2",
        "how producers choose a key's partition: `murmur2` (Java, aiokafka), `crc32` (librdkafka), `any`",
    )
    replication_factor: int = _number(1, 1, 32, "replicas of a topic that is created; 3 in production")
    top_n: int = _number(10, 1, 100, "entries of a leaderboard")
    time_zone: Annotated[str, AfterValidator(is_time_zone)] = _setting(
        "UTC", "where the day of the `1d` window begins", "an IANA time zone such as UTC or Europe/Berlin"
    )
    horizon_seconds: int = _number(600, 60, 86_400, "how long ids are remembered and how old a gift may be")
    big_gift: Annotated[dict[str, int], NoDecode, BeforeValidator(big_gifts)] = _setting(
        BIG_GIFT,
        "value from which one gift is a `big_gift`, where it differs from the default",
        "unit=value pairs such as coin=1000,minor=5000; units: " + ", ".join(BIG_GIFT),
        validate_default=True,
    )
    http_host: Annotated[str, AfterValidator(host)] = _setting(
        "127.0.0.1", "where `/metrics`, `/livez` and `/readyz` listen", "a host name or an IP address"
    )
    http_port: int = _number(6066, 0, LAST_PORT, "their port; 0 takes a free one")
    workers: int = _number(
        1, 1, 256, "workers that one `giftstream worker` is: a process for each, with ports that follow on the first's"
    )
    security_protocol: SecurityProtocol = _setting("PLAINTEXT", "how to talk to Kafka")
    sasl_mechanism: SaslMechanism = _setting("SCRAM-SHA-512", "how to log in to Kafka")
    sasl_username: str | None = _setting(None, "user name at Kafka", min_length=1)
    sasl_password: SecretStr | None = _setting(None, "password at Kafka; never shown", min_length=1)
    allow_plaintext_sasl: bool = _setting(False, "permit SASL without TLS", "true or false")
    ssl_cafile: FilePath | None = _setting(None, "PEM file of the authorities to trust", "a file")
    ssl_certfile: FilePath | None = _setting(None, "PEM file of our certificate", "a file")
    ssl_keyfile: FilePath | None = _setting(None, "PEM file of our key", "a file")
    ssl_key_password: SecretStr | None = _setting(None, "password of that file; never shown", min_length=1)
    flush_ms: int = _number(50, 1, 60_000, "how often state is written and boards published")
    behind_flush_ms: int = _number(2_000, 1, 60_000, "the same, when more than a second behind")
    behind_board_ms: int = _number(5_000, 0, 600_000, "least time between two values of a board, when behind")
    session_timeout_seconds: int = _number(10, 6, 300, "silence after which a worker's partitions move")
    heartbeat_seconds: int = _number(3, 1, 100, "at most a third of the session timeout")
    self_check_seconds: int = _number(
        300, 0, 86_400, "how often a worker counts one of its final boards again from the log; 0 is never"
    )
    log_format: LogFormat = _setting("auto", "`auto` is `console` on a terminal and `json` elsewhere")

    @property
    def bootstrap(self) -> list[str]:
        """The broker addresses, each `host:port`."""
        return self.broker.split(",")

    @property
    def source_topic(self) -> str:
        """The name of the topic that gifts come in on."""
        return self.topic_prefix + SOURCE_TOPIC

    @model_validator(mode="after")
    def _agree(self) -> "Settings":
        for contradicts, why in CONTRADICTIONS:
            if contradicts(self):
                raise ValueError(why)
        return self


def rules(settings: Settings) -> Rules:
    """Return those of the settings that decide what is counted where."""
    return Rules(
        source_topic=settings.source_topic,
        partitions=settings.partitions,
        partitioner=settings.partitioner,
        horizon_ms=settings.horizon_seconds * 1000,
        time_zone=str(ZoneInfo(settings.time_zone)),
        top_n=settings.top_n,
        big_gift=dict(settings.big_gift),
    )


CONTRADICTIONS: Final[tuple[tuple[Callable[[Settings], bool], str], ...]] = (
    (
        lambda s: s.workers > s.partitions,
        "GIFTSTREAM_WORKERS is more than GIFTSTREAM_PARTITIONS, and the last ones would have nothing to do. "
        "Set at most a worker for each partition",
    ),
    (
        lambda s: s.http_port > 0 and s.http_port + s.workers - 1 > LAST_PORT,
        "GIFTSTREAM_HTTP_PORT is too high for so many GIFTSTREAM_WORKERS: the last one's port would be above "
        f"{LAST_PORT}. Set a lower one",
    ),
    (
        lambda s: s.security_protocol == "SASL_PLAINTEXT" and not s.allow_plaintext_sasl,
        "GIFTSTREAM_SECURITY_PROTOCOL is SASL_PLAINTEXT, which sends the login without TLS. "
        "Use SASL_SSL, or set GIFTSTREAM_ALLOW_PLAINTEXT_SASL=true",
    ),
    (
        lambda s: s.security_protocol.startswith("SASL") and not (s.sasl_username and s.sasl_password),
        "GIFTSTREAM_SECURITY_PROTOCOL asks for a login, but there is none. "
        "Set GIFTSTREAM_SASL_USERNAME and GIFTSTREAM_SASL_PASSWORD",
    ),
    (
        lambda s: not s.security_protocol.startswith("SASL") and bool(s.sasl_username or s.sasl_password),
        "GIFTSTREAM_SASL_USERNAME or GIFTSTREAM_SASL_PASSWORD is set but not used. "
        "Set GIFTSTREAM_SECURITY_PROTOCOL=SASL_SSL",
    ),
    (
        lambda s: (s.ssl_certfile is None) != (s.ssl_keyfile is None),
        "GIFTSTREAM_SSL_CERTFILE and GIFTSTREAM_SSL_KEYFILE belong together. Set both, or neither",
    ),
    (
        lambda s: not s.security_protocol.endswith("SSL") and (s.ssl_cafile or s.ssl_certfile) is not None,
        "GIFTSTREAM_SSL_* is set, but GIFTSTREAM_SECURITY_PROTOCOL uses no TLS. Set it to SSL or SASL_SSL",
    ),
    (
        lambda s: s.ssl_key_password is not None and s.ssl_keyfile is None,
        "GIFTSTREAM_SSL_KEY_PASSWORD is set but not used. Set GIFTSTREAM_SSL_KEYFILE",
    ),
    (
        lambda s: s.heartbeat_seconds * 3 > s.session_timeout_seconds,
        "GIFTSTREAM_HEARTBEAT_SECONDS is more than a third of GIFTSTREAM_SESSION_TIMEOUT_SECONDS. "
        "Three heartbeats must fit into a session",
    ),
)
