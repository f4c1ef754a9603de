"""Connections of Libreswan's ipsec.conf, as addconn and pluto understand them.

Neither side is local by its name: pluto looks which of the two addresses is its own. Several `leftsubnets`
and `rightsubnets` make a child of each combination (ipsec.conf(5), lib/libipsecconf/confread.c).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final, Literal

from wizard.facts.parsers.ipsec_values import ANYBODY, Values, switch, traffic
from wizard.facts.parsers.settings import Setting
from wizard.facts.tunnel import AuthMethod, AuthRound, Child, Connection, Mode, swapped

NOBODY_ELSE: Final = ("%defaultroute", "%defaultroute6")
"""Addresses that can only be this gateway's own."""
PEERS: Final = (
    "%any",
    "%any4",
    "%any6",
    "%group",
    "%opportunistic",
    "%oppo",
    "%opportunisticgroup",
    "%oppogroup",
)
"""Addresses that can only be the other side's."""
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "auto": ("ignore", "add", "ondemand", "route", "start", "up", "keep"),
    "type": ("tunnel", "transport", "passthrough", "pass", "drop", "reject"),
    "keyexchange": ("ike", "ikev1", "ikev2"),
    "ikev2": (
        *("never", "propose", "permit", "insist", "always"),
        *("yes", "no", "true", "false", "on", "off", "y", "n", "1", "0"),
    ),
    "phase2": ("esp", "ah", "default", "ah+esp"),
}
_L2TP: Final = frozenset({"17/1701", "udp/1701", "17/l2tp", "udp/l2tp", "udp/l2f"})
_AUTHBY: Final = re.compile(
    r"secret|rsasig|rsa|ecdsa|null|never|eaponly|(?:rsa|ecdsa)-sha[12](?:_(?:256|384|512))?"
)


def problems_of(settings: Mapping[str, Setting]) -> list[tuple[Setting, str]]:
    """Values addconn does not take, each with the reason."""
    found: list[tuple[Setting, str]] = []
    for key, setting in settings.items():
        value = (setting.value or "").lower()
        if key in _WORDS and value not in _WORDS[key]:
            found.append((setting, f"{key}: '{value}' is not one of {', '.join(_WORDS[key])}"))
        elif key == "authby" and (bad := [one for one in _listed(value) if not _AUTHBY.fullmatch(one)]):
            found.append((setting, f"authby: '{bad[0]}' is no way to authenticate that pluto knows"))
    return found


def connection(
    name: str,
    settings: Mapping[str, Setting],
    own: Collection[str] = (),
    version: tuple[int, ...] | None = None,
) -> Connection:
    """One connection, seen from this gateway as far as that can be known."""
    values = Values({_plain(key): setting for key, setting in settings.items()})
    left, right = _address(values, "left", "local"), _address(values, "right", "remote")
    one = Connection(
        name=name,
        version=_version(values, version),
        local_addrs=(_neutral(left),),
        remote_addrs=(_neutral(right),),
        local_port=_number(values, "leftikeport"),
        remote_port=_number(values, "rightikeport"),
        local=_rounds(values, "left", "right", "local"),
        remote=_rounds(values, "right", "left", "remote"),
        proposals=_single(values.text("ike", field="proposals")),
        children=tuple(_children(name, values)),
        aggressive=values.switch("aggressive", "aggrmode", field="aggressive"),
        encap=switch(values.word("encapsulation", "forceencaps", field="encap")),
        mobike=values.switch("mobike", field="mobike"),
        fragmentation=values.word("fragmentation", "ike_frag", "ike-frag", field="fragmentation"),
        dpd_delay_s=values.seconds("dpddelay", field="dpd_delay_s"),
        rekey_time_s=values.seconds("ikelifetime", field="rekey_time_s"),
        pools=_single(values.text("rightaddresspool", field="pools")) or (),
        vips=_vips(values, "left"),
        dialect="libreswan",
        narrowing=values.switch("narrowing", "ikev2-allow-narrowing", field="narrowing"),
        ppk=_ppk(values),
        where=values.where,
    )
    return _oriented(one, left, right, own, values)


def _plain(key: str) -> str:
    """`left-subnet` is `leftsubnet`."""
    return re.sub(r"^(left|right)-", r"\1", key)


def _oriented(one: Connection, left: str, right: str, own: Collection[str], values: Values) -> Connection:
    turned = replace(
        swapped(one),
        pools=_single(values.text("leftaddresspool")) or (),
        vips=_vips(values, "right"),
    )
    if left in own or left in NOBODY_ELSE:
        return one
    if right in own or right in NOBODY_ELSE:
        return turned
    written = [values.text(side) is not None for side in ("left", "right")]
    if not own and right in PEERS and left not in PEERS and written[1]:
        return one
    if not own and left in PEERS and right not in PEERS and written[0]:
        return turned
    return replace(one, sides_known=False)


def _address(values: Values, key: str, side: str) -> str:
    return values.text(key, field=f"{side}_addrs") or "%any"


def _neutral(address: str) -> str:
    if address in ANYBODY or address in PEERS:
        return "%any6" if address in {"%any6", "%defaultroute6"} else "%any"
    return address


def _number(values: Values, key: str) -> int | None:
    written = values.text(key)
    return int(written) if written is not None and written.isdigit() else None


def _version(values: Values, version: tuple[int, ...] | None) -> int | None:
    exchange = values.word("keyexchange", field="version")
    if exchange in {"ikev1", "ikev2"}:
        return 1 if exchange == "ikev1" else 2
    word = values.word("ikev2", field="version")
    old = version is not None and version < (4,)
    if word is None:
        # Up to 3.x a connection began with IKEv1 and took IKEv2 as well; what only IKEv1 has is of that time, too.
        return 0 if old or (version is None and _for_ikev1(values)) else 2
    if word in {"permit", "propose"} or (old and word == "yes"):
        return 0 if old or version is None else 1 if word == "permit" else 2
    return 2 if switch(word) else 1


def _for_ikev1(values: Values) -> bool:
    """Whether a connection asks for what only IKEv1 has: aggressive mode, XAUTH, virtual hosts, L2TP."""
    sides = ("left", "right")
    options = [f"{side}xauth{role}" for side in sides for role in ("server", "client")]
    if any(values.switch(key) for key in ("aggressive", "aggrmode", *options)):
        return True
    nets = [values.word(f"{side}subnet") or "" for side in sides]
    ports = {values.word(f"{side}protoport") for side in sides}
    return any(net.startswith(("vhost:", "vnet:")) for net in nets) or bool(ports & _L2TP)


def _rounds(values: Values, key: str, other: str, side: str) -> tuple[AuthRound, ...]:
    written = values.word(f"{key}auth", field=f"{side}.0.method")
    if written is None:
        written = values.word("authby", field=f"{side}.0.method")
    if (values.word(f"{key}autheap") or "none") != "none":
        written = "eap"
    raw = [
        key_text
        for option in ("rsasigkey", "ecdsakey", "pubkey")
        if (key_text := values.text(f"{key}{option}", field=f"{side}.0.keys")) is not None
        and not key_text.startswith("%")
    ]
    first = AuthRound(
        method=_method(written),
        identity=values.text(f"{key}id", field=f"{side}.0.identity"),
        detail=written if written not in {None, "secret", "rsasig"} and written is not None else "",
        certs=_single(values.text(f"{key}cert", field=f"{side}.0.certs")) or (),
        authority=values.text(f"{key}ca", field=f"{side}.0.authority") or "",
        keys=tuple(raw),
    )
    if values.switch(f"{key}xauthclient") or values.switch(f"{other}xauthserver"):
        user = values.text(f"{key}username", f"{key}xauthusername", f"{key}xauthname") or ""
        return first, AuthRound(method="xauth", user=user)
    return (first,)


def _method(written: str | None) -> AuthMethod | None:
    if written is None:
        return "pubkey"
    kinds: set[AuthMethod] = set()
    for word in _listed(written):
        if word == "secret":
            kinds.add("psk")
        elif word == "null":
            kinds.add("null")
        elif word.startswith("eap"):
            kinds.add("eap")
        elif word.startswith(("rsa", "ecdsa")):
            kinds.add("pubkey")
    return kinds.pop() if len(kinds) == 1 else "any"


def _listed(text: str) -> list[str]:
    return [one for one in re.split(r"[,|+\s]+", text) if one]


def _children(name: str, values: Values) -> list[Child]:
    nets = {side: _networks(values, key, side) for side, key in (("local", "left"), ("remote", "right"))}
    children: list[Child] = []
    several = len(nets["local"]) > 1 or len(nets["remote"]) > 1
    many = values.text("leftsubnets", "rightsubnets") is not None
    for first, local in enumerate(nets["local"], start=1):
        for second, remote in enumerate(nets["remote"], start=1):
            label = f"{name}/{first}x{second}" if several or many else name
            children.append(_child(label, local, remote, values))
    return children


def _networks(values: Values, key: str, side: str) -> list[tuple[str, ...]]:
    """What each child has on this side: every one of `leftsubnets` for itself, else all of `leftsubnet`."""
    suffix = traffic(values.text(f"{key}protoport", field=f"children.{side}_ts"))
    several = values.text(f"{key}subnets", field=f"children.{side}_ts")
    if several is not None:
        parts = [one for one in re.split(r"[,\s{}]+", several) if one]
        return [(f"{part}{suffix}",) for part in parts] or [(f"dynamic{suffix}",)]
    single = values.text(f"{key}subnet", f"{key}subnetwithin", field=f"children.{side}_ts")
    if single is None:
        vti = values.text(f"{key}interface-ip") if values.text("ipsec-interface") else None
        return [(f"{vti or 'dynamic'}{suffix}" if vti and "/" not in vti else f"dynamic{suffix}",)]
    if single.startswith(("vhost:", "vnet:")):
        return [(single,)]
    return [tuple(f"{part}{suffix}" for part in re.split(r"[,\s]+", single) if part)]


def _child(label: str, local: tuple[str, ...], remote: tuple[str, ...], values: Values) -> Child:
    where = f"children.{label}"
    for side in ("local", "remote"):
        if (place := values.where.get(f"children.{side}_ts")) is not None:
            values.where.setdefault(f"{where}.{side}_ts", place)
    ah = values.word("phase2", "auth", field=f"{where}.protocol") == "ah" or (
        values.text("ah") is not None and values.text("esp", "phase2alg") is None
    )
    mark = values.text("mark", field=f"{where}.mark_in")
    return Child(
        name=label,
        local_ts=local,
        remote_ts=remote,
        mode=_mode(values.word("type", field=f"{where}.mode")),
        proposals=_single(values.text("ah", "esp", "phase2alg", field=f"{where}.proposals"))
        if ah
        else _single(values.text("esp", "phase2alg", field=f"{where}.proposals")),
        protocol="ah" if ah else "esp",
        start_action=_start(values.word("auto", field=f"{where}.start_action")),
        dpd_action=values.word("dpdaction", field=f"{where}.dpd_action"),
        rekey_time_s=0 if values.switch("rekey") is False else None,
        life_time_s=values.seconds(
            "salifetime", "lifetime", "keylife", "ipsec-lifetime", field=f"{where}.life_time_s"
        ),
        mark_in=values.text("mark-in", "mark_in", field=f"{where}.mark_in") or mark,
        mark_out=values.text("mark-out", "mark_out", field=f"{where}.mark_out") or mark,
        pfs=values.switch("pfs", field=f"{where}.pfs"),
        esn=values.word("esn", field=f"{where}.esn"),
        compress=values.switch("compress", field=f"{where}.compress"),
        label=values.text("sec-label", "policy-label", "policy_label", field=f"{where}.label"),
        interface=values.text("ipsec-interface", "vti-interface", field=f"{where}.interface"),
    )


def _mode(word: str | None) -> Mode:
    if word == "transport":
        return "transport"
    return "pass" if word in {"passthrough", "pass"} else "drop" if word in {"drop", "reject"} else "tunnel"


def _start(auto: str | None) -> str:
    starts = {
        "add": "none",
        "keep": "none",
        "route": "trap",
        "ondemand": "trap",
        "start": "start",
        "up": "start",
    }
    return starts.get(auto or "", "ignore")


def _vips(values: Values, key: str) -> tuple[str, ...]:
    client = values.switch(f"{key}modecfgclient") or values.word(f"{key}subnet") == "vnet:"
    return ("%config",) if client else ()


def _ppk(values: Values) -> Literal["no", "allowed", "required"] | None:
    word = values.word("ppk", field="ppk")
    if word is None:
        return None
    return "required" if word in {"insist", "always"} else "no" if switch(word) is False else "allowed"


def _single(text: str | None) -> tuple[str, ...] | None:
    return (text,) if text else None
