"""Facts about what is running: this tunnel's SAs in the daemon and in the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

from wizard.facts import selectors
from wizard.facts.addresses import is_address, needs_nat
from wizard.facts.derive.notebook import Notebook
from wizard.facts.focus import ANY, Focus
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import ChildSa, IkeSa

_IKE_STATES = {
    "created": "connecting",
    "connecting": "connecting",
    "established": "established",
    "passive": "established",
    "rekeying": "rekeying",
    "rekeyed": "rekeying",
    "deleting": "deleting",
    "destroying": "deleting",
}
_IKE_ORDER = ("established", "rekeying", "connecting", "deleting")
_INSTALLED = frozenset({"installed", "updating", "rekeying"})
_PROBE = "sas"
_IKE_PORT = 500


def tunnel_sas(snapshot: Snapshot, focus: Focus) -> tuple[IkeSa, ...]:
    """The IKE SAs of this tunnel: by the connection's name, and nameless ones with the same peer."""
    return tuple(
        sa
        for sa in snapshot.sas or ()
        if sa.name == focus.name or (sa.name in ("", "(unnamed)") and sa.remote_host in focus.peer_addresses)
    )


def tunnel_children(snapshot: Snapshot, focus: Focus) -> tuple[ChildSa, ...]:
    """The installed CHILD SAs of this tunnel's child; of all its children where none is singled out."""
    return installed(tunnel_sas(snapshot, focus), focus)


def installed(sas: Sequence[IkeSa], focus: Focus) -> tuple[ChildSa, ...]:
    """The installed CHILD SAs of the tunnel's child among these IKE SAs."""
    children = [child for sa in sas for child in sa.children if child.state in _INSTALLED]
    named = [child for child in children if child.name == focus.child_name]
    return tuple(named if focus.child_name else children)


def running(book: Notebook, focus: Focus) -> None:
    """State of the IKE SA and the CHILD SA, in the daemon's words and in the kernel's."""
    snapshot = book.snapshot
    if snapshot.sas is None:
        book.unread(_PROBE, "ike_state", "child_state", "child_count", "behind_nat", "kernel_sas_present")
        return
    sas = tunnel_sas(snapshot, focus)
    states = [_IKE_STATES.get(sa.state, "connecting") for sa in sas]
    state = next((word for word in _IKE_ORDER if word in states), "none")
    listed = book.cite(
        _PROBE, "; ".join(ike_line(sa) for sa in sas) or f"(no IKE SA of {focus.name or 'this tunnel'})"
    )
    book.note("ike_state", state, listed)
    children = tunnel_children(snapshot, focus)
    every = [child for sa in sas for child in sa.children]
    if children:
        child_state = "installed"
    elif any(child.state == "routed" for child in every):
        child_state = "routed"
    else:
        child_state = "pending" if every else "none"
    lines = [book.cite(_PROBE, _child_line(child)) for child in (children or every)] or [listed]
    book.note("child_state", child_state, *lines)
    book.note("child_count", len(children), *lines)
    if state in ("established", "rekeying"):
        told = any(sa.local_port is not None or _on_port_500(sa) for sa in sas)
        behind = any(sa.nat_local for sa in sas)
        # A listing without ports says nothing of NAT either (`ipsec statusall`).
        book.note(
            "behind_nat", behind if told or behind else None, listed, why_unknown="the listing does not say"
        )
    else:
        book.unknown("behind_nat", "no IKE SA is established")
    _kernel(book, children)


def _on_port_500(sa: IkeSa) -> bool:
    """Whether it was set up past no NAT: whoever sees one leaves port 500 (RFC 7296 2.23, RFC 3947 4).

    pluto lists the peer's port and says nothing of NAT. A private address may be behind one that nobody looked for.
    """
    return (
        sa.remote_port == _IKE_PORT and is_address(sa.local_host) and not needs_nat(ip_address(sa.local_host))
    )


def _kernel(book: Notebook, children: tuple[ChildSa, ...]) -> None:
    snapshot = book.snapshot
    if snapshot.states is None:
        book.unread("xfrm-state", "kernel_sas_present")
    elif not children:
        book.unknown("kernel_sas_present", "the daemon holds no CHILD SA")
    else:
        spis = {state.spi for state in snapshot.states}
        wanted = {spi for child in children for spi in (child.spi_in, child.spi_out) if spi}
        line = f"SPIs of the daemon: {', '.join(sorted(wanted))}; in the kernel: {', '.join(sorted(spis)) or 'none'}"
        held = any({child.spi_in, child.spi_out} - {""} <= spis for child in children)
        elsewhere = not snapshot.states and any(
            one.name.startswith("ipsec") and not one.kind for one in snapshot.interfaces or ()
        )
        if held or not elsewhere:
            book.note("kernel_sas_present", held, book.cite("xfrm-state", line))
        else:
            # kernel-libipsec encrypts in the daemon, behind a tun device of this name.
            book.unknown("kernel_sas_present", "the daemon may do the encryption itself")


def carried(book: Notebook, focus: Focus) -> None:
    """Which of this end's configured networks the installed CHILD SAs carry, and whether one is there twice."""
    names = ("child_encap", "duplicate_sas", "networks_not_carried")
    if book.snapshot.sas is None:
        book.unread(_PROBE, *names)
        return
    children = tunnel_children(book.snapshot, focus)
    if not children:
        for name in names:
            book.unknown(name, "no CHILD SA is installed")
        return
    carried_by(book, focus, children)


def carried_by(book: Notebook, focus: Focus, children: Sequence[ChildSa]) -> None:
    """The same of CHILD SAs seen after something was tried."""
    lines = [book.cite(_PROBE, _child_line(child)) for child in children]
    book.note("child_encap", all(child.encap for child in children), *lines)
    # While one is being renewed its successor stands beside it.
    steady = [one for one in children if one.state == "installed"]
    pairs = [(frozenset(one.local_ts), frozenset(one.remote_ts)) for one in steady]
    book.note("duplicate_sas", len(set(pairs)) < len(pairs), *lines)
    left = [
        text
        for texts, held in (
            (focus.local_networks, [ts for child in children for ts in child.local_ts]),
            (focus.remote_networks, [ts for child in children for ts in child.remote_ts]),
        )
        for text in texts
        if _left_out(text, held)
    ]
    book.note("networks_not_carried", tuple(left), *lines)


def _left_out(text: str, held: Sequence[str]) -> bool:
    """Whether a configured network is carried in part or not at all; asking for everything is asking to be narrowed."""
    wanted = selectors.parse(text)
    if wanted is None or text in ANY or text == "dynamic":
        return False
    known = [one for one in map(selectors.parse, held) if one is not None]
    return bool(known) and not any(selectors.contains(one, wanted) for one in known)


def ike_line(sa: IkeSa) -> str:
    """An IKE SA in one line, the same for every implementation."""
    who = f"{sa.local_host}[{sa.local_id or ''}]...{sa.remote_host}[{sa.remote_id or ''}]"
    return f"{sa.name}: #{sa.unique_id}, {sa.state.upper()}, IKEv{sa.version}, {who}"


def _child_line(child: ChildSa) -> str:
    networks = f"{' '.join(child.local_ts)} === {' '.join(child.remote_ts)}"
    spis = f"in {child.spi_in}, {child.packets_in} packets; out {child.spi_out}, {child.packets_out} packets"
    return f"{child.name}: #{child.unique_id}, {child.state.upper()}, {networks}, {spis}"
