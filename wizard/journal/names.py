"""Where names stand in what gateways print: hosts, connections, identities, distinguished names, e-mails."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

_FUNCTION_WORDS: Final = (
    "a|all|also|an|and|any|are|as|at|away|be|but|by|for|from|has|have|he|here|in|is|it|its|me|my|no|none|not|of|off"
    "|ok|on|one|or|other|our|out|so|that|the|then|there|they|this|to|up|was|we|what|when|who|will|with|yes|you|your"
)
_IPSEC_WORDS: Final = (
    "check|child|client|config|configuration|conn|connections?|daemon|default|dns|down|east|end|endpoint|error|esp"
    "|eth[0-9]|ethernet|event|example|external|failed|far|file|firewall|gateway|get|home|host|ike|inside|internal"
    "|internet|ip|ipsec|key|lan|left|localhost|local|main|near|net|network|node|outside|peer|policy|primary|psk"
    "|remote|right|root|route|router|sa|secondary|server|site|state|status|swanctl|system|test|tunnel|unknown|user"
    "|vpn|wan|west|wizard"
)
FUNCTION_WORD: Final = re.compile(_FUNCTION_WORDS)
"""No text can do without these, so a gateway of such a name keeps it inside sentences."""
ORDINARY: Final = re.compile(f"{_FUNCTION_WORDS}|{_IPSEC_WORDS}")
"""What outputs and sentences are full of: a connection or identity of such a name gives nobody away."""

# DNS names are told from file and sysctl names by their last label; the caller knows those that miss here.
_TOP_LEVEL: Final = (
    "aero|app|arpa|asia|bank|biz|cat|cloud|com|company|coop|corp|dev|digital|edu|email|energy|eu|example|global|gmbh"
    "|gov|group|health|home|host|info|int|intern|internal|international|intra|intranet|io|jobs|lan|life|live|local"
    "|localdomain|localnet|ltd|mil|mobi|museum|name|net|network|office|online|org|post|priv|private|pro|services"
    "|shop|site|solutions|space|store|systems|tech|tel|test|top|travel|uk|us|vpn|world|xyz|zone"
    "|a[detu]|b[adeghory]|c[ahinoryz]|d[ekoz]|e[ces]|f[ior]|g[begrt]|h[knru]|i[delmnqrst]|j[eop]|k[erwz]|l[biktuv]"
    "|m[akntuxy]|n[giloz]|om|p[aefhkt]|qa|r[osu]|s[aegikv]|t[hnrvwz]|u[agyz]|v[aen]|z[amw]"
)
# SSH names its private algorithms like addresses: chacha20-poly1305@openssh.com.
_PRIVATE_ALGORITHMS: Final = r"openssh\.com|libssh\.org"
_HOST: Final = re.compile(
    rf"(?<![A-Za-z0-9_./-])(?!{_PRIVATE_ALGORITHMS})((?:[A-Za-z0-9](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?\.){{1,8}}(?:{_TOP_LEVEL}))"
    r"(?![A-Za-z0-9_-]|\.[A-Za-z0-9])",
    re.IGNORECASE,
)

_UNITS: Final = r"(?!service|socket|timer|mount|target|slice|scope|conf|device)"
EMAIL: Final = (
    r"(?<![A-Za-z0-9._%+-])(?P<user>[A-Za-z0-9_%+][A-Za-z0-9._%+-]{0,63})"
    rf"@(?P<domain>(?!{_PRIVATE_ALGORITHMS})(?:[A-Za-z0-9-]{{1,63}}\.){{1,8}}{_UNITS}[A-Za-z]{{2,24}})(?![A-Za-z0-9])"
)
"""An address of a person (or a user identity); not a unit of systemd, not an algorithm of SSH."""

_ATTRIBUTE: Final = (
    r"(?:CN|OU|O|C|ST|L|DC|E|SN|GN|UID|serialNumber|emailAddress|unstructured(?:Name|Address)|street)="
)
DN: Final = (
    rf"(?<![A-Za-z0-9])(?P<key>{_ATTRIBUTE})(?P<value>(?:[^\"'\]\n\\]|\\(?![\"n]))+?)"
    rf"(?=[ ]*[,/+][ ]*{_ATTRIBUTE}|[ ]+[a-z][a-z-]*=|[\"'\]\n]|\\[\"n]|$)"
)
"""One attribute of a distinguished name (RFC 4514, and the slashes of OpenSSL)."""

_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
_CONNECTION: Final = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        rf"^[ \t]*({_NAME}): (?:#[0-9]+, |IKEv[12]\b|TUNNEL\b|TRANSPORT\b)",
        rf"\b(?:IKE_SA|CHILD_SA) ({_NAME})[\[{{]",
        rf"<({_NAME})\|[0-9]+>",
        rf"\b(?:list-sa|list-conn) event \{{({_NAME}) \{{",
        rf"\b(?:connection|config|child|conn) '({_NAME})'",
        rf"^[ \t]*conn[ \t]+({_NAME})[ \t]*$",
        rf"^[0-9]{{0,3}} ?(?:#[0-9]+: )?\"({_NAME})\"",
        rf"^[ \t]*crypto map ({_NAME})\b",
    )
)
_HOSTNAME: Final = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        rf"^[A-Z][a-z]{{2}} +[0-9]{{1,2}} [0-9:.]{{8,15}} ({_NAME}) [^ :]+:",
        rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T[0-9:.,+Z-]+ ({_NAME}) [^ :]+:",
        rf"\"_HOSTNAME\" ?: ?\"({_NAME})\"",
        rf"^[ \t]*hostname[ \t]+({_NAME})[ \t]*$",
    )
)
_IDENTITY: Final = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r"^[ \t]*(?:local|remote) +'([^'\n]+)' @ ",
        r"(?:authentication of|identity|identities|peer id|IDi?r?|EAP:|XAuth:|user(?:name)?) '([^'\n]+)'",
        r"\bfor '([^'\n]+)' - '[^'\n]+'",
        r"\bfor '[^'\n]+' - '([^'\n]+)'",
        r"^[ \t]*(?:id|ca_id|eap_id|xauth_id|aaa_id)(?:-[0-9a-z]+)?[ \t]*[:=][ \t]*\"?([^\"\n]+?)\"?[ \t]*$",
        r"\b(?:local|remote|xauth|eap)-(?:id|identity)=(\S+)",
        r"\b(?:left|right|our |their |my |his )id=\"?(\S+?)\"?[;,]?(?:\s|$)",
        r"[0-9A-Fa-f.:]{3,}\[([^\]\n]+)\](?:\.\.\.|$)",
        r"ID_[A-Z_]+ '([^'\n]+)'",
        r"\b(?:FQDN|USER_FQDN|KEY_ID) '([^'\n]+)'",
    )
)


def discovered(text: str) -> Iterator[tuple[str, str]]:
    """The names a gateway's output holds, each with its kind: "host", "connection" or "identity".

    Addresses, e-mails and distinguished names are not among them: they show by their form alone.
    """
    for match in _HOST.finditer(text):
        yield "host", match[1]
    for kind, patterns in (("host", _HOSTNAME), ("connection", _CONNECTION), ("identity", _IDENTITY)):
        for pattern in patterns:
            for match in pattern.finditer(text):
                name = match[1].strip().lstrip("@")
                if is_name(name):
                    yield kind, name


def is_name(name: str) -> bool:
    """Whether a text found where a name stands gives somebody away."""
    if (
        len(name) < 2
        or ORDINARY.fullmatch(name.lower())
        or name.isdigit()
        or any(char in name for char in "=@%<>*")
    ):
        return False
    try:
        ipaddress.ip_network(name.partition("[")[0], strict=False)
    except ValueError:
        return True
    return False
