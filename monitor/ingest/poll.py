"""One poll: what came becomes documents, articles, matches, alerts and owed deliveries, committed together.

    fetch -> parse -> what is it known by? -> what is new? -> match -> decide -> commit

Steps are called in this order and what they give is handed on; whatever fails as expected becomes the poll's
result. A poll keeps the plan that it began with, however often the configuration changes meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar, TypeVarTuple

import structlog

from monitor.config.settings import FeedSettings, FolderSettings
from monitor.core import health, schedule
from monitor.core.alerts.decide import Arrival, decide, wanted_backlog
from monitor.core.alerts.routing import Outlet
from monitor.core.stories.identity import Candidate, Resolution, candidates, resolve
from monitor.core.watch import Finder
from monitor.errors import Conflict
from monitor.model import (
    Article,
    Backlog,
    ChannelName,
    Committed,
    ContentHash,
    Document,
    DocumentIntake,
    Health,
    Intake,
    Match,
    Novelty,
    Parsed,
    PollOutcome,
    PollResult,
    Refused,
    SourceId,
    SourceState,
    TroubleRoute,
    Validators,
)
from monitor.ports import (
    Clock,
    FeedRequest,
    Fetch,
    Fetched,
    FetchFailed,
    NotModified,
    Parse,
    Step,
    Store,
    nothing,
)

T = TypeVar("T")
Args = TypeVarTuple("Args")

log = structlog.get_logger("monitor.ingest")

TORN_TRIES = 3
"""How often a feed is asked for a first answer that is whole."""
ATTEMPTS = 5
"""How often a poll decides again because another one was quicker to commit the same article."""

STEPS = ("fetch:before", "fetch:after", "parse:after")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The configuration as a poll needs it: read-only, and swapped whole on a reload."""

    sources: Mapping[SourceId, FeedSettings | FolderSettings]
    finder: Finder
    fetch: Fetch
    outlets: Mapping[ChannelName, Outlet]
    trouble_routes: tuple[TroubleRoute, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A document, and what its reader made of it."""

    document: Document
    result: Parsed | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A poll under way: what it works by, which source, and since when."""

    plan: Plan
    state: SourceState
    began: datetime
    backlog: Backlog
    """Which of what the source held when it was first seen alerts."""

    @property
    def source(self) -> FeedSettings | FolderSettings:
        """The source as configured."""
        return self.plan.sources[self.state.id]


class Ingest:
    """Polls sources. Holds collaborators only: all that lasts is in the store.

    `jitter` gives a number from 0 up to 1; `owed` is called when a commit may have left deliveries to make.
    """

    def __init__(
        self,
        *,
        store: Store,
        parse: Parse,
        clock: Clock,
        threads: Executor,
        jitter: Callable[[], float],
        owed: Callable[[], None],
        step: Step = nothing,
    ) -> None:
        self._store = store
        self._parse = parse
        self._clock = clock
        self._threads = threads
        self._jitter = jitter
        self._owed = owed
        self._step = step
        self._silent = True

    def begin(self, plan: Plan, state: SourceState, backlog: Backlog | None = None) -> Poll:
        """Start a poll by the plan of this moment; `backlog` takes the place of what the source's settings say."""
        wish = backlog or plan.sources[state.id].alert_backlog
        return Poll(plan=plan, state=state, began=self._clock.now(), backlog=wish)

    async def poll_feed(self, poll: Poll) -> PollResult:
        """Poll one feed and commit what it brought. Gives how it ended."""
        feed = poll.source
        assert isinstance(feed, FeedSettings)
        self._step("fetch:before")
        answer = await poll.plan.fetch.fetch(
            FeedRequest(source=feed.id, url=feed.url, validators=poll.state.validators, hints=feed.hints)
        )
        self._step("fetch:after")
        if isinstance(answer, FetchFailed):
            end = self._put_off if answer.unasked else self.failed
            return await end(poll, answer.reason, answer)
        if isinstance(answer, NotModified) or answer.document.content_hash == poll.state.content_hash:
            return await self._unchanged(poll, answer)
        reading = await self.read(answer.document)
        self._step("parse:after")
        if isinstance(reading.result, Refused):
            return await self.failed(poll, reading.result.reason, answer)
        if hindrance := _why_not_taken(poll, reading.result):
            return await self.failed(poll, hindrance, answer)
        return await self.commit(poll, [reading], answer)

    async def read(self, document: Document) -> Reading:
        """Have one document parsed; a refusal is a value too."""
        return Reading(document=document, result=await self._parse.parse(document))

    async def commit(
        self,
        poll: Poll,
        readings: Sequence[Reading],
        answer: Fetched | None = None,
        *,
        gone: Sequence[str] = (),
    ) -> PollResult:
        """Resolve, match, decide and commit what was read; `answer` is the feed's, None for a folder.

        `gone` are paths of known files that are there no more.
        """
        found = await self._in_thread(_find_candidates, readings, answer is not None)
        matched: dict[int, tuple[Match, ...]] = {}
        for _ in range(ATTEMPTS):
            known = await self._store.known([i for c in found for i in c.looked_up])
            resolutions = resolve(found, known)
            await self._match_new(poll.plan, found, resolutions, matched)
            intakes = _decide_all(poll, readings, found, resolutions, matched, self._clock.now())
            outcome = replace(self._outcome(poll, readings, intakes, answer), gone=tuple(gone))
            try:
                return await self._write(poll, outcome)
            except Conflict:
                continue
        raise Conflict(f"{poll.state.name}: other polls were quicker {ATTEMPTS} times in a row")

    async def failed(
        self, poll: Poll, reason: str, answer: FetchFailed | Fetched | None = None
    ) -> PollResult:
        """Record a poll that brought nothing: the source backs off, and what it holds is read another time."""
        now = self._clock.now()
        retry_at = answer.retry_at if answer else None
        after = health.after_failure(
            poll.state, now=now, reason=reason, next_poll_at=self._due(poll, PollResult.FAILED, retry_at)
        )
        return await self._write(
            poll,
            PollOutcome(
                source=after,
                started_at=poll.began,
                ended_at=now,
                result=PollResult.FAILED,
                detail=reason,
                http_status=answer.status if answer else None,
                watchlist=poll.plan.finder.version,
                troubles=health.troubles(poll.state, after, now),
            ),
        )

    # -- the other ends ----------------------------------------------------------------------

    async def _put_off(self, poll: Poll, reason: str, answer: FetchFailed) -> PollResult:
        """Wait with a feed whose host wants to be left alone: that is no failure of the feed."""
        due = self._due(poll, PollResult.FAILED, answer.retry_at)
        return await self._write(
            poll,
            PollOutcome(
                source=replace(poll.state, next_poll_at=due, health_reason=reason),
                started_at=poll.began,
                ended_at=self._clock.now(),
                result=PollResult.UNCHANGED,
                detail=reason,
                watchlist=poll.plan.finder.version,
            ),
        )

    async def _unchanged(self, poll: Poll, answer: NotModified | Fetched) -> PollResult:
        now, state = self._clock.now(), poll.state
        still = (state.health_reason or "",) if state.health is Health.DEGRADED else ()
        after = self._succeeded(poll, PollResult.UNCHANGED, answer, state.content_hash, doubts=still)
        return await self._write(
            poll,
            PollOutcome(
                source=after,
                started_at=poll.began,
                ended_at=now,
                result=PollResult.UNCHANGED,
                http_status=answer.status if isinstance(answer, Fetched) else 304,
                watchlist=poll.plan.finder.version,
                recovered=health.recovered(poll.state, after),
            ),
        )

    def _outcome(
        self,
        poll: Poll,
        readings: Sequence[Reading],
        intakes: Sequence[tuple[Intake, ...]],
        answer: Fetched | None,
    ) -> PollOutcome:
        now = self._clock.now()
        documents = tuple(_document_intake(r, i) for r, i in zip(readings, intakes, strict=True))
        doubts = tuple(d for document in documents for d in (document.refusal, *document.doubts) if d)
        result = PollResult.PARTLY if doubts else PollResult.READ
        body = answer.document.content_hash if answer else poll.state.content_hash
        if answer and _is_torn(readings):
            # Not all that it stands for was read: the next request must bring it whole.
            answer, body = replace(answer, validators=poll.state.validators), poll.state.content_hash
        news = any(i.novelty is Novelty.NEW for of_document in intakes for i in of_document)
        after = self._succeeded(poll, result, answer, body, doubts=doubts, news=news)
        refused = tuple((d.document.location, d.refusal) for d in documents if d.refusal)
        return PollOutcome(
            source=after,
            started_at=poll.began,
            ended_at=now,
            result=result,
            detail="; ".join(doubts[:3]) or None,
            http_status=answer.status if answer else None,
            documents=documents,
            watchlist=poll.plan.finder.version,
            troubles=health.refusals(poll.state, refused, now),
            recovered=health.recovered(poll.state, after),
        )

    def _succeeded(
        self,
        poll: Poll,
        result: PollResult,
        answer: Fetched | NotModified | None,
        content_hash: ContentHash | None,
        *,
        doubts: tuple[str, ...] = (),
        news: bool = False,
    ) -> SourceState:
        return health.after_success(
            poll.state,
            now=self._clock.now(),
            next_poll_at=self._due(poll, result, answer.retry_at if answer else None, news),
            validators=answer.validators if answer else Validators(),
            content_hash=content_hash,
            doubts=doubts,
        )

    def _due(
        self, poll: Poll, result: PollResult, retry_at: datetime | None = None, news: bool = False
    ) -> datetime:
        """Give when the source is due again. A folder is looked at all the time: there it is a mere note."""
        now, source = self._clock.now(), poll.source
        if isinstance(source, FolderSettings):
            return now
        return schedule.next_poll(
            now=now,
            state=poll.state,
            least=source.every_least,
            most=source.every_most,
            result=result,
            news=news,
            retry_at=retry_at,
            jitter=self._jitter(),
        )

    async def _match_new(
        self,
        plan: Plan,
        found: Sequence[Candidate],
        resolutions: Sequence[Resolution],
        matched: dict[int, tuple[Match, ...]],
    ) -> None:
        """Match what is not merely seen again, each article once however often the poll decides."""
        fresh = [i for i, r in enumerate(resolutions) if r.novelty is not Novelty.SEEN and i not in matched]
        if fresh:
            matches = await self._in_thread(_match_all, plan.finder, [found[i].article for i in fresh])
            matched.update(zip(fresh, matches, strict=True))

    async def _write(self, poll: Poll, outcome: PollOutcome) -> PollResult:
        committed = await self._store.commit_poll(outcome, poll.plan.trouble_routes)
        _log_poll(outcome, committed, first=self._silent)
        self._silent = False
        if committed.deliveries or outcome.troubles or outcome.recovered:
            self._owed()
        return outcome.result

    async def _in_thread(self, work: Callable[[*Args], T], *args: *Args) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)


def _why_not_taken(poll: Poll, result: Parsed) -> str | None:
    """Say why an answer that could be read is none to go by; None where it is.

    A first answer that is torn would have the rest of the backlog taken for news: a whole one is worth some tries.
    """
    if result.format is None:
        return "the answer holds no feed"
    if result.doubts and not result.articles:
        return result.doubts[0]
    if result.torn and poll.state.first_read_at is None and poll.state.failures < TORN_TRIES:
        return f"the first answer ends too soon; {result.doubts[0]}"
    return None


def _is_torn(readings: Sequence[Reading]) -> bool:
    return any(isinstance(r.result, Parsed) and r.result.torn for r in readings)


def _find_candidates(readings: Sequence[Reading], from_feed: bool) -> tuple[Candidate, ...]:
    return tuple(
        candidate
        for reading in readings
        if isinstance(reading.result, Parsed)
        for candidate in candidates(reading.document, reading.result.articles, from_feed=from_feed)
    )


def _match_all(finder: Finder, articles: Sequence[Article]) -> list[tuple[Match, ...]]:
    return [finder.match(article) for article in articles]


def _decide_all(
    poll: Poll,
    readings: Sequence[Reading],
    found: Sequence[Candidate],
    resolutions: Sequence[Resolution],
    matched: Mapping[int, tuple[Match, ...]],
    now: datetime,
) -> list[tuple[Intake, ...]]:
    """Give the intakes of each document, in order."""
    arrivals = [_arrival(poll, r.document, a) for r in readings for a in _articles(r)]
    wanted = wanted_backlog(arrivals, poll.backlog, now)
    intakes = [
        Intake(
            article=candidate.article,
            text_hash=candidate.text_hash,
            novelty=resolution.novelty,
            identities=resolution.identities,
            shared=resolution.shared,
            known_as=resolution.known_as,
            copy_of=resolution.copy_of,
            number=resolution.number,
            matches=matched.get(position, ()),
            decision=decide(
                matched.get(position, ()),
                resolution.novelty,
                resolution.reason,
                backlog=arrivals[position].backlog,
                wanted=wanted[position],
                outlets=poll.plan.outlets,
            ),
        )
        for position, (candidate, resolution) in enumerate(zip(found, resolutions, strict=True))
    ]
    each = iter(intakes)
    return [tuple(next(each) for _ in _articles(reading)) for reading in readings]


def _arrival(poll: Poll, document: Document, article: Article) -> Arrival:
    """Say whether the source held the article when it was first seen.

    A feed's first answer is its backlog. A file is backlog when it lay there before the folder was watched,
    however many polls it takes to read them all; a beginning that is still to come was dated by a wrong clock.
    """
    if isinstance(poll.source, FolderSettings):
        held = document.arrived_at <= poll.state.first_seen_at <= poll.began
    else:
        held = poll.state.first_read_at is None
    return Arrival(at=document.arrived_at, published=article.published, backlog=held)


def _articles(reading: Reading) -> tuple[Article, ...]:
    return reading.result.articles if isinstance(reading.result, Parsed) else ()


def _document_intake(reading: Reading, intakes: tuple[Intake, ...]) -> DocumentIntake:
    if isinstance(reading.result, Refused):
        return DocumentIntake(document=reading.document, refusal=reading.result.reason)
    return DocumentIntake(
        document=reading.document, format=reading.result.format, doubts=reading.result.doubts, intakes=intakes
    )


def _log_poll(outcome: PollOutcome, committed: Committed, *, first: bool) -> None:
    """Log one line a poll; quiet ones, but for the first of a run, only for those who ask for detail."""
    say = log.debug if outcome.result is PollResult.UNCHANGED and not first else log.info
    if outcome.result is PollResult.FAILED:
        say = log.warning
    say(
        "poll",
        source=outcome.source.name,
        result=outcome.result.value,
        articles=committed.articles,
        versions=committed.versions,
        alerts=len(committed.alerts),
        seconds=round((outcome.ended_at - outcome.started_at).total_seconds(), 3),
        detail=outcome.detail,
    )
