"""Opening makes, checks and upgrades a database; what is damaged, newer or not ours is refused with the way out."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from monitor.errors import AlreadyRunning, StoreCorrupt, StoreError, StoreTooNew
from monitor.model import SourceId
from monitor.ports import Store
from monitor.store import (
    STEPS,
    InstanceLock,
    SqliteStore,
    backup,
    migrations,
    open_archive,
    open_store,
    opening,
    verify,
)
from monitor.store.opening import open_for_reading, open_for_writing
from monitor.store.schema import APPLICATION_ID, FIRST, SCHEMA_VERSION
from tests.outsider import close, outsider
from tests.store.making import NOON, Ledger, StillClock, alerting, article, entry, new, outcome

NOBODY = 65534


def made(path: Path) -> Path:
    open_for_writing(path).close()
    return path


def value(path: Path, sql: str) -> object:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchone()[0]


# -- what is made ----------------------------------------------------------------------------


def test_a_new_database_says_whose_it_is_and_of_which_version(path: Path) -> None:
    made(path)
    assert value(path, "PRAGMA application_id") == APPLICATION_ID
    assert value(path, "PRAGMA user_version") == SCHEMA_VERSION
    assert value(path, "PRAGMA journal_mode") == "wal"


async def test_a_commit_is_on_the_disk_and_only_the_writers_own_code_checkpoints(store: Store) -> None:
    writing = store._writer._connection  # type: ignore[attr-defined]
    reading = store._reading  # type: ignore[attr-defined]
    assert writing.execute("PRAGMA synchronous").fetchone()[0] == 2
    for connection in (writing, reading):
        assert connection.execute("PRAGMA wal_autocheckpoint").fetchone()[0] == 0


def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    assert made(tmp_path / "a" / "b" / "monitor.db").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file: cannot be made"):
        open_for_writing(tmp_path / "file" / "monitor.db")


def test_a_path_may_hold_what_an_address_would_read_as_its_own(tmp_path: Path) -> None:
    path = made(tmp_path / "50% of?#x &mode=ro é" / "monitor.db")
    assert path.exists()
    open_for_reading(path).close()


async def test_all_files_follow_the_umask_so_that_the_group_may_read(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        store = open_store(tmp_path / "monitor.db", StillClock())
        await store.tell([], [], [], StillClock().at)
        modes = {
            name: (tmp_path / f"monitor.db{name}").stat().st_mode & 0o777 for name in ("", "-wal", "-shm")
        }
    finally:
        os.umask(old)
        await store.close()
    assert set(modes.values()) == {0o640}


async def test_a_closed_store_leaves_one_file_and_refuses_work(store: Store, path: Path) -> None:
    await store.close()
    await store.close()
    assert not path.with_name("monitor.db-wal").exists()
    with pytest.raises(StoreError, match="closed"):
        await store.release_leases()
    with pytest.raises(StoreError, match="closed"):
        await store.next_due()


# -- migrations ------------------------------------------------------------------------------


def second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that a further release added a migration."""
    both = (
        *migrations.ALL,
        ("0002 later", ("ALTER TABLE source ADD COLUMN later TEXT", "CREATE TABLE later (id)")),
    )
    monkeypatch.setattr(migrations.migrate, "__defaults__", (both,))
    monkeypatch.setattr(opening, "SCHEMA_VERSION", 2)


def shape(path: Path) -> tuple[object, frozenset[object]]:
    with closing(sqlite3.connect(path)) as db:
        names = frozenset(
            row[0]
            for row in db.execute("SELECT sql FROM sqlite_master WHERE sql NOT LIKE '%sqlite_migrations%'")
        )
        return db.execute("PRAGMA user_version").fetchone()[0], names


class Stop(BaseException):
    """Takes a migration down as a kill would: nothing after it runs."""


class StopAt:
    """Stops at the nth call of a step."""

    def __init__(self, n: int) -> None:
        self.left = n

    def __call__(self, name: str) -> None:
        self.left -= 1
        if self.left < 0:
            raise Stop


def test_an_upgrade_stopped_anywhere_leaves_the_old_schema_or_the_new(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(path)
    old = shape(path)
    second(monkeypatch)
    open_for_writing(path).close()
    new_ = shape(path)
    assert old != new_
    for n in range(20):
        fresh = tmp_path / f"{n}.db"
        fresh.write_bytes((tmp_path / "monitor.db.before-2").read_bytes())
        try:
            open_for_writing(fresh, StopAt(n)).close()
        except Stop:
            assert shape(fresh) in (old, new_)
            open_for_writing(fresh).close()
            assert shape(fresh) == new_
        else:
            break
    assert n > 5
    assert shape(fresh) == new_


def test_a_first_start_stopped_at_any_statement_leaves_nothing_or_everything(tmp_path: Path) -> None:
    whole = shape(made(tmp_path / "whole.db"))
    for n in (0, 1, 2, len(FIRST) // 2, len(FIRST), len(FIRST) + 1):
        path = tmp_path / f"{n}.db"
        with pytest.raises(Stop):
            open_for_writing(path, StopAt(n))
        assert shape(path) in ((0, frozenset()), whole)
        assert shape(made(path)) == whole


def test_an_upgrade_copies_what_was_there_first(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(path)
    second(monkeypatch)
    open_for_writing(path).close()
    assert value(path, "PRAGMA user_version") == 2
    assert value(path.with_name("monitor.db.before-2"), "PRAGMA user_version") == 1


def test_a_reader_of_an_older_database_says_what_upgrades_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(path)
    second(monkeypatch)
    with pytest.raises(StoreError, match=r"older release: start .monitor run."):
        open_for_reading(path)


@pytest.mark.parametrize("open_", [open_for_writing, open_for_reading])
def test_a_newer_database_is_refused_untouched(path: Path, open_: object) -> None:
    made(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(StoreTooNew, match="newer release"):
        open_(path)  # type: ignore[operator]
    assert value(path, "PRAGMA user_version") == SCHEMA_VERSION + 1


@pytest.mark.parametrize("application", [0, 42])
def test_another_programs_database_is_left_alone(path: Path, application: int) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE theirs (x)")
        db.execute(f"PRAGMA application_id = {application}")
    with pytest.raises(StoreError, match="another program"):
        open_for_writing(path)
    assert value(path, "SELECT count(*) FROM sqlite_master") == 1


def files(path: Path) -> tuple[bytes, bytes]:
    """Give a database and its log as they lie on the disk."""
    return path.read_bytes(), path.with_name(path.name + "-wal").read_bytes()


def leave(path: Path, database: bytes, log: bytes) -> Path:
    """Lay down what a killed process would have left, without the shared memory."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(database)
    path.with_name(path.name + "-wal").write_bytes(log)
    return path


# -- damage ----------------------------------------------------------------------------------


def filled(path: Path) -> bytes:
    """Make a store with some sources, close it, and give its bytes."""

    async def work() -> None:
        store = open_store(path, StillClock())
        entries = [entry(SourceId(f"https://{n}.example")) for n in range(100)]
        await store.mirror_sources(entries, NOON, lambda _: NOON)
        await store.close()

    asyncio.run(work())
    return path.read_bytes()


@pytest.mark.parametrize("content", [b"not a database at all " * 50, b"SQLite format 3\0", b"\0" * 4096])
def test_a_file_that_is_no_database_is_damaged_and_the_way_out_is_told(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt, match=r"damaged .* put a backup in its place"):
        open_for_writing(path)
    with pytest.raises(StoreCorrupt):
        open_for_reading(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("kept", [0.3, 0.5, 0.95])
def test_a_file_that_was_cut_off_is_damaged(path: Path, kept: float) -> None:
    content = filled(path)
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(StoreCorrupt):
        open_for_writing(path)


def test_a_large_file_is_checked_at_its_ends_only(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path)
    monkeypatch.setattr(opening, "CHECKED_WHOLE", 0)
    connection = open_for_writing(path)
    connection.close()
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 8192 // 4 * 8192])
    with pytest.raises(StoreCorrupt):
        open_for_writing(path)


def test_a_page_of_garbage_is_found_at_start_or_does_no_harm(path: Path) -> None:
    content = filled(path)
    chance = random.Random(1)
    pages = len(content) // 8192
    found = 0
    for _ in range(40):
        page = chance.randrange(1, pages)
        broken = bytearray(content)
        broken[page * 8192 : page * 8192 + 64] = chance.randbytes(64)
        path.write_bytes(broken)
        try:
            open_for_writing(path).close()
        except StoreCorrupt:
            found += 1
    assert found == 40


async def test_a_lost_shared_memory_file_and_a_cut_log_lose_no_commit_before_the_cut(
    store: Store, path: Path, tmp_path: Path
) -> None:
    await store.commit_poll(outcome(new(article("first"))))
    size = len(files(path)[1])
    await store.commit_poll(outcome(new(article("second"))))
    database, log = files(path)
    copy = leave(tmp_path / "copy.db", database, log[: size + 100])
    open_for_writing(copy).close()
    with open_archive(copy) as archive:
        assert [record.article.headline for record in archive.articles(limit=9)] == ["first"]
    assert verify(copy) == ()


def test_verify_finds_what_the_start_with_a_large_file_does_not_look_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = filled(path)
    monkeypatch.setattr(opening, "CHECKED_WHOLE", 0)
    assert verify(path) == ()
    path.write_bytes(content.replace(b"https://50.example", b"https://5X.example", 1))
    open_for_writing(path).close()
    assert verify(path) != ()


# -- copies ----------------------------------------------------------------------------------


async def test_a_backup_made_while_writing_is_whole(store: Store, path: Path, tmp_path: Path) -> None:
    for n in range(10):
        await store.commit_poll(outcome(alerting(f"{n}")))
        _, _ = await asyncio.gather(
            asyncio.to_thread(backup, path, tmp_path / "copy.db"),
            store.commit_poll(outcome(new(article(f"x{n}")))),
        )
        with open_archive(tmp_path / "copy.db") as archive:
            assert len(archive.alerts(limit=99)) == n + 1
            assert len(archive.articles(limit=99)) in (2 * n + 1, 2 * n + 2)
    assert verify(tmp_path / "copy.db") == ()
    assert not any(".part" in name for name in os.listdir(tmp_path))


def test_a_backup_that_is_stopped_leaves_the_last_one(store: Store, path: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_bytes(b"the last one")
    with pytest.raises(Stop):
        backup(path, target, StopAt(0))
    assert target.read_bytes() == b"the last one"


def test_a_backup_of_nothing_says_so(path: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nothing to copy"):
        backup(path, tmp_path / "copy.db")


# -- one instance ----------------------------------------------------------------------------

HOLD = """
import sys
from pathlib import Path
from monitor.store import InstanceLock
InstanceLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_instance_is_told_who_holds_the_store_and_a_kill_frees_it(path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunning, match=rf"process {holder.pid}\) already uses .*monitor.db"):
            InstanceLock(path).acquire()
        holder.kill()
        holder.wait()
    with InstanceLock(path):
        pass


def test_a_lock_file_that_is_a_link_is_refused(path: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("precious")
    (tmp_path / "monitor.db.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="cannot be made"):
        InstanceLock(path).acquire()
    assert (tmp_path / "elsewhere").read_text() == "precious"


def test_a_lock_can_be_given_back(path: Path) -> None:
    with InstanceLock(path), pytest.raises(AlreadyRunning):
        InstanceLock(path).acquire()
    with InstanceLock(path):
        pass


# -- readers of other logins -----------------------------------------------------------------

READ = """
import os, sys
from pathlib import Path
from monitor.store import open_archive
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
with open_archive(Path(sys.argv[1])) as archive:
    print([record.article.headline for record in archive.articles(limit=9)])
    print([hit.record.article.headline for hit in archive.search("jun", limit=9)])
"""


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that others may enter; pytest's own are for its user alone."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@contextmanager
def closed_folder(path: Path) -> Iterator[None]:
    """Let nobody write in a file's folder; root can all the same."""
    path.parent.chmod(0o555)
    try:
        yield
    finally:
        path.parent.chmod(0o755)


async def with_one(path: Path, headline: str) -> SqliteStore:
    """A store at a path, with one article."""
    store = open_store(path, StillClock())
    await store.mirror_sources([entry()], NOON, lambda _: NOON)
    await store.commit_poll(outcome(new(article(headline))))
    return store


def read_as_another(path: Path) -> str:
    """Read in a process that may write nothing there; root becomes nobody."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)], capture_output=True, text=True, timeout=30, check=False
    )
    return done.stdout + done.stderr


async def test_a_reader_that_may_not_write_there_reads_while_the_daemon_runs(shared: Path) -> None:
    path = shared / "monitor.db"
    store = await with_one(path, "fresh")
    with closed_folder(path):
        assert await asyncio.to_thread(read_as_another, path) == "['fresh']\n['fresh']\n"
    await store.close()


async def test_a_reader_that_may_not_write_there_reads_when_no_daemon_runs(shared: Path) -> None:
    path = shared / "monitor.db"
    await (await with_one(path, "kept")).close()
    with closed_folder(path):
        assert await asyncio.to_thread(read_as_another, path) == "['kept']\n['kept']\n"


async def test_a_reader_that_cannot_see_the_whole_of_it_says_why(shared: Path, tmp_path: Path) -> None:
    store = await with_one(tmp_path / "monitor.db", "logged")
    left = leave(shared / "monitor.db", *files(tmp_path / "monitor.db"))
    await store.close()
    with closed_folder(left):
        assert "left its log, which this login may not put in order" in await asyncio.to_thread(
            read_as_another, left
        )


def test_every_step_has_one_name(path: Path) -> None:
    ledger = Ledger()
    open_for_writing(path, ledger).close()
    assert set(ledger.names) <= set(STEPS)
    assert len(STEPS) == len(set(STEPS))


@pytest.mark.parametrize("what", ["the folder", "the file"])
async def test_a_reader_outside_the_group_is_told_which_to_join(shared: Path, what: str) -> None:
    path = shared / "state" / "monitor.db"
    path.parent.mkdir()
    await (await with_one(path, "kept")).close()
    group = close(path if what == "the file" else path.parent)
    with outsider(), pytest.raises(StoreError, match=rf"sudo usermod -aG {group} ") as caught:
        open_archive(path)
    path.parent.chmod(0o755)
    assert str(caught.value).startswith(f"{path}: may not be read by this login, but by the group `{group}`")
