"""The shell script of a batch: many commands in one round trip, each with its own limits, framed by a marker.

It is written for any POSIX shell that is a login shell somewhere (dash, bash, busybox, mksh, ksh, zsh) and
keeps nothing on the gateway's disk. Every record of the frame starts with the batch's random marker and
ends with a line feed, so that it can be taken out again wherever it lands, and output cannot imitate it:

    MARKER[a VERSION]        the script runs
    MARKER[b N SECONDS]      command N begins, on both streams; SECONDS is the gateway's uptime
    MARKER[x N CODE]         command N left this exit code
    MARKER[g N]              what follows in N's output is its tail: the middle may be missing
    MARKER[e N SECONDS]      command N has ended, on both streams
    MARKER[k N]              command N is left out: what it needs is not there
    MARKER[w N SECONDS]      watch N begins
    MARKER[o N]TEXT          a line of watch N's standard output, MARKER[r N]TEXT one of its standard error
    MARKER[h]                the script waits for a line on its standard input
    MARKER[i]                it waits again, for the other gateway's turn to be over
    MARKER[d]                the script is done, on both streams

`$TOOK` holds ` ID:SECONDS ` of each command with a time limit that has ended, ` ID:over ` of one that was ended by it,
so that a condition can look at it.

N counts the commands and watches of the batch from 0, or is `s` for the check of the sudo password.
"""

from __future__ import annotations

from collections.abc import Iterable

VERSION = 1
IN_SH = "exec sh -c "
"""What goes before the quoted script: a large login shell takes half as long again to start each process."""
STEPS = ": steps"
"""The line after which the commands stand, each as `run NUMBER ID SECONDS TEXT`, or another word for fewer limits."""

HEAD_BYTES = 384 * 1024
"""How much of the beginning of a command's standard output leaves the gateway."""
TAIL_BYTES = 128 * 1024
"""How much of its end, when it prints more than that."""
ERROR_HEAD_BYTES = 64 * 1024
"""How much of the beginning of its standard error leaves the gateway."""
ERROR_TAIL_BYTES = 16 * 1024
"""How much of the end of its standard error, when it prints more than that."""
DRAIN_BYTES = 32 * 1024 * 1024
"""How much between head and tail is read and dropped, for the exit code's sake; then SIGPIPE ends it."""
WATCH_LINES = 2000
"""After this many lines on one stream a watch is ended: a busy interface would never stop printing."""
WATCH_LINE_BYTES = 3900
"""Longer lines of a watch are cut, so that each is written in one piece (PIPE_BUF is 4096)."""
OFTEN_S = 1
SELDOM_S = 3
"""How often a script is woken to see whether a limit has passed, seconds."""
SELDOM_FROM_S = 5
"""The shortest limit for which it is enough to look seldom, seconds."""
GRACE_S = 3
"""How long, after a command was ended, the script waits for what still holds its output open."""

SETUP = """\
[ -z "${ZSH_VERSION-}" ] || emulate sh
set +eu
LC_ALL=C LANGUAGE= TERM=dumb PAGER=cat SYSTEMD_COLORS=0 SYSTEMD_PAGER=
PATH=${PATH:+$PATH:}/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin
export LC_ALL LANGUAGE TERM PAGER SYSTEMD_COLORS SYSTEMD_PAGER PATH SUDO
exec 4>&1 5>&2 8<&0 </dev/null 2>/dev/null
G= D= P= V= TOOK=' '
stamp() { { read -r T T_ </proc/uptime; } 2>/dev/null || T=$(date +%s); }
say() { printf '%s[%s %s %s]\\n' "$M" "$1" "$2" "$T"; }
mark() { stamp; say "$@"; say "$@" >&5; }
left() { printf '%s[x %s %s]\\n' "$M" "$1" "$2"; mark e "$1"; }
quick() {
  [ -z "$G" ] || return 0
  mark b "$1"
  @QUICK@>&4 2>&5 4>&- 5>&- 8<&-
  left "$1" "$?"
}
bare() {
  [ -z "$G" ] || return 0
  mark b "$1"
  @BARE@>&4 2>&5
  left "$1" "$?"
}
when() { eval "$2" >/dev/null 2>&1 || { printf '%s[k %s]\\n' "$M" "$1"; false; }; }
finish() {
  [ -z "$D" ] || kill "$D"
  printf '%s[d]\\n' "$M"; printf '%s[d]\\n' "$M" >&5
}
"""

GUARDING = """\
fell() {
  F=" $2 ${F-}" f=
  while [ "$f" != "$F" ]; do
    f=$F
    [ ! -r "/proc/$I/task/$I/children" ] || {
      for e in $f; do
        for e in /proc/"$e"/task/[0-9]*/children; do
          s=; read -r s <"$e" || :
          for s in $s; do case $F in *" $s "*) ;; *) F="$F$s " ;; esac; done
        done
      done
      continue
    }
    for e in /proc/[0-9]*/stat; do
      IFS= read -r s <"$e" || continue
      s=${s##*") "}; s=${s#* }; s=${s%% *}; e=${e#/proc/}; e=${e%/stat}
      case $F in *" $e "*) ;; *" $s "*) F="$F$e " ;; esac
    done
  done
  kill -s "$1" $F
}
tick() {
  K=tick
  { read -r t T_ </proc/uptime; } 2>/dev/null || t=$(date +%s)
  [ -z "$P" ] || [ "${t%.*}" -lt "$N" ] || {
    X=$((X + 1))
    case $X in 1) fell TERM "$P" ;; [23]) fell KILL "$P" ;; esac
  }
  [ -z "$V" ] || [ "${t%.*}" -lt "$U" ] || { U=$N_ F=; fell TERM "$V"; }
}
guard() {
  [ -z "$D" ] || kill "$D"
  stamp
  N=0 N_=99999999999 U=$((${T%.*} + $1))
  read -r I T_ </proc/self/stat || I=$$
  trap tick USR1
  awake @TICK@
}
awake() {
  { trap - USR1
    trap 'kill "$s"; exit' TERM
    while sleep "$1" & s=$!; wait "$s" && kill -s USR1 "$I"; do :; done
    [ -z "$V" ] || { F=; fell TERM "$V"; }
  } </dev/null >/dev/null 2>&1 4>&- 5>&- 8<&- &
  D=$!
}
timed() {
  [ -z "$G" ] || return 0
  mark b "$1"
  B=${T%.*} X=0 F= K=
  N=$((B + $3 + 1))
  @FEED@@SHELL@ "$4" @STDIN@>&4 2>&5 4>&- 5>&- 8<&- &
  P=$!
  wait "$P"
  x=$?
  while [ -n "$K" ] && [ "$x" -gt 128 ] && [ "$X" -lt 4 ]; do
    K= y=$x
    wait "$P"
    x=$?
    case $x,$y in 127,138|127,144|127,158) ;; 127,*) x=$y ;; esac
  done
  P=
  if [ "$X" -gt 0 ]; then
    kill -s KILL $F
    [ "$x" -lt 128 ] || x=124
    [ "$X" -lt 4 ] || x=
  fi
  left "$1" "$x"
  [ "$X" = 0 ] && x=$((${T%.*} - B)) || x=over
  TOOK="$TOOK$2:$x "
}
"""

LIMITING = """\
L=
if timeout -k 1 9 true 2>/dev/null; then L='timeout -k 1'
elif timeout 9 true 2>/dev/null; then L='timeout'
elif timeout -t 9 true 2>/dev/null; then L='timeout -t'
fi
"""

CAPPING = """\
for F in 'stdbuf -o0 head -c "$3"' 'head -c "$3"' 'dd bs=1 count="$3"'; do
  [ "$(printf ab | sh -c "$F; $F" cut "$M" 0 1 2>/dev/null)" != ab ] || break
done
C=$F' 2>/dev/null; printf "%s[g %s]\\n" "$1" "$2"; head -c @DRAIN@ | tail -c "$4"'
run() {
  [ -z "$G" ] || return 0
  mark b "$1"
  {
    { @FEED@${L:+$L "$3"} @SHELL@ "$4" @STDIN@4>&- 5>&- 8<&-; printf '%s[x %s %s]\\n' "$M" "$1" "$?" >&4; } |
      ${L:+$L "$(($3 + @GRACE@))"} sh -c "$C" cut "$M" "$1" @HEAD@ @TAIL@ >&4
  } 2>&1 | ${L:+$L "$(($3 + @GRACE@))"} sh -c "$C" cut "$M" "$1" @ERROR_HEAD@ @ERROR_TAIL@ >&5
  mark e "$1"
}
"""

WATCHING = """\
tag() {
  n=0
  while IFS= read -r l || [ -n "$l" ]; do
    printf '%s[%s %s]%.@LINE@s\\n' "$M" "$1" "$2" "$l" >&4
    [ -z "$3" ] || case $l in *"$3"*) echo ready >&7 ;; esac
    n=$((n + 1))
    [ "$n" -lt @LINES@ ] || break
  done
}
watch() {
  {
    stamp
    printf '%s[w %s %s]\\n' "$M" "$1" "$T" >&4
    {
      {
        @FEED@sh -c 'echo "$$" >&7; exec "$@" 7>&-' watch @SHELL@ "$5" @STDIN@2>&1 >&6 4>&- 5>&- 6>&- 8<&-
        x=$?
        stamp
        printf '%s[x %s %s]\\n%s[e %s %s]\\n' "$M" "$1" "$x" "$M" "$1" "$T" >&4
      } | tag r "$1" "$4"
    } 6>&1 | tag o "$1" "$4"
  } 7>&1
}
watched() {
  V="$1${V:+ $V}"
  guard "$2"
  [ -z "$3" ] || while K=; ! read -r T; do [ -n "$K" ] || break; done
}
unwatch() {
  F= Q=0
  fell TERM "$1" || { Q=$((@GRACE@ - 1)); kill "$D"; awake 1; }
  while [ "$Q" -lt @GRACE@ ]; do K=; read -r T && continue; [ -n "$K" ] || break; Q=$((Q + @TICK@)); done
}
"""

HOLDING = """\
hold() {
  printf '%s[%s]\\n' "$M" "${1:-h}"
  while K=; ! read -r T <&8; do [ -n "$K" ] || { G=gone; break; }; done
}
"""

PASSWORD = """\
read_password() { IFS= read -r W <&8 || W=; }
read_password
A=$(command -v printenv)
R='IFS= read -r w; exec </dev/null
root() { WIZARD_ANSWER=$w SUDO_ASKPASS='$A' sudo -A -p WIZARD_ANSWER "$@"; }
eval "$1"'
mark b s
printf '%s\\n' "$W" | ${L:+$L 10} sudo -S -k -p '' -v 2>&5
x=$?
printf '%s[x s %s]\\n' "$M" "$x"
mark e s
[ "$x" = 0 ] || G=refused
"""


def setup(*, password: bool) -> str:
    """The definitions every batch starts with; `password` for those whose sudo has to be given one.

    sudo remembers a password for one parent process when there is no terminal, and every command here has a
    parent of its own, so `sudo -v` once is not enough. The password is read from standard input into a
    variable that is not exported, reaches each command through a pipe, and sudo asks `printenv` for it: it
    is on no command line, in no file, and in the environment of nothing but sudo.
    """
    return _filled(SETUP, password=password)


def tick_of(limits_s: Iterable[float]) -> int:
    """How often the script is woken, seconds: each time costs a process, and the shortest limit must be kept well."""
    return OFTEN_S if min(limits_s, default=SELDOM_FROM_S) < SELDOM_FROM_S else SELDOM_S


def guarding(*, password: bool, tick_s: int) -> str:
    """The definitions for commands with a time limit and for watches.

    One process beside the script wakes it every `tick_s` seconds; no command needs a `timeout` of its own, of
    which each would be two processes more. What has had its time is ended with all its descendants. When the script
    itself is gone, the watches are ended by that process.
    """
    return _filled(GUARDING, password=password).replace("@TICK@", str(tick_s))


def capping(*, password: bool) -> str:
    """The definitions for commands whose output is cut on the gateway; they cost a dozen processes each."""
    return _filled(CAPPING, password=password)


def watching(*, password: bool, tick_s: int) -> str:
    """The definitions for commands that run in the background and are listened to line by line; with `guarding`.

    One that sudo runs cannot be ended from here: what it has printed is waited for a second at most.
    """
    return _filled(WATCHING, password=password).replace("@TICK@", str(tick_s))


def _filled(text: str, *, password: bool) -> str:
    parts = {
        "@DRAIN@": str(DRAIN_BYTES),
        "@GRACE@": str(GRACE_S),
        "@HEAD@": str(HEAD_BYTES),
        "@TAIL@": str(TAIL_BYTES),
        "@ERROR_HEAD@": str(ERROR_HEAD_BYTES),
        "@ERROR_TAIL@": str(ERROR_TAIL_BYTES),
        "@LINE@": str(WATCH_LINE_BYTES),
        "@LINES@": str(WATCH_LINES),
        "@FEED@": "printf '%s\\n' \"$W\" | " if password else "",
        "@QUICK@": 'printf \'%s\\n\' "$W" | sh -c "$R" sh "$4" ' if password else '( eval "$4" ) </dev/null ',
        "@BARE@": 'printf \'%s\\n\' "$W" | sh -c "$R" sh "$4" ' if password else 'eval "$4" </dev/null ',
        "@SHELL@": 'sh -c "$R" sh' if password else "sh -c",
        "@STDIN@": "" if password else "</dev/null ",
    }
    for name, value in parts.items():
        text = text.replace(name, value)
    return text


def held(marker: str, *, again: bool = False) -> str:
    """What a script that holds says on standard output when it is ready, and when it holds for a second time."""
    return f"{marker}[{'i' if again else 'h'}]\n"


def last_word(marker: str) -> str:
    """What a script says on both streams when it is done."""
    return f"{marker}[d]\n"
