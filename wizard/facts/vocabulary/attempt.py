"""Words of the four-point exercise: as seen at this end, for the attempt this end takes part in."""

from __future__ import annotations

from wizard.facts.vocabulary.spec import BOOL, IKE, TEXT, WORDS, FactSpec, end

SPECS: tuple[FactSpec, ...] = (
    end(
        "attempt_result",
        TEXT,
        IKE,
        "how the attempt started from this end went",
        "up",
        "child-refused",
        "refused",
        "no-answer",
        "not-started",
    ),
    end("ike_request_left", BOOL, IKE, "this end's IKE request left its outside interface"),
    end("ike_request_arrived", BOOL, IKE, "the other end's IKE request arrived at this outside interface"),
    end("ike_request_accepted", BOOL, IKE, "this end's daemon took the other end's request"),
    end("ike_reply_left", BOOL, IKE, "this end's answer left its outside interface"),
    end("ike_reply_arrived", BOOL, IKE, "the other end's answer arrived at this outside interface"),
    end("ike_reply_accepted", BOOL, IKE, "this end's daemon took the other end's answer"),
    end("auth_request_left", BOOL, IKE, "this end's IKE_AUTH (or its IKEv1 like) left its outside interface"),
    end("auth_request_arrived", BOOL, IKE, "the other end's IKE_AUTH arrived at this outside interface"),
    end(
        "auth_request_accepted",
        BOOL,
        IKE,
        "this end's daemon took the other end's IKE_AUTH (or its IKEv1 like)",
    ),
    end(
        "auth_request_fragmented",
        BOOL,
        IKE,
        "this end's IKE_AUTH was larger than a packet and left in IP fragments",
    ),
    end("auth_on_natt_port", BOOL, IKE, "this end's IKE_AUTH (or its IKEv1 like) left by UDP 4500"),
    end(
        "ike_source_port_kept",
        BOOL,
        IKE,
        "the other end's request arrived from UDP 500 or 4500, not from a port a NAT gave it",
    ),
    end(
        "source_translated",
        BOOL,
        IKE,
        "the other end's request arrived from another address than it was sent from: a NAT stands between",
    ),
    end(
        "selected_connection",
        TEXT,
        IKE,
        "the connection this end's daemon took for the peer in this attempt",
    ),
    end(
        "selected_other",
        BOOL,
        IKE,
        "this end's daemon took another of its connections for the peer than the one that is meant",
    ),
    end("auth_reply_left", BOOL, IKE, "this end's answer to IKE_AUTH left its outside interface"),
    end("auth_reply_arrived", BOOL, IKE, "the answer to IKE_AUTH arrived at this outside interface"),
    end("ike_events", WORDS, IKE, "what this end's log says about the attempt, as named events"),
    end(
        "next_hop_answers",
        BOOL,
        IKE,
        "the machine on the line that this end hands packets for its peer to has told its hardware address",
    ),
    end(
        "peer_ping_arrived",
        BOOL,
        IKE,
        "packets of the other end's ping were seen arriving at this outside interface",
    ),
    end(
        "peer_questions",
        WORDS,
        "connections",
        "what to ask the other side's administrator, with our side's parameters",
    ),
)
