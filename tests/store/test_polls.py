"""What a poll brings is kept together or not at all, and identities have the last word."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.errors import Conflict, StoreError
from monitor.model import (
    ArticleId,
    Committed,
    DocumentIntake,
    Format,
    Health,
    Identity,
    IdentityKind,
    Lifecycle,
    Novelty,
    PollResult,
    Reason,
    SourceKind,
    Validators,
)
from monitor.ports import Archive, KnownFile, Store
from tests.store.making import (
    FEED,
    FOLDER,
    NOON,
    OTHER,
    alerting,
    article,
    copy,
    document,
    link,
    match,
    native,
    new,
    outcome,
    route,
    sha,
    stamp,
    state,
    told,
    version,
    withheld,
)

FULL = article(
    member="a/b.xml",
    native_id="tag:news.example,2026:1",
    version="3",
    slug="BC-China-Russia",
    byline="By A Writer",
    place="Beijing",
    dateline_date="2026-01-27",
    agency="TASS",
    language="en",
    published_text="27 Jan 2026",
    embargo_until=NOON + timedelta(hours=1),
    urgency=1,
    lifecycle=Lifecycle.CORRECTED,
    doubts=("the date was in no known form", "“quoted” – and ё"),
)


async def article_known(store: Store, identity: Identity) -> ArticleId:
    (found,) = await store.known([identity])
    return found.article


async def test_an_article_comes_back_as_it_went_in(store: Store, archive: Archive) -> None:
    await store.commit_poll(outcome(new(FULL)))
    (record,) = archive.articles(limit=9)
    assert record.article == FULL
    assert (record.source, record.source_name, record.location) == (FEED, f"Name of {FEED}", FEED)
    assert (record.received_at, record.number) == (NOON, 1)


async def test_a_commit_says_what_it_wrote(store: Store) -> None:
    committed = await store.commit_poll(outcome(alerting(), new(article("Another"))))
    assert isinstance(committed, Committed)
    assert (committed.articles, committed.versions, committed.deliveries) == (2, 0, 1)
    assert len(committed.alerts) == 1


async def test_a_new_article_is_known_by_each_of_its_identities(store: Store) -> None:
    made = article()
    keys = (native("1"), link("https://news.example/1"), Identity(kind=IdentityKind.TEXT, key=sha("t")))
    await store.commit_poll(outcome(new(made, *keys)))
    found = await store.known([*keys, native("2")])
    assert {known.identity for known in found} == set(keys)
    assert {(known.source, known.seen_hash, known.number) for known in found} == {(FEED, sha(made.text), 1)}
    assert len({known.article for known in found}) == 1


async def test_a_native_id_holds_in_its_own_source_only(store: Store) -> None:
    await store.commit_poll(outcome(new(article(), native("1", FEED))))
    assert await store.known([native("1", OTHER), Identity(kind=IdentityKind.NATIVE_ID, key="1")]) == ()


async def test_parts_of_an_identity_do_not_run_into_one_another(store: Store) -> None:
    await store.commit_poll(outcome(new(article(), native("c", FEED))))
    assert (
        await store.known([link(f"{FEED}\0c"), Identity(kind=IdentityKind.LINK, key="c", scope=FEED)]) == ()
    )


async def test_a_new_identity_that_became_known_is_a_conflict_and_nothing_is_written(
    store: Store, archive: Archive
) -> None:
    await store.commit_poll(outcome(new(article("First"), link("l"))))
    later = state(next_poll_at=NOON + timedelta(days=1), validators=Validators(etag="later"))
    with pytest.raises(Conflict):
        await store.commit_poll(
            outcome(alerting(), new(article("Second"), native("2"), link("l")), source=later)
        )
    assert [record.article.headline for record in archive.articles(limit=9)] == ["First"]
    assert archive.alerts(limit=9) == ()
    assert await store.known([native("2")]) == ()
    kept = await store.source(FEED)
    assert kept is not None
    assert kept.validators.etag == 'W/"a b"'


async def test_a_conflict_undoes_only_its_own_poll_of_those_committed_together(
    store: Store, archive: Archive
) -> None:
    polls = [
        outcome(new(article("A"), link("same"))),
        outcome(new(article("B"), link("same")), source=state(OTHER)),
        outcome(new(article("C"), link("own")), source=state(OTHER)),
    ]
    results = await asyncio.gather(*map(store.commit_poll, polls), return_exceptions=True)
    assert [isinstance(result, Conflict) for result in results] == [False, True, False]
    assert {record.article.headline for record in archive.articles(limit=9)} == {"A", "C"}


async def test_a_version_is_stored_with_its_withheld_alert(store: Store, archive: Archive) -> None:
    await store.commit_poll(outcome(new(article(), native("1"))))
    known = await article_known(store, native("1"))
    changed = article(body="Dong Jun did not speak.")
    await store.commit_poll(
        outcome(
            version(
                changed,
                known,
                2,
                native("1"),
                matches=(match(changed, "Dong Jun"),),
                decision=withheld(Reason.UPDATED),
            )
        )
    )
    (record,) = archive.articles(limit=9)
    assert (record.id, record.number, record.article) == (known, 2, changed)
    (alert,) = archive.alerts(limit=9)
    assert (alert.alert.reason, alert.alert.suppressed, alert.alert.version) == (
        Reason.UPDATED,
        True,
        f"{known}.2",
    )
    assert alert.deliveries == ()
    (again,) = await store.known([native("1")])
    assert (again.number, again.seen_hash) == (2, sha(changed.text))


async def test_two_polls_that_decide_the_same_next_version_conflict(store: Store) -> None:
    await store.commit_poll(outcome(new(article(), native("1"))))
    known = await article_known(store, native("1"))
    await store.commit_poll(outcome(version(article("B"), known, 2, native("1"))))
    with pytest.raises(Conflict):
        await store.commit_poll(outcome(version(article("C"), known, 2, native("1"))))


async def test_a_copy_adds_identities_and_a_withheld_alert_to_the_known_article(
    store: Store, archive: Archive
) -> None:
    made = article()
    await store.commit_poll(outcome(new(made, native("1"), link("l"))))
    known = await article_known(store, link("l"))
    found = match(made, "Dong Jun")
    committed = await store.commit_poll(
        outcome(
            copy(
                made,
                native("x", OTHER),
                link("l"),
                known_as=known,
                matches=(found,),
                decision=withheld(Reason.SAME_LINK),
            ),
            source=state(OTHER),
        )
    )
    assert (committed.articles, committed.versions, committed.alerts, committed.deliveries) == (0, 0, (), 0)
    assert await article_known(store, native("x", OTHER)) == known
    (alert,) = archive.alerts(limit=9)
    assert (alert.alert.article, alert.alert.reason, alert.alert.matches) == (
        known,
        Reason.SAME_LINK,
        (found,),
    )


async def test_a_copys_mentions_are_kept_only_where_they_stand_in_the_stored_text(
    store: Store, archive: Archive
) -> None:
    await store.commit_poll(outcome(new(article(), link("l"))))
    known = await article_known(store, link("l"))
    other = article(body="In Beijing Dong Jun spoke.")
    await store.commit_poll(
        outcome(
            copy(
                other,
                link("l"),
                known_as=known,
                matches=(match(other, "Dong Jun"),),
                decision=withheld(Reason.SAME_LINK),
            )
        )
    )
    (alert,) = archive.alerts(limit=9)
    assert [(m.name, m.mentions) for m in alert.alert.matches] == [("Dong Jun", ())]


async def test_a_copy_of_an_article_of_the_same_poll_joins_it(store: Store, archive: Archive) -> None:
    await store.commit_poll(
        outcome(
            new(article("Zero"), native("0")),
            new(article("One"), native("1")),
            copy(article("One"), native("2"), copy_of=1),
            copy(article("One"), native("3"), copy_of=2),
        )
    )
    one = await article_known(store, native("1"))
    assert await article_known(store, native("2")) == one
    assert await article_known(store, native("3")) == one
    assert len(archive.articles(limit=9)) == 2


async def test_a_version_of_an_article_of_the_same_poll_is_its_latest(store: Store, archive: Archive) -> None:
    first, second = article("First"), article("Second")
    await store.commit_poll(
        outcome(
            new(first, native("1")),
            replace(version(second, ArticleId(""), 2, native("1")), known_as=None, copy_of=0),
            copy(
                second,
                native("2"),
                copy_of=0,
                matches=(match(second, "Dong Jun"),),
                decision=withheld(Reason.SAME_TEXT),
            ),
        )
    )
    (record,) = archive.articles(limit=9)
    assert (record.number, record.article.headline) == (2, "Second")
    (alert,) = archive.alerts(limit=9)
    assert alert.alert.version == record.version
    (known,) = await store.known([native("1")])
    assert (known.number, known.seen_hash) == (2, sha(second.text))


async def test_an_identity_of_another_article_stays_with_that_one(store: Store) -> None:
    await store.commit_poll(
        outcome(new(article("A"), native("a")), new(article("B"), native("b"), link("b")))
    )
    a, b = await article_known(store, native("a")), await article_known(store, native("b"))
    await store.commit_poll(outcome(version(article("A2"), a, 2, native("a"), link("b"))))
    (kept,) = await store.known([link("b")])
    assert (kept.article, kept.seen_hash) == (b, sha(article("B").text))


async def test_an_article_seen_again_writes_nothing_of_it(store: Store, archive: Archive) -> None:
    await store.commit_poll(outcome(new(article(), native("1"))))
    seen = replace(new(article("Other"), native("1"), native("9")), novelty=Novelty.SEEN)
    committed = await store.commit_poll(outcome(seen))
    assert (committed.articles, committed.versions) == (0, 0)
    assert len(archive.articles(limit=9)) == 1
    assert await store.known([native("9")]) == ()


@pytest.mark.parametrize(
    "intake",
    [
        version(article(), ArticleId("nowhere"), 2, native("1")),
        copy(article(), native("1"), copy_of=5),
    ],
    ids=["known_as", "copy_of"],
)
async def test_an_intake_that_names_no_article_is_an_error_and_nothing_is_written(
    store: Store, archive: Archive, intake: object
) -> None:
    with pytest.raises(StoreError, match="article"):
        await store.commit_poll(outcome(new(article()), intake))  # type: ignore[arg-type]
    assert archive.articles(limit=9) == ()


async def test_a_poll_of_an_unknown_source_is_an_error(store: Store) -> None:
    with pytest.raises(StoreError, match="no such source"):
        await store.commit_poll(outcome(source=state("https://nobody.example")))  # type: ignore[arg-type]


async def test_a_poll_writes_the_sources_state_to_the_microsecond_and_the_byte(store: Store) -> None:
    wanted = state(
        validators=Validators(etag=' W/"ß" ', last_modified="gestern"),
        failures=3,
        health=Health.FAILING,
        health_reason="403",
        next_poll_at=NOON + timedelta(microseconds=7),
    )
    await store.commit_poll(outcome(source=wanted))
    assert await store.source(FEED) == wanted


async def test_a_lone_surrogate_in_a_text_costs_that_character_and_no_poll(
    store: Store, archive: Archive
) -> None:
    bad = article("Bad \ud800 headline", "Ünd \udfff body")
    await store.commit_poll(outcome(new(bad)))
    (record,) = archive.articles(limit=9)
    assert record.article.headline == "Bad \ufffd headline"
    assert len(record.article.text) == len(bad.text)


async def test_the_latest_document_of_each_path_is_known(store: Store) -> None:
    def took(content: bytes, inode: int, refusal: str | None = None) -> DocumentIntake:
        brought = document(FOLDER, content, location="/srv/wire/a.txt", stamp=stamp(len(content), inode))
        return DocumentIntake(document=brought, format=None if refusal else Format.PLAIN, refusal=refusal)

    for content, inode in ((b"one", 1), (b"two", 2**64 - 1), (b"one", 3)):
        await store.commit_poll(
            outcome(source=state(FOLDER), documents=(took(content, inode, "unreadable"),))
        )
        assert await store.known_files(FOLDER) == (
            KnownFile(path="/srv/wire/a.txt", stamp=stamp(3, inode), content_hash=sha(content)),
        )
    assert await store.known_files(FEED) == ()


async def test_a_file_name_of_any_bytes_comes_back_as_it_was(store: Store, archive: Archive) -> None:
    name = b"/srv/wire/\xff\xfe-\xc3\xa9.txt".decode(errors="surrogateescape")
    brought = document(FOLDER, location=name, stamp=stamp())
    await store.commit_poll(
        outcome(
            source=state(FOLDER), documents=(DocumentIntake(document=brought, intakes=(new(article()),)),)
        )
    )
    assert [file.path for file in await store.known_files(FOLDER)] == [name]
    assert archive.articles(limit=1)[0].location == name


async def test_a_source_has_its_count_of_articles_and_its_last_result(store: Store, archive: Archive) -> None:
    await store.commit_poll(outcome(new(article("A")), new(article("B"))))
    await store.commit_poll(
        outcome(documents=(), result=PollResult.FAILED, detail="time-out", http_status=504)
    )
    by_id = {record.state.id: record for record in archive.sources()}
    assert by_id[FEED].articles == 2
    assert (by_id[FEED].last_result, by_id[FEED].last_detail) == (PollResult.FAILED, "time-out")
    assert by_id[FEED].last_http_status == 504
    assert (by_id[OTHER].articles, by_id[OTHER].last_result) == (0, None)


async def test_deliveries_go_to_each_route_with_its_watches(store: Store, archive: Archive) -> None:
    made = article(body="Dong Jun and Andrey Belousov spoke.")
    one, two = match(made, "Dong Jun"), match(made, "Andrey Belousov")
    routes = (route(one, two), route(two, recipient="foreign@paper.example"))  # type: ignore[arg-type]
    await store.commit_poll(outcome(new(made, matches=(one, two), decision=told(*routes))))
    (alert,) = archive.alerts(limit=9)
    assert [delivery.recipient for delivery in alert.deliveries] == [
        "night@paper.example",
        "foreign@paper.example",
    ]
    assert alert.watchlist == "w1"


async def test_a_poll_in_flight_does_not_switch_a_removed_source_on(store: Store) -> None:
    await store.claim_sources(SourceKind.FEED, NOON, 9, timedelta(minutes=1))
    await store.mirror_sources([], NOON, lambda _: NOON)
    await store.commit_poll(outcome(new(article())))
    kept = await store.source(FEED)
    assert kept is not None
    assert kept.health is Health.OFF
    assert await store.claim_sources(SourceKind.FEED, NOON + timedelta(days=9), 9, timedelta(minutes=1)) == ()
