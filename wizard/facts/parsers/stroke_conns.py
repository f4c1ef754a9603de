"""Connections of strongSwan's ipsec.conf, as starter and the stroke plugin of charon understand them.

`left` is this gateway unless `right` is one of its addresses; a proposal without "!" at its end is followed
by the default ones; `authby` counts only where neither `leftauth` nor `rightauth` is given (ipsec.conf(5),
src/starter/confread.c, src/libcharon/plugins/stroke/stroke_config.c).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from wizard.facts import proposals
from wizard.facts.parsers.ipsec_values import ANYBODY, Values, literal, seconds, traffic
from wizard.facts.parsers.settings import Setting
from wizard.facts.tunnel import AuthMethod, AuthRound, Child, Connection, Mode, swapped

IKE_LIFE_S: Final = 10800
CHILD_LIFE_S: Final = 3600
MARGIN_S: Final = 540
"""Defaults of ikelifetime, lifetime and margintime."""

_YES_NO: Final = ("yes", "no")
_ACTIONS: Final = ("none", "clear", "hold", "restart")
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "auto": ("ignore", "add", "route", "start"),
    "keyexchange": ("ike", "ikev1", "ikev2"),
    "type": ("tunnel", "transport", "transport_proxy", "beet", "passthrough", "pass", "drop", "reject"),
    "authby": (
        *("psk", "secret", "pubkey", "rsa", "rsasig", "ecdsa", "ecdsasig", "xauthpsk", "xauthrsasig"),
        "never",
    ),
    "fragmentation": ("no", "yes", "accept", "force"),
    "dpdaction": _ACTIONS,
    "closeaction": _ACTIONS,
    **dict.fromkeys(
        ("compress", "installpolicy", "aggressive", "mobike", "forceencaps", "rekey", "reauth"), _YES_NO
    ),
    "modeconfig": ("push", "pull"),
    "xauth": ("server", "client"),
}
"""Options that take one of a few words; another one makes starter leave the whole connection out."""
TIMES: Final = (
    *("ikelifetime", "lifetime", "keylife", "rekeymargin", "margintime"),
    *("dpddelay", "dpdtimeout", "inactivity"),
)
_SIDED: Final = (
    *("", "ikeport", "subnet", "subnetwithin", "protoport", "sourceip", "dns", "firewall", "hostaccess"),
    *("allowany", "updown", "auth", "auth2", "id", "id2", "sigkey", "rsasigkey", "cert", "cert2"),
    *("certpolicy", "sendcert", "ca", "ca2", "groups", "groups2", "nexthop"),
)
KNOWN: Final = frozenset(
    (
        *(f"{side}{option}" for side in ("left", "right") for option in _SIDED),
        *(*WORDS, *TIMES, "also", "eap_identity", "aaa_identity", "ikedscp", "lifebytes", "marginbytes"),
        *("lifepackets", "marginpackets", "keyingtries", "rekeyfuzz", "ike", "esp", "ah", "xauth_identity"),
        *("mediation", "mediated_by", "me_peerid", "reqid", "mark", "mark_in", "mark_out", "tfc"),
        *("replay_window", "pfs", "pfsgroup", "eap"),
    )
)
"""Every option of a connection; starter leaves out one it does not know, with a warning."""


def problems_of(settings: Mapping[str, Setting]) -> list[tuple[Setting, str]]:
    """Values for which starter leaves the connection out, each with the reason."""
    found: list[tuple[Setting, str]] = []
    for key, setting in settings.items():
        value = setting.value or ""
        if key in WORDS and value not in WORDS[key]:
            found.append((setting, f"{key}: '{value}' is not one of {', '.join(WORDS[key])}"))
        elif key in TIMES and seconds(value) is None:
            found.append((setting, f"{key}: '{value}' is no time such as 3600, 60m or 1h"))
    for key in ("ike", "esp", "ah"):
        written = (settings[key].value or "") if key in settings else ""
        why = _nothing_left(written, key)
        if why is not None:
            found.append((settings[key], f"{key}: {why}"))
    if "esp" in settings and "ah" in settings:
        found.append((settings["ah"], "esp and ah may not both be given"))
    return found


def _nothing_left(written: str, key: str) -> str | None:
    """Why no proposal remains: charon skips those it does not know, and "!" keeps the default ones away."""
    if not written.endswith("!"):
        return None
    protocol: proposals.Protocol = "ike" if key == "ike" else "ah" if key == "ah" else "esp"
    whys = [proposals.problem(one.strip(), protocol) for one in written.rstrip("!").split(",") if one.strip()]
    return whys[0] if whys and all(whys) else None


def unknown(settings: Mapping[str, Setting]) -> list[Setting]:
    """Options starter passes over because it does not know them."""
    return [setting for key, setting in settings.items() if key not in KNOWN]


def connection(name: str, settings: Mapping[str, Setting], own: Collection[str] = ()) -> Connection:
    """One connection, seen from this gateway as far as its own addresses say which side that is."""
    values = Values(settings)
    sides = {side: _addresses(values, key, side) for key, side in (("left", "local"), ("right", "remote"))}
    one = Connection(
        name=name,
        version={"ikev1": 1, "ikev2": 2}.get(values.word("keyexchange", field="version") or "", 0),
        local_addrs=sides["local"],
        remote_addrs=sides["remote"],
        local_port=_port(values, "left"),
        remote_port=_port(values, "right"),
        local=_rounds(values, "left", "local"),
        remote=_rounds(values, "right", "remote"),
        proposals=_proposals(values, "ike", "proposals"),
        children=(_child(name, values),),
        aggressive=values.switch("aggressive", field="aggressive"),
        encap=values.switch("forceencaps", field="encap"),
        mobike=values.switch("mobike", field="mobike"),
        fragmentation=values.word("fragmentation", field="fragmentation"),
        dpd_delay_s=_dpd(values),
        rekey_time_s=_rekey(values, IKE_LIFE_S, "ikelifetime"),
        pools=_list(values.text("rightsourceip", field="pools")),
        vips=_list(values.text("leftsourceip", field="vips")),
        dialect="ipsec.conf",
        where=values.where,
    )
    if set(own) & set(one.remote_addrs):
        return swapped(one)
    # Without the gateway's own addresses a side with an address may be either; charon takes left then.
    undecided = not own and all(any(map(literal, side)) for side in sides.values())
    return replace(one, sides_known=not undecided)


def _addresses(values: Values, key: str, side: str) -> tuple[str, ...]:
    found: list[str] = []
    for written in _list(values.text(key, field=f"{side}_addrs")) or ("%any",):
        if written in ANYBODY or not written.startswith("%"):
            found.append("%any" if written.startswith("%defaultroute") else written)
        else:
            # "%name": that peer is preferred, and any other is taken as well.
            found += [written[1:], "%any"]
    if values.switch(f"{key}allowany"):
        found.append("%any")
    return tuple(dict.fromkeys(found))


def _port(values: Values, key: str) -> int | None:
    written = values.text(f"{key}ikeport")
    return int(written) if written is not None and written.isdigit() else None


def _proposals(values: Values, key: str, field: str) -> tuple[str, ...] | None:
    written = values.text(key, field=field)
    if written is None:
        return None
    strict = written.endswith("!")
    listed = tuple(part.strip() for part in written.rstrip("!").split(",") if part.strip())
    return listed if strict else (*listed, "default")


def _rounds(values: Values, key: str, side: str) -> tuple[AuthRound, ...]:
    first = values.text(f"{key}auth", field=f"{side}.0.method")
    if first is None and values.text("leftauth", "rightauth") is None:
        first = values.text("authby", field=f"{side}.0.method")
    second = values.text(f"{key}auth2", field=f"{side}.1.method")
    authby = values.text("authby") or ""
    if second is None and authby.startswith("xauth") and values.text("leftauth", "rightauth") is None:
        asking = values.word("xauth") == "server"
        second = "xauth" if (side == "remote") == asking else None
    words = [first or "pubkey", *([second] if second else [])]
    return tuple(_round(values, key, side, number, word) for number, word in enumerate(words))


def _round(values: Values, key: str, side: str, number: int, word: str) -> AuthRound:
    suffix = "2" if number else ""
    prefix = f"{side}.{number}"
    method = method_of(word)
    identity = values.text(f"{key}id{suffix}", field=f"{prefix}.identity")
    raw = values.text(f"{key}sigkey", f"{key}rsasigkey", field=f"{prefix}.keys")
    user = {"eap": "eap_identity", "xauth": "xauth_identity"}.get(method or "")
    return AuthRound(
        method=method,
        identity=identity,
        detail=word if word not in {"psk", "secret", "pubkey", "eap", "xauth", "any"} else "",
        certs=_list(values.text(f"{key}cert{suffix}", field=f"{prefix}.certs")),
        authority=values.text(f"{key}ca{suffix}", field=f"{prefix}.authority") or "",
        keys=(raw,) if raw and raw != "%cert" else (),
        user=(values.text(user) or "") if user else "",
    )


def method_of(word: str) -> AuthMethod | None:
    """The class of an authentication method as stroke reads it; one it does not know means any."""
    if word in {"psk", "secret", "xauthpsk"}:
        return "psk"
    if word.startswith(("pubkey", "rsa", "ecdsa", "bliss", "ike:")) or word == "xauthrsasig":
        return "pubkey"
    if word.startswith("xauth"):
        return "xauth"
    return "eap" if word.startswith("eap") else "any"


def _child(name: str, values: Values) -> Child:
    where = f"children.{name}"
    ah = _proposals(values, "ah", f"{where}.proposals")
    mode = values.word("type", field=f"{where}.mode") or "tunnel"
    marks = values.text("mark", field=f"{where}.mark_in")
    return Child(
        name=name,
        local_ts=_selectors(values, "left", f"{where}.local_ts"),
        remote_ts=_selectors(values, "right", f"{where}.remote_ts"),
        mode=_mode(mode),
        proposals=ah or _proposals(values, "esp", f"{where}.proposals"),
        protocol="ah" if ah else "esp",
        start_action=_start(values.word("auto", field=f"{where}.start_action")),
        dpd_action=values.word("dpdaction", field=f"{where}.dpd_action"),
        close_action=values.word("closeaction", field=f"{where}.close_action"),
        rekey_time_s=_rekey(values, CHILD_LIFE_S, "lifetime", "keylife"),
        life_time_s=values.seconds("lifetime", "keylife", field=f"{where}.life_time_s") or CHILD_LIFE_S,
        inactivity_s=values.seconds("inactivity", field=f"{where}.inactivity_s"),
        mark_in=values.text("mark_in", field=f"{where}.mark_in") or marks,
        mark_out=values.text("mark_out", field=f"{where}.mark_out") or marks,
        compress=values.switch("compress", field=f"{where}.compress"),
    )


def _selectors(values: Values, key: str, field: str) -> tuple[str, ...]:
    suffix = traffic(values.text(f"{key}protoport", field=field))
    written = _list(values.text(f"{key}subnet", f"{key}subnetwithin", field=field))
    return tuple(
        f"{net.replace('%dynamic', 'dynamic')}{'' if '[' in net else suffix}" for net in written
    ) or (f"dynamic{suffix}",)


def _mode(word: str) -> Mode:
    if word.startswith("transport"):
        return "transport"
    if word in {"pass", "passthrough"}:
        return "pass"
    return "drop" if word in {"drop", "reject"} else "beet" if word == "beet" else "tunnel"


def _start(auto: str | None) -> str:
    return {"add": "none", "route": "trap", "start": "start"}.get(auto or "", "ignore")


def _dpd(values: Values) -> int | None:
    if values.word("dpdaction") in {None, "none"}:
        return None
    return values.seconds("dpddelay", field="dpd_delay_s") or 30


def _rekey(values: Values, life: int, *keys: str) -> int | None:
    if values.switch("rekey") is False:
        return 0
    margin = values.seconds("margintime", "rekeymargin")
    return max((values.seconds(*keys) or life) - (MARGIN_S if margin is None else margin), 0)


def _list(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())
