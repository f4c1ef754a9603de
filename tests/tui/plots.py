"""The plots of scripted sessions: a key that differs, a healthy tunnel, a question to the operator."""

from __future__ import annotations

from collections.abc import Callable

from tests.tui.answers import KEY_A, KEY_B, REFUSED
from wizard.engine.model import (
    Answered,
    Ask,
    Branched,
    Collect,
    Collected,
    Ended,
    Entered,
    Event,
    Exercise,
    Finding,
    Finish,
    Found,
    Mapped,
    Mark,
    Option,
    Outcome,
    Reply,
    Request,
    Requested,
    Segment,
    Warned,
)
from wizard.facts.model import Fact
from wizard.flow.spec import Cause, Check, Flow, Referral, Remedy, RemedyStep

Tells = Callable[[Request, Reply], tuple[Event, ...]]


def _map(*marks: Mark, note: str = "") -> Mapped:
    legs = ("near-lan", "near-gateway", "wan", "far-gateway", "far-lan")
    return Mapped(
        tuple(
            Segment(leg, mark, note if mark in ("fail", "warn") else "")
            for leg, mark in zip(legs, marks, strict=True)
        )
    )


def _check(node: str, title: str, why: str) -> Entered:
    return Entered(node, "check", title, why)


_PSK = Finding(
    "psk-mismatch",
    "The pre-shared keys differ",
    ("gw-a", "gw-b"),
    "certain",
    "gw-b checked the proof of gw-a with its key and it does not fit; the keys on disk differ.",
    (REFUSED, KEY_A, KEY_B),
    ("psk-missing", "id-mismatch"),
    ("align-psk",),
    "Put one key on both gateways, load it there (swanctl --load-creds), and start the tunnel again.",
)
_CERT = Finding(
    "cert-expires-soon",
    "A certificate expires soon",
    ("gw-b",),
    "certain",
    "The certificate of gw-b expires in 12 days.",
    (KEY_B,),
)
_UP_TO_EXERCISE: tuple[Event, ...] = (
    _check("triage.login", "Can the gateways be looked at?", "Both ends see different halves of a fault."),
    Branched(
        "triage.login",
        "ok",
        "Both gateways were read.",
        (Fact("near.logged_in", True), Fact("far.logged_in", True)),
        "triage.state",
        "else",
    ),
    _check(
        "triage.state", "Is the tunnel up at both ends?", "Up at neither means the negotiation comes first."
    ),
    Branched(
        "triage.state",
        "unknown",
        "The tunnel is not up.",
        (Fact("near.child_state", "none"), Fact("far.child_state", "none")),
        "gateway.daemon",
        "else",
    ),
    _check("gateway.daemon", "Does the IKE daemon run on both gateways?", "Without it nobody negotiates."),
    Branched(
        "gateway.daemon",
        "ok",
        "charon answers on both.",
        (Fact("near.daemon_running", True), Fact("far.daemon_running", True)),
        "key-negotiation.reaches",
        "near.daemon_running and far.daemon_running",
    ),
    _map("unknown", "ok", "unknown", "ok", "unknown"),
    _check(
        "key-negotiation.reaches",
        "Does IKE get from each gateway to the other?",
        "IKE runs over UDP 500. Until it passes both ways nothing else can work.",
    ),
    Requested(
        Exercise(
            "ike-four-points",
            "near",
            "key-negotiation.reaches",
            "IKE runs over UDP 500. Until it passes both ways nothing else can work.",
        )
    ),
)


def psk_mismatch(request: Request, reply: Reply) -> tuple[Event, ...]:
    """The keys differ; without the exercise it cannot be told."""
    if isinstance(request, Collect):
        return _UP_TO_EXERCISE
    if not isinstance(reply, Collected):
        outcome = Outcome(
            "inconclusive",
            unseen=("gw-a: not known whether this end's IKE request left its outside interface",),
        )
        return (
            Branched(
                "key-negotiation.reaches",
                "unknown",
                "Not known whether IKE passes.",
                (Fact("near.ike_request_left", None),),
                "",
            ),
            Requested(Finish(outcome)),
            Ended(outcome),
        )
    outcome = Outcome("fault", (_PSK,), (_CERT,), ("psk-missing", "id-mismatch", "daemon-not-running"))
    return (
        Branched(
            "key-negotiation.reaches",
            "ok",
            "The request of gw-a arrived at gw-b and was answered.",
            (Fact("near.ike_request_left", True), Fact("far.ike_request_arrived", True)),
            "authentication.key",
            "ike_seen_both_ways",
        ),
        _check(
            "authentication.key",
            "Do both gateways hold the same key for each other?",
            "The gateway that refuses says why in its own log. The key is the usual reason, a missing key "
            "or an identity the next.",
        ),
        Branched(
            "authentication.key",
            "fail",
            _PSK.summary,
            (
                Fact("far.ike_events", ("psk-mac-mismatch",), (REFUSED,)),
                Fact("psk_agrees", False, (KEY_A, KEY_B)),
            ),
            "",
            "'psk-mac-mismatch' in here.ike_events and psk_agrees == false",
        ),
        _map(
            "unknown", "ok", "fail", "ok", "unknown", note="gw-b refused the key that gw-a proved itself with"
        ),
        Warned(_CERT),
        Found(_PSK),
        Requested(Finish(outcome)),
        Ended(outcome),
    )


def healthy(request: Request, reply: Reply) -> tuple[Event, ...]:
    """Up at both ends, and traffic passes."""
    if isinstance(request, Collect):
        up = (
            Fact("near.child_state", "installed"),
            Fact("far.child_state", "installed"),
            Fact("spis_match", True),
        )
        return (
            *_UP_TO_EXERCISE[:2],
            _check(
                "triage.state",
                "Is the tunnel up at both ends?",
                "Up at both means keys and networks were agreed.",
            ),
            Branched(
                "triage.state",
                "ok",
                "Both ends hold the same SAs. What remains is the traffic.",
                up,
                "data-path.ping",
                "spis_match",
            ),
            _map("unknown", "ok", "ok", "ok", "unknown"),
            _check(
                "data-path.ping", "Does traffic pass in both directions?", "SAs without traffic carry nobody."
            ),
            Requested(Exercise("traffic", "near", "data-path.ping", "SAs without traffic carry nobody.")),
        )
    if not isinstance(reply, Collected):
        return psk_mismatch(request, reply)
    moved = tuple(Fact(f"{end}.esp_{way}_moved", True) for end in ("near", "far") for way in ("out", "in"))
    outcome = Outcome("healthy", warnings=(_CERT,))
    return (
        Branched(
            "data-path.ping", "ok", "Pings passed both ways, all four counters moved.", moved, "", "else"
        ),
        _map("ok", "ok", "ok", "ok", "ok"),
        Warned(_CERT),
        Requested(Finish(outcome)),
        Ended(outcome),
    )


def question(request: Request, reply: Reply) -> tuple[Event, ...]:
    """The operator is asked what changed, then the same fault is found."""
    ask = Ask(
        "triage.changed",
        "Did anything change before it stopped?",
        "A change is the usual reason; no probe can see it.",
        (
            Option("config", "The configuration of a gateway"),
            Option("network", "The network in between"),
            Option("nothing", "Nothing that anybody knows of"),
        ),
    )
    match request, reply:
        case Collect(), _:
            return (Entered(ask.node, "ask", ask.question, ask.why), Requested(ask))
        case Ask(), Answered(option=option):
            said = next((known.label for known in ask.options if known.id == option), "not answered")
            mark: Mark = "ok" if option else "unknown"
            return (Branched(ask.node, mark, said, (), "key-negotiation.reaches"), *_UP_TO_EXERCISE[-2:])
        case _:
            return psk_mismatch(request, reply)


def flow() -> Flow:
    """The terms and causes the plots speak of."""
    terms = {
        "triage.login": "SSH login",
        "triage.state": "IKE SA, CHILD SA",
        "gateway.daemon": "charon",
        "key-negotiation.reaches": "UDP 500, IKE_SA_INIT",
        "authentication.key": "IKE_AUTH, pre-shared key (PSK)",
        "data-path.ping": "ESP",
    }
    causes = (
        Cause(
            "psk-mismatch",
            "The pre-shared keys differ",
            "authentication",
            plain="Each gateway proves who it is with a shared key. They hold two different ones, so neither "
            "believes the other.",
            told_apart="A missing key is logged as such; a wrong identity never gets to the key.",
        ),
        Cause("psk-missing", "A gateway has no key for this peer", "authentication"),
        Cause("id-mismatch", "A gateway calls itself something the other does not expect", "authentication"),
        Cause("daemon-not-running", "The IKE daemon does not run", "gateway"),
    )
    nodes = {
        node: Check(
            node, "", "", (), term=term, source='guide, step 3; slides, "pre-shared secrets are the same"'
        )
        for node, term in terms.items()
    }
    remedies = (
        Remedy(
            "align-psk",
            "Put one key on both gateways",
            ("psk-mismatch",),
            (RemedyStep("copy-secret", "wrong"),),
            "Stops nothing that works now; {far} is asked for the tunnel anew.",
            "A new IKE SA at both ends, and traffic through the tunnel.",
            chooses=True,
        ),
        Remedy(
            "new-psk",
            "Make a new key for both gateways",
            ("psk-mismatch",),
            (RemedyStep("new-secret", "both"),),
            "This tunnel is set up anew at both ends.",
            "A new IKE SA at both ends, and traffic through the tunnel.",
            warning="Whoever keeps the key elsewhere has to be told.",
        ),
    )
    referral = Referral(
        "cert-expires-soon", "whoever runs the CA", "Renew the certificate of {here} now. [/x]"
    )
    return Flow(
        {},
        nodes,
        {cause.id: cause for cause in causes},
        {remedy.id: remedy for remedy in remedies},
        {referral.cause: referral},
        digest="flows",
    )
