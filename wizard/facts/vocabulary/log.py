"""Words of a pasted log: what one end said, with no gateway at hand; the end is always `near`."""

from __future__ import annotations

from wizard.facts.vocabulary.spec import BOOL, INT, TEXT, WORDS, FactSpec, end

LOG = "log"

SPECS: tuple[FactSpec, ...] = (
    end("log_events", WORDS, LOG, "what the attempt that counts says, and what stands whatever the attempt"),
    end("log_history", WORDS, LOG, "what the attempts before it say"),
    end("log_up", BOOL, LOG, "the log ends with the tunnel up"),
    end("log_was_up", BOOL, LOG, "the tunnel was up before the trouble"),
    end("log_ike_up", BOOL, LOG, "the IKE SA stood when the trouble came"),
    end("log_role", TEXT, LOG, "which part this end played", "initiator", "responder"),
    end("log_ike", TEXT, LOG, "the IKE version spoken", "1", "2"),
    end("log_daemon", TEXT, LOG, "whose words decided the log", "charon", "pluto", "cisco"),
    end("log_mode", TEXT, LOG, "the exchange that sets up an IKEv1 SA", "main", "aggressive"),
    end("log_auth", TEXT, LOG, "how identities are proved", "psk", "certificate", "eap"),
    end(
        "log_unanswered",
        TEXT,
        LOG,
        "the message no answer came to: the first one, the proof of identity, the request for the tunnel, or one "
        "sent when the tunnel was up",
        "first",
        "proof",
        "child",
        "later",
    ),
    end("log_nat", BOOL, LOG, "there is a NAT between the ends"),
    end("log_moved_to_4500", BOOL, LOG, "the unanswered message left for UDP 4500"),
    end("log_auth_repeated", BOOL, LOG, "the peer repeats a message after its first"),
    end(
        "log_identity",
        TEXT,
        LOG,
        "the kind of identity this end sends: an address, a distinguished name, another name",
        "address",
        "dn",
        "name",
    ),
    end("log_heard", BOOL, LOG, "something came from the peer"),
    end("log_proposals", TEXT, LOG, "which proposals the ends hold against each other", "ike", "esp"),
    end("log_proposals_fit", BOOL, LOG, "the proposals received and configured have one in common"),
    end("log_proposal_difference", TEXT, LOG, "the field in which the proposals differ"),
    end(
        "log_proposal_field",
        TEXT,
        LOG,
        "the kind of algorithm in which the proposals differ",
        "group",
        "protocol",
        "other",
    ),
    end("log_keys_tried", INT, LOG, "how many pre-shared keys were tried on the peer's proof"),
    end(
        "log_cert_time",
        TEXT,
        LOG,
        "where the time of the log lies against the certificate's dates; epoch: it is the time of a clock never set",
        "epoch",
        "before",
        "within",
        "after",
    ),
    end("log_replacements", INT, LOG, "how often one SA took another's place because both bear one identity"),
    end(
        "log_refused",
        TEXT,
        LOG,
        "what this end refused, where the log tells no more",
        "proof",
        "networks",
        "proposals",
    ),
    end("log_attempts", INT, LOG, "attempts seen"),
)
