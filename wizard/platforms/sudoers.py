"""The sudoers files a gateway needs for being looked at and for being mended: nothing more, each line explained.

sudoers(5): where nothing is left open a line names its arguments literally; elsewhere the arguments are one
regular expression over the whole of them (sudo 1.9.10 and later), because `*` of the older wildcards matches
spaces, and so further options. Each of those holds a colon, as in `[:alnum:]`, which an older sudo takes for a
mistake in the line: read as a wildcard, it would grant far more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from wizard.platforms.privileges import RULES, Invocation, Pattern
from wizard.platforms.rights import Privilege, Purpose, mending, observing

SECURE_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where sudo looks programs up for this login, whatever PATH it has."""
MOST: Final = 1024
"""How long a regular expression in sudoers may be, characters."""

_FOLDERS: Final = {
    **dict.fromkeys(("swanctl", "ipsec", "strongswan", "nft"), ("/usr/sbin",)),
    **dict.fromkeys((f"{tool}-save" for tool in RULES), ("/usr/sbin",)),
    **dict.fromkeys(("find", "id", "openssl", "tail", "timeout", "wc"), ("/usr/bin",)),
    **dict.fromkeys(("grep", "journalctl", "ls", "netstat", "ping", "sh"), ("/bin",)),
    "ip": ("/sbin",),
    "ss": ("/bin", "/usr/sbin"),
    "arping": ("/usr/bin", "/usr/sbin"),
}
"""Where distributions have a program. sudo follows links: /bin/ls is also meant where /bin is a link to /usr/bin."""

_REASONS: Final = (
    ("id -u", "whether this login may do anything as root"),
    ("ss ", "which program holds UDP 500 and 4500"),
    ("netstat ", "the same where there is no ss"),
    (
        "grep -rhE --include=*.conf (remote_addrs",
        "the peers' addresses, to ask the kernel for its way to them",
    ),
    ("grep -rhsE --include=*.conf ^[[:space:]]*(certs", "which certificate files the configuration names"),
    ("grep -rhsE --include=*.conf ^[[:space:]]*(logfile", "where pluto writes its log"),
    ("grep -hE ^[[:space:]]*(server", "which RADIUS servers are asked; their secrets are not printed"),
    ("grep -Hw include", "which further files the configuration includes"),
    ("grep -H ^", "configuration files that only root may read"),
    ("find ", "the names of the configuration's files"),
    ("ls ", "certificate and key files by name, mode and owner"),
    ("openssl x509", "a certificate that only root may read; prints nothing else of its file"),
    ("openssl crl", "a revocation list that only root may read; prints nothing else of its file"),
    ("openssl pkey", "the public half of a private key, to see whether it fits its certificate"),
    ("ip6tables", "packet filter rules with their counters"),
    ("iptables", "packet filter rules with their counters"),
    ("nft ", "packet filter rules with their counters"),
    ("ip -s xfrm state", "the kernel's SAs with their counters, without keys"),
    ("ip -s xfrm policy", "the kernel's policies"),
    ("journalctl ", "the daemon's lines of the last minutes"),
    ("wc -c", "how long a log file is"),
    ("tail ", "the end of a log file"),
    ("swanctl --stats", "whether the daemon answers"),
    ("swanctl --list-conns", "what the daemon has loaded"),
    ("swanctl --list-certs", "which certificates the daemon has loaded"),
    ("swanctl --list-sas --raw --ike", "attempts of one tunnel that still wait"),
    ("swanctl --list-sas", "the daemon's SAs"),
    ("swanctl --counters", "how many messages the daemon has sent, received and thrown away"),
    ("swanctl --terminate", "ends an attempt that still waits (sudo cannot tell it from an SA that is up)"),
    ("swanctl --initiate", "tries to bring a tunnel up"),
    ("* statusall", "what the daemon has loaded and its SAs"),
    ("* status", "attempts of one tunnel that still wait"),
    ("* listcounters", "how many messages the daemon has sent, received and thrown away"),
    ("* down", "ends an attempt that still waits (sudo cannot tell it from an SA that is up)"),
    ("* up", "tries to bring a tunnel up"),
    ("* whack --status", "what the daemon has loaded and its SAs"),
    ("* whack --deletestate", "ends an attempt that still waits (sudo cannot tell it from an SA that is up)"),
    ("* whack --name", "tries to bring a tunnel up, or takes an attempt back"),
    ("timeout 6 ", "tries to bring a tunnel up, for six seconds"),
    (
        "timeout 30 tcpdump",
        "packet headers for half a minute; without a hyphen there is no -w and no -z in the filter",
    ),
    ("ping ", "test packets, where ping may open no socket for this login; never a flood"),
    ("arping ", "whether another machine has this gateway's address"),
    ("sh -s", "arms the undo of a change and looks at it; the script comes on standard input"),
    ("sh /var/lib", "a step, its undo, or the end of the undo; the scripts are root's"),
)
"""The beginning of a command line (`*` for ipsec or strongswan) and what it is granted for."""

_HEADS: Final = {
    Purpose.OBSERVE: "Observing: reads, changes nothing. None of these can print a key.",
    Purpose.KEYS: (
        "Configuration files whole. Whoever has this can read the keys in files that only root may read;\n"
        "the wizard turns them into salted digests on the gateway. Without it two ends' keys cannot be held\n"
        "against each other, nor can what stands in those files: leave it out if that is too much."
    ),
    Purpose.EXERCISE: (
        "Trying a tunnel out: brings it up, captures packet headers, takes back attempts that still wait.\n"
        "Without it only `diagnose --observe-only` sees everything."
    ),
    Purpose.MEND: (
        "Mending. WHOEVER HAS THIS IS ROOT on this gateway: a change is a script that root's shell runs, an\n"
        "IPsec configuration may name programs for root to run (updown), and the undo is armed as a timer of\n"
        "the system. Narrower lines would only look narrower. Grant it to people who may be root anyway; for\n"
        "looking, the file for observing is enough."
    ),
}


def document(gateway: str, user: str, platform: str, *, mend: bool) -> str:
    """The file for /etc/sudoers.d, as visudo takes it; raises KeyError for a platform without sudo."""
    kind = "mending" if mend else "observing"
    name = "ipsec-wizard-mending" if mend else "ipsec-wizard"
    option = " --mending" if mend else ""
    head = [
        f"What {user} may run as root on {gateway} for {kind} with ipsec-wizard.",
        f"Install: ipsec-wizard sudoers {gateway}{option} >FILE, and on the gateway as root: visudo -cf FILE &&",
        f"install -m 440 FILE /etc/sudoers.d/{name}",
        "Arguments between ^ and $ are regular expressions, for sudo 1.9.10 or later (Debian 12, Ubuntu 24.04).",
        "The visudo of an older sudo refuses those lines: leave them out there, never rewrite them with *.",
    ]
    lines = [*_comment("\n".join(head)), f'Defaults:{_user(user)} secure_path="{SECURE_PATH}"']
    privileges = mending() if mend else observing(platform)
    for purpose in (Purpose.MEND,) if mend else (Purpose.OBSERVE, Purpose.KEYS, Purpose.EXERCISE):
        lines += ["", *_comment(_HEADS[purpose])]
        lines += _granted(_user(user), (one for one in privileges if one.purpose is purpose))
    return "\n".join(lines) + "\n"


def _granted(user: str, privileges: Iterable[Privilege]) -> Iterator[str]:
    """A comment and a line for each kind of thing; what has the same reason stands together."""
    by_reason: dict[tuple[str, bool], list[Invocation]] = {}
    for one in privileges:
        by_reason.setdefault((reason(one.invocation), one.invocation.exact), []).append(one.invocation)
    for (why, _), invocations in by_reason.items():
        yield f"# {why}"
        commands = [f"{path} {arguments(one)}" for one in invocations for path in paths(one.program)]
        if len(commands) == 1:
            yield f"{user} ALL=(root) NOPASSWD: {commands[0]}"
            continue
        yield f"{user} ALL=(root) NOPASSWD: \\"
        yield ", \\\n".join(f"    {command}" for command in commands)


def reason(invocation: Invocation) -> str:
    """What it is granted for, as a clause; raises KeyError where nobody has said."""
    shown = invocation.shown()
    for start, why in _REASONS:
        programs = ("ipsec", "strongswan") if start.startswith("* ") else ("",)
        if any(
            shown.startswith(start.replace("*", program, 1) if program else start) for program in programs
        ):
            return why
    raise KeyError(shown)


def paths(program: str) -> tuple[str, ...]:
    """Where a program may be; raises KeyError for one nobody has placed."""
    return tuple(f"{folder}/{program}" for folder in _FOLDERS[program])


def arguments(invocation: Invocation) -> str:
    """The arguments as sudoers writes them: literal, or one regular expression; raises ValueError beyond MOST."""
    words = invocation.arguments
    if invocation.exact:
        return " ".join(_literal("".join(str(part) for part in word)) for word in words)
    whole = " ".join(
        "".join(part.text if isinstance(part, Pattern) else expression(part) for part in word)
        for word in words
    )
    # sudo 1.9.13 and 1.9.16 take two operators side by side for a mistake, even within brackets.
    if len(whole) + 2 > MOST or ":" not in whole or re.search(r"[*+?]{2}", whole):
        raise ValueError(f"{invocation.program}: {whole} cannot stand in sudoers")
    return f"^{whole}$"


def expression(text: str) -> str:
    """A text as a POSIX extended regular expression that matches it alone."""
    return re.sub(r"[.\[()*+?{}|$]", r"[\g<0>]", text.replace("\\", r"\\").replace("^", r"\^"))


def _literal(word: str) -> str:
    """An argument with what sudoers or fnmatch would take for more than itself behind a backslash."""
    return re.sub(r"[\\,:=#*?\[\]!^\s]", r"\\\g<0>", word)


def _user(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name) else '"' + name.replace('"', "") + '"'


def _comment(text: str) -> Iterator[str]:
    return (f"# {line}" for line in text.splitlines())
