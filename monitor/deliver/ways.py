"""What a configuration says of going out: its channels with their recipients and limits, and who hears of troubles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.config.settings import Settings
from monitor.model import ChannelName, Recipient, TroubleRoute
from monitor.ports import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A channel with its recipients and limits."""

    channel: Channel
    recipients: tuple[Recipient, ...]
    at_most: int | None = None
    """Messages an hour to each recipient."""
    parallel: int = 1
    """Messages in flight."""
    made_of: object = None
    """What the channel was made of: where that has changed, what was wrong with it may be mended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """All channels of a configuration, and who hears of troubles."""

    channels: Mapping[ChannelName, Way]
    troubles: tuple[TroubleRoute, ...] = ()
    fallback: tuple[TroubleRoute, ...] = ()
    """Hear of a trouble of the channels that troubles are told on."""

    def know(self, channel: ChannelName, recipient: Recipient) -> bool:
        """Say whether a channel has this recipient."""
        way = self.channels.get(channel)
        return way is not None and recipient in way.recipients

    def mended_since(self, before: Ways) -> frozenset[ChannelName]:
        """Give the channels that are made of something else than before, or were not there; none where nothing was."""
        if not before.channels:
            return frozenset()
        old = {name: way.made_of for name, way in before.channels.items()}
        return frozenset(n for n, way in self.channels.items() if n not in old or old[n] != way.made_of)

    def routes(self, failing: ChannelName) -> tuple[TroubleRoute, ...]:
        """Give who hears of a trouble of this channel: never the channel itself."""
        usual = tuple(r for r in self.troubles if r.channel != failing)
        return usual or tuple(r for r in self.fallback if r.channel != failing)


def ways(settings: Settings, channels: Mapping[ChannelName, Channel]) -> Ways:
    """Give the ways of a configuration, over channels that were built from it."""
    recipients = {c.name: c.recipients for c in settings.channels}

    def routes(names: Sequence[ChannelName]) -> tuple[TroubleRoute, ...]:
        return tuple(TroubleRoute(channel=n, recipient=r) for n in names for r in recipients.get(n, ()))

    return Ways(
        channels={
            c.name: Way(
                channel=channels[c.name],
                recipients=c.recipients,
                at_most=c.at_most,
                parallel=c.parallel,
                made_of=(c, settings.mail if c.mail else None),
            )
            for c in settings.channels
        },
        troubles=routes(settings.troubles),
        fallback=routes(settings.fallback),
    )
