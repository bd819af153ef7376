"""Mail by Apprise's own service, said in plain text and HTML both. Knows no queue and no retry.

Apprise's mail service sends one format, makes its second part by guesswork, and tells a refused login from a lost
connection only in its log. So the service is extended where it puts a message together: addresses, login and the
connection stay Apprise's, the parts and headers are ours, and the server's reply decides what becomes of the message.
"""

from __future__ import annotations

import smtplib
import ssl
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from apprise import AppriseAsset
from apprise.plugins.email.base import NotifyEmail
from apprise.plugins.email.smtp import AppriseSMTPController

from monitor.config.settings import MailSettings
from monitor.core.alerts.neutral import cut, for_subject
from monitor.model import MessageId, Recipient, SendOutcome, SendResult, Wording

TIMEOUT = 30
"""Seconds for one step of the dialogue."""
IDS_IN_HEADERS = 20
_POLICY = SMTP.clone(cte_type="7bit")
_MODES = {"starttls": "starttls", "tls": "ssl", "none": "insecure"}
_TOO_LARGE = frozenset({552, 555})
_NOT_WITHOUT_LOGIN = frozenset({530, 534, 535, 538})


class Connection(AppriseSMTPController):
    """Apprise's connection, whose errors are raised instead of logged."""

    def submit(self, sender: str, recipient: str, message: EmailMessage) -> None:
        """Hand over a message to one recipient. Raises what smtplib raises."""
        session: smtplib.SMTP | None = self._socket
        assert session is not None  # opened on entering
        session.sendmail(sender, [recipient], message.as_bytes(policy=_POLICY))


class Mail(NotifyEmail):  # type: ignore[no-untyped-call]  # Apprise types part of itself
    """Apprise's mail service for one recipient, by a server of the user's own."""

    service_name = "mail"
    protocol = "monitor-mail"
    secure_protocol = "monitor-mails"
    socket_connect_timeout = TIMEOUT

    def __init__(self, mail: MailSettings, recipient: Recipient, asset: AppriseAsset) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            host=mail.sender_address.rpartition("@")[2],
            smtp_host=mail.host,
            port=mail.port,
            user=mail.user,
            password=mail.password.reveal() if mail.password is not None else None,
            secure=mail.security != "none",
            secure_mode=_MODES[mail.security],
            from_addr=mail.sender_address,
            targets=[recipient],
            asset=asset,
        )
        if [address.casefold() for _, address in self.targets] != [recipient.casefold()]:
            raise ValueError(f"{recipient!r} is no mail address")
        self._mail = mail
        self._to = Address(addr_spec=recipient)
        self._from = Address(display_name=mail.sender_name, addr_spec=mail.sender_address)

    def deliver(self, wording: Wording, message: MessageId, now: datetime) -> SendOutcome:
        """Send a message and say how it ended. Never raises for what the server does.

        Goes past Apprise's wait of 5.5 s between two mails: a channel's own limits say how often.
        """
        try:
            connection = self._connection()
            with connection:
                connection.submit(
                    self._from.addr_spec, self._to.addr_spec, self.compose(wording, message, now)
                )
        except (OSError, smtplib.SMTPException) as error:
            return outcome(error)
        return SendOutcome(result=SendResult.ACCEPTED)

    def compose(self, wording: Wording, message: MessageId, now: datetime) -> EmailMessage:
        """Put a message together: one of each header, none of which outside text can add to."""
        domain = self._from.domain
        mail = EmailMessage(policy=_POLICY)
        mail["Subject"] = cut(for_subject(wording.subject), 240) or "(no subject)"
        mail["From"] = self._from
        mail["To"] = self._to
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = f"<{message}@{domain}>"
        if wording.references:
            mail["References"] = " ".join(f"<{ref}@{domain}>" for ref in wording.references[:IDS_IN_HEADERS])
        if wording.alerts:
            mail["X-Monitor-Alert"] = ", ".join(wording.alerts[:IDS_IN_HEADERS])
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(wording.plain + "\n")
        if wording.html is not None:
            mail.add_alternative(wording.html, subtype="html")
        return mail

    def _connection(self) -> Connection:
        return Connection(
            host=self._mail.host,
            port=self._mail.port,
            secure_mode=_MODES[self._mail.security],
            user=self.user,
            password=self.password,
            verify_certificate=True,
            socket_connect_timeout=TIMEOUT,
        )


def outcome(error: Exception) -> SendOutcome:
    """Say what an error of a mail dialogue makes of the message."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return _login(error.smtp_code)
        case smtplib.SMTPRecipientsRefused():
            return _recipient(max((int(reply[0]) for reply in error.recipients.values()), default=450))
        case smtplib.SMTPSenderRefused():
            return _sender(error.smtp_code)
        case smtplib.SMTPDataError():
            return _refusal(error.smtp_code, "the message")
        case smtplib.SMTPNotSupportedError():
            return SendOutcome(
                result=SendResult.UNREACHABLE,
                detail="the mail server offers no STARTTLS or no login; see `mail:`",
            )
        case smtplib.SMTPResponseException():
            return _temporary(f"the mail server answered {error.smtp_code}")
        case ssl.SSLError():
            return _temporary("TLS with the mail server failed")
        case TimeoutError():
            return _temporary(f"the mail server did not answer within {TIMEOUT} s")
        case _:
            return _temporary(f"the connection to the mail server failed ({_cause(error)})")


def _login(code: int) -> SendOutcome:
    if code < 500:
        return _temporary(f"the mail server put the login off: SMTP {code}")
    return SendOutcome(
        result=SendResult.UNREACHABLE, detail=f"the mail server refused the login: SMTP {code}"
    )


def _sender(code: int) -> SendOutcome:
    """Judge a refused sender: the size that was announced is the message's fault, all else would meet any message."""
    if code < 500 or code in _TOO_LARGE:
        return _refusal(code, "the message")
    return SendOutcome(
        result=SendResult.UNREACHABLE, detail=f"the mail server takes nothing from this sender: SMTP {code}"
    )


def _recipient(code: int) -> SendOutcome:
    """Judge a refused recipient: no fault of the message. It is tried again, whatever the code.

    After a change at the server each address may be refused for a while ("relay denied"), and an unknown one is for
    whoever runs the monitor to mend, who is told of it when it has lasted.
    """
    if code in _NOT_WITHOUT_LOGIN:
        return _login(code)
    return _temporary(f"the mail server {'refused' if code >= 500 else 'put off'} the recipient: SMTP {code}")


def _refusal(code: int, what: str) -> SendOutcome:
    if code in _NOT_WITHOUT_LOGIN:
        return _login(code)
    if code >= 500:
        return SendOutcome(result=SendResult.REFUSED, detail=f"the mail server refused {what}: SMTP {code}")
    return _temporary(f"the mail server put {what} off: SMTP {code}")


def _temporary(detail: str) -> SendOutcome:
    return SendOutcome(result=SendResult.TEMPORARY, detail=detail)


def _cause(error: Exception) -> str:
    """Name an error. Its own words may hold what was sent."""
    number = getattr(error, "strerror", None)
    return number if isinstance(number, str) and len(number) < 80 else type(error).__name__
