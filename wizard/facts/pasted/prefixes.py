"""What stands in front of a daemon's own words: times, hosts, programs, threads, connections.

syslog (RFC 3164 and 5424), the journal (short, ISO, JSON), files of charon, logcat, docker compose, pfSense,
NetworkManager, the terminal of pluto's whack, IOS and ASA. Whatever is not known is left standing.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

Hint = Literal["", "charon", "pluto", "cisco"]


@dataclass(frozen=True, slots=True)
class PastedLine:
    """One line taken apart; what the paste does not say is None or empty."""

    number: int
    shown: str
    """The line as it was pasted, for evidence."""
    text: str
    """The daemon's own words."""
    stamp: str = ""
    """The time as it is written, empty where there is none; `seconds` reads it."""
    conn: str = ""
    uid: str = ""
    """Number of the IKE SA or state in the daemon, empty where the log does not number them."""
    hint: Hint = ""
    """Whose words they are, where a prefix says so."""
    relayed: bool = False
    """Whether another program prints what the daemon said, as NetworkManager does once more at the end."""


_MESSAGES: Final = ("MESSAGE", "log", "message", "msg", "details")
"""What journals, containers and clouds call the line itself in their JSON."""
_SECOND: Final = r"\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?"
_ZONE: Final = r"(?:\s?(?:Z|[+-]\d\d:?\d\d|[A-Z]{3,4}(?= ?:)))?"
_MONTH: Final = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ANY_MONTH: Final = r"[^\W\d_]{3,5}\.?"
"""A month in whatever language syslog was set to."""
_PRIORITY: Final = re.compile(r"<\d{1,3}>(?:1 )?")
_COMPOSE: Final = re.compile(r"[\w.-]{1,60}\s*\| (?=\s*\S)")
_SEQUENCE: Final = re.compile(r"\d{3,9}: (?=[*.]?" + _MONTH + r")")
_TIME: Final = re.compile(
    rf"\[?(?:"
    rf"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?(?P<iso>\d{{4}}[-/]\d\d[-/]\d\d(?:T|,? ){_SECOND}{_ZONE})"
    rf"|[*.]?(?P<named>(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?{_ANY_MONTH} +\d{{1,2}},?(?: \d{{4}})? {_SECOND}"
    rf"(?: \d{{4}})?{_ZONE})"
    rf"|(?P<unix>1\d{{9}}(?:\.\d{{1,9}})?)(?= )"
    rf"|(?P<day>\d\d-\d\d {_SECOND})"
    rf"|(?P<clock>{_SECOND})"
    rf")\]?(?:: | - |[ :,|]+|$)"
)
_LOGCAT: Final = re.compile(
    r"\s*\d+ +\d+ [VDIWEFA] (?P<tag>[^:]{1,40}?) *: |[VDIWEF]/(?P<tag2>[^(]{1,40})\( *\d+\): "
)
_PROGRAMS: Final = (
    r"charon(?:-\w+)?|pluto|ipsec(?:_starter|__plutorun)?|starter|swanctl|strongswan|strongSwan|NetworkManager"
    r"|VPN-IPSEC|vpn|ipsec\.\w+|_?updown|racoon|iked|kernel|audit|systemd|NetworkManager-\w+|nm-\S+"
)
_KNOWN: Final = re.compile(
    rf"(?:(?P<host>[\w.:<>-]{{1,120}}) )?(?P<program>(?i:{_PROGRAMS}))(?:\[\d+\])?: ?(?=\S)"
)
_AFTER_TIME: Final = re.compile(
    r"(?:(?P<host>[\w.:<>-]{1,120}) )?(?P<program>[A-Za-z_][\w./@-]{0,60})(?:\[\d{1,9}\]|\(\d{1,9}\))?: (?=\S)"
)
_RELAYS: Final = ("networkmanager", "nm-")
_PAGE: Final = re.compile(
    r"(?:(?:Informational|Notice|Warning|Error|Debug) +)?(?:charon|ipsec) +(?:\d+ +)?(?=\d\d\[)"
)
"""The log pages of firewalls put columns where syslog puts a colon."""
_HOST: Final = re.compile(r"[A-Za-z][\w.-]{0,80} (?=\d{2}\[[A-Z]{3}\]|[%\"])")
_SYSLOG5424: Final = re.compile(
    r"(?P<host>\S{1,120}) (?P<program>\S{1,60}) (?:\d+|-) \S{1,40} (?:-|\[[^\]]{0,400}\]) "
)
_UPTIME: Final = re.compile(r"\[ *\d+\.\d{3,6}\] ")
_CHARON: Final = re.compile(
    r"(?:(?P<thread>\d{1,3})\[(?P<group>[A-Z]{3})\d?\]|\[(?P<bare>[A-Z]{3})\d?\]"
    r"|(?:DMN|MGR|IKE|CHD|JOB|CFG|KNL|NET|ENC|LIB|ESP|TLS) {1,3}\d{1,3} *:)"
    r"(?: <(?:(?P<conn>[^|<>]{1,128})\|)?(?P<uid>\d{1,10})>)? ?"
)
_LEVELS: Final = re.compile(
    r"(?:<\d>|\[?(?:INFO|info|DEBUG|debug|NOTICE|notice|daemon\.\w+|authpriv\.\w+)\]? ?:?|std(?:out|err) [FP]) (?=\S)"
)
_STREAM: Final = re.compile(r"std(?:out|err) [FP] (?=\S)")
"""What container runtimes put between their time and the line, which begins with a time of its own."""
_WHACK: Final = re.compile(r"\d{3} (?=[\"#A-Z])")
_PLUTO: Final = re.compile(
    r"(?:\d{3} )?(?:IMPAIR: )?\"(?P<conn>[^\"]{1,128})\"(?:\[\d+\])?"
    r"(?: (?:\.\.\.)?(?P<addr>[0-9A-Fa-f.:x<>-]{3,60}|<[^>]{1,40}>))?"
    r"(?: #(?P<uid>\d{1,9}))?: +"
)
_PACKET_FROM: Final = re.compile(r"packet from (?P<peer>\S{1,60}): ")
_DEBUG: Final = re.compile(r"\| +")
_CISCO: Final = re.compile(
    r"%[A-Z_0-9]+-\d-|ISAKMP(?:-\w+)?[: (]|IPSEC(?:-\w+)?\(|IKEv2(?:-\w+)?:|\[IKEv[12]|CRYPTO_PKI|Crypto "
)


def taken_apart(number: int, raw: str) -> PastedLine:
    """One pasted line without what stands before the daemon's own words."""
    if raw.startswith("{"):
        entry = _journal(raw)
        if entry is not None:
            return _worded(number, raw, *entry)
    text = raw.lstrip()
    if _TIME.match(text) is None and _KNOWN.match(text) is None:
        text = raw  # listings are told apart by how far they are indented
    hint: Hint = ""
    relayed = False
    if text[:1] == "<":
        text = _without(_PRIORITY, text)
    if "| " in text[:70]:
        text = _without(_COMPOSE, text)
        if _TIME.match(text.lstrip()) is not None:
            text = text.lstrip()
    if text[:1].isdigit():
        text = _without(_SEQUENCE, text)
    stamp, text = _untimed(text)
    if stamp:
        text = _without(_UPTIME, _without(_LEVELS, text))
        for pattern in (_SYSLOG5424, _LOGCAT):
            if (found := pattern.match(text)) is not None:
                text = text[found.end() :]
                break
        if (found := _KNOWN.match(text) or _AFTER_TIME.match(text)) is not None:
            hint, relayed = _hint(found["program"]), found["program"].lower().startswith(_RELAYS)
            text = text[found.end() :]
        else:
            text = _without(_HOST, _without(_PAGE, text))
    text = _without(_KNOWN, text)
    text = _without(_LOGCAT, text)
    line = _worded(number, raw, text, stamp, "", "", hint)
    return replace(line, relayed=True) if relayed else line


def _untimed(text: str) -> tuple[str, str]:
    """The first of the times in front of a line, and the line without any; loggers put theirs before others'."""
    stamp = ""
    for _ in range(4):
        found = _TIME.match(text)
        if found is not None and found.end():
            stamp, text = stamp or found[0], text[found.end() :].lstrip(" ")
        elif stamp and (found := _STREAM.match(text)) is not None:
            text = text[found.end() :]
        else:
            break
    return stamp, text


def _worded(number: int, raw: str, text: str, stamp: str, conn: str, uid: str, hint: Hint) -> PastedLine:
    """The line without the daemon's own marks: thread and group, or connection and state."""
    stripped = text.lstrip(" ")
    if (found := _CHARON.match(stripped)) is not None:
        return PastedLine(
            number,
            raw,
            stripped[found.end() :].strip(),
            stamp,
            found["conn"] or conn,
            found["uid"] or uid,
            "charon",
        )
    if (found := _PLUTO.match(stripped)) is not None:
        return PastedLine(
            number, raw, stripped[found.end() :].strip(), stamp, found["conn"], found["uid"] or "", "pluto"
        )
    text = _without(_WHACK, text)
    if (found := _PACKET_FROM.match(text.lstrip())) is not None:
        text, hint = text.lstrip()[found.end() :], "pluto"
    if hint == "pluto":
        text = _without(_DEBUG, text)
    if not hint and _CISCO.search(text[:120]) is not None:
        hint = "cisco"
    return PastedLine(number, raw, text.rstrip(), stamp, conn, uid, hint)


def _without(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.match(text)
    return text[found.end() :] if found is not None else text


def _hint(program: str) -> Hint:
    name = program.lower()
    return "charon" if name.startswith(("charon", "strongswan")) else "pluto" if name == "pluto" else ""


def _journal(raw: str) -> tuple[str, str, str, str, Hint] | None:
    try:
        entry: Any = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict):
        return None
    message = next((entry[name] for name in _MESSAGES if name in entry), None)
    if isinstance(message, list):
        message = bytes(one for one in message if isinstance(one, int) and 0 <= one < 256).decode(
            "utf-8", "replace"
        )
    if not isinstance(message, str):
        return None
    stamp = str(entry.get("__REALTIME_TIMESTAMP", ""))
    stamp = stamp[:-6] if stamp.isdigit() and len(stamp) == 16 else ""
    words = {
        name: str(entry.get(name) or "") for name in ("IKE_SA_NAME", "IKE_SA_UNIQUE_ID", "SYSLOG_IDENTIFIER")
    }
    return message, stamp, words["IKE_SA_NAME"], words["IKE_SA_UNIQUE_ID"], _hint(words["SYSLOG_IDENTIFIER"])


def order(stamp: str) -> tuple[int, ...] | None:
    """Something that grows with the time of a line within one log; None for a time that is not understood."""
    found = _TIME.match(stamp + " ")
    if found is None:
        return None
    text = found[0]
    month = re.search(rf"({_MONTH})\b", text)
    numbers = tuple(int(one) for one in re.findall(r"\d+", text)[:6])
    return (_MONTHS.index(month[1]), *numbers) if month is not None else numbers


def moment(stamp: str) -> datetime | None:
    """When a line was written, UTC assumed where no zone is named; None for a time without a year."""
    if re.fullmatch(r"1\d{9}", stamp):
        return datetime.fromtimestamp(int(stamp), UTC)
    found = _TIME.match(stamp + " ")
    if found is None:
        return None
    if found["unix"]:
        return datetime.fromtimestamp(float(found["unix"]), UTC)
    text = (found["iso"] or "").replace(", ", " ").replace(",", ".").replace("/", "-").replace(" +", "+")
    year = re.search(r"\b(?:19|20)\d\d\b", found["named"] or "")
    day = re.search(rf"({_MONTH}) +(\d{{1,2}})", found["named"] or "")
    try:
        if text:
            when = datetime.fromisoformat(text)
        elif year is not None and day is not None:
            when = datetime.strptime(f"{day[1]} {day[2]} {year[0]} +0000", "%b %d %Y %z")
        else:
            return None
    except ValueError:
        return None
    return when if when.tzinfo is not None else when.replace(tzinfo=UTC)
