"""Whether the address one end calls is one the other end answers at; a NAT between and names stay undecided."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from wizard.facts.addresses import needs_nat
from wizard.facts.parsers.ipsec_values import ANYBODY

Address = IPv4Address | IPv6Address


def fits(called: Sequence[str], held: Sequence[str]) -> bool | None:
    """Whether a list of peer addresses fits the other end's own; None when that cannot be told."""
    if not called or not held or any(one in ANYBODY for one in (*called, *held)):
        return None
    verdicts = [_single(one, other) for one in called for other in held]
    if True in verdicts:
        return True
    return None if None in verdicts else False


def _single(called: str, held: str) -> bool | None:
    if called == held:
        return True
    left, right = _span(called), _span(held)
    if left is None or right is None:
        return None
    if left[0].version != right[0].version:
        return False
    if left[0] <= right[1] and right[0] <= left[1]:  # type: ignore[operator]
        return True
    return None if needs_nat(right[0]) != needs_nat(left[0]) else False


def _span(text: str) -> tuple[Address, Address] | None:
    low, dash, high = text.partition("-")
    try:
        if dash:
            return ip_address(low.strip()), ip_address(high.strip())
        if "/" in text:
            network = ip_network(text, strict=False)
            return network[0], network[-1]
        return ip_address(text), ip_address(text)
    except ValueError:
        return None
