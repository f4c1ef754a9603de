"""Words about a gateway as a machine: login, daemon, clock."""

from __future__ import annotations

from wizard.facts.vocabulary.spec import BOOL, FLOAT, INT, TEXT, WORDS, FactSpec, end, pair

SPECS: tuple[FactSpec, ...] = (
    pair(
        "symptom",
        TEXT,
        "session",
        "what the operator says is wrong",
        "never-up",
        "drops",
        "no-traffic",
        "partly",
        "check",
    ),
    end("logged_in", BOOL, "login", "the gateway could be logged in to"),
    end("managed", BOOL, "login", "the inventory names a gateway for this end, not just an address"),
    end("login_problem", TEXT, "login", "why the login failed, in one sentence"),
    end(
        "implementation",
        TEXT,
        "daemon",
        "which IKE implementation is installed",
        "strongswan-swanctl",
        "strongswan-ipsec",
        "libreswan",
        "none",
    ),
    end("daemon_version", TEXT, "daemon-stats", "version the daemon reports"),
    end("daemon_running", BOOL, "daemon", "the IKE daemon answers on its control socket or is seen running"),
    end("daemon_restarts", INT, "daemon", "how often systemd restarted the daemon"),
    end("ike_sockets_bound", BOOL, "sockets", "UDP 500 and 4500 belong to the IKE daemon"),
    end(
        "ike_port_owner",
        TEXT,
        "sockets",
        "the program that owns UDP 500 or 4500 in the IKE daemon's place; empty: none",
    ),
    end(
        "daemon_crashing",
        BOOL,
        "daemon",
        "the daemon fell or was restarted again and again, the last time not long ago",
    ),
    end("daemon_hangs", BOOL, "daemon", "the daemon's process is there and answers no question about itself"),
    end(
        "start_failed",
        BOOL,
        "daemon",
        "the daemon does not run because it, or what systemd does to start it, ended in failure",
    ),
    end("rights_missing", WORDS, "daemon", "probes this login may not run"),
    pair(
        "clock_difference_s", FLOAT, "clock", "near clock minus far clock, seconds, network delay taken out"
    ),
)
