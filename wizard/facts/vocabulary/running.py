"""Words about what runs: SAs, kernel states and policies."""

from __future__ import annotations

from wizard.facts.vocabulary.spec import BOOL, INT, TEXT, WORDS, FactSpec, end, pair

SPECS: tuple[FactSpec, ...] = (
    end(
        "ike_state",
        TEXT,
        "sas",
        "state of this tunnel's IKE SA",
        "none",
        "connecting",
        "established",
        "rekeying",
        "deleting",
    ),
    end(
        "child_state",
        TEXT,
        "sas",
        "state of this tunnel's CHILD SA",
        "none",
        "installed",
        "routed",
        "pending",
    ),
    end("child_count", INT, "sas", "installed CHILD SAs of this tunnel"),
    end("behind_nat", BOOL, "sas", "the IKE SA says this end is behind a NAT"),
    end("kernel_sas_present", BOOL, "xfrm-state", "the kernel holds the SAs the daemon says it installed"),
    end(
        "kernel_policies_present", BOOL, "xfrm-policy", "the kernel holds policies for the tunnel's networks"
    ),
    end("child_encap", BOOL, "sas", "ESP of the installed CHILD SA travels inside UDP 4500"),
    end("duplicate_sas", BOOL, "sas", "more than one CHILD SA is installed for the same networks"),
    end(
        "networks_not_carried",
        WORDS,
        "sas",
        "networks configured at this end that the installed CHILD SAs do not carry, or not whole",
    ),
    end(
        "trap_installed",
        BOOL,
        "xfrm-policy",
        "the kernel holds a policy that starts the tunnel when a packet asks for it, or uses it",
    ),
    end("daemon_uptime_s", INT, "daemon-stats", "how long the daemon has run, seconds"),
    end("half_open", INT, "daemon-stats", "IKE SAs that are being set up and not yet established"),
    end("times_up", INT, "recent-log", "how often the log says the tunnel came up"),
    end("attempts_seen", BOOL, "recent-log", "the log tells of attempts to start the tunnel"),
    end("last_up_s", INT, "recent-log", "how long the tunnel stood the last time it went down, seconds"),
    end("last_sa_s", INT, "recent-log", "how old its newest CHILD SA was when it went down, seconds"),
    end(
        "down_reason",
        TEXT,
        "recent-log",
        "what took the tunnel down the last time, by this end's log",
        "idle",
        "dpd",
        "expired",
        "rekey-failed",
        "reauth",
        "peer-deleted",
        "deleted-here",
        "daemon-stopped",
    ),
    end(
        "cut_by",
        WORDS,
        "recent-log",
        "configured times that fit how long the tunnel stood: idle, child-life, child-rekey, ike-rekey, reauth; "
        "those of the other end with peer- before them",
    ),
    end("fixed_time", BOOL, "recent-log", "the tunnel stood equally long each time"),
    pair(
        "nat_between",
        BOOL,
        "sas",
        "the ends see each other by other addresses than they have: a NAT stands between",
    ),
    pair("spis_match", BOOL, "sas", "each end sends with the SPI the other receives with"),
)
