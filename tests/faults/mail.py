"""A mail server in the world outside: it refuses as it is told, recipient by recipient, and logs what it was sent."""

from __future__ import annotations

import email
import email.policy
import socket
import time
from collections import defaultdict
from dataclasses import dataclass

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.faults.oracle import MARKER

DROP = "drop"
"""In place of a reply: take the message, and hang up without a word."""
PASSWORD = "harbour-4711"


@dataclass(frozen=True)
class Mailed:
    """A try to hand over a message, as far as it got."""

    recipient: str
    at: float
    reply: str
    alert: str = ""
    text: str = ""

    @property
    def accepted(self) -> bool:
        return self.reply.startswith("250")

    @property
    def markers(self) -> set[str]:
        return set(MARKER.findall(self.text))


class MailServer:
    """Replies to each recipient's first tries as told, then takes everything.

    `scripts` gives a recipient's replies, each with the step it is for: `("RCPT", "450 later")`.
    """

    def __init__(self, scripts: dict[str, list[tuple[str, str]]], *, refused_logins: int = 0) -> None:
        self._scripts = defaultdict(list, {name: list(script) for name, script in scripts.items()})
        self._refused_logins = refused_logins
        self.tried: list[Mailed] = []
        self.logins: dict[Session, float] = {}
        """When each dialogue first tried to log in."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            ident="mail",
            authenticator=self._authenticate,
            auth_require_tls=False,
        )
        self._controller.start()

    def close(self) -> None:
        self._controller.stop()

    def to(self, recipient: str) -> list[Mailed]:
        """Give the tries to reach a recipient."""
        return [mailed for mailed in list(self.tried) if mailed.recipient == recipient]

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        assert data.password.decode() == PASSWORD
        self.logins.setdefault(session, time.monotonic())
        refused = list(self.logins)[: self._refused_logins]
        return AuthResult(success=session not in refused, handled=False)

    def _reply(self, recipient: str, step: str) -> str | None:
        """Give what the script says of a step; it is said once."""
        script = self._scripts[recipient]
        return script.pop(0)[1] if script and script[0][0] == step else None

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self._reply(address, "RCPT")
        if reply is not None:
            self.tried.append(Mailed(address, time.monotonic(), reply))
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        (recipient,) = envelope.rcpt_tos
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = message.get_body(("plain",))
        assert body is not None
        reply = self._reply(recipient, "DATA") or "250 taken"
        alert, text = str(message["X-Monitor-Alert"]), f"{message['Subject']}\n{body.get_content()}"
        self.tried.append(Mailed(recipient, time.monotonic(), reply, alert, text))
        if reply == DROP:
            assert server.transport is not None
            server.transport.abort()
        return reply
