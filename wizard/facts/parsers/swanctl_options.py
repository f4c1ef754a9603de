"""Every option of swanctl.conf that charon takes, and which values it takes for it (swanctl.conf(5)).

An option charon does not know, or one bad value, makes it discard the whole connection, so that a misspelt
`propsals` breaks a tunnel as surely as a wrong key. Checked against 5.9.8 and 6.0.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from wizard.facts import proposals, selectors
from wizard.facts.parsers.swanctl_ts import effective_selector

Version = tuple[int, ...]
Check = Callable[[str, Version | None], str | None]
"""Value and version (None: any) → why charon refuses it, None when it takes it."""

LISTS: Final = frozenset(
    {
        "local_addrs",
        "remote_addrs",
        "proposals",
        "esp_proposals",
        "ah_proposals",
        "local_ts",
        "remote_ts",
        "vips",
        "pools",
        "groups",
        "cert_policy",
    }
)
"""Options whose value is a list separated by commas."""
FILES: Final = frozenset({"certs", "cacerts", "pubkeys"})
"""Options that list files, which must be there and readable when the connection is loaded."""

_NUMBER = re.compile(r"(?:\s*[+-]?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*))?")
_BINARY = re.compile(r"(?:\s*[+-]?[01]+)?")


def known(option: str, options: Mapping[str, Check], version: Version | None) -> Check | None:
    """The check for an option, None when a daemon of that version does not know it."""
    if version is not None and version < SINCE.get(option, ()):
        return None
    return options.get(option)


def items(value: str) -> tuple[str, ...]:
    """The parts of a list value: between commas, without blanks around, quoted ones whole."""
    found: list[str] = []
    at = 0
    while at < len(value):
        if value[at] in ", ":
            at += 1
        elif value[at] in "\"'" and (end := value.find(value[at], at + 1)) != -1:
            found.append(value[at + 1 : end])
            at = end + 1
        else:
            end = value.find(",", at)
            end = len(value) if end == -1 else end
            found.append(value[at:end].rstrip(" "))
            at = end + 1
    return tuple(found)


def seconds(value: str) -> int | None:
    """A time such as "4h", "90 m" or "3600" in seconds; None when it is none."""
    found = _NUMBER.match(value)
    rest = value[found.end() :].lstrip(" ") if found else value
    if found is None or rest.lower() not in {"", "s", "m", "h", "d"}:
        return None
    unit = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[rest.lower()]
    return _integer(found[0]) * unit


def integer(value: str) -> int | None:
    """A number in decimal, 0x hexadecimal or 0 octal spelling; None when it is none."""
    found = _NUMBER.fullmatch(value)
    return _integer(found[0]) if found else None


def boolean(value: str) -> bool | None:
    """yes/true/enabled/1 or no/false/disabled/0; None when it is neither."""
    word = value.lower()
    if word in {"yes", "true", "enabled", "1"}:
        return True
    return False if word in {"no", "false", "disabled", "0"} else None


def _integer(text: str) -> int:
    digits = text.strip().lower().lstrip("+-")
    if digits.startswith("0x"):
        return int(digits, 16)
    return int(digits, 8) if digits.startswith("0") else int(digits or "0")


def _words(*allowed: str, **since: Version) -> Check:
    """One of a few words; those given as word=release only from that release on."""

    def check(value: str, version: Version | None) -> str | None:
        newer = tuple(word for word, release in since.items() if version is None or version >= release)
        known = (*allowed, *newer)
        return None if value.lower() in known else f"'{value}' is not one of {', '.join(known)}"

    return check


def _time(value: str, _: Version | None) -> str | None:
    return None if seconds(value) is not None else f"'{value}' is no time such as 3600, 60m or 1h"


def _number(value: str, _: Version | None) -> str | None:
    return None if integer(value) is not None else f"'{value}' is no number"


def _yes_no(value: str, _: Version | None) -> str | None:
    return None if boolean(value) is not None else f"'{value}' is neither yes nor no"


def _volume(value: str, _: Version | None) -> str | None:
    found = _NUMBER.match(value)
    rest = value[found.end() :].lstrip(" ").lower() if found else "?"
    return None if rest in {"", "k", "m", "g"} else f"'{value}' is no volume such as 500m or 2g"


def _text(_: str, __: Version | None) -> str | None:
    return None


def _label(value: str, _: Version | None) -> str | None:
    return None if value else "the label is empty"


def _dscp(value: str, _: Version | None) -> str | None:
    return None if _BINARY.fullmatch(value) else f"'{value}' is no binary number such as 001010"


def _mark(value: str, _: Version | None) -> str | None:
    mark, slash, mask = value.partition("/")
    good = re.fullmatch(r"(?i:%unique(?:-dir)?)", mark) or integer(mark) is not None
    return None if good and (not slash or integer(mask) is not None) else f"'{value}' is no mark"


def _set_mark(value: str, _: Version | None) -> str | None:
    mark, slash, mask = value.partition("/")
    good = mark.lower() == "%same" or integer(mark) is not None
    return None if good and (not slash or integer(mask) is not None) else f"'{value}' is no mark"


def _if_id(value: str, _: Version | None) -> str | None:
    good = re.fullmatch(r"(?i:%unique(?:-dir)?)", value) or integer(value) is not None
    return None if good else f"'{value}' is no interface ID"


def _padding(value: str, version: Version | None) -> str | None:
    return None if value == "mtu" else _number(value, version)


def _action(value: str, version: Version | None) -> str | None:
    if value.lower() in {"start", "restart", "route", "trap", "none", "clear"}:
        return None
    flags = {flag.strip(" ").lower() for flag in value.split("|")}
    if flags <= {"", "none", "trap", "start"} and (version is None or version >= (5, 9, 6)):
        return None
    return f"'{value}' is not one of none, trap, start, trap|start"


def _authentication(value: str, version: Version | None) -> str | None:
    classes = r"ike:|pubkey|rsa|ecdsa" if version and version >= (6,) else r"ike:|pubkey|rsa|ecdsa|bliss"
    if re.match(classes, value) or re.fullmatch(r"(?i:psk|(?:xauth|eap).*)", value):
        return None
    return f"'{value}' is not one of psk, pubkey, rsa, ecdsa, eap, xauth"


def _proposal(protocol: proposals.Protocol) -> Check:
    def check(value: str, version: Version | None) -> str | None:
        return proposals.problem(value, protocol, ".".join(map(str, version)) if version else None)

    return check


def _selector(value: str, _: Version | None) -> str | None:
    good = effective_selector(value) is not None
    return None if good else f"'{value}' is no traffic selector such as 10.1.0.0/24"


def _virtual(value: str, _: Version | None) -> str | None:
    selector = None if "/" in value or "-" in value else selectors.parse(value)
    good = value.lower() in {"%any", "%any4", "%any6"} or (selector is not None and not selector.dynamic)
    return None if good else f"'{value}' is no address"


CONNECTION: Final[Mapping[str, Check]] = {
    "local_addrs": _text,
    "remote_addrs": _text,
    "proposals": _proposal("ike"),
    "vips": _virtual,
    "pools": _text,
    "version": _number,
    "aggressive": _yes_no,
    "pull": _yes_no,
    "dscp": _dscp,
    "encap": _yes_no,
    "mobike": _yes_no,
    "dpd_delay": _time,
    "dpd_timeout": _time,
    "fragmentation": _words("yes", "accept", "no", "force"),
    "childless": _words("allow", "never", "force", prefer=(6,)),
    "send_certreq": _yes_no,
    "send_cert": _words("ifasked", "always", "never"),
    "keyingtries": _number,
    "unique": _words("never", "no", "replace", "keep"),
    "local_port": _number,
    "remote_port": _number,
    "reauth_time": _time,
    "rekey_time": _time,
    "over_time": _time,
    "rand_time": _time,
    "ppk_id": _text,
    "ppk_required": _yes_no,
    "if_id_in": _if_id,
    "if_id_out": _if_id,
    "mediation": _yes_no,
    "mediated_by": _text,
    "mediation_peer": _text,
    "ocsp": _words("reply", "request", "both", "never"),
}

AUTHENTICATION: Final[Mapping[str, Check]] = {
    "auth": _authentication,
    "id": _text,
    "ca_id": _text,
    "aaa_id": _text,
    "eap_id": _text,
    "xauth_id": _text,
    "revocation": _words("strict", "ifuri", "relaxed"),
    "round": _number,
    "groups": _text,
    "cert_policy": _text,
    "certs": _text,
    "cacerts": _text,
    "pubkeys": _text,
}
CERTIFICATE: Final[Mapping[str, Check]] = {"handle": _text, "slot": _number, "module": _text, "file": _text}

CHILD: Final[Mapping[str, Check]] = {
    "ah_proposals": _proposal("ah"),
    "esp_proposals": _proposal("esp"),
    "local_ts": _selector,
    "remote_ts": _selector,
    "updown": _text,
    "hostaccess": _yes_no,
    "mode": _words("tunnel", "transport", "transport_proxy", "beet", "drop", "pass", iptfs=(6, 0, 2)),
    "policies": _yes_no,
    "policies_fwd_out": _yes_no,
    "replay_window": _number,
    "rekey_time": _time,
    "life_time": _time,
    "rand_time": _time,
    "rekey_bytes": _volume,
    "life_bytes": _volume,
    "rand_bytes": _volume,
    "rekey_packets": _number,
    "life_packets": _number,
    "rand_packets": _number,
    "dpd_action": _action,
    "start_action": _action,
    "close_action": _action,
    "ipcomp": _yes_no,
    "inactivity": _time,
    "reqid": _number,
    "mark_in": _mark,
    "mark_in_sa": _yes_no,
    "mark_out": _mark,
    "set_mark_in": _set_mark,
    "set_mark_out": _set_mark,
    "tfc_padding": _padding,
    "priority": _number,
    "interface": _text,
    "hw_offload": _words("no", "yes", "auto", crypto=(6,), packet=(6,)),
    "sha256_96": _yes_no,
    "copy_df": _yes_no,
    "copy_ecn": _yes_no,
    "copy_dscp": _words("no", "in", "out", "yes"),
    "if_id_in": _if_id,
    "if_id_out": _if_id,
    "label": _label,
    "label_mode": _words("system", "simple", "selinux"),
    "per_cpu_sas": _words("yes", "true", "enabled", "1", "no", "false", "disabled", "0", "encap"),
}
SINCE: Final[Mapping[str, Version]] = {"ocsp": (6,), "per_cpu_sas": (6, 0, 2)}
"""Options that older daemons do not know, and the release they came with."""

AUTHORITY: Final = frozenset(
    {"cacert", "file", "handle", "slot", "module", "crl_uris", "ocsp_uris", "cert_uri_base"}
)
POOL: Final = frozenset(
    {"addrs", "dns", "nbns", "dhcp", "netmask", "server", "subnet", "split_include", "split_exclude"}
    | {"internal_ip4_dns", "internal_ip4_nbns", "internal_ip6_dns"}
)
SECRET_KINDS: Final = (
    "eap",
    "xauth",
    "ntlm",
    "ike",
    "ppk",
    "private",
    "rsa",
    "ecdsa",
    "bliss",
    "pkcs8",
    "pkcs12",
    "token",
)
"""What the name of a section in `secrets` begins with; the first that fits counts."""
SHARED_KINDS: Final = frozenset({"eap", "xauth", "ntlm", "ike", "ppk"})
