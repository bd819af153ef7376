"""Each file of tests/data/formats is read as the JSON beside it says, which was written from reading the file."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.core.formats import read
from monitor.model import Article, Document, Parsed

DATA = Path(__file__).parents[2] / "data" / "formats"
CASES = sorted(p for p in DATA.iterdir() if p.suffix in (".txt", ".xml"))
FIELDS = (
    "native_id",
    "headline",
    "slug",
    "byline",
    "place",
    "dateline_date",
    "agency",
    "language",
    "published",
    "published_text",
    "url",
    "doubts",
)


def _told(article: Article) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name in FIELDS:
        value = getattr(article, name)
        if value:
            told[name] = value.isoformat() if isinstance(value, datetime) else value
    told["zones"] = [[z.zone, article.text[z.start : z.end]] for z in article.zones]
    return told


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_a_document_is_read_as_expected(path: Path, document: Callable[..., Document]) -> None:
    location = "https://news.example/feed" if path.suffix == ".xml" else "/srv/wire/copy.txt"
    found = read(document(path.read_bytes(), location))
    assert isinstance(found, Parsed)
    told = {"format": found.format, "articles": [_told(article) for article in found.articles]}
    assert json.loads(json.dumps(told)) == json.loads(path.with_suffix(".json").read_text())


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_everything_but_white_space_and_marks_is_in_a_zone(
    path: Path, document: Callable[..., Document]
) -> None:
    found = read(document(path.read_bytes()))
    assert isinstance(found, Parsed)
    for article in found.articles:
        gaps = list(article.text)
        for zone in article.zones:
            gaps[zone.start : zone.end] = " " * (zone.end - zone.start)
        assert set(gaps) <= set(" \n=")


@pytest.mark.parametrize("path", sorted(DATA.glob("plain_*.txt")), ids=lambda path: path.name)
def test_plain_text_is_stored_whole_and_in_order(path: Path, document: Callable[..., Document]) -> None:
    found = read(document(path.read_bytes()))
    assert isinstance(found, Parsed)
    assert found.articles[0].text.split() == path.read_text().split()
