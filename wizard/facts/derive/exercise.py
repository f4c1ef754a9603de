"""From the outputs of an exercise to the witnesses of both ends, and from those to facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wizard.facts.derive import (
    attempt,
    auth_servers,
    daemon,
    history,
    path_mtu,
    refusal,
    services,
    tags,
    traffic,
)
from wizard.facts.derive.notebook import Notebook
from wizard.facts.derive.witness import Witness
from wizard.facts.focus import Focus
from wizard.facts.model import End, Fact, other
from wizard.facts.parsers import (
    charon_log,
    charon_outlets,
    clock,
    counters,
    framed,
    ping,
    rulesets,
    spoken,
    tcpdump,
    xfrm,
)
from wizard.facts.parsers.charon_log import LogEvent, Signature
from wizard.facts.probes import Output
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import IkeSa
from wizard.facts.vocabulary import AUTH_SERVERS, IKE, PATH_MTU, SERVICES, TRAFFIC

RECENT_LOG, RECENT_S = history.RECENT_LOG, history.RECENT_S
_CHOSEN = "peer-config-selected"
_CAPTURES = {IKE: attempt.CAPTURE, TRAFFIC: tags.CAPTURE, PATH_MTU: path_mtu.CAPTURE}
_TAGGED = {TRAFFIC: tags.PINGS, PATH_MTU: path_mtu.PINGS, SERVICES: services.PINGS}


def exercise_facts(
    name: str,
    starter: End,
    snapshots: Mapping[End, Snapshot],
    focuses: Mapping[End, Focus],
    signatures: Sequence[Signature],
) -> list[Fact]:
    """What an exercise showed at both ends; `snapshots` carry its outputs beside what was read before."""
    books = {end: Notebook(snapshot) for end, snapshot in snapshots.items()}
    for book in books.values():
        daemon.rights(book)
    if name == AUTH_SERVERS:
        for book in books.values():
            auth_servers.facts(book)
        return [fact for book in books.values() for fact in book.facts]
    witnesses = {
        end: _witness(name, books[end], focuses[end], focuses.get(other(end)), signatures) for end in books
    }
    pair: list[Fact] = []
    if name == SERVICES:
        for witness in witnesses.values():
            services.facts(witness)
    elif starter in witnesses:
        seen = witnesses[starter], witnesses.get(other(starter))
        if name == PATH_MTU:
            pair = path_mtu.facts(*seen)
        elif name == TRAFFIC:
            traffic.facts(*seen)
        else:
            attempt.facts(*seen)
            for witness in witnesses.values():
                refusal.facts(witness)
    return [*(fact for book in books.values() for fact in book.facts), *pair]


def _witness(
    name: str, book: Notebook, focus: Focus, peer: Focus | None, signatures: Sequence[Signature]
) -> Witness:
    outputs, implementation = book.snapshot.outputs, book.snapshot.implementation
    captured = outputs.get(_CAPTURES.get(name, ""))
    parts = _parts(outputs.get(_TAGGED.get(name, "")))
    between = outputs.get(tags.BETWEEN)
    return Witness(
        book=book,
        focus=focus,
        snapshot=book.snapshot,
        capture=tcpdump.parse(f"{captured.stderr}\n{captured.stdout}") if captured is not None else None,
        events=_events(book.snapshot, focus, peer, signatures) if name == IKE else None,
        quiet=_too_quiet(book.snapshot) is True,
        choices=_choices(book.snapshot, focus, peer, signatures) if name == IKE else (),
        sas_before=_sas(implementation, outputs.get("sas-before")) or book.snapshot.sas,
        sas_after=_sas(implementation, outputs.get(tags.SAS)),
        ike_before=_messages(implementation, outputs.get("ike-counters-before")),
        ike_after=_messages(implementation, outputs.get(attempt.COUNTERS)),
        kernel_before=counters.parse(outputs["kernel-counters-before"].stdout)
        if "kernel-counters-before" in outputs
        else None,
        kernel_after=counters.parse(outputs[tags.KERNEL].stdout) if tags.KERNEL in outputs else None,
        states_before=_states(implementation, outputs.get(tags.BEFORE)),
        states_between=_states(implementation, between),
        states_after=_states(implementation, outputs.get(tags.AFTER)),
        between_s=_began(between),
        rules_after=rulesets.parse(outputs[tags.RULES].stdout) if tags.RULES in outputs else None,
        pings=_pings(outputs, parts),
        parts=parts,
    )


def _parts(output: Output | None) -> dict[str, framed.Section]:
    """What several pings at once printed, by the name each was given."""
    return {part.name: part for part in framed.sections(output.stdout)} if output is not None else {}


def _pings(outputs: Mapping[str, Output], parts: Mapping[str, framed.Section]) -> dict[str, ping.Ping]:
    """Each ping by its name; one that was tried again at a smaller size counts as it went the last time."""
    found = {name: ping.parse(part.body) for name, part in parts.items() if "PING" in part.body}
    found |= {name: ping.parse(part.body) for name, part in parts.items() if part.body.startswith("ping: ")}
    large = parts.get(tags.LARGE_PING)
    if large is not None and large.body.count("\nPING ") == 1:
        found[tags.LARGE_PING] = ping.parse(f"PING {large.body.partition(chr(10) + 'PING ')[2]}")
    if attempt.PING in outputs:
        found[attempt.PING] = ping.parse(_both(outputs[attempt.PING]))
    return found


def _states(implementation: str | None, output: Output | None) -> tuple[xfrm.SecurityAssociation, ...] | None:
    """A look at the SAs' counters: the kernel's, or the daemon's where the kernel's list may not be read."""
    if output is None or output.problem is not None or output.exit_code != 0:
        return None
    listed = xfrm.parse_states(output.stdout)
    return listed or tuple(
        xfrm.SecurityAssociation("", "", child.protocol or "esp", spi, packets=count)
        for sa in spoken.sas(implementation, output.stdout)
        for child in sa.children
        for spi, packets, size in (
            (child.spi_in, child.packets_in, child.bytes_in),
            (child.spi_out, child.packets_out, child.bytes_out),
        )
        # Bytes of a daemon that counts nothing else (pluto).
        if (count := packets if packets is not None else size) is not None
    )


def _began(output: Output | None) -> float | None:
    """The time on the first line of a look."""
    dated = clock.parse(output.stdout) if output is not None else None
    return dated.epoch_s if dated is not None else None


def _both(output: Output) -> str:
    return f"{output.stdout}\n{output.stderr}"


def _sas(implementation: str | None, output: Output | None) -> tuple[IkeSa, ...] | None:
    if output is None or output.problem is not None or output.exit_code != 0:
        return None
    return spoken.sas(implementation, output.stdout)


def _messages(implementation: str | None, output: Output | None) -> Mapping[str, int] | None:
    if output is None or output.problem is not None:
        return None
    return spoken.counters(implementation, output.stdout) or None


def log_level(book: Notebook) -> None:
    """Whether the daemon's log says enough for its silence to mean anything."""
    quiet = _too_quiet(book.snapshot)
    output = book.snapshot.outputs.get(RECENT_LOG)
    line = charon_outlets.line_of(output.stdout) if output is not None else ""
    cited = [book.cite(RECENT_LOG, line)] if quiet and line else []
    book.note("log_level_low", quiet, *cited, why_unknown="neither the log nor its settings show it")


def _too_quiet(snapshot: Snapshot) -> bool | None:
    output = snapshot.outputs.get(RECENT_LOG)
    if output is None or output.problem is not None or output.exit_code != 0:
        return None
    return spoken.too_quiet(snapshot.implementation, output.stdout)


def recent_events(
    book: Notebook, focus: Focus, peer: Focus | None, signatures: Sequence[Signature]
) -> tuple[LogEvent, ...] | None:
    """What the log said of this tunnel before anything was tried: all there is where nothing may be tried.

    Returns the events of the last minutes and those of its life and end hours before; None where no log was read.
    """
    log = book.snapshot.outputs.get(RECENT_LOG)
    if log is None or log.problem is not None or log.exit_code != 0:
        book.unread(RECENT_LOG, "recent_events")
        return None
    read = spoken.log(book.snapshot.implementation, log.stdout)
    if charon_outlets.file_of(log.stdout) is not None and read and all(line.time is None for line in read):
        book.unknown("recent_events", "the log's lines do not say when they were written")
        return None
    read = tuple(sorted(read, key=lambda line: line.time or 0.0))
    lines = charon_log.attempt(read, peer_addrs=_peers(focus, peer), names=(focus.name,))
    known = spoken.signatures(book.snapshot.implementation, signatures)
    events = charon_log.events(lines, known)
    now = book.snapshot.clock.epoch_s if book.snapshot.clock is not None else None
    since = now - history.RECENT_S if now is not None else None
    if daemon.failed_start(book.snapshot) is None:
        own = {focus.name, focus.child_name}
        events = tuple(one for one in events if one.groups.get("conn", focus.name) in own)
    elif since is not None and (began := history.last_start(events)) is not None:
        # What kept a daemon from starting is as true hours later, whatever connection it is about.
        since = min(since, began)
    recent = [one for one in events if since is None or one.time is None or one.time >= since]
    found = {event.name: event for event in recent}
    lines_of = [book.cite(RECENT_LOG, event.line, name) for name, event in found.items()]
    book.note("recent_events", tuple(found), *lines_of)
    return events


def _peers(focus: Focus, peer: Focus | None) -> tuple[str, ...]:
    """The addresses by which the peer may appear in this end's log."""
    own = (peer.local_address,) if peer is not None and peer.local_address else ()
    return tuple(dict.fromkeys((*focus.peer_addresses, *own)))


def _events(
    snapshot: Snapshot, focus: Focus, peer: Focus | None, signatures: Sequence[Signature]
) -> tuple[LogEvent, ...] | None:
    """The attempt's events: from the daemon's log, and from what the attempt itself printed where it started."""
    outputs, implementation = snapshot.outputs, snapshot.implementation
    log, printed = outputs.get(attempt.LOG), outputs.get(attempt.ATTEMPT)
    lines: list[charon_log.LogLine] = []
    quiet = _too_quiet(snapshot) is True
    readable = log is not None and log.problem is None and log.exit_code == 0
    if log is not None and readable:
        fresh = _fresh(snapshot)
        lines += charon_log.attempt(fresh, peer_addrs=_peers(focus, peer), names=(focus.name,))
        # A log that says too little leaves it open what the daemon took; no line at all is no witness.
        readable = bool(lines) or not quiet
    if printed is not None and printed.problem is None and (quiet or not lines):
        lines += spoken.log(implementation, _both(printed))
        readable = readable or bool(lines)
    known = spoken.signatures(implementation, signatures)
    return charon_log.events(lines, known) if readable else None


def _fresh(snapshot: Snapshot) -> list[charon_log.LogLine]:
    """The log's lines since the attempt began, by the gateway's own clock."""
    outputs = snapshot.outputs
    log = outputs.get(attempt.LOG)
    if log is None:
        return []
    began = clock.parse(outputs["clock-before"].stdout) if "clock-before" in outputs else None
    mark = outputs.get("log-mark")
    said = charon_outlets.fresh(log.stdout, mark.stdout) if mark is not None else log.stdout
    return [
        line
        for line in spoken.log(snapshot.implementation, said)
        if began is None or line.time is None or line.time >= began.epoch_s - began.resolution_s
    ]


def _choices(
    snapshot: Snapshot, focus: Focus, peer: Focus | None, signatures: Sequence[Signature]
) -> tuple[LogEvent, ...]:
    """Connections chosen for this peer, by lines of any name: the one that was meant is not taken for granted."""
    peers = _peers(focus, peer)
    if not peers:
        return ()
    known = [one for one in spoken.signatures(snapshot.implementation, signatures) if one.name == _CHOSEN]
    return charon_log.events(charon_log.attempt(_fresh(snapshot), peer_addrs=peers, names=()), known)
