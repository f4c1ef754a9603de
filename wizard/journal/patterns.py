"""How gateways write secrets down, as rules that hide the secret and keep the line readable.

A rule takes too much rather than too little, but leaves alone what a diagnosis lives on: proposals, SPIs,
IKE cookies, distinguished names, the wording of logs. Redacting what is redacted changes nothing.
Sources: ipsec.secrets(5) and swanctl.conf(5) of strongSwan, ipsec.secrets(5) of Libreswan, Cisco's
configuration guides, `ip xfrm`, crypt(5), RFC 7468 (text blocks of keys).
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

HIDDEN: Final = "<redacted>"
HIDDEN_KEY: Final = "<redacted private key>"

_DIGEST: Final = re.compile(r"\bdigest:([0-9A-Fa-f]{4})[0-9A-Fa-f]+")
_KEY_BEGINS: Final = r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"
_KEY_ENDS: Final = r"-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"
# A private key whose output was cut may have no end.
_KEY: Final = re.compile(rf"{_KEY_BEGINS}(?:.*?{_KEY_ENDS}|.*\Z)", re.DOTALL)
_KEY_END: Final = re.compile(_KEY_ENDS)
_KEY_LINE: Final = re.compile(r"[ \t]*(?:[A-Za-z0-9+/=]+|[A-Za-z-]+: .*)?[ \t\r]*")

# A digest made on the gateway stands where the secret would, and may stay; so may why there is none, and the words
# that stand for a secret in a plan.
_NO_DIGEST: Final = (
    r"(?![\"']?(?:digest:(?:[0-9A-Fa-f]{4}…|![a-z0-9-]{1,40})"
    r"|\u2039(?:the|a) (?:new )?key[^\u203a\n]{0,60}\u203a)[\"']?[ \t]*$)"
)
# A value as configurations write it: one word, or quoted (escapes, line breaks; to the end when cut off).
_VALUE: Final = r"(?:\"[^\"\\]*(?:\\[\s\S][^\"\\]*)*(?:\"|\Z)|'[^'\n]*'?|[^\s\"']\S*)"
_KINDS: Final = r"(?:PSK|PPKS?|EAP|XAUTH|NTLM|PIN)"
_WORDS: Final = r"(?:secret|password|passwd|passphrase|psk|psksecret|pre_shared_key|private_?key)"


class _Rule(NamedTuple):
    """Hides what follows the group `keep`; tried only on texts that hold one of the words (small letters)."""

    words: tuple[str, ...]
    pattern: re.Pattern[str]


def _rule(words: str, pattern: str, flags: int = 0) -> _Rule:
    return _Rule(tuple(words.split()), re.compile(pattern, flags | re.MULTILINE))


_RULES: Final = (
    # ipsec.secrets: selectors : KIND "value", KIND 0x…, KIND 0s…; a private key with its passphrase.
    _rule(
        "psk ppk eap xauth ntlm pin",
        rf"(?P<keep>\b{_KINDS}[ \t]+)(?=[\"']|0[xXsS][0-9A-Za-z+/])(?![\"']digest:){_VALUE}",
    ),
    _rule(
        "psk ppk eap xauth ntlm pin",
        rf"(?P<keep>:[ \t]*{_KINDS}[ \t]+){_NO_DIGEST}\S+(?=[ \t]*(?:#.*)?$)",
    ),
    _rule(
        "rsa ecdsa bliss pkcs p12",
        rf"(?P<keep>:[ \t]*(?:RSA|ECDSA|BLISS|PKCS8|PKCS12|P12)[ \t]+(?:\"[^\"\n]*\"|\S*[./]\S*)[ \t]+)"
        rf"(?!%prompt|{{|#){_NO_DIGEST}{_VALUE}",
    ),
    # swanctl.conf and every configuration that writes `leftsecret=`, `xauth_password =`, `"passphrase": `.
    _rule(
        "secret passw passphrase psk pre_shared_key private",
        rf"(?P<keep>{_WORDS}[\"']?[ \t]*(?:=|:(?=[ \t\"']))[ \t]*){_NO_DIGEST}{_VALUE}.*$",
        re.IGNORECASE,
    ),
    _rule("pin", r"(?P<keep>(?:^[ \t]*pin[ \t]*=|:[ \t]*PIN[ \t])[ \t]*)\S.*$"),
    # Cisco and its likes.
    _rule(
        "isakmp",
        r"(?P<keep>\bisakmp[ \t]+key[ \t]+(?:[0-9][ \t]+)?)"
        r"\S+(?=[ \t]+(?:address|hostname)\b|[ \t]*$)",
    ),
    _rule(
        "pre-share",
        r"(?P<keep>\bpre-share(?:d-key|d-secret)?[ \t]+"
        r"(?:(?:local|remote|hex|ascii-text|hexadecimal|key|[0-9]"
        r"|address[ \t]+(?:ipv6[ \t]+)?\S+(?:[ \t]+[0-9.]+)?|hostname[ \t]+\S+)[ \t]+)*)"
        rf"(?!authentication[ \t]){_NO_DIGEST}\S.*$",
    ),
    _rule(
        "key passw secret community",
        r"(?P<keep>\b(?:key|password|passwd|secret|psksecret|key-string|community)[ \t]+"
        r"(?:ENC|encrypted|[04-9])[ \t]+)[^\s\"']{4,}",
    ),
    _rule(
        "password secret",
        r"(?P<keep>^[ \t]*(?:username[ \t]+\S+[ \t]+(?:.*?[ \t])?|enable[ \t]+)"
        r"(?:password|secret)[ \t]+(?:[0-9][ \t]+)?)\S+",
    ),
    _rule(
        "password secret key-string community",
        r"(?P<keep>^[ \t]*(?:password|secret|key-string|set[ \t]+psksecret|snmp-server[ \t]+community)[ \t]+)"
        r"(?!(?:ENC|encrypted|[0-9])[ \t])\S+(?=[ \t]*(?:R[OW]\b.*)?$)",
    ),
    _rule("set", r"(?P<keep>^[ \t]*set[ \t].*[ \t](?:secret|password|passphrase)[ \t]+)\S.*$"),
    _rule(
        "pre-shared-key> psk> password> secret>",
        r"(?P<keep><(pre-shared-key|psk|password|secret)>)[^<\n]+",
        re.IGNORECASE,
    ),
    _rule("://", r"(?P<keep>\b[a-z][a-z0-9+.-]{1,15}://[^/\s:@]{1,256}:)[^/\s@]{1,256}(?=@)"),
    # Stored forms: crypt(3), Cisco types 5 to 9, Juniper.
    _rule("$", r"(?P<keep>\$(?:1|2[abxy]?|5|6|7|8|9|14|y|gy)\$)[^\s\"';:,<>]{4,}"),
    # Key material: as `ip xfrm state` prints it (SPIs, marks and masks have at most 16 digits), and as a
    # daemon's log does at its highest level ("   0: 9B 2C …" below "SK_ei secret => 32 bytes").
    _rule("0x", r"(?P<keep>\b0[xX])[0-9A-Fa-f]{32,}"),
    _rule(": ", r"(?P<keep>(?<![0-9A-Za-z:.])[0-9]{1,6}: )[0-9A-F]{2}(?: [0-9A-F]{2})+(?![0-9A-Za-z]).*$"),
)
_ANY: Final = re.compile("|".join(sorted({re.escape(word) for rule in _RULES for word in rule.words})))
"""Most texts of a session hold none of the words, which is told in one go."""


def clean(text: str) -> str:
    """The text without what looks like a secret; for journals, screens and exports alike.

    Takes time linear in the text. A cut-off text is cleaned as if what is missing still belonged to a secret.
    """
    if "digest:" in text:
        text = _DIGEST.sub(r"digest:\1…", text)
    if "PRIVATE KEY" in text:
        text = _without_headless_keys(_KEY.sub(HIDDEN_KEY, text))
    lowered = text.lower()
    if _ANY.search(lowered) is None:
        return text
    for rule in _RULES:
        if any(word in lowered for word in rule.words):
            text = rule.pattern.sub(rf"\g<keep>{HIDDEN}", text)
    return text


def _without_headless_keys(text: str) -> str:
    """The text without private keys that lack a beginning: what stands above such an end goes with it."""
    kept: list[str] = []
    for line in text.split("\n"):
        if not _KEY_END.search(line):
            kept.append(line)
            continue
        while kept and _KEY_LINE.fullmatch(kept[-1]):
            kept.pop()
        kept.append(_KEY_END.sub(HIDDEN_KEY, line))
    return "\n".join(kept)
