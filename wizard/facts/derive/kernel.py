"""What the kernel will do with this tunnel's packets: its policies, and the interface its SAs belong to."""

from __future__ import annotations

from wizard.facts.addresses import network_of, within
from wizard.facts.derive.notebook import Notebook
from wizard.facts.derive.running import tunnel_children
from wizard.facts.focus import Focus
from wizard.facts.parsers.iproute import key_of
from wizard.facts.parsers.xfrm import Policy, SecurityAssociation
from wizard.facts.tunnel import ChildSa

_DIRECTIONS = ("out", "in", "fwd")


def kernel(book: Notebook, focus: Focus) -> None:
    """Policies of all three directions, others before them, and mark or if_id against the interfaces."""
    children = tunnel_children(book.snapshot, focus)
    _policies(book, focus, children)
    _protection(book, children)


def _policies(book: Notebook, focus: Focus, children: tuple[ChildSa, ...]) -> None:
    policies = book.snapshot.policies
    if policies is None:
        book.unread("xfrm-policy", "kernel_policies_present", "policies_missing", "policy_taken")
        return
    if not children or not policies:
        why = "the kernel holds no policies at all" if children else "no CHILD SA is installed"
        if children and book.snapshot.states:
            book.note("policies_missing", _DIRECTIONS, book.cite("xfrm-policy", "(no policies)"))
            book.note("kernel_policies_present", False, book.cite("xfrm-policy", "(no policies)"))
            book.unknown("policy_taken", why)
            return
        for name in ("kernel_policies_present", "policies_missing", "policy_taken"):
            book.unknown(name, why)
        return
    pairs = [(local, remote) for child in children for local in child.local_ts for remote in child.remote_ts]
    if not pairs or not all(network_of(text) for pair in pairs for text in pair):
        for name in ("kernel_policies_present", "policies_missing", "policy_taken"):
            book.unknown(name, "the networks of the SA are not written as networks")
        return
    ours = {way: [one for one in policies if _serves(one, pairs, way)] for way in _DIRECTIONS}
    transport = all(child.mode.startswith("transport") for child in children)
    wanted = [way for way in _DIRECTIONS if not (transport and way == "fwd")]
    missing = tuple(way for way in wanted if not ours[way])
    networks = ", ".join(f"{local} to {remote}" for local, remote in sorted(set(pairs)))
    lines = [book.cite("xfrm-policy", found[0].line) for found in ours.values() if found]
    absent = [book.cite("xfrm-policy", f"(no policy for {networks}, dir {way})", way) for way in missing]
    book.note("policies_missing", missing, *(absent or lines))
    book.note("kernel_policies_present", not missing, *(absent or lines))
    taken = next((one for way in wanted for one in _before(policies, ours[way], focus, pairs, way)), None)
    if taken is not None:
        book.note("policy_taken", True, book.cite("xfrm-policy", taken.line))
    else:
        book.note("policy_taken", False, *lines)


def _serves(policy: Policy, pairs: list[tuple[str, str]], way: str) -> bool:
    if not policy.tunnels or policy.direction != way:
        return False
    pair = (policy.src, policy.dst) if way == "out" else (policy.dst, policy.src)
    return any(_same(pair[0], local) and _same(pair[1], remote) for local, remote in pairs)


def _before(
    policies: tuple[Policy, ...],
    ours: list[Policy],
    focus: Focus,
    pairs: list[tuple[str, str]],
    way: str,
) -> list[Policy]:
    """Foreign policies that the kernel asks before ours and that fit all of the tunnel's packets, or the test's."""
    if not ours:
        return []
    first = min(one.precedence for one in ours)
    return [
        one
        for one in policies
        if one.direction == way
        and one not in ours
        and not one.socket
        and (one.if_id, one.mark) == (ours[0].if_id, ours[0].mark)
        and one.precedence < first
        and _unrestricted(one)
        and not _same_templates(one, ours[0])
        and any(_covers(one, pair, focus, way) for pair in pairs)
    ]


def _unrestricted(policy: Policy) -> bool:
    """Whether it is about all traffic between its networks, not about one protocol, port or interface."""
    head = policy.lines[0].split() if policy.lines else policy.line.partition(" dir ")[0].split()
    return not {"proto", "sport", "dport", "dev"} & set(head)


def _same_templates(one: Policy, own: Policy) -> bool:
    return [(t.src, t.dst, t.proto, t.reqid) for t in one.templates] == [
        (t.src, t.dst, t.proto, t.reqid) for t in own.templates
    ]


def _covers(policy: Policy, pair: tuple[str, str], focus: Focus, way: str) -> bool:
    local, remote = (policy.src, policy.dst) if way == "out" else (policy.dst, policy.src)
    inside = within(pair[0], local) or (focus.probe_source is not None and within(focus.probe_source, local))
    return inside and within(pair[1], remote)


def _protection(book: Notebook, children: tuple[ChildSa, ...]) -> None:
    states = book.snapshot.states
    names = ("sa_protocol", "sa_encapsulated", "sa_interface")
    if states is None:
        book.unread("xfrm-state", *names)
        return
    spis = {spi for child in children for spi in (child.spi_in, child.spi_out) if spi}
    own = [state for state in states if state.spi in spis]
    if not own:
        for name in names:
            book.unknown(name, "the kernel holds no SA of this tunnel")
        return
    line = book.cite("xfrm-state", own[0].line)
    book.note("sa_protocol", own[0].proto, line)
    book.note("sa_encapsulated", own[0].encap is not None, line)
    _interface(book, own)


def _interface(book: Notebook, own: list[SecurityAssociation]) -> None:
    """Whether an interface of the SA's mark or if_id is there and up; most tunnels need none."""
    keys = {key for state in own if (key := key_of(state.if_id or state.mark))}
    marked = next((state for state in own if key_of(state.if_id or state.mark)), own[0])
    said = f"{'if_id' if marked.if_id else 'mark'} {marked.if_id or marked.mark}"
    state_line = book.cite("xfrm-state", f"{marked.line} {said}")
    if not keys:
        book.note("sa_interface", "none-needed", book.cite("xfrm-state", marked.line))
        return
    if book.snapshot.interfaces is None:
        book.unread("addresses", "sa_interface")
        return
    tunnels = [one for one in book.snapshot.interfaces if one.kind]
    fitting = [one for one in tunnels if one.key in keys]
    lines = [book.cite("addresses", one.line) for one in fitting or tunnels]
    if not fitting:
        none = book.cite("addresses", "(no xfrm or vti interface)")
        book.note("sa_interface", "missing", state_line, *(lines or [none]))
    else:
        book.note("sa_interface", "fits" if any(one.up for one in fitting) else "down", state_line, *lines)


def _same(one: str, another: str) -> bool:
    first, second = network_of(one), network_of(another)
    return first is not None and first == second
