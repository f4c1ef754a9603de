"""ipsec.secrets of strongSwan and Libreswan: whose secret each line holds, the secret itself as a digest only.

Quotes make a secret plain text, also where it begins with 0x or 0s; without them it is hexadecimal or base64
(ipsec.secrets(5) of both). A `digest:…` made on the gateway stands in a secret's place as it is.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from typing import Final

from wizard.facts.parsers.ipsec_lines import Grammar
from wizard.facts.parsers.secret_digest import PREFIX, decoded, digest_of, digest_of_bytes
from wizard.facts.tunnel import ConfigProblem, SharedSecret

KINDS: Final = {"psk": "ike", "eap": "eap", "ntlm": "ntlm", "xauth": "xauth", "ppk": "ppk", "ppks": "ppk"}
"""What a line says → kind of the record."""
_FILES: Final = frozenset(
    {"rsa", "ecdsa", "bliss", "pkcs8", "p12", "pin", "ed25519", "ed448", "priv", "tpm", "eddsa"}
)
"""Keys that stand in files of their own or elsewhere; no record is made of them."""
_TOKEN = re.compile(r"\"[^\"]*\"|'[^']*'|\S+")
_ENTRY = re.compile(r"(?:^|(?<=\s)):\s*(?P<kind>[A-Za-z0-9]+)\b\s*(?P<value>.*)", re.DOTALL)
_ATTACHED = re.compile(r"(?<=\S):\s+(?=(?:psk|rsa|xauth|ppks?|pin|ecdsa)\b)", re.IGNORECASE)
"""A colon right behind the last owner, which pluto takes and charon does not."""


def is_secrets(path: str, text: str = "") -> bool:
    """Whether a file holds secrets in this form, by its name."""
    name = posixpath.basename(path)
    return (name.endswith(".secrets") or name == "secrets") and "secrets {" not in text


def parse(
    files: Sequence[tuple[str, str]], *, dialect: Grammar, salt: str | None = None
) -> tuple[tuple[SharedSecret, ...], tuple[ConfigProblem, ...]]:
    """The shared secrets of all files, and the lines the daemon cannot use."""
    secrets: list[SharedSecret] = []
    problems: list[ConfigProblem] = []
    for path, text in files:
        for number, line in _entries(text, dialect):
            entry = _ATTACHED.sub(" : ", line, count=1) if dialect == "libreswan" else line
            found = _secret(entry, f"{path}:{number}", salt)
            if isinstance(found, SharedSecret):
                secrets.append(found)
            elif found is not None:
                problems.append(found)
    return tuple(secrets), tuple(problems)


def _entries(text: str, dialect: Grammar) -> list[tuple[int, str]]:
    """Logical lines; Libreswan goes on with an entry as long as lines are indented."""
    entries: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = _without_comment(line).strip()
        if not stripped or stripped.startswith("include ") or stripped == "}":
            continue
        goes_on = line[:1].isspace() and not (
            entries and _ENTRY.search(entries[-1][1]) and _ENTRY.search(line)
        )
        if dialect == "libreswan" and goes_on and entries:
            entries[-1] = (entries[-1][0], f"{entries[-1][1]} {stripped}")
        else:
            entries.append((number, stripped))
    return entries


def _without_comment(line: str) -> str:
    quote = ""
    for at, character in enumerate(line):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == "#" and (at == 0 or line[at - 1].isspace()):
            return line[:at]
    return line


def _secret(entry: str, where: str, salt: str | None) -> SharedSecret | ConfigProblem | None:
    found = _split(entry)
    if found is None:
        return ConfigProblem(
            where, "no ':' with blanks around it stands before the kind of secret", "", "secret"
        )
    owners, kind, value = found
    if kind in _FILES or value.startswith("{"):
        return None
    if kind not in KINDS:
        return ConfigProblem(where, f"'{kind}' is no kind of secret such as PSK", "", "secret")
    identities = tuple(_bare(token) for token in _TOKEN.findall(owners))
    if kind == "ppks" and (first := _TOKEN.match(value)):
        identities, value = (_bare(first[0]),), value[first.end() :].strip()
    digest = _digest(value, salt)
    if digest is None:
        return ConfigProblem(where, "the secret is neither quoted nor 0x… nor 0s…", "", "secret")
    return SharedSecret(
        name=" ".join(identities) or "%any",
        identities=identities,
        digest=digest,
        kind=KINDS[kind],
        where=where,
    )


def _split(entry: str) -> tuple[str, str, str] | None:
    """Owners, kind and value of an entry; colons inside quotes and addresses do not part it."""
    found = _ENTRY.search(entry)
    if found is None:
        return None
    return entry[: found.start()].strip(), found["kind"].lower(), found["value"].strip()


def _digest(value: str, salt: str | None) -> str | None:
    if PREFIX in value[:9]:
        return digest_of(_bare(value).split()[0], salt)
    if value[:1] in {'"', "'"}:
        closed = value.find(value[0], 1)
        if closed == -1:
            return None
        return digest_of_bytes(value[1:closed].encode("utf-8", "surrogateescape"), salt)
    word = value.split(maxsplit=1)[0] if value else ""
    if word[:2].lower() == "0t":
        return digest_of_bytes(word[2:].encode("utf-8", "surrogateescape"), salt)
    return digest_of_bytes(decoded(word), salt) if word else None


def _bare(token: str) -> str:
    return token[1:-1] if len(token) > 1 and token[0] in "\"'" and token[-1] == token[0] else token
