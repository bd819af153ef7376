"""Host names, and how little the dead ones hold up."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator

import pytest

from monitor.sources import names as names_module
from monitor.sources.names import NameFailed, Names


class Resolver:
    """A system's resolver: knows one name, is stuck on others until it is let go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.let_go = threading.Event()

    def __call__(self, host: str) -> list[tuple[socket.AddressFamily, str]]:
        self.asked.append(host)
        if host.startswith(("dead", "slow")):
            self.let_go.wait(10)
        if host not in ("news.example", "slow.example"):
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [
            (socket.AF_INET, "192.0.2.7"),
            (socket.AF_INET6, "2001:db8::7"),
            (socket.AF_INET, "192.0.2.7"),
        ]


@pytest.fixture
def resolver() -> Resolver:
    return Resolver()


@pytest.fixture
async def names(resolver: Resolver) -> AsyncIterator[Names]:
    made = Names(resolver, patience=0.05)
    yield made
    resolver.let_go.set()
    await made.close()


async def test_a_name_gives_each_of_its_addresses_once(names: Names) -> None:
    found = await names.resolve("news.example", 443)
    assert [(f["host"], f["port"]) for f in found] == [("192.0.2.7", 443), ("2001:db8::7", 443)]
    only = await names.resolve("news.example", 443, socket.AF_INET)
    assert [f["host"] for f in only] == ["192.0.2.7"]


async def test_an_answer_is_used_again(names: Names, resolver: Resolver) -> None:
    for _ in range(3):
        await names.resolve("news.example")
    assert resolver.asked == ["news.example"]


async def test_many_who_ask_at_once_share_one_lookup(names: Names, resolver: Resolver) -> None:
    await asyncio.gather(*(names.resolve("news.example") for _ in range(20)))
    assert resolver.asked == ["news.example"]


async def test_an_unknown_name_fails_in_words(names: Names) -> None:
    with pytest.raises(NameFailed, match="not known"):
        await names.resolve("nowhere.example")


async def test_a_name_that_cannot_be_one_fails_in_words() -> None:
    names = Names()
    with pytest.raises(NameFailed, match="not known"):
        await names.resolve("x" * 64 + ".invalid")
    await names.close()


async def test_a_lookup_that_hangs_is_not_waited_for(names: Names) -> None:
    with pytest.raises(NameFailed, match="did not answer in time"):
        await names.resolve("dead.example")


async def test_dead_names_do_not_hold_up_a_good_one(
    resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names_module, "THREADS", 2)
    names = Names(resolver, patience=0.2)
    dead = ["dead1.example", "dead2.example"]
    first = await asyncio.gather(*(names.resolve(d) for d in dead), return_exceptions=True)
    assert all(isinstance(outcome, NameFailed) for outcome in first)
    resolver.let_go.set()
    await asyncio.wait([e.running for e in names._entries.values() if e.running])
    resolver.let_go.clear()
    # Known to be slow by now, they have threads of their own.
    tries = [asyncio.ensure_future(names.resolve(d)) for d in dead]
    await asyncio.sleep(0)
    assert await names.resolve("news.example")
    await asyncio.gather(*tries, return_exceptions=True)
    resolver.let_go.set()
    await names.close()


async def test_one_who_gives_up_does_not_end_the_lookup_of_others(resolver: Resolver) -> None:
    names = Names(resolver)
    first = asyncio.ensure_future(names.resolve("slow.example"))
    second = asyncio.ensure_future(names.resolve("slow.example"))
    await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.sleep(0)
    resolver.let_go.set()
    assert await second
    await names.close()


async def test_what_is_remembered_of_names_is_bounded(
    names: Names, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names_module, "REMEMBERED", 5)
    for n in range(20):
        with pytest.raises(NameFailed):
            await names.resolve(f"nowhere{n}.example")
    assert len(names._entries) == 5
