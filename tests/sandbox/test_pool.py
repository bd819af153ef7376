"""Whatever a document does to the child that reads it costs that document, and nothing else."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.errors import SandboxError
from monitor.model import ContentHash, Document, Hints, Parsed, Refused, SourceId
from monitor.sandbox import codec, pool
from monitor.sandbox.pool import ParsePool

NOW = datetime(2026, 1, 29, 12, tzinfo=UTC)
GOOD = "OSLO, Jan 27 (NTB): All is well."
SLOW = "<rss><channel><item " + " ".join(f'a{i}="x"' for i in range(100_000)) + "/></channel></rss>"
GREEDY = "<rss><channel><item><title " + "a" * 5_000_000
DATED = "Head\n\n2026-01-27\n\nText."


def _document(content: str, **hints: str) -> Document:
    return Document(
        source=SourceId("s"),
        location="/srv/wire/a.txt",
        received_at=NOW,
        arrived_at=NOW,
        content=content.encode(),
        content_hash=ContentHash("0" * 64),
        headers=(("content-type", "text/plain"),),
        hints=Hints(**hints),
    )


@pytest.fixture
async def two() -> AsyncIterator[ParsePool]:
    async with ParsePool(2, wall=20) as parse_pool:
        yield parse_pool


def _lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _proc(pid: int, name: str) -> bytes:
    return Path(f"/proc/{pid}/{name}").read_bytes()


async def _reads(parse_pool: ParsePool) -> bool:
    found = await parse_pool.parse(_document(GOOD))
    return isinstance(found, Parsed) and found.articles[0].place == "Oslo".upper()


async def test_a_document_is_read_as_it_would_be_here(two: ParsePool) -> None:
    from monitor.core.formats import read

    document = _document("Kopf\n\nBERLIN, 27. Jan 2026 (XWIRE) - Text – “hier”. XWIRE AB", agency="XWIRE")
    assert await two.parse(document) == read(document)
    assert isinstance(await two.parse(_document("<html/>")), Refused)


async def test_no_child_is_started_before_the_first_document_and_one_serves_many(two: ParsePool) -> None:
    assert two.pids == ()
    for _ in range(3):
        assert await _reads(two)
    assert len(two.pids) == 1


async def test_as_many_children_as_allowed_work_at_once(two: ParsePool) -> None:
    assert all(await asyncio.gather(*(_reads(two) for _ in range(20))))
    assert len(two.pids) == 2


async def test_a_parser_that_raises_costs_its_document_and_its_child(two: ParsePool) -> None:
    assert await _reads(two)
    before = two.pids
    poison = replace(_document(DATED), received_at=datetime(2026, 1, 29))  # what nobody sends
    found = await two.parse(poison)
    assert isinstance(found, Refused)
    assert found.reason.startswith("its parser gave up: TypeError: can't compare offset-naive")
    assert await _reads(two)
    assert not set(before) & set(two.pids)


async def test_a_document_that_takes_too_long_is_stopped() -> None:
    async with ParsePool(1, wall=0.5) as one:
        assert await _reads(one)
        began = time.monotonic()
        assert await one.parse(_document(SLOW)) == Refused(
            reason="reading it took longer than 0.5 s", passing=True
        )
        assert time.monotonic() - began < 3
        assert await _reads(one)


async def test_a_document_that_takes_too_much_memory_is_refused() -> None:
    async with ParsePool(1, wall=20, memory=256 * 2**20) as one:
        found = await one.parse(_document(GREEDY))
        assert found == Refused(reason="reading it needs more memory than a document may take")
        assert await _reads(one)


async def test_a_child_that_is_killed_while_it_reads_costs_its_document_only() -> None:
    async with ParsePool(1, wall=30) as one:
        parse = asyncio.create_task(one.parse(_document(SLOW)))
        while not one.pids:  # noqa: ASYNC110  # a pool tells nobody that a child came up
            await asyncio.sleep(0.01)
        os.kill(one.pids[0], signal.SIGKILL)
        found = await asyncio.wait_for(parse, 20)
        assert found == Refused(reason="its parser died by SIGKILL", passing=True)
        assert await _reads(one)


async def test_a_child_that_died_while_idle_costs_nothing(two: ParsePool) -> None:
    assert await _reads(two)
    os.kill(two.pids[0], signal.SIGKILL)
    assert await _reads(two)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\x00\x00\x00\x05+null",
        b"\x00\x00\x00\x03+{}",
        b"\xff\xff\xff\xff+{}",
        b"\x00\x00\x00\x00",
        b"\x00\x00\x00\x04?\xff{}",
        b"\x00\x00\x00\x02+[",
    ],
)
async def test_a_child_that_answers_nonsense_is_replaced(
    said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = "import sys; o = sys.stdout.buffer; o.write(b'\\0\\0\\0\\1='); o.flush()"
    babble = f"{ready}; sys.stdin.buffer.read(8); o.write({said!r})"
    with monkeypatch.context() as patched:
        patched.setattr(pool, "_CODE", babble)
        async with ParsePool(1) as one:
            found = await one.parse(_document(GOOD))
            assert isinstance(found, Refused)
            assert "nonsense" in found.reason or "died" in found.reason
            patched.undo()
            assert await _reads(one)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise SystemExit(3)", "does not come up with exit code 3"),
        (
            "import sys; sys.stdout.buffer.write(b'\\0\\0\\0\\x0b!no feeds x')",
            "cannot start: no feeds x",
        ),
    ],
)
async def test_children_that_cannot_start_are_an_error_that_says_why(
    code: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_CODE", code)
    async with ParsePool(1) as one:
        with pytest.raises(SandboxError, match=words):
            await one.parse(_document(GOOD))
        assert one.pids == ()


async def test_a_cancelled_parse_leaves_no_child_behind_in_mid_document() -> None:
    async with ParsePool(1, wall=30) as one:
        assert await _reads(one)
        (pid,) = one.pids
        parse = asyncio.create_task(one.parse(_document(SLOW)))
        await asyncio.sleep(0.05)
        parse.cancel()
        with pytest.raises(asyncio.CancelledError):
            await parse
        assert not _lives(pid)
        assert await _reads(one)


async def test_a_child_is_replaced_after_its_share_of_documents() -> None:
    async with ParsePool(1, life=2) as one:
        seen: set[int] = set()
        for _ in range(3):
            assert await _reads(one)
            seen |= set(one.pids)
        assert len(seen) == 2


async def test_a_child_that_a_huge_document_left_heavy_is_replaced(two: ParsePool) -> None:
    assert await _reads(two)
    (before,) = two.pids
    item = f"<item><title>t</title><description>{'Some words. ' * 80_000}</description></item>"
    found = await two.parse(_document(f"<rss version='2.0'><channel>{item * 24}</channel></rss>"))
    assert isinstance(found, Parsed)
    assert len(found.articles) == 24
    assert await _reads(two)
    assert before not in two.pids


async def test_closing_ends_every_child(two: ParsePool) -> None:
    await asyncio.gather(*(_reads(two) for _ in range(4)))
    pids = two.pids
    await two.close()
    assert two.pids == ()
    assert not [pid for pid in pids if _lives(pid)]


async def test_what_is_read_when_the_pool_closes_is_refused_and_starts_no_child() -> None:
    one = ParsePool(1, wall=30)
    assert await _reads(one)
    under_way = asyncio.create_task(one.parse(_document(SLOW)))
    waiting = asyncio.create_task(one.parse(_document(GOOD)))
    await asyncio.sleep(0.05)
    await one.close()
    refused = Refused(reason="it was not read: the program is stopping", passing=True)
    assert await asyncio.gather(under_way, waiting) == [refused, refused]
    assert await one.parse(_document(GOOD)) == refused
    assert one.pids == ()


async def test_a_child_that_comes_up_when_the_pool_closes_is_ended() -> None:
    one = ParsePool(1)
    parse = asyncio.create_task(one.parse(_document(GOOD)))
    await asyncio.sleep(0.02)
    await one.close()
    assert await parse == Refused(reason="it was not read: the program is stopping", passing=True)
    assert one.pids == ()


async def test_a_parse_that_is_cancelled_while_its_child_starts_leaves_none() -> None:
    async with ParsePool(1) as one:
        parse = asyncio.create_task(one.parse(_document(GOOD)))
        await asyncio.sleep(0.02)
        parse.cancel()
        with pytest.raises(asyncio.CancelledError):
            await parse
        assert one.pids == ()
        assert await _reads(one)


async def test_an_interpreter_that_is_gone_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    async with ParsePool(1) as one:
        with pytest.raises(SandboxError, match="cannot start a parse child"):
            await one.parse(_document(GOOD))


async def test_a_child_that_never_comes_up_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_CODE", "import time; time.sleep(60)")
    monkeypatch.setattr(pool, "PATIENCE", 0.1)
    async with ParsePool(1) as one:
        with pytest.raises(SandboxError, match="does not come up"):
            await one.parse(_document(GOOD))


async def test_a_child_has_few_rights(two: ParsePool) -> None:
    assert await _reads(two)
    limits = _proc(two.pids[0], "limits").decode()
    told = {line[:25].strip(): line[26:].split()[0] for line in limits.splitlines()}
    assert told["Max address space"] == str(512 * 2**20)
    assert told["Max core file size"] == "0"
    assert told["Max file size"] == "0"
    assert int(told["Max open files"]) <= 32
    environment = _proc(two.pids[0], "environ")
    assert environment.split(b"\0")[:-1] == [b"LANG=C.UTF-8"]
    assert sorted(os.listdir(f"/proc/{two.pids[0]}/fd")) == ["0", "1", "2"]


PARENT = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from monitor.sandbox.pool import ParsePool
from tests.sandbox.test_pool import GOOD, SLOW, _document
async def main():
    pool = ParsePool(1, wall=0.3)
    await pool.parse(_document(GOOD))
    print(pool.pids[0], flush=True)
    {then}
asyncio.run(main())
"""


@pytest.mark.parametrize("then", ["await asyncio.sleep(60)", "await pool.parse(_document(SLOW * 2))"])
def test_children_end_when_the_parent_is_killed(then: str) -> None:
    root = Path(__file__).parents[2]
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.replace("{then}", then), str(root)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
    )
    assert parent.stdout is not None
    child = Path("/proc") / parent.stdout.readline().strip()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while (
        child.exists() and "Z" not in (child / "stat").read_text().split()[2] and time.monotonic() < deadline
    ):
        time.sleep(0.02)
    assert not child.exists() or "Z" in (child / "stat").read_text().split()[2]


def test_the_pool_imports_no_parser() -> None:
    parsers = "('feedparser', 'selectolax', 'monitor.core')"
    code = f"import sys, monitor.sandbox.pool; print([m for m in sys.modules if m.startswith({parsers})])"
    told = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert told.stdout.strip() == "[]"


def test_a_pool_has_a_child_at_least() -> None:
    with pytest.raises(ValueError, match="one child"):
        ParsePool(0)


def test_a_documents_every_field_comes_through() -> None:
    document = _document("Ünïcode\x00", agency="A", encoding="utf-8", timezone="Asia/Kolkata")
    header, content = codec.request(document)
    assert codec.document(header[codec.LENGTHS.size :], content) == document
