"""The consumer group: who is a member, who owns what, and who has not been heard of for too long."""

import asyncio
from random import Random
from typing import Final

from tests.faults.simulation.worker import Worker

SESSION_SECONDS: Final = 0.3
"""Who does not answer for so long is a member no more."""

PATIENCE_SECONDS: Final = 0.2
"""Who has been put out hears of it so much later at most, once it has time to listen."""


class Group:
    """Rebalances move partitions at random. A member that was put out goes on with what it had until it hears of it."""

    def __init__(self, random: Random, partitions: int) -> None:
        self.members: list[Worker] = []
        self.rebalances = 0
        self._random = random
        self._partitions = partitions
        self._owners: dict[int, Worker] = {}
        self._wanted = asyncio.Event()

    def join(self, worker: Worker) -> None:
        self.members.append(worker)
        self._wanted.set()

    def leave(self, worker: Worker) -> None:
        if worker in self.members:
            self.members.remove(worker)
            self._wanted.set()

    def shuffle(self) -> None:
        """Ask for a rebalance."""
        self._wanted.set()

    async def run(self) -> None:
        """Rebalance whenever that is wanted, one rebalance after the other."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await self._rebalance()

    async def watch(self) -> None:
        """Miss whoever has died or stands still."""
        unheard: dict[Worker, float] = {}
        while True:
            await asyncio.sleep(SESSION_SECONDS / 4)
            for member in list(self.members):
                if member.alive and not member.paused:
                    unheard.pop(member, None)
                    continue
                unheard[member] = unheard.get(member, 0.0) + SESSION_SECONDS / 4
                if unheard[member] > SESSION_SECONDS:
                    self._put_out(member)

    async def _rebalance(self) -> None:
        self.rebalances += 1
        revoking = {member: member.spawn(member.revoke) for member in self.members if member.alive}
        deadline = asyncio.get_running_loop().time() + SESSION_SECONDS
        while any(self._keeps_waiting(member, task) for member, task in revoking.items()):
            if asyncio.get_running_loop().time() >= deadline:
                break
            await asyncio.sleep(0.01)
        for member, task in revoking.items():
            if self._keeps_waiting(member, task):
                self._put_out(member)
        self._assign([member for member in self.members if member.alive])

    def _keeps_waiting(self, member: Worker, task: "asyncio.Task[None]") -> bool:
        return member in self.members and member.alive and not task.done()

    def _assign(self, members: list[Worker]) -> None:
        if not members:
            return
        sticks = self._random.random() < 0.6
        for number in range(self._partitions):
            if not sticks or self._owners.get(number) not in members:
                self._owners[number] = self._random.choice(members)
        merger = self._random.choice(members)
        for member in members:
            member.assign({number for number, owner in self._owners.items() if owner is member}, member is merger)

    def _put_out(self, member: Worker) -> None:
        if member in self.members:
            self.members.remove(member)
            self._wanted.set()
        if member.alive:
            member.spawn(lambda: self._come_back(member))

    async def _come_back(self, member: Worker) -> None:
        """In the member: it hears that it was put out, gives back what it had, and joins again."""
        await asyncio.sleep(self._random.random() * PATIENCE_SECONDS)
        await member.revoke()
        self.join(member)
