"""`swanctl --stats` and `swanctl --version`: how long the daemon has run, what it holds and what it can do."""

from __future__ import annotations

import re

from wizard.records import dataclass

_VERSION = re.compile(r"\bstrongSwan (?:swanctl )?(?:U)?(?P<version>[0-9]+\.[0-9]+\.[0-9]+[A-Za-z0-9.]*)")
_DAEMON_VERSION = re.compile(
    r"^strongSwan (?P<version>[0-9]+\.[0-9]+\.[0-9]+[A-Za-z0-9.]*) (?P<daemon>charon\S*)", re.MULTILINE
)
_UPTIME = re.compile(r"^uptime: (?P<age>[^,\n]{1,60})(?:, since (?P<since>[^\n]{1,60}))?$", re.MULTILINE)
_IKE_SAS = re.compile(r"^IKE_SAs: (?P<total>[0-9]+) total, (?P<half>[0-9]+) half-open", re.MULTILINE)
_WORKERS = re.compile(r"^worker threads: (?P<total>[0-9]+) total, (?P<idle>[0-9]+) idle", re.MULTILINE)
_QUEUES = re.compile(r"^job queues: (?P<queues>[0-9]+(?:/[0-9]+)*)", re.MULTILINE)
_PLUGINS = re.compile(r"^loaded plugins: (?P<plugins>[^\n]*)$", re.MULTILINE)
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


@dataclass(frozen=True, slots=True)
class Stats:
    """The daemon's own account of itself; what the output does not say is None or empty."""

    version: str | None = None
    """Only `--version` says it; `--stats` does not."""
    uptime_s: int | None = None
    """As printed, thus rounded to the unit the daemon chose."""
    since: str = ""
    """When it started, in the gateway's local time, as printed."""
    ike_sas: int | None = None
    half_open: int | None = None
    workers: int | None = None
    idle_workers: int | None = None
    jobs_queued: int | None = None
    plugins: tuple[str, ...] = ()


def parse(text: str) -> Stats:
    """Reads either output, or both one after the other."""
    version = _DAEMON_VERSION.search(text) or _VERSION.search(text)
    uptime = _UPTIME.search(text)
    sas = _IKE_SAS.search(text)
    workers = _WORKERS.search(text)
    queues = _QUEUES.search(text)
    plugins = _PLUGINS.search(text)
    return Stats(
        version=version["version"] if version else None,
        uptime_s=_seconds(uptime["age"]) if uptime else None,
        since=(uptime["since"] or "").strip() if uptime else "",
        ike_sas=int(sas["total"]) if sas else None,
        half_open=int(sas["half"]) if sas else None,
        workers=int(workers["total"]) if workers else None,
        idle_workers=int(workers["idle"]) if workers else None,
        jobs_queued=sum(int(count) for count in queues["queues"].split("/")) if queues else None,
        plugins=tuple(plugins["plugins"].split()) if plugins else (),
    )


def _seconds(age: str) -> int | None:
    found = re.fullmatch(r"([0-9]{1,9}) (second|minute|hour|day)s?", age.strip())
    return int(found[1]) * _UNITS[found[2]] if found else None
