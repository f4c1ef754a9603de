"""A Cisco IOS running configuration: every crypto map entry and protected tunnel as a connection.

Policies and transform sets stand apart from what uses them, and IOS leaves defaults out: the pieces are put
together here, with IOS's own defaults, so that the result can be held against any other implementation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from wizard.facts.defaults import ios as defaults
from wizard.facts.parsers import ios_blocks, ios_words
from wizard.facts.parsers.ios_blocks import Block
from wizard.facts.parsers.ios_keys import Keys
from wizard.facts.parsers.ios_typed import interface as interface_name
from wizard.facts.tunnel import (
    AuthMethod,
    AuthRound,
    Child,
    ConfigProblem,
    Configuration,
    Connection,
    SharedSecret,
)

__all__ = ["parse"]

NOT_APPLIED: Final = "crypto-map-not-applied"


def parse(
    files: Sequence[tuple[str, str]], *, version: str | None = None, salt: str | None = None
) -> Configuration:
    """Reads one running configuration, given whole or in parts; `salt` is used for the digests of its keys."""
    top = [block for path, text in files for block in ios_blocks.blocks(text, path)]
    reader = _Reader(top, salt)
    connections = tuple(reader.connections())
    return Configuration(
        connections=connections,
        secrets=tuple(reader.secrets),
        problems=tuple(reader.problems),
        files=tuple(path for path, _ in files),
        dialect="ios",
        version=version,
    )


class _Reader:
    """Follows the references from interfaces to crypto maps, profiles, transform sets, lists and keys."""

    def __init__(self, top: Sequence[Block], salt: str | None) -> None:
        self.top = top
        self.keys = Keys(top, salt)
        self.secrets: list[SharedSecret] = []
        self.problems: list[ConfigProblem] = []
        self.interfaces = {interface_name(block.words[1:]): block for block in self._all("interface")}

    def connections(self) -> Iterator[Connection]:
        """Crypto map entries with the interface they are on, then tunnels with protection."""
        used: set[str] = set()
        for block in self.interfaces.values():
            for line in block.all("crypto", "map"):
                used.add(line.words[2])
                if block.first("shutdown") is None:
                    yield from self._map(line.words[2], self._outside(line.words[2], block))
            if block.first("tunnel", "protection") is not None and block.first("shutdown") is None:
                yield from self._tunnel(block)
        for name in dict.fromkeys(block.words[2] for block in self._entries()):
            if name not in used:
                place = next(block for block in self._entries() if block.words[2] == name)
                message = f"the crypto map '{name}' is on no interface"
                self.problems.append(
                    ConfigProblem(place.place, message, place.line, "connection", name, NOT_APPLIED)
                )
                yield from self._map(name, None)

    # --- crypto maps --------------------------------------------------------------------------

    def _entries(self) -> Iterator[Block]:
        return (
            block
            for block in self._all("crypto", "map")
            if len(block.words) > 4 and block.words[3].isdigit() and block.words[4] == "ipsec-isakmp"
        )

    def _outside(self, name: str, interface: Block) -> Block:
        """The interface whose address a map speaks from."""
        for block in self._all("crypto", "map", name, "local-address"):
            return self.interfaces.get(interface_name(block.words[4:]), interface)
        return interface

    def _map(self, name: str, interface: Block | None) -> Iterator[Connection]:
        for block in self._entries():
            if block.words[2] != name:
                continue
            if "dynamic" in block.words:
                template = block.words[block.words.index("dynamic") + 1]
                for entry in self._all("crypto", "dynamic-map", template):
                    yield self._entry(entry, f"{name}/{entry.words[3]}", interface, dynamic=True)
            else:
                yield self._entry(block, f"{name}/{block.words[3]}", interface, dynamic=False)

    def _entry(self, block: Block, name: str, interface: Block | None, *, dynamic: bool) -> Connection:
        where = {name: block.place}
        peers = tuple(line.words[2] for line in block.all("set", "peer") if len(line.words) > 2)
        listed = block.first("match", "address")
        matched = ios_blocks.entries(self.top, listed.words[2]) if listed is not None else []
        _note(where, block.first("set", "peer"), "remote_addrs")
        children: list[Child] = []
        for number, entry in enumerate(matched, start=1):
            child = f"{listed.words[2] if listed is not None else name}/{number}"
            where[f"children.{child}.local_ts"] = where[f"children.{child}.remote_ts"] = entry.place
            children.append(
                self._child(
                    block, child, (entry.local,), (entry.remote,), where, "none" if dynamic else "trap"
                )
            )
        lacks = [
            what
            for what, there in (
                ("a peer", bool(peers) or dynamic),
                ("an access list with a permit line", bool(matched) or (dynamic and listed is None)),
                ("the transform set", bool(self._sets(block)) or block.first("set", "transform-set") is None),
            )
            if not there
        ]
        if lacks:
            self._problem(block, name, f"the crypto map entry is incomplete: it lacks {' and '.join(lacks)}")
        address = ios_words.own_address(interface)
        return self._connection(block, name, address, peers or ("%any",), tuple(children), where)

    # --- tunnels ------------------------------------------------------------------------------

    def _tunnel(self, block: Block) -> Iterator[Connection]:
        name = interface_name(block.words[1:])
        protection = block.first("tunnel", "protection")
        target = block.value("tunnel", "destination")
        if protection is None or "profile" not in protection.words:
            return
        profile_name = protection.words[protection.words.index("profile") + 1]
        profile = self._named("crypto", "ipsec", "profile", profile_name)
        source = block.first("tunnel", "source")
        written = interface_name(source.words[2:]) if source is not None else ""
        local = (
            ios_words.own_address(self.interfaces[written]) if written in self.interfaces else written or None
        )
        where = {name: block.place}
        _note(where, source, "local_addrs")
        _note(where, block.first("tunnel", "destination"), "remote_addrs")
        mode = block.first("tunnel", "mode")
        ipsec = mode is not None and mode.starts("tunnel", "mode", "ipsec")
        child = f"{name}"
        selectors = ("0.0.0.0/0",) if ipsec else ("dynamic[gre]",)
        if mode is not None:
            where[f"children.{child}.local_ts"] = where[f"children.{child}.remote_ts"] = mode.place
        settings = profile or Block((), block.place, "")
        peers = (target,) if target and target != "dynamic" else ios_blocks.next_hops(block)
        action = "start" if peers else "none"
        children = (self._child(settings, child, selectors, selectors, where, action, interface=name),)
        yield self._connection(settings, name, local, peers or ("%any",), children, where)

    # --- both ---------------------------------------------------------------------------------

    def _connection(
        self,
        block: Block,
        name: str,
        local: str | None,
        peers: tuple[str, ...],
        children: tuple[Child, ...],
        where: dict[str, str],
    ) -> Connection:
        profile = block.value("set", "ikev2-profile")
        ikev2 = self._named("crypto", "ikev2", "profile", profile) if profile is not None else None
        version = 2 if profile is not None else 1
        if ikev2 is not None and ikev2.first("match", "identity") is None:
            self._problem(ikev2, name, "the IKEv2 profile is incomplete: it lacks a match identity line")
        _note(where, block.first("set", "ikev2-profile"), "version")
        keys = (
            self.keys.ikev2(ikev2, peers)
            if version == 2
            else self.keys.isakmp(
                self._named("crypto", "isakmp", "profile", block.value("set", "isakmp-profile") or ""),
                peers,
                local,
            )
        )
        self.secrets += [_bound(key, name) for key in keys]
        rounds = (
            self._ikev2_rounds(ikev2, where)
            if version == 2
            else self._isakmp_rounds(block, peers, bool(keys), where)
        )
        proposals = (
            self._ikev2_proposals(where, local, name)
            if version == 2
            else self._isakmp_policies(rounds[0].method, where)
        )
        aggressive = version == 1 and any(
            line.starts("initiate", "mode", "aggressive")
            for one in self._all("crypto", "isakmp", "profile")
            for line in one.inner
        )
        return Connection(
            name=name,
            version=version,
            local_addrs=(local,) if local else ("%any",),
            remote_addrs=peers,
            local=(rounds[0],),
            remote=(rounds[1],),
            proposals=proposals,
            children=children,
            aggressive=aggressive,
            dialect="ios",
            where=where,
        )

    def _isakmp_rounds(
        self, block: Block, peers: tuple[str, ...], keyed: bool, where: dict[str, str]
    ) -> tuple[AuthRound, AuthRound]:
        methods = {
            ios_words.method(policy.value("authentication") or "rsa-sig") for policy in self._policies()
        }
        if not methods:
            methods = {"psk"} if keyed else {"psk", "pubkey"}
        method: AuthMethod = methods.pop() if len(methods) == 1 else "psk" if keyed else "any"
        profile = self._named("crypto", "isakmp", "profile", block.value("set", "isakmp-profile") or "")
        own = self._isakmp_identity(profile, where)
        expected: str | None = None
        for line in profile.all("match", "identity") if profile is not None else ():
            expected = ios_words.matched(line.words[2:])
            where["remote.0.identity"] = line.place
        return AuthRound(method=method, identity=own), AuthRound(method=method, identity=expected)

    def _isakmp_identity(self, profile: Block | None, where: dict[str, str]) -> str | None:
        line = profile.first("self-identity") if profile is not None else None
        line = line or next(self._all("crypto", "isakmp", "identity"), None)
        if line is None:
            return None
        where["local.0.identity"] = line.place
        word = line.words[-1]
        if word in {"address", "dn"}:
            return None
        hostname = next((block.words[1] for block in self._all("hostname")), None)
        domain = next((block.words[-1] for block in self._all("ip", "domain")), None)
        if word in {"hostname", "fqdn"}:
            return f"fqdn:{hostname}.{domain}" if hostname and domain else f"fqdn:{hostname}"
        return ios_words.matched(line.words[1:])

    def _isakmp_policies(self, method: AuthMethod | None, where: dict[str, str]) -> tuple[str, ...]:
        policies = [
            policy
            for policy in self._policies()
            if method in {"any", ios_words.method(policy.value("authentication") or "rsa-sig")}
        ]
        if not policies:
            return () if any(True for _ in self._policies()) else defaults.ISAKMP
        where["proposals"] = policies[0].place
        return tuple(ios_blocks.isakmp_policy(policy) for policy in policies)

    def _policies(self) -> Iterator[Block]:
        return self._all("crypto", "isakmp", "policy")

    def _ikev2_rounds(self, profile: Block | None, where: dict[str, str]) -> tuple[AuthRound, AuthRound]:
        if profile is None:
            return AuthRound(), AuthRound()
        rounds: dict[str, AuthRound] = {}
        for side in ("local", "remote"):
            lines = list(profile.all("authentication", side))
            methods = {ios_words.method(line.words[2]) for line in lines if len(line.words) > 2}
            if lines:
                where[f"{side}.0.method"] = lines[0].place
            method = methods.pop() if len(methods) == 1 else "any" if methods else None
            rounds[side] = AuthRound(method=method, identity=self._ikev2_identity(profile, side, where))
        return rounds["local"], rounds["remote"]

    @staticmethod
    def _ikev2_identity(profile: Block, side: str, where: dict[str, str]) -> str | None:
        start = ("identity", "local") if side == "local" else ("match", "identity", "remote")
        lines = list(profile.all(*start))
        if not lines:
            return None
        where[f"{side}.0.identity"] = lines[0].place
        return ios_words.matched(lines[0].words[len(start) :]) if len(lines) == 1 else None

    def _ikev2_proposals(self, where: dict[str, str], local: str | None, connection: str) -> tuple[str, ...]:
        names: list[str] = []
        for policy in self._all("crypto", "ikev2", "policy"):
            bound = [line.words[3] for line in policy.all("match", "address", "local") if len(line.words) > 3]
            if bound and local is not None and local not in bound:
                continue
            names += [line.words[1] for line in policy.all("proposal") if len(line.words) > 1]
        found: list[str] = []
        for name in names:
            proposal = self._named("crypto", "ikev2", "proposal", name)
            if proposal is not None and proposal.inner:
                where.setdefault("proposals", proposal.place)
                if (lacks := ios_blocks.lacking(proposal)) is not None:
                    self._problem(proposal, connection, f"the IKEv2 proposal is incomplete: it lacks {lacks}")
                found.append(ios_blocks.ikev2_proposal(proposal))
        if found:
            return tuple(found)
        changed = self._named("crypto", "ikev2", "proposal", "default")
        if changed is not None and changed.inner:
            where["proposals"] = changed.place
            return (ios_blocks.ikev2_proposal(changed),)
        return defaults.IKEV2

    def _child(
        self,
        block: Block,
        name: str,
        local: tuple[str, ...],
        remote: tuple[str, ...],
        where: dict[str, str],
        action: str,
        *,
        interface: str | None = None,
    ) -> Child:
        line = block.first("set", "transform-set")
        sets = self._sets(block)
        _note(where, sets[0] if sets else line, f"children.{name}.proposals")
        pfs = block.first("set", "pfs")
        _note(where, pfs, f"children.{name}.pfs")
        suffix = (
            f"-{ios_blocks.group(pfs.words[2] if len(pfs.words) > 2 else '1')}" if pfs is not None else ""
        )
        read = [ios_blocks.transform_set(one.words[4:]) for one in sets]
        modes = {ios_words.mode(one) for one in sets}
        life = block.value("set", "security-association", "lifetime", "seconds")
        protocols = {protocol for protocol, _ in read}
        return Child(
            name=name,
            local_ts=local,
            remote_ts=remote,
            mode=modes.pop() if len(modes) == 1 else None if modes else "tunnel",
            proposals=tuple(f"{written}{suffix}" for _, written in read)
            or tuple(f"{one}{suffix}" for one in defaults.ESP),
            protocol="ah" if protocols == {"ah"} else "esp",
            start_action=action,
            life_time_s=int(life) if life is not None and life.isdigit() else defaults.CHILD_LIFE_S,
            compress=any("comp-lzs" in one.words for one in sets) or None,
            interface=interface,
        )

    def _sets(self, block: Block) -> list[Block]:
        """The transform sets an entry or a profile names, as far as they are there."""
        line = block.first("set", "transform-set")
        words = line.words[2:] if line is not None else ()
        found = (self._named("crypto", "ipsec", "transform-set", word) for word in words)
        return [one for one in found if one is not None]

    def _problem(self, block: Block, name: str, message: str) -> None:
        self.problems.append(ConfigProblem(block.place, message, block.line, "connection", name))

    def _all(self, *words: str) -> Iterator[Block]:
        return (block for block in self.top if block.starts(*words))

    def _named(self, *words: str) -> Block | None:
        return next(self._all(*words), None)


def _bound(key: SharedSecret, connection: str) -> SharedSecret:
    return SharedSecret(key.name, key.identities, key.digest, key.kind, key.where, connection, key.side)


def _note(where: dict[str, str], block: Block | None, field: str) -> None:
    if block is not None:
        where[field] = block.place
