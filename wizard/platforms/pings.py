"""Several pings at once in one command: each process costs a busy gateway tens of milliseconds, and waiting more."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote
from typing import Final

from wizard.facts.overhead import IPV4_HEADER, IPV6_HEADER
from wizard.facts.parsers import ping
from wizard.facts.probes import Command, Level
from wizard.records import dataclass

_FUNCTIONS: Final = f"""\
{ping.ASK}said() {{
  printf '@@ %s\\n%s\\n' "$1" "$2"
  case $2 in *" 0 received"*|*" 0 packets received"*|*nreachable*) return 1 ;; esac
}}
one() {{
  tag=$1; shift
  asked -i 0.2 -W 1 "$@"
  case $told in *"nvalid number"*|*"bad timing"*|*sage:*) asked -W 2 "$@" ;; esac
  said "$tag" "$told"
}}
full() {{
  tag=$1 size=$2 headers=$3; shift 3
  asked -i 0.2 -W 1 -M do -s "$size" "$@"
  case $told in *"mtu="[0-9]* | *"mtu = "[0-9]*)
    mtu=${{told##*mtu}}; mtu=${{mtu#*=}}; mtu=${{mtu# }}; mtu=${{mtu%%[!0-9]*}}
    [ "${{mtu:-0}}" -gt 200 ] && {{
      large=$told
      asked -i 0.2 -W 1 -M do -s $((mtu - headers)) "$@"
      told="$large
$told"
    }} ;;
  esac
  said "$tag" "$told"
}}
"""
"""`full` sends packets that must not be fragmented; where the kernel says that they are too large for the tunnel,
and for what size they are, it sends those of that size. Each ping is printed in one piece, after its name."""

_ICMP_HEADER: Final = 8


@dataclass(frozen=True, slots=True)
class Echo:
    """One ping: three quick echo requests unless said otherwise."""

    tag: str
    target: str
    source: str | None = None
    count: int = 3
    size: int | None = None
    """Size of the whole packet, bytes; one with a size is not to be fragmented."""
    adapt: bool = False
    """Whether to go down to the size that the kernel names as the largest."""


def command(probe: str, echoes: Sequence[Echo], *, lost: str = "", timeout_s: float = 10) -> Command:
    """All these pings at once; `lost` is a script that finds the names of those without an answer in $lost."""
    lines = [f"{_words(echo)} & p{number}=$!" for number, echo in enumerate(echoes)]
    waits = [
        f"wait $p{number} || lost={quote(echo.tag)}${{lost:+ $lost}}" for number, echo in enumerate(echoes)
    ]
    text = "\n".join(["lost=", f"{_FUNCTIONS}{lines[0]}", *lines[1:], *waits, lost, ":"])
    shown = "; ".join(_shown(echo) for echo in echoes)
    return Command(probe, text, timeout_s, show=shown, level=Level.EXERCISE, limits="none")


def _words(echo: Echo) -> str:
    source = f"-I {quote(echo.source)} " if echo.source else ""
    if echo.size is None:
        return f"one {quote(echo.tag)} -c {echo.count} {source}{quote(echo.target)}"
    headers = (IPV6_HEADER if ":" in echo.target else IPV4_HEADER) + _ICMP_HEADER
    payload = max(0, echo.size - headers)
    if echo.adapt:
        return f"full {quote(echo.tag)} {payload} {headers} -c {echo.count} {source}{quote(echo.target)}"
    return f"one {quote(echo.tag)} -M do -s {payload} -c {echo.count} {source}{quote(echo.target)}"


def _shown(echo: Echo) -> str:
    headers = (IPV6_HEADER if ":" in echo.target else IPV4_HEADER) + _ICMP_HEADER
    size = f"-M do -s {max(0, echo.size - headers)} " if echo.size is not None else ""
    source = f"-I {quote(echo.source)} " if echo.source else ""
    return f"ping -c {echo.count} {size}{source}{quote(echo.target)}"
