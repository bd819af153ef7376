"""Receivers on this machine that answer as told: an HTTP server, and a mail server that may refuse at each step."""

from __future__ import annotations

import email
import email.policy
import json
import socket
import threading
import time
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class Reply:
    """What the HTTP receiver does with a request."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b"{}"
    hang: float = 0.0
    reset: bool = False
    claimed: int | None = None
    """What to say that the body's length is."""


@dataclass
class Got:
    """A request that came."""

    path: str
    headers: list[tuple[str, str]]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)


class Receiver:
    """An HTTP server; `replies` are given in turn, and then 200."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.replies: list[Reply] = []
        self.usual = Reply()
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except OSError:
                    self.close_connection = True

            def do_POST(self) -> None:
                receiver.answer(self)

            do_GET = do_POST  # noqa: N815

            def log_message(self, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        with self._lock:
            self.got.append(Got(handler.path, list(handler.headers.items()), body))
            reply = self.replies.pop(0) if self.replies else self.usual
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if reply.hang:
                time.sleep(reply.hang)
            if reply.reset:
                handler.connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
                )
                handler.close_connection = True
                handler.connection.close()
                return
            handler.send_response(reply.status)
            for name, value in (
                *reply.headers,
                ("Content-Length", str(reply.claimed or len(reply.body))),
                ("Connection", "close"),
            ):
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(reply.body)
        finally:
            with self._lock:
                self.at_once -= 1

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@dataclass
class MailServer:
    """A mail server. A reply given for a step stands for every message until changed; `drop_after_data` hangs up."""

    replies: dict[str, str] = field(default_factory=dict)
    drop_after_data: bool = False
    login: tuple[str, str] | None = None
    got: list[Envelope] = field(default_factory=list)
    logins: list[bool] = field(default_factory=list)
    port: int = 0
    _controller: Controller | None = None

    def start(self) -> None:
        # The port is found by asking for any.
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._controller = Controller(
            _Handler(self),
            hostname="127.0.0.1",
            port=self.port,
            authenticator=self._authenticate if self.login else None,
            auth_require_tls=False,
            ident="mail",
        )
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        good = self.login is not None and (data.login.decode(), data.password.decode()) == self.login
        self.logins.append(good)
        return AuthResult(success=good, handled=False)

    def mail(self, number: int = -1) -> EmailMessage:
        content = self.got[number].content
        assert isinstance(content, bytes)
        return email.message_from_bytes(content, policy=email.policy.default)


class _Handler:
    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self._server.replies.get("MAIL")
        if reply is None:
            envelope.mail_from = address
            return "250 OK"
        return reply

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self._server.replies.get("RCPT")
        if reply is None:
            envelope.rcpt_tos.append(address)
            return "250 OK"
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        reply = self._server.replies.get("DATA")
        if reply is not None:
            return reply
        self._server.got.append(envelope)
        if self._server.drop_after_data:
            assert server.transport is not None
            server.transport.abort()
        return "250 taken"
