"""Where charon logs to and how much, from the lines a log probe prints beside the log itself.

`@@ outlet PATH=VALUE` is an option of strongswan.conf below filelog, syslog or journal; `@@ file SIZE PATH` and
`@@ shared SIZE PATH` say which file the lines after it are from (its own, or syslog's).
"""

from __future__ import annotations

import re
from typing import Final

from wizard.records import dataclass

_OUTLET: Final = re.compile(r"@@ outlet (?P<path>[^\n=]{1,400})=(?P<value>[^\n]{0,400})$", re.MULTILINE)
_FILE: Final = re.compile(
    r"^@@ (?P<kind>file|shared) (?P<size>[0-9]{1,18}) (?P<path>/[^\n]{1,400})$", re.MULTILINE
)
_MARK: Final = re.compile(r"\s*(?P<size>[0-9]{1,18})\b")
_PACKET: Final = re.compile(r'"GROUP":"NET"|\[NET\] (?:<[^\n>]{0,200}> )?(?:sending|received) packet')
_NUMBER: Final = re.compile(r"-?[0-9]{1,2}")
_TALKATIVE: Final = ("net", "ike", "cfg")
"""Groups without whose level 1 an attempt leaves no trace that could be read."""


@dataclass(frozen=True, slots=True)
class LogFile:
    """The file a log was found in."""

    path: str
    size: int
    """Bytes it held when it was read."""
    shared: bool = False
    """Whether other programs write to it, too (syslog), so that only some of its lines were taken."""


def file_of(text: str) -> LogFile | None:
    """The file a log probe read, None where the lines are the journal's."""
    found = _FILE.search(text)
    return LogFile(found["path"], int(found["size"]), found["kind"] == "shared") if found else None


def fresh(text: str, mark: str) -> str:
    """The part of a file's end that was not there yet when its size was `mark`; a file begun anew is all fresh."""
    found, before = _FILE.search(text), _MARK.match(mark)
    if found is None or before is None or found["kind"] == "shared":
        return text
    more = int(found["size"]) - int(before["size"])
    if more < 0:
        return text
    head_end = text.find("\n@@ now ")
    start = text.find("\n", head_end + 1) + 1 if head_end >= 0 else found.end() + 1
    body = text[start:].encode("utf-8", "replace")
    return text[:start] + (body[-more:] if more else b"").decode("utf-8", "replace")


def too_quiet(text: str, *, own_journal: bool) -> bool | None:
    """Whether the log is set to say too little to judge by its silence; None when that could not be learned.

    A log in which charon speaks of packets is not; one without is judged by the configured level of the outlet
    it was read from. charon-systemd has a journal of its own (`own_journal`), at level 1 unless told otherwise;
    any other charon writes to syslog's daemon facility, and no longer when only other outlets are configured
    (strongswan.conf(5), src/libcharon/daemon.c).
    """
    if _PACKET.search(text):
        return False
    options = {found["path"]: found["value"] for found in _OUTLET.finditer(text)}
    file = file_of(text)
    if not options:
        return None
    if file is not None and not file.shared:
        sections = _sections_of_file(options, file.path)
    elif own_journal:
        sections = _sections(options, "journal")
    else:
        sections = _sections(options, "daemon")
        if not sections:
            return True
    return bool(sections) and all(min(_levels(options, section)) < 1 for section in sections)


def line_of(text: str) -> str:
    """The configured option that makes the log too quiet, for evidence; empty when none does."""
    for found in _OUTLET.finditer(text):
        level = _number(found["value"])
        if level is not None and level < 1 and found["path"].rpartition(".")[2] in ("default", *_TALKATIVE):
            return f"{found['path']} = {found['value']}"
    return ""


def _sections(options: dict[str, str], name: str) -> list[str]:
    return sorted(
        {path.rpartition(".")[0] for path in options if path.rpartition(".")[0].endswith(f".{name}")}
    )


def _sections_of_file(options: dict[str, str], path: str) -> list[str]:
    named = [
        key.rpartition(".")[0] for key, value in options.items() if key.endswith(".path") and value == path
    ]
    return sorted(
        {*named, *(key.rpartition(".")[0] for key in options if key.rpartition(".")[0].endswith(path))}
    )


def _levels(options: dict[str, str], section: str) -> list[int]:
    default = _number(options.get(f"{section}.default", "1"))
    fallback = 1 if default is None else default
    found = [_number(options.get(f"{section}.{group}", "")) for group in _TALKATIVE]
    return [fallback if level is None else level for level in found]


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text.strip()) else None
