"""Words about what runs: SAs, kernel states and policies."""

from __future__ import annotations

from wizard.facts.vocabulary.spec import BOOL, INT, TEXT, FactSpec, end, pair

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
    pair("spis_match", BOOL, "sas", "each end sends with the SPI the other receives with"),
)
