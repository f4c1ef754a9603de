"""charon's log: in the systemd journal where it speaks there, else in the files it or syslog writes.

The journal is asked for the units of the distributions we know and for charon's own names, because a starter
run by hand has no unit. Where it holds no packet charon has sent or taken, the configuration of its outlets is
read along: the log may be in a file, or its level too low.
"""

from __future__ import annotations

from shlex import quote
from typing import Final

from wizard.facts.derive import attempt
from wizard.facts.parsers.charon_outlets import LogFile
from wizard.facts.probes import Command

UNITS: Final = ("strongswan", "strongswan-swanctl", "strongswan-starter", "ipsec")
NAMES: Final = ("charon", "charon-systemd", "ipsec_starter", "starter", "swanctl")
"""Names charon and what loads it bear in syslog."""
_FIELDS: Final = "MESSAGE,THREAD,GROUP,IKE_SA_NAME,IKE_SA_UNIQUE_ID,SYSLOG_IDENTIFIER,_SYSTEMD_UNIT"
_JOURNAL: Final = f"journalctl --no-pager -q -o json --output-fields={_FIELDS}"
_WHOSE: Final = " + ".join(
    (
        " ".join(f"_SYSTEMD_UNIT={unit}.service" for unit in UNITS),
        " ".join(f"UNIT={unit}.service" for unit in UNITS),
        " ".join(f"SYSLOG_IDENTIFIER={name}" for name in NAMES),
    )
)
_BYTES: Final = 300_000
"""How much of the end of a file of charon's own is read."""
_SHARED_BYTES: Final = 4_000_000
"""How much of the end of a file many programs write to is searched."""

_OUTLETS: Final = r"""
FNR == 1 { depth = 0; last = "" }
{ sub(/^[ \t]*#.*/, ""); sub(/[ \t]#.*/, ""); gsub(/[{}]/, "\n&\n"); n = split($0, part, "\n")
  for (i = 1; i <= n; i++) {
    p = part[i]; gsub(/^[ \t]+|[ \t\r]+$/, "", p)
    if (p == "{") { name[++depth] = last; last = "" }
    else if (p == "}") { if (depth) depth-- }
    else if (index(p, "=")) {
      at = ""; for (d = 1; d <= depth; d++) at = at name[d] "."
      v = p; sub(/^[^=]*=[ \t]*/, "", v); gsub(/"/, "", v); sub(/[ \t]*=.*/, "", p)
      if (at p ~ /(^|[.])(filelog|syslog|journal)[.]/) print "@@ outlet " at p "=" v
    } else if (p != "") last = p
  } }
"""
_SPEAKS: Final = r"""
{ print }
/"GROUP":"NET"|\[NET\] / { packets = 1 }
/"charon/ { spoke = 1 }
/^@= / { status = $2 }
END { exit packets ? 0 : spoke ? 3 : status == 0 ? 4 : 5 }
"""
_ELSEWHERE: Final = f"""\
conf=
for f in /etc/strongswan.conf /etc/strongswan.d/*.conf /etc/strongswan/strongswan.conf \\
  /etc/strongswan/strongswan.d/*.conf /usr/local/etc/strongswan.conf /usr/local/etc/strongswan.d/*.conf; do
  [ -r "$f" ] && conf="$conf $f"
done
outlets=$([ -n "$conf" ] && awk {quote(_OUTLETS)} $conf)
[ -z "$outlets" ] || printf '%s\\n' "$outlets"
paths=$(printf '%s\\n' "$outlets" | while IFS= read -r line; do
  case $line in
  *filelog.*.path=/*) printf '%s\\n' "${{line#*.path=}}" ;;
  *filelog./*) line=${{line#*filelog.}}; line=${{line%%=*}}; printf '%s\\n' "${{line%.*}}" ;;
  esac
done)
first=
from() {{
  size=$(IFS=' '; $SUDO wc -c "$2" 2>/dev/null) || return 1
  [ "${{size%% *}}" != 0 ] || return 1
  if [ "$1" = file ]; then set -- "$1" "$2" "$(IFS=' '; $SUDO tail -c {_BYTES} "$2" | tail -n "$N")"
  else set -- "$1" "$2" "$(IFS=' '; $SUDO tail -c {_SHARED_BYTES} "$2" |
    grep -aE '{"|".join(NAMES)}' | tail -n "$N")"; fi
  [ -n "$3" ] || return 1
  echo "@@ $1 ${{size%% *}} $2"
  date '+@@ now %s %z'
  printf '%s\\n' "$3"
}}
IFS='
'
for f in $paths; do [ -n "$first" ] || case $f in *\\**) ;; *) from file "$f" && first=$f ;; esac; done
for f in /var/log/charon.log /var/log/strongswan.log; do [ -n "$first" ] || {{ from file $f && first=$f; }}; done
[ -n "$first$spoke" ] || for f in /var/log/syslog /var/log/messages /var/log/daemon.log /var/log/secure \\
  /var/log/auth.log; do [ -n "$first" ] || {{ from shared $f && first=$f; }}; done
[ -n "$first" ]
"""
"""Where the log is when the journal does not hold it; succeeds when a file had something."""

_LIVES: Final = "|".join(
    (
        "CHILD_SA .* established",
        "closing (expired )?CHILD_SA",
        "deleting IKE_SA",
        "received DELETE",
        "giving up after",
        "DPD check timed out",
        "of (CHILD_SA )?inactivity",
        "rekeying failed",
        "(reauthenticat|reinitiat)ing IKE_SA",
        "initiating .*IKE_SA",
        "is initiating an?",
        "creating acquire job",
        "spawning [0-9]+ worker",
        "shutting down",
        "killing ourself",
        "Main process exited",
    )
)
"""The words by which a tunnel begins and ends, and a daemon; which event each is stands in flows/signatures."""
_SPEAKS_AND_LIVES: Final = r"""
BEGIN { srand(); now = srand() }
/^@= / { status = $2; said = $0; next }
{ line[++n] = $0; time[n] = 0
  if (match($0, /"__REALTIME_TIMESTAMP" ?: ?"[0-9]+/)) {
    stamp = substr($0, RSTART, RLENGTH); gsub(/[^0-9]/, "", stamp); time[n] = stamp / 1000000 }
  if (time[n] > newest) newest = time[n]
  if (/"charon/) spoke = 1 }
END {
  if (now < 1000000000) now = newest
  for (i = 1; i <= n; i++) {
    if (time[i] && time[i] < now - SECONDS && (n >= LINES || line[i] !~ /@LIVES@/)) continue
    print line[i]
    if (line[i] ~ /"GROUP":"NET"|\[NET\] /) packets = 1
  }
  if (n < LINES && said != "") print said
  exit (packets ? 0 : spoke ? 3 : status == 0 ? 4 : 5) + (n < LINES ? 0 : 10)
}
""".replace("@LIVES@", _LIVES)
"""The same of hours: of what is older than SECONDS, only how tunnels began and ended. Where LINES were not enough for
all those hours it leaves the older ones out, and says so by 10 more in its exit status."""
LIVES_S: Final = 6 * 3600
"""How far back the beginnings and ends of tunnels are looked for, seconds: longer than most lifetimes."""


def since(
    probe: str,
    seconds: int,
    lines: int,
    *,
    needs: str = "",
    lives: bool = False,
    unit: str = "strongswan",
) -> Command:
    """The log's last `seconds`, the last `lines` of them at most; of a file, its end.

    With `lives`, beside that the beginnings and ends of tunnels of the last hours. One look at the journal is enough
    for both where little was written; else it is asked again and picks those lines out by itself, so that hours
    cost little more than minutes. `unit` is the one an operator would look for by hand.
    """
    since = LIVES_S if lives else seconds
    look = f'$SUDO {_JOURNAL} --since -{since}s -n {lines} {_WHOSE}; echo "@= $?"'
    older = f"$SUDO {_JOURNAL} --since -{LIVES_S}s --until -{seconds}s -n 300 -g {quote(_LIVES)} {_WHOSE} 2>/dev/null"
    told = f"awk {quote(_SPEAKS)}"
    if lives:
        told = f"awk -v SECONDS={seconds} -v LINES={lines} {quote(_SPEAKS_AND_LIVES)}"
    more = f"[ $code -lt 10 ] || {{ code=$((code - 10)); {older}; echo '@= 0'; }}\n" if lives else ""
    text = (
        f"N={lines}\n"
        f"J() {{ {look}; }}\n"
        "command -v awk >/dev/null 2>&1 || { J; exit; }\n"
        f"J | {told}; code=$?\n{more}"
        "case $code in 0) exit 0 ;; 3) spoke=yes status=0 ;; 4) spoke= status=0 ;; *) spoke= status=1 ;; esac\n"
        f"{_ELSEWHERE}"
        '[ $? -eq 0 ] || [ "$status" -eq 0 ]\n'
    )
    shown = f"journalctl -u {unit} --since -{since}s"
    return Command(probe, text, 10, show=shown, needs=needs, limits="time")


def of_file(file: LogFile) -> Command:
    """The end of the file the log was found in, as probe `ike-log`."""
    path = quote(file.path)
    read = f"$SUDO tail -c {_BYTES} {path}"
    if file.shared:
        read = f"$SUDO tail -c {_SHARED_BYTES} {path} | grep -aE '{'|'.join(NAMES)}' | tail -n 4000"
    kind = "shared" if file.shared else "file"
    text = (
        f"size=$($SUDO wc -c {path}) && printf '@@ {kind} %s %s\\n' \"${{size%% *}}\" {path} && "
        f"date '+@@ now %s %z' && {read}"
    )
    return Command(attempt.LOG, text, 10, show=f"tail {path}", limits="time")


def mark(file: LogFile) -> Command:
    """How long the file is now: its lines may bear no time, and what comes after is the attempt's."""
    return Command("log-mark", f"$SUDO wc -c {quote(file.path)}", 5, limits="time")
