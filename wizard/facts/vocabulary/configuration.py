"""Words about configuration: on disk, loaded, running are three things."""

from __future__ import annotations

from wizard.facts.vocabulary.spec import BOOL, INT, TEXT, WORDS, FactSpec, end, pair

SPECS: tuple[FactSpec, ...] = (
    end("config_readable", BOOL, "config", "the configuration on disk could be read"),
    end("config_parses", BOOL, "config", "the configuration on disk parses"),
    end("connection_on_disk", BOOL, "config", "a connection for this tunnel stands on disk"),
    end("connection_loaded", BOOL, "connections", "a connection for this tunnel is loaded in the daemon"),
    end("child_loaded", BOOL, "connections", "the child (protected networks) of this tunnel is loaded"),
    end("disk_matches_loaded", BOOL, "config", "what stands on disk is what the daemon has loaded"),
    end("disk_difference", TEXT, "config", "what differs between disk and daemon"),
    end("psk_used", BOOL, "connections", "this end authenticates itself or its peer by pre-shared key"),
    end("psk_present", BOOL, "config", "a pre-shared key for this pair of identities stands on disk"),
    end(
        "psk_candidates",
        INT,
        "config",
        "how many keys on disk fit this pair of identities equally well",
    ),
    end(
        "identity_fits_peer", BOOL, "connections", "the identity this end sends is one the other end expects"
    ),
    end(
        "peer_address_fits",
        BOOL,
        "connections",
        "the peer address configured here is an address of the other gateway",
    ),
    end("local_address_present", BOOL, "addresses", "the configured local address is on an interface"),
    pair("psk_agrees", BOOL, "config", "both ends hold the same pre-shared key for this pair"),
    pair("ike_versions_agree", BOOL, "connections", "both ends speak one IKE version"),
    pair("auth_methods_agree", BOOL, "connections", "each end proves itself the way the other wants"),
    pair("ike_proposals_agree", BOOL, "config", "the ends have an IKE proposal in common"),
    pair("ike_proposal_difference", TEXT, "config", "the field in which the IKE proposals differ"),
    pair("esp_proposals_agree", BOOL, "config", "the ends have an ESP proposal in common"),
    pair("esp_proposal_difference", TEXT, "config", "the field in which the ESP proposals differ"),
    pair("selectors_mirror", BOOL, "connections", "the protected networks of the ends mirror each other"),
    pair(
        "selectors_overlap",
        BOOL,
        "connections",
        "the protected networks have a part in common, so narrowing can succeed",
    ),
    pair("selector_difference", TEXT, "connections", "which networks do not mirror each other"),
    pair("modes_agree", BOOL, "connections", "both ends want tunnel mode, or both transport mode"),
    end(
        "log_level_low",
        BOOL,
        "recent-log",
        "the daemon's log is set to say too little to judge by its silence",
    ),
    end(
        "recent_events", WORDS, "recent-log", "what this end's log says about the tunnel of the last minutes"
    ),
)
