"""What arrives: the exact look of a message, and what is cut from it on purpose."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.core.alerts.wording import CHAT, MAIL, TERMINAL, Manner, fit, refit, size, span, units, word
from monitor.model import Batch, Priority, Trouble, WatchKind, Wording
from tests.channels.samples import HEADLINE, NOW, article, batch, match, news, sample_news

KOLKATA = ZoneInfo("Asia/Kolkata")


def say(given: Batch, manner: Manner = TERMINAL) -> Wording:
    return word(given, NOW, KOLKATA, manner)


def test_an_alert_looks_like_this() -> None:
    wording = say(batch(sample_news()))
    assert wording.subject == HEADLINE
    assert wording.plain.split("\n") == [
        "27 Jan 2026 18:42 IST · PTI · Beijing (received 4 s ago)",
        "Andrey Belousov (high), Dong Jun; and China-Russia military talks",
        "lead: \"[China]'s defence minister [Dong Jun] [spoke by video] with [Andrey Belousov], his [Russia]n "
        'colleague, both ministries said on Tuesday."',
        'headline: "[China], [Russia] agree to deepen defence cooperation"',
        "/srv/wire/pti/0127.txt · watched in china-russia.yaml:6 · monitor why k7f3",
    ]


def test_mail_carries_the_ids_for_its_headers_and_html_beside_the_text() -> None:
    wording = say(batch(sample_news()), MAIL)
    assert wording.alerts == ("k7f3",)
    assert wording.references == ("alert-k7f3",)
    assert wording.html is not None
    assert "<b>[Dong Jun]</b>" in wording.html
    assert "monitor why k7f3" in wording.html
    assert "<script" not in wording.html


def test_chat_has_no_html() -> None:
    assert say(batch(sample_news()), CHAT).html is None


def test_an_item_from_a_feed_shows_its_link() -> None:
    wording = say(batch(sample_news(url="https://news.example/a")), MAIL)
    assert (
        wording.plain.split("\n")[-1]
        == "https://news.example/a · watched in china-russia.yaml:6 · monitor why k7f3"
    )
    assert wording.html is not None
    assert wording.html.count("<a ") == 1
    assert '<a href="https://news.example/a">https://news.example/a</a>' in wording.html


def test_without_a_headline_the_first_sentence_is_the_subject() -> None:
    assert say(batch(sample_news(headline=None, lead="Dong Jun spoke by video."))).subject.startswith(
        "Dong Jun spoke"
    )


def test_a_place_in_capitals_is_shown_in_small_letters() -> None:
    assert "· New Delhi (" in say(batch(sample_news(place="NEW DELHI"))).plain


def test_without_an_agency_the_source_is_shown() -> None:
    assert say(batch(sample_news(agency=None, place=None))).plain.startswith("27 Jan 2026 18:42 IST · pti (")


def test_when_undated_copy_came_is_never_said_to_be_when_it_was_written() -> None:
    undated = sample_news(published=None, dateline_date=None)
    wording = say(batch(undated), MAIL)
    assert wording.plain.startswith("undated · PTI · Beijing (received 27 Jan 2026 18:42 IST)\n")
    late = say(batch(undated, owed=NOW - timedelta(hours=24)))
    assert late.plain.startswith("undated · PTI · Beijing (received 27 Jan 2026 18:42 IST; delayed 24 h)\n")
    assert "\nundated, received 27 Jan 2026 18:42 IST · " in say(batch(undated, undated)).plain


@pytest.mark.parametrize("written", ["2026-01-27", "Jan 27, 2026", "Tue, 27 Jan 2026 00:00:00 +0800"])
@pytest.mark.parametrize("dateline", ["2026-01-27", None])
def test_a_date_without_a_time_of_day_is_the_day_it_names_wherever_it_is_read(
    written: str, dateline: str | None
) -> None:
    shanghai_midnight = datetime(2026, 1, 26, 16, tzinfo=UTC)
    dated = sample_news(published=shanghai_midnight, published_text=written, dateline_date=dateline)
    assert say(batch(dated)).plain.startswith("27 Jan 2026 · PTI · Beijing (received 4 s ago)\n")
    assert "\n27 Jan 2026 · " in say(batch(dated, dated)).plain


def test_a_date_with_a_time_of_day_is_shown_in_the_reader_s_zone() -> None:
    timed = sample_news(
        published=datetime(2026, 1, 26, 20, tzinfo=UTC),
        published_text="2026-01-27 04:00 +0800",
        dateline_date="2026-01-27",
    )
    assert say(batch(timed)).plain.startswith("27 Jan 2026 01:30 IST · PTI")


@pytest.mark.parametrize(("dateline", "shown"), [("--01-27", "27 Jan"), ("2026-01-27", "27 Jan 2026")])
def test_copy_that_has_no_date_but_its_dateline_s_is_shown_with_that(dateline: str, shown: str) -> None:
    wording = say(batch(sample_news(published=None, dateline_date=dateline)))
    assert wording.plain.startswith(f"{shown} · PTI · Beijing (received 4 s ago)")


def test_a_late_alert_says_that_it_is_delayed() -> None:
    wording = say(batch(sample_news(), owed=NOW - timedelta(hours=24)))
    assert "; delayed 24 h)" in wording.plain


def test_many_watches_are_named_up_to_a_limit() -> None:
    piece = article()
    matches = [match(f"Watch {n}", piece, "Dong Jun") for n in range(11)]
    assert "Watch 0, Watch 1, " in say(batch(news(piece, *matches))).plain
    assert "Watch 7 and 3 more" in say(batch(news(piece, *matches))).plain


def test_topics_alone_need_no_and() -> None:
    piece = article()
    wording = say(
        batch(news(piece, match("Greenland", piece, kind=WatchKind.TOPIC, priority=Priority.URGENT)))
    )
    assert wording.plain.split("\n")[1] == "Greenland (urgent)"


def test_several_alerts_are_listed_and_the_rest_is_counted_with_the_command_that_shows_it() -> None:
    told = [sample_news("k0"), sample_news("k1", url="https://news.example/a")]
    owed = {"owed": NOW - timedelta(minutes=16), "newest_owed_at": NOW - timedelta(minutes=1)}
    wording = say(batch(*told, count=40, by_watch=(("Greenland", 30), ("Dong Jun", 10)), **owed))  # type: ignore[arg-type]
    assert wording.subject == "40 alerts: Greenland 30, Dong Jun 10"
    about = (
        "27 Jan 2026 18:42 IST · PTI · Beijing"
        " · Andrey Belousov (high), Dong Jun; and China-Russia military talks"
    )
    assert wording.plain.split("\n") == [
        "By watch: Greenland 30, Dong Jun 10",
        "",
        HEADLINE,
        about,
        "/srv/wire/pti/0127.txt · monitor why k0",
        "",
        HEADLINE,
        about,
        "https://news.example/a · monitor why k1",
        "",
        "and 38 more: monitor alerts --since 2026-01-27T12:56Z --until 2026-01-27T13:12Z",
    ]


def test_a_list_s_page_says_the_same_with_the_link_to_each() -> None:
    told = [sample_news("k0"), sample_news("k1", url="https://news.example/a")]
    page = say(batch(*told), MAIL).html
    assert page is not None
    assert page.count("27 Jan 2026 18:42 IST · PTI · Beijing · Andrey Belousov (high), Dong Jun; and ") == 2
    assert page.count("<a ") == 1
    assert '<a href="https://news.example/a">https://news.example/a</a> · monitor why k1' in page
    assert "/srv/wire/pti/0127.txt · monitor why k0" in page


def test_a_link_that_is_longer_than_an_alert_is_left_out_of_a_list_but_not_of_its_page() -> None:
    url = "https://news.example/" + "a" * 300
    wording = say(batch(sample_news("k0", url=url), sample_news("k1")), MAIL)
    assert url not in wording.plain
    assert "\nmonitor why k0\n" in wording.plain
    assert wording.html is not None
    assert f'href="{url}"' in wording.html


@pytest.mark.parametrize("longest", [950, 1300])
def test_long_names_of_watches_leave_room_for_alerts(longest: int) -> None:
    piece = article(
        url="https://news.example/world/2026/01/27/ministers-of-both-countries-hold-their-talks-7"
    )
    watches = [
        match(f"Watch of the talks, {'long ' * 15}{n}", piece, "Dong Jun", kind=kind)
        for n in range(20)
        for kind in (WatchKind.PERSON, WatchKind.TOPIC)
    ]
    told = [news(piece, *watches, id=f"k{n}") for n in range(25)]
    counts = tuple((f"Observation {n} {'of this and that ' * 6}", 137 - n) for n in range(40))
    wording = say(batch(*told, count=137, by_watch=counts), replace(CHAT, longest=longest))
    assert units(wording.subject) + units(wording.plain) <= longest
    assert wording.alerts
    shown = wording.plain.split("\n")[0].count("Observation")
    assert shown >= 1
    assert wording.plain.split("\n")[0].endswith(f" and {40 - shown} more watches")


def test_where_no_alert_finds_room_with_all_there_is_to_say_they_are_listed_in_short() -> None:
    told = [
        sample_news(f"k{n}", headline="long " * 40, url="https://n.example/" + "a" * 170) for n in range(25)
    ]
    wording = say(batch(*told), replace(CHAT, longest=500))
    assert units(wording.subject) + units(wording.plain) <= 500
    assert len(wording.alerts) >= 2
    assert "https://" not in wording.plain


def test_what_finds_no_room_in_a_list_is_counted() -> None:
    told = [sample_news(f"k{n}") for n in range(25)]
    wording = say(batch(*told), replace(CHAT, longest=1500))
    assert units(wording.subject) + units(wording.plain) <= 1500
    assert "more: monitor alerts --since" in wording.plain
    assert len(wording.alerts) < 25


def test_a_list_that_waited_out_an_outage_says_so() -> None:
    wording = say(batch(sample_news("k1"), sample_news("k2"), owed=NOW - timedelta(hours=24)))
    assert wording.subject.endswith("delayed up to 24 h")


def test_after_a_refusal_an_alert_is_its_headlines_plain_letters_and_its_id() -> None:
    wording = say(batch(sample_news(headline="<b>Talks</b> @all " + "long " * 60), refusals=1), MAIL)
    assert wording.html is None
    assert wording.subject == "Alert k7f3"
    assert wording.plain.startswith("b Talks b all long long")
    assert wording.plain.endswith("…\nmonitor why k7f3")
    assert len(wording.plain) < 150


def test_after_a_refusal_a_list_says_nothing_of_theirs() -> None:
    wording = say(batch(sample_news("k1"), sample_news("k2"), refusals=1))
    assert wording.plain == ("2 alerts: monitor alerts --since 2026-01-27T13:12Z --until 2026-01-27T13:13Z")


# -- the tool's own news -------------------------------------------------------------------------

MISTAKES = Trouble(
    key="configuration",
    text="The saved configuration has mistakes; the one of before stays in force.\n"
    "watchlists/my.example.yaml:3:15: actors.1.priority: `hihg` is not one of `low`, `high`\n"
    "monitor.yaml:9:3: mail.server: write to wire@paper.example",
    at=NOW,
)


def test_a_trouble_is_its_first_line_as_the_subject_and_the_others_below_as_they_are() -> None:
    wording = say(batch(MISTAKES), MAIL)
    assert wording.subject == (
        "[monitor] The saved configuration has mistakes; the one of before stays in force."
    )
    assert wording.plain.split("\n") == [
        "watchlists/my.example.yaml:3:15: actors.1.priority: `hihg` is not one of `low`, `high`",
        "monitor.yaml:9:3: mail.server: write to wire@paper.example",
        "27 Jan 2026 18:42 IST · from monitor, about itself",
    ]
    assert wording.html is not None
    assert "actors.1.priority: `hihg` is not one of `low`, `high`</p>" in wording.html
    assert "font-weight" not in wording.html
    assert wording.alerts == ()


def test_what_comes_from_outside_is_made_harmless_within_a_trouble() -> None:
    said = "HTTP 404: see http://evil.example\n@everyone"
    trouble = Trouble(
        key="k",
        text=f"channel desk.one is paused: {said}\nWrite to it@paper.example",
        at=NOW,
        outside=(said,),
    )
    assert say(batch(trouble), MAIL).subject == (
        "[monitor] channel desk.one is paused: HTTP 404: see http[:]//evil[.]example @everyone"
    )
    chat = say(batch(trouble), CHAT)
    assert chat.subject.endswith("desk.one is paused: HTTP 404: see http[:]//evil[.]example ＠everyone")
    assert chat.plain.startswith("Write to it@paper.example\n")


def test_own_words_are_no_markup_or_mention_in_a_chat() -> None:
    trouble = Trouble(key="k", text="a_b *c* `d` <e> @here it@paper.example a@here", at=NOW)
    assert say(batch(trouble), CHAT).subject == "[monitor] a＿b ∗c∗ ˋdˋ ‹e› ＠here it@paper.example a＠here"


@pytest.mark.parametrize("manner", [MAIL, CHAT, TERMINAL])
def test_own_words_hide_and_control_nothing(manner: Manner) -> None:
    trouble = Trouble(key="k", text="a\x1b[31m\u202eb\x00\r\u200bc\u2028d\nnext", at=NOW)
    wording = say(batch(trouble), manner)
    assert wording.subject == "[monitor] a [31mb  c d"
    assert wording.plain.startswith("next\n")


def test_several_troubles_are_a_list_with_their_times() -> None:
    wording = say(
        batch(Trouble(key="a", text="source pti fails", at=NOW), Trouble(key="b", text="disk full", at=NOW))
    )
    assert wording.subject == "[monitor] source pti fails (and 1 more)"
    assert wording.plain.split("\n") == [
        "27 Jan 2026 18:42 IST: source pti fails",
        "27 Jan 2026 18:42 IST: disk full",
        "from monitor, about itself",
    ]


def test_troubles_of_several_lines_stand_apart_and_those_not_listed_are_counted() -> None:
    wording = say(batch(Trouble(key="b", text="disk full", at=NOW), MISTAKES, count=9), MAIL)
    lines = wording.plain.split("\n")
    assert lines[0].endswith("IST: disk full")
    assert lines[1] == ""
    assert lines[2].endswith("stays in force.")
    assert lines[-1] == "and 7 more"
    assert wording.html is not None
    assert wording.html.count("<p ") == 5
    assert wording.html.count("font-weight") == 2


def test_what_happened_often_is_told_with_its_number() -> None:
    often = Trouble(key="k", text="dead letters for it@paper.example\nThe latest: x", at=NOW, count=60)
    assert say(batch(often)).subject == "[monitor] dead letters for it@paper.example (60)"
    assert say(batch(replace(often, count=1))).subject == "[monitor] dead letters for it@paper.example"


def test_a_first_line_that_finds_no_room_in_the_subject_stands_whole_below() -> None:
    long = "word " * 60 + "end"
    wording = say(batch(Trouble(key="k", text=f"{long}\nmore", at=NOW)))
    assert len(wording.subject) <= 200
    assert wording.plain.split("\n")[:2] == [long, "more"]


def test_after_a_refusal_a_trouble_is_its_first_line() -> None:
    trouble = Trouble(key="a", text="source <pti> fails\nmore", at=NOW)
    refused = say(batch(trouble, refusals=1), MAIL)
    assert refused.html is None
    assert refused.subject == "[monitor] trouble"
    assert refused.plain == "27 Jan 2026 18:42 IST: source <pti> fails\nfrom monitor, about itself"


@pytest.mark.parametrize(
    "headline", ["x" * 998, "word " * 200_000, "Ж" * 10_000, "\x00\ud800", "\u202e" * 50]
)
@pytest.mark.parametrize("manner", [MAIL, CHAT, TERMINAL])
def test_a_subject_is_never_long_or_empty(headline: str, manner: Manner) -> None:
    wording = say(batch(sample_news(headline=headline)), manner)
    assert 0 < len(wording.subject) <= 200
    wording.plain.encode()
    wording.subject.encode()


def test_a_body_is_cut_on_purpose_and_keeps_the_id() -> None:
    text = fit(["first line", "second " * 100], "where · monitor why k7f3", 100)
    assert len(text) <= 100
    assert text.startswith("first line\nsecond second")
    assert text.endswith("… (cut)\nwhere · monitor why k7f3")


def test_a_last_line_that_is_itself_too_long_is_cut_to_the_id() -> None:
    assert refit("line\n" + "x" * 500 + " · monitor why k7f3", 40).endswith("monitor why k7f3")
    assert len(refit("line\n" + "x" * 500 + " · monitor why k7f3", 40)) <= 40


def test_lengths_are_counted_as_services_count_them() -> None:
    assert units("a𝄞") == 3
    assert size("aЖ") == 3
    assert size(fit(["Ж" * 500], "id", 100, size)) <= 100


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (-5, "0 s"),
        (4, "4 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7200, "2 h"),
        (86400, "24 h"),
        (172800, "2 days"),
    ],
)
def test_lengths_of_time_are_said_in_their_largest_fitting_unit(length: int, shown: str) -> None:
    assert span(timedelta(seconds=length)) == shown
