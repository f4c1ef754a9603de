"""Whether servers that decide on peers let a gateway connect: one TCP connection each, given up after two seconds.

The servers are those that certificates name (revocation lists, OCSP) and those of the RADIUS client's
configuration, of which only addresses and ports are read.
"""

from __future__ import annotations

from collections.abc import Iterable
from shlex import quote
from typing import Final
from urllib.parse import urlsplit

from wizard.facts.certificates import CertificateStore
from wizard.facts.derive.auth_servers import PROBE
from wizard.facts.probes import Command, Level

_PORTS: Final = {"http": 80, "https": 443, "ldap": 389, "ldaps": 636}
_MAX: Final = 8

_RADIUS: Final = "^[[:space:]]*(server|address|primary|auth_host)[[:space:]]*="
"""The lines that name a server; those with the shared secret stay where they are."""
_HOST: Final = r"""
{ sub(/^[^=]*=[ \t]*/, ""); sub(/[ \t#].*/, ""); gsub(/"/, ""); if ($0 ~ /^[A-Za-z0-9.:-]+$/) print }
"""

_SCRIPT: Final = r"""
reach() {
  case $1 in
  radius)
    command -v bash >/dev/null || { echo no-tool; return; }
    said=$(timeout 2 bash -c 'exec 3<>"/dev/udp/$0/$1" || exit 3; printf x >&3 2>/dev/null; sleep 0.3
      printf x >&3 || exit 1; exit 4' "$2" "$3" 2>&1)
    code=$? ;;
  *)
    if command -v bash >/dev/null; then
      said=$(timeout 2 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$2" "$3" 2>&1); code=$?
    elif command -v nc >/dev/null; then said=$(nc -z -w 2 "$2" "$3" 2>&1); code=$?
    else echo no-tool; return; fi ;;
  esac
  case "$code $said" in
  0*) echo open ;;
  4*) echo unknown ;;
  *refused*) echo refused ;;
  *nreachable* | *o\ route*) echo no-route ;;
  *resol* | *not\ known* | *ame\ or\ service* | *emporary\ failure*) echo unresolved ;;
  *) echo silent ;;
  esac
}
check() { echo "@@ $1://$2:$3"; reach "$1" "$2" "$3"; }
"""


def command(stores: Iterable[CertificateStore | None]) -> Command:
    """Tries the servers that the certificates of both ends name, and this gateway's RADIUS servers."""
    servers: dict[tuple[str, str, int], None] = {}
    for store in stores:
        for held in store.certificates if store is not None else ():
            for url in (*held.certificate.crl_urls, *held.certificate.ocsp_urls):
                server = _server(url)
                if server is not None:
                    servers[server] = None
    checks = "\n".join(f"check {scheme} {quote(host)} {port}" for scheme, host, port in list(servers)[:_MAX])
    text = f"""{_SCRIPT}
{checks}
for file in /etc/strongswan.d/charon/eap-radius.conf /etc/strongswan/strongswan.d/charon/eap-radius.conf; do
  [ -f "$file" ] || continue
  for host in $($SUDO grep -hE {quote(_RADIUS)} "$file" | awk {quote(_HOST)} | head -n {_MAX}); do
    check radius "$host" 1812
  done
done
"""
    return Command(
        PROBE, text, 40, show="a TCP connection to each server", level=Level.EXERCISE, limits="time"
    )


def _server(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    if not parts.hostname or port is None or parts.scheme not in _PORTS:
        return None
    return parts.scheme, parts.hostname, port
