"""Makes Apprise services of what the user configured, and sends one message by one. Loads Apprise: 0.8 s, 40 MB.

Apprise converts, splits, repeats and throttles nothing here: the text is final, and retries and limits are ours.
Nothing that Apprise or its HTTP library logs is kept: their records hold tokens, headers and whole URLs.
"""

from __future__ import annotations

import copy
import logging
import re
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import apprise
from apprise import AppriseAsset, NotifyFormat, NotifyType, OverflowMode

from monitor.channels import answers
from monitor.channels.mail import Mail
from monitor.config.settings import ChannelSettings, MailSettings, Secret
from monitor.core.alerts.neutral import cut
from monitor.core.alerts.wording import refit, size, units
from monitor.model import MessageId, Recipient, SendOutcome, SendResult, Wording

_TALKATIVE = ("apprise", "urllib3", "requests")
_WEBHOOKS = frozenset({"json", "jsons", "xml", "xmls", "form", "forms"})
_COUNTS_BYTES = frozenset({"ntfy", "ntfys"})
_NTFY_LONGEST = 4000
"""Bytes: ntfy makes a file of a message of more than 4,096, whatever Apprise allows."""
_SECRET_PART = re.compile(r"[^/:@?&=,]{4,}")
_WEB = {"http": "json", "https": "jsons"}
"""How an address in the web is typed, where it is a webhook of one's own."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why no service can be made; holds no secret."""

    reason: str


@dataclass(frozen=True, slots=True)
class Service:
    """An Apprise service for one recipient, with what must never be shown of it."""

    plugin: Any = field(repr=False)
    schema: str
    secrets: frozenset[str] = field(repr=False)


def _asset() -> AppriseAsset:
    return AppriseAsset(
        app_id="monitor",
        app_desc="newsroom monitor",
        app_url="",
        image_url_mask="",  # no pictures fetched from elsewhere
        image_url_logo="",
        http_redirects=False,
        secure_logging=True,
        interpret_escapes=False,
        interpret_emojis=False,
        async_mode=False,
        storage_mode="memory",
        pgp_autogen=False,
        pem_autogen=False,
        default_service_retry=0,
    )


def prepare() -> None:
    """Make Apprise silent, and hear what its receivers answer."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    answers.listen()


def service_for(
    channel: ChannelSettings, mail: MailSettings | None, recipient: Recipient
) -> Service | Unusable:
    """Make the service that takes a channel's messages to one of its recipients."""
    if channel.url is not None:
        return by_url(channel.url)
    if mail is None:
        return Unusable("the channel has mail addresses, and monitor.yaml has no `mail:`")
    return by_mail(mail, recipient)


def by_mail(mail: MailSettings, recipient: Recipient) -> Service | Unusable:
    """Make the service for a mail address."""
    prepare()
    try:
        service = Mail(mail, recipient, _asset())
    except (apprise.exception.AppriseException, TypeError, ValueError):
        return Unusable(f"{recipient!r}, or the address in `mail: from`, is no mail address")
    return Service(plugin=service, schema="mail", secrets=frozenset())


def by_url(url: Secret) -> Service | Unusable:
    """Make the service that a URL names. The URL is never shown: it is a secret as a whole."""
    prepare()
    text = url.reveal().strip()
    schema = text.partition("://")[0].lower() if "://" in text else ""
    if schema not in apprise.plugins.N_MGR and schema not in _WEB:
        named = f"{schema}://" if re.fullmatch(r"[a-z][a-z0-9+\-]{1,20}", schema) else "this"
        return Unusable(
            f"{named} is not the start of a URL that Apprise knows; see https://appriseit.com/services/"
        )
    plugin = _instantiate(text)
    if plugin is None and schema in _WEB:
        return Unusable(
            f"Apprise knows no service at this {schema}:// address: for a webhook of your own, type "
            f"{_WEB[schema]}:// in its place; for a service, see https://appriseit.com/services/"
        )
    if plugin is None:
        about = getattr(apprise.plugins.N_MGR[schema], "setup_url", None) or "https://appriseit.com/services/"
        return Unusable(
            f"the {schema}:// URL lacks something, or a package that it needs is missing; see {about}"
        )
    recipients = len(plugin) // (getattr(plugin, "retry", 0) + 1)
    if recipients > 1:
        return Unusable(
            f"the {schema}:// URL names {recipients} recipients: give each a channel of its own, "
            "so that one that fails does not make the others hear twice"
        )
    plugin.request_rate_per_sec = 0.0
    return Service(plugin=plugin, schema=_schema(plugin, schema), secrets=_secrets(text))


def _schema(plugin: Any, written: str) -> str:
    """Give what a service's URL begins with in Apprise's own form: its web address, as people copy it, says less."""
    if written not in _WEB:
        return written
    own = plugin.secure_protocol or plugin.protocol
    return own if isinstance(own, str) else str(own[0])


def _secrets(url: str) -> frozenset[str]:
    """Give the parts of a URL that no answer may show: as written, as they are meant, and as a login is sent."""
    rest = url.partition("://")[2]
    written = {*_SECRET_PART.findall(rest)}
    meant = {unquote(part) for part in written}
    pieces = {piece for part in meant for piece in _SECRET_PART.findall(part)}
    login = unquote(rest.partition("/")[0].rpartition("@")[0])
    sent = {b64encode(login.encode(coding, "replace")).decode() for coding in ("utf-8", "latin-1") if login}
    return frozenset(part.casefold() for part in written | meant | pieces | sent)


def _instantiate(url: str) -> Any:
    try:
        return apprise.Apprise.instantiate(url, asset=_asset(), suppress_exceptions=False)
    except Exception:  # services raise what they like for a URL that they cannot use
        return None


def send(service: Service, wording: Wording, message: MessageId, now: datetime) -> SendOutcome:
    """Send a message; blocks until the receiver answered or the time is up."""
    if isinstance(service.plugin, Mail):
        return service.plugin.deliver(wording, message, now)
    plugin = _for_this_message(service, wording)
    title, body = fitted(plugin, service.schema, wording)
    with answers.hearing(now) as heard:
        try:
            accepted = plugin.notify(
                body=body,
                title=title,
                notify_type=NotifyType.INFO,
                body_format=_said_to_be(plugin),
                overflow=OverflowMode.UPSTREAM,
            )
        except Exception as error:  # a service's own slip; its words may hold the URL
            return SendOutcome(result=SendResult.TEMPORARY, detail=f"Apprise failed ({type(error).__name__})")
    return answers.outcome(bool(accepted), heard, service.secrets)


def _for_this_message(service: Service, wording: Wording) -> Any:
    """Give the service a life of its own for one message, as several are sent at once; webhooks get the ids too."""
    if hasattr(type(service.plugin), "__del__"):
        return service.plugin  # would say good-bye to its server each time
    plugin = copy.copy(service.plugin)
    if service.schema in _WEBHOOKS and wording.alerts:
        plugin.headers = {**plugin.headers, "X-Monitor-Alert": ", ".join(wording.alerts[:20])}
    return plugin


def fitted(plugin: Any, schema: str, wording: Wording) -> tuple[str, str]:
    """Give title and body as this service takes them, cut on purpose so that nothing else cuts or splits them."""
    measure = size if schema in _COUNTS_BYTES else units
    longest = (
        min(int(plugin.body_maxlen), _NTFY_LONGEST) if schema in _COUNTS_BYTES else int(plugin.body_maxlen)
    )
    title = cut(wording.subject, max(min(int(plugin.title_maxlen) or 200, longest // 2), 20))
    while measure(title) > max(longest // 2, 20):
        title = cut(title, len(title) - 10)
    body = _in_lines(wording.plain, int(plugin.body_max_line_count))
    if plugin.resolve_format(NotifyFormat.TEXT) is NotifyFormat.HTML:
        longest -= body.count("\n")  # Apprise ends each line with two characters there
    # Two for the line end between title and body, the rest for the tags that a service may put around a title.
    return title, refit(body, longest - measure(title) - 20, measure)


def _said_to_be(plugin: Any) -> NotifyFormat | None:
    """Give what to call the text, so that it arrives as it is.

    A service that reads HTML gets it escaped. One that reads only Markdown gets it untouched: no sign in it means
    anything there, and not every such service takes back the backslashes that Apprise would put before signs.
    """
    return None if plugin.resolve_format(NotifyFormat.TEXT) is NotifyFormat.MARKDOWN else NotifyFormat.TEXT


def _in_lines(text: str, most: int) -> str:
    """Join lines where a service takes only so many; the last one, with the id, stays one."""
    lines = text.split("\n")
    if most <= 0 or len(lines) <= most:
        return text
    return "\n".join([*lines[: most - 1], lines[-1]]) if most > 1 else f"{lines[0]} · {lines[-1]}"
