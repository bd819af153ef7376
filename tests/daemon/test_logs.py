"""Logs: one event a line, whatever is in it."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from monitor.daemon import logs


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    logs.set_up("debug", stream, {})
    yield stream
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def test_an_event_is_a_line_of_words_and_pairs(lines: io.StringIO) -> None:
    structlog.get_logger().info("poll", source="World news", articles=3, detail=None)
    assert lines.getvalue().split(" ", 1)[1] == 'info poll source="World news" articles=3\n'


@pytest.mark.parametrize(
    "nasty", ["\x1b[31mred", "a\nb", "a\r\nb", "\u202ereversed", "\u2028", "\ud800", "\x00", "\x9b1m"]
)
def test_control_characters_become_visible(lines: io.StringIO, nasty: str) -> None:
    structlog.get_logger().warning(f"odd {nasty}", title=nasty)
    logged = lines.getvalue()
    assert logged.count("\n") == 1
    assert nasty not in logged
    assert logged.rstrip("\n").isprintable()


def test_other_scripts_stay_as_they_are(lines: io.StringIO) -> None:
    structlog.get_logger().info("poll", source="Новости-新闻")
    assert "source=Новости-新闻" in lines.getvalue()


def test_known_secrets_are_hidden_wherever_they_stand(lines: io.StringIO) -> None:
    logs.redact.learn(["hunter2hunter2"])
    try:
        raise ValueError("cannot log in with hunter2hunter2")
    except ValueError:
        structlog.get_logger().error("send", url="tgram://hunter2hunter2/1", exc_info=True)
    logging.getLogger("elsewhere").warning("password %s", "hunter2hunter2")
    assert "hunter2" not in lines.getvalue()
    assert lines.getvalue().count(logs.HIDDEN) == 3


def test_an_error_is_told_with_the_places_it_came_through(lines: io.StringIO) -> None:
    try:
        raise KeyError("what")
    except KeyError:
        structlog.get_logger().error("tick", exc_info=True)
    assert "error=\"KeyError: 'what'\"" in lines.getvalue()
    assert "test_logs.py:" in lines.getvalue()


def test_other_libraries_log_the_same_way_and_apprise_not_at_all(lines: io.StringIO) -> None:
    logging.getLogger("aiohttp.client").warning("slow %s", "host")
    logging.getLogger("aiohttp.client").info("chatter")
    logging.getLogger("apprise").critical("tgram://secret")
    assert lines.getvalue().split(" ", 1)[1] == "warning slow host by=aiohttp.client\n"


def test_a_long_value_is_cut_and_says_so(lines: io.StringIO) -> None:
    structlog.get_logger().info("poll", detail="x" * 5000)
    assert "(5000 characters)" in lines.getvalue()
    assert len(lines.getvalue()) < 2200


def test_journald_gets_priorities_and_keeps_its_own_time() -> None:
    stream = io.StringIO()
    logs.set_up("info", stream, {"JOURNAL_STREAM": "8:1"})
    structlog.get_logger().error("store", detail="no")
    structlog.reset_defaults()
    assert stream.getvalue() == "<3>store detail=no\n"
