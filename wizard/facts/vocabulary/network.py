"""Words about a gateway's own network: interfaces, routes, forwarding, its firewall."""

from __future__ import annotations

from wizard.facts.vocabulary.spec import BOOL, INT, FactSpec, end, pair

SPECS: tuple[FactSpec, ...] = (
    end("outside_interface_up", BOOL, "addresses", "the interface towards the peer is up and has carrier"),
    end(
        "inside_interface_up",
        BOOL,
        "addresses",
        "the interface of the protected network is up and has carrier",
    ),
    end("route_to_peer", BOOL, "route-lookups", "the kernel has a route to the peer's address"),
    end("forwarding", BOOL, "sysctls", "IP forwarding is on"),
    end("input_blocks_ike", BOOL, "firewall", "the gateway's own firewall drops IKE from the peer"),
    end("output_blocks_ike", BOOL, "firewall", "the gateway's own firewall drops IKE to the peer"),
    end("input_blocks_esp", BOOL, "firewall", "the gateway's own firewall drops ESP from the peer"),
    end("output_blocks_esp", BOOL, "firewall", "the gateway's own firewall drops ESP to the peer"),
    end(
        "forward_blocks_tunnel",
        BOOL,
        "firewall",
        "a forward rule drops traffic between the protected networks",
    ),
    end("nat_rewrites_tunnel", BOOL, "firewall", "a NAT rule rewrites tunnel traffic before IPsec sees it"),
    end(
        "hosts_behind",
        BOOL,
        "connections",
        "the protected network holds more than this gateway, so that it must forward",
    ),
    end(
        "remote_network_connected",
        BOOL,
        "addresses",
        "this gateway is itself connected to a part of the remote network",
    ),
    pair(
        "networks_overlap",
        BOOL,
        "addresses",
        "the network inside one gateway and the one inside the other are the same addresses",
    ),
    end(
        "peer_route_elsewhere",
        BOOL,
        "route-lookups",
        "packets to the peer leave by another interface than the one that has the tunnel's own address",
    ),
    end(
        "strict_rp_filter",
        BOOL,
        "sysctls",
        "strict reverse-path filtering is on for an interface the tunnel uses",
    ),
    end(
        "ipsec_bypassed",
        BOOL,
        "sysctls",
        "the outside interface is set to let packets pass without IPsec (disable_xfrm)",
    ),
    end("outside_mtu", INT, "addresses", "MTU of the outside interface, bytes"),
    end("mss_clamped", BOOL, "firewall", "a rule adjusts the TCP segment size of forwarded connections"),
)
