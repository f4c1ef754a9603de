"""strongSwan spoken to through swanctl.

Structured sources come first (`--raw`), because the listings for people change with the release. Nothing here
prints a key: secrets of the configuration are replaced by salted digests on the gateway itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote
from types import MappingProxyType
from typing import Any, Final

from wizard.facts.certificates import CertificateStore
from wizard.facts.derive import attempt
from wizard.facts.derive.exercise import RECENT_LOG
from wizard.facts.focus import Focus
from wizard.facts.parsers import (
    daemon,
    framed,
    swanctl_conf,
    swanctl_conns,
    swanctl_sas,
    swanctl_stats,
)
from wizard.facts.probes import Command, Level, Output
from wizard.facts.tunnel import Configuration
from wizard.platforms import charon_journal, linux
from wizard.platforms.certificate_scripts import SWANCTL_CERTIFICATES, SWANCTL_HAS_CERTIFICATES
from wizard.platforms.dialect import ATTEMPT_S, LOG_S, RECENT_S, Dialect, Presence
from wizard.platforms.gateway_scripts import SWANCTL_FILES

_NEEDS: Final = "command -v swanctl"
_ANSWERED: Final = f'{_NEEDS} && case $TOOK in *" daemon-stats:over "*) false ;; esac'
"""A daemon that hangs is not asked again and again: its first question took all the time it was given."""


class Swanctl:
    """The dialect of swanctl; see `Dialect`."""

    name = "strongswan-swanctl"
    retries = False
    observe: tuple[Command, ...] = (
        Command(
            "daemon-stats",
            "$SUDO swanctl --stats",
            5,
            needs=_NEEDS,
            limits="time",
        ),
        Command("connections", "$SUDO swanctl --list-conns --raw", 8, needs=_ANSWERED, limits="time"),
        Command("sas", "$SUDO swanctl --list-sas --raw", 8, needs=_ANSWERED, limits="time"),
        Command(
            "config",
            SWANCTL_FILES,
            15,
            show="cat /etc/swanctl/swanctl.conf (secrets as digests)",
            needs=_NEEDS,
            limits="time",
        ),
        charon_journal.since(RECENT_LOG, RECENT_S, 600, needs=_NEEDS, lives=True),
        Command(
            "certificates",
            SWANCTL_CERTIFICATES,
            20,
            show="swanctl --list-certs; openssl pkey -pubout -in KEY | sha256sum",
            needs=SWANCTL_HAS_CERTIFICATES,
            limits="time",
        ),
    )
    shared: Mapping[str, str] = MappingProxyType({})

    def presence(self, outputs: Mapping[str, Output], fields: Mapping[str, Any]) -> Presence:
        """See `Dialect`."""
        disk: Configuration | None = fields.get("disk")
        stored = {one.name for one in disk.connections} if disk is not None else set()
        if fields["daemon_answers"]:
            # A daemon that speaks both lists what ipsec.conf has brought in here, too.
            loaded = {one.name for one in fields.get("loaded", ())}
            return Presence.IN_USE if loaded & stored or (loaded and disk is None) else Presence.RUNNING
        if stored:
            return Presence.CONFIGURED
        known = fields["version"] is not None or fields["daemon_answers"] is not None
        return Presence.INSTALLED if known else Presence.ABSENT

    def read(self, outputs: Mapping[str, Output]) -> dict[str, Any]:
        """See `Dialect`."""
        stats = outputs.get("daemon-stats")
        answers, line = _answers(stats)
        told = swanctl_stats.parse(stats.stdout if stats is not None else "")
        version = told.version or _version(outputs.get("daemon"))
        fields: dict[str, Any] = {
            "version": version,
            "daemon_answers": answers,
            "daemon_line": line,
            "uptime_s": told.uptime_s,
            "half_open": told.half_open,
        }
        if answers:
            fields.update(_listed(outputs))
        config = outputs.get("config")
        if config is not None and linux.usable(config):
            fields["disk"] = _configuration(config, version)
        certificates = outputs.get("certificates")
        if certificates is not None and linux.usable(certificates):
            from wizard.facts.parsers import certificate_store

            fields["certificates"] = certificate_store.parse(certificates.stdout)
        elif certificates is None and outputs:
            # The probe is left out where there is nothing to read.
            fields["certificates"] = CertificateStore(disk_read=True)
        return fields

    def initiate(self, focus: Focus) -> tuple[Command, ...]:
        """See `Dialect`."""
        child = f" --child {quote(focus.child_name)}" if focus.child_name else ""
        text = f"$SUDO swanctl --initiate --ike {quote(focus.name)}{child} --timeout {ATTEMPT_S} --loglevel 1"
        return (Command(attempt.ATTEMPT, text, ATTEMPT_S + 4, level=Level.EXERCISE, limits="time"),)

    def half_open_gone(self, focus: Focus) -> tuple[Command, ...]:
        """See `Dialect`."""
        name = quote(focus.name)
        text = (
            f"$SUDO swanctl --list-sas --raw --ike {name} 2>/dev/null | "
            "grep -oE 'uniqueid=[0-9]+ version=[0-9] state=CONNECTING' | "
            "while read -r id _; do "
            '$SUDO swanctl --terminate --ike-id "${id#uniqueid=}" --force --timeout 1; done'
        )
        shown = f"swanctl --terminate --ike {name} (half-open only)"
        return (Command("half-open", text, 5, show=shown, level=Level.EXERCISE, limits="time"),)

    def sas(self, probe: str) -> Command:
        """See `Dialect`."""
        return Command(probe, "$SUDO swanctl --list-sas --raw", 8, limits="time")

    def counters(self, probe: str) -> Command | None:
        """See `Dialect`."""
        return Command(probe, "$SUDO swanctl --counters", 5, limits="time")

    def log(self) -> Command:
        """See `Dialect`."""
        return charon_journal.since(attempt.LOG, LOG_S, 4000)


SWANCTL: Final[Dialect] = Swanctl()


def _configuration(output: Output, version: str | None) -> Configuration:
    """What stands on disk: the files behind their `@@ PATH` lines, secrets as digests."""
    files = [(part.name, part.body) for part in framed.sections(output.stdout) if part.name]
    root = next((name for name, _ in files if name.endswith("/swanctl.conf")), None)
    return swanctl_conf.parse(files, root=root, unreadable=linux.refused_files(output), version=version)


def _version(daemon_output: Output | None) -> str | None:
    """What strongSwan's daemon says of itself, else its tools."""
    told = daemon.parse(daemon_output.stdout).versions if daemon_output is not None else ()
    return next((one.version for one in reversed(told) if one.implementation == "strongswan"), None)


def _answers(stats: Output | None) -> tuple[bool | None, str]:
    """Whether the daemon answers on its control socket, and the line that shows it."""
    if stats is None or stats.problem is not None:
        return None, ""
    lines = [line for line in f"{stats.stdout}\n{stats.stderr}".splitlines() if line.strip()]
    up = next((line for line in lines if line.startswith("uptime:")), None)
    if up is not None:
        return True, up
    refused = next((line for line in lines if "failed:" in line and "vici" in line), None)
    if refused is None:
        return None, ""
    gone = "No such file" in refused or "Connection refused" in refused
    return (False, refused) if gone else (None, refused)


def _listed(by_probe: Mapping[str, Output]) -> dict[str, Any]:
    """Connections and SAs of a daemon that answers: printing nothing then means having none."""
    fields: dict[str, Any] = {}
    conns, sas = by_probe.get("connections"), by_probe.get("sas")
    if conns is not None and conns.problem is None and conns.exit_code == 0:
        fields["loaded"] = swanctl_conns.parse(conns.stdout)
    if sas is not None and sas.problem is None and sas.exit_code == 0:
        fields["sas"] = swanctl_sas.parse(sas.stdout)
    return fields
