"""strongSwan spoken to through swanctl: what is read, how the tunnel is tried out, how outputs become a snapshot.

Structured sources come first (`--raw`), because the listings for people change with the release. Nothing here
prints a key: kernel states are listed with `nokeys`, and secrets of the configuration are replaced by salted
digests on the gateway itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_network
from shlex import quote
from typing import Any, Final

from wizard.choreography import Part, Watching
from wizard.facts.derive import attempt, traffic
from wizard.facts.derive.exercise import RECENT_LOG
from wizard.facts.focus import Focus
from wizard.facts.model import End
from wizard.facts.parsers import (
    charon_log,
    clock,
    framed,
    swanctl_conf,
    swanctl_conns,
    swanctl_sas,
    swanctl_stats,
)
from wizard.facts.probes import Command, Level, Output
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import Configuration
from wizard.facts.vocabulary import IKE, TRAFFIC
from wizard.platforms import linux
from wizard.platforms.gateway_scripts import SWANCTL_FILES

UNITS: Final = ("strongswan", "strongswan-swanctl", "strongswan-starter", "ipsec")
"""systemd units whose journal holds the daemon's words, on the distributions we know."""

_FIELDS: Final = "MESSAGE,THREAD,GROUP,IKE_SA_NAME,IKE_SA_UNIQUE_ID,SYSLOG_IDENTIFIER,_SYSTEMD_UNIT"
_JOURNAL: Final = f"journalctl --no-pager -q -o json --output-fields={_FIELDS} " + " ".join(
    f"-u {unit}" for unit in UNITS
)
_JOURNAL_SHOWN: Final = "journalctl -u strongswan"
ATTEMPT_S: Final = 6
"""How long one attempt may take, seconds: long enough for one retransmission (4 s), far below charon's own 165 s."""
LOG_S: Final = 60
"""How far back the log is read after an attempt, seconds; it is cut to the attempt by the gateway's own clock."""
_LISTENING: Final = "listening on"

OBSERVE: Final[tuple[Command, ...]] = (
    *linux.OBSERVE,
    Command(
        "daemon-stats",
        "swanctl --version; $SUDO swanctl --stats",
        5,
        show="swanctl --stats",
        limits="time",
    ),
    Command("connections", "$SUDO swanctl --list-conns --raw", 8, limits="time"),
    Command("sas", "$SUDO swanctl --list-sas --raw", 8, limits="time"),
    Command(
        "config",
        SWANCTL_FILES,
        15,
        show="cat /etc/swanctl/swanctl.conf (secrets as digests)",
        limits="time",
    ),
    Command(
        RECENT_LOG,
        f"$SUDO {_JOURNAL} --since -900s -n 600",
        10,
        show=f"{_JOURNAL_SHOWN} --since -15min",
        limits="time",
    ),
)
"""Everything one diagnosis reads before it tries anything."""

_ANSWERED: Final = frozenset({"connections", "sas"})


def read(end: End, gateway: str, outputs: Sequence[Output]) -> Snapshot:
    """One gateway's snapshot from the outputs of OBSERVE; what could not be read stays None."""
    by_probe = {output.command.id: output for output in outputs}
    fields = linux.read(by_probe)
    stats = by_probe.get("daemon-stats")
    answers, line = _answers(stats)
    version = swanctl_stats.parse(stats.stdout).version if stats is not None else None
    installed = version is not None or answers is not None
    if answers:
        fields.update(_listed(by_probe))
    config = by_probe.get("config")
    if config is not None and linux.usable(config):
        fields["disk"] = _configuration(config, version)
    return Snapshot(
        end=end,
        gateway=gateway,
        outputs=by_probe,
        implementation="strongswan-swanctl" if installed else None,
        version=version,
        daemon_answers=answers,
        daemon_line=line,
        **fields,
    )


def _configuration(output: Output, version: str | None) -> Configuration:
    """What stands on disk: the files behind their `@@ PATH` lines, secrets as digests."""
    files = [(part.name, part.body) for part in framed.sections(output.stdout) if part.name]
    root = next((name for name, _ in files if name.endswith("/swanctl.conf")), None)
    refused = [
        line.removeprefix("grep: ").removesuffix(": Permission denied")
        for line in output.stderr.splitlines()
        if line.endswith(": Permission denied")
    ]
    return swanctl_conf.parse(files, root=root, unreadable=refused, version=version)


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


def presentable(output: Output) -> str:
    """What an output looks like to a person: the journal's JSON becomes the lines the daemon would write."""
    if output.command.id not in (attempt.LOG, RECENT_LOG):
        return output.stdout
    return "".join(f"{line.line}\n" for line in charon_log.parse(output.stdout))


def attempt_parts(
    initiator: End, focuses: Mapping[End, Focus], snapshots: Mapping[End, Snapshot]
) -> dict[End, Part]:
    """The four-point exercise: capture at both outsides, initiate at one, then read logs and SAs.

    Earlier attempts that still wait for an answer are ended at both ends first, because their repeated packets
    would be taken for answers. The daemon's message counters stand in only where its log may not be read: each
    command costs time.
    """
    parts: dict[End, Part] = {}
    for end, snapshot in snapshots.items():
        focus, starts = focuses[end], end == initiator
        counted = not _log_readable(snapshot)
        parts[end] = Part(
            watches=(_watch(attempt.CAPTURE, focus, _ike_filter(focus), 400),),
            before=(
                *(_half_open_gone(focus) if _half_open(snapshot, focus) else ()),
                *((_counters("ike-counters-before"),) if counted else ()),
                _clock(),
            ),
            act=_initiate(focus) if starts else (),
            after=(
                _sas("sas-after"),
                *((_counters(attempt.COUNTERS),) if counted else ()),
                *(() if counted else (_log(),)),
                *(_half_open_gone(focus) if starts else ()),
            ),
        )
    return parts


def traffic_parts(
    starter: End, focuses: Mapping[End, Focus], snapshots: Mapping[End, Snapshot]
) -> dict[End, Part]:
    """The traffic exercise: pings from one end, with counters and both outside interfaces before and after.

    The firewall's counters are read only where a rule or a policy drops anything.
    """
    parts: dict[End, Part] = {}
    there = next((focus for end, focus in focuses.items() if end != starter), None)
    for end, snapshot in snapshots.items():
        focus = focuses[end]
        looks: list[tuple[Callable[[str], Command], str]] = [
            (_sas, "sas"),
            (linux.kernel_counters, "kernel-counters"),
        ]
        if snapshot.ruleset is not None and snapshot.ruleset.drops:
            looks.append((linux.firewall_counters, "firewall"))
        parts[end] = Part(
            watches=(_watch(traffic.CAPTURE, focus, _traffic_filter(focus), 200),),
            before=(
                *(_own_host(focus) if end != starter else ()),
                *(look(f"{name}-before") for look, name in looks),
            ),
            act=_pings(focus, there) if end == starter else (),
            after=tuple(look(f"{name}-after") for look, name in looks),
        )
    return parts


def _watch(probe: str, focus: Focus, expression: str, limit: int) -> Watching:
    return Watching(linux.capture(probe, focus.outside_interface, expression, limit), _LISTENING)


def _log_readable(snapshot: Snapshot) -> bool:
    log = snapshot.outputs.get(RECENT_LOG)
    return log is not None and log.problem is None and log.exit_code == 0


def _log() -> Command:
    text = f"$SUDO {_JOURNAL} --since -{LOG_S}s -n 4000"
    return Command(attempt.LOG, text, 10, show=_JOURNAL_SHOWN, limits="time")


def _half_open(snapshot: Snapshot, focus: Focus) -> bool:
    """Whether an attempt of this tunnel may still wait for an answer; not knowing counts as yes."""
    if focus.connection is None:
        return False
    if snapshot.sas is None:
        return True
    return any(sa.name == focus.name and sa.state == "connecting" for sa in snapshot.sas)


def _pings(focus: Focus, there: Focus | None) -> tuple[Command, ...]:
    """From the gateway's inside address: to the other gateway's inside, to a host behind it, to an own host."""
    commands: list[Command] = list(_own_host(focus))
    commands += [linux.pinged(traffic.OUTSIDE_PING, peer, None, 2) for peer in focus.peer_addresses[:1]]
    if there is not None and there.probe_source is not None:
        commands.append(linux.pinged(traffic.TUNNEL_PING, there.probe_source, focus.probe_source))
    if there is not None and there.probe_target is not None:
        commands.append(linux.pinged(traffic.REMOTE_PING, there.probe_target, focus.probe_source))
    known = there is not None and (there.probe_source is not None or there.probe_target is not None)
    guess = _first_host(focus.remote_networks)
    if not known and guess is not None and focus.probe_source is not None:
        commands.append(linux.pinged(traffic.GUESS_PING, guess, focus.probe_source))
    return tuple(commands)


def _first_host(networks: Sequence[str]) -> str | None:
    """The first address of the first network, which is often a router's: better than no test packet at all."""
    for text in networks:
        try:
            network = ip_network(text.partition("[")[0], strict=False)
        except ValueError:
            continue
        if network.prefixlen:
            return str(network[1] if network.num_addresses > 1 else network[0])
    return None


def _own_host(focus: Focus) -> tuple[Command, ...]:
    if focus.probe_target is None:
        return ()
    return (linux.pinged(traffic.LAN_PING, focus.probe_target, focus.probe_source),)


def _initiate(focus: Focus) -> tuple[Command, ...]:
    ping = tuple(linux.pinged(attempt.PING, peer, None, 2) for peer in focus.peer_addresses[:1])
    child = f" --child {quote(focus.child_name)}" if focus.child_name else ""
    text = f"$SUDO swanctl --initiate --ike {quote(focus.name)}{child} --timeout {ATTEMPT_S} --loglevel 1"
    return (Command(attempt.ATTEMPT, text, ATTEMPT_S + 4, level=Level.EXERCISE, limits="time"), *ping)


def _half_open_gone(focus: Focus) -> tuple[Command, ...]:
    """Ends attempts of this tunnel that still wait for an answer, and nothing that is established."""
    name = quote(focus.name)
    text = (
        f"$SUDO swanctl --list-sas --raw --ike {name} 2>/dev/null | "
        "grep -oE 'uniqueid=[0-9]+ version=[0-9] state=CONNECTING' | "
        'while read -r id _; do $SUDO swanctl --terminate --ike-id "${id#uniqueid=}" --force --timeout 1; done'
    )
    shown = f"swanctl --terminate --ike {name} (half-open only)"
    return (Command("half-open", text, 5, show=shown, level=Level.EXERCISE, limits="time"),)


def _sas(probe: str) -> Command:
    return Command(probe, "$SUDO swanctl --list-sas --raw", 8, limits="time")


def _counters(probe: str) -> Command:
    return Command(probe, "$SUDO swanctl --counters", 5, limits="time")


def _clock() -> Command:
    return Command("clock-before", clock.COMMAND, 5, show="date", limits="time")


def _ike_filter(focus: Focus) -> str:
    """IKE from or to anybody (a peer behind NAT has another address), pings from the peer."""
    ike = "udp port 500 or (udp port 4500 and udp[8:4] = 0)"
    if not focus.peer_addresses:
        return f"{ike} or icmp"
    return f"{ike} or ((icmp or icmp6) and ({_hosts(focus)}))"


def _traffic_filter(focus: Focus) -> str:
    esp = "esp or (udp port 4500 and udp[8:4] != 0)"
    networks = " or ".join(
        f"dst net {text.partition('[')[0]}" for text in focus.remote_networks if _plain(text)
    )
    wire = f"({esp}) and ({_hosts(focus)})" if focus.peer_addresses else esp
    return f"({wire})" + (f" or (icmp and ({networks}))" if networks else "")


def _hosts(focus: Focus) -> str:
    return " or ".join(f"host {peer}" for peer in focus.peer_addresses)


def _plain(selector: str) -> bool:
    return "/" in selector and not selector.startswith("0.0.0.0/0") and "-" not in selector


def play(
    exercise: str, starter: End, focuses: Mapping[End, Focus], snapshots: Mapping[End, Snapshot]
) -> dict[End, Part]:
    """The parts of all ends that were read; raises KeyError for an exercise this platform does not know."""
    return {IKE: attempt_parts, TRAFFIC: traffic_parts}[exercise](starter, focuses, snapshots)
