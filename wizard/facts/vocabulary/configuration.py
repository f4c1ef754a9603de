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
    end(
        "crypto_map_applied",
        BOOL,
        "connections",
        "the crypto map or tunnel protection is on the interface that faces the peer (Cisco)",
    ),
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
    pair(
        "pfs_agrees",
        BOOL,
        "config",
        "the ends want the same perfect forward secrecy; unknown where their ESP proposals differ anyway",
    ),
    pair("exchange_modes_agree", BOOL, "config", "both ends want IKEv1 main mode, or both aggressive mode"),
    pair(
        "lifetimes_fit",
        BOOL,
        "config",
        "no end drops the CHILD SA at a fixed time without renewing it before, while the other would keep it longer",
    ),
    pair("lifetime_difference", TEXT, "config", "the times of both ends, where they do not fit"),
    pair("selector_difference", TEXT, "connections", "which networks do not mirror each other"),
    pair(
        "virtual_ips_agree", BOOL, "config", "the virtual IP one end asks for is one the other end hands out"
    ),
    pair("virtual_ip_difference", TEXT, "config", "what does not fit about virtual IPs, in one sentence"),
    pair("modes_agree", BOOL, "connections", "both ends want tunnel mode, or both transport mode"),
    end("psk_ambiguous", BOOL, "config", "several different keys fit this pair of identities equally well"),
    end(
        "psk_shadowed",
        BOOL,
        "config",
        "the other end's key is here, and so is another one that this end may take instead",
    ),
    end("starts_itself", BOOL, "config", "this end starts the tunnel by itself, or when traffic asks for it"),
    end(
        "comes_back",
        BOOL,
        "config",
        "this end would bring the tunnel back after it was lost or taken down",
    ),
    end("dpd_on", BOOL, "config", "this end asks whether its peer still lives (dead peer detection)"),
    end(
        "idle_limit_s", INT, "config", "after how many idle seconds this end takes the tunnel down; 0: never"
    ),
    end("child_life_s", INT, "config", "how long a CHILD SA lives at this end, seconds"),
    end("child_rekey_s", INT, "config", "when this end renews a CHILD SA, seconds; 0: never"),
    end("ike_rekey_s", INT, "config", "when this end renews the IKE SA, seconds; 0: never"),
    end("reauth_s", INT, "config", "when this end authenticates afresh, seconds; 0: never"),
    end(
        "weak_algorithms",
        WORDS,
        "config",
        "algorithms this end would agree on first, or has agreed on, that are broken or too short today",
    ),
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
