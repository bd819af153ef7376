"""Real receivers on this machine, and channels that send to them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.channels.apprise import AppriseChannel
from monitor.config.settings import ChannelSettings, MailSettings, Secret
from monitor.model import ChannelName, Recipient
from tests.channels.receivers import MailServer, Receiver
from tests.channels.samples import NOW

with warnings.catch_warnings():
    # Apprise still looks for a module that Python 3.13 took away.
    warnings.filterwarnings("ignore", "'imghdr' is deprecated", DeprecationWarning)
    import monitor.channels.services  # noqa: F401  (loaded for all tests here)
KOLKATA = ZoneInfo("Asia/Kolkata")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()


@pytest.fixture(scope="session")
def one_mail_server() -> Iterator[MailServer]:
    """Started once: that takes longer than most tests."""
    server = MailServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def mail_server(one_mail_server: MailServer) -> MailServer:
    one_mail_server.replies.clear()
    one_mail_server.got.clear()
    one_mail_server.drop_after_data = False
    return one_mail_server


def now() -> datetime:
    return NOW


def by_url(url: str, *, parallel: int = 1, deadline: float = 20) -> AppriseChannel:
    settings = ChannelSettings(
        name=ChannelName("desk"), recipients=(Recipient("desk"),), url=Secret(url), parallel=parallel
    )
    return AppriseChannel(settings, None, KOLKATA, now, deadline=timedelta(seconds=deadline))


def mail_settings(
    port: int, *, user: str | None = None, password: str | None = None, security: str = "none"
) -> MailSettings:
    return MailSettings(
        sender_name="Wire watch",
        sender_address="wire@paper.example",
        host="127.0.0.1",
        port=port,
        user=user,
        password=Secret(password) if password else None,
        security=security,
    )


def by_mail(mail: MailSettings) -> AppriseChannel:
    settings = ChannelSettings(
        name=ChannelName("desk"), recipients=(Recipient("night@paper.example"),), mail=True
    )
    return AppriseChannel(settings, mail, KOLKATA, now)
