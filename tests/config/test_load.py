"""A folder becomes settings: secrets, channels, sources, places, and what is worth a warning."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.config import find_directory, load, state_directory, warnings
from monitor.config.problems import Mistakes
from monitor.config.settings import Keep
from monitor.errors import UsageError
from monitor.model import Priority

CHAT = "channels:\n  chat: {url: '%s'}\ntell: [chat]\n"
MAIL = "mail: {from: wire@paper.example, server: '%s', user: wire, password: '${file:pw}'}\n"


def test_what_is_not_said_has_the_documented_default(config: Any) -> None:
    settings = config.load(sources="feeds: [https://news.example/rss]\n", monitor="channels: {}\n")
    (feed,) = settings.sources
    assert (feed.id, feed.name) == ("https://news.example/rss", "news.example/rss")
    assert (feed.every_least, feed.every_most) == (timedelta(minutes=5), timedelta(minutes=60))
    assert (settings.contact, settings.timezone.key, settings.mail) == (None, "UTC", None)
    assert (settings.fallback, settings.troubles, settings.keep) == (("terminal",), ("terminal",), Keep())
    assert [(c.name, c.at_most) for c in settings.channels] == [("terminal", None)]


def test_a_folder_is_seen_from_the_file_that_names_it(config: Any) -> None:
    (folder,) = config.load(sources="folders:\n  - path: ../wire/./pti\n").sources
    assert folder.id == str(config.folder.parent / "wire/pti")
    assert folder.name == "pti"


def test_two_ways_to_write_one_folder_are_told(config: Any) -> None:
    (found,) = config.problems(sources="folders:\n  - path: wire\n  - path: ./x/../wire\n")
    assert found.startswith("sources.yaml:3:5: folders.2: ")
    assert "here and in line 2" in found


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("tgram://1/2", "tgram://1/2"),
        ("${env:URL}", "tgram://env/1"),
        ("slack://${env:TOKEN}/${file:secrets/room}", "slack://abc/room"),
        ("${credential:chat}", "json://credential"),
    ],
)
def test_a_secret_stands_in_for_its_reference(written: str, read: str, config: Any) -> None:
    config.environ = {"URL": "tgram://env/1", "TOKEN": "abc"}
    config.write("secrets/room", "room\r\n")
    config.write("credentials/chat", "json://credential\n")
    config.credentials = config.folder / "credentials"
    channel = config.load(monitor=CHAT % written).channels[1]
    assert channel.url.reveal() == read
    assert read not in repr(channel)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("${env:NONE}", "the environment variable `NONE` is not set"),
        ("${env:}", "is no reference to a secret"),
        ("${vault:x}", "`${vault:x}` is no reference to a secret"),
        ("x://${env:A", "a `${` has no `}` behind it"),
        ("${file:none}", "there is no file `none` for the secret: make it"),
        ("${file:empty}", "the secret's file `empty` is empty"),
        ("${file:watchlists}", "is a folder"),
        ("${credential:chat}", "is there only for the service that systemd starts"),
        ("${credential:../x}", "is no name of a credential"),
        ("", "is no address that Apprise knows"),
        ("${file:a\\0b}", "has a path that no file can have"),
        ("${env:JUNK}", "is no address that Apprise knows"),
        ("${env:LINES}", "holds a line break"),
    ],
)
def test_a_secret_that_cannot_be_had_is_told_by_its_place_and_never_shown(
    written: str, told: str, config: Any
) -> None:
    config.environ = {"JUNK": "hunter2", "LINES": "json://hunter2\nX: y"}
    config.write("empty", "\n")
    chat = 'channels:\n  chat: {url: "%s"}\ntell: [chat]\n'
    (found,) = config.problems(monitor=chat % written)
    assert found.startswith("monitor.yaml:2:15: channels.chat.url: ")
    assert told in found
    assert "hunter2" not in found


def test_a_mail_password_that_travels_in_the_open_is_warned_of(config: Any) -> None:
    config.write("pw", "secret\n")
    monitor = MAIL.replace("user:", "security: none, user:")
    assert any("for all to read" in w for w in warnings(config.load(monitor=monitor % "smtp.paper.example")))
    assert not any("for all to read" in w for w in warnings(config.load(monitor=monitor % "localhost")))


def test_a_missing_credential_is_told(config: Any) -> None:
    config.credentials = config.folder
    (found,) = config.problems(monitor=CHAT % "${credential:chat}")
    assert "there is no credential `chat`: name it in the unit, `LoadCredential=chat:…`" in found


def test_a_command_that_sends_nothing_needs_no_secrets(config: Any) -> None:
    config.write("monitor.yaml", CHAT % "${credential:chat}")
    settings = load(Path("."), environ={}, read_secrets=False)
    assert settings.channels[1].name == "chat"


def test_every_file_that_was_read_is_known_as_it_looked(config: Any) -> None:
    config.write("pw", "secret")
    config.write("watchlists/n.csv", "name\nAnna\n")
    settings = config.load(monitor=MAIL % "smtp.paper.example", watchlist="names_from: n.csv\n")
    files = {str(path): stamp for path, stamp in settings.files}
    assert set(files) == {"monitor.yaml", "sources.yaml", "watchlists/mine.yaml", "watchlists/n.csv", "pw"}
    for name, stamp in files.items():
        found = Path(name).stat()
        assert (stamp.size, stamp.mtime_ns, stamp.inode) == (found.st_size, found.st_mtime_ns, found.st_ino)


def test_a_configuration_with_mistakes_says_which_files_may_mend_it(config: Any) -> None:
    (config.folder / "sources.yaml").unlink()
    config.write("monitor.yaml", MAIL % "smtp.paper.example")
    config.write("watchlists/people.yml", "actors: [A]\n")
    config.write("watchlists/mine.yaml", "names_from: [../gone.csv]\n")
    with pytest.raises(Mistakes) as caught:
        config.load()
    known = {str(path): stamp is not None for path, stamp in caught.value.files}
    assert known == {
        "monitor.yaml": True,
        "sources.yaml": False,
        "watchlists/mine.yaml": True,
        "watchlists/people.yml": True,
        "watchlists/../gone.csv": False,
        "pw": False,
    }


@pytest.mark.parametrize(
    ("server", "port", "security"),
    [
        ("smtp.paper.example", 587, "starttls"),
        ("smtp.paper.example:465", 465, "tls"),
        ("smtp.paper.example:25", 25, "starttls"),
        ("localhost:25", 25, "none"),
        ("127.0.0.1:2525", 2525, "none"),
        ("[::1]:25", 25, "none"),
    ],
)
def test_mail_is_kept_private_but_on_this_machine(server: str, port: int, security: str, config: Any) -> None:
    config.write("pw", "secret\n")
    mail = config.load(monitor=MAIL % server).mail
    assert (mail.port, mail.security, mail.user, mail.password.reveal()) == (port, security, "wire", "secret")


def test_channels_say_their_limits(config: Any) -> None:
    monitor = """
mail: {from: Wire <wire@paper.example>, server: localhost}
channels:
  desk: {email: [a@p.example, b@p.example, a@p.example], priority: high, at_most: 5 an hour}
  hook: {url: "json://localhost/", at_most: no limit, parallel: 32}
  terminal: {priority: urgent}
"""
    found = {c.name: c for c in config.load(monitor=monitor).channels}
    assert found["desk"].recipients == ("a@p.example", "b@p.example")
    assert (found["desk"].mail, found["desk"].priority, found["desk"].at_most) == (True, Priority.HIGH, 5)
    assert (found["hook"].recipients, found["hook"].at_most, found["hook"].parallel) == (("hook",), None, 32)
    assert (found["terminal"].priority, found["terminal"].at_most) == (Priority.URGENT, None)


@pytest.mark.parametrize(
    ("channel", "told"),
    [
        ("terminal: {url: 'json://x'}", "channels.terminal: is the terminal itself"),
        ("x: {url: 'json://x', email: [a@b.example]}", "channels.x: has both `email:` and `url:`"),
        ("my desk: {url: 'json://x'}", "channels.my desk: `my desk` is no name of a channel"),
        ("x: {url: 'json://x', parallel: 500}", "channels.x.parallel: is out of bounds"),
    ],
)
def test_a_channel_that_cannot_work_is_told(channel: str, told: str, config: Any) -> None:
    assert told in config.problems(monitor=f"channels:\n  {channel}\n")[0]


def test_what_is_missing_is_told_with_the_command_that_writes_it(config: Any) -> None:
    (config.folder / "monitor.yaml").unlink()
    (config.folder / "sources.yaml").unlink()
    (config.folder / "watchlists/mine.yaml").unlink()
    assert [p.split(": ")[0] for p in config.problems()] == [
        "monitor.yaml:1:1",
        "sources.yaml:1:1",
        "watchlists:1:1",
    ]
    assert "`monitor init` writes one" in config.problems()[0]


def test_a_folder_that_is_not_there_is_told_once(config: Any) -> None:
    with pytest.raises(Exception, match=r"^nowhere:1:1: file: there is no such folder"):
        load(Path("nowhere"), environ={})


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("monitor.yml", "monitor.yaml"),
        ("Sources.YAML", "sources.yaml"),
        ("source.yaml", "sources.yaml"),
        ("mine.yaml", "watchlists/mine.yaml"),
        ("watchlists/other.yml", "other.yaml"),
        ("watchlists/other.yaml.txt", "other.yaml"),
    ],
)
def test_a_file_under_a_name_that_is_not_read_is_told(name: str, right: str, config: Any) -> None:
    config.write(name, "x: y\n")
    assert config.problems() == (f"{name}:1:1: file: is not read under this name, did you mean `{right}`?",)


@pytest.mark.parametrize(
    "name", ["README.md", "watchlists/.hidden.yaml", "watchlists/mine.yaml~", "notes.txt"]
)
def test_other_files_may_lie_there(name: str, config: Any) -> None:
    config.write(name, "x: y\n")
    config.load()


def test_the_configuration_is_found_where_it_was_promised(tmp_path: Path) -> None:
    system, checkout = tmp_path / "etc", tmp_path / "checkout"
    (checkout / "config").mkdir(parents=True)
    find = lambda flag=None, environ=None, at=checkout: find_directory(flag, environ or {}, at, system=system)  # noqa: E731
    assert find() == checkout / "config"
    system.mkdir()
    assert find() == system
    (checkout / "local").mkdir()
    assert find() == checkout / "local"
    assert find(environ={"MONITOR_CONFIG": "/x"}) == Path("/x")
    assert find(Path("y"), {"MONITOR_CONFIG": "/x"}) == Path("y")
    system.rmdir()
    with pytest.raises(UsageError, match="make one with `monitor init DIR`"):
        find(at=None)


def test_the_database_is_in_the_first_state_directory(tmp_path: Path) -> None:
    assert state_directory({"STATE_DIRECTORY": "/a:/b"}, tmp_path) == Path("/a")
    assert state_directory({}, tmp_path) == tmp_path / "var"
    with pytest.raises(UsageError, match=r"\$STATE_DIRECTORY"):
        state_directory({}, None)


def test_what_is_worth_a_second_look_is_warned_of(config: Any) -> None:
    sources = (
        "feeds: [{url: 'https://n.example/f', every: 5 seconds}]\nfolders: [{path: in}, {path: in/deep}]\n"
    )
    config.write("watchlists/old/x.yaml", "x")
    monitor = "channels: {hook: {url: 'json://localhost/'}}\ntroubles: []\n"
    found = "\n".join(warnings(config.load(sources=sources, monitor=monitor)))
    for told in (
        "/in is not there",
        "its files are read twice",
        "more than once a minute",
        "has no `contact:`",
        "nothing is ever told to the channel `hook`",
        "`troubles:` names no channel",
        "the url of the channel `hook` stands in monitor.yaml itself",
        "watchlists/old/x.yaml is not read",
    ):
        assert told in found
