"""Names of the probes of the traffic exercise, and of the pings that one of them sends."""

from __future__ import annotations

from typing import Final

CAPTURE: Final = "traffic-capture"
BEFORE: Final = "xfrm-state-before"
BETWEEN: Final = "xfrm-state-between"
AFTER: Final = "xfrm-state-after"
SAS: Final = "sas-after"
KERNEL_BEFORE: Final = "kernel-counters-before"
KERNEL: Final = "kernel-counters-after"
RULES: Final = "firewall-after"
PINGS: Final = "test-packets"
TUNNEL_PING: Final = "tunnel-ping"
REMOTE_PING: Final = "remote-host-ping"
LAN_PING: Final = "lan-host-ping"
BEYOND_PING: Final = "lan-host-from-outside-address"
OUTSIDE_PING: Final = "outside-ping"
GUESS_PING: Final = "guessed-address-ping"
LARGE_PING: Final = "large-ping"
TUNNEL_ROUTE: Final = "route-to-remote"
LAN_ROUTE: Final = "route-to-lan-host"
DUPLICATE: Final = "duplicate-address"
