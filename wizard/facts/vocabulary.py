"""The words trees may use: every fact's name, type, meaning, and the probe or exercise that yields it.

A tree that uses a name not listed here does not pass `ipsec-wizard lint`; a parser that yields one is a bug.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class FactType(StrEnum):
    """What kind of value a fact has, so that lint can tell a comparison that can never hold."""

    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    TEXT = "text"
    WORDS = "words"


Scope = Literal["end", "pair"]


@dataclass(frozen=True, slots=True)
class FactSpec:
    """One word of the vocabulary; `source` is the probe or the exercise that yields it."""

    name: str
    type: FactType
    scope: Scope
    source: str
    meaning: str
    values: tuple[str, ...] = ()
    """For a text that is one of a few words: those words."""


def _end(name: str, kind: FactType, source: str, meaning: str, *values: str) -> FactSpec:
    return FactSpec(name, kind, "end", source, meaning, values)


def _pair(name: str, kind: FactType, source: str, meaning: str, *values: str) -> FactSpec:
    return FactSpec(name, kind, "pair", source, meaning, values)


_B, _I, _F, _T, _W = FactType.BOOL, FactType.INT, FactType.FLOAT, FactType.TEXT, FactType.WORDS

IKE = "ike-four-points"
TRAFFIC = "traffic"

_SPECS: tuple[FactSpec, ...] = (
    _pair(
        "symptom",
        _T,
        "session",
        "what the operator says is wrong",
        "never-up",
        "drops",
        "no-traffic",
        "partly",
        "check",
    ),
    # the gateway itself
    _end("logged_in", _B, "login", "the gateway could be logged in to"),
    _end("managed", _B, "login", "the inventory names a gateway for this end, not just an address"),
    _end("login_problem", _T, "login", "why the login failed, in one sentence"),
    _end(
        "implementation",
        _T,
        "daemon",
        "which IKE implementation is installed",
        "strongswan-swanctl",
        "strongswan-ipsec",
        "libreswan",
        "none",
    ),
    _end("daemon_version", _T, "swanctl-stats", "version the daemon reports"),
    _end("daemon_running", _B, "daemon", "the IKE daemon answers on its control socket or is seen running"),
    _end("daemon_restarts", _I, "daemon", "how often systemd restarted the daemon"),
    _end("ike_sockets_bound", _B, "sockets", "UDP 500 and 4500 belong to the IKE daemon"),
    _end("rights_missing", _W, "daemon", "probes this login may not run"),
    _pair("clock_difference_s", _F, "clock", "near clock minus far clock, seconds, network delay taken out"),
    # configuration: on disk, loaded, running are three things
    _end("config_readable", _B, "swanctl-config", "the configuration on disk could be read"),
    _end("config_parses", _B, "swanctl-config", "the configuration on disk parses"),
    _end("connection_on_disk", _B, "swanctl-config", "a connection for this tunnel stands on disk"),
    _end("connection_loaded", _B, "swanctl-conns", "a connection for this tunnel is loaded in the daemon"),
    _end("child_loaded", _B, "swanctl-conns", "the child (protected networks) of this tunnel is loaded"),
    _end("disk_matches_loaded", _B, "swanctl-config", "what stands on disk is what the daemon has loaded"),
    _end("disk_difference", _T, "swanctl-config", "what differs between disk and daemon"),
    _end("psk_used", _B, "swanctl-conns", "this end authenticates itself or its peer by pre-shared key"),
    _end("psk_present", _B, "swanctl-config", "a pre-shared key for this pair of identities stands on disk"),
    _end(
        "psk_candidates",
        _I,
        "swanctl-config",
        "how many keys on disk fit this pair of identities equally well",
    ),
    _end(
        "identity_fits_peer", _B, "swanctl-conns", "the identity this end sends is one the other end expects"
    ),
    _end(
        "peer_address_fits",
        _B,
        "swanctl-conns",
        "the peer address configured here is an address of the other gateway",
    ),
    _end("local_address_present", _B, "addresses", "the configured local address is on an interface"),
    _pair("psk_agrees", _B, "swanctl-config", "both ends hold the same pre-shared key for this pair"),
    _pair("ike_versions_agree", _B, "swanctl-conns", "both ends speak one IKE version"),
    _pair("auth_methods_agree", _B, "swanctl-conns", "each end proves itself the way the other wants"),
    _pair("ike_proposals_agree", _B, "swanctl-config", "the ends have an IKE proposal in common"),
    _pair("ike_proposal_difference", _T, "swanctl-config", "the field in which the IKE proposals differ"),
    _pair("esp_proposals_agree", _B, "swanctl-config", "the ends have an ESP proposal in common"),
    _pair("esp_proposal_difference", _T, "swanctl-config", "the field in which the ESP proposals differ"),
    _pair("selectors_mirror", _B, "swanctl-conns", "the protected networks of the ends mirror each other"),
    _pair(
        "selectors_overlap",
        _B,
        "swanctl-conns",
        "the protected networks have a part in common, so narrowing can succeed",
    ),
    _pair("selector_difference", _T, "swanctl-conns", "which networks do not mirror each other"),
    _pair("modes_agree", _B, "swanctl-conns", "both ends want tunnel mode, or both transport mode"),
    _end("recent_events", _W, "recent-log", "what this end's log says about the tunnel of the last minutes"),
    # what is running
    _end(
        "ike_state",
        _T,
        "swanctl-sas",
        "state of this tunnel's IKE SA",
        "none",
        "connecting",
        "established",
        "rekeying",
        "deleting",
    ),
    _end(
        "child_state",
        _T,
        "swanctl-sas",
        "state of this tunnel's CHILD SA",
        "none",
        "installed",
        "routed",
        "pending",
    ),
    _end("child_count", _I, "swanctl-sas", "installed CHILD SAs of this tunnel"),
    _end("behind_nat", _B, "swanctl-sas", "the IKE SA says this end is behind a NAT"),
    _end("kernel_sas_present", _B, "xfrm-state", "the kernel holds the SAs the daemon says it installed"),
    _end("kernel_policies_present", _B, "xfrm-policy", "the kernel holds policies for the tunnel's networks"),
    _pair("spis_match", _B, "swanctl-sas", "each end sends with the SPI the other receives with"),
    # the gateway's own network
    _end("outside_interface_up", _B, "addresses", "the interface towards the peer is up and has carrier"),
    _end(
        "inside_interface_up", _B, "addresses", "the interface of the protected network is up and has carrier"
    ),
    _end("route_to_peer", _B, "route-lookups", "the kernel has a route to the peer's address"),
    _end("forwarding", _B, "sysctls", "IP forwarding is on"),
    _end("input_blocks_ike", _B, "firewall", "the gateway's own firewall drops IKE from the peer"),
    _end("output_blocks_ike", _B, "firewall", "the gateway's own firewall drops IKE to the peer"),
    _end("input_blocks_esp", _B, "firewall", "the gateway's own firewall drops ESP from the peer"),
    _end("output_blocks_esp", _B, "firewall", "the gateway's own firewall drops ESP to the peer"),
    _end(
        "forward_blocks_tunnel", _B, "firewall", "a forward rule drops traffic between the protected networks"
    ),
    _end("nat_rewrites_tunnel", _B, "firewall", "a NAT rule rewrites tunnel traffic before IPsec sees it"),
    # the four-point exercise: as seen at this end, for the attempt this end takes part in
    _end(
        "attempt_result",
        _T,
        IKE,
        "how the attempt started from this end went",
        "up",
        "child-refused",
        "refused",
        "no-answer",
        "not-started",
    ),
    _end("ike_request_left", _B, IKE, "this end's IKE request left its outside interface"),
    _end("ike_request_arrived", _B, IKE, "the other end's IKE request arrived at this outside interface"),
    _end("ike_request_accepted", _B, IKE, "this end's daemon took the other end's request"),
    _end("ike_reply_left", _B, IKE, "this end's answer left its outside interface"),
    _end("ike_reply_arrived", _B, IKE, "the other end's answer arrived at this outside interface"),
    _end("ike_reply_accepted", _B, IKE, "this end's daemon took the other end's answer"),
    _end("auth_request_left", _B, IKE, "this end's IKE_AUTH (or its IKEv1 like) left its outside interface"),
    _end("auth_request_arrived", _B, IKE, "the other end's IKE_AUTH arrived at this outside interface"),
    _end("auth_reply_left", _B, IKE, "this end's answer to IKE_AUTH left its outside interface"),
    _end("auth_reply_arrived", _B, IKE, "the answer to IKE_AUTH arrived at this outside interface"),
    _end("ike_events", _W, IKE, "what this end's log says about the attempt, as named events"),
    _end(
        "peer_ping_arrived",
        _B,
        IKE,
        "packets of the other end's ping were seen arriving at this outside interface",
    ),
    _end(
        "peer_questions",
        _W,
        "swanctl-conns",
        "what to ask the other side's administrator, with our side's parameters",
    ),
    # the traffic exercise
    _end(
        "outside_ping", _B, TRAFFIC, "the peer's outside address answers a ping from here, outside the tunnel"
    ),
    _end(
        "peer_ping",
        _B,
        IKE,
        "the peer's outside address answers a ping from here (a hint only: many filter it)",
    ),
    _end("lan_host_ping", _B, TRAFFIC, "a host behind this gateway answers it"),
    _end(
        "tunnel_ping", _B, TRAFFIC, "this gateway's inside address reaches the other gateway's inside address"
    ),
    _end("remote_host_ping", _B, TRAFFIC, "this gateway reaches a host behind the other gateway"),
    _end("request_encrypted", _B, TRAFFIC, "test packets sent from this end went into its outbound SA"),
    _end("request_decrypted", _B, TRAFFIC, "the other end's test packets came out of this end's inbound SA"),
    _end(
        "reply_encrypted",
        _B,
        TRAFFIC,
        "this end's answers to the other end's test packets went into its outbound SA",
    ),
    _end("reply_decrypted", _B, TRAFFIC, "the answers to this end's test packets came out of its inbound SA"),
    _end(
        "request_esp_left",
        _B,
        TRAFFIC,
        "this end's encrypted test packets were seen leaving its outside interface",
    ),
    _end(
        "request_esp_arrived",
        _B,
        TRAFFIC,
        "the other end's encrypted test packets were seen arriving at this outside interface",
    ),
    _end(
        "reply_esp_left", _B, TRAFFIC, "this end's encrypted answers were seen leaving its outside interface"
    ),
    _end(
        "reply_esp_arrived",
        _B,
        TRAFFIC,
        "the encrypted answers to this end's test packets were seen arriving",
    ),
    _end(
        "plaintext_left",
        _B,
        TRAFFIC,
        "packets of the protected networks were seen leaving the outside interface unencrypted",
    ),
    _end("test_source_known", _B, TRAFFIC, "this gateway has an inside address to send test packets from"),
    _end("remote_host_known", _B, TRAFFIC, "a host behind the other gateway is known to test with"),
    _end("xfrm_errors", _W, TRAFFIC, "kernel IPsec error counters that rose during the test"),
    _end("forward_errors", _B, TRAFFIC, "the kernel counted packets it would not forward during the test"),
    _end("drop_rules_hit", _W, TRAFFIC, "firewall drop rules whose counters rose during the test"),
)

VOCABULARY: dict[str, FactSpec] = {spec.name: spec for spec in _SPECS}
"""Every fact by its name without the end prefix."""

EXERCISES: frozenset[str] = frozenset({IKE, TRAFFIC})
"""Names a tree may give in `exercise:`."""
