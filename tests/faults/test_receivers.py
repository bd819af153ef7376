"""Receivers that refuse, hang, ask for patience or hang up: what each makes of a message, seen on the wire."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import pairwise

import pytest

from monitor.control import ask_retry
from tests.faults.forked import Template
from tests.faults.mail import DROP, PASSWORD, Mailed, MailServer
from tests.faults.oracle import Answer, Arrived, Webhook
from tests.faults.scene import Scene, until

RATE = 4
"""How many times as fast as the machine's the daemon's clock goes. All seconds below are the daemon's."""
FIRST_WAIT, LEAST_WAIT = 5.0, 3.75
WISH = 8.0
PAUSE = 8.0
SLACK = 20.0
"""Seconds: five of ours, for a machine that has much else to do."""
SETS = {
    "monitor.core.alerts.retry.FIRST_PAUSE": PAUSE,
    "monitor.channels.answers.TIMEOUTS": [0.4, 0.4],  # ours
}
NEVER_LATER = 5.0
"""Seconds of ours: how much a channel may be delayed by another one's failure."""
ELSEWHERE = "Bram Tolliver"
"""Whom only the good channel hears of."""

LATER = {
    **{f"answers {status}": Answer(status=status) for status in (408, 425, 429, 500, 502, 503, 504)},
    "hangs": Answer(pause=1.0, reset=True),
    "resets": Answer(reset=True),
    "says yes and means no": Answer(body=b'{"ok": false}'),
}
AGAIN_IN_PLAIN_WORDS = {f"answers {status}": Answer(status=status) for status in (400, 413, 422)}
PAUSED = {f"answers {status}": Answer(status=status) for status in (401, 403, 404, 410)}
WISHES = {
    "429 in seconds": Answer(status=429, headers={"Retry-After": str(int(WISH))}),
    "503 in seconds": Answer(status=503, headers={"Retry-After": str(int(WISH))}),
    "429 in the body": Answer(status=429, body=b'{"retry_after": %d}' % WISH),
}
AMBIGUOUS = ("hangs", "resets")
MAIL_LATER = {
    "r421": ("RCPT", "421 closing"),
    "r450": ("RCPT", "450 busy"),
    "r550": ("RCPT", "550 no such address, for now"),
    "d451": ("DATA", "451 try later"),
    "d452": ("DATA", "452 no room"),
    "drop": ("DATA", DROP),
}
MAIL_AGAIN = {"d550": ("DATA", "550 content"), "d554": ("DATA", "554 spam")}

Try = Arrived | Mailed


def script(*answers: Answer) -> Callable[[], Answer]:
    """Give these answers in turn, and then yes."""
    left = list(answers)
    return lambda: left.pop(0) if left else Answer()


class Receivers:
    """A daemon with a channel for each kind of failure, all of which come with the first alert."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.clock = scene.clock()
        self.clock.speed(RATE)
        once = LATER | AGAIN_IN_PLAIN_WORDS | PAUSED | WISHES
        self.hooks = {name: Webhook(scene.bells, script(answer)) for name, answer in once.items()}
        self.hooks["refuses twice"] = Webhook(scene.bells, script(Answer(status=400), Answer(status=400)))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.closed = probe.getsockname()[1]
        scripts = {f"{name}@paper.example": [reply] for name, reply in (MAIL_LATER | MAIL_AGAIN).items()}
        self.mail = MailServer(scripts)
        ports = {name: hook.port for name, hook in self.hooks.items()} | {"nobody listens": self.closed}
        channels = {key(name): f'{{url: "json://127.0.0.1:{port}/"}}' for name, port in ports.items()}
        channels |= {key(name): f"{{email: [{name}@paper.example]}}" for name in MAIL_LATER | MAIL_AGAIN}
        scene.configure(
            channels,
            tell=f"[desk, {', '.join(channels)}]",
            more=f'mail: {{from: wire@paper.example, server: "127.0.0.1:{self.mail.port}", security: none}}\n',
        )
        (scene.config / "watchlists" / "other.yaml").write_text(f"tell: [desk]\nactors: [{ELSEWHERE}]\n")
        self.dropped: dict[str, float] = {}

    def begin(self) -> None:
        self.daemon = self.scene.start(clock=str(self.clock.path), pace=6000, sets=SETS)
        self.first = self.scene.new_marker()
        self.scene.drop.rename_in(self.first)

    def keep_the_good_channel_busy(self, seconds: float) -> None:
        """Drop in, all the time, what only the good channel hears of."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            marker = self.scene.markers.next()
            self.dropped[marker] = time.monotonic()
            self.scene.drop.rename_in(marker, name=ELSEWHERE)
            time.sleep(0.1)

    def open_up(self) -> None:
        """Have someone listen where nobody did."""
        self.hooks["nobody listens"] = Webhook(self.scene.bells, port=self.closed)

    def go_on(self) -> None:
        """Revive what was given up, and see everything out with one alert more for all."""
        assert until(lambda: self.heard("dead letters"))
        assert until(
            lambda: all(any(t.accepted for t in self.tries(n)) for n in self.names if n != "refuses twice")
        )
        assert ask_retry(self.scene.state, [key("refuses twice")]) == 1
        self.last = self.scene.new_marker()
        self.scene.drop.rename_in(self.last)
        assert until(lambda: all(self.last in accepted(self.all(name)) for name in self.names))
        assert until(lambda: self.first in accepted(self.all("refuses twice")))
        until(lambda: all(self.heard(over(name)) for name in PAUSED), 5)
        assert self.daemon.stop() == 0

    def close(self) -> None:
        for hook in self.hooks.values():
            hook.close()
        self.mail.close()

    @property
    def names(self) -> list[str]:
        return [*self.hooks, *MAIL_LATER, *MAIL_AGAIN]

    def all(self, name: str) -> Sequence[Try]:
        return list(self.hooks[name].arrived) if name in self.hooks else self.mail.to(f"{name}@paper.example")

    def tries(self, name: str) -> list[Try]:
        """Give the tries to tell a channel of the first alert; mail that was refused unread is one of its tries."""
        tried = [t for t in self.all(name) if self.first in t.markers or not t.markers]
        return sorted(tried, key=lambda t: t.at)

    def waits(self, name: str) -> list[float]:
        """Give the daemon's seconds between those tries."""
        at = [self.clock.at(t.at) for t in self.tries(name)]
        return [b - a for a, b in pairwise(at)]

    def heard(self, *words: str) -> list[str]:
        """Give what the office heard that holds all the words."""
        return [text for text in self.scene.troubles if all(word in text for word in words)]


def key(name: str) -> str:
    """Give a kind of failure as the name of a channel."""
    return name.replace(" ", "-")


def over(name: str) -> str:
    """Give how it is told that a channel is no longer paused."""
    return f"over: channel {key(name)} takes messages again"


def accepted(tries: Sequence[Try]) -> Counter[str]:
    return Counter(marker for t in tries if t.accepted for marker in t.markers)


@pytest.fixture(scope="module")
def receivers(tmp_path_factory: pytest.TempPathFactory, template: Template) -> Iterator[Receivers]:
    with ExitStack() as stack:
        scene = stack.enter_context(Scene(tmp_path_factory.mktemp("receivers"), template))
        receivers = Receivers(scene)
        stack.callback(receivers.close)
        receivers.begin()
        receivers.keep_the_good_channel_busy(1.0)
        receivers.open_up()
        receivers.keep_the_good_channel_busy(1.0)
        receivers.go_on()
        yield receivers


def same_alert(tries: Sequence[Try]) -> bool:
    return len({t.alert for t in tries if t.alert}) == 1


@pytest.mark.parametrize("name", [*LATER, *MAIL_LATER])
def test_what_may_pass_is_tried_again_after_five_seconds_under_the_same_id(
    receivers: Receivers, name: str
) -> None:
    assert [t.accepted for t in receivers.tries(name)] == [False, True]
    assert same_alert(receivers.tries(name))
    (wait,) = receivers.waits(name)
    assert LEAST_WAIT <= wait < FIRST_WAIT + SLACK + (4 if name == "hangs" else 0)


@pytest.mark.parametrize("name", WISHES)
def test_a_receivers_wish_for_patience_is_kept(receivers: Receivers, name: str) -> None:
    assert [t.accepted for t in receivers.tries(name)] == [False, True]
    assert same_alert(receivers.tries(name))
    (wait,) = receivers.waits(name)
    assert WISH <= wait < WISH + SLACK


@pytest.mark.parametrize("name", [*AGAIN_IN_PLAIN_WORDS, *MAIL_AGAIN])
def test_what_a_receiver_refuses_goes_again_at_once_in_plain_words(receivers: Receivers, name: str) -> None:
    first, second = receivers.tries(name)
    assert (first.accepted, second.accepted) == (False, True)
    assert same_alert((first, second))
    assert second.text.startswith("Alert ")
    assert len(second.text) < 200
    (wait,) = receivers.waits(name)
    assert wait < LEAST_WAIT


def test_what_is_refused_in_plain_words_too_is_a_dead_letter_that_is_told_and_can_be_revived(
    receivers: Receivers,
) -> None:
    assert [t.accepted for t in receivers.tries("refuses twice")] == [False, False, True]
    assert same_alert(receivers.tries("refuses twice"))
    (told,) = receivers.heard("refuses-twice", "dead letters")
    assert receivers.tries("refuses twice")[0].alert in told


@pytest.mark.parametrize("name", PAUSED)
def test_a_channel_that_is_refused_as_a_whole_pauses_is_told_of_and_goes_on_by_itself(
    receivers: Receivers, name: str
) -> None:
    assert [t.accepted for t in receivers.tries(name)] == [False, True]
    assert same_alert(receivers.tries(name))
    (wait,) = receivers.waits(name)
    assert PAUSE <= wait < PAUSE + SLACK
    assert len(receivers.heard(f"channel {key(name)} is paused: HTTP {name[-3:]}")) == 1
    assert len(receivers.heard(over(name))) == 1


def test_a_receiver_that_is_not_there_yet_gets_everything_when_it_is(receivers: Receivers) -> None:
    assert [t.accepted for t in receivers.tries("nobody listens")] == [True]


@pytest.mark.parametrize("name", [*AMBIGUOUS, "drop"])
def test_a_message_that_may_have_arrived_comes_again_once_as_the_same_alert(
    receivers: Receivers, name: str
) -> None:
    first, second = receivers.tries(name)
    assert first.markers == second.markers == {receivers.first}
    assert first.alert == second.alert != ""


def test_no_channel_loses_an_alert_or_gets_one_twice(receivers: Receivers) -> None:
    wanted = Counter([receivers.first, receivers.last])
    for name in receivers.names:
        assert accepted(receivers.all(name)) == wanted, name
    assert accepted(receivers.scene.desk.arrived) == wanted + Counter([*receivers.dropped])


def test_no_channel_waits_for_another_ones_failure(receivers: Receivers) -> None:
    arrived = {m.marker: m.at for m in receivers.scene.desk.arrived}
    late = {marker: arrived[marker] - at for marker, at in receivers.dropped.items()}
    print(f"the good channel: {len(late)} alerts, the slowest after {max(late.values()):.2f} s")
    assert max(late.values()) < NEVER_LATER


def test_a_refused_login_pauses_the_mail_and_what_it_owes_goes_out_once_it_is_taken(scene: Scene) -> None:
    mail = MailServer({}, refused_logins=1)
    clock = scene.clock()
    clock.speed(RATE)
    scene.configure(
        {"post": "{email: [night@paper.example, day@paper.example]}"},
        tell="[desk, post]",
        more=f'mail: {{from: wire@paper.example, server: "127.0.0.1:{mail.port}", security: none,'
        f" user: wire, password: {PASSWORD}}}\n",
    )
    pause = PAUSE / 2
    sets = {**SETS, "monitor.core.alerts.retry.FIRST_PAUSE": pause}
    daemon = scene.start(clock=str(clock.path), pace=6000, sets=sets)
    scene.drop_in(2)
    assert scene.arrived()
    assert until(
        lambda: [text for text in scene.troubles if "channel post is paused" in text and "SMTP 535" in text]
    )
    both = [f"{name}@paper.example" for name in ("night", "day")]
    assert until(lambda: all(accepted(mail.to(r)) == Counter(scene.offered) for r in both))
    refused, again = (clock.at(at) for at in list(mail.logins.values())[:2])
    assert pause <= again - refused < pause + SLACK
    assert daemon.stop() == 0
    mail.close()
    scene.check()
    assert PASSWORD not in daemon.said() + "".join(scene.troubles)
