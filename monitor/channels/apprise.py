"""A channel for mail, chat and webhooks. Keeps Apprise at arm's length: loaded late, run in threads, never trusted.

Apprise is imported with the first message or check and not before: it would delay every start by a second.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from monitor.config.settings import ChannelSettings, MailSettings, Secret
from monitor.core.alerts.wording import CHAT, MAIL, word
from monitor.model import Batch, MessageId, Recipient, SendOutcome, SendResult, Wording
from monitor.threads import in_thread

if TYPE_CHECKING:
    from monitor.channels.services import Service, Unusable

DEADLINE = timedelta(seconds=120)
"""For one send, whatever a receiver does to drag it out; shorter than any claim's lease."""
LONGEST = {
    "discord": 1900,
    "form": 30_000,
    "json": 30_000,
    "mmost": 3900,
    "ntfy": 1300,
    "slack": 8000,
    "tgram": 3900,
    "xml": 30_000,
}
"""UTF-16 units that a service has room for, by the beginning of its URL; ntfy counts bytes."""
NATIVE = {
    "https://hooks.slack.com/": "slack",
    "https://discord.com/api/webhooks/": "discord",
    "https://discordapp.com/api/webhooks/": "discord",
}
"""Addresses in the web that Apprise takes for a service's own."""
LONGEST_ELSEWHERE = 950
"""Of most others the least; what has still less room is cut when Apprise knows."""
STUCK = 8
"""Sends beyond their deadline that may still hang on to their threads; more are not begun."""


class AppriseChannel:
    """Mail addresses, or one Apprise URL."""

    def __init__(
        self,
        settings: ChannelSettings,
        mail: MailSettings | None,
        zone: tzinfo,
        now: Callable[[], datetime],
        *,
        deadline: timedelta = DEADLINE,
    ) -> None:
        self.name = settings.name
        self._settings = settings
        self._mail = mail
        self._zone = zone
        self._manner = MAIL if settings.mail else replace(CHAT, longest=_longest(settings.url))
        self._now = now
        self._deadline = deadline
        self._services: dict[Recipient, Service | Unusable] = {}
        self._lock = threading.Lock()
        self._under_way = 0

    def word(self, batch: Batch, now: datetime) -> Wording:
        """Say a batch as mail, or as chat services and webhooks take it."""
        return word(batch, now, self._zone, self._manner)

    async def send(self, batch: Batch, wording: Wording, message: MessageId) -> SendOutcome:
        """Send a message within the deadline. Never raises for what the far end does."""
        if self._under_way >= self._settings.parallel + STUCK:
            return SendOutcome(result=SendResult.TEMPORARY, detail="earlier sends still hang")
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                return await in_thread(
                    lambda: self._send(batch.recipient, wording, message), f"send {self.name}"
                )
        except TimeoutError:
            seconds = int(self._deadline.total_seconds())
            return SendOutcome(result=SendResult.TEMPORARY, detail=f"not done within {seconds} s")

    def _send(self, recipient: Recipient, wording: Wording, message: MessageId) -> SendOutcome:
        with self._lock:
            self._under_way += 1
        try:
            from monitor.channels import services  # noqa: PLC0415  (loads Apprise: late on purpose)

            service = self.service(recipient)
            if isinstance(service, services.Unusable):
                return SendOutcome(result=SendResult.UNREACHABLE, detail=service.reason)
            return services.send(service, wording, message, self._now())
        finally:
            with self._lock:
                self._under_way -= 1

    def service(self, recipient: Recipient) -> Service | Unusable:
        """Give the Apprise service for a recipient, made once. Loads Apprise; blocks."""
        from monitor.channels.services import service_for  # noqa: PLC0415

        with self._lock:
            if recipient not in self._services:
                self._services[recipient] = service_for(self._settings, self._mail, recipient)
            return self._services[recipient]


def _longest(url: Secret | None) -> int:
    """Give what a service has room for, so that a list is counted right instead of cut."""
    text = url.reveal().strip() if url is not None else ""
    schema = next(
        (own for start, own in NATIVE.items() if text.startswith(start)), text.partition("://")[0].lower()
    )
    return LONGEST.get(schema, LONGEST.get(schema.removesuffix("s"), LONGEST_ELSEWHERE))
