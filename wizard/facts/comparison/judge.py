"""Everything two connections have to agree on, as facts of the pair; the order of judging them is the tree's."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from wizard.facts import proposals
from wizard.facts.comparison import addresses, networks, offers, virtual
from wizard.facts.comparison.notes import PROBE, Notes, words
from wizard.facts.comparison.pairing import Match, explicit, ignored
from wizard.facts.comparison.proofs import Proofs
from wizard.facts.comparison.saved import Saved
from wizard.facts.model import ENDS, End, Evidence, other
from wizard.facts.parsers.ipsec_values import ANYBODY
from wizard.facts.proposals import Proposal
from wizard.facts.tunnel import Child, ConfigProblem, Connection

WEAK: Final = frozenset(
    {
        *("DES_CBC", "3DES_CBC", "CAST_CBC", "BLOWFISH_CBC", "HMAC_MD5_96", "HMAC_MD5_128"),
        *("MODP_768", "MODP_1024", "MODP_1536", "MODP_1024_160", "MODP_2048_224", "MODP_2048_256"),
    }
)
"""Algorithms RFC 8247 and RFC 8221 advise against or forbid."""


def judge(a: Saved, b: Saved, match: Match, now: datetime) -> Notes:
    """Compares one pair; `now` is the time certificates are held against."""
    notes = Notes(a, b, match)
    notes.facts = []
    version = _versions(notes)
    for end in ENDS:
        _loaded(notes, end, version)
        _address(notes, end)
    _starting(notes)
    _exchange(notes, version)
    _ike(notes, version)
    Proofs(notes, version, now).compare()
    virtual.compare(notes, version)
    nets = _networks(notes, version)
    pairs = list(nets.pairs) or _first_children(notes)
    if pairs:
        _children(notes, pairs, version)
    return notes


def file_problems(saved: Saved) -> ConfigProblem | None:
    """The first problem for which the program takes nothing of the files."""
    return next((one for one in saved.configuration.problems if one.scope == "file"), None)


def problem_line(saved: Saved, problem: ConfigProblem) -> Evidence:
    """The line a problem stands in."""
    return Evidence(saved.name, PROBE, problem.place, problem.line or problem.message)


def _first_children(notes: Notes) -> list[tuple[Child, Child]]:
    a, b = notes.match.a.children, notes.match.b.children
    return [(a[0], b[0])] if a and b else []


def _versions(notes: Notes) -> int:
    """The version of IKE both would speak, 2 where they disagree."""
    a, b = notes.match.a.version, notes.match.b.version
    # charon takes both where nothing is said.
    first, second = (0 if one is None else one for one in (a, b))
    agree = first == second or 0 in {first, second}
    told = [{0: "IKEv1 or IKEv2", 1: "IKEv1", 2: "IKEv2"}.get(one, str(one)) for one in (first, second)]
    notes.pair("ike_versions_agree", agree, "version", f"version = {told[0]}", f"version = {told[1]}")
    notes.row("IKE version", told[0], told[1], agree)
    if first == second == 0 and all(_begins_with_1(one) for one in (notes.match.a, notes.match.b)):
        return 1
    return 1 if agree and 1 in {first, second} else 2


def _begins_with_1(connection: Connection) -> bool:
    """Whether an end that takes both versions calls with IKEv1: Libreswan 3.x and Openswan, not told otherwise."""
    return connection.dialect == "libreswan" and "version" not in connection.where


def _loaded(notes: Notes, end: End, version: int) -> None:
    """Whether the daemon takes the files and this connection in them, and puts it to use."""
    saved, connection = notes.saved[end], notes.connections[end]
    broken = file_problems(saved)
    mine = next(
        (
            one
            for one in saved.configuration.problems
            if one.scope == "connection" and one.name.split("/")[0] == connection.name.split("/")[0]
        ),
        None,
    )
    problem = broken or mine
    refused = (
        offers.refused(connection, version, saved.configuration.version)
        if connection.dialect == "libreswan" and problem is None
        else None
    )
    if problem is not None:
        line = problem_line(saved, problem)
        syntax = problem.cause == "config-syntax-error"
        notes.end(end, "config_parses", not syntax, line)
        notes.end(end, "config_problem", f"{problem.place}: {problem.message}", line)
        notes.end(end, "crypto_map_applied", syntax, line)
        notes.row("accepted by the daemon", *(_side(end, problem.message)), False)
    else:
        line = notes.cite(end, "proposals", refused or "")
        notes.end(end, "config_parses", refused is None, line)
        notes.end(end, "config_problem", refused or "", line)
        notes.end(end, "crypto_map_applied", True)
    out = ignored(connection)
    place = f"children.{connection.children[0].name}.start_action" if connection.children else connection.name
    # Test set-ups of Libreswan add their connections by hand, at both ends.
    other_out = ignored(notes.connections[other(end)])
    said = explicit(connection)
    notes.end(end, "left_out", out and said and not other_out, notes.cite(end, place, "auto = ignore"))


def _side(end: End, text: str) -> tuple[str, str]:
    return (text, "") if end == "near" else ("", text)


def _starting(notes: Notes) -> None:
    actions = {
        end: {child.start_action for child in connection.children}
        for end, connection in notes.connections.items()
    }
    # Whom to call has to be known for that.
    callers = [actions[end] for end in ENDS if set(notes.connections[end].remote_addrs) - ANYBODY]
    starts = any(action not in {None, "none", "ignore", "add"} for each in callers for action in each)
    told = [words(tuple(sorted(action or "none" for action in actions[end]))) for end in ENDS]
    name = next((child.name for child in notes.match.a.children), "")
    far = next((child.name for child in notes.match.b.children), "")
    notes.pair(
        "somebody_initiates",
        starts,
        f"children.{name}.start_action|children.{far}.start_action",
        f"start_action = {told[0]}",
        f"start_action = {told[1]}",
    )
    notes.row("start action", told[0], told[1], True)


def _address(notes: Notes, end: End) -> None:
    own, peer = notes.connections[end], notes.connections[other(end)]
    verdict = addresses.fits(own.remote_addrs, peer.local_addrs)
    lines = (
        notes.cite(end, "remote_addrs", f"peer address = {words(own.remote_addrs)}"),
        notes.cite(other(end), "local_addrs", f"own address = {words(peer.local_addrs)}"),
    )
    notes.end(
        end, "peer_address_fits", verdict, *lines, why="one of the addresses is a name, any, or behind a NAT"
    )
    texts = (words(own.remote_addrs), words(peer.local_addrs))
    title = "peer address of A, own of B" if end == "near" else "own address of A, peer of B"
    notes.row(title, *(texts if end == "near" else texts[::-1]), verdict)


def _exchange(notes: Notes, version: int) -> None:
    told = ["aggressive" if one.aggressive else "main" for one in (notes.match.a, notes.match.b)]
    agree = version != 1 or told[0] == told[1]
    notes.pair("exchange_modes_agree", agree, "aggressive", f"{told[0]} mode", f"{told[1]} mode")
    if version == 1:
        notes.row("IKEv1 exchange", told[0], told[1], agree)
        notes.text("exchange_mode", told[0] if agree else "mixed")


def _ike(notes: Notes, version: int) -> None:
    a, b = notes.match.a, notes.match.b
    offered = [
        offers.ike(one, version, saved.configuration.version) for one, saved in ((a, notes.a), (b, notes.b))
    ]
    told = [words(one.proposals) if one.proposals else "(default)" for one in (a, b)]
    _proposals(notes, "ike", "proposals", offered, told, first=True)
    _weak(notes, "IKE", offered)


def _proposals(
    notes: Notes,
    protocol: str,
    field: str,
    offered: list[tuple[Proposal, ...]],
    told: list[str],
    *,
    first: bool,
) -> None:
    agree = proposals.common(*offered, first_child=first) if all(offered) else None
    parted = proposals.difference(*offered, first_child=first) if all(offered) else None
    label = "proposals" if protocol == "ike" else f"{protocol} proposals"
    why = "a proposal could not be read"
    texts = (f"{label} = {told[0]}", f"{label} = {told[1]}")
    notes.pair(f"{protocol}_proposals_agree", agree, field, *texts, why)
    notes.pair(f"{protocol}_proposal_difference", str(parted) if parted else "", field, *texts)
    notes.row(f"{protocol.upper()} proposals", told[0], told[1], agree)
    if parted is not None:
        notes.row(f"  {protocol.upper()} {parted.field}", parted.a, parted.b, False)


def _weak(notes: Notes, what: str, offered: list[tuple[Proposal, ...]]) -> None:
    """What the ends would agree on where they have nothing better in common."""
    found: list[str] = []
    for kind in ("encryption", "integrity", "dh group"):
        sets = [
            {each.name for one in side for each in one.transforms if each.kind == kind} for side in offered
        ]
        shared = sets[0] & sets[1]
        if shared and shared <= WEAK:
            found += sorted(shared)
    known = next((fact for fact in notes.facts if fact.name == "weak_in_common"), None)
    before = known.value if known is not None and isinstance(known.value, tuple) else ()
    if known is not None:
        notes.facts.remove(known)
    everything = tuple(dict.fromkeys((*before, *(f"{what}: {name}" for name in found))))
    field = "proposals"
    notes.pair("weak_in_common", everything, field, words(everything), words(everything))


def _networks(notes: Notes, version: int) -> networks.Networks:
    found = networks.compare(notes.match.a, notes.match.b, version)
    pair = next((one for one in found.answers if not one.agrees), None) or next(iter(found.answers), None)
    a = pair.a if pair is not None and pair.a is not None else None
    b = pair.b if pair is not None and pair.b is not None else None
    told = [f"{words(one.local_ts)} === {words(one.remote_ts)}" if one else "(none)" for one in (a, b)]
    fields = f"children.{a.name if a else ''}.local_ts|children.{b.name if b else ''}.remote_ts"
    turned = f"children.{a.name if a else ''}.remote_ts|children.{b.name if b else ''}.local_ts"
    for name, value in (
        ("selectors_mirror", found.mirrors),
        ("selectors_overlap", found.overlaps),
        ("networks_agree", found.agrees),
    ):
        notes.pair(name, value, fields, told[0], told[1], found.unknown)
        notes.also(turned, told[0], told[1])
    difference = found.difference.replace("{a}", notes.a.name).replace("{b}", notes.b.name)
    notes.text("selector_difference", difference)
    for answer in found.answers:
        if answer.a is not None and answer.b is not None:
            mirrored = words(answer.b.remote_ts), words(answer.b.local_ts)
            agrees = answer.agrees if not found.unknown else None
            agrees = True if found.mirrors else agrees
            notes.row("networks behind A", words(answer.a.local_ts), mirrored[0], agrees)
            notes.row("networks behind B", words(answer.a.remote_ts), mirrored[1], agrees)
    if found.extra:
        notes.remarks.append(f"has no counterpart at the other end: {', '.join(found.extra)}")
    return found


def _children(notes: Notes, pairs: list[tuple[Child, Child]], version: int) -> None:
    """What every pair of children has to agree on; of several the first that does not is told."""
    offered = [_offered(notes, pair, version) for pair in pairs]
    both = list(zip(pairs, offered, strict=True))
    refused = (one for one in both if all(one[1]) and not proposals.common(*one[1], first_child=True))
    pair, offer = next(refused, both[0])
    told = [words(one.proposals) if one.proposals else "(default)" for one in pair]
    _proposals(notes, "esp", _fields(pair, "proposals"), offer, told, first=True)
    _pfs(notes, both, version)
    for _, each in both:
        _weak(notes, "ESP", each)
    modes = (one for one in pairs if (one[0].mode or "tunnel") != (one[1].mode or "tunnel"))
    _mode(notes, *next(modes, pairs[0]), version)
    for one, other_child in pairs:
        times = (one.life_time_s, other_child.life_time_s)
        if None not in times and times[0] != times[1]:
            notes.row("CHILD SA lifetime (s)", words(times[0]), words(times[1]), False, remark=True)
            notes.remarks.append(
                f"the CHILD SA lifetimes differ ({times[0]} s and {times[1]} s); they need not be the same"
            )
            break


def _offered(notes: Notes, pair: tuple[Child, Child], version: int) -> list[tuple[Proposal, ...]]:
    return [
        offers.child(notes.connections[end], one, version, notes.saved[end].configuration.version)
        for end, one in zip(ENDS, pair, strict=True)
    ]


def _fields(pair: tuple[Child, Child], name: str) -> str:
    return f"children.{pair[0].name}.{name}|children.{pair[1].name}.{name}"


def _pfs(
    notes: Notes, both: list[tuple[tuple[Child, Child], list[tuple[Proposal, ...]]]], version: int
) -> None:
    """Whether a group is wanted for keys of their own, judged where the proposals agree otherwise."""
    alike = [one for one in both if all(one[1]) and proposals.common(*one[1], first_child=True)]
    parted = next((one for one in alike if not proposals.common(*one[1], first_child=False)), None)
    pair, offer = parted or both[0]
    agree = None if not all(all(one[1]) for one in both) else parted is None
    groups = [words(offers.pfs_groups(each)) for each in offer]
    field = _fields(pair, "pfs" if all(one.pfs is not None for one in pair) else "proposals")
    difference = proposals.difference(*offer, first_child=False) if parted is not None else None
    notes.pair("pfs_agrees", agree, field, f"PFS: {groups[0]}", f"PFS: {groups[1]}")
    notes.pair("pfs_decides_now", version == 1, field, f"IKEv{version}", f"IKEv{version}")
    notes.text("pfs_difference", str(difference) if difference is not None else "")
    notes.row("PFS group", groups[0], groups[1], agree)


def _mode(notes: Notes, a: Child, b: Child, version: int) -> None:
    field = _fields((a, b), "mode")
    told = [one.mode or "tunnel" for one in (a, b)]
    agree = told[0] == told[1]
    notes.pair("modes_agree", agree, field, f"mode = {told[0]}", f"mode = {told[1]}")
    both_charon = all(one.dialect in {"swanctl", "ipsec.conf"} for one in (notes.match.a, notes.match.b))
    hosts = all(_host(text) for one in (a, b) for text in (*one.local_ts, *one.remote_ts))
    notes.pair(
        "mode_falls_back",
        version == 2 and both_charon and hosts,
        field,
        f"mode = {told[0]}",
        f"mode = {told[1]}",
    )
    notes.row("mode", told[0], told[1], agree)


def _host(text: str) -> bool:
    return text.startswith("dynamic") or text.partition("[")[0].endswith(("/32", "/128"))
