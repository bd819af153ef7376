"""Which articles are the same: the scenarios that feeds and folders play."""

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

from monitor.core.stories.identity import Candidate, Resolution, candidates, resolve
from monitor.model import (
    SHARED,
    Article,
    ArticleId,
    ContentHash,
    Document,
    Format,
    Identity,
    IdentityKind,
    Known,
    Novelty,
    Reason,
    SourceId,
    Zone,
    ZoneSpan,
)

NOW = datetime(2026, 1, 27, 12, tzinfo=UTC)
LONG = "The ministers spoke by video on Tuesday, both sides said. " * 5
SHORT = "Talks have begun."


def article(
    headline: str = "Talks", text: str = LONG, id: str | None = None, url: str | None = None
) -> Article:
    whole = f"{headline}\n\n{text}"
    zones = (
        ZoneSpan(zone=Zone.HEADLINE, start=0, end=len(headline)),
        ZoneSpan(zone=Zone.LEAD, start=len(headline) + 2, end=len(whole)),
    )
    return Article(format=Format.RSS, text=whole, zones=zones, headline=headline, native_id=id, url=url)


def document(
    source: str = "feed", location: str = "https://feed.example/rss", content: bytes = b"x"
) -> Document:
    return Document(
        source=SourceId(source),
        location=location,
        received_at=NOW,
        arrived_at=NOW,
        content=content,
        content_hash=ContentHash(sha256(content).hexdigest()),
    )


def feed(*articles: Article, source: str = "feed") -> tuple[Candidate, ...]:
    return candidates(document(source), articles, from_feed=True)


class Memory:
    """What a store would remember of the resolutions that it was given."""

    def __init__(self) -> None:
        self.rows: dict[Identity, Known] = {}
        self.articles = 0

    def poll(self, *found: Candidate) -> list[Resolution]:
        wanted = {i for c in found for i in c.looked_up}
        resolutions = resolve(found, [k for i, k in self.rows.items() if i in wanted])
        given: list[ArticleId | None] = []
        for candidate, resolution in zip(found, resolutions, strict=True):
            given.append(self._write(candidate, resolution, given))
        return list(resolutions)

    def _write(
        self, candidate: Candidate, resolution: Resolution, given: list[ArticleId | None]
    ) -> ArticleId | None:
        if resolution.novelty is Novelty.SEEN:
            return None
        if resolution.novelty is Novelty.NEW:
            self.articles += 1
            article, source = ArticleId(f"a{self.articles}"), candidate.source
            assert not any(i in self.rows for i in resolution.identities), "an identity was taken over"
        else:
            found = resolution.known_as or (
                given[resolution.copy_of] if resolution.copy_of is not None else None
            )
            assert found is not None
            article = found
            source = next(k.source for k in self.rows.values() if k.article == article)
        for i in resolution.identities:
            self.rows[i] = Known(
                identity=i,
                article=article,
                source=source,
                seen_hash=candidate.text_hash,
                number=resolution.number,
            )
        if (link := resolution.shared) is not None:
            row = Known(
                identity=link, article=article, source=source, seen_hash=SHARED, number=resolution.number
            )
            self.rows[link] = replace(self.rows.get(link, row), seen_hash=SHARED)
        for i, k in self.rows.items():
            if k.article == article:
                self.rows[i] = replace(k, number=resolution.number)
        return article


def told(resolutions: list[Resolution]) -> list[tuple[Novelty, Reason]]:
    return [(r.novelty, r.reason) for r in resolutions]


NEW = (Novelty.NEW, Reason.NEW)
SEEN = (Novelty.SEEN, Reason.NEW)
UPDATED = (Novelty.VERSION, Reason.UPDATED)
SAME_LINK = (Novelty.COPY, Reason.SAME_LINK)
SAME_TEXT = (Novelty.COPY, Reason.SAME_TEXT)


def test_an_item_that_stays_in_the_feed_is_new_once() -> None:
    memory = Memory()
    item = article(id="1", url="https://news.example/1")
    assert told(memory.poll(*feed(item))) == [NEW]
    for _ in range(3):
        assert told(memory.poll(*feed(item))) == [SEEN]


def test_another_text_under_the_same_id_is_a_new_version_each_time() -> None:
    memory = Memory()
    memory.poll(*feed(article(id="1")))
    (second,) = memory.poll(*feed(article("Talks end", id="1")))
    assert (second.novelty, second.reason, second.number, second.known_as) == (*UPDATED, 2, "a1")
    assert told(memory.poll(*feed(article("Talks end", id="1")))) == [SEEN]
    (third,) = memory.poll(*feed(article("Talks fail", id="1")))
    assert third.number == 3


def test_case_width_and_white_space_make_no_version() -> None:
    memory = Memory()
    memory.poll(*feed(article("Talks in Beijing", id="1")))
    assert told(memory.poll(*feed(article("TALKS  in Beijing", id="1")))) == [SEEN]


def test_the_same_id_in_two_sources_is_two_articles() -> None:
    memory = Memory()
    memory.poll(*feed(article(id="1")))
    assert told(memory.poll(*feed(article("Chess", "Another text. " * 20, id="1"), source="other"))) == [NEW]


def test_the_same_link_in_another_source_is_a_copy_looked_at_once() -> None:
    memory = Memory()
    memory.poll(*feed(article(id="1", url="https://news.example/1")))
    copy = article("Talks, says News", SHORT, id="x", url="http://news.example/1/?utm_source=rss")
    (first,) = memory.poll(*feed(copy, source="other"))
    assert (first.novelty, first.reason, first.known_as) == (*SAME_LINK, "a1")
    assert told(memory.poll(*feed(copy, source="other"))) == [SEEN]
    assert told(memory.poll(*feed(article(id="1", url="https://news.example/1")))) == [SEEN]


def test_a_copy_that_changes_elsewhere_is_no_version() -> None:
    memory = Memory()
    memory.poll(*feed(article(id="1", url="https://news.example/1")))
    memory.poll(*feed(article("Copy", SHORT, id="x", url="https://news.example/1"), source="other"))
    changed = feed(article("Copy, changed", SHORT, id="x", url="https://news.example/1"), source="other")
    assert told(memory.poll(*changed)) == [(Novelty.COPY, Reason.UPDATED)]
    assert told(memory.poll(*changed)) == [SEEN]


def test_a_link_that_several_items_share_identifies_none_of_them() -> None:
    memory = Memory()
    live = "https://news.example/live"
    both = feed(article("One", SHORT, "1", live), article("Two", SHORT, "2", live))
    assert told(memory.poll(*both)) == [NEW, NEW]
    assert told(memory.poll(*both)) == [SEEN, SEEN]


def test_a_link_that_items_share_one_after_another_identifies_none_of_them() -> None:
    memory = Memory()
    live = "https://news.example/live"
    for number in range(4):
        assert told(memory.poll(*feed(article(f"Part {number}", SHORT, str(number), live)))) == [NEW]


def test_a_link_that_items_share_makes_no_copy_of_another_source_s_item_either() -> None:
    memory = Memory()
    page = "https://news.example/live"
    minutes = [article(f"Minute {n}", SHORT, str(n), page) for n in range(4)]
    elsewhere = article("Elsewhere", SHORT, "e", page)
    assert told(memory.poll(*feed(*minutes[:2]))) == [NEW, NEW]
    assert told(memory.poll(*feed(elsewhere, source="other"))) == [NEW]
    assert told(memory.poll(*feed(minutes[2]))) == [NEW]
    changed = replace(minutes[0], headline="Minute 0, corrected")
    assert told(memory.poll(*feed(changed))) == [UPDATED]
    assert told(memory.poll(*feed(minutes[3]))) == [NEW]


def test_a_link_that_items_share_one_after_another_makes_no_copy_elsewhere() -> None:
    memory = Memory()
    page = "https://news.example/live"
    for n in range(2):
        memory.poll(*feed(article(f"Minute {n}", SHORT, str(n), page)))
    assert told(memory.poll(*feed(article("Elsewhere", SHORT, "e", page), source="other"))) == [NEW]


def test_items_that_two_sources_share_one_link_for_are_all_news_whoever_has_them_first() -> None:
    memory = Memory()
    page = "https://news.example/live"
    minutes = [f"Minute {n}: {LONG}" for n in range(3)]
    assert told(memory.poll(*feed(article("Live", minutes[0], "a0", page), source="a"))) == [NEW]
    assert told(memory.poll(*feed(article("Live", minutes[0], "b0", page), source="b"))) == [SAME_TEXT]
    assert told(memory.poll(*feed(article("Live", minutes[1], "b1", page), source="b"))) == [NEW]
    assert told(memory.poll(*feed(article("Live", minutes[1], "a1", page), source="a"))) == [SAME_TEXT]
    assert told(memory.poll(*feed(article("Live", minutes[2], "a2", page), source="a"))) == [NEW]


def test_a_mere_host_is_no_link() -> None:
    memory = Memory()
    memory.poll(*feed(article("One", SHORT, "1", "https://news.example/")))
    other = feed(article("Two", SHORT, "1", "https://news.example"), source="other")
    assert told(memory.poll(*other)) == [NEW]


def test_the_same_long_text_in_another_source_is_a_copy_and_a_short_one_is_not() -> None:
    memory = Memory()
    memory.poll(*feed(article(id="1"), article("Flash", SHORT, id="2")))
    others = feed(article(id="8"), article("Flash", SHORT, id="9"), source="other")
    assert told(memory.poll(*others)) == [SAME_TEXT, NEW]


def test_ids_that_change_at_each_poll_bring_nothing_new() -> None:
    memory = Memory()
    memory.poll(*feed(article(id="a", url="https://news.example/1")))
    for number in range(3):
        (again,) = memory.poll(*feed(article(id=f"random{number}", url="https://news.example/1")))
        assert again.novelty is Novelty.COPY
        assert again.known_as == "a1"


def test_an_id_that_items_of_one_document_share_identifies_none_of_them() -> None:
    memory = Memory()
    both = feed(article("One", SHORT, "same"), article("Two", SHORT, "same"))
    assert told(memory.poll(*both)) == [NEW, NEW]
    assert told(memory.poll(*both)) == [SEEN, SEEN]
    assert memory.articles == 2


def test_an_id_met_twice_in_one_document_and_once_in_the_next_brings_nothing_new() -> None:
    one, two = article("One", SHORT, "same"), article("Two", SHORT, "same")
    memory = Memory()
    assert told(memory.poll(*feed(one, two))) == [NEW, NEW]
    assert told(memory.poll(*feed(two))) == [SEEN]
    assert told(memory.poll(*feed(one))) == [SEEN]


def test_an_id_met_once_in_one_document_and_twice_in_the_next_brings_one_new_item() -> None:
    one, two = article("One", SHORT, "same"), article("Two", SHORT, "same")
    memory = Memory()
    assert told(memory.poll(*feed(one))) == [NEW]
    assert told(memory.poll(*feed(one, two))) == [SEEN, NEW]
    assert told(memory.poll(*feed(two, one))) == [SEEN, SEEN]


def test_a_copy_elsewhere_leaves_the_original_s_link_as_it_was() -> None:
    link = "https://news.example/1"
    memory = Memory()
    memory.poll(*feed(article("One", SHORT, "1", link)))
    assert told(memory.poll(*feed(article("One, shortened", "Begun.", "9", link), source="other"))) == [
        SAME_LINK
    ]
    assert told(memory.poll(*feed(article("One", SHORT, "a fresh id", link)))) == [SAME_LINK]


def test_an_item_twice_in_one_document_is_one_article() -> None:
    memory = Memory()
    assert told(memory.poll(*feed(article(id="1"), article(id="1")))) == [NEW, SEEN]


def test_two_copies_in_one_poll_are_one_article() -> None:
    memory = Memory()
    first, second = memory.poll(*feed(article(id="1"), article(id="2")))
    assert (first.novelty, second.novelty, second.copy_of) == (Novelty.NEW, Novelty.COPY, 0)
    assert told(memory.poll(*feed(article(id="2")))) == [SEEN]


def test_an_item_without_an_id_is_known_by_its_link() -> None:
    memory = Memory()
    memory.poll(*feed(article("One", SHORT, url="https://news.example/1")))
    changed = feed(article("One, changed", SHORT, url="https://news.example/1"))
    assert told(memory.poll(*changed)) == [UPDATED]


def test_an_item_with_neither_id_nor_link_is_known_by_its_text_in_its_source() -> None:
    memory = Memory()
    assert told(memory.poll(*feed(article("One", SHORT)))) == [NEW]
    assert told(memory.poll(*feed(article("One", SHORT)))) == [SEEN]
    assert told(memory.poll(*feed(article("One", SHORT), source="other"))) == [NEW]


def wire(location: str, text: str) -> tuple[Candidate, ...]:
    content = text.encode()
    piece = article("Flash", text)
    return candidates(document("/wire", location, content), [piece], from_feed=False)


def test_a_file_is_known_by_its_path_and_bytes() -> None:
    memory = Memory()
    assert told(memory.poll(*wire("/wire/a", SHORT))) == [NEW]
    assert told(memory.poll(*wire("/wire/a", SHORT))) == [SEEN]


def test_a_new_story_under_an_old_file_name_is_new() -> None:
    memory = Memory()
    memory.poll(*wire("/wire/a", SHORT))
    assert told(memory.poll(*wire("/wire/a", "Another story."))) == [NEW]


def test_a_long_file_copied_under_another_name_is_a_copy_and_a_short_flash_is_not() -> None:
    memory = Memory()
    memory.poll(*wire("/wire/a", LONG), *wire("/wire/b", SHORT))
    assert told(memory.poll(*wire("/wire/c", LONG), *wire("/wire/d", SHORT))) == [SAME_TEXT, NEW]


def test_versions_of_one_article_within_one_poll_are_numbered() -> None:
    memory = Memory()
    first = candidates(document("/wire", "/wire/a", b"1"), [article("One", SHORT, "id")], from_feed=False)
    second = candidates(document("/wire", "/wire/b", b"2"), [article("Two", SHORT, "id")], from_feed=False)
    third = candidates(document("/wire", "/wire/c", b"3"), [article("Three", SHORT, "id")], from_feed=False)
    found = memory.poll(*first, *second, *third)
    assert [(r.novelty, r.number, r.copy_of) for r in found] == [
        (Novelty.NEW, 1, None),
        (Novelty.VERSION, 2, 0),
        (Novelty.VERSION, 3, 0),
    ]


def test_identities_that_lead_to_another_article_are_left_to_it() -> None:
    memory = Memory()
    memory.poll(*feed(article("One", LONG, "1", "https://news.example/1")))
    memory.poll(*feed(article("Two", "Another long text, of its own. " * 10, "2", "https://news.example/2")))
    (moved,) = memory.poll(*feed(article("Two, moved", SHORT, "2", "https://news.example/1")))
    assert moved.known_as == "a2"
    assert [i.kind for i in moved.identities] == [IdentityKind.NATIVE_ID]


def test_a_known_article_is_found_though_the_identities_come_in_any_order() -> None:
    memory = Memory()
    found = feed(article(id="1", url="https://news.example/1"))
    memory.poll(*found)
    forwards = resolve(found, list(memory.rows.values()))
    backwards = resolve(found, list(reversed(memory.rows.values())))
    assert forwards == backwards
