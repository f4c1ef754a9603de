"""The facts of one story of a pasted log, each with the lines that show it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from wizard.facts import proposals
from wizard.facts.model import Evidence, Fact, Value
from wizard.facts.pasted.course import (
    child_refused,
    first_trouble,
    lasting,
    parted,
    trouble_after,
    unanswered_by,
)
from wizard.facts.pasted.events import SeenEvent
from wizard.facts.pasted.offers import offered
from wizard.facts.pasted.prefixes import moment
from wizard.facts.pasted.story import UPS, Story

END: Final = "this end"
"""What the end that wrote the log is called where no gateway has a name."""
_NO_CLOCK: Final = 2005
"""A log of an earlier year was written by a clock that was never set; IKEv2 is younger."""
_MOST_LINES: Final = 3
"""Lines that prove one event; the last ones, since they belong to the attempt that counts."""

_BY_THIS_END: Final = frozenset({"attempt-started", "retransmit", "retransmit-auth", "retransmit-child", "gave-up",
    "gave-up-auth", "gave-up-child", "received-auth-failed", "received-no-proposal", "auth-started"})  # fmt: skip
_BY_THE_PEER: Final = frozenset({"peer-started", "no-ike-config", "looking-for-peer", "request-repeated",
    "half-open-gone", "refused-proposal"})  # fmt: skip
_FROM_THE_PEER: Final = frozenset({"packet-received", "exchange-received", "peer-started", "proposal-selected",
    "looking-for-peer", "auth-accepted", "vendor-unknown", "peer-deleted", "request-repeated", "ike-up", "child-up",
    "undecryptable", "nat-remote"})  # fmt: skip
_REFUSALS: Final = {
    "AUTHENTICATION_FAILED": "proof",
    "TS_UNACCEPTABLE": "networks",
    "NO_PROPOSAL_CHOSEN": "proposals",
}
_DAEMONS: Final = ("charon", "pluto", "cisco")
_AUTHS: Final = (
    ("eap", re.compile(r"(?i)\bEAP\b|eap-|XAuth")),
    (
        "psk",
        re.compile(r"(?i)pre-?shared|\bPSK\b|shared-key-mac|PRESHARED|shared key|authby=secret|\[ ID HASH"),
    ),
    (
        "certificate",
        re.compile(r"(?i)certificate|\bcert\b|CERTREQ|RSASIG|signature|public key|RSA_SIG|CERT\b"),
    ),
)


class LogFacts:
    """Draws the facts of one story; `source` is how the operator named the paste."""

    def __init__(self, story: Story, source: str, now: datetime) -> None:
        """`now` stands in for the time of a log that names no year."""
        self._story = story
        self._source = source
        self._now = now
        self._attempt = story.deciding.events
        self._overcome, current = parted(self._attempt)
        self._events = [*current, *lasting(story.standing, self._attempt)]

    def facts(self) -> tuple[Fact, ...]:
        """All of them; what the log does not say is left out."""
        trouble = first_trouble(self._attempt)
        ups = [
            index for index, event in enumerate(self._attempt) if event.name in UPS | {"ike-up", "rekeyed"}
        ]
        child_up = any(event.name in UPS for event in self._attempt)
        earlier_up = any(event.name in UPS for event in self._story.earlier)
        up = bool(ups) and not trouble_after(self._attempt, ups[-1]) and not child_refused(self._attempt)
        before = self._attempt[:trouble] if trouble is not None else self._attempt
        made: list[Fact | None] = [
            self._words("log_events", self._events),
            self._words("log_history", [*self._story.earlier, *self._overcome]),
            self._fact("log_up", up, [self._attempt[ups[-1]]] if up else []),
            self._fact("log_was_up", child_up or earlier_up, ()),
            self._fact(
                "log_ike_up",
                any(map(_beyond_phase_1, before)) or _trouble_is_later(trouble, self._attempt),
                (),
            ),
            self._fact("log_heard", any(event.name in _FROM_THE_PEER for event in self._attempt), ()),
            self._replacements(),
            self._fact("log_attempts", len(self._story.attempts), ()),
            self._role(),
            self._version(),
            self._mode(),
            self._daemon(),
            self._auth(),
            *self._unanswered(),
            *self._proposals(),
            self._keys_tried(),
            self._repeated(),
            self._refused(),
            self._nat(),
            self._identity(),
            self._cert_time(),
        ]
        return tuple(fact for fact in made if fact is not None)

    def _fact(self, name: str, value: Value | None, events: Iterable[SeenEvent]) -> Fact | None:
        if value is None:
            return None
        return Fact(f"near.{name}", value, tuple(self._cite(event) for event in events))

    def _words(self, name: str, events: Sequence[SeenEvent]) -> Fact:
        lines: dict[str, list[SeenEvent]] = {}
        for event in events:
            lines.setdefault(event.name, []).append(event)
        cited = tuple(
            self._cite(event) for held in lines.values() for event in _different(held)[-_MOST_LINES:]
        )
        return Fact(f"near.{name}", tuple(lines), cited)

    def _cite(self, event: SeenEvent) -> Evidence:
        return Evidence(
            END, "log", f"{self._source}:{event.line.number}", event.line.shown.strip()[:400], event.name
        )

    def _role(self) -> Fact | None:
        for event in self._attempt:
            first = (
                event.name in ("exchange-sent", "exchange-received") and event.groups.get("message") == "0"
            )
            ours = event.name in _BY_THIS_END or (first and event.name == "exchange-sent")
            theirs = event.name in _BY_THE_PEER or (first and event.groups.get("kind") == "request")
            if ours or theirs:
                return self._fact("log_role", "initiator" if ours else "responder", [event])
        return None

    def _version(self) -> Fact | None:
        for event in self._attempt:
            exchange = event.groups.get("exchange", "")
            text = event.line.text
            if exchange in ("IKE_SA_INIT", "IKE_AUTH", "CREATE_CHILD_SA") or re.search(
                r"IKEv2|IKE_AUTH|IKE_SA_INIT|[A-Z] notify error", text
            ):
                return self._fact("log_ike", "2", [event])
            if exchange in ("ID_PROT", "AGGRESSIVE", "QUICK_MODE", "INFORMATIONAL_V1") or re.search(
                r"IKEv1|(?:Main|Quick|Aggressive) Mode|MAIN_I|QUICK_I|_V1 |ISAKMP|[A-Z] error notify", text
            ):
                return self._fact("log_ike", "1", [event])
        return None

    def _mode(self) -> Fact | None:
        for event in self._attempt:
            found = _MODE.search(event.line.text)
            if found is not None:
                return self._fact("log_mode", "aggressive" if found["aggressive"] else "main", [event])
        return None

    def _daemon(self) -> Fact | None:
        words = Counter(event.daemon for event in self._attempt if event.daemon in _DAEMONS)
        return self._fact("log_daemon", words.most_common(1)[0][0], ()) if words else None

    def _auth(self) -> Fact | None:
        for name, pattern in _AUTHS:
            for event in self._attempt:
                if pattern.search(event.line.text):
                    return self._fact("log_auth", name, [event])
        return None

    def _unanswered(self) -> tuple[Fact | None, ...]:
        stage, told, moved = None, None, None
        last_sent: SeenEvent | None = None
        up = False
        to_4500 = False
        for event in self._attempt:
            if event.name == "exchange-sent":
                last_sent = event
            elif event.name == "packet-sent":
                to_4500 = "[4500]" in event.groups.get("peer", "")
            elif event.name in UPS | {"ike-up"}:
                up, stage = True, None
            elif event.name in ("exchange-received", "packet-received"):
                stage = (
                    None if stage not in ("proof", "child") or event.name == "exchange-received" else stage
                )
            found = unanswered_by(event, last_sent, up)
            if found is not None:
                stage, told, moved = found, event, to_4500
        if stage is None or told is None:
            return ()
        return (
            self._fact("log_unanswered", stage, [told]),
            self._fact("log_moved_to_4500", moved, ()),
        )

    def _proposals(self) -> tuple[Fact | None, ...]:
        received = _last(self._attempt, "proposals-received")
        configured = _last(self._attempt, "proposals-configured")
        if received is None or configured is None:
            return ()
        theirs, ours = offered(received), offered(configured)
        if not theirs or not ours:
            return ()
        lines = [received, configured]
        kind = "ike" if theirs[0].protocol == "ike" else "esp"
        # IKEv1 and every rekeying compare groups; a log does not always say which exchange it was.
        grouped = any(one.of("dh group") for one in (*theirs, *ours))
        differs = proposals.difference(theirs, ours, first_child=kind == "esp" and not grouped)
        facts: list[Fact | None] = [
            self._fact("log_proposals", kind, lines),
            self._fact("log_proposals_fit", differs is None, lines),
        ]
        if differs is not None:
            field = (
                "group"
                if differs.field == "dh group"
                else "protocol"
                if differs.field == "protocol"
                else "other"
            )
            facts.append(self._fact("log_proposal_difference", str(differs), lines))
            facts.append(self._fact("log_proposal_field", field, lines))
        return tuple(facts)

    def _keys_tried(self) -> Fact | None:
        event = _last(self._attempt, "psk-mac-mismatch")
        keys = event.groups.get("keys", "") if event is not None else ""
        return (
            self._fact("log_keys_tried", int(keys), [event]) if event is not None and keys.isdigit() else None
        )

    def _refused(self) -> Fact | None:
        event = _last(self._attempt, "refusal-sent")
        told = _REFUSALS.get(event.groups.get("notify", "")) if event is not None else None
        return self._fact("log_refused", told, [event]) if event is not None else None

    def _repeated(self) -> Fact | None:
        event = _last(self._attempt, "request-repeated")
        if event is None:
            return None
        message = event.groups.get("message", "0")
        later = (
            message != "0" or re.search(r"MAIN_R2|IKE_AUTH|V2_AUTH|PARENT_R[12]", event.line.text) is not None
        )
        return self._fact("log_auth_repeated", later, [event])

    def _replacements(self) -> Fact | None:
        all_events = [*self._story.earlier, *self._attempt]
        found = [event for event in all_events if event.name == "uniqueness-replaced"]
        return self._fact("log_replacements", len(found), found[-_MOST_LINES:])

    def _nat(self) -> Fact | None:
        for event in [*self._story.earlier, *self._attempt]:
            if event.name.startswith("nat-") and event.name != "nat-t-off":
                return self._fact("log_nat", True, [event])
            if event.name in UPS and re.search(r"ESPinUDP|ESP in UDP|UDP-Encaps|NATD=\d", event.line.text):
                return self._fact("log_nat", True, [event])
        return None

    def _identity(self) -> Fact | None:
        for event in self._attempt:
            if event.name not in ("auth-sent", "auth-started"):
                continue
            named = event.groups.get("own") or next(iter(re.findall(r" '([^']+)'", event.line.text)), "")
            if named:
                dn = re.search(r"[A-Za-z]{1,12}=", named) is not None
                address = re.fullmatch(r"[0-9.]+|[0-9a-fA-F:]*:[0-9a-fA-F:.]*", named) is not None
                return self._fact("log_identity", "dn" if dn else "address" if address else "name", [event])
        return None

    def _cert_time(self) -> Fact | None:
        event = _last(self._events, "cert-invalid-time")
        if event is None:
            return None
        begin, end = _date(event.groups.get("from", "")), _date(event.groups.get("to", ""))
        if begin is None or end is None:
            return None
        when = moment(event.line.stamp) or self._now
        if when.year < _NO_CLOCK:
            return self._fact("log_cert_time", "epoch", [event])
        where = "before" if when < begin else "after" if when > end else "within"
        return self._fact("log_cert_time", where, [event])


_MODE: Final = re.compile(
    r"(?P<aggressive>Aggressive Mode|\bSTATE_AGGR_|\bAGGRESSIVE (?:request|response)|\bAG_[A-Z])"
    r"|Main Mode|\bSTATE_MAIN_|\bID_PROT\b|\bMM_[A-Z]"
)
_PHASE_2: Final = re.compile(
    r"QUICK_MODE|QUICK_[IR]\d|[Qq]uick [Mm]ode|CREATE_CHILD_SA|\bQM_\w+|IKE_QM_|IKE_P1_COMPLETE"
)


def _beyond_phase_1(event: SeenEvent) -> bool:
    """Whether a line belongs to what is only done once the IKE SA stands."""
    return event.name in UPS | {"ike-up"} or _PHASE_2.search(event.line.text) is not None


def _trouble_is_later(trouble: int | None, events: Sequence[SeenEvent]) -> bool:
    """Whether the first trouble is itself about the tunnel and not about the IKE SA."""
    return trouble is not None and _PHASE_2.search(events[trouble].line.text) is not None


def _date(text: str) -> datetime | None:
    """The moment of "Jul 31 02:03:48 2021", as charon writes it, with or without UTC in it; None for another form."""
    plain = " ".join(text.replace("UTC", " ").split())
    for form in ("%b %d %H:%M:%S %Y", "%d %b %H:%M:%S %Y", "%b %d %H:%M:%S, %Y"):
        try:
            return datetime.strptime(plain, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _last(events: Sequence[SeenEvent], name: str) -> SeenEvent | None:
    return next((event for event in reversed(events) if event.name == name), None)


def _different(events: Sequence[SeenEvent]) -> list[SeenEvent]:
    """Events whose words differ, the last of each."""
    return list({event.line.text: event for event in events}.values())


def in_short(story: Story) -> str:
    """What was seen, as the names of the last telling events."""
    events = [*story.deciding.events, *story.standing]
    telling = [event.name for event in events if event.level in ("fault", "refused", "sign")]
    names = list(dict.fromkeys(telling or [event.name for event in events]))
    return ", ".join(name.replace("-", " ") for name in names[-8:]) or "nothing that is known here"
