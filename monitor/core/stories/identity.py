"""Tells whether an article is new, a version or copy of a known one, or nothing new at all.

An article is known by a set of identities, and the first of these that leads somewhere decides:

1. its own id (or what stands in for one) in its source: the same text is nothing new, another is a version; an id
   that items of different texts carry in one document names none of them without its text;
2. headline and body, folded, in any source, if they are over 200 characters: a copy;
3. its canonical link in any source: a copy, unless items of one feed share that link, which then names nobody.

Each identity remembers what was last met under it, so that a copy is looked at once and not at each poll.
Only publishers make versions: a copy that changes at another source is still a copy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from monitor.core.text.fold import fold_key
from monitor.core.text.urls import canonical_link, is_bare_host
from monitor.model import (
    SHARED,
    Article,
    ArticleId,
    ContentHash,
    Document,
    Identity,
    IdentityKind,
    Known,
    Novelty,
    Reason,
    SourceId,
)

LONG_ENOUGH = 200
"""Characters of folded headline and body above which an equal text in another source is a copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A parsed article with what it may be known by."""

    article: Article
    source: SourceId
    text_hash: ContentHash
    own: Identity
    twin: Identity | None
    """Its id with its text where `own` is the id alone, or the other way round: with this text it is the same."""
    text: Identity | None
    link: Identity | None
    link_here: Identity | None = None
    """Its link as met in this very source: another text under it tells that the source's items share it."""
    shared: Identity | None = None
    """Its link where that names nobody, since other items of the document carry it too."""

    @property
    def identities(self) -> tuple[Identity, ...]:
        """All that it will be known by, the deciding one first."""
        return tuple([i for i in (self.own, self.text, self.link) if i is not None])

    @property
    def looked_up(self) -> tuple[Identity, ...]:
        """All that it may be known by."""
        return (*self.identities, *[i for i in (self.twin, self.link_here) if i is not None])


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a candidate is to the store, and the identities to write for it."""

    novelty: Novelty
    identities: tuple[Identity, ...] = ()
    known_as: ArticleId | None = None
    copy_of: int | None = None
    number: int = 1
    reason: Reason = Reason.NEW
    shared: Identity | None = None
    """A link that names nobody from now on."""


@dataclass(slots=True)
class _Met:
    """An article that candidates may turn out to be: the store's, or an earlier one of the same poll."""

    source: SourceId
    number: int
    known_as: ArticleId | None = None
    position: int | None = None
    hashes: dict[Identity, ContentHash] = field(default_factory=dict)


def candidates(document: Document, articles: Sequence[Article], *, from_feed: bool) -> tuple[Candidate, ...]:
    """Say what each article of one document may be known by.

    An id, or a link, that items of different texts carry in the document identifies none of them.
    """
    hashes = [_text_hash(a) for a in articles]
    links = [_link_key(a) for a in articles]
    digests = [digest for digest, _ in hashes]
    id_uses = Counter(id for id, _ in set(zip((a.native_id for a in articles), digests, strict=True)))
    link_uses = Counter(link for link, _ in set(zip(links, digests, strict=True)))
    found = []
    for position, (article, (digest, length), link) in enumerate(zip(articles, hashes, links, strict=True)):
        as_link = Identity(kind=IdentityKind.LINK, key=link) if link else None
        alone = link_uses[link] == 1
        twin = None
        if article.native_id:
            own, twin = article.native_id, f"{article.native_id}#{digest}"
            if id_uses[own] > 1:
                own, twin = twin, own
        elif from_feed:
            own = link if link and alone else f"text:{digest}"
        else:
            own = f"{document.location}#{document.content_hash}/{position}"
        found.append(
            Candidate(
                article=article,
                source=document.source,
                text_hash=digest,
                own=_own(own, document.source),
                twin=_own(twin, document.source) if twin else None,
                text=Identity(kind=IdentityKind.TEXT, key=digest) if length > LONG_ENOUGH else None,
                link=as_link if alone else None,
                link_here=replace(as_link, scope=document.source) if as_link and alone else None,
                shared=None if alone else as_link,
            )
        )
    return tuple(found)


def _own(key: str, source: SourceId) -> Identity:
    return Identity(kind=IdentityKind.NATIVE_ID, key=key, scope=source)


def resolve(found: Sequence[Candidate], known: Iterable[Known]) -> tuple[Resolution, ...]:
    """Decide for each candidate of one poll, in order; earlier ones count as known to later ones."""
    met = _index(known)
    resolutions = []
    for position, candidate in enumerate(found):
        resolution = _resolve_one(candidate, met)
        resolutions.append(resolution)
        _remember(candidate, resolution, position, met)
    return tuple(resolutions)


def _index(known: Iterable[Known]) -> dict[Identity, _Met]:
    by_article: dict[ArticleId, _Met] = {}
    met: dict[Identity, _Met] = {}
    for k in known:
        article = by_article.setdefault(k.article, _Met(source=k.source, number=k.number, known_as=k.article))
        article.hashes[k.identity] = k.seen_hash
        met[k.identity] = article
    return met


def _resolve_one(candidate: Candidate, met: dict[Identity, _Met]) -> Resolution:
    article, novelty, reason = _leads_to(candidate, met)
    if novelty is Novelty.SEEN:
        return Resolution(novelty=novelty)
    free = _to_write(candidate, article, novelty, met)
    if article is None:
        return Resolution(novelty=Novelty.NEW, identities=free, shared=_newly_shared(candidate, met))
    return Resolution(
        novelty=novelty,
        identities=free,
        known_as=article.known_as,
        copy_of=article.position,
        number=article.number + 1 if novelty is Novelty.VERSION else article.number,
        reason=reason,
        shared=candidate.shared,
    )


def _to_write(
    candidate: Candidate, article: _Met | None, novelty: Novelty, met: dict[Identity, _Met]
) -> tuple[Identity, ...]:
    """Give the identities to write: none that leads to another article, or to nobody.

    Of a copy none that is known but its own: its original must find itself unchanged.
    """

    def free(identity: Identity) -> bool:
        known = met.get(identity)
        if known is None:
            return True
        is_own = novelty is not Novelty.COPY or identity == candidate.own
        return known is article and is_own and known.hashes[identity] != SHARED

    here = candidate.link_here if novelty is Novelty.COPY else None
    return tuple([i for i in candidate.identities if free(i)] + ([here] if here else []))


def _newly_shared(candidate: Candidate, met: dict[Identity, _Met]) -> Identity | None:
    """Give the link of a new article that it has in common with another of its source."""
    return candidate.link if candidate.link in met else candidate.shared


def _leads_to(candidate: Candidate, met: dict[Identity, _Met]) -> tuple[_Met | None, Novelty, Reason]:
    twin = met.get(candidate.twin) if candidate.twin else None
    if twin is not None and candidate.twin and twin.hashes[candidate.twin] == candidate.text_hash:
        return twin, Novelty.SEEN, Reason.NEW
    own = met.get(candidate.own)
    if own is not None:
        if own.hashes[candidate.own] == candidate.text_hash:
            return own, Novelty.SEEN, Reason.NEW
        novelty = Novelty.VERSION if own.source == candidate.source else Novelty.COPY
        return own, novelty, Reason.UPDATED
    by_text = met.get(candidate.text) if candidate.text else None
    if by_text is not None:
        return by_text, Novelty.COPY, Reason.SAME_TEXT
    by_link = met.get(candidate.link) if candidate.link else None
    if by_link is not None and not _shares_link(candidate, by_link, met):
        return by_link, Novelty.COPY, Reason.SAME_LINK
    return None, Novelty.NEW, Reason.NEW


def _shares_link(candidate: Candidate, article: _Met, met: dict[Identity, _Met]) -> bool:
    """Whether two different items of one source carry this link, which then names nobody."""
    assert candidate.link is not None
    assert candidate.link_here is not None
    last = article.hashes[candidate.link]
    if last == SHARED:
        return True
    if article.source != candidate.source:
        here = met.get(candidate.link_here)
        last = here.hashes[candidate.link_here] if here else candidate.text_hash
    return last != candidate.text_hash


def _remember(candidate: Candidate, resolution: Resolution, position: int, met: dict[Identity, _Met]) -> None:
    if resolution.novelty is Novelty.SEEN:
        return
    if resolution.novelty is Novelty.NEW:
        article = _Met(source=candidate.source, number=1, position=position)
    else:
        article = next(met[i] for i in candidate.identities if i in met and _is(met[i], resolution))
        article.number = resolution.number
    for identity in resolution.identities:
        met[identity] = article
        article.hashes[identity] = candidate.text_hash
    if resolution.shared is not None:
        met.setdefault(resolution.shared, article).hashes[resolution.shared] = SHARED


def _is(article: _Met, resolution: Resolution) -> bool:
    return (article.known_as, article.position) == (resolution.known_as, resolution.copy_of)


def _text_hash(article: Article) -> tuple[ContentHash, int]:
    folded = fold_key(f"{article.headline or ''}\n{article.body or article.text}")
    return ContentHash(sha256(folded.encode("utf-8", "surrogatepass")).hexdigest()), len(folded)


def _link_key(article: Article) -> str | None:
    link = canonical_link(article.url) if article.url else None
    return None if link is None or is_bare_host(link) else link
