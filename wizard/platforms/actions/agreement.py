"""What one end has to be set to so that it fits the other: the values, each in the end's own language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from wizard.facts import identities
from wizard.facts.focus import ANY
from wizard.facts.model import End, other
from wizard.facts.tunnel import AuthRound, Connection
from wizard.platforms.actions import fitting, mirroring
from wizard.platforms.actions.base import Site, Unplannable
from wizard.platforms.actions.fitting import Wants
from wizard.platforms.actions.mirroring import children, own_child, pair
from wizard.platforms.actions.spelling import stated_keys, want
from wizard.platforms.actions.stored import Stored

Rule = Callable[[Site, End, bool], Wants]
"""Site, end that is changed, whether the stronger of both settings is to win → what has to be set there."""


def wanted(site: Site, at: End, field: str, *, stronger: bool) -> Wants:
    """What has to be set at one end for one field; nothing where the ends agree on it."""
    rule = RULES.get(field)
    if rule is None:
        raise Unplannable(f"there is no field {field} to align", advice="use one of " + ", ".join(RULES))
    if other(at) not in site.snapshots and field not in _ALONE:
        raise Unplannable(
            f"the other end was not read, so which {field} would fit it is not known",
            advice="ask whoever looks after it for its settings, and set them here by hand",
        )
    return rule(site, at, stronger)


def _version(site: Site, at: End, stronger: bool) -> Wants:
    own, mine, theirs = pair(site, at)
    here, there = mine.version or 0, theirs.version or 0
    if here == there or 0 in {here, there}:
        return (), ()
    if stronger and there < here:
        return (), ()
    warnings = ("IKEv1 is obsolete (RFC 9395); IKEv2 at the other end would be the better repair",)
    return (want(own, "version", str(there)),), warnings if there == 1 else ()


def _aggressive(site: Site, at: End, stronger: bool) -> Wants:
    own, mine, theirs = pair(site, at)
    here, there = bool(mine.aggressive), bool(theirs.aggressive)
    if here == there or (stronger and there):
        return (), ()
    said = "aggressive mode shows whoever listens a hash of the pre-shared key, to be guessed at leisure"
    return (want(own, "aggressive", "yes" if there else "no"),), (said,) if there else ()


def _remote_id(site: Site, at: End, stronger: bool) -> Wants:
    """This end is made to expect what the other sends."""
    own, mine, theirs = pair(site, at)
    sent = _sent(theirs, site, other(at))
    expected = _identity(mine.remote)
    if expected is None and sent[1] and set(mine.remote_addrs) & {sent[0]}:
        return (), ()
    if expected is not None and identities.fits(sent[0], expected):
        return (), ()
    if expected is None and (not mine.remote_addrs or set(mine.remote_addrs) & ANY):
        return (), ()
    value = _spelled(sent[0], theirs, own)
    return (want(own, "remote-id", value),), _key_warning(own, value)


def _local_id(site: Site, at: End, stronger: bool) -> Wants:
    """This end is made to call itself what the other expects."""
    own, mine, theirs = pair(site, at)
    expected = _identity(theirs.remote)
    if expected is None or expected in ANY or identities.parse(expected).kind == "any":
        return (), ()
    if identities.fits(_sent(mine, site, at)[0], expected):
        return (), ()
    if "*" in expected:
        raise Unplannable(f"the other end expects {expected}, which stands for many identities")
    value = _spelled(expected, theirs, own)
    warnings = _key_warning(own, value)
    if mine.local and mine.local[0].method == "pubkey":
        warnings = (*warnings, f"the certificate of {own.snapshot.gateway} has to carry {value}, too")
    return (want(own, "local-id", value),), warnings


def _identities(site: Site, at: End, stronger: bool) -> Wants:
    remote, local = _remote_id(site, at, stronger), _local_id(site, at, stronger)
    return (*remote[0], *local[0]), tuple(dict.fromkeys((*remote[1], *local[1])))


def _identity(rounds: tuple[AuthRound, ...]) -> str | None:
    return rounds[0].identity if rounds else None


def _sent(connection: Connection, site: Site, end: End) -> tuple[str, bool]:
    """The identity an end sends, and whether that is just its address."""
    stated = _identity(connection.local)
    if stated and stated not in ANY:
        return stated, False
    address = site.focus(end).local_address
    if address is None:
        raise Unplannable(f"which identity {site.snapshot(end).gateway} sends could not be told")
    return address, True


def _spelled(text: str, theirs: Connection, own: Stored) -> str:
    """An identity of the other end's file in this end's language, of the same type."""
    identity = identities.parse(text)
    if theirs.dialect == own.dialect and not text.startswith("%"):
        return text
    match identity.kind:
        case "name":
            value = identity.text.removeprefix("%").removeprefix("@")
            value = value.partition(":")[2] if value.startswith(("fqdn:", "dns:")) else value
            return value if own.dialect == "swanctl" else f"@{value}"
        case "e-mail":
            return identity.value
        case "address":
            return identity.value
        case "distinguished name":
            return identity.text.removeprefix("asn1dn:")
        case "key id" if own.dialect == "libreswan":
            return f"@#{identity.value.encode('latin-1', 'replace').hex()}"
        case "key id":
            return f"keyid:{identity.value}"
        case _:
            raise Unplannable(
                f"the identity {text} is of a type that cannot be carried over to {own.snapshot.gateway}",
                advice="set it by hand",
            )


def _key_warning(own: Stored, value: str) -> tuple[str, ...]:
    """Where every pre-shared key on disk is bound to identities, and none of them to the new one."""
    disk = own.snapshot.disk
    secrets = disk.secrets if disk is not None else ()
    bound = [one for one in secrets if one.kind == "ike" and one.identities]
    psk = any(one.method == "psk" for one in (*own.connection.local, *own.connection.remote))
    fits = any(identities.fits(value, identity) for one in bound for identity in one.identities)
    if not psk or fits or len(bound) != len(secrets) or not bound:
        return ()
    return (
        f"no pre-shared key of {own.snapshot.gateway} is bound to {value}; its owner may have to be set, too",
    )


def _mode(site: Site, at: End, stronger: bool) -> Wants:
    own, mine, theirs = children(site, at)
    if (mine.mode or "tunnel") == (theirs.mode or "tunnel"):
        return (), ()
    return (want(own, "mode", theirs.mode or "tunnel"),), ()


def _lifetimes(site: Site, at: End, stronger: bool) -> Wants:
    """This end is made to renew a CHILD SA in time before it drops it."""
    own, mine = own_child(site, at)
    if own.dialect != "swanctl":
        if stated_keys(own).get("rekey", "yes").lower() in {"no", "false", "off", "n", "0"}:
            return (want(own, "rekey", "yes"),), ()
        return (), ()
    life, rekey = mine.life_time_s, mine.rekey_time_s
    if life and (rekey == 0 or (rekey or 3600) > life):
        return (want(own, "child-rekey", str(max(life * 10 // 11, 1))),), ()
    if rekey == 0 and not life:
        return (want(own, "child-rekey", "3600"),), ()
    return (), ()


def _dpd(site: Site, at: End, stronger: bool) -> Wants:
    own, mine, theirs = pair(site, at)
    delay = theirs.dpd_delay_s or 0
    if (mine.dpd_delay_s or 0) == delay:
        return (), ()
    return (want(own, "dpd-delay", str(delay)),), ()


def _auth(site: Site, at: End, stronger: bool) -> Wants:
    """Each end proves itself the way the other wants it; the credentials for it have to be there already."""
    own, mine, theirs = pair(site, at)
    pairs = {
        "local-auth": (_method(mine.local), _method(theirs.remote)),
        "remote-auth": (_method(mine.remote), _method(theirs.local)),
    }
    differing = {
        field: there
        for field, (here, there) in pairs.items()
        if there is not None and here != there and "any" not in {here, there}
    }
    if not differing:
        return (), ()
    if any(one not in {"psk", "pubkey"} for one in differing.values()):
        raise Unplannable("user authentication (EAP, XAuth) cannot be carried over by changing one option")
    words = set(differing.values())
    said = (
        f"{own.snapshot.gateway} needs the key or the certificate for it; without one the daemon refuses",
    )
    if own.dialect == "swanctl":
        return tuple(want(own, field, str(value)) for field, value in differing.items()), said
    stated = stated_keys(own)
    both = {_method(theirs.local), _method(theirs.remote)} - {None}
    sided = any(key in {"leftauth", "rightauth"} for key in stated)
    if not sided and len(both) == 1:
        word = words.pop()
        names = {"libreswan": {"psk": "secret", "pubkey": "rsasig"}}.get(own.dialect, {})
        return (want(own, "authby", names.get(str(word), str(word))),), said
    if own.dialect == "libreswan":
        words_for = {"psk": "secret", "pubkey": "rsasig"}
        return tuple(want(own, field, words_for[str(value)]) for field, value in differing.items()), said
    return tuple(want(own, field, str(value)) for field, value in differing.items()), said


def _method(rounds: tuple[AuthRound, ...]) -> str | None:
    return rounds[0].method if rounds else None


def _interface(site: Site, at: End, stronger: bool) -> Wants:
    """The child's interface IDs become those of the one tunnel interface nobody else uses; without one they go."""
    own, mine = own_child(site, at)
    taken = {
        _number(value)
        for one in (own.snapshot.disk.connections if own.snapshot.disk is not None else ())
        if one.name != own.connection.name
        for child in one.children
        for value in (child.if_id_in, child.if_id_out)
    }
    free = {
        interface.key
        for interface in own.snapshot.interfaces or ()
        if interface.key and interface.kind == "xfrm" and interface.key not in taken
    }
    held = {"if-id-in": mine.if_id_in, "if-id-out": mine.if_id_out}
    marks = {"mark-in": mine.mark_in, "mark-out": mine.mark_out}
    if any(held.values()) and {_number(value) for value in held.values()} <= free:
        return (), ()
    if len(free) > 1:
        raise Unplannable(
            f"{own.snapshot.gateway} has {len(free)} free XFRM interfaces; which one the tunnel is meant for, only "
            "its administrator knows"
        )
    if free and any(held.values()):
        key = str(free.pop())
        return (want(own, "if-id-in", key), want(own, "if-id-out", key)), ()
    # Without an interface or a mark of its own the tunnel takes its traffic by its networks alone.
    off = [want(own, field, "0") for field, value in held.items() if value]
    off += [want(own, field, "0/0") for field, value in marks.items() if value]
    said = "the tunnel takes its traffic by its networks alone then, not by an interface or a mark"
    return tuple(off), (said,) if off else ()


def _loading(site: Site, at: End, stronger: bool) -> Wants:
    """A conn that the daemon is told to leave out is loaded, without being started."""
    own, mine = own_child(site, at)
    if own.dialect == "swanctl" or mine.start_action != "ignore":
        return (), ()
    return (want(own, "start-action", "none"),), ()


def _number(text: str | None) -> int | None:
    try:
        return int(text, 0) if text else None
    except ValueError:
        return None


RULES: Final[Mapping[str, Rule]] = {
    "ike-proposals": lambda site, at, stronger: fitting.ike(site, at, stronger=stronger),
    "esp-proposals": lambda site, at, stronger: fitting.child(site, at, stronger=stronger, pfs=False),
    "pfs": lambda site, at, stronger: fitting.child(site, at, stronger=stronger, pfs=True),
    "strength": lambda site, at, stronger: fitting.strong(site, at),
    "version": _version,
    "aggressive": _aggressive,
    "local-id": _local_id,
    "remote-id": _remote_id,
    "identities": _identities,
    "selectors": mirroring.networks,
    "mode": _mode,
    "lifetimes": _lifetimes,
    "dpd": _dpd,
    "addresses": mirroring.peer_address,
    "own-address": mirroring.own_address,
    "ports": mirroring.ports,
    "auth": _auth,
    "interface": _interface,
    "loading": _loading,
}
"""Field of remedies.yaml → what has to be set for it."""
_ALONE: Final = frozenset({"interface", "lifetimes", "loading"})
"""Fields for which the other end is not needed."""
