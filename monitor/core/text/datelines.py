"""Reads the dateline that a piece of copy begins with: place, date and agency, in the shapes of the agencies.

The shapes are a table of patterns over a short head of the text, each tried in turn; what a pattern finds counts
only if its parts hold: a place is a name and no sentence, a month is one, an agency is known. A new shape is one
row. This module must not look beyond the head, nor at anything else that a text may hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from monitor.core.text.agencies import agency_named
from monitor.core.text.months import month_number

LONGEST = 200
"""Characters of a dateline."""
SENTENCE = 6
"""Words behind a place and a colon that are a sentence, and no kicker's headline."""


@dataclass(frozen=True, slots=True)
class Day:
    """The date of a dateline: a year only where it says one."""

    month: int
    day: int
    year: int | None = None

    def written(self, near: date | None = None) -> str:
        """Give YYYY-MM-DD, the year from the dateline, else the one that brings it nearest to a date; else --MM-DD."""
        if self.year is not None:
            return f"{self.year:04}-{self.month:02}-{self.day:02}"
        if near is None:
            return f"--{self.month:02}-{self.day:02}"
        candidates = [c for y in (near.year - 1, near.year, near.year + 1) if (c := _calendar(y, self))]
        return min(candidates, key=lambda c: abs(c - near)).isoformat() if candidates else self.written()


@dataclass(frozen=True, slots=True)
class Dateline:
    """A dateline at the head of a text: it ends at `end`, its dash or colon included."""

    end: int
    place: str | None = None
    day: Day | None = None
    agency: str | None = None


def _calendar(year: int, day: Day) -> date | None:
    try:
        return date(year, day.month, day.day)
    except ValueError:
        return None


# -- the parts -------------------------------------------------------------------------------

_DASH = r"(?:-{1,3}|–{1,2}|—{1,2}|_{1,2}|―|ー|\.-|=)"
_CLOSE = rf"(?:\s*(?:{_DASH}|[.:])(?=\s|\Z|[^\W_]|[\"“«'‘]))"
_STARS = r"[*\s]{0,6}"
_PLACE = r"(?P<place>[^\W\d_][^\n:;!?\"“”()=*]{0,90}?)"
_PLACE_AND_STATE = r"(?P<place>[^\W\d_][^\n:;!?\"“”()=*]{0,90}?\s\([^\W\d_][^\n\d()]{1,40}\))"
_LETTER = r"(?:[^\W\d_]|[\u0900-\u0963\u0971-\u0dff])"  # Indic vowel signs are no letters to `re`
_MONTH = rf"{_LETTER}{{3,12}}\.?"
_WEEKDAY = (
    r"(?:(?:Mon|Tue|Tues|Wed|Wednes|Thu|Thur|Thurs|Fri|Sat|Satur|Sun)(?:day)?\.?,?\s+"
    r"|(?:Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonntag|lundi|mardi|mercredi|jeudi|vendredi|samedi"
    r"|dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo),?\s+)?"
)
_DATE = (
    rf"(?P<date>{_WEEKDAY}(?:"
    rf"{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?"
    rf"|\d{{1,2}}(?:st|nd|rd|th|er|\.|º)?\s+(?:de\s+)?{_MONTH}(?:,?\s+(?:de\s+|del\s+)?\d{{4}})?(?:\s*(?:г|р)\.)?"
    r"|\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d\d)|\d{4}-\d{1,2}-\d{1,2}|\d{1,2}/\d{1,2}"
    r"|(?:\d{4}\s?[年년]\s?)?\d{1,2}\s?[月월]\s?\d{1,2}\s?[日일]"
    r"))"
)
_TAG = r"(?P<agency>[^\W\d_][^\n()\[\]:;!?\"“”]{1,39}?)"
_BRACKETED = (
    r"(?P<agency>\([^()\n]{2,40}\)|\[[^\[\]\n]{2,40}\]|（[^（）\n]{2,40}）"
    r"|(?<!\S)/[^/\s()]{2,20}(?: [^/\s()]{2,14}){0,4}/)\.?"
)
_GAP = r"(?:\s*[,.]\s*|\s+)"


def _shape(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


_PLACE_DATE_AGENCY = _shape(rf"{_STARS}{_PLACE}{_GAP}{_DATE}[,.]?\s*{_BRACKETED}{_CLOSE}?")
_DATE_AGENCY = _shape(rf"{_DATE},?\s*{_BRACKETED}{_CLOSE}")
_PLACE_AGENCY_DATE = _shape(rf"{_STARS}{_PLACE},?\s+{_BRACKETED}[,.]?\s*{_DATE}{_CLOSE}")
_PLACE_AGENCY = _shape(rf"{_STARS}{_PLACE},?\s*{_BRACKETED}{_CLOSE}?")
_PLACE_DATE_BARE_AGENCY = _shape(
    rf"{_STARS}{_PLACE}{_GAP}{_DATE}(?:\s*[,.]\s*|\s*[-–—/]\s*|\s+){_TAG}\s*(?:{_DASH}|[.:/])(?=\s)"
)
_PLACE_DATE = _shape(
    rf"{_STARS}{_PLACE}(?:,\s*|\s+){_DATE}[.,]?\s{{0,2}}(?:{_DASH}(?=\s|\Z|[^\W_]|[\"“])(?:\s*{_DASH}(?=\s))?|:(?=\s))"
)
_PLACE_BARE_AGENCY = _shape(rf"{_STARS}{_PLACE},\s+{_TAG}\s+{_DASH}(?=\s)")
_PLACE_ODD_DATE = _shape(rf"{_STARS}{_PLACE},\s*{_MONTH}\s+\d\w{{0,3}}[.,]?\s{{0,2}}{_DASH}(?=\s)")
_PLACE_ONLY = _shape(rf"{_STARS}(?P<place>[^\W\d_][^\n:;!?\"“”()=*\d]{{2,60}}?)\s+{_DASH}{{1,2}}(?=\s)")
_PLACE_STATE_DATE = _shape(
    rf"{_STARS}{_PLACE_AND_STATE}{_GAP}{_DATE}[,.]?\s*(?:{_BRACKETED}{_CLOSE}?|(?:{_DASH}|:)(?=\s))"
)
_PLACE_COLON = _shape(rf"{_STARS}(?P<place>[^\W\d_][^\n:;!?\"“”()=*\d]{{2,40}}?):(?=\s)")
_AGENCY_PLACE = _shape(rf"{_BRACKETED}\s*{_DASH}?\s*{_PLACE},?\s+{_DATE}\s*{_DASH}(?=\s)")
_AGENCY_ONLY = _shape(rf"{_BRACKETED}{_CLOSE}")
_HAN = r"[\u3400-\u9fff·]"
_HAN_DAY = r"(?P<date>(?:\d{4}年)?(?:\d{1,2}月)?\d{1,2}日)"
_XINHUA = _shape(
    rf"[（(【]?(?P<agency>新华社|新華社|中新社|中新网|中央社|共同社|韩联社)(?:记者|記者)?(?P<place>{_HAN}{{0,12}}?)"
    rf"\s?{_HAN_DAY}\s?(?:{_HAN}{{0,4}})?[电電](?:[）)】]|\s?[(（][^)）\n]{{1,40}}(?:\n[^)）\n]{{1,40}})?[)）])?"
)
_KYODO = _shape(rf"[【［](?P<place>{_HAN}{{1,8}}?)(?P<agency>共同|時事)[】］]")
_YONHAP = _shape(
    r"[(（](?P<place>[가-힣·]{1,12})\s?=\s?(?P<agency>연합뉴스|뉴시스)[)）]"
    r"(?:(?:\s?[가-힣 ·]{2,20}(?:기자|특파원))?\s?=)?"
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# -- what makes a part hold ------------------------------------------------------------------

_WORD = re.compile(r"[^\s,/]+")
_PARTICLES = _words(
    """
    de del della di da do dos du la le les las los el al an am im in ob of on upon the and und et y e i
    sur sous bei near off aboard en auf à au aux von der den na nad над на st by-the-sea by le
    op den aan zee v u
    """
)
_NEVER_A_PLACE = _words(
    """
    on in at by from since until after before during about as for with to if but and so live update
    updates watch video photo photos breaking exclusive analysis opinion editorial correction corrected
    urgent flash brief briefs factbox explainer timeline preview review interview feature profile
    obituary sport sports business world news headline headlines alert bulletin developing listen read
    note comment column podcast nato opec asean brics unesco unicef nasa covid fifa uefa bbc cnn who imf
    crossword quiz recipe poll obituaries sudoku horoscope iaea ecowas wto ceo fbi cia gdp president
    minister mr mrs he she it they we why how what when where
    important notice attention warning caution disclaimer reminder announcement advisory statement transcript
    summary background context details highlights related source sources question answer fact facts claim verdict
    result results tip spoiler letter sponsored scoop just
    """
)
_STATES = re.compile(r"(?:[A-Z][A-Za-z]{0,5}\.|[A-Z]\.[A-Za-z]{1,3}\.?)")
_STARTS_TEXT = re.compile(r"\s*(?:\Z|[\"“”„«'‘’(\[+*<\-–—]|[^\W_])")


def _is_place(text: str) -> bool:
    """Whether a text is a name of a place: capitalised words, few, with no sentence in it."""
    words = _WORD.findall(text)
    if not 1 <= len(words) <= 9 or words[0].casefold().strip(".") in _NEVER_A_PLACE:
        return False
    if re.search(r"[^\W\d_]{4,}\.\s+[^\W\d_]", text) or text.count(",") > 3 or re.search(r"\d", text):
        return False
    if text.rstrip().endswith(".") and not _STATES.fullmatch(words[-1]):
        return False
    return all(
        w[0].isupper() or _is_uncased(w) or w in _PARTICLES or _STATES.fullmatch(w) for w in words
    ) and (words[0] not in _PARTICLES or words[0][0].isupper())


def _has_case(text: str) -> bool:
    return text.lower() != text.upper()


def _is_uncased(word: str) -> bool:
    return word.upper() == word.lower() or not word[0].isalpha() or "'" in word[:3] or "’" in word[:3]


def _is_shouted(text: str) -> bool:
    """Whether a text has a word in capitals, as the city of a dateline."""
    first = re.split(r"[,\s]", text.strip(), maxsplit=1)[0]
    return len(first) > 2 and first.upper() == first and first.lower() != first


_DAY_PARTS = re.compile(rf"\d+|{_LETTER}+")


def day_of(text: str) -> Day | None:
    """Read the date of a dateline in any of its forms; None where a part of it is no date."""
    parts = _DAY_PARTS.findall(text)
    numbers = [int(p) for p in parts if p.isdecimal()]
    month = next((m for p in parts if not p.isdecimal() and (m := month_number(p))), None)
    year = next((n for n in numbers if 1900 <= n <= 2199), None)
    small = [n for n in numbers if n != year]
    if month is not None and len(small) == 1:
        day = small[0]
    elif month is None and len(small) >= 2 and not re.search(r"[^\W\d_年月日년월일]{3}", text):
        month, day = small[:2] if re.match(r"\d{4}|\d{1,2}\s?[月월]", text) else small[1::-1]
        year = year or (2000 + small[2] if len(small) == 3 else None)
    else:
        return None
    return Day(month, day, year) if 1 <= month <= 12 and 1 <= day <= 31 else None


def _placed_and_dated(found: re.Match[str]) -> bool:
    return _is_place(found["place"]) and day_of(found["date"]) is not None


_PICTURES = re.compile(r"photo|image|picture|file|video|foto|фото", re.IGNORECASE)
_SMALL_PLACE = re.compile(r"[A-Za-z][a-z .,'-]{1,40}")


def _loosely_dated(found: re.Match[str]) -> bool:
    """A dash after place and date: some desks write both in small letters."""
    place = found["place"]
    small = found["date"][0].islower() and len(place.split()) <= 4 and re.fullmatch(_SMALL_PLACE, place)
    return day_of(found["date"]) is not None and _has_case(place) and (_is_place(place) or bool(small))


def _tagged(found: re.Match[str]) -> bool:
    """A script without capitals does not tell names from sentences: the agency must be known there."""
    if not _has_case(found["place"]):
        return _known_and_dated(found) and len(found["place"].split()) <= 3
    return _placed_and_dated(found) and _is_tag(found["agency"])


def _agency_in(tag: str) -> str | None:
    """Give the agency that a tag names, alone or among other words (`TASS Correspondent A. B.`); no photo's credit."""
    if named := agency_named(tag):
        return named
    words = tag.strip("()[]/（）").split()
    if not 2 <= len(words) <= 5 or _PICTURES.search(tag):
        return None
    return next((named for word in words if (named := agency_named(word))), None)


def _is_tag(tag: str) -> bool:
    return _agency_in(tag) is not None or (len(tag.split()) <= 3 and tag[1:2].isalpha())


def _placed_in_a_state(found: re.Match[str]) -> bool:
    tagged = found["agency"] is None or _is_tag(found["agency"])
    return tagged and _has_case(found["place"]) and _placed_and_dated(found)


def _known_and_dated(found: re.Match[str]) -> bool:
    return _known(found) and _placed_and_dated(found)


def _known_and_placed(found: re.Match[str]) -> bool:
    place = found["place"]
    return _known(found) and _is_place(place) and (_has_case(place) or len(place.split()) <= 3)


def _known_on_a_day(found: re.Match[str]) -> bool:
    return _known(found) and day_of(found["date"]) is not None


def _known(found: re.Match[str]) -> bool:
    return _agency_in(found["agency"]) is not None


def _shouted(found: re.Match[str]) -> bool:
    return _is_place(found["place"]) and _is_shouted(found["place"])


def _bare_place(found: re.Match[str]) -> bool:
    place = found["place"].strip()
    following = found.string[found.end() :].lstrip()
    return (
        _is_place(place)
        and _is_shouted(place)
        and len(re.split(r"\s+", place)) <= 5
        and (not following or not following[0].islower())
    )


def _place_before_a_colon(found: re.Match[str]) -> bool:
    """In capitals, and a sentence behind it."""
    return _bare_place(found) and len(found.string[found.end() :].split()) >= SENTENCE


_BRACKET, _DIGIT, _COLON = map(re.compile, (r"[(\[/（]", r"\d", ":"))

_SHAPES: tuple[tuple[tuple[re.Pattern[str], ...], re.Pattern[str], Callable[[re.Match[str]], bool]], ...] = (
    ((_DIGIT,), _XINHUA, _known),  # 新华社北京1月27日电
    ((), _KYODO, _known),  # 【北京共同】
    ((), _YONHAP, lambda found: True),  # (서울=연합뉴스) 홍길동 기자 =
    # Beijing, Jan 27 (PTI) · MOSCOW, January 27. /TASS/. · PARIS, Jan 27, 2026 (AFP) -
    ((_BRACKET, _DIGIT), _PLACE_DATE_AGENCY, _tagged),
    # TOKYO, Jan 27, Kyodo - · МОСКВА, 27 янв - РИА Новости.
    ((_DIGIT,), _PLACE_DATE_BARE_AGENCY, _known_and_dated),
    ((_BRACKET, _DIGIT), _PLACE_AGENCY_DATE, _known_and_dated),  # Москва (Интерфакс), 27 января —
    ((_BRACKET,), _PLACE_AGENCY, _known_and_placed),  # BEIJING (AP) — · Berlin (dpa) -
    ((_DIGIT,), _PLACE_DATE, _loosely_dated),  # NEW YORK, Jan 27 -
    ((_BRACKET, _DIGIT), _PLACE_STATE_DATE, _placed_in_a_state),  # Kochi (Kerala), Jan 27 (PTI)
    ((_DIGIT,), _PLACE_ODD_DATE, _shouted),  # CHICAGO, Marhc 187 -
    ((), _PLACE_BARE_AGENCY, _known_and_placed),  # Tehran, IRNA –
    ((_BRACKET, _DIGIT), _AGENCY_PLACE, _known_and_dated),  # (ANSA) - ROMA, 27 GEN -
    ((_BRACKET, _DIGIT), _DATE_AGENCY, _known_on_a_day),  # Jan 27 (Reuters) -
    ((_BRACKET,), _AGENCY_ONLY, _known),  # (ANI):
    ((), _PLACE_ONLY, _bare_place),  # NEW YORK -
    ((_COLON,), _PLACE_COLON, _place_before_a_colon),  # NEW DELHI:
)
"""What a text must have for a shape to be tried, the shape, and whether what it found holds."""

_SIGNS = re.compile(r"[(\[/（【［电電:]|[-–—_―ー=](?:\s|\Z)|[-–—]{2}|\d\s*-")
"""What every shape has one of: most running text has none, and is told by that alone."""


def read_dateline(text: str) -> Dateline | None:
    """Read the dateline that a text begins with; None: it begins with none. Looks at its first 200 characters."""
    head = text[:LONGEST]
    if not _SIGNS.search(head):
        return None
    lacking = [sign for sign in (_BRACKET, _DIGIT, _COLON) if not sign.search(head)]
    for needed, pattern, holds in _SHAPES:
        if any(sign in needed for sign in lacking):
            continue
        found = pattern.match(head)
        if found and found.end() and holds(found) and _goes_on(head, found.end()):
            return _dateline(found)
    return None


def _goes_on(head: str, end: int) -> bool:
    """Whether text can begin behind a dateline: in small letters only behind a dash or a colon."""
    following = head[end:].lstrip()[:1]
    return _STARTS_TEXT.match(head, end) is not None and not (
        following.islower() and head[end - 1] in ")]/）"
    )


def _dateline(found: re.Match[str]) -> Dateline:
    parts = found.groupdict()
    place = " ".join((parts.get("place") or "").split()).strip(" ,.-") or None
    if place and found["place"].rstrip(" ,").endswith(".") and _STATES.search(place.split()[-1] + "."):
        place += "."
    tag = parts.get("agency")
    return Dateline(
        end=found.end(),
        place=place,
        day=day_of(parts["date"]) if parts.get("date") else None,
        agency=(_agency_in(tag) or " ".join(tag.strip("()[]/（）").split())) if tag else None,
    )
