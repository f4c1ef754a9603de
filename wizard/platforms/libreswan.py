"""Libreswan: pluto, spoken to through whack, which `ipsec` calls under one name in releases 3 to 5.

`ipsec auto` went away in release 5, so whack's own words are used: `ipsec status` for everything it lists,
`ipsec whack --initiate` for an attempt. A connection that was ever asked for is tried again and again ("supposed to
remain up"): an attempt of ours that failed is therefore taken back.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from shlex import quote
from types import MappingProxyType
from typing import Any, Final

from wizard.facts.derive import attempt
from wizard.facts.derive.exercise import RECENT_LOG
from wizard.facts.focus import Focus
from wizard.facts.parsers import framed, ipsec_conf, pluto_log, pluto_states, pluto_status
from wizard.facts.parsers.pluto_status import Status
from wizard.facts.probes import Command, Level, Output
from wizard.facts.tunnel import Configuration
from wizard.platforms import linux
from wizard.platforms.dialect import ATTEMPT_S, LOG_S, RECENT_S, Dialect, Presence
from wizard.platforms.ipsec_files import IPSEC_FILES

_FOLDERS: Final = "/usr/libexec/ipsec /usr/lib/ipsec /usr/lib64/ipsec /usr/local/libexec/ipsec"
_NEEDS: Final = f"for d in {_FOLDERS}; do [ -x $d/whack ] && break; done; [ -x $d/whack ]"
"""strongSwan has no program of that name."""
_TOOL: Final = f"""\
W="ipsec whack"
[ -n "$SUDO" ] || for d in {_FOLDERS}; do [ -x $d/whack ] && W=$d/whack && break; done
"""
"""Root speaks with the daemon itself: the script `ipsec` runs programs of its own to do the same."""
_LISTING: Final = f"""\
{_TOOL}echo '@@ status'; $SUDO $W --status || {{ echo '@@ version'; ipsec --version; }}
echo '@@ kernel'; $SUDO ip -s xfrm state list nokeys 2>/dev/null
:
"""
_LISTING_SHOWN: Final = "ipsec status; ip -s xfrm state"
_VERSION: Final = re.compile(r"Libreswan\s+[vU]?(?P<version>\d{1,3}\.\d{1,3}[\w.\-~+]{0,40})")
_ROOT: Final = "/etc/ipsec.conf"

_HALF_OPEN: Final = r"""
{ sub(/^[0-9][0-9][0-9] /, "") }
/^#[0-9]+: "/ {
  number = $1; gsub(/[#:]/, "", number)
  rest = substr($0, index($0, "\"") + 1); at = index(rest, "\"")
  name = substr(rest, 1, at - 1); rest = substr(rest, at + 1)
  sub(/\/[0-9]+x[0-9]+$/, "", name)
  up = rest ~ /[Ee]stablished|ISAKMP SA|IPsec SA/
  if (name != ENVIRON["N"]) { if (match(rest, /(IKE SA |ISAKMP SA |isakmp)#[0-9]+/)) {
    parent = substr(rest, RSTART, RLENGTH); sub(/.*#/, "", parent); used[parent] = 1 }; next }
  if (rest ~ /^\[/) { many = 1; ours = 0
    for (i in peer) if (index(rest, peer[i] ":") || index(rest, peer[i] " ")) ours = 1
    if (!ours) next }
  if (rest ~ / (esp|ah)\.[0-9a-f]+@/) child = 1
  else if (!up) half = half " " number
  else ike[number] = 1
}
BEGIN { split(ENVIRON["PEERS"], peer, " ") }
END {
  for (number in ike) if (number in used) shared = 1
  print (child || shared || many ? "" : "all") half
}
"""
"""From `ipsec status`: the states of connection $N that wait for an answer, behind "all" where nothing of it stands.

Instances for many peers count when they are for one of $PEERS. An IKE SA that carries another connection's SAs
counts as standing.
"""


def _journal(probe: str, seconds: int, lines: int, *, needs: str = "") -> Command:
    """The log of the last `seconds`: from the file pluto is told to write, else from the journal, as JSON."""
    text = f"""\
nl='
' F=
found=$($SUDO grep -rhsE '--include=*.conf' '^[[:space:]]*(logfile|plutostderrlog)[[:space:]]*=' {_ROOT} /etc/ipsec.d)
set -f
blank=' \t' ends=' \t\r"#'
IFS=$nl
for line in $found; do
  line=${{line#*=}}
  line=${{line#"${{line%%[!$blank]*}}"}}
  line=${{line#'"'}}
  F=${{line%%[$ends]*}}
done
unset IFS
case $F in
/*) date '+{pluto_log.CLOCK}%Y-%m-%dT%H:%M:%S%z {seconds}'; $SUDO tail -n {lines} -- "$F" ;;
*) $SUDO journalctl --no-pager -q -o json --output-fields=MESSAGE,SYSLOG_IDENTIFIER \
-t pluto -t addconn -t ipsec --since -{seconds}s -n {lines} ;;
esac
"""
    return Command(
        probe, text, 10, show=f"journalctl -t pluto --since -{seconds}s", needs=needs, limits="time"
    )


class Libreswan:
    """The dialect of Libreswan; see `Dialect`."""

    name = "libreswan"
    retries = True
    observe: tuple[Command, ...] = (
        Command("sas", _LISTING, 8, show=_LISTING_SHOWN, needs=_NEEDS, limits="time"),
        Command(
            "config",
            IPSEC_FILES,
            15,
            show="cat /etc/ipsec.conf /etc/ipsec.secrets (secrets as digests)",
            needs=_NEEDS,
            limits="time",
        ),
        _journal(RECENT_LOG, RECENT_S, 600, needs=_NEEDS),
    )
    shared: Mapping[str, str] = MappingProxyType({"daemon-stats": "sas", "connections": "sas"})

    def presence(self, outputs: Mapping[str, Output], fields: Mapping[str, Any]) -> Presence:
        """See `Dialect`."""
        if fields["daemon_answers"]:
            return Presence.IN_USE if fields.get("loaded") else Presence.RUNNING
        disk: Configuration | None = fields.get("disk")
        # ipsec.conf of a strongSwan beside it would be read as ours: its own tools have to be there, too.
        if fields["version"] is None:
            return Presence.ABSENT
        return Presence.CONFIGURED if disk is not None and disk.connections else Presence.INSTALLED

    def read(self, outputs: Mapping[str, Output]) -> dict[str, Any]:
        """See `Dialect`."""
        listing = outputs.get("sas")
        status, version = _status(listing)
        fields: dict[str, Any] = {
            "version": status.version or version,
            "daemon_answers": status.answers,
            "daemon_line": status.line,
        }
        if status.answers and listing is not None:
            fields.update(loaded=status.connections, sas=pluto_states.parse(listing.stdout))
        config = outputs.get("config")
        if config is not None and linux.usable(config):
            fields["disk"] = _configuration(config, fields["version"], linux.own_addresses(outputs))
        return fields

    def initiate(self, focus: Focus) -> tuple[Command, ...]:
        """See `Dialect`."""
        name = quote(focus.name)
        # An attempt that still waits would swallow ours without a word. Ended, it comes back by itself where the
        # connection is to stay up; so this is done in one go with the start, which says again that it is.
        text = (
            f"{_waiting(focus)}case $H in all*[0-9]*) $SUDO $W --name {name} --terminate >/dev/null ;; esac\n"
            f"if command -v timeout >/dev/null 2>&1; then timeout {ATTEMPT_S} $SUDO $W --name {name} --initiate\n"
            f"else $SUDO $W --name {name} --initiate --asynchronous; sleep {ATTEMPT_S}; fi"
        )
        shown = f"ipsec whack --name {name} --initiate"
        return (
            Command(attempt.ATTEMPT, text, ATTEMPT_S + 4, show=shown, level=Level.EXERCISE, limits="time"),
        )

    def half_open_gone(self, focus: Focus) -> tuple[Command, ...]:
        """See `Dialect`."""
        keep = "yes" if _kept_up(focus) else ""
        text = (
            f"K={keep}\n{_waiting(focus)}"
            'case $H in all*) [ -n "$K" ] || { $SUDO $W --name "$N" --terminate; H=; } ;; esac\n'
            "for one in ${H#all}; do $SUDO $W --deletestate $one; done"
        )
        shown = f"ipsec whack --name {quote(focus.name)} --terminate (half-open only)"
        return (Command("half-open", text, 5, show=shown, level=Level.EXERCISE, limits="time"),)

    def sas(self, probe: str) -> Command:
        """See `Dialect`."""
        return Command(probe, _LISTING, 8, show=_LISTING_SHOWN, limits="time")

    def counters(self, probe: str) -> Command | None:
        """See `Dialect`; pluto counts only what all its connections do together."""
        return None

    def log(self) -> Command:
        """See `Dialect`."""
        return _journal(attempt.LOG, LOG_S, 4000)


LIBRESWAN: Final[Dialect] = Libreswan()


def _waiting(focus: Focus) -> str:
    """Shell that puts into $H what waits, and the connection's name into $N."""
    return (
        f"{_TOOL}N={quote(focus.name)} PEERS={quote(' '.join(focus.peer_addresses))}; export N PEERS\n"
        f"H=$($SUDO $W --status 2>/dev/null | awk {quote(_HALF_OPEN)})\n"
    )


def _kept_up(focus: Focus) -> bool:
    """Whether the daemon was told to keep the connection up before we came; true where that is not known."""
    if focus.loaded is None:
        return True
    return any(child.start_action == "start" for child in focus.loaded.children)


def _status(listing: Output | None) -> tuple[Status, str | None]:
    if listing is None or listing.problem is not None:
        return Status(), None
    found = _VERSION.search(framed.section(listing.stdout, "version").body)
    said = framed.section(listing.stdout, "status").body
    return pluto_status.parse(f"{said}\n{listing.stderr}"), found["version"] if found else None


def _configuration(output: Output, version: str | None, own: tuple[str, ...]) -> Configuration:
    """What stands on disk: the files behind their `@@ PATH` lines, secrets as digests."""
    listed = [(part.name, part.body) for part in framed.sections(output.stdout) if part.name]
    files = [
        (path, text) for path, text in listed if posixpath.basename(path) != "ipsec.conf" or path == _ROOT
    ]
    return ipsec_conf.parse(
        files,
        _ROOT,
        dialect="libreswan",
        version=version,
        own_addresses=own,
        unreadable=linux.refused_files(output),
    )
