"""Files as editors save them, and files that are no text."""

from __future__ import annotations

import codecs
import os
from typing import Any

import pytest

from monitor.config import load
from monitor.errors import ConfigError

LIST = "actors:\r\n  - Dong Jun\r\n  - 董军\r\n"


@pytest.mark.parametrize(
    "content",
    [
        LIST.encode(),
        codecs.BOM_UTF8 + LIST.encode(),
        codecs.BOM_UTF16_LE + LIST.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + LIST.encode("utf-16-be"),
        LIST.encode("utf-16-le"),
        LIST.replace("\r\n", "\r").encode(),
    ],
    ids=["CRLF", "UTF-8 BOM", "UTF-16 LE", "UTF-16 BE", "UTF-16 without BOM", "CR"],
)
def test_a_file_is_read_however_it_was_saved(content: bytes, config: Any) -> None:
    watches = config.load(watchlist=content).watchlist.watches
    assert [(w.name, w.origin.line) for w in watches] == [("Dong Jun", 2), ("董军", 3)]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "1:1: file: says nothing"),
        (b"  \n\n# x\n", "1:1: file: says nothing"),
        (b"actors:\n  - caf\xe9\n", "2:8: file: is not written in UTF-8"),
        (b"actors:\n  - a\x00b\n", "2:6: file: a NUL byte"),
        (b"\x00" * 4096, "1:1: file: a NUL byte"),
        (b"actors:\n  - a\x1bb\n", "2:6: file: an invisible character (U+001B)"),
        ("actors:\n  - a\u2028b\n".encode(), "2:6: file: an invisible line separator (U+2028)"),
        ("actors:\n  - a\u0085b\n".encode(), "2:6: file: an invisible line separator (U+0085)"),
        (b"actors:\n  - \xed\xa0\x80\n", "2:5: file: is not written in UTF-8"),
        (b"actors: [Dong Jun, Zhang", "1:9: file: the [ that opens here"),
    ],
)
def test_what_is_no_whole_text_file_is_refused(content: bytes, told: str, config: Any) -> None:
    (found,) = config.problems(watchlist=content)
    assert found.startswith(f"watchlists/mine.yaml:{told}")


def test_a_pipe_is_refused_without_waiting_for_it(config: Any) -> None:
    (config.folder / "sources.yaml").unlink()
    os.mkfifo(config.folder / "sources.yaml")
    assert config.problems() == ("sources.yaml:1:1: file: is no regular file",)


def test_a_file_is_named_as_its_user_would_type_it(config: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir("/")
    from_root = str(config.folder).lstrip("/")
    config.write("sources.yaml", "")
    with pytest.raises(ConfigError, match=f"^{from_root}/sources.yaml:1:1"):
        load(config.folder, environ={})
