"""Words of path MTU, names and services: what users of the tunnel run into when addresses already answer."""

from __future__ import annotations

from wizard.facts.vocabulary.spec import BOOL, INT, PATH_MTU, SERVICES, TEXT, FactSpec, end, pair

SPECS: tuple[FactSpec, ...] = (
    end(
        "path_mtu_inside",
        INT,
        PATH_MTU,
        "largest of the tested packets that this end got through the tunnel unfragmented, bytes",
    ),
    end(
        "path_mtu_outside",
        INT,
        PATH_MTU,
        "largest of the tested packets that this end got to the peer outside the tunnel, unfragmented, bytes",
    ),
    end(
        "large_packets_lost",
        BOOL,
        PATH_MTU,
        "packets that this gateway takes into the tunnel are lost for their size, and nobody tells it",
    ),
    end(
        "frag_needed_seen",
        BOOL,
        PATH_MTU,
        "ICMP 'fragmentation needed' arrived at this gateway's outside interface",
    ),
    pair("recommended_mss", INT, PATH_MTU, "TCP segment size with which both directions get through, bytes"),
    pair("recommended_mtu", INT, PATH_MTU, "packet size with which both directions get through, bytes"),
    pair("name_server_named", BOOL, "session", "the inventory names a name server and a name to test with"),
    pair("service_named", BOOL, "session", "the inventory names a service to test with"),
    end("name_server_ping", BOOL, SERVICES, "the name server answers a ping from this gateway"),
    end(
        "name_lookup",
        TEXT,
        SERVICES,
        "what the name server answers when this gateway asks it for the name",
        "right",
        "answered",
        "wrong",
        "no-such-name",
        "failed",
        "refused",
        "no-answer",
    ),
    end("service_host_ping", BOOL, SERVICES, "the service's host answers a ping from this gateway"),
    end(
        "service_connect",
        TEXT,
        SERVICES,
        "what comes of a connection from this gateway to the service",
        "open",
        "refused",
        "rejected",
        "no-answer",
    ),
)
