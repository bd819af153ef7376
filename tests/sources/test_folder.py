"""Wire copy that arrives in a folder: each file once it is whole, each once, and nothing else."""

import os
import random
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.model import Document, Hints, SourceId
from monitor.ports import KnownFile
from monitor.sources import folder as folder_module
from monitor.sources.folder import Folder, FolderFailed, Look, RefusedFile
from tests.outsider import open_place, outsider
from tests.sources.world import FakeClock

OLD = 1_500_000_000


@dataclass
class Desk:
    """A folder that is polled, and what was taken out of it: stands in for the store."""

    path: Path
    clock: FakeClock = field(default_factory=FakeClock)
    known: dict[str, KnownFile] = field(default_factory=dict)
    taken: list[Document] = field(default_factory=list)
    refused: list[RefusedFile] = field(default_factory=list)
    largest: int = 50_000_000

    def __post_init__(self) -> None:
        self.path.mkdir(exist_ok=True)
        self.restart()

    def restart(self) -> None:
        self.folder = Folder(
            source=SourceId(str(self.path)),
            path=self.path,
            clock=self.clock,
            hints=Hints(agency="PTI"),
            largest=self.largest,
        )

    def look(self) -> Look:
        look = self.folder.look(self.known)
        assert isinstance(look, Look)
        return look

    def poll(self) -> list[str]:
        """Look, read what is ready, and remember it; gives the contents taken."""
        look = self.look()
        before = len(self.taken)
        for refused in look.refused:
            self._remember(refused)
        for found in look.ready:
            outcome = self.folder.read(found)
            if outcome is not None:
                self._remember(outcome)
        return [d.content.decode() for d in self.taken[before:]]

    def wait(self, seconds: float = 1.0) -> None:
        self.clock.pass_by(seconds)

    def poll_until_quiet(self) -> list[str]:
        """Poll twice, a second apart."""
        first = self.poll()
        self.wait()
        return first + self.poll()

    def _remember(self, outcome: Document | RefusedFile) -> None:
        document = outcome if isinstance(outcome, Document) else outcome.document
        assert document.stamp is not None
        self.known[document.location] = KnownFile(
            path=document.location, stamp=document.stamp, content_hash=document.content_hash
        )
        if isinstance(outcome, Document):
            self.taken.append(outcome)
        else:
            self.refused.append(outcome)

    @property
    def reasons(self) -> dict[str, str]:
        return {r.document.location.removeprefix(f"{self.path}/"): r.reason for r in self.refused}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "wire")


def put(path: Path, text: str, *, mtime: int | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if mtime is not None:
        os.utime(path, (mtime, mtime))
    return path


# -- when a file is whole --------------------------------------------------------------------


def test_a_file_is_taken_at_the_second_look_a_second_later(desk: Desk) -> None:
    put(desk.path / "a.txt", "news")
    assert desk.poll() == []
    desk.wait(0.99)
    assert desk.poll() == []
    desk.wait(0.01)
    assert desk.poll() == ["news"]


def test_a_file_is_taken_once(desk: Desk) -> None:
    put(desk.path / "a.txt", "news")
    assert desk.poll_until_quiet() == ["news"]
    for _ in range(5):
        desk.wait()
        assert desk.poll() == []


def test_a_file_is_taken_once_however_often_the_program_starts(desk: Desk) -> None:
    put(desk.path / "a.txt", "news")
    assert desk.poll_until_quiet() == ["news"]
    for _ in range(3):
        desk.restart()
        assert desk.poll_until_quiet() == []


def test_what_was_found_but_never_stored_is_found_again(desk: Desk) -> None:
    put(desk.path / "a.txt", "news")
    desk.look()
    desk.wait()
    assert len(desk.look().ready) == 1
    assert len(desk.look().ready) == 1


@pytest.mark.parametrize("pause", [0.3, 0.9])
def test_a_file_that_grows_is_not_taken_before_it_stops(desk: Desk, pause: float) -> None:
    path = desk.path / "a.txt"
    for letter in "news of the day":
        with path.open("a") as file:
            file.write(letter)
        assert desk.poll() == []
        desk.wait(pause)
    desk.poll()
    desk.wait()
    assert desk.poll() == ["news of the day"]


@pytest.mark.parametrize("minutes", [1, 10])
def test_a_writer_who_pauses_with_the_file_open_is_waited_for(desk: Desk, minutes: int) -> None:
    with (desk.path / "a.txt").open("w") as file:
        file.write("half of ")
        file.flush()
        for _ in range(minutes * 60 // 5):
            assert desk.poll() == []
            desk.wait(5)
        file.write("the news")
    assert desk.poll_until_quiet() == ["half of the news"]


def test_a_writer_who_never_closes_is_not_waited_for_beyond_a_quarter_of_an_hour(desk: Desk) -> None:
    with (desk.path / "a.txt").open("w") as file:
        file.write("all of the news")
        file.flush()
        for _ in range(200):
            assert desk.poll() == []
            desk.wait(4.5)
        desk.wait(1)
        desk.poll()
    assert [d.content for d in desk.taken] == [b"all of the news"]


def test_a_file_that_changes_after_it_was_found_whole_is_left_for_later(desk: Desk) -> None:
    path = put(desk.path / "a.txt", "half")
    desk.poll()
    desk.wait()
    found = desk.look().ready[0]
    put(path, "half and more")
    assert desk.folder.read(found) is None
    desk.poll()
    desk.wait()
    assert desk.poll() == ["half and more"]


def test_a_file_rewritten_at_its_old_length_after_it_was_found_is_left_for_later(desk: Desk) -> None:
    path = put(desk.path / "a.txt", "half")
    desk.poll()
    desk.wait()
    found = desk.look().ready[0]
    put(path, "full", mtime=OLD)
    assert desk.folder.read(found) is None


def test_a_file_that_vanishes_after_it_was_found_is_no_trouble(desk: Desk) -> None:
    path = put(desk.path / "a.txt", "news")
    desk.poll()
    desk.wait()
    found = desk.look().ready[0]
    path.unlink()
    assert desk.folder.read(found) is None
    assert desk.look().waiting == 0


def test_a_temporary_name_made_good_is_taken_at_once(desk: Desk) -> None:
    temporary = put(desk.path / ".a.txt.swap", "news")
    assert desk.poll() == []
    desk.wait(0.1)
    temporary.rename(desk.path / "a.txt")
    assert desk.poll() == ["news"]


def test_a_temporary_name_that_still_grew_is_not_taken_at_once(desk: Desk) -> None:
    temporary = put(desk.path / "a.txt.part", "half")
    desk.poll()
    put(temporary, "half and more")
    temporary.rename(desk.path / "a.txt")
    assert desk.poll() == []
    desk.wait()
    assert desk.poll() == ["half and more"]


def test_an_older_file_moved_in_between_two_looks_is_taken_at_once(desk: Desk, tmp_path: Path) -> None:
    desk.poll()
    outside = put(tmp_path / "a.txt", "news", mtime=OLD)
    desk.wait()
    outside.rename(desk.path / "a.txt")
    assert desk.poll() == ["news"]


def test_an_older_file_that_was_there_at_the_first_look_waits(desk: Desk) -> None:
    put(desk.path / "a.txt", "news", mtime=OLD)
    assert desk.poll() == []
    desk.wait()
    assert desk.poll() == ["news"]


def test_a_file_that_may_have_been_begun_here_since_the_last_look_waits(desk: Desk) -> None:
    desk.poll()
    desk.wait(5)
    put(desk.path / "a.txt", "half", mtime=int(datetime.now(UTC).timestamp()) - 3)
    assert desk.poll() == []


def test_a_file_that_was_seen_growing_gets_no_short_cut_by_an_old_date(desk: Desk) -> None:
    path = put(desk.path / "a.txt", "half")
    desk.poll()
    os.utime(path, (OLD, OLD))
    assert desk.poll() == []


def test_a_link_made_and_its_first_name_removed_is_one_arrival(desk: Desk) -> None:
    upload = put(desk.path / ".upload-1", "news")
    desk.poll()
    os.link(upload, desk.path / "a.txt")
    upload.unlink()
    assert desk.poll_until_quiet() == ["news"]


def test_a_new_file_in_place_of_an_old_name_is_a_new_document(desk: Desk) -> None:
    put(desk.path / "a.txt", "first")
    assert desk.poll_until_quiet() == ["first"]
    desk.wait()
    put(desk.path / ".a.txt", "the second").rename(desk.path / "a.txt")
    assert desk.poll_until_quiet() == ["the second"]


def test_the_same_content_written_again_is_no_new_document(desk: Desk) -> None:
    path = put(desk.path / "a.txt", "news")
    desk.poll_until_quiet()
    path.chmod(0o600)
    put(path, "news", mtime=OLD)
    assert desk.poll_until_quiet() == []
    desk.wait()
    look = desk.look()
    assert (look.waiting, look.ready) == (0, ())


def test_the_same_content_under_another_name_is_a_document_of_its_own(desk: Desk) -> None:
    put(desk.path / "a.txt", "news")
    put(desk.path / "b.txt", "news")
    assert desk.poll_until_quiet() == ["news", "news"]


def test_a_date_in_the_future_and_a_clock_set_back_change_nothing(desk: Desk) -> None:
    put(desk.path / "a.txt", "news", mtime=4_000_000_000)
    desk.poll()
    desk.clock.at -= timedelta(days=400)
    desk.wait()
    assert desk.poll() == ["news"]


def test_an_empty_file_is_waited_for_and_then_refused_once(desk: Desk) -> None:
    path = put(desk.path / "a.txt", "")
    for _ in range(130):
        assert desk.poll() == []
        desk.wait()
    assert [r.reason for r in desk.refused] == ["it is empty"]
    put(path, "news")
    assert desk.poll_until_quiet() == ["news"]


# -- what a document carries -----------------------------------------------------------------


def test_a_document_says_where_and_when_it_arrived(desk: Desk) -> None:
    began = datetime.now(UTC) - timedelta(milliseconds=50)
    desk.clock.at = began + timedelta(days=1)
    path = put(desk.path / "sub" / "a.txt", "news", mtime=OLD)
    desk.poll_until_quiet()
    (document,) = desk.taken
    assert document.location == str(path)
    assert document.hints.agency == "PTI"
    assert began <= document.arrived_at <= datetime.now(UTC)
    assert document.received_at == desk.clock.at
    assert document.stamp is not None
    assert document.stamp.inode == path.stat().st_ino


def test_no_document_arrives_after_it_was_received(desk: Desk) -> None:
    desk.clock.at = datetime(2001, 1, 1, tzinfo=UTC)
    put(desk.path / "a.txt", "news")
    desk.poll_until_quiet()
    assert desk.taken[0].arrived_at == desk.taken[0].received_at == desk.clock.at


def test_files_are_given_in_the_order_of_their_arrival(desk: Desk) -> None:
    for name in ("z", "m", "a"):
        path = put(desk.path / name, name)
        while path.stat().st_ctime_ns == put(desk.path / ".tick", "").stat().st_ctime_ns:
            pass  # the next file gets a later time
    assert desk.poll_until_quiet() == ["z", "m", "a"]


def test_reading_leaves_the_file_as_it_was(desk: Desk) -> None:
    path = put(desk.path / "a.txt", "news", mtime=OLD)
    before = path.stat()
    desk.poll_until_quiet()
    after = path.stat()
    assert (before.st_mtime_ns, before.st_ctime_ns, before.st_atime_ns, before.st_mode) == (
        after.st_mtime_ns,
        after.st_ctime_ns,
        after.st_atime_ns,
        after.st_mode,
    )


# -- what is left alone, and what is refused -------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        ".hidden",
        "a.tmp",
        "a.TMP",
        "a.part",
        "a.filepart",
        "a.crdownload",
        "a.txt~",
        ".a.swp",
        ".git/a.txt",
        "x/.b",
    ],
)
def test_unfinished_and_hidden_names_are_left_alone(desk: Desk, name: str) -> None:
    put(desk.path / name, "not yet")
    assert desk.poll_until_quiet() == []
    assert desk.refused == []


def make_socket(path: Path) -> None:
    here = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"/proc/self/fd/{here}/{path.name}")
    os.close(here)


HOSTILE: dict[str, Callable[[Path], None]] = {
    "symbolic link": lambda p: p.symlink_to("/etc/passwd"),
    "symbolic link to nowhere": lambda p: p.symlink_to("/nowhere"),
    "symbolic link to a folder": lambda p: p.symlink_to("/etc"),
    "symbolic link to itself": lambda p: p.symlink_to(p),
    "pipe": os.mkfifo,
    "socket": make_socket,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_regular_file_is_refused_once_and_blocks_nothing(desk: Desk, kind: str) -> None:
    HOSTILE[kind](desk.path / "a.txt")
    put(desk.path / "b.txt", "news")
    assert desk.poll_until_quiet() == ["news"]
    desk.restart()
    desk.poll_until_quiet()
    assert len(desk.refused) == 1
    assert kind.split(" to ")[0] in desk.reasons["a.txt"]


def test_a_folder_that_is_a_link_is_not_followed(desk: Desk, tmp_path: Path) -> None:
    put(tmp_path / "secret" / "a.txt", "secret")
    (desk.path / "sub").symlink_to(tmp_path / "secret")
    assert desk.poll_until_quiet() == []


@pytest.mark.parametrize("swap", ["file", "folder", "pipe", "gone"])
def test_what_is_swapped_after_the_look_is_not_read(desk: Desk, tmp_path: Path, swap: str) -> None:
    secret = put(tmp_path / "secret" / "a.txt", "news")
    path = put(desk.path / "sub" / "a.txt", "news")
    desk.poll()
    desk.wait()
    found = desk.look().ready[0]
    if swap == "folder":
        path.parent.rename(desk.path / ".moved")
        path.parent.symlink_to(secret.parent)
    else:
        path.unlink()
    if swap == "file":
        path.symlink_to(secret)
    if swap == "pipe":
        os.mkfifo(path)
    assert desk.folder.read(found) is None


def test_the_folder_itself_may_be_a_link(desk: Desk, tmp_path: Path) -> None:
    put(desk.path / "a.txt", "news")
    (tmp_path / "link").symlink_to(desk.path)
    assert Desk(tmp_path / "link").poll_until_quiet() == ["news"]


def test_a_folder_named_like_a_file_is_a_folder(desk: Desk) -> None:
    put(desk.path / "x.xml" / "a.txt", "news")
    assert desk.poll_until_quiet() == ["news"]


def test_a_file_larger_than_the_limit_is_refused_unread(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "wire", largest=1_000_000)
    with (desk.path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    put(desk.path / "b.txt", "news")
    assert desk.poll_until_quiet() == ["news"]
    assert desk.reasons == {"sparse": "it is larger than 1 MB"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (b"-rf", "-rf"),
        (b"line\nbreak", r"line\u000abreak"),
        (b"esc\x1b[2J", r"esc\u001b[2J"),
        (b"latin-\xe4.txt", r"latin-\xe4.txt"),
        (b"back\\slash", r"back\\slash"),
        ("right-\u202eto-left".encode(), r"right-\u202eto-left"),
        ("нóвость 新聞.txt".encode(), "нóвость 新聞.txt"),
        (b"%s {0} $(x) `x`", "%s {0} $(x) `x`"),
        (b"n" * 255, "n" * 255),
    ],
)
def test_hostile_names_are_read_and_shown_as_safe_text(desk: Desk, name: bytes, text: str) -> None:
    put(Path(os.fsdecode(os.fsencode(desk.path) + b"/" + name)), "news")
    assert desk.poll_until_quiet() == ["news"]
    assert desk.taken[0].location == f"{desk.path}/{text}"
    desk.taken[0].location.encode()
    desk.restart()
    assert desk.poll_until_quiet() == []


def test_two_names_never_have_one_text(desk: Desk) -> None:
    for name in (b"a\xe4", b"a\\xe4", b"a\\\\xe4", "aä".encode()):
        put(Path(os.fsdecode(os.fsencode(desk.path) + b"/" + name)), name.hex())
    assert len(desk.poll_until_quiet()) == 4
    assert len({d.location for d in desk.taken}) == 4


def test_folders_too_deep_are_refused_once(desk: Desk) -> None:
    put(desk.path.joinpath(*"d" * 40, "a.txt"), "too deep")
    put(desk.path.joinpath(*"d" * 32, "b.txt"), "news")
    assert desk.poll_until_quiet() == ["news"]
    assert [r.reason for r in desk.refused] == ["it lies more than 32 folders deep"]


def test_a_folder_with_too_many_names_says_so_and_works_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "ENTRIES", 3)
    for name in "abcdef":
        put(desk.path / name, name)
    assert len(desk.poll_until_quiet()) >= 3
    assert [r.reason for r in desk.refused] == ["it holds more than 3 names; move old files elsewhere"]


@pytest.fixture
def open_desk() -> Iterator[Desk]:
    """A desk whose folder another user may enter."""
    with open_place() as place:
        yield Desk(place / "wire")


def test_an_unreadable_file_is_refused_once_and_read_when_it_may_be(open_desk: Desk) -> None:
    desk = open_desk
    locked = put(desk.path / "a.txt", "locked")
    locked.chmod(0)
    put(desk.path / "b.txt", "news")
    with outsider():
        assert desk.poll_until_quiet() == ["news"]
        assert desk.poll_until_quiet() == []
        assert desk.reasons == {"a.txt": "it could not be read: permission denied"}
    locked.chmod(0o644)
    with outsider():
        assert desk.poll_until_quiet() == ["locked"]


def test_an_unreadable_subfolder_is_refused_once_and_blocks_nothing(open_desk: Desk) -> None:
    desk = open_desk
    sub = put(desk.path / "sub" / "a.txt", "locked").parent
    sub.chmod(0)
    put(desk.path / "zz" / "b.txt", "news")
    with outsider():
        assert desk.poll_until_quiet() == ["news"]
        assert desk.poll_until_quiet() == []
    assert desk.reasons == {"sub": "it could not be looked into: permission denied"}
    put(sub / "c.txt", "more")
    with outsider():
        desk.poll()
    assert len(desk.refused) == 1
    sub.chmod(0o755)
    with outsider():
        assert sorted(desk.poll_until_quiet()) == ["locked", "more"]


def test_a_missing_folder_says_so_and_recovers(desk: Desk) -> None:
    put(desk.path / "a.txt", "news")
    desk.poll()
    desk.path.rename(desk.path.with_name("away"))
    failed = desk.folder.look(desk.known)
    assert isinstance(failed, FolderFailed)
    assert f"there is no folder {desk.path}" in failed.reason
    desk.path.with_name("away").rename(desk.path)
    assert desk.poll_until_quiet() == ["news"]


def test_a_file_in_place_of_the_folder_says_so(desk: Desk) -> None:
    desk.path.rmdir()
    put(desk.path, "no folder")
    failed = desk.folder.look({})
    assert failed == FolderFailed(reason=f"{desk.path} is no folder")


def test_a_folder_that_may_not_be_entered_says_so(open_desk: Desk) -> None:
    open_desk.path.chmod(0)
    with outsider():
        failed = open_desk.folder.look({})
    open_desk.path.chmod(0o755)
    assert failed == FolderFailed(reason=f"{open_desk.path} could not be looked into: permission denied")


# -- how often to look -----------------------------------------------------------------------


def test_the_next_look_comes_when_a_file_may_be_whole(desk: Desk) -> None:
    put(desk.path / "a.txt", "news")
    assert desk.look().next_look_after == pytest.approx(1.0)
    desk.wait(0.7)
    assert desk.look().next_look_after == pytest.approx(0.3)


@pytest.mark.parametrize(("cost", "after"), [(0.0, 1.0), (0.01, 1.0), (0.1, 5.0), (10.0, 30.0)])
def test_a_folder_that_takes_long_to_look_at_is_looked_at_less_often(
    desk: Desk, cost: float, after: float
) -> None:
    readings = iter([5.0, 5.0 + cost])
    desk.clock.monotonic = lambda: next(readings)  # type: ignore[method-assign]
    assert desk.look().next_look_after == pytest.approx(after)


def test_a_burst_is_handed_out_in_parts_and_whole(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "READY_AT_ONCE", 10)
    for n in range(25):
        put(desk.path / f"{n}.txt", str(n))
    desk.poll()
    desk.wait()
    assert desk.look().next_look_after == 0.0
    assert [len(desk.poll()) for _ in range(4)] == [10, 10, 5, 0]


# -- a busy afternoon ------------------------------------------------------------------------


def in_one_go(path: Path, text: str) -> Iterator[None]:
    put(path, text)
    yield


def in_single_letters(path: Path, text: str) -> Iterator[None]:
    with path.open("w") as file:
        for letter in text:
            file.write(letter)
            file.flush()
            yield


def by_appending(path: Path, text: str) -> Iterator[None]:
    """The file is closed between the pieces, so these must come within a second."""
    for start in range(0, len(text), 7):
        with path.open("a") as file:
            file.write(text[start : start + 7])
        yield


def with_a_long_pause(path: Path, text: str) -> Iterator[None]:
    with path.open("w") as file:
        file.write(text[:9])
        file.flush()
        for _ in range(30):
            yield
        file.write(text[9:])


def by_a_temporary_name(path: Path, text: str) -> Iterator[None]:
    temporary = path.with_name(path.name + ".tmp")
    put(temporary, text[:5])
    yield
    put(temporary, text)
    yield
    temporary.rename(path)


def by_a_hidden_name(path: Path, text: str) -> Iterator[None]:
    temporary = put(path.with_name(f".{path.name}.Xy12"), text)
    yield
    temporary.rename(path)


def by_link_and_unlink(path: Path, text: str) -> Iterator[None]:
    temporary = put(path.with_name(path.name + ".filepart"), text)
    yield
    os.link(temporary, path)
    yield
    temporary.unlink()


def rewritten_from_the_start(path: Path, text: str) -> Iterator[None]:
    with path.open("w") as file:
        file.write("x" * 5000)
        file.flush()
        yield
        file.seek(0)
        file.truncate()
        yield
        file.write(text)


def copied_with_its_old_date(path: Path, text: str) -> Iterator[None]:
    put(path, text, mtime=OLD)
    yield


def moved_in_from_outside(path: Path, text: str) -> Iterator[None]:
    outside = put(path.parent.parent.parent / f"outside-{path.name}", text, mtime=OLD)
    yield
    outside.rename(path)


STYLES = [
    in_one_go,
    in_single_letters,
    by_appending,
    with_a_long_pause,
    by_a_temporary_name,
    by_a_hidden_name,
    by_link_and_unlink,
    rewritten_from_the_start,
    copied_with_its_old_date,
    moved_in_from_outside,
]


@pytest.mark.parametrize("seed", range(3))
def test_of_hundreds_of_odd_arrivals_none_is_lost_none_is_halved_and_none_comes_twice(
    desk: Desk, seed: int
) -> None:
    chance = random.Random(seed)
    wanted: dict[str, str] = {}
    writers: list[Iterator[None]] = []
    for n in range(400):
        path = desk.path / f"day{n % 7}" / f"{n}.txt"
        path.parent.mkdir(exist_ok=True)
        wanted[str(path)] = f"article {n}: " + "news " * chance.randrange(20)
        writers.append(chance.choice(STYLES)(path, wanted[str(path)]))
    while writers:
        for writer in chance.sample(writers[:60], k=len(writers[:60])):
            if next(writer, "done") == "done":
                writers.remove(writer)
        desk.poll()
        desk.wait(chance.choice([0.2, 0.5, 0.9]))
        if chance.random() < 0.02:
            desk.restart()
    desk.poll_until_quiet()
    assert {d.location: d.content.decode() for d in desk.taken} == wanted
    assert len(desk.taken) == len(wanted)
