"""Makes the channels of a configuration, checks one, and tries one out. Holds no channel's own ways."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TextIO

from monitor.channels.apprise import AppriseChannel
from monitor.channels.console import Console
from monitor.config.settings import ChannelSettings, Settings
from monitor.model import (
    Alert,
    AlertId,
    AlertKind,
    Article,
    ArticleId,
    Batch,
    ChannelName,
    Delivery,
    DeliveryId,
    DeliveryState,
    Format,
    Match,
    Mention,
    MessageId,
    News,
    Origin,
    Parcel,
    Priority,
    Reason,
    Recipient,
    SendOutcome,
    SourceId,
    VersionId,
    WatchId,
    WatchKind,
    Zone,
    ZoneSpan,
)
from monitor.ports import Channel

TEST_ID = AlertId("test")


def build_channels(
    settings: Settings, *, stream: TextIO, now: Callable[[], datetime]
) -> Mapping[ChannelName, Channel]:
    """Give every configured channel by its name. `stream` is the terminal; `now` dates the messages."""
    channels: dict[ChannelName, Channel] = {}
    for one in settings.channels:
        if one.url is None and not one.mail:
            channels[one.name] = Console(one.name, stream, settings.timezone)
        else:
            channels[one.name] = AppriseChannel(one, settings.mail, settings.timezone, now)
    return channels


def check_channel(channel: ChannelSettings, settings: Settings) -> str | None:
    """Say what is wrong with a channel, without its URL; None where a message could be sent. Loads Apprise; blocks."""
    if channel.url is None and not channel.mail:
        return None
    # Late on purpose, as in the channel itself: it loads Apprise.
    from monitor.channels.services import Unusable, service_for  # noqa: PLC0415

    made = (service_for(channel, settings.mail, recipient) for recipient in channel.recipients)
    return next((service.reason for service in made if isinstance(service, Unusable)), None)


async def send_test(
    settings: Settings, name: ChannelName, now: datetime, *, stream: TextIO | None = None
) -> tuple[tuple[Recipient, SendOutcome], ...]:
    """Send a made-up alert, marked as a test, to each recipient of a channel, the way that real ones go."""
    channel = build_channels(settings, stream=stream or sys.stdout, now=lambda: now)[name]
    recipients = next(c.recipients for c in settings.channels if c.name == name)
    batches = [_test_batch(name, recipient, now) for recipient in recipients]
    return tuple([(b.recipient, await channel.send(b, channel.word(b, now), b.message)) for b in batches])


def _test_batch(channel: ChannelName, recipient: Recipient, now: datetime) -> Batch:
    delivery = Delivery(
        id=DeliveryId("test"),
        channel=channel,
        recipient=recipient,
        alert=TEST_ID,
        priority=Priority.NORMAL,
        state=DeliveryState.OWED,
        owed_at=now,
        next_try_at=now,
    )
    return Batch(
        message=MessageId(f"test-{now:%Y%m%d%H%M%S%f}"),
        channel=channel,
        recipient=recipient,
        parcels=(Parcel(delivery=delivery, news=_test_news(channel, now)),),
        count=1,
        oldest_owed_at=now,
        newest_owed_at=now,
    )


def _test_news(channel: ChannelName, now: datetime) -> News:
    headline = "TEST: this is how an alert arrives"
    lead = f"Sent by monitor send-test {channel}: nothing has happened, and nobody needs to act."
    text = f"{headline}\n\n{lead}"
    start = text.index("monitor send-test")
    mention = Mention(
        zone=Zone.LEAD,
        start=start,
        end=start + len("monitor send-test"),
        text="monitor send-test",
        term="send-test",
    )
    match = Match(
        watch=WatchId("test"),
        name="A test",
        kind=WatchKind.OTHER,
        priority=Priority.NORMAL,
        origin=Origin("send-test", 1),
        mentions=(mention,),
    )
    article = Article(
        format=Format.PLAIN,
        text=text,
        zones=(
            ZoneSpan(zone=Zone.HEADLINE, start=0, end=len(headline)),
            ZoneSpan(zone=Zone.LEAD, start=len(headline) + 2, end=len(text)),
        ),
        headline=headline,
        agency="monitor",
    )
    alert = Alert(
        id=TEST_ID,
        at=now,
        kind=AlertKind.NEW,
        reason=Reason.NEW,
        suppressed=False,
        article=ArticleId("test"),
        version=VersionId("test"),
        matches=(match,),
    )
    return News(
        alert=alert,
        article=article,
        source=SourceId("test"),
        source_name="monitor",
        location="test",
        received_at=now,
    )
