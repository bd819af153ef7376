"""Says a batch of deliveries in words: a message as it is to arrive. Touches nothing, sends nothing.

One alert:

    China, Russia agree to deepen defence cooperation                       (the subject)
    27 Jan 2026 18:42 IST · PTI · Beijing (received 4 s ago)
    Andrey Belousov (high), Dong Jun; and China-Russia military talks
    lead: "… spoke by video with [Andrey Belousov], his Russian colleague …"
    /srv/wire/pti/0127.txt · watched in china-russia.yaml:6 · monitor why k7f3

Several alerts in one message are listed, each with its id, and what finds no room is counted with the command that
shows it. A message that was refused once is said again in the plainest words. The tool's own troubles are never
mixed with alerts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from monitor.core.alerts import page
from monitor.core.alerts.neutral import (
    cut,
    for_chat,
    for_html,
    for_mail,
    for_terminal,
    own,
    own_in_chat,
    own_link,
    plainest,
)
from monitor.core.alerts.quotes import Quote, quotes
from monitor.core.text.dates import read_day, tells_time
from monitor.core.text.titles import title
from monitor.model import AlertId, Article, Batch, Match, News, Parcel, Priority, Trouble, WatchKind, Wording

SUBJECT = 200
"""Code points of a subject: well below the 998 bytes of a mail's header line, even in base64."""
NAMES = (8, 80)
"""Watches of each sort to name in one message, and code points of a name."""
NAMES_IN_LIST = (3, 40)
HEADLINE_IN_LIST = 120
LINK_IN_LIST = 200
"""A longer link, or path, would take the room of other alerts."""
WATCHES_COUNTED = 15
TROUBLE = 600
"""Of a line of the tool's own news."""
OURS = "[monitor] "
"""What subjects of the tool's own news begin with."""
DELAYED = timedelta(minutes=30)
"""Longer than alerts ever wait to go together."""
PLAINEST = 120
CUT = "… (cut)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a kind of channel wants its text."""

    safe: Callable[[str], str]
    """Makes a line from outside harmless there."""
    own: Callable[[str], str]
    """Makes lines of our own fit for it."""
    html: bool = False
    longest: int = 30_000
    """UTF-16 units of subject and text together."""


MAIL = Manner(safe=for_mail, own=own, html=True)
CHAT = Manner(safe=for_chat, own=own_in_chat)
TERMINAL = Manner(safe=for_terminal, own=own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One alert in words that are not made safe yet."""

    id: AlertId
    headline: str
    when: str
    watches: str
    quotes: tuple[Quote, ...]
    more: int
    link: str | None
    location: str
    origin: str


def word(batch: Batch, now: datetime, zone: tzinfo, manner: Manner) -> Wording:
    """Say a batch in a manner, with times in a zone. `now` is when it is said."""
    if any(p.trouble is not None for p in batch.parcels):
        return _troubles(batch, zone, manner)
    if batch.refusals:
        return _plainest(batch)
    if batch.count == 1 and batch.parcels and batch.parcels[0].news is not None:
        return _single(batch.parcels[0], batch.parcels[0].news, now, zone, manner)
    return _several(batch, now, zone, manner)


# -- one alert -------------------------------------------------------------------------------


def _single(parcel: Parcel, news: News, now: datetime, zone: tzinfo, manner: Manner) -> Wording:
    said = say(news, parcel.delivery.owed_at, now, zone)
    subject = cut(manner.safe(said.headline), SUBJECT) or "(no headline)"
    lines = [manner.safe(said.when), manner.safe(said.watches)]
    lines += [f'{quote.zone}: "{quote.shown(manner.safe)}"' for quote in said.quotes]
    lines += [f"{said.more} more"] if said.more else []
    where = said.link or manner.safe(said.location)
    last = f"{where} · watched in {manner.safe(said.origin)} · monitor why {said.id}"
    return Wording(
        subject=subject,
        plain=fit(lines, last, manner.longest - units(subject)),
        html=page.single(said, for_html) if manner.html else None,
        references=(f"alert-{said.id}",),
        alerts=(said.id,),
    )


def say(news: News, owed_at: datetime, now: datetime, zone: tzinfo, *, in_list: bool = False) -> Said:
    """Put an alert into words, for a reader in a zone; in fewer where it is one of a list."""
    article, matches = news.article, news.alert.matches
    shown, more = ((), 0) if in_list else quotes(article, matches)
    return Said(
        id=news.alert.id,
        headline=_headline(news),
        when=_when_in_list(news, zone) if in_list else _when(news, owed_at, now, zone),
        watches=_watches(matches, *(NAMES_IN_LIST if in_list else NAMES)),
        quotes=shown,
        more=more,
        link=own_link(article.url),
        location=news.location,
        origin=str(matches[0].origin) if matches else "a watchlist since changed",
    )


def _headline(news: News) -> str:
    return news.article.headline or title(news.article)


def _when(news: News, owed_at: datetime, now: datetime, zone: tzinfo) -> str:
    """Give the line that says when, by whom and where; of undated copy, when it came."""
    written = _written(news.article, zone)
    came = f"{span(now - news.received_at)} ago" if written else clock_time(news.received_at, zone)
    late = f"; delayed {span(now - owed_at)}" if now - owed_at > DELAYED else ""
    return f"{written or 'undated'} · {_by_whom(news)} (received {came}{late})"


def _when_in_list(news: News, zone: tzinfo) -> str:
    written = _written(news.article, zone) or f"undated, received {clock_time(news.received_at, zone)}"
    return f"{written} · {_by_whom(news)}"


def _by_whom(news: News) -> str:
    """Give the agency, else the source, and the place."""
    place = news.article.place or ""
    names = (news.article.agency or news.source_name, place.title() if place.isupper() else place)
    return " · ".join(cut(name, 60) for name in names if name)


def _written(article: Article, zone: tzinfo) -> str:
    """Give when an article was published, else its dateline's day; nothing where it says neither.

    A date that names no time of day is the day it names, wherever it is read: no zone makes another one of it.
    """
    if article.published is None:
        return calendar_day(article.dateline_date) if article.dateline_date else ""
    text = article.published_text
    if text is not None and not tells_time(text) and (day := read_day(text)):
        return calendar_day(day.isoformat())
    return clock_time(article.published, zone)


def _watches(matches: tuple[Match, ...], most: int, longest: int) -> str:
    """Give actors by priority, then topics: so many of each, and so much of a name."""
    ordered = sorted(matches, key=lambda m: -m.priority)
    actors = _names([m for m in ordered if m.kind is not WatchKind.TOPIC], most, longest)
    topics = _names([m for m in ordered if m.kind is WatchKind.TOPIC], most, longest)
    return f"{actors}; and {topics}" if actors and topics else actors or topics


def _names(matches: list[Match], most: int, longest: int) -> str:
    names = [_name(m, longest) for m in matches[:most]]
    rest = len(matches) - len(names)
    return ", ".join(names) + (f" and {rest} more" if rest else "")


def _name(match: Match, longest: int) -> str:
    mark = f" ({match.priority.name.lower()})" if match.priority >= Priority.HIGH else ""
    return cut(match.name, longest) + mark


# -- several alerts --------------------------------------------------------------------------


def _several(batch: Batch, now: datetime, zone: tzinfo, manner: Manner) -> Wording:
    """Say many alerts in one message: each listed while there is room, all of them counted."""
    late = now - batch.oldest_owed_at
    delayed = f", delayed up to {span(late)}" if late > DELAYED else ""
    subject = cut(manner.safe(f"{_count(batch.count)}{_most(batch)}{delayed}"), SUBJECT)
    counted = manner.safe(_by_watch(batch, manner.longest // 5))
    opening = [counted, ""] if batch.by_watch else []
    listed = [say(p.news, now, now, zone, in_list=True) for p in batch.parcels if p.news is not None]
    room = manner.longest - units(subject) - sum(units(line) + 1 for line in (*opening, _rest(batch, 0)))
    entries = _that_fit([_entry(said, manner.safe) for said in listed], room)
    entries = entries or _that_fit([_short_entry(said, manner.safe) for said in listed], room)
    shown, last = listed[: len(entries)], _rest(batch, len(entries))
    return Wording(
        subject=subject,
        plain="\n".join([*opening, *entries, last]).strip(),
        html=page.several(shown, opening, last, for_html) if manner.html else None,
        references=tuple(f"alert-{said.id}" for said in shown),
        alerts=tuple(said.id for said in shown),
    )


def _entry(said: Said, safe: Callable[[str], str]) -> str:
    where = said.link or safe(said.location)
    seen_at = f"{where} · " if units(where) <= LINK_IN_LIST else ""
    about = f"{safe(said.when)} · {safe(said.watches)}"
    return f"{_headline_in_list(said, safe)}\n{about}\n{seen_at}monitor why {said.id}\n"


def _short_entry(said: Said, safe: Callable[[str], str]) -> str:
    return f"{_headline_in_list(said, safe)}\nmonitor why {said.id}\n"


def _headline_in_list(said: Said, safe: Callable[[str], str]) -> str:
    return cut(safe(said.headline), HEADLINE_IN_LIST) or "(no headline)"


def _that_fit(entries: list[str], room: int) -> list[str]:
    """Give as many of the first entries as find room, each with a line end."""
    for kept, entry in enumerate(entries):
        room -= units(entry) + 1
        if room < 0:
            return entries[:kept]
    return entries


def _rest(batch: Batch, shown: int) -> str:
    rest = batch.count - shown
    return f"and {rest} more: {_command(batch)}" if rest else f"all of them: {_command(batch)}"


def _command(batch: Batch) -> str:
    """Give the command that shows all alerts of a message, whenever it is typed."""
    return (
        f"monitor alerts --since {_minute(batch.oldest_owed_at)} --until {_minute(batch.newest_owed_at, 1)}"
    )


def _count(count: int) -> str:
    return f"{count} alert" if count == 1 else f"{count} alerts"


def _most(batch: Batch) -> str:
    top = ", ".join(f"{cut(name, 40)} {count}" for name, count in batch.by_watch[:3])
    return f": {top}{', …' if len(batch.by_watch) > 3 else ''}" if top else ""


def _by_watch(batch: Batch, longest: int) -> str:
    """Give how many alerts each watch has, as many of them as find room, and how many more there are."""
    said = "By watch: "
    for at, (name, count) in enumerate(batch.by_watch):
        one = f"{', ' if at else ''}{cut(name, 80)} {count}"
        if at and (at == WATCHES_COUNTED or units(said + one) > longest):
            return f"{said} and {len(batch.by_watch) - at} more watches"
        said += one
    return said


# -- after a refusal, and troubles -----------------------------------------------------------


def _plainest(batch: Batch) -> Wording:
    """Say the least that is worth sending: for one alert its headline's plain letters, for many none of theirs."""
    listed = [p.news for p in batch.parcels if p.news is not None]
    ids = tuple(news.alert.id for news in listed)
    if batch.count == 1 and listed:
        headline = plainest(_headline(listed[0]), PLAINEST)
        return Wording(
            subject=f"Alert {ids[0]}", plain=f"{headline}\nmonitor why {ids[0]}".strip(), alerts=ids
        )
    return Wording(subject=_count(batch.count), plain=f"{_count(batch.count)}: {_command(batch)}", alerts=ids)


def _troubles(batch: Batch, zone: tzinfo, manner: Manner) -> Wording:
    """Say the tool's own news: one by its first line and what there is to know, several as a list."""
    told = [p.trouble for p in batch.parcels if p.trouble is not None]
    if batch.refusals:
        lines = [_dated([cut(_lines(t, manner)[0], PLAINEST)], clock_time(t.at, zone))[0] for t in told]
        return Wording(subject="[monitor] trouble", plain=fit(lines, _about_itself(batch), manner.longest))
    first, *details = _lines(told[0], manner)
    if batch.count == 1:
        subject = f"{OURS}{cut(first, SUBJECT - len(OURS))}"
        paragraphs = [details if subject.endswith(first) else [first, *details]]
        last = f"{clock_time(told[0].at, zone)} · {_about_itself(batch)}"
    else:
        subject = f"{OURS}{cut(first, PLAINEST)} (and {batch.count - 1} more)"
        paragraphs = [_dated(_lines(t, manner), clock_time(t.at, zone)) for t in told]
        last = _about_itself(batch)
    return Wording(
        subject=subject,
        plain=fit(_parted(paragraphs), last, manner.longest - units(subject)),
        html=page.troubles(paragraphs, last) if manner.html else None,
    )


def _lines(trouble: Trouble, manner: Manner) -> list[str]:
    """Give a trouble's lines: our words as they stand, what comes from outside made harmless."""
    strange = sorted(filter(None, trouble.outside), key=len, reverse=True)
    parts = re.split(f"({'|'.join(map(re.escape, strange))})", trouble.text) if strange else [trouble.text]
    text = "".join((manner.safe if at % 2 else manner.own)(part) for at, part in enumerate(parts))
    first, *details = [cut(line, TROUBLE) for line in text.split("\n") if line.strip()] or ["trouble"]
    return [f"{first} ({trouble.count})" if trouble.count > 1 else first, *details]


def _dated(lines: list[str], time: str) -> list[str]:
    return [f"{time}: {lines[0]}", *lines[1:]]


def _parted(paragraphs: list[list[str]]) -> list[str]:
    """Give lines, with an empty one between paragraphs where any is longer than a line."""
    long = any(len(paragraph) > 1 for paragraph in paragraphs)
    return [line for at, lines in enumerate(paragraphs) for line in ([""] if long and at else []) + lines]


def _about_itself(batch: Batch) -> str:
    rest = batch.count - len(batch.parcels)
    return f"and {rest} more" if rest else "from monitor, about itself"


# -- lengths, times --------------------------------------------------------------------------


def units(text: str) -> int:
    """Give a text's length as most services count it: in UTF-16 units."""
    return len(text) + sum(1 for c in text if c > "\uffff")


def size(text: str) -> int:
    """Give a text's length in bytes of UTF-8, as some services count it."""
    return len(text.encode())


def fit(lines: list[str], last: str, longest: int, measure: Callable[[str], int] = units) -> str:
    """Join lines and the last one, which holds the id and always stays; what is too long is cut, and says so."""
    text = "\n".join([*lines, last])
    if measure(text) <= longest:
        return text
    head = "\n".join(lines)
    ending = f"{CUT}\n{last}"
    if measure(ending) > longest:
        ending = f"…\n{last.rsplit(' · ', 1)[-1]}"
    low, high = 0, len(head)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(head[:middle] + ending) <= longest else (low, middle - 1)
    kept = head[:low].rstrip()
    return kept + (ending if kept else ending.lstrip("…\n"))


def refit(plain: str, longest: int, measure: Callable[[str], int] = units) -> str:
    """Cut a worded text further, for a service that takes less than was known when it was worded."""
    *lines, last = plain.split("\n")
    return fit(lines, last, longest, measure)


def clock_time(at: datetime, zone: tzinfo) -> str:
    """Give a time as 27 Jan 2026 18:42 IST."""
    local = at.astimezone(zone)
    return f"{local.day} {_MONTHS[local.month - 1]} {local.year} {local:%H:%M %Z}"


def calendar_day(written: str) -> str:
    """Give a day, YYYY-MM-DD, or --MM-DD where no year is known, as 27 Jan 2026."""
    year, month, day = written.rsplit("-", 2)
    return f"{int(day)} {_MONTHS[int(month) - 1]} {year.strip('-')}".rstrip()


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""Not strftime's, which speak the machine's language."""


def _minute(at: datetime, later: int = 0) -> str:
    """Give a minute as commands take it, so many minutes later than the one that a time is in."""
    return (at + timedelta(minutes=later)).astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def span(length: timedelta) -> str:
    """Give a length of time in its largest fitting unit: 4 s, 12 min, 24 h, 3 days."""
    seconds = max(int(length.total_seconds()), 0)
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 2 * 3600:
        return f"{seconds // 60} min"
    if seconds < 48 * 3600:
        return f"{seconds // 3600} h"
    return f"{seconds // 86400} days"
