"""What an article says of the watches: which words are found, where, and what proves a topic."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest

from monitor.core.watch import compile_watchlist
from monitor.core.watch.conditions import HIT_ZONES
from monitor.errors import ConfigError
from monitor.model import (
    ANYWHERE,
    Article,
    Condition,
    Format,
    Match,
    Origin,
    Priority,
    Term,
    Unit,
    Watch,
    WatchId,
    WatchKind,
    Watchlist,
    WatchlistVersion,
    WatchRef,
    Within,
    Zone,
    ZoneSpan,
)

Group = Sequence["str | WatchRef"]


def watch(id: str, *groups: Group, within: Within = ANYWHERE, unless: Group = (), line: int = 1) -> Watch:
    members = [tuple(Term(m) if isinstance(m, str) else m for m in group) for group in (*groups, unless)]
    return Watch(
        id=WatchId(id),
        name=id.title(),
        kind=WatchKind.TOPIC if len(groups) > 1 else WatchKind.PERSON,
        condition=Condition(groups=tuple(members[:-1]), within=within, unless=members[-1]),
        origin=Origin("watches.yaml", line),
        priority=Priority.HIGH,
    )


def ref(id: str) -> WatchRef:
    return WatchRef(WatchId(id))


def article(*zones: tuple[Zone, str], glue: str = "\n\n") -> Article:
    spans, text = [], ""
    for zone, words in zones:
        text += glue if text else ""
        spans.append(ZoneSpan(zone=zone, start=len(text), end=len(text) + len(words)))
        text += words
    return Article(format=Format.PLAIN, text=text, zones=tuple(spans))


def lead(text: str) -> Article:
    return article((Zone.LEAD, text))


def find(found_in: Article | str, *watches: Watch) -> dict[str, list[str]]:
    """Give the quoted text of each mention, by watch."""
    story = lead(found_in) if isinstance(found_in, str) else found_in
    finder = compile_watchlist(Watchlist(version=WatchlistVersion("1"), watches=watches))
    matches = finder.match(story)
    for match in matches:
        for mention in match.mentions:
            assert story.text[mention.start : mention.end] == mention.text
    return {match.watch: [m.text for m in match.mentions] for match in matches}


def quotes(text: str, *terms: str) -> list[str]:
    return find(text, watch("w", list(terms))).get("w", [])


# -- whole words -----------------------------------------------------------------------------

WHOLE = {
    "case": ("ANDREY BELOUSOV spoke", "Andrey Belousov", "ANDREY BELOUSOV"),
    "over a line break": ("Andrey\nBelousov spoke", "Andrey Belousov", "Andrey\nBelousov"),
    "a term written over two lines": ("Andrey Belousov spoke", "Andrey\n  Belousov", "Andrey Belousov"),
    "the whole text": ("Putin", "Putin", "Putin"),
    "possessive": ("Putin’s plan", "Putin", "Putin"),
    "possessive of a plural": ("the Greens' plan", "Greens", "Greens"),
    "in brackets and quotes": ("(“Putin”)", "Putin", "Putin"),
    "between hyphens": ("the China-Russia talks", "Russia", "Russia"),
    "between slashes": ("China/Russia/Iran", "Russia", "Russia"),
    "before a full stop": ("in Russia.", "Russia", "Russia"),
    "behind a full stop": ("he left.Putin said", "Putin", "Putin"),
    "between commas": ("Xi,Putin,Trump", "Putin", "Putin"),
    "ampersand": ("shares of AT&T fell", "AT&T", "AT&T"),
    "plus signs": ("he writes C++, badly", "C++", "C++"),
    "leading full stop": ("a .NET shop", ".NET", ".NET"),
    "full stops": ("the U.S. raid", "U.S.", "U.S."),
    "full stops, possessive": ("the U.S.’s raid", "U.S.", "U.S."),
    "full stops at the end": ("made in the U.S.", "U.S.", "U.S."),
    "apostrophe": ("Miss O‘Brien", "O'Brien", "O‘Brien"),
    "elision": ("l’Iran accuse", "Iran", "Iran"),
    "a number": ("rose 3.10 points", "3.10", "3.10"),
    "a number at the end": ("rose 3.10.", "3.10", "3.10"),
    "digits as typed": ("agent 007, he said", "007", "007"),
    "a dollar sign": ("$TSLA fell", "$TSLA", "$TSLA"),
    "a hash": ("in #Metoo days", "#MeToo", "#Metoo"),
    "Cyrillic": ("сказал Андрей Белоусов.", "андрей белоусов", "Андрей Белоусов"),
    "io": ("Королёв", "Королев", "Королёв"),
    "Ukrainian apostrophe": ("Лукʼянов", "Лук’янов", "Лукʼянов"),
    "Greek": ("Ο ΜΗΤΣΟΤΑΚΗΣ είπε", "Μητσοτάκης", "ΜΗΤΣΟΤΑΚΗΣ"),
    "Arabic": ("قال مُحمّد أمس", "محمد", "مُحمّد"),
    "Hebrew": ("אמר נְתַנְיָהוּ היום", "נתניהו", "נְתַנְיָהוּ"),
    "Devanagari": ("प्रधानमंत्री मोदी ने कहा", "मोदी", "मोदी"),
    "Thai": ("นายกรัฐมนตรีไทยกล่าว", "ไทย", "ไทย"),
    "Han": ("中国国防部长董军说", "董军", "董军"),
    "Latin amid Han": ("在NATO峰会", "NATO", "NATO"),
    "Han behind Latin": ("NATO峰会", "峰会", "峰会"),
    "Han before Latin": ("中国NATO", "中国", "中国"),
    "Hangul before Latin": ("한국KBS", "한국", "한국"),
    "Latin behind a Thai tone mark": ("ที่NATO", "NATO", "NATO"),
    "kana": ("ロシアのベロウソフ国防相", "ベロウソフ", "ベロウソフ"),
    "Hangul with a particle": ("푸틴은 말했다", "푸틴", "푸틴"),
    "Latin with a Korean particle": ("NATO는 말했다", "NATO", "NATO"),
    "Turkish": ("İSTANBUL’da", "istanbul", "İSTANBUL"),
    "soft hyphen": ("Belo\u00adusov spoke", "Belousov", "Belo\u00adusov"),
    "hidden by joiners and a direction": (
        "\u202eBe\u200dlou\u200bsov\u202c",
        "Belousov",
        "Be\u200dlou\u200bsov",
    ),
    "sharp s": ("in der Gießener Straße", "Gießener Strasse", "Gießener Straße"),
    "emoji": ("ok 👍🏽 then", "👍🏽", "👍🏽"),
}


@pytest.mark.parametrize(("text", "term", "quoted"), WHOLE.values(), ids=WHOLE.keys())
def test_a_term_is_found_as_it_stands_there(text: str, term: str, quoted: str) -> None:
    assert quotes(text, term) == [quoted]


NOT_WHOLE = {
    "inside a word": ("the Russians", "Russia"),
    "behind a letter": ("Belarussia", "Russia"),
    "before a digit": ("Covid19", "Covid"),
    "beside an underscore": ("@dmitry_putin", "Putin"),
    "after an accent": ("éPutin", "Putin"),
    "before a mark": ("Кий\u0306в", "Ки"),
    "full stops inside a longer abbreviation": ("the U.S.A. won", "U.S."),
    "a name with a full stop in front": ("ASP.NET", ".NET"),
    "part of a number": ("3.10", "10"),
    "start of a number": ("3.10", "3"),
    "a longer number": ("13.10 and 3.105", "3.10"),
    "a version": ("3.10.2", "3.10"),
    "thousands": ("1,007", "007"),
    "Cyrillic endings": ("Белоусова", "Белоусов"),
    "short i": ("йод", "иод"),
    "a Devanagari sign that follows": ("मोदीं", "मोदी"),
    "a virama that follows": ("कम्प", "कम"),
    "a Thai tone mark that follows": ("ไทย่", "ไทย"),
    "a syllable that goes on": ("각하", "가"),
    "Hangul behind Hangul": ("대한민국", "민국"),
    "Han in other words": ("中国", "国中"),
    "over a blank line": ("Andrey\n\nBelousov", "Andrey Belousov"),
    "over a blank line with a space in it": ("Andrey\n \nBelousov", "Andrey Belousov"),
    "an accent too many in Cyrillic": ("Їжак", "Іжак"),
    "another punctuation": ("Andrey, Belousov", "Andrey Belousov"),
}


@pytest.mark.parametrize(("text", "term"), NOT_WHOLE.values(), ids=NOT_WHOLE.keys())
def test_a_term_is_not_found_inside_other_words(text: str, term: str) -> None:
    assert quotes(text, term) == []


def test_of_overlapping_terms_the_leftmost_and_then_the_longest_is_the_mention() -> None:
    terms = ("York", "New York", "New York Times", "York Times Square")
    assert quotes("the New York Times Square, in York", *terms) == ["New York Times", "York"]


def test_terms_of_different_watches_overlap_freely() -> None:
    found = find("New York Times", watch("city", ["New York"]), watch("paper", ["New York Times"]))
    assert found == {"city": ["New York"], "paper": ["New York Times"]}


def test_a_term_in_many_watches_is_found_for_each_in_its_own_spelling() -> None:
    watches = (watch("a", ["PUTIN"]), watch("b", ["Putin", "putin"]), watch("c", ["x"], ["Putín"]))
    finder = compile_watchlist(Watchlist(version=WatchlistVersion("1"), watches=watches))
    matches = finder.match(lead("x said Putin"))
    assert [[m.term for m in match.mentions] for match in matches] == [["PUTIN"], ["Putin"], ["x", "Putín"]]


def test_a_match_carries_what_its_watch_says_and_comes_in_the_watchlists_order() -> None:
    finder = compile_watchlist(
        Watchlist(
            version=WatchlistVersion("7"), watches=(watch("b", ["Moscow"], line=4), watch("a", ["Beijing"]))
        )
    )
    first, second = finder.match(lead("Beijing and Moscow"))
    assert (first.watch, first.name, first.kind, first.priority) == (
        "b",
        "B",
        WatchKind.PERSON,
        Priority.HIGH,
    )
    assert (str(first.origin), first.tell, second.watch) == ("watches.yaml:4", (), "a")
    assert finder.version == "7"


def test_nothing_is_found_by_a_watchlist_without_terms() -> None:
    assert find("anything") == {}
    assert find("anything", watch("void")) == {}
    assert find("any \u00ad thing", watch("hollow", ["\u00ad", " "])) == {}
    assert find("anything", watch("empty group", ["anything"], [])) == {}


# -- zones -----------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", list(Zone))
def test_a_mention_counts_in_headline_slug_lead_and_body_only(zone: Zone) -> None:
    counts = zone in {Zone.HEADLINE, Zone.SLUG, Zone.LEAD, Zone.BODY}
    assert bool(find(article((zone, "Moscow")), watch("w", ["Moscow"]))) is counts
    assert (zone in HIT_ZONES) is counts


def test_datelines_agency_tags_and_sign_offs_are_no_hits_and_the_words_between_them_are() -> None:
    story = article(
        (Zone.DATELINE, "BEIJING, Jan 27 (PTI)"),
        (Zone.LEAD, "Officials in Moscow told PTI so."),
        (Zone.SIGNOFF, "PTI KJV"),
        glue=" ",
    )
    found = find(story, *(watch(w, [w]) for w in ("Beijing", "PTI", "KJV", "Moscow")))
    assert found == {"PTI": ["PTI"], "Moscow": ["Moscow"]}


def test_each_mention_names_its_zone() -> None:
    story = article(
        (Zone.HEADLINE, "Putin speaks"), (Zone.SLUG, "putin"), (Zone.LEAD, "Putin."), (Zone.BODY, "PUTIN")
    )
    (match,) = compile_watchlist(
        Watchlist(version=WatchlistVersion("1"), watches=(watch("w", ["Putin"]),))
    ).match(story)
    assert [m.zone for m in match.mentions] == [Zone.HEADLINE, Zone.SLUG, Zone.LEAD, Zone.BODY]


@pytest.mark.parametrize("second", [Zone.LEAD, Zone.SIGNOFF])
def test_no_mention_goes_from_one_zone_into_the_next(second: Zone) -> None:
    story = article((Zone.HEADLINE, "Talks with Andrey"), (second, "Belousov spoke"), glue=" ")
    assert find(story, watch("w", ["Andrey Belousov"])) == {}


def test_text_in_no_zone_is_no_hit() -> None:
    story = article((Zone.LEAD, "Moscow"))
    unzoned = Article(format=Format.PLAIN, text="Kyiv " * 3, zones=())
    assert find(unzoned, watch("w", ["Kyiv"])) == {}
    before = Article(
        format=Format.PLAIN, text="Kyiv Moscow", zones=(ZoneSpan(zone=Zone.LEAD, start=5, end=11),)
    )
    assert find(before, watch("w", ["Kyiv"]), watch("m", ["Moscow"])) == find(story, watch("m", ["Moscow"]))


# -- conditions ------------------------------------------------------------------------------

TALKS = (["Russia", "Moscow"], ["China", "Beijing"], ["talks"])
SENTENCE, PARAGRAPH = Within(Unit.SENTENCE), Within(Unit.PARAGRAPH)


def words(count: int) -> Within:
    return Within(Unit.WORDS, count)


def test_a_topic_needs_a_term_of_every_group() -> None:
    assert find("Moscow and Beijing met", watch("t", *TALKS)) == {}
    assert find("Moscow and Beijing held talks in China", watch("t", *TALKS)) == {
        "t": ["Moscow", "Beijing", "talks", "China"]
    }


def test_groups_are_found_across_the_zones_of_an_article() -> None:
    story = article((Zone.HEADLINE, "Moscow"), (Zone.LEAD, "Beijing"), (Zone.BODY, "talks"))
    assert find(story, watch("t", *TALKS)) == {"t": ["Moscow", "Beijing", "talks"]}


@pytest.mark.parametrize(
    ("within", "held"),
    [
        (SENTENCE, ["Moscow", "Beijing", "talks"]),
        (PARAGRAPH, ["Moscow", "Beijing", "talks", "China"]),
        (words(5), ["Moscow", "Beijing", "talks"]),
        (words(4), []),
        (words(6), ["Moscow", "Beijing", "talks", "China", "Russia"]),
        (Within(), ["Moscow", "Beijing", "talks", "China", "Russia"]),
    ],
)
def test_only_stretches_with_a_term_of_every_group_prove_a_topic(within: Within, held: list[str]) -> None:
    story = lead("Moscow and Beijing held talks. In China they slept.\n\nRussia said so.")
    assert find(story, watch("t", *TALKS, within=within)).get("t", []) == held


@pytest.mark.parametrize("within", [SENTENCE, PARAGRAPH, words(30)])
def test_the_headline_is_a_stretch_of_its_own(within: Within) -> None:
    apart = article((Zone.HEADLINE, "Moscow talks"), (Zone.LEAD, "Beijing said."))
    assert find(apart, watch("t", *TALKS, within=within)) == {}
    whole = article((Zone.HEADLINE, "Moscow: talks? In Beijing"), (Zone.LEAD, "Nobody said so."))
    assert find(whole, watch("t", *TALKS, within=within)) == {"t": ["Moscow", "talks", "Beijing"]}


def test_a_window_of_words_goes_from_lead_to_body() -> None:
    story = article((Zone.LEAD, "At last Moscow"), (Zone.BODY, "and Beijing began talks"))
    assert find(story, watch("t", *TALKS, within=words(5))) == {"t": ["Moscow", "Beijing", "talks"]}
    assert find(story, watch("t", *TALKS, within=words(4))) == {}


def test_topics_of_the_same_unit_are_decided_each_by_its_own_terms() -> None:
    story = lead("Moscow and Beijing met. Talks in Kyiv failed.")
    for within in (SENTENCE, PARAGRAPH, words(4)):
        one = watch("one", ["Moscow"], ["Beijing"], within=within)
        other = watch("other", ["talks"], ["Kyiv"], within=within)
        assert find(story, one, other) == {"one": ["Moscow", "Beijing"], "other": ["Talks", "Kyiv"]}


def test_words_are_counted_as_people_do() -> None:
    story = lead("Moscow — the vice-minister's U.S. trip — Beijing talks")
    assert find(story, watch("t", *TALKS, within=words(6))) == {}
    assert find(story, watch("t", *TALKS, within=words(7))) == {"t": ["Moscow", "Beijing", "talks"]}


def test_in_scripts_without_spaces_each_character_counts_as_a_word() -> None:
    topic = (["俄罗斯"], ["中国"])
    assert find("中国和俄罗斯", watch("t", *topic, within=words(6))) == {"t": ["中国", "俄罗斯"]}
    assert find("中国和俄罗斯", watch("t", *topic, within=words(5))) == {}


def test_a_term_over_a_seeming_end_of_sentence_joins_both_sides() -> None:
    topic = watch("t", ["war"], ["What? Where! Inc"], ["pact"], within=SENTENCE)
    assert find("No war for What? Where! Inc made a pact.", topic) == {}
    joined = watch("t", ["war"], ["What? Where! Inc"], within=SENTENCE)
    assert find("No war for What? Where! Inc made a pact.", joined) == {"t": ["war", "What? Where! Inc"]}
    joined = watch("t", ["pact"], ["What? Where! Inc"], within=SENTENCE)
    assert find("No war for What? Where! Inc made a pact.", joined) == {"t": ["What? Where! Inc", "pact"]}


def test_a_term_longer_than_the_window_is_never_in_it() -> None:
    long = "ministry of foreign affairs"
    assert find(f"{long} today", watch("t", [long], ["today"], within=words(2))) == {}
    topic = watch("t", [long, "talks"], ["today"], within=words(2))
    assert find(f"{long} talks today", topic) == {"t": ["talks", "today"]}


def test_unless_rules_a_watch_out_wherever_its_term_stands() -> None:
    story = article((Zone.HEADLINE, "Greenland wins"), (Zone.BODY, "The football team of Greenland won."))
    assert find(story, watch("t", ["Greenland"], unless=["chess", "football"])) == {}
    assert find(story, watch("t", ["Greenland"], unless=["foot"])) == {"t": ["Greenland", "Greenland"]}


def test_unless_looks_only_where_mentions_count() -> None:
    story = article((Zone.LEAD, "Greenland"), (Zone.SIGNOFF, "football desk"))
    assert find(story, watch("t", ["Greenland"], unless=["football"])) == {"t": ["Greenland"]}


def test_a_term_of_unless_is_no_mention_and_meets_nothing() -> None:
    assert find("football", watch("t", ["Greenland"], unless=["football"])) == {}


# -- what is repeated without end ----------------------------------------------------------------

FLOOD = "Oslo " * 1_500 + "Bergen. "


def test_of_what_is_repeated_without_end_the_first_thousand_mentions_are_kept() -> None:
    (match,) = compile_watchlist(
        Watchlist(version=WatchlistVersion("1"), watches=(watch("w", ["Oslo"]),))
    ).match(lead(FLOOD))
    assert [mention.start for mention in match.mentions] == list(range(0, 5_000, 5))


def test_each_group_has_a_mention_however_often_another_is_repeated() -> None:
    found = find(FLOOD + "Oslo " * 1_500 + "Narvik", watch("w", ["Oslo"], ["Bergen"], ["Narvik"]))
    assert found == {"w": ["Oslo"] * 998 + ["Bergen", "Narvik"]}


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        (watch("w", ["Oslo"], unless=["Bergen"]), False),
        (watch("w", ["Oslo"], unless=["Narvik"]), False),
        (watch("w", ["Oslo"], unless=["Trondheim"]), True),
        (watch("w", ["Oslo"], ["Bergen"], within=Within(Unit.SENTENCE)), True),
        (watch("w", ["Oslo"], ["Bergen"], within=words(2)), True),
        (watch("w", ["Oslo"], ["Troms\u00f8"], within=words(2)), True),
        (watch("w", ["Oslo"], ["Narvik"], within=Within(Unit.SENTENCE)), False),
        (watch("w", [ref("oslo")], ["Troms\u00f8"], within=words(2)), True),
        (watch("w", [ref("bergen")], ["Narvik"], within=words(2)), False),
    ],
)
def test_whether_a_watch_is_met_depends_on_what_is_not_kept_too(condition: Watch, met: bool) -> None:
    story = lead(FLOOD + "Hei. " * 30 + "Narvik. " + "Hei. " * 30 + "Oslo Troms\u00f8.")
    found = find(story, condition, watch("oslo", ["Oslo"]), watch("bergen", ["Bergen"]))
    assert ("w" in found) is met
    assert len(found.get("w", [])) <= 1_000


# -- watches that name watches ---------------------------------------------------------------


def test_a_named_watch_holds_where_its_own_mentions_are() -> None:
    actor = watch("belousov", ["Andrey Belousov", "Андрей Белоусов"])
    topic = watch("t", ["Moscow", ref("belousov")], ["talks"], within=SENTENCE)
    assert find("Andrey Belousov left. Talks came.", topic, actor) == {"belousov": ["Andrey Belousov"]}
    assert find("Talks with Andrey Belousov.", topic, actor) == {
        "t": ["Talks", "Andrey Belousov"],
        "belousov": ["Andrey Belousov"],
    }


def test_a_mention_through_a_named_watch_keeps_that_watchs_spelling() -> None:
    watches = (watch("t", [ref("a")], ["talks"]), watch("a", ["ANDREY B."]))
    finder = compile_watchlist(Watchlist(version=WatchlistVersion("1"), watches=watches))
    assert [m.term for m in finder.match(lead("talks, Andrey B."))[0].mentions] == ["talks", "ANDREY B."]


def test_watches_that_name_one_another_are_decided_in_order_whatever_the_lists() -> None:
    chain = [watch(f"w{i}", [ref(f"w{i + 1}")]) for i in range(2_000)]
    found = find("it begins", *chain, watch("w2000", ["begins"]))
    assert len(found) == 2_001
    assert found["w0"] == ["begins"]


def test_a_watch_is_decided_only_after_all_that_it_names() -> None:
    top = watch("top", [ref("low")], [ref("mid")])
    found = find("Moscow", top, watch("mid", [ref("low")]), watch("low", ["Moscow"]))
    assert found == {"top": ["Moscow"], "mid": ["Moscow"], "low": ["Moscow"]}


def test_a_topic_that_names_a_topic_holds_only_where_that_one_is_met() -> None:
    inner = watch("inner", ["Moscow"], ["Beijing"], within=SENTENCE)
    outer = watch("outer", [ref("inner")], ["talks"])
    assert find("Moscow. Talks in Beijing.", outer, inner) == {}
    assert find("Moscow, Beijing. More talks.", outer, inner) == {
        "outer": ["Moscow", "Beijing", "talks"],
        "inner": ["Moscow", "Beijing"],
    }


def test_unless_may_name_a_watch() -> None:
    sport = watch("sport", ["football"], unless=["diplomacy"])
    topic = watch("t", ["Greenland"], unless=[ref("sport")])
    assert find("Greenland football", topic, sport) == {"sport": ["football"]}
    assert find("Greenland football diplomacy", topic, sport) == {"t": ["Greenland"]}


def test_a_watch_that_names_one_that_is_nowhere_is_an_error_with_its_place() -> None:
    with pytest.raises(ConfigError, match=r"^watches.yaml:9: T: there is no watch 'nobody'$"):
        find("", watch("t", [ref("nobody")], line=9))


def test_watches_in_a_circle_are_an_error_that_shows_it() -> None:
    ring = (watch("a", [ref("b")], line=3), watch("b", ["x"], unless=[ref("c")]), watch("c", [ref("a")]))
    with pytest.raises(
        ConfigError, match=r"goes in a circle: (a -> b -> c -> a|b -> c -> a -> b|c -> a -> b -> c)$"
    ):
        find("", *ring)
    with pytest.raises(ConfigError, match="a -> a"):
        find("", watch("a", ["x"], unless=[ref("a")]))


# -- hostile text, and many threads ----------------------------------------------------------

NASTY = {
    "one token": "a" * 1_000_000,
    "marks": "a" + "\u0315\u0300" * 100_000,
    "lone surrogates": "\ud800\udfff" * 30_000,
    "joiners": "Putin\u200d" * 50_000,
    "directions": "\u202e\u2066" * 200_000,
    "controls": "\x00\x1b\x7f" * 100_000,
    "white space": " \n" * 400_000,
    "one sentence of many hits": "a b " * 30_000,
    "many sentences": "a. B! " * 15_000,
    "punctuation": "!" * 1_000_000,
}


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY.keys())
def test_hostile_text_takes_time_in_proportion_to_its_length(text: str) -> None:
    watches = [
        watch(str(i), ["a", "Putin", "aaaa"], ["b", "\ud800"], within=within)
        for i, within in enumerate([Within(), SENTENCE, PARAGRAPH, words(10), words(10**9)])
    ]
    started = time.process_time()
    find(text, *watches)
    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    "term", ["", " ", "\ud800", "\x00", "\u202e", "*", "(?:", "\\", "'; --", "\U000e0041", "\u0301"]
)
def test_any_text_may_be_a_term(term: str) -> None:
    assert isinstance(find(f"some {term} text", watch("w", [term])), dict)


def test_threads_share_a_finder() -> None:
    finder = compile_watchlist(
        Watchlist(
            version=WatchlistVersion("1"), watches=tuple(watch(f"w{i}", [f"name{i} čë"]) for i in range(200))
        )
    )
    story = lead(" ".join(f"Name{i} ČË," for i in range(0, 200, 3)))
    expected = finder.match(story)
    results: list[tuple[Match, ...]] = []
    threads = [
        threading.Thread(target=lambda: results.extend(finder.match(story) for _ in range(20)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(expected) == 67
    assert results == [expected] * 80
