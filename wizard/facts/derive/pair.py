"""Facts that only show when both ends are held against each other; what one end does not state is not compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from itertools import product

from wizard.facts import identities, pluto_proposals, proposals, selectors
from wizard.facts.addresses import is_address, needs_nat
from wizard.facts.derive.notebook import Notebook
from wizard.facts.derive.running import ike_line, tunnel_children, tunnel_sas
from wizard.facts.focus import ANY, Focus
from wizard.facts.model import ENDS, End, Evidence, Fact, other
from wizard.facts.parsers.iproute import Address, interface_holding
from wizard.facts.tunnel import AuthRound, Child, Connection, IkeSa

_CONNS = "connections"
_CONFIG = "config"
_NOT_BOTH = "not both ends' configurations could be read"
_TESTED = (
    "ike_versions_agree",
    "auth_methods_agree",
    "ike_proposals_agree",
    "ike_proposal_difference",
    "esp_proposals_agree",
    "esp_proposal_difference",
    "selectors_mirror",
    "selectors_overlap",
    "selector_difference",
    "modes_agree",
)


class Pair:
    """Both ends of one tunnel, ready to be compared."""

    def __init__(self, books: Mapping[End, Notebook], focuses: Mapping[End, Focus]) -> None:
        """Takes the ends that were read; a comparison needs both."""
        self.books = books
        self.focuses = focuses
        self.facts: list[Fact] = []

    def compare(self) -> list[Fact]:
        """All facts of the pair, unknown where one end could not be read."""
        near, far = self._connection("near"), self._connection("far")
        if near is None or far is None:
            self.facts += [Fact(name, None, why_unknown=_NOT_BOTH) for name in _TESTED]
        else:
            self._versions(near, far)
            self._methods(near, far)
            self._ike_proposals()
            self._children()
        for end in ENDS:
            if end in self.books:
                self._identity(end)
                self._address(end)
        self._spis()
        self._translated()
        self._overlap()
        self._clocks()
        return self.facts

    def _connection(self, end: End) -> Connection | None:
        focus = self.focuses.get(end)
        return focus.connection if focus is not None else None

    def _note(
        self, name: str, value: bool | str | None, lines: Sequence[Evidence] = (), why: str = ""
    ) -> None:
        self.facts.append(Fact(name, value, tuple(lines), why if value is None else ""))

    def _cite(self, probe: str, near: str, far: str) -> list[Evidence]:
        return [self.books["near"].cite(probe, near), self.books["far"].cite(probe, far)]

    # --- phase 1 ------------------------------------------------------------------------------

    def _versions(self, near: Connection, far: Connection) -> None:
        if near.version is None or far.version is None:
            self._note("ike_versions_agree", None, why="a configuration does not state the IKE version")
            return
        agree = near.version == far.version or 0 in (near.version, far.version)
        words = [f"{one.name}: IKEv{one.version or '1/2'}" for one in (near, far)]
        self._note("ike_versions_agree", agree, self._cite(_CONNS, *words))

    def _methods(self, near: Connection, far: Connection) -> None:
        """Each end proves itself by `local` and is asked for it by the other's `remote`."""
        verdicts: list[bool] = []
        for own, peer in ((near, far), (far, near)):
            proves = own.local[0].method if own.local else None
            wanted = peer.remote[0].method if peer.remote else None
            if proves is not None and wanted is not None and "any" not in (proves, wanted):
                verdicts.append(proves == wanted)
        words = [
            f"{one.name}: proves itself by {_method(one.local)}, wants {_method(one.remote)}"
            for one in (near, far)
        ]
        agree = all(verdicts) if verdicts else None
        self._note(
            "auth_methods_agree", agree, self._cite(_CONNS, *words), "an authentication method is not stated"
        )

    def _ike_proposals(self) -> None:
        stored = [_holding_proposals(self.focuses[end]) for end in ENDS]
        self._proposals(
            "ike", [(one, one.name, one.proposals) if one else None for one in stored], first=True
        )

    def _proposals(
        self,
        protocol: proposals.Protocol,
        offers: Sequence[tuple[Connection, str, tuple[str, ...] | None] | None],
        *,
        first: bool,
    ) -> None:
        """Proposals as they stand on disk, where the daemon does not list what it would offer (charon)."""
        agree, difference = f"{protocol}_proposals_agree", f"{protocol}_proposal_difference"
        near, far = offers
        if near is None or far is None:
            for name in (agree, difference):
                self._note(
                    name, None, why="not both ends' proposals stand in a configuration that could be read"
                )
            return
        offered = [
            _offered(connection, written, protocol, self.books[end].snapshot.version)
            for end, (connection, _, written) in zip(ENDS, (near, far), strict=True)
        ]
        words = [
            f"{name}: {protocol} proposals = {', '.join(written) if written else '(default)'}"
            for _, name, written in (near, far)
        ]
        lines = self._cite(_CONFIG, *words)
        if not all(offered):
            for name in (agree, difference):
                self._note(name, None, why="a proposal could not be read")
            return
        self._note(agree, proposals.common(*offered, first_child=first), lines)
        parted = proposals.difference(*offered, first_child=first)
        self._note(difference, str(parted) if parted is not None else "", lines)

    # --- phase 2 ------------------------------------------------------------------------------

    def _children(self) -> None:
        near, far = self.focuses["near"].child, self.focuses["far"].child
        if near is None or far is None:
            for name in _TESTED[4:]:
                self._note(name, None, why="not both ends have networks for this tunnel")
            return
        mirror = selectors.mirror(
            near.local_ts,
            near.remote_ts,
            far.local_ts,
            far.remote_ts,
            a_address=self.focuses["near"].local_address,
            b_address=self.focuses["far"].local_address,
        )
        words = [f"{one.name}: {' '.join(one.local_ts)} === {' '.join(one.remote_ts)}" for one in (near, far)]
        lines = self._cite(_CONNS, *words)
        self._note("selectors_mirror", mirror.mirrors, lines)
        self._note("selectors_overlap", mirror.overlaps, lines)
        names = {"{a}": self.books["near"].snapshot.gateway, "{b}": self.books["far"].snapshot.gateway}
        told = mirror.difference
        for slot, name in names.items():
            told = told.replace(slot, name)
        self._note("selector_difference", told, lines)
        if near.mode is None or far.mode is None:
            self._note("modes_agree", None, why="a mode is not stated")
        else:
            modes = self._cite(_CONNS, f"{near.name}: {near.mode}", f"{far.name}: {far.mode}")
            self._note("modes_agree", near.mode == far.mode, modes)
        holding = [_holding_proposals(self.focuses[end]) for end in ENDS]
        stored = [self._stored_child(end, one) for end, one in zip(ENDS, holding, strict=True)]
        version = (
            self.focuses["near"].connection.version if self.focuses["near"].connection is not None else None
        )
        self._proposals(
            "esp",
            [
                (connection, one.name, one.proposals) if connection and one else None
                for connection, one in zip(holding, stored, strict=True)
            ],
            first=version != 1,
        )

    def _stored_child(self, end: End, connection: Connection | None) -> Child | None:
        children = connection.children if connection is not None else ()
        return next((child for child in children if child.name == self.focuses[end].child_name), None)

    # --- identities, addresses, SAs, clocks ---------------------------------------------------

    def _identity(self, end: End) -> None:
        """Whether what this end calls itself is what the other end expects."""
        book, own, peer = self.books[end], self._connection(end), self._connection(other(end))
        if own is None or peer is None:
            book.unknown("identity_fits_peer", _NOT_BOTH)
            return
        sent = own.local[0].identity if own.local else None
        sent = sent or self.focuses[end].local_address
        expected = peer.remote[0].identity if peer.remote else None
        if expected is None and peer.remote_addrs and not set(peer.remote_addrs) & ANY:
            # charon expects the peer's address as its identity where none is configured.
            candidates = peer.remote_addrs
        else:
            candidates = (expected,) if expected else ("%any",)
        if sent is None:
            book.unknown("identity_fits_peer", "the identity this end sends is not stated")
            return
        fits = any(candidate in ANY or identities.fits(sent, candidate) for candidate in candidates)
        lines = [
            book.cite(_CONNS, f"{own.name}: local id = {sent}"),
            *(
                [self.books[other(end)].cite(_CONNS, f"{peer.name}: remote id = {' or '.join(candidates)}")]
                if other(end) in self.books
                else []
            ),
        ]
        book.note("identity_fits_peer", fits, *lines)

    def _address(self, end: End) -> None:
        """Whether the peer address configured here is on the other gateway; a NAT between makes it unknown."""
        book, own = self.books[end], self._connection(end)
        peer = self.books.get(other(end))
        written = own.remote_addrs if own is not None else ()
        # A name says nothing as long as it is not known what it resolves to on this gateway.
        remote = [one for one in written if one not in ANY and is_address(one)]
        if peer is None or not remote or peer.snapshot.interfaces is None:
            book.unknown("peer_address_fits", "there is nothing to compare the peer's address with")
            return
        held = peer.snapshot.addresses()
        if set(remote) & set(held):
            book.note("peer_address_fits", True, book.cite(_CONNS, f"remote_addrs: {', '.join(remote)}"))
        elif behind_nat(self.focuses[other(end)]):
            book.unknown(
                "peer_address_fits",
                "the other gateway has private addresses only, so a NAT may stand before it",
            )
        else:
            lines = [
                book.cite(_CONNS, f"remote_addrs: {', '.join(remote)}"),
                peer.cite("addresses", f"addresses: {', '.join(held)}"),
            ]
            book.note("peer_address_fits", False, *lines)

    def _spis(self) -> None:
        """Each end's outbound SPI is the other's inbound: the one proof that both hold the same SAs."""
        if len(self.books) < 2:
            self._note("spis_match", None, why="only one end could be read")
            return
        children = {end: tunnel_children(self.books[end].snapshot, self.focuses[end]) for end in ENDS}
        if any(self.books[end].snapshot.sas is None for end in ENDS):
            self._note("spis_match", None, why="the SAs of an end could not be read")
            return
        if not children["near"] or not children["far"]:
            self._note("spis_match", None, why="no CHILD SA is installed at both ends")
            return
        match = any(
            near.spi_out == far.spi_in and near.spi_in == far.spi_out
            for near, far in product(children["near"], children["far"])
        )
        lines = [
            self.books[end].cite("sas", f"{child.name}: in {child.spi_in}, out {child.spi_out}")
            for end in ENDS
            for child in children[end]
        ]
        self._note("spis_match", match, lines)

    def _translated(self) -> None:
        """Whether a NAT is before an end whose daemon does not say: its peer then knows it by another address."""
        sas = {
            end: tunnel_sas(book.snapshot, self.focuses[end]) if book.snapshot.sas is not None else ()
            for end, book in self.books.items()
        }
        for end, book in self.books.items():
            for own, peer in product(sas[end], sas.get(other(end), ())):
                told = own.local_port is not None or own.nat_local
                if told or not _same(own, peer):
                    continue
                if is_address(own.local_host) and is_address(peer.remote_host):
                    behind = ip_address(own.local_host) != ip_address(peer.remote_host)
                    lines = (
                        book.cite("sas", ike_line(own)),
                        self.books[other(end)].cite("sas", ike_line(peer)),
                    )
                    book.note("behind_nat", behind, *lines)
                    break

    def _overlap(self) -> None:
        """Whether the network inside one gateway and the one inside the other are the same addresses."""
        near, far = (self._inside(end) for end in ENDS)
        if near is None or far is None:
            self._note("networks_overlap", None, why="not both inside networks are known")
            return
        both = near.network.version == far.network.version and near.network.overlaps(far.network)
        lines = [
            self.books[end].cite("addresses", one.line) for end, one in zip(ENDS, (near, far), strict=True)
        ]
        self._note("networks_overlap", both, lines)

    def _inside(self, end: End) -> Address | None:
        """The address by which a gateway is connected to the network it protects."""
        focus, book = self.focuses.get(end), self.books.get(end)
        if focus is None or book is None or focus.probe_source is None:
            return None
        held = interface_holding(book.snapshot.interfaces or (), focus.probe_source)
        own = held.addresses if held is not None and held.name != "lo" else ()
        return next((one for one in own if one.address == focus.probe_source), None)

    def _clocks(self) -> None:
        clocks = {end: self.books[end].snapshot.clock for end in self.books}
        near, far = clocks.get("near"), clocks.get("far")
        if near is None or far is None:
            self._note("clock_difference_s", None, why="not both clocks could be read")
            return
        lines = self._cite("clock", near.line, far.line)
        self.facts.append(Fact("clock_difference_s", near.epoch_s - far.epoch_s, tuple(lines)))


def _holding_proposals(focus: Focus) -> Connection | None:
    """The connection as the source has it that holds its proposals: pluto lists them, defaults filled in."""
    loaded = focus.loaded
    if loaded is not None and loaded.dialect == "libreswan" and loaded.proposals:
        return loaded
    return focus.on_disk


def _offered(
    connection: Connection,
    written: tuple[str, ...] | None,
    protocol: proposals.Protocol,
    release: str | None,
) -> tuple[proposals.Proposal, ...]:
    """What is offered, in words no implementation owns; none where one of them could not be read."""
    if connection.dialect != "libreswan":
        return tuple(proposals.configured(written, protocol, release))
    return pluto_proposals.configured(
        written,
        protocol,
        version=connection.version or 2,
        release=pluto_proposals.release(release),
    )


def _same(own: IkeSa, peer: IkeSa) -> bool:
    """Whether both ends' listings show one IKE SA: by a CHILD SA of it that both hold."""
    return any(
        bool(one.spi_in) and one.spi_in == two.spi_out and one.spi_out == two.spi_in
        for one, two in product(own.children, peer.children)
    )


def _method(rounds: tuple[AuthRound, ...]) -> str:
    return (rounds[0].detail or rounds[0].method or "anything") if rounds else "anything"


def behind_nat(focus: Focus) -> bool:
    """Whether an end's outside address looks like one behind a NAT: not the one its peer was told."""
    own = ip_address(focus.local_address) if focus.local_address is not None else None
    return own is None or needs_nat(own)
