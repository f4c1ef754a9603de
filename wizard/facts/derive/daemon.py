"""Facts about the IKE daemon and its configuration: on disk, loaded, running are three things."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

from wizard.facts import identities, selectors
from wizard.facts.derive.notebook import Notebook
from wizard.facts.focus import Focus
from wizard.facts.parsers.charon_log import LogEvent
from wizard.facts.parsers.daemon import Unit
from wizard.facts.parsers.sockets import Socket
from wizard.facts.probes import Level, Output
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import Connection

IKE_PORTS: Final = (500, 4500)
_IKE_DAEMONS: Final = ("charon", "pluto", "starter")
_PROCESSES: Final = frozenset({"charon", "charon-systemd", "pluto"})
_ANY_V4: Final = frozenset({"0.0.0.0"})
_ANY_V6: Final = frozenset({"[::]", "::", "*"})
_ONE_FALL_S: Final = 2.0
"""Lines so close to each other speak of one fall, seconds."""
_AGAIN: Final = 2
"""How many falls make a habit."""
_SETTLED_S: Final = 1800
"""A daemon that has run for so long is no longer falling again and again, seconds."""
_COMPARED: Final = ("version", "local_addrs", "remote_addrs")


def daemon(book: Notebook, focus: Focus) -> None:
    """Whether the daemon runs, which it is, and whether the ports are its own."""
    snapshot = book.snapshot
    book.note("implementation", snapshot.implementation, why_unknown=snapshot.missing("daemon"))
    book.note("daemon_version", snapshot.version, why_unknown="the daemon does not answer")
    probe = "daemon-stats"
    seen = [one for one in snapshot.daemon.processes if one.name in _PROCESSES] if snapshot.daemon else []
    if snapshot.daemon_answers is None and seen:
        # This login may not ask it: that it runs is all that shows.
        book.note("daemon_running", True, *(book.cite("daemon", one.line) for one in seen))
    else:
        book.note(
            "daemon_running",
            snapshot.daemon_answers,
            *([book.cite(probe, snapshot.daemon_line)] if snapshot.daemon_line else []),
            *_unit_lines(book),
            why_unknown=snapshot.missing(probe),
        )
    _hanging(book, bool(seen))
    failed = failed_start(snapshot)
    why = "systemd does not say"
    lines = [book.cite("daemon", failed.line)] if failed is not None else []
    book.note(
        "start_failed", failed is not None if snapshot.daemon is not None else None, *lines, why_unknown=why
    )
    units = snapshot.daemon.units if snapshot.daemon is not None else ()
    restarts = [unit for unit in units if unit.loaded and unit.restarts is not None]
    if restarts:
        worst = max(restarts, key=lambda unit: unit.restarts or 0)
        book.note("daemon_restarts", worst.restarts, book.cite("daemon", worst.line))
    else:
        book.unknown("daemon_restarts", "systemd does not say")
    since = book.cite(probe, snapshot.daemon_line)
    book.note("daemon_uptime_s", snapshot.uptime_s, since, why_unknown="the daemon does not say")
    book.note("half_open", snapshot.half_open, since, why_unknown="the daemon does not say")
    _sockets(book, focus)
    rights(book)


def rights(book: Notebook) -> None:
    """What this login was refused so far: probes by name, test packets and captures by their programs."""
    outputs = book.snapshot.outputs
    refused = {probe: line for probe, output in outputs.items() if (line := _refusal(output)) is not None}
    names = dict.fromkeys(
        outputs[probe].shown.split()[0] if outputs[probe].command.level is Level.EXERCISE else probe
        for probe in refused
    )
    book.note("rights_missing", tuple(names), *(book.cite(probe, line) for probe, line in refused.items()))


def _refusal(output: Output) -> str | None:
    """The line that refuses it; what an exercise tries prints its errors among the rest."""
    said = output.stderr.splitlines()
    if output.command.level is Level.EXERCISE:
        said += [line for line in output.stdout.splitlines() if line.startswith(_SPEAKERS)]
    for line in (output.problem or "", *said):
        if any(word in line.lower() for word in _REFUSALS) and "sendmsg" not in line:
            return line
    return None


_SPEAKERS: Final = ("sudo: ", "Sorry, user ", "ping: ", "tcpdump: ", "arping: ")
_REFUSALS: Final = (
    "not permitted",
    "permission denied",
    "a password is required",
    "insufficient permissions",
    "you must be root",
    "are you root",
    "is not allowed to execute",
    "not in the sudoers file",
    "lacking privilege",
    "don't have permission",
)


def _unit_lines(book: Notebook) -> list:  # type: ignore[type-arg]
    units = book.snapshot.daemon.units if book.snapshot.daemon is not None else ()
    return [book.cite("daemon", unit.line) for unit in units if unit.loaded and not unit.running]


def _sockets(book: Notebook, focus: Focus) -> None:
    """Whether packets to the tunnel's own address reach the daemon: sockets of the other family do not count."""
    snapshot = book.snapshot
    if snapshot.sockets is None:
        book.unread("sockets", "ike_sockets_bound", "ike_port_owner")
        return
    bound = {port: _hearing(book, focus, port) for port in IKE_PORTS}
    lines = [book.cite("sockets", one.line) for port in IKE_PORTS for one in bound[port]]
    owners = [one.process for sockets in bound.values() for one in sockets]
    if not owners:
        book.note("ike_sockets_bound", False, book.cite("sockets", "(no socket on UDP 500 or 4500)"))
        book.note("ike_port_owner", "", book.cite("sockets", "(no socket on UDP 500 or 4500)"))
    elif not all(owners):
        for name in ("ike_sockets_bound", "ike_port_owner"):
            book.unknown(name, "the owner of UDP 500 is not shown to this login")
    else:
        ours = all(any(one.process.startswith(_IKE_DAEMONS) for one in sockets) for sockets in bound.values())
        book.note("ike_sockets_bound", ours, *lines)
        strangers = [one for one in owners if not one.startswith(_IKE_DAEMONS)]
        book.note("ike_port_owner", strangers[0] if strangers else "", *lines)


def _hearing(book: Notebook, focus: Focus, port: int) -> list[Socket]:
    """The sockets that take packets to the tunnel's local address; an exact address goes before a wildcard."""
    sockets = [one for one in book.snapshot.sockets or () if one.port == port]
    local = focus.local_address
    if local is None:
        return sockets
    exact = [one for one in sockets if one.address.strip("[]").partition("%")[0] == local]
    family = _ANY_V6 if ":" in local else _ANY_V4
    own = [one for one in sockets if one.address.partition("%")[0] in family]
    # A socket for both families is shown as "*"; where there is one for IPv4 alone, that one gets its packets.
    return exact or own or [one for one in sockets if one.address == "*"]


def _hanging(book: Notebook, lives: bool) -> None:
    """A daemon whose process is there and that did not answer in the time it was given, which is seconds too many."""
    asked = book.snapshot.outputs.get("daemon-stats")
    if asked is None or not book.snapshot.daemon:
        book.unknown("daemon_hangs", "the daemon was not asked")
        return
    silent = asked.problem is not None and asked.elapsed_s >= asked.command.timeout_s - 0.1
    lines = [book.cite("daemon-stats", f"({asked.problem})")] if silent else []
    book.note("daemon_hangs", lives and silent and book.snapshot.daemon_answers is None, *lines)


def failed_start(snapshot: Snapshot) -> Unit | None:
    """The unit that ended in failure while no daemon answers; systemd keeps that until it is started again."""
    if snapshot.daemon is None or snapshot.daemon_answers is not False:
        return None
    failed = (one for one in snapshot.daemon.units if one.loaded and one.active == "failed")
    return next(failed, None)


def falls(events: Sequence[LogEvent]) -> list[LogEvent]:
    """The falls of the daemon, one of several lines about the same one."""
    found: list[LogEvent] = []
    for event in (one for one in events if one.name == "daemon-crashed"):
        if not found or event.time is None or event.time - (found[-1].time or 0.0) > _ONE_FALL_S:
            found.append(event)
    return found


def crashing(book: Notebook, events: Sequence[LogEvent] | None) -> None:
    """Whether the daemon falls again and again: restarts that systemd counted, and falls the log tells of."""
    units = book.snapshot.daemon.units if book.snapshot.daemon is not None else ()
    counted = [unit for unit in units if unit.loaded and unit.restarts is not None]
    fell = falls(events or ())
    if not counted and events is None:
        book.unknown("daemon_crashing", "neither systemd nor the log could be asked")
        return
    restarts = max((unit.restarts or 0 for unit in counted), default=0)
    uptime = book.snapshot.uptime_s
    now = book.snapshot.clock.epoch_s if book.snapshot.clock is not None else None
    lately = bool(fell) and now is not None and now - (fell[-1].time or 0.0) < _SETTLED_S
    down = book.snapshot.daemon_answers is False and restarts >= _AGAIN
    young = lately or down or (uptime is not None and uptime < _SETTLED_S)
    lines = [book.cite("daemon", unit.line) for unit in counted if unit.restarts]
    lines += [book.cite("recent-log", one.line) for one in fell[-2:]]
    book.note("daemon_crashing", young and max(restarts, len(fell)) >= _AGAIN, *lines)


def configuration(book: Notebook, focus: Focus) -> None:
    """What stands on disk, what is loaded, and whether they are the same."""
    snapshot = book.snapshot
    disk = snapshot.disk
    if disk is None or (disk.unreadable and not disk.files):
        why = f"{disk.unreadable[0]} may not be read" if disk is not None else snapshot.missing("config")
        book.note("config_readable", False if disk is not None else None, why_unknown=why)
        for name in ("config_parses", "connection_on_disk"):
            book.unknown(name, why)
    else:
        book.note("config_readable", True)
        lines = [book.cite("config", f"{one.place}: {one.message}") for one in disk.problems]
        book.note("config_parses", not disk.problems, *lines)
        on_disk = focus.on_disk
        where = (
            on_disk.where.get("name", on_disk.name)
            if on_disk is not None
            else "(no connection for this tunnel)"
        )
        book.note("connection_on_disk", on_disk is not None, book.cite("config", where))
    if snapshot.loaded is None:
        book.unread("connections", "connection_loaded", "child_loaded")
    else:
        names = ", ".join(connection.name for connection in snapshot.loaded) or "none"
        line = book.cite("connections", f"loaded connections: {names}")
        book.note("connection_loaded", focus.loaded is not None, line)
        if focus.loaded is None:
            book.unknown("child_loaded", "the connection is not loaded")
        else:
            loaded = {child.name for child in focus.loaded.children}
            wanted = focus.child_name
            line = book.cite("connections", f"{focus.name}: children {', '.join(sorted(loaded)) or 'none'}")
            book.note("child_loaded", bool(loaded) and (not wanted or wanted in loaded), line)
    _difference(book, focus)


def _difference(book: Notebook, focus: Focus) -> None:
    if focus.loaded is None or focus.on_disk is None:
        for name in ("disk_matches_loaded", "disk_difference"):
            book.unknown(name, "the connection is not both on disk and loaded")
        return
    differences = _differences(focus.on_disk, focus.loaded)
    lines = [book.cite("connections", text) for text in differences]
    book.note("disk_matches_loaded", not differences, *lines)
    book.note("disk_difference", "; ".join(differences), *lines)


def _differences(disk: Connection, loaded: Connection) -> list[str]:
    """What the daemon would do otherwise after a reload, as sentences; unstated fields are not compared."""
    found: list[str] = []
    for name in _COMPARED:
        stored, running = getattr(disk, name), getattr(loaded, name)
        if stored not in (None, ()) and running not in (None, ()) and not _same(stored, running):
            found.append(f"{name}: {_words(stored)} on disk, {_words(running)} loaded")
    for side in ("local", "remote"):
        for stored, running in zip(getattr(disk, side), getattr(loaded, side), strict=False):
            if (
                stored.identity
                and running.identity
                and not identities.fits(stored.identity, running.identity)
            ):
                found.append(f"{side} id: {stored.identity} on disk, {running.identity} loaded")
    loaded_children = {child.name: child for child in loaded.children}
    for child in disk.children:
        running_child = loaded_children.get(child.name)
        if running_child is None:
            found.append(f"child {child.name} is on disk and not loaded")
            continue
        for side in ("local_ts", "remote_ts"):
            stored, running = getattr(child, side), getattr(running_child, side)
            if stored and running and _networks(stored) != _networks(running):
                found.append(f"child {child.name} {side}: {_words(stored)} on disk, {_words(running)} loaded")
    return found


def _networks(written: tuple[str, ...]) -> set[object]:
    """Selectors by what they mean: the daemon lists 10.1.0.0/24 for 10.1.0.1/24."""
    return {selectors.parse(one) or one for one in written}


def _same(stored: object, running: object) -> bool:
    """Whether two values mean the same; a name or a wildcard on disk (%defaultroute) is an address once loaded."""
    if isinstance(stored, tuple) and isinstance(running, tuple):
        return set(stored) == set(running) or any(_is_open(str(one)) for one in (*stored, *running))
    return stored == running


def _is_open(address: str) -> bool:
    try:
        return ip_address(address).is_unspecified
    except ValueError:
        return True


def _words(value: object) -> str:
    return " ".join(str(one) for one in value) if isinstance(value, tuple) else str(value)
