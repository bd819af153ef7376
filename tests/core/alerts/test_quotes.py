"""The words that prove an alert: short, whole words, the mentions in brackets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.alerts.neutral import for_chat, for_terminal
from monitor.core.alerts.quotes import quotes
from monitor.model import Article, Priority
from tests.channels.samples import article, match


def shown(piece: Article, *matches) -> list[str]:  # type: ignore[no-untyped-def]
    found, more = quotes(piece, matches)
    return [f"{q.zone}: {q.shown(for_terminal)}" for q in found] + ([f"{more} more"] if more else [])


def test_a_quote_is_about_a_sentence_with_the_mention_in_brackets() -> None:
    piece = article(headline="Talks held", lead="Rain fell. Dong Jun spoke by video on Tuesday. Nobody left.")
    assert shown(piece, match("Dong Jun", piece)) == ["lead: [Dong Jun] spoke by video on Tuesday."]


def test_a_long_sentence_is_cut_at_words_on_both_sides() -> None:
    piece = article(lead="word " * 60 + "Dong Jun " + "tail " * 60)
    (quote,) = shown(piece, match("Dong Jun", piece))
    assert quote.startswith("lead: … word ")
    assert quote.endswith("tail …")
    assert "word [Dong Jun] tail" in quote
    assert len(quote) < 230


def test_one_quote_shows_several_mentions() -> None:
    piece = article()
    assert shown(piece, match("Dong Jun", piece), match("Andrey Belousov", piece)) == [
        "lead: China's defence minister [Dong Jun] spoke by video with [Andrey Belousov], his Russian colleague, "
        "both ministries said on Tuesday."
    ]


def test_quotes_that_overlap_are_one_quote() -> None:
    piece = article(lead=f"Dong Jun {'word ' * 25}Andrey Belousov {'tail ' * 5}ended.")
    (quote,) = shown(piece, match("Dong Jun", piece), match("Andrey Belousov", piece))
    assert quote.startswith("lead: [Dong Jun] word")
    assert "[Andrey Belousov] tail" in quote
    assert "…" not in quote


def test_quotes_that_would_be_too_long_together_stay_apart() -> None:
    piece = article(lead=f"{'head ' * 30}Dong Jun {'word ' * 35}Andrey Belousov {'tail ' * 30}ended.")
    assert len(shown(piece, match("Dong Jun", piece), match("Andrey Belousov", piece))) == 2


def words_of(lines: list[str]) -> list[str]:
    return [word.strip("[].…") for line in lines for word in line.split() if word.strip("[].…")]


@pytest.mark.parametrize("apart", range(20, 60))
def test_no_words_are_quoted_twice_however_far_apart_two_mentions_stand(apart: int) -> None:
    words = [f"w{n:03}" for n in range(200)]
    piece = article(headline=None, lead=" ".join(words) + ".", body="")
    lines = shown(piece, match(words[80], piece), match(words[80 + apart], piece))
    quoted = [word for word in words_of(lines) if word != "lead:"]
    assert quoted == list(dict.fromkeys(quoted))
    assert {words[80], words[80 + apart]} <= set(quoted)
    assert "more" not in lines[-1]


@given(st.lists(st.tuples(st.integers(0, 199), st.integers(1, 12)), min_size=1, max_size=6))
def test_no_words_are_quoted_twice_wherever_mentions_stand(places: list[tuple[int, int]]) -> None:
    words = [f"w{n:03}" for n in range(200)]
    piece = article(headline=None, lead=" ".join(words) + ".", body="")
    matches = [match(" ".join(words[start : start + length]), piece) for start, length in places]
    found, more = quotes(piece, matches)
    quoted = [word.strip(".") for q in found for word in q.shown(for_terminal, "", "").split() if word != "…"]
    assert len(quoted) == len(set(quoted))
    assert found[0].text.count("\x02") >= 1
    wanted = {word for start, length in places for word in words[start : start + length]}
    assert more or wanted <= set(quoted)


def test_running_text_is_quoted_before_the_headline_that_is_seen_anyway() -> None:
    piece = article(headline="Dong Jun speaks", lead="The minister Dong Jun spoke.")
    assert shown(piece, match("Dong Jun", piece)) == [
        "lead: The minister [Dong Jun] spoke.",
        "headline: [Dong Jun] speaks",
    ]


def test_at_most_four_quotes_and_the_rest_is_counted() -> None:
    piece = article(lead="", body=" ".join(f"In town {n} they saw Dong Jun." for n in range(9)))
    lines = shown(piece, match("Dong Jun", piece))
    assert len(lines) == 5
    assert lines[-1] == "5 more"


def test_every_match_is_quoted_once_before_any_is_quoted_twice() -> None:
    piece = article(
        lead="", body="Dong Jun came. Dong Jun saw. Dong Jun won. Dong Jun slept. Greenland waited."
    )
    lines = shown(piece, match("Dong Jun", piece, priority=Priority.HIGH), match("Greenland", piece))
    assert lines[:2] == ["body: [Dong Jun] came.", "body: [Greenland] waited."]


def test_brackets_of_the_text_itself_are_rounded_so_that_ours_mean_mentions() -> None:
    piece = article(lead="Dong Jun [sic] spoke.")
    assert shown(piece, match("Dong Jun", piece)) == ["lead: [Dong Jun] (sic) spoke."]


def test_what_follows_a_mention_makes_no_link_of_its_bracket() -> None:
    piece = article(lead="Dong Jun(http://evil.example) spoke.")
    (quote,), _ = quotes(piece, [match("Dong Jun", piece)])
    assert quote.shown(for_chat) == "[Dong Jun] (http[:]//evil[.]example) spoke."


def test_overlapping_mentions_are_bracketed_once() -> None:
    piece = article(lead="South China Sea patrols.")
    assert shown(piece, match("South China Sea", piece), match("China Sea", piece)) == [
        "lead: [South China Sea] patrols."
    ]


def test_a_mention_whose_text_is_gone_has_no_quote() -> None:
    piece = article()
    found, more = quotes(Article(format=piece.format, text="", zones=()), [match("Dong Jun", piece)])
    assert (found, more) == ((), 1)


def test_a_quote_is_one_line() -> None:
    piece = article(lead="", body="He met\nDong Jun\nin Beijing.")
    assert shown(piece, match("Dong Jun", piece)) == ["body: He met [Dong Jun] in Beijing."]


def test_a_megabyte_without_a_full_stop_is_quoted_at_once() -> None:
    piece = article(lead="", body="x" * 500_000 + " Dong Jun " + "y" * 500_000)
    (quote,) = shown(piece, match("Dong Jun", piece))
    assert len(quote) < 300
