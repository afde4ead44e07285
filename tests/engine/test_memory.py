"""What a takeover leaves behind goes when it ends, without a look through the whole state."""

import gc
import weakref

import pytest

from app.engine import memory

pytestmark = pytest.mark.usefixtures("without_collector")


class Client:
    """Like a closed client: it holds itself."""

    def __init__(self) -> None:
        self.itself = self


def test_clients_of_a_takeover_are_gone_when_it_ends() -> None:
    client = weakref.ref(Client())
    assert client() is not None
    memory.give_back()
    assert client() is None


def test_what_has_been_there_for_long_is_not_looked_at() -> None:
    old = Client()
    held = weakref.ref(old)
    gc.collect()
    del old
    memory.give_back()
    assert held() is not None
