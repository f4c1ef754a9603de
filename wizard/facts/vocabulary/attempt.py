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
    end("auth_reply_left", BOOL, IKE, "this end's answer to IKE_AUTH left its outside interface"),
    end("auth_reply_arrived", BOOL, IKE, "the answer to IKE_AUTH arrived at this outside interface"),
    end("ike_events", WORDS, IKE, "what this end's log says about the attempt, as named events"),
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
