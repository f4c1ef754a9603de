"""Neutral names of what can be set, and how each configuration language spells it.

The names and values are those of flows/remedies.yaml; the spellings come from swanctl.conf(5), and from
ipsec.conf(5) of strongSwan and of Libreswan 3 to 5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from wizard.facts.parsers import ipsec_lines, settings
from wizard.facts.tunnel import Dialect
from wizard.platforms.actions.base import Unplannable
from wizard.platforms.actions.stored import Stored
from wizard.platforms.actions.wants import Level, Want

_KEYEXCHANGE: Final = (5,)
"""Since then Libreswan says keyexchange=ikev1 or ikev2 instead of ikev2=no or yes."""
_ENCAPSULATION: Final = (4,)
"""Since then Libreswan has encapsulation in place of forceencaps."""

_Spelled = tuple[Level, tuple[str, ...]]


def _all(level: Level, swanctl: str, stroke: str = "", pluto: str = "") -> Mapping[Dialect, _Spelled]:
    """One option in the three languages; several spellings of one stand behind a bar, the newest first."""
    words: Mapping[Dialect, str] = {"swanctl": swanctl, "ipsec.conf": stroke, "libreswan": pluto}
    return {dialect: (level, tuple(word.split("|"))) for dialect, word in words.items() if word}


FIELDS: Final[Mapping[str, Mapping[Dialect, _Spelled]]] = MappingProxyType(
    {
        "ike-proposals": _all("connection", "proposals", "ike", "ike"),
        "esp-proposals": _all("child", "esp_proposals", "esp", "esp|phase2alg"),
        "ah-proposals": _all("child", "ah_proposals", "ah", "ah"),
        "version": _all("connection", "version", "keyexchange", "keyexchange"),
        "aggressive": _all("connection", "aggressive", "aggressive", "aggressive|aggrmode"),
        "local-id": {
            **_all("connection", "", "{local}id", "{local}id"),
            **_all("local", "id"),
        },
        "remote-id": {
            **_all("connection", "", "{remote}id", "{remote}id"),
            **_all("remote", "id"),
        },
        "local-auth": {**_all("connection", "", "{local}auth", "{local}auth"), **_all("local", "auth")},
        "remote-auth": {**_all("connection", "", "{remote}auth", "{remote}auth"), **_all("remote", "auth")},
        "authby": _all("connection", "", "authby", "authby"),
        "local-ts": _all("child", "local_ts", "{local}subnet", "{local}subnet"),
        "remote-ts": _all("child", "remote_ts", "{remote}subnet", "{remote}subnet"),
        "local-subnets": _all("child", "", "", "{local}subnets"),
        "remote-subnets": _all("child", "", "", "{remote}subnets"),
        "local-addrs": _all("connection", "local_addrs", "{local}", "{local}"),
        "remote-addrs": _all("connection", "remote_addrs", "{remote}", "{remote}"),
        "local-port": _all("connection", "local_port", "{local}ikeport", "{local}ikeport"),
        "remote-port": _all("connection", "remote_port", "{remote}ikeport", "{remote}ikeport"),
        "mode": _all("child", "mode", "type", "type"),
        "encap": _all("connection", "encap", "forceencaps", "encapsulation|forceencaps"),
        "mobike": _all("connection", "mobike", "mobike", "mobike"),
        "fragmentation": _all(
            "connection", "fragmentation", "fragmentation", "fragmentation|ike-frag|ike_frag"
        ),
        "start-action": _all("child", "start_action", "auto", "auto"),
        "close-action": _all("child", "close_action", "closeaction"),
        "dpd-action": _all("child", "dpd_action", "dpdaction", "dpdaction"),
        "dpd-delay": _all("connection", "dpd_delay", "dpddelay", "dpddelay"),
        "dpd-timeout": _all("connection", "dpd_timeout", "dpdtimeout", "dpdtimeout|ikev1-dpdtimeout"),
        "inactivity": _all("child", "inactivity", "inactivity"),
        "child-rekey": _all("child", "rekey_time"),
        "child-life": _all(
            "child", "life_time", "lifetime|keylife", "salifetime|lifetime|keylife|ipsec-lifetime"
        ),
        "ike-rekey": _all("connection", "rekey_time"),
        "ike-life": _all("connection", "", "ikelifetime", "ikelifetime"),
        "reauth": _all("connection", "reauth_time", "reauth", "reauth"),
        "rekey": _all("connection", "", "rekey", "rekey"),
        "pfs": _all("child", "", "", "pfs"),
        "if-id-in": _all("child", "if_id_in"),
        "if-id-out": _all("child", "if_id_out"),
        "mark-in": _all("child", "mark_in", "mark_in|mark", "mark-in|mark_in|mark"),
        "mark-out": _all("child", "mark_out", "mark_out|mark", "mark-out|mark_out|mark"),
        "replay-window": _all("child", "replay_window", "replay_window", "replay-window|replay_window"),
        "narrowing": _all("connection", "", "", "narrowing|ikev2-allow-narrowing"),
        "sha256-96": _all("child", "sha256_96", "", "sha2-truncbug|sha2_truncbug"),
        "unique": _all("connection", "unique"),
        "ppk": _all("connection", "", "", "ppk"),
        "ppk-required": _all("connection", "ppk_required"),
        "esn": _all("child", "", "", "esn"),
    }
)
"""Neutral name → language → where it is set and how it is spelled; a language without an entry has no such option."""

_VALUES: Final[Mapping[tuple[Dialect, str], Mapping[str, str]]] = {
    ("ipsec.conf", "version"): {"1": "ikev1", "2": "ikev2", "0": "ike"},
    ("libreswan", "version"): {"1": "ikev1", "2": "ikev2"},
    ("ipsec.conf", "start-action"): {"none": "add", "trap": "route"},
    ("libreswan", "start-action"): {"none": "add", "trap": "ondemand"},
    ("ipsec.conf", "close-action"): {"start": "restart", "trap": "hold"},
    ("swanctl", "dpd-action"): {"start": "restart", "hold": "trap", "none": "clear"},
    ("ipsec.conf", "dpd-action"): {"start": "restart", "trap": "hold"},
    ("libreswan", "dpd-action"): {"start": "restart", "trap": "hold", "none": "clear"},
    ("swanctl", "reauth"): {"no": "0"},
    ("libreswan", "encap"): {},
}
"""Where a language has another word for a neutral value."""
_SECONDS: Final = frozenset(
    {"dpd-delay", "dpd-timeout", "inactivity", "child-rekey", "child-life", "ike-rekey", "ike-life"}
)


def want(own: Stored, field: str, value: str) -> Want:
    """What has to stand at that gateway for a neutral value; raises Unplannable where it has no such option."""
    if field not in FIELDS:
        raise Unplannable(f"there is no field {field}", advice="use one of " + ", ".join(FIELDS))
    spelled = FIELDS[field].get(own.dialect)
    if spelled is None:
        raise Unplannable(
            f"the configuration language of {own.snapshot.gateway} ({own.dialect}) has no option for {field}"
        )
    level, keys = spelled
    written = _VALUES.get((own.dialect, field), {}).get(value, value)
    if field in _SECONDS and written.isdigit() and own.dialect != "libreswan" and written != "0":
        written = f"{written}s"
    if own.dialect == "libreswan" and field == "version":
        keys, written = _pluto_version(own, written)
    if own.dialect == "libreswan" and field == "encap" and own.release and own.release < _ENCAPSULATION:
        keys = ("forceencaps",)
    return Want(level, keys, written)


def _pluto_version(own: Stored, written: str) -> tuple[tuple[str, ...], str]:
    """By what stands there already, else by the release."""
    stated = stated_keys(own)
    old = bool(own.release) and own.release < _KEYEXCHANGE
    named = stated.get("keyexchange") in {"ikev1", "ikev2"}
    if not named and (old or "ikev2" in stated):
        word = {"ikev1": "no", "ikev2": "yes"}.get(written, written)
        if own.release and own.release < _ENCAPSULATION:
            word = {"no": "never", "yes": "insist"}.get(word, word)
        return ("ikev2",), word
    return ("keyexchange",), written


def stated_keys(own: Stored) -> Mapping[str, str]:
    """Every option in force in the tunnel's connection, as spelled there; inherited ones included."""
    if own.dialect == "swanctl":
        read = settings.parse(own.texts, own.root)
        return {key: one.value or "" for key, one in read.values("connections", own.connection.name).items()}
    sections = ipsec_lines.parse(own.texts, own.root, own.grammar)
    section = sections.named("conn", own.connection.name)
    values = sections.values(section)[0] if section is not None else {}
    return {key: one.value or "" for key, one in values.items()}


def listed(own: Stored, values: Sequence[str]) -> str:
    """Several values of one option in one text."""
    return ", ".join(values) if own.dialect == "swanctl" else ",".join(values)
