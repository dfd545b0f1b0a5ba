"""IP networks, for what SQL does not do: IPv6, and networks that differ from row to row."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from replay.udf import user_function

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=1024)
def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def _contains(network: str, address: str) -> bool:
    """Whether the address is in the network; false if either is none."""
    found = _network(network)
    if found is None:
        return False
    try:
        return ipaddress.ip_address(address.strip()) in found
    except ValueError:
        return False


in_cidr = user_function("py_cidr", _contains, ["VARCHAR", "VARCHAR"], "BOOLEAN")
