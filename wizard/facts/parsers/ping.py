"""What a ping came to: answered or not, and who said why not (iputils and busybox)."""

from __future__ import annotations

import re
from typing import Final, Literal

from wizard.records import dataclass

ASK: Final = """\
asked() {
  told=$(ping -n "$@" 2>&1); code=$?
  case $code-$told in
  126-*|*"ocket: "*ermi*|*BINDTODEVICE*ermi*|*cap_net_raw*|*"are you root"*|*"acking privilege"*) ;;
  *) return $code ;;
  esac
  [ "$SUDO" ] || return $code
  again=$($SUDO ping -n "$@" 2>&1); root=$?
  case $again in PING*|ping:*) told=$again code=$root ;; *) told="$told
$again" ;; esac
  return $code
}
"""
"""Leaves in $told what a ping printed. One that may open no socket for this login is asked again as root.

That is a matter of the gateway: a capability of the file, a sysctl (net.ipv4.ping_group_range), or neither.
"""
ONCE: Final = """\
asked -W 1 -c 1 ${SOURCE:+-I "$SOURCE"} "$TARGET" && { printf '%s\\n' "$told"; exit 0; }
"""
"""Between ASK and COMMAND: an answer to the first ping is enough, and each of the others would be waited for."""
COMMAND: Final = """\
try() { asked "$@" -c "${COUNT:-3}" ${SOURCE:+-I "$SOURCE"} "$TARGET"; }
try -i 0.2 -W 1; code=$?
case $told in *"nvalid number"*|*"bad timing interval"*|*"sage:"*) try -W 2; code=$? ;; esac
printf '%s\\n' "$told"; (exit $code)"""
"""Test traffic: $COUNT echo requests a fifth of a second apart to $TARGET, from $SOURCE if set; stands after ASK.

Old busybox knows whole seconds only, and is asked a second time, slowly. An answer may take a second.
"""

ErrorKind = Literal[
    "host-unreachable",
    "net-unreachable",
    "port-unreachable",
    "packet-filtered",
    "frag-needed",
    "ttl-exceeded",
    "no-route",
    "not-permitted",
    "no-right",
    "bad-source",
    "unknown-host",
    "other",
]

_HEAD = re.compile(r"PING (\S{1,255}) (?:\(([0-9a-fA-F.:%\w]{1,64})\))?")
_STATISTICS = re.compile(
    r"(\d{1,9}) packets transmitted, (\d{1,9})(?: packets)? received,"
    r"(?: \+\d{1,9} (?:errors|duplicates),){0,2} (\d{1,3}(?:\.\d{1,9})?)% packet loss"
)
_TIMES = re.compile(r"(?:rtt|round-trip) min/avg/max(?:/mdev)? = [\d.]{1,20}/([\d.]{1,20})/")
_REPORT = re.compile(
    r"From ([^\s:]{1,255}|[0-9a-fA-F:.%\w]{1,100}):? (?:icmp_seq=\d{1,9} |seq=\d{1,9} )?(.{1,300})"
)
_REMOTE: Final[tuple[tuple[str, ErrorKind], ...]] = (
    ("host unreachable", "host-unreachable"),
    ("address unreachable", "host-unreachable"),
    ("net unreachable", "net-unreachable"),
    ("no route", "net-unreachable"),
    ("port unreachable", "port-unreachable"),
    ("filtered", "packet-filtered"),
    ("prohibited", "packet-filtered"),
    ("policy", "packet-filtered"),
    ("frag needed", "frag-needed"),
    ("packet too big", "frag-needed"),
    ("time to live exceeded", "ttl-exceeded"),
    ("hop limit", "ttl-exceeded"),
)
_LOCAL: Final[tuple[tuple[str, ErrorKind], ...]] = (
    ("network is unreachable", "no-route"),
    ("network unreachable", "no-route"),
    ("no route to host", "no-route"),
    ("socket: operation not permitted", "no-right"),
    ("socket: permission denied", "no-right"),
    ("cap_net_raw", "no-right"),
    ("are you root", "no-right"),
    ("lacking privilege", "no-right"),
    ("operation not permitted", "not-permitted"),
    ("permission denied", "not-permitted"),
    ("check your local firewall", "not-permitted"),
    ("message too long", "frag-needed"),
    ("cannot assign requested address", "bad-source"),
    ("no such device", "bad-source"),
    ("unknown iface", "bad-source"),
    ("source interface", "bad-source"),
    ("invalid source", "bad-source"),
    ("name or service not known", "unknown-host"),
    ("temporary failure in name resolution", "unknown-host"),
    ("unknown host", "unknown-host"),
    ("bad address", "unknown-host"),
)


@dataclass(frozen=True, slots=True)
class PingError:
    """Why an echo request went unanswered; `reporter` is who said so, empty for this gateway itself."""

    kind: ErrorKind
    reporter: str
    line: str


@dataclass(frozen=True, slots=True)
class Ping:
    """One ping; counts are None when it did not get as far as its statistics."""

    target: str = ""
    transmitted: int | None = None
    received: int | None = None
    loss_percent: float | None = None
    rtt_ms: float | None = None
    """Average round trip."""
    errors: tuple[PingError, ...] = ()
    line: str = ""
    """The line with the statistics; the first error where there are none."""

    @property
    def answered(self) -> bool | None:
        """Whether at least one answer came; None when nothing could be sent or the output is cut."""
        return None if not self.transmitted else bool(self.received)

    @property
    def refused(self) -> bool:
        """Whether the login may not ping; a packet filter that keeps a ping from leaving is another thing."""
        return self.transmitted is None and any(error.kind == "no-right" for error in self.errors)


def parse(text: str) -> Ping:
    """What a ping printed, standard error included; without statistics the counts stay None."""
    target, errors = "", []
    counts: re.Match[str] | None = None
    times: re.Match[str] | None = None
    for line in text.split("\n"):
        shown = line.strip()[:600]
        if head := _HEAD.match(shown):
            target = target or head[2] or head[1]
        elif counts is None and (found := _STATISTICS.match(shown)):
            counts = found
        elif found := _TIMES.match(shown):
            times = found
        elif error := _error(shown):
            errors.append(error)
    return Ping(
        target=target,
        transmitted=int(counts[1]) if counts else None,
        received=int(counts[2]) if counts else None,
        loss_percent=float(counts[3]) if counts else None,
        rtt_ms=_float(times[1]) if times else None,
        errors=tuple(errors),
        line=counts.string if counts else errors[0].line if errors else "",
    )


def _error(line: str) -> PingError | None:
    if report := _REPORT.match(line):
        return PingError(_kind(report[2], _REMOTE), report[1].rstrip(":"), line)
    if line.startswith(("ping: ", "ping6: ", "connect: ", "bind: ")):
        if "Warning" in line or "warning" in line:
            return None
        return PingError(_kind(line, _LOCAL), "", line)
    return None


def _kind(text: str, table: tuple[tuple[str, ErrorKind], ...]) -> ErrorKind:
    lower = text.lower()
    return next((kind for words, kind in table if words in lower), "other")


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
