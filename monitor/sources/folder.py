"""Finds wire copy in a folder and its subfolders, each file once it is whole. It changes and moves nothing.

A file is whole when two looks at least a second apart saw the same size, times and inode; or, at once, when
it was renamed in: a temporary name had this inode with this size and time before, or its content is older
than the last look, at which its name was not there. Names that begin with a dot, or end like an unfinished
transfer, are left alone. Symbolic links and all that is no regular file are refused, never opened.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from monitor.model import ContentHash, Document, FileStamp, Hints, SourceId
from monitor.ports import Clock, KnownFile
from monitor.sources.opened import being_written, open_folder, open_regular, read_all, stamp_of
from monitor.sources.paths import shown, shown_path

STABLE = 1.0
"""Seconds that a file stays unchanged before it is read."""
EMPTY_PATIENCE = 60.0
"""Seconds that an empty file may still be filled before it is refused."""
WRITER_PATIENCE = 900.0
"""Seconds that an unchanged file waits for a writer who still has it open."""
LARGEST = 50_000_000
"""Bytes of a file."""
DEEPEST = 32
"""Subfolders in one another."""
ENTRIES = 500_000
"""Names in one folder, subfolders included."""
READY_AT_ONCE = 1000
"""Files that one look hands out."""
UNFINISHED = (".tmp", ".part", ".filepart", ".partial", ".crdownload", ".swp", "~")
"""How the names of unfinished transfers and of editors' copies end, in any letter case."""
LOOK_EVERY = 1.0
LOOK_SELDOM = 30.0
LOOK_SHARE = 0.02
"""Of a core, that looking may take."""

_NO_HINTS = Hints()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING = ContentHash(sha256(b"").hexdigest())
UNREAD = ContentHash("unread")
"""In place of the content's hash where the disk kept us from reading a file."""
_KINDS = (
    (stat.S_ISLNK, "it is a symbolic link; put the file itself here"),
    (stat.S_ISFIFO, "it is a pipe"),
    (stat.S_ISSOCK, "it is a socket"),
    (stat.S_ISCHR, "it is a device"),
    (stat.S_ISBLK, "it is a device"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file that is whole and not known, or known with another look."""

    location: str
    """Its path as safe text."""
    names: tuple[str, ...]
    """Its way from the folder down."""
    stamp: FileStamp
    known_hash: ContentHash | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedFile:
    """An entry that is not read: an empty document to record it by, and why, in words for a person."""

    document: Document
    reason: str
    passing: bool = False
    """Whether the disk failed, and not the entry: it may be read another time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look at a folder found, the oldest first."""

    ready: tuple[FoundFile, ...]
    refused: tuple[RefusedFile, ...]
    waiting: int
    """Files that may not be whole yet."""
    next_look_after: float
    """Seconds: when a file may have become whole, or as often as looking is cheap."""
    there: tuple[FileStamp, ...] = ()
    """How all files look that are not known, whole or not."""
    gone: tuple[str, ...] = ()
    """Known files that are no longer there, where that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFailed:
    """The folder could not be looked into, and why, in words for a person."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file that waits: how it looked, since when, and whether it was renamed in."""

    stamp: FileStamp
    first: float
    since: float
    renamed_in: bool

    def whole_in(self, now: float) -> float:
        """Give the seconds until it counts as whole."""
        return 0.0 if self.renamed_in else self.since + STABLE - now


@dataclass(slots=True)
class _Walk:
    """One look while it goes on."""

    known: Mapping[str, KnownFile]
    at: float
    now: datetime
    there: set[str] | None = None
    """Known files that were met; None: nobody asks, or some could not be looked for."""
    entries: int = 0
    seen: dict[str, _Seen] = field(default_factory=dict)
    same: dict[str, FileStamp] = field(default_factory=dict)
    unfinished: dict[int, tuple[int, int]] = field(default_factory=dict)
    ready: list[FoundFile] = field(default_factory=list)
    refused: list[RefusedFile] = field(default_factory=list)
    whole_in: float = LOOK_SELDOM


class Folder:
    """Looks at one folder, again and again. Blocks; use it from one thread at a time.

    What it remembers between looks is small: the files that wait, and nothing that must last.
    """

    def __init__(
        self, *, source: SourceId, path: Path, clock: Clock, hints: Hints = _NO_HINTS, largest: int = LARGEST
    ) -> None:
        self._source = source
        self._path = path
        self._shown = shown_path(path).rstrip("/")
        self._clock = clock
        self._hints = hints
        self._largest = largest
        self._looked_at: float | None = None
        self._seen: dict[str, _Seen] = {}
        self._same: dict[str, FileStamp] = {}
        self._unfinished: dict[int, tuple[int, int]] = {}

    # -- looking -----------------------------------------------------------------------------

    def look(self, known: Mapping[str, KnownFile], *, ask_gone: bool = False) -> Look | FolderFailed:
        """Look for new and changed files; `known` are those already stored or refused, by their location.

        What is ready or refused is given at each look until it is known; which known files are `gone` only
        where that is asked for, and the whole folder could be looked into.
        """
        there: set[str] | None = set() if ask_gone else None
        walk = _Walk(known=known, at=self._clock.monotonic(), now=self._clock.now(), there=there)
        try:
            with open_folder(self._path) as descriptor:
                self._walk_folder(walk, descriptor, ())
                if walk.entries > ENTRIES:
                    inode = os.fstat(descriptor).st_ino
                    reason = f"it holds more than {ENTRIES} names; move old files elsewhere"
                    self._refuse_folder(walk, self._shown, inode, reason)
                    walk.there = None
        except OSError as error:
            return FolderFailed(reason=self._why_not(error))
        self._seen, self._same, self._unfinished = walk.seen, walk.same, walk.unfinished
        self._looked_at = walk.at
        return self._result(walk)

    def _result(self, walk: _Walk) -> Look:
        ready = sorted(walk.ready, key=lambda f: (f.stamp.ctime_ns, f.location))
        cost = self._clock.monotonic() - walk.at
        after = min(max(LOOK_EVERY, cost / LOOK_SHARE), LOOK_SELDOM)
        if len(ready) > READY_AT_ONCE:
            after = 0.0
        elif walk.whole_in < after:
            after = max(walk.whole_in, 4 * cost, 0.05)
        return Look(
            ready=tuple(ready[:READY_AT_ONCE]),
            refused=tuple(walk.refused),
            waiting=len(walk.seen) - len(ready),
            next_look_after=after,
            there=tuple(seen.stamp for seen in walk.seen.values()),
            gone=_gone(walk),
        )

    def _walk_folder(self, walk: _Walk, descriptor: int, names: tuple[str, ...]) -> None:
        """Look at every entry of an open folder, then into its subfolders. Raises OSError where it cannot."""
        prefix = "/".join((self._shown, *map(shown, names))) + "/"
        folders: list[tuple[str, int]] = []
        known_at = walk.known.get
        with os.scandir(descriptor) as entries:
            for entry in entries:
                walk.entries += 1
                try:
                    # The common case by itself, and first: folders of ten thousand known files are looked at
                    # every second. An odd name is not found so, and takes the long way.
                    known = known_at(prefix + entry.name)
                    if known is None or not _looks_like(known.stamp, entry.stat(follow_symlinks=False)):
                        self._entry(walk, entry, prefix, names, folders)
                    if walk.there is not None:
                        walk.there.add(prefix + shown(entry.name))
                except FileNotFoundError:
                    continue  # gone between the listing and the look
                if walk.entries > ENTRIES:
                    return
        for name, inode in folders:
            self._walk_subfolder(walk, descriptor, (*names, name), prefix + shown(name), inode)

    def _entry(
        self,
        walk: _Walk,
        entry: os.DirEntry[str],
        prefix: str,
        names: tuple[str, ...],
        folders: list[tuple[str, int]],
    ) -> None:
        name = entry.name
        if name[0] == "." or name.lower().endswith(UNFINISHED):
            if entry.is_file(follow_symlinks=False):
                found = entry.stat(follow_symlinks=False)
                walk.unfinished[found.st_ino] = (found.st_size, found.st_mtime_ns)
            return
        if entry.is_dir(follow_symlinks=False):
            folders.append((name, entry.inode()))
            return
        found = entry.stat(follow_symlinks=False)
        location = prefix + shown(name)
        known = walk.known.get(location)
        if known is not None and _looks_like(known.stamp, found):
            return
        if stat.S_ISREG(found.st_mode):
            self._file(walk, location, (*names, name), stamp_of(found))
        else:
            reason = next(
                (words for is_kind, words in _KINDS if is_kind(found.st_mode)), "it is no regular file"
            )
            self._refuse(walk, location, stamp_of(found), reason)

    def _walk_subfolder(
        self, walk: _Walk, parent: int, names: tuple[str, ...], location: str, inode: int
    ) -> None:
        if len(names) > DEEPEST:
            self._refuse_folder(walk, location, inode, f"it lies more than {DEEPEST} folders deep")
            walk.there = None
            return
        try:
            with open_folder(names[-1], parent) as descriptor:
                self._walk_folder(walk, descriptor, names)
        except FileNotFoundError:
            return
        except OSError as error:
            self._refuse_folder(walk, location, inode, f"it could not be looked into: {_words(error)}")
            walk.there = None

    def _file(self, walk: _Walk, location: str, names: tuple[str, ...], stamp: FileStamp) -> None:
        if self._same.get(location) == stamp:
            walk.same[location] = stamp
            return
        seen = self._seen.get(location)
        if seen is None or seen.stamp != stamp:
            renamed_in = self._renamed_in(walk, location, stamp)
            seen = _Seen(stamp=stamp, first=walk.at, since=walk.at, renamed_in=renamed_in)
        whole_in = seen.whole_in(walk.at)
        if whole_in > 0:
            walk.seen[location] = seen
            walk.whole_in = min(walk.whole_in, whole_in)
        elif stamp.size > self._largest:
            self._refuse(walk, location, stamp, f"it is larger than {self._largest // 1_000_000} MB")
        elif stamp.size == 0:
            self._empty(walk, location, seen)
        else:
            walk.seen[location] = seen
            known = walk.known.get(location)
            walk.ready.append(
                FoundFile(
                    location=location,
                    names=names,
                    stamp=stamp,
                    known_hash=known.content_hash if known else None,
                )
            )

    def _empty(self, walk: _Walk, location: str, seen: _Seen) -> None:
        walk.seen[location] = seen
        if walk.at - seen.first >= EMPTY_PATIENCE:
            self._refuse(walk, location, seen.stamp, "it is empty")

    def _renamed_in(self, walk: _Walk, location: str, stamp: FileStamp) -> bool:
        """Whether a file that looks new got its name when it was whole already."""
        if self._unfinished.get(stamp.inode) == (stamp.size, stamp.mtime_ns):
            return True
        known = walk.known.get(location)
        if self._looked_at is None or location in self._seen or (known and known.stamp.inode == stamp.inode):
            return False
        # Both times are the file system's own, whatever its clock: a file begun here after the last look
        # cannot have content that is older than that look.
        return (stamp.ctime_ns - stamp.mtime_ns) / 1e9 > walk.at - self._looked_at + STABLE

    def _refuse_folder(self, walk: _Walk, location: str, inode: int, reason: str) -> None:
        # Its times change with every file in it, the refusal does not.
        stamp = FileStamp(size=0, mtime_ns=0, ctime_ns=0, inode=inode)
        known = walk.known.get(location)
        if known is None or known.stamp != stamp:
            self._refuse(walk, location, stamp, reason)

    def _refuse(self, walk: _Walk, location: str, stamp: FileStamp, reason: str) -> None:
        walk.refused.append(self._refusal(location, stamp, reason, walk.now))

    def _refusal(self, location: str, stamp: FileStamp, reason: str, now: datetime) -> RefusedFile:
        return RefusedFile(document=self._document(location, stamp, b"", _NOTHING, now), reason=reason)

    def _why_not(self, error: OSError) -> str:
        if error.errno == errno.ENOENT:
            return f"there is no folder {self._shown}; make it, or mend its path in sources.yaml"
        if error.errno == errno.ENOTDIR:
            return f"{self._shown} is no folder"
        return f"{self._shown} could not be looked into: {_words(error)}"

    # -- reading -----------------------------------------------------------------------------

    def read(self, found: FoundFile) -> Document | RefusedFile | None:
        """Read a file that a look found ready.

        None: there is nothing to take now. It is gone, or changed meanwhile, or still open for writing, and
        later looks will tell; or it holds what is known of it already.
        """
        now = self._clock.now()
        try:
            with open_folder(self._path) as root, open_regular(root, found.names) as descriptor:
                content = self._content(descriptor, found)
        except (FileNotFoundError, NotADirectoryError):
            content = None
        except OSError as error:
            if error.errno == errno.ELOOP:
                return None
            of_the_file = error.errno in (errno.EACCES, errno.EPERM)  # else of the disk, or of our own means
            kept_as = _NOTHING if of_the_file else UNREAD
            return self.refuse(found, f"it could not be read: {_words(error)}", kept_as)
        if content is None:
            return None
        digest = ContentHash(sha256(content).hexdigest())
        if digest == found.known_hash:
            self._same[found.location] = found.stamp
            return None
        return self._document(found.location, found.stamp, content, digest, now)

    def refuse(self, found: FoundFile, reason: str, content: ContentHash = _NOTHING) -> RefusedFile:
        """Give a file that was found as one that is not read."""
        now = self._clock.now()
        document = self._document(found.location, found.stamp, b"", content, now)
        return RefusedFile(document=document, reason=reason, passing=content == UNREAD)

    def _content(self, descriptor: int, found: FoundFile) -> bytes | None:
        """Give what an open file holds; None where it is not, or does not stay, as it was found."""
        if being_written(descriptor) and not self._waited_enough(found):
            return None
        content = read_all(descriptor, found.stamp.size)
        unchanged = stamp_of(os.fstat(descriptor)) == found.stamp and len(content) == found.stamp.size
        return content if unchanged else None

    def _waited_enough(self, found: FoundFile) -> bool:
        """Whether a file has been unchanged too long to wait for its writer; if not, wait again."""
        seen, now = self._seen.get(found.location), self._clock.monotonic()
        if seen is None or now - seen.first >= WRITER_PATIENCE:
            return True
        self._seen[found.location] = replace(seen, since=now, renamed_in=False)
        return False

    def _document(
        self, location: str, stamp: FileStamp, content: bytes, digest: ContentHash, now: datetime
    ) -> Document:
        return Document(
            source=self._source,
            location=location,
            received_at=now,
            arrived_at=min(arrived(stamp), now),
            content=content,
            content_hash=digest,
            stamp=stamp,
            hints=self._hints,
        )


def arrived(stamp: FileStamp) -> datetime:
    """Give when a file came, by the clock of its disk."""
    return _EPOCH + timedelta(microseconds=stamp.ctime_ns // 1000)


def _gone(walk: _Walk) -> tuple[str, ...]:
    """Give the known files that were not met; none where no known one was, which looks like a lost mount."""
    if not walk.there or walk.there.isdisjoint(walk.known):
        return ()
    return tuple(location for location in walk.known if location not in walk.there)


def _looks_like(stamp: FileStamp, found: os.stat_result) -> bool:
    return (
        stamp.ctime_ns == found.st_ctime_ns
        and stamp.size == found.st_size
        and stamp.mtime_ns == found.st_mtime_ns
        and stamp.inode == found.st_ino
    )


def _words(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno else "no reason is known"
