"""charon's log in the systemd journal, by the units of the distributions we know."""

from __future__ import annotations

from typing import Final

from wizard.facts.probes import Command

UNITS: Final = ("strongswan", "strongswan-swanctl", "strongswan-starter", "ipsec")
_FIELDS: Final = "MESSAGE,THREAD,GROUP,IKE_SA_NAME,IKE_SA_UNIQUE_ID,SYSLOG_IDENTIFIER,_SYSTEMD_UNIT"
_JOURNAL: Final = f"journalctl --no-pager -q -o json --output-fields={_FIELDS} " + " ".join(
    f"-u {unit}" for unit in UNITS
)


def since(probe: str, seconds: int, lines: int, *, needs: str = "") -> Command:
    """The journal's last `seconds`, the last `lines` of them at most, as JSON."""
    text = f"$SUDO {_JOURNAL} --since -{seconds}s -n {lines}"
    shown = f"journalctl -u strongswan --since -{seconds}s"
    return Command(probe, text, 10, show=shown, needs=needs, limits="time")
