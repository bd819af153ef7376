"""Which addresses may be connected to."""

import pytest

from monitor.sources.guard import AddressGuard, AddressRefused

NOT_PUBLIC = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1
127.255.255.254 168.63.129.16 169.254.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1
192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1
224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1
::ffff:10.0.0.1 ::ffff:100.64.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1 64:ff9b::7f00:1
64:ff9b::a00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 100::1 2001::1 2001:0:7f00:1:: 2001:2::1 2001:10::1
2001:20::1 2001:db8::1 2002:7f00:1:: 2002:808:808:: 3fff::1 4000::1 5f00::1 fc00::1 fd00:ec2::254
fe80::1 fe80::1%eth0 fec0::1 ff02::1 ff0e::1
"""

PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1
168.63.129.17 172.15.0.1 172.32.0.1 192.0.1.1 198.17.255.255 198.20.0.0 223.255.255.255
2606:4700::1111 2a00:1450::1 ::ffff:8.8.8.8 64:ff9b::808:808
"""


@pytest.mark.parametrize("address", NOT_PUBLIC.split())
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    guard = AddressGuard()
    assert not guard.permits(address)
    with pytest.raises(AddressRefused, match="not public"):
        guard.check(address)


@pytest.mark.parametrize("address", PUBLIC.split())
def test_a_public_address_is_permitted(address: str) -> None:
    AddressGuard().check(address)


@pytest.mark.parametrize(
    "text", ["", "news.example", "2130706433", "0x7f.1", "127.1", "8.8.8.8.", "0177.0.0.1", "٨.8.8.8"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    assert not AddressGuard().permits(text)


def test_an_allowed_network_is_permitted_in_every_wrapping_and_nothing_beside_it() -> None:
    guard = AddressGuard(("192.168.7.0/24", "fd12:3456::/32"))
    assert all(map(guard.permits, ("192.168.7.1", "::ffff:192.168.7.1", "64:ff9b::c0a8:701", "fd12:3456::1")))
    assert not any(map(guard.permits, ("192.168.8.1", "127.0.0.1", "fd12:3457::1", "::ffff:192.168.8.1")))


def test_a_network_that_is_none_is_an_error() -> None:
    with pytest.raises(ValueError, match="host bits"):
        AddressGuard(("192.168.7.1/24",))
