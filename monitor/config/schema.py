"""What may stand in the three kinds of file: the one place that every key is named in, with its meaning.

The models check values and give the JSON Schema. They resolve no secret, read no file, compare no
entries.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from monitor.config import addresses, quantities, words
from monitor.config.problems import Unfit
from monitor.config.tree import Entries, Scalar
from monitor.model import Backlog, Priority, WatchKind, Within

T = TypeVar("T")
Part: TypeAlias = Literal["monitor", "sources", "watchlist"]

_TYPED: dict[str, Any] = {"type": ["string", "number", "boolean", "null"]}
"""Text that may look like a number to an editor: `007` is a name like any other."""


def _leaf(read: Callable[[str], T], wanted: str, schema: dict[str, Any]) -> Any:
    """Make a validator of a single value out of a reader of text; `wanted` says what belongs there."""

    def validate(node: object) -> T:
        if not isinstance(node, Scalar):
            raise Unfit(words.misplaced(node, wanted))
        if node.empty:
            raise Unfit(f"nothing is written here: {wanted} is wanted")
        words.refuse_reference(node.text)
        return read(node.text)

    return (PlainValidator(validate), WithJsonSchema(schema))


def _choice(choices: dict[str, T], wanted: str) -> Any:
    return _leaf(lambda text: words.choice(text, choices), wanted, {"enum": list(choices)})


def _text(pattern: str | None = None, *examples: str) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "string"}
    if pattern:
        found["pattern"] = pattern
    if examples:
        found["examples"] = list(examples)
    return found


def _secret(node: object) -> str:
    if not isinstance(node, Scalar) or node.empty:
        raise Unfit(words.misplaced(node, "text, or a reference such as `${credential:NAME}`,"))
    return node.text


def _whole(node: object) -> int:
    if not isinstance(node, Scalar) or not (node.text.isascii() and node.text.isdigit()):
        raise Unfit("a whole number from 1 to 128 is wanted")
    if not node.plain:
        raise Unfit(f"a number is wanted: take the quotes off, `{node.text}`")
    if len(node.text) > 3 or not 1 <= int(node.text) <= 128:
        raise Unfit("is out of bounds: a whole number from 1 to 128 is wanted")
    return int(node.text)


def _listed(node: object) -> object:
    """Read a key whose whole list was commented out as an empty list."""
    return [] if isinstance(node, Scalar) and node.empty else node


def _grouped(node: object) -> object:
    return [node] if isinstance(node, Scalar | Entries) else node


def _named(node: object) -> object:
    return {"name": node} if isinstance(node, Scalar) and not node.empty else node


def _addressed(node: object) -> object:
    return {"url": node} if isinstance(node, Scalar) and not node.empty else node


_DURATION = r"^\s*[0-9.,]+\s*[A-Za-z]+\s*$"
Text = Annotated[str, *_leaf(words.line, "text", _TYPED)]
Name = Annotated[str, *_leaf(words.name, "a name", _TYPED)]
TermText = Annotated[str, *_leaf(words.term, "a term, which is a word or a few,", _TYPED)]
WatchIdText = Annotated[str, *_leaf(words.watch_id, "an id, such as `belousov`,", _TYPED)]
ChannelText = Annotated[str, *_leaf(words.channel, "the name of a channel", _text(None, "desk"))]
PathText = Annotated[str, *_leaf(words.path, "a path", _text())]
Address = Annotated[str, *_leaf(addresses.mail_address, "a mail address", _text("@", "night@paper.example"))]
Sender = Annotated[
    tuple[str, str],
    *_leaf(addresses.sender, "a name and a mail address", _text("@", "Wire watch <wire@paper.example>")),
]
Server = Annotated[
    tuple[str, int], *_leaf(addresses.server, "a mail server", _text(None, "smtp.paper.example:587"))
]
Contact = Annotated[
    str, *_leaf(addresses.contact, "a mail address or web address", _text(None, "wire@paper.example"))
]
Url = Annotated[
    str, *_leaf(addresses.feed_url, "a web address", _text("^https?://", "https://news.example/rss"))
]
Net = Annotated[
    str, *_leaf(addresses.network, "a network, such as `10.1.0.0/16`,", _text("/", "10.1.0.0/16"))
]
Zone = Annotated[
    str, *_leaf(addresses.zone, "a time zone, such as `Asia/Kolkata`,", _text(None, "Asia/Kolkata"))
]
Encoding = Annotated[
    str, *_leaf(addresses.encoding, "an encoding, such as `windows-1252`,", _text(None, "utf-8"))
]
Every = Annotated[
    tuple[timedelta, timedelta],
    *_leaf(
        quantities.interval, "how often, such as `15 minutes`,", _text(None, "15 minutes", "5 to 30 minutes")
    ),
]
Rate = Annotated[
    int | None,
    *_leaf(quantities.rate, "a rate, such as `30 an hour`,", _text(None, "30 an hour", "no limit")),
]
Length = Annotated[
    timedelta,
    *_leaf(quantities.kept_for, "a length of time, such as `180 days`,", _text(None, "180 days", "forever")),
]
Size = Annotated[int, *_leaf(quantities.size, "a size, such as `1 GB`,", _text(_DURATION, "1 GB"))]
WithinText = Annotated[
    Within,
    *_leaf(
        quantities.within,
        "`sentence`, `paragraph`, `article` or a number of words",
        {
            "anyOf": [
                {"enum": ["sentence", "paragraph", "article"]},
                {"type": "string", "pattern": "^[0-9]+ words?$"},
            ]
        },
    ),
]
BacklogText = Annotated[
    Backlog,
    *_leaf(
        quantities.backlog,
        "`none`, `all`, a number or an age such as `24h`",
        {"anyOf": [{"enum": ["none", "all"]}, {"type": "integer", "minimum": 0}, _text(_DURATION, "24h")]},
    ),
]
SecretText = Annotated[str, PlainValidator(_secret), WithJsonSchema(_TYPED)]
Parallel = Annotated[
    int, PlainValidator(_whole), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 128})
]
PriorityWord = Annotated[
    Priority, *_choice({p.name.lower(): p for p in Priority}, "`low`, `normal`, `high` or `urgent`")
]
KINDS = {
    "person": WatchKind.PERSON,
    "organisation": WatchKind.ORGANISATION,
    "organization": WatchKind.ORGANISATION,
    "place": WatchKind.PLACE,
    "other": WatchKind.OTHER,
}
KindWord = Annotated[WatchKind, *_choice(KINDS, "`person`, `organisation`, `place` or `other`")]
Security = Annotated[
    str, *_choice({w: w for w in ("starttls", "tls", "none")}, "`starttls`, `tls` or `none`")
]
Group = Annotated[list[TermText], BeforeValidator(_grouped, json_schema_input_type=TermText | list[TermText])]
Files = Annotated[list[PathText], BeforeValidator(_grouped, json_schema_input_type=PathText | list[PathText])]
Tell = list[ChannelText]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


def _key(text: str, **more: Any) -> Any:
    return Field(default=None, description=text, **more)


# -- monitor.yaml ----------------------------------------------------------------------------


class Mail(_Model):
    """The server that mail goes out through."""

    sender: Sender = Field(alias="from", description="Whom mail is from: `Name <address>`, or an address.")
    server: Server = Field(description="The server, `name:port`. Without a port, 587.")
    user: SecretText | None = _key("The name to log in with; none where the server asks for none.")
    password: SecretText | None = _key("Its password: better a reference, `${credential:smtp}`.")
    security: Security | None = _key(
        "How the connection is kept private: `starttls` (the default), `tls` (the default on port 465) "
        "or `none` "
        "(the default for a server on this machine)."
    )


class Channel(_Model):
    """A way out: mail addresses, or an Apprise URL."""

    email: list[Address] | None = _key("Mail addresses; each gets its own delivery.")
    url: SecretText | None = _key(
        "An Apprise URL: chat, push or webhook. Better a reference, `${credential:NAME}`."
    )
    priority: PriorityWord | None = _key("This priority and above; `low`, which is everything, by default.")
    at_most: Rate = _key("Messages to each recipient before alerts are gathered; `30 an hour` by default.")
    parallel: Parallel | None = _key("Messages in flight at once; 1 by default.")


class Keep(_Model):
    """How long what is kept."""

    articles: Length | None = _key("The texts of articles; `180 days` by default. What was alerted stays.")
    polls: Length | None = _key("The record of polls; `30 days` by default.")
    disk_free: Size | None = _key("Polls pause while the disk has less room than this; `1 GB` by default.")


class Network(_Model):
    """Networks of one's own."""

    allow: list[Net] = Field(
        default_factory=list, description="Networks that feeds may be on besides the internet."
    )


class Monitor(_Model):
    """monitor.yaml: who is told, how, and what is kept."""

    contact: Contact | None = _key("Sent along with every request, so that publishers can reach you.")
    timezone: Zone | None = _key("How times are shown; `UTC` by default.")
    mail: Mail | None = _key("The server that mail goes out through; needed where a channel has `email:`.")
    channels: dict[str, Channel] = Field(
        default_factory=dict, description="Named ways out. `terminal` is always there."
    )
    tell: Tell | None = _key(
        "Channels for what neither its watch nor its file routes; `[terminal]` by default."
    )
    troubles: Tell | None = _key(
        "Channels for the tool's own news, never mixed with alerts; `[terminal]` by default."
    )
    keep: Keep | None = _key("How long what is kept.")
    network: Network | None = _key("Networks of one's own.")


# -- sources.yaml ----------------------------------------------------------------------------


class _Source(_Model):
    name: Name | None = _key("How the source is called in alerts; its address or folder by default.")
    agency: Name | None = _key("The agency its articles come from, where they do not say, such as `PTI`.")
    encoding: Encoding | None = _key(
        "How its texts are encoded, where they do not say, such as `windows-1252`."
    )
    timezone: Zone | None = _key("The zone of dates that name none; `UTC` by default.")
    alert_backlog: BacklogText | None = _key(
        "Which of what it holds when first read alerts: `none` (the default), `24h`, a number of the "
        "newest, `all`."
    )


class Feed(_Source):
    """A feed: RSS, RDF or Atom."""

    url: Url = Field(description="Its address.")
    every: Every | None = _key(
        "How often it is polled; `5 to 60 minutes` by default, by how often it changes."
    )


class Folder(_Source):
    """A folder that wire copy is dropped into."""

    path: PathText = Field(description="The folder, seen from this file; its subfolders belong to it.")


FeedItem = Annotated[Feed, BeforeValidator(_addressed, json_schema_input_type=Url | Feed)]


class Sources(_Model):
    """sources.yaml: what is read."""

    feeds: Annotated[list[FeedItem], BeforeValidator(_listed)] = Field(
        default_factory=list, description="Feeds: an address each, or an address with more."
    )
    folders: Annotated[list[Folder], BeforeValidator(_listed)] = Field(
        default_factory=list, description="Folders that wire copy is dropped into."
    )

    @model_validator(mode="after")
    def _something(self) -> Sources:
        if not self.feeds and not self.folders:
            raise Unfit("names nothing to read: add a feed below `feeds:` or a folder below `folders:`")
        return self


# -- watchlists/*.yaml -----------------------------------------------------------------------


class WatchEntry(_Model):
    """What actors and topics have in common."""

    name: Name = Field(description="What it is called; for an actor also what is looked for.")
    id: WatchIdText | None = _key("What programs and other topics know it by; made from the name by default.")
    priority: PriorityWord | None = _key("`low`, `normal` (the default), `high` or `urgent`.")
    ids: dict[str, Text] = Field(
        default_factory=dict, description="Its ids elsewhere; they travel into alerts."
    )
    note: Text | None = _key("A note for people.")
    tell: Tell | None = _key("Channels that hear of it; the file's, else monitor.yaml's, by default.")


class Actor(WatchEntry):
    """Someone or something to hear about; a bare name is enough."""

    kind: KindWord | None = _key("`person`, `organisation`, `place` or `other` (the default).")
    also: list[TermText] = Field(default_factory=list, description="Other spellings, in any script.")


class Topic(WatchEntry):
    """A subject: which words must stand in an article, and how near one another."""

    all: list[Group] | None = _key("One of each of these must be there; a list means one of its terms.")
    any: list[TermText] | None = _key("One of these must be there; with `all`, one more group.")
    within: WithinText | None = _key(
        "How near one another: `sentence`, `paragraph`, `30 words`, `article` (the default)."
    )
    unless: list[TermText] = Field(default_factory=list, description="None of these may stand anywhere.")

    @model_validator(mode="after")
    def _watches_something(self) -> Topic:
        words.require_terms(self.all, self.any)
        return self


ActorItem = Annotated[Actor, BeforeValidator(_named, json_schema_input_type=Name | Actor)]


class Watchlist(_Model):
    """watchlists/*.yaml: what you want to hear about. Keys at the top hold for the whole file."""

    tell: Tell | None = _key("Channels that hear of this file's watches; monitor.yaml's `tell:` by default.")
    priority: PriorityWord | None = _key("The priority of its watches that name none.")
    kind: KindWord | None = _key("The kind of its actors that name none.")
    note: Text | None = _key("A note for people, on every watch that has none.")
    names_from: Files | None = _key("Files with more actors, CSV or JSON lines, for long lists.")
    actors: Annotated[list[ActorItem], BeforeValidator(_listed)] = Field(
        default_factory=list, description="People, organisations, places: a name each, or a name with more."
    )
    topics: Annotated[list[Topic], BeforeValidator(_listed)] = Field(
        default_factory=list, description="Subjects, each a few words that must stand together."
    )

    @model_validator(mode="after")
    def _something(self) -> Watchlist:
        if not self.actors and not self.topics and not self.names_from:
            raise Unfit("watches nothing: add a name below `actors:` or a topic below `topics:`")
        return self


PARTS: dict[Part, type[_Model]] = {"monitor": Monitor, "sources": Sources, "watchlist": Watchlist}
INNER: dict[str, type[_Model]] = {
    "mail": Mail,
    "channels": Channel,
    "keep": Keep,
    "network": Network,
    "feeds": Feed,
    "folders": Folder,
    "actors": Actor,
    "topics": Topic,
}
"""The model of what stands below each of these keys."""


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """Give the keys a model takes, as they are typed."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def json_schema(part: Part) -> dict[str, Any]:
    """Give the JSON Schema of one kind of file, for editors."""
    schema = PARTS[part].model_json_schema(mode="validation")
    cleaned: dict[str, Any] = _without_null(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **cleaned}


def _without_null(node: Any) -> Any:
    """Leave out that an absent key counts as null: written down, null is refused."""
    if isinstance(node, list):
        return [_without_null(n) for n in node]
    if not isinstance(node, dict):
        return node
    choices = [c for c in node.get("anyOf", ()) if c != {"type": "null"}]
    rest = {
        k: _without_null(v) for k, v in node.items() if k != "anyOf" and not (k == "default" and v is None)
    }
    if len(choices) == 1:
        return {**_without_null(choices[0]), **rest}
    return {**rest, "anyOf": _without_null(choices)} if choices else rest
