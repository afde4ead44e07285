"""A Kafka that lets nobody in without a certificate or a login, and lets nobody do what is not granted."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from app.access import Grant
from app.broker import EmbeddedBroker, Secured
from app.broker.config import HOST
from app.broker.probe import free_ports
from tests.integration.waiting import until
from tests.security.certificates import Authority

PASSWORDS: Final = {
    role: f"{role}-S3cret" for role in ("worker", "producer", "reader", "auditor", "watcher", "operator", "nobody")
}
"""The users that can log in by SCRAM-SHA-512, by name."""

_TYPES: Final = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactionalId": ResourceType.TRANSACTIONAL_ID,
}
_OPERATIONS: Final = {
    "Read": AclOperation.READ,
    "Write": AclOperation.WRITE,
    "Create": AclOperation.CREATE,
    "Describe": AclOperation.DESCRIBE,
    "DescribeConfigs": AclOperation.DESCRIBE_CONFIGS,
}


@dataclass(frozen=True, slots=True)
class LockedBroker:
    """`embedded` serves its tests without TLS, as its administrator; the product comes by the other two ports."""

    embedded: EmbeddedBroker
    authority: Authority
    by_tls: str
    by_login: str

    def login(self, user: str, password: str | None = None) -> dict[str, Any]:
        """Return the settings of a user who logs in."""
        return {
            "broker": self.by_login,
            "security_protocol": "SASL_SSL",
            "sasl_username": user,
            "sasl_password": password or PASSWORDS[user],
            "ssl_cafile": self.authority.certificate,
        }

    def certificate(self, user: str) -> dict[str, Any]:
        """Return the settings of a user who shows a certificate."""
        pair = self.authority.sign(user)
        return {
            "broker": self.by_tls,
            "security_protocol": "SSL",
            "ssl_cafile": self.authority.certificate,
            "ssl_certfile": pair.certificate,
            "ssl_keyfile": pair.key,
        }

    async def grant(self, user: str, grants: Iterable[Grant]) -> None:
        """Let a user do what is granted; return when the broker has heard of it from the controller."""
        client = AdminClient({"bootstrap.servers": self.embedded.bootstrap})
        bindings = {_binding(user, grant, operation) for grant in grants for operation in grant.operations}
        for done in client.create_acls(list(bindings)).values():
            await asyncio.to_thread(done.result)

        async def heard() -> bool:
            return bindings <= set(await asyncio.to_thread(client.describe_acls(_of(user)).result))

        await until(heard, f"the broker has heard of the rights of {user}")


def _of(user: str) -> AclBindingFilter:
    any_name: Any = None
    any_host: Any = None
    return AclBindingFilter(
        ResourceType.ANY,
        any_name,
        ResourcePatternType.ANY,
        f"User:{user}",
        any_host,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )


def _binding(user: str, grant: Grant, operation: str) -> AclBinding:
    pattern = ResourcePatternType.PREFIXED if grant.prefixed else ResourcePatternType.LITERAL
    where = (_TYPES[grant.resource], grant.name, pattern)
    return AclBinding(*where, f"User:{user}", "*", _OPERATIONS[operation], AclPermissionType.ALLOW)


@contextmanager
def locked_broker(folder: Path) -> Iterator[LockedBroker]:
    """Yield one. Its keys lie in the folder."""
    authority = Authority(folder)
    tls_port, login_port = free_ports(2)
    users = (f"SCRAM-SHA-512=[name={name},password={word}]" for name, word in PASSWORDS.items())
    scram = [argument for user in users for argument in ("--add-scram", user)]
    secured = Secured(tls_port, login_port, _properties(authority), scram)
    with EmbeddedBroker(secured=secured) as embedded:
        yield LockedBroker(embedded, authority, f"{HOST}:{tls_port}", f"{HOST}:{login_port}")


def _properties(authority: Authority) -> Mapping[str, str]:
    """Return what KRaft needs to demand keys, logins and rights. Whoever comes by the plain listener may do all."""
    return {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(authority.sign("broker").both),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.certificate),
        "listener.name.ssl.ssl.client.auth": "required",
        "listener.name.ssl.ssl.principal.mapping.rules": "RULE:^CN=(.*?)$/$1/",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
    }
