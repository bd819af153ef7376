"""Says which addresses may be connected to. It knows addresses only: names are resolved before, elsewhere.

The table is our own: `ipaddress.is_global` calls 6to4, NAT64, multicast, IPv4-compatible and some mapped
addresses public. What is refused is refused at the connection itself, so that neither a spelling, a redirect
nor a name that resolves differently the second time gets around it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

_NOT_PUBLIC_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this host (RFC 1122)
        "10.0.0.0/8",  # private (RFC 1918)
        "100.64.0.0/10",  # carriers' NAT (RFC 6598), and Alibaba's metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's metadata
        "169.254.0.0/16",  # link-local, and most clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments (RFC 6890), and Oracle's metadata
        "192.0.2.0/24",  # documentation (RFC 5737)
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks (RFC 2544)
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_PUBLIC_6 = IPv6Network("2000::/3")
"""All that is assigned as global unicast; everything outside is refused without being named."""
_NOT_PUBLIC_6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID (RFC 2928)
        "2001:db8::/32",  # documentation (RFC 3849)
        "2002::/16",  # 6to4 (RFC 3056): leads to an IPv4 address of any kind
        "3fff::/20",  # documentation (RFC 9637)
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are the IPv4 address that is reached."""


class AddressRefused(OSError):
    """A connection to an address that is not public, and not allowed by the configuration."""


class AddressGuard:
    """Refuses every address that is not public, except on networks that the user allowed."""

    def __init__(self, allow: Iterable[str] = ()) -> None:
        """Take networks as CIDR texts. Raises ValueError where one is none."""
        self._allow = tuple(ip_network(network) for network in allow)
        self.permits = lru_cache(maxsize=4096)(self._permits)
        """Whether an address, as text, may be connected to; what is no address may not."""

    def check(self, address: str) -> None:
        """Raise AddressRefused where an address may not be connected to."""
        if not self.permits(address):
            message = f"the address {address} is not public; network: allow: in monitor.yaml can allow it"
            raise AddressRefused(message)

    def _permits(self, address: str) -> bool:
        try:
            target = _reached(ip_address(address))
        except ValueError:
            return False
        return any(target in network for network in self._allow) or _is_public(target)


def _reached(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Give the IPv4 address that an IPv6 one leads to, where it is only that one's wrapping."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else address


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    return address in _PUBLIC_6 and not any(address in network for network in _NOT_PUBLIC_6)
