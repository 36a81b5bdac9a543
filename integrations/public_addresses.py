"""Which addresses are of the open internet: no machine of ours, of our network or of our host may stand behind one."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

GLOBAL_UNICAST = ip_network("2000::/3")
REFUSED = tuple(
    ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments; a cloud's metadata at .192, which Python takes for global
        "192.88.99.0/24",  # relays of 6to4
        "168.63.129.16/32",  # another cloud's own services, at a public number
        "2001::/23",  # protocol assignments, Teredo among them, which carries an IPv4 address
        "2002::/16",  # 6to4, which carries one too
        "2001:db8::/32",
        "3fff::/20",  # documentation
    )
)
"""Beyond what Python calls not global."""


def is_public(address: Address) -> bool:
    """Whether this is a public address of one machine; one inside another is judged by itself."""
    address = unwrapped(address)
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified:
        return False
    if isinstance(address, IPv6Address) and address not in GLOBAL_UNICAST:
        return False  # NAT64 (64:ff9b::/96), IPv4-compatible, site-local and whatever else is none
    return not any(address in network for network in REFUSED)


def is_loopback(address: Address) -> bool:
    """Whether this is an address of this machine alone."""
    return unwrapped(address).is_loopback


def unwrapped(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one that stands for it."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def read(text: str) -> Address:
    """An address as a resolver tells it, without the zone of a link. Raises ValueError."""
    return ip_address(text.partition("%")[0])
