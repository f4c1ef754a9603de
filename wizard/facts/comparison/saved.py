"""One side of a comparison: files from disk, told by what stands in them, as configuration and credentials."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from wizard.errors import InputError
from wizard.facts.comparison import credentials, foreign
from wizard.facts.comparison.credentials import Credentials
from wizard.facts.parsers import ios_blocks, ios_config, ipsec_conf, ipsec_secrets, swanctl_conf
from wizard.facts.tunnel import Configuration, Dialect

MOST_TEXT: Final = 2_000_000
"""Bytes of one file that is read as a configuration; longer ones are none."""

_ALL: Final = "all-files"
"""Name of the file that stands in for the missing one that includes the others."""
_LIBRESWAN: Final = re.compile(
    r"^[ \t]+(?:phase2alg|phase2|ikev2|salifetime|(?:left|right)-?(?:subnets|rsasigkey|addresspool|ckaid|"
    r"modecfgclient|modecfgserver|xauthserver|xauthclient|username)|protostack|logfile|plutodebug|dumpdir|"
    r"nat-ikev1-method|vti-interface|ipsec-interface|narrowing|encapsulation|connalias|sha2-truncbug|"
    r"ikev1-policy|initial-contact|ike-frag|nssdir|overlapip|retransmit-timeout|replay-window)[ \t]*="
    r"|^[ \t]+(?:ike|esp|phase2alg)[ \t]*=.*(?:;|_|\+)"
    r"|^[ \t]+authby[ \t]*=[ \t]*(?:null|rsa-sha|ecdsa-sha|rsasig,|.*\|)|^[ \t]+auto[ \t]*=[ \t]*(?:ondemand|up|keep)"
    r"|^[ \t]+(?:left|right)auth[ \t]*=[ \t]*(?:secret|rsasig|null|eaponly)"
    r"|^[ \t]+(?:left|right)subnet[ \t]*=[ \t]*v(?:host|net):|^[ \t]+dpdaction[ \t]*=[ \t]*restart_by_peer"
    r"|^[ \t]+(?:disablearrivalcheck|failureshunt|negotiationshunt|nat_traversal|virtual[-_]private|oe)[ \t]*=",
    re.MULTILINE | re.IGNORECASE,
)
_STRONGSWAN: Final = re.compile(
    r"^[ \t]+(?:charondebug|charonstart|plutostart|"
    r"cachecrls|strictcrlpolicy|(?:left|right)(?:auth2?|firewall|hostaccess|sendcert|groups|"
    r"certpolicy|sigkey|dns|allowany|id2|cert2)|closeaction|eap_identity|aaa_identity|installpolicy|margintime|"
    r"inactivity|mark_in|mark_out|reqid|rightsourceip|xauth|xauth_identity|modeconfig|mediation)[ \t]*="
    r"|^[ \t]+keyexchange[ \t]*=[ \t]*ikev[12]|^[ \t]+(?:ike|esp|ah)[ \t]*=.*!|^ca[ \t]"
    r"|^[ \t]+authby[ \t]*=[ \t]*(?:psk|pubkey|xauth|ecdsasig)|^[ \t]+rightsourceip",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Saved:
    """Everything one side's files say."""

    name: str
    configuration: Configuration
    credentials: Credentials = field(default_factory=Credentials)
    texts: Mapping[str, str] = field(default_factory=dict)
    secrets_given: bool = False
    """Whether a file is there that would hold the pre-shared keys."""

    def line(self, place: str) -> str:
        """The text at "FILE:LINE", empty when there is none."""
        path, _, number = place.rpartition(":")
        lines = self.texts.get(path, "").split("\n")
        return lines[int(number) - 1].strip() if number.isdigit() and 0 < int(number) <= len(lines) else ""


def read(
    name: str, files: Mapping[str, bytes], *, version: str | None = None, salt: str | None = None
) -> Saved:
    """Reads a side's files, whatever they are; raises InputError when no configuration is among them.

    `version` may name the implementation too ("Libreswan 4.12"). `salt` has to be the same for both sides.
    """
    texts = {
        path: content.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
        for path, content in files.items()
        if len(content) <= MOST_TEXT and b"\0" not in content[:4000]
    }
    found = _dialect(texts, version)
    unread = foreign.maker(texts.values()) if found is None or found[0] == "ios" else None
    if unread is not None:
        raise InputError(
            f"{name} is a configuration of {unread}, which is not read", advice=foreign.advice(unread)
        )
    if found is None:
        raise InputError(
            f"no IPsec configuration could be found in {name}",
            advice="give a swanctl.conf, an ipsec.conf, an IOS running configuration, or a folder that holds one",
        )
    dialect, roots = found
    configuration = _configuration(dialect, roots, texts, version, salt)
    proofs = credentials.read({path: content for path, content in files.items() if len(content) <= MOST_TEXT})
    given = bool(configuration.secrets) or any(_holds_secrets(path, text) for path, text in texts.items())
    return Saved(name, configuration, proofs, texts, given)


def _configuration(
    dialect: Dialect, roots: list[str], texts: Mapping[str, str], version: str | None, salt: str | None
) -> Configuration:
    pairs = [(path, text) for path, text in texts.items() if "-----BEGIN" not in text]
    if dialect == "ios":
        return ios_config.parse([(path, texts[path]) for path in roots], version=version, salt=salt)
    if dialect == "swanctl":
        root = roots[0]
        if len(roots) > 1 and not root.endswith("swanctl.conf"):
            # Parts without the file that includes them: as if one did.
            root = posixpath.join(posixpath.dirname(root), _ALL)
            pairs.append((root, "\n".join(f'include "{path}"' for path in roots)))
        return swanctl_conf.parse(pairs, root=root, version=_number(version), salt=salt)
    chosen = [(path, text) for path, text in pairs if "connections {" not in text]
    root = roots[0]
    if len(roots) > 1 and not root.endswith("ipsec.conf"):
        root = posixpath.join(posixpath.dirname(root), _ALL)
        chosen.append((root, "".join(f"include {path}\n" for path in sorted(roots))))
    return ipsec_conf.parse(
        chosen,
        root,
        dialect="libreswan" if dialect == "libreswan" else "strongswan",
        version=_number(version),
        salt=salt,
    )


def _dialect(texts: Mapping[str, str], version: str | None) -> tuple[Dialect, list[str]] | None:
    """The language of the files and the ones to begin with."""
    swanctl = [path for path, text in texts.items() if _is_swanctl(path, text)]
    ipsec = [path for path, text in texts.items() if _is_ipsec(path, text)]
    ios = [path for path, text in texts.items() if ios_blocks.looks_like(text)]
    word = (version or "").lower()
    if ios and not swanctl and not ipsec:
        return "ios", ios
    if swanctl and (
        not ipsec or not any(re.search(r"^conn\s+(?!%)", texts[path], re.MULTILINE) for path in ipsec)
    ):
        swanctl.sort(key=lambda path: (not path.endswith("swanctl.conf"), path))
        return "swanctl", swanctl
    if ipsec:
        ipsec.sort(key=lambda path: (not path.endswith("ipsec.conf"), "conn " not in texts[path], path))
        everything = "\n".join(texts[path] for path in ipsec)
        if "libreswan" in word or "strongswan" in word:
            return ("libreswan" if "libreswan" in word else "ipsec.conf"), ipsec
        return ("libreswan" if _libreswan(everything, texts) else "ipsec.conf"), ipsec
    return None


def _libreswan(text: str, texts: Mapping[str, str]) -> bool:
    """Which of the two programs an ipsec.conf is for, by the options and spellings only one of them has."""
    score = len(_LIBRESWAN.findall(text)) - len(_STRONGSWAN.findall(text))
    score -= 3 * any(path.endswith(("strongswan.conf", "charon.conf")) for path in texts)
    comments = "\n".join(line for line in text.lower().split("\n") if line.lstrip().startswith("#"))
    score += 5 * ("libreswan ipsec" in comments) - 5 * ("strongswan ipsec" in comments)
    return score > 0


def _is_swanctl(path: str, text: str) -> bool:
    if "-----BEGIN" in text or path.endswith("strongswan.conf"):
        return False
    if re.search(r"^\s*(?:connections|secrets)\s*(?::\s*\S+\s*)?\{", text, re.MULTILINE):
        return True
    return path.endswith("/swanctl.conf") or path == "swanctl.conf"


def _is_ipsec(path: str, text: str) -> bool:
    if "-----BEGIN" in text or ipsec_secrets.is_secrets(path, text):
        return False
    if re.search(r"^(?:conn|ca)[ \t]+\S+|^config[ \t]+setup", text, re.MULTILINE):
        return True
    return posixpath.basename(path) == "ipsec.conf"


def _holds_secrets(path: str, text: str) -> bool:
    """Whether a file is where pre-shared keys would stand, even if none does."""
    return ipsec_secrets.is_secrets(path, text) or bool(re.search(r"^\s*secrets\s*\{", text, re.MULTILINE))


def _number(version: str | None) -> str | None:
    found = re.search(r"[0-9]+(?:\.[0-9]+)+", version or "")
    return found[0] if found else None
