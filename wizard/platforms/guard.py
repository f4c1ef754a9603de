"""The guard: what stands on a gateway while it is changed, and undoes everything unless somebody says keep.

A folder of the gateway (GUARDS/ID, root's own) holds the scripts of every step and of its undo. A timer of the
gateway's own fires `fire.sh`, a unit fires it after a restart, the operator's program may fire it at any time;
`armed` is renamed exactly once, to `undone` or `kept`, so that only one of them has its way. systemd.timer(5);
the idea is that of `netplan try` and of Junos' commit confirmed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from shlex import quote
from typing import Final

from wizard.engine.plan import GUARD_S, Step, undo_order
from wizard.facts.probes import Command, Level, Output
from wizard.records import dataclass

GUARDS: Final = "/var/lib/ipsec-wizard"
"""Where guards live; it outlives a restart of the gateway."""
ENTRY: Final = "ipsec-wizard"
"""The name under which scripts are handed to root's shell: the one entry sudo has to grant for mending."""
BACKUPS: Final = "/var/backups/ipsec-wizard"
"""Where the files as they were are kept once a change is kept, in a folder of its own each time."""

GONE: Final = 75
"""Exit code: the guard is not armed any more, so nothing was done."""
CHANGED: Final = 76
"""Exit code: the gateway is not as it was when the plan was made."""
PENDING: Final = 77
"""Exit code: a guard of somebody else is pending."""
HALF: Final = 74
"""Exit code: the step had begun before, and nobody knows how far it came."""
REFUSED: Final = 78
"""Exit code: the daemon does not take the change, or drops something else for it."""

LIBRARY: Final = r"""
# keep FILE        the file as it is stays under a second name beside it; of one that is not there, that it is not
# put FILE [MODE]  standard input becomes the file: written beside, then renamed; owner and mode stay
# give_back FILE   the file as it was before keep; one that somebody else has edited since is left alone
# sum_of FILE      its SHA-256
# same FILE SUM    whether the file still is what it was
# secret           the secret this step was given, one line
say() { printf '%s\n' "$*" >&2; }
real() { readlink -f "$1" 2>/dev/null || printf '%s\n' "$1"; }
beside() { printf '%s/.%s.ipsec-wizard-%s' "${1%/*}" "${1##*/}" "$ID"; }
key() { printf '%s' "$1" | sha256sum | cut -c 1-16; }
sum_of() { sha256sum <"$1" 2>/dev/null | cut -d ' ' -f 1; }
same() { [ "$(sum_of "$1")" = "$2" ] || { say "$1 has changed since the plan was made"; return 76; }; }
secret() { printf '%s\n' "$W"; }
note() {
  printf '%s\n' "$1" >>"$G/files" 2>/dev/null || { say "nothing can be written below $G; is the disk full?"; return 1; }
}
keep() {
  f=$(real "$1"); b=$(beside "$f"); k=$(key "$f")
  if [ ! -e "$f" ]; then : >"$G/absent.$k" && note "$f"; return; fi
  [ ! -e "$b" ] || return 0
  note "$f" || return 1
  ln "$f" "$b" 2>/dev/null || cp -p "$f" "$b" || { rm -f "$b"; say "no copy of $f could be kept"; return 1; }
  cmp -s "$f" "$b" || { rm -f "$b"; say "no copy of $f could be kept"; return 1; }
}
put() {
  f=$(real "$1"); n=$(beside "$f").new; k=$(key "$f")
  if [ -e "$f" ]; then cp -p "$f" "$n"; else ( umask 077; : >"$n" ) && chmod "${2:-600}" "$n"; fi &&
    cat >"$n" && [ -s "$n" ] && { sync "$n" 2>/dev/null || sync; } &&
    sum_of "$n" >"$G/put.$k" && [ -s "$G/put.$k" ] && mv -f "$n" "$f" && return 0
  rm -f "$n"; say "$f could not be written"; return 1
}
give_back() {
  f=$(real "$1"); b=$(beside "$f"); k=$(key "$f"); rm -f "$b.new"
  if [ -e "$G/absent.$k" ]; then
    [ -e "$f" ] || return 0
    if [ "$(sum_of "$f")" = "$(cat "$G/put.$k" 2>/dev/null)" ]; then rm -f "$f"; return; fi
    say "$f was edited by somebody else since; it is left as it is"; return 3
  fi
  [ -e "$b" ] || return 0
  if [ "$f" -ef "$b" ] || cmp -s "$f" "$b"; then rm -f "$b"; return; fi
  if [ "$(sum_of "$f")" = "$(cat "$G/put.$k" 2>/dev/null)" ]; then mv -f "$b" "$f"; return; fi
  say "$f was edited by somebody else since; it is left as it is, what it was before is in $b"; return 3
}
lock() {
  i=0
  until mkdir "$G/busy" 2>/dev/null; do
    i=$((i + 1)); [ "$i" -le "$1" ] || return 1; sleep 1
  done
}
unlock() { rmdir "$G/busy" 2>/dev/null; }
boot() { cat /proc/sys/kernel/random/boot_id 2>/dev/null; }
unarm() {
  rm -f "/etc/systemd/system/multi-user.target.wants/ipsec-wizard-$ID.service" \
    "/etc/systemd/system/ipsec-wizard-$ID.service"
  [ -z "${1-}" ] || systemctl stop "ipsec-wizard-$ID-guard.timer" 2>/dev/null
  return 0
}
"""
"""What the scripts of steps may use; $G is the guard's folder, $ID its name, $N the step's number."""

_STEP: Final = r"""
G=${0%/*}; ID=${G##*/}; N=$1; W=
. "$G/lib.sh"
[ -e "$G/armed" ] || { say "the guard is not armed any more"; exit 75; }
[ ! -e "$G/done.$N" ] || exit 0
[ ! -e "$G/begun.$N" ] || { say "this step had begun before and did not end"; exit 74; }
if [ -e "$G/$N.secret" ]; then
  while IFS= read -r W; do case $W in secret:*) break ;; esac; done
  case $W in secret:*) W=${W#secret:} ;; *) say "the secret did not arrive"; exit 1 ;; esac
fi
export G ID N W
lock 5 || { say "the guard is at work"; exit 75; }
trap unlock EXIT
[ -e "$G/armed" ] || { say "the guard is not armed any more"; exit 75; }
: >"$G/begun.$N" || exit 1
( . "$G/$N.apply" ) || { x=$?; say "step $N left $x"; exit "$x"; }
if [ -s "$G/$N.verify" ]; then ( . "$G/$N.verify" ) || { say "step $N is not in force"; exit 1; }; fi
: >"$G/done.$N"
"""

_FIRE: Final = r"""
G=${0%/*}; ID=${G##*/}; W=
. "$G/lib.sh"
export G ID W
# Whoever was at work when the gateway went down is not any more.
[ "$1" != restart ] || unlock
lock 30
[ -e "$G/armed" ] || { unlock; exit 0; }
printf 'undoing, %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ) ($1)" >>"$G/log" 2>/dev/null
bad=0
for N in $(cat "$G/order"); do
  [ -e "$G/begun.$N" ] && [ -s "$G/$N.undo" ] || continue
  [ -e "$G/$N.lasts" ] || [ "$(boot)" = "$(cat "$G/boot")" ] || continue
  export N
  said=$( ( . "$G/$N.undo" ) 2>&1 </dev/null ) || { bad=1; }
  [ -z "$said" ] || printf '%s\n' "$said" >>"$G/log" 2>/dev/null
done
mv "$G/armed" "$G/undone"
[ "$bad" = 0 ] || : >"$G/undone-in-part"
unarm "$1"
unlock
exit "$bad"
"""

_KEEP: Final = r"""
G=${0%/*}; ID=${G##*/}
. "$G/lib.sh"
lock 5 || { say "the guard is at work"; exit 75; }
# That it was kept must be known for good: a guard that is gone without it was undone.
( umask 077; mkdir -p @BACKUPS@/$ID ) || { unlock; say "no copies can be kept"; exit 1; }
mv "$G/armed" "$G/kept" 2>/dev/null || {
  unlock; rmdir @BACKUPS@/$ID 2>/dev/null; say "the guard is not armed any more"; exit 75; }
unarm stop
[ ! -s "$G/files" ] || while IFS= read -r f; do
  b=$(beside "$f"); [ -e "$b" ] || continue
  d=@BACKUPS@/$ID${f%/*}
  ( umask 077; mkdir -p "$d" ) && mv -f "$b" "$d/${f##*/}" && printf 'kept as it was: %s\n' "$d/${f##*/}"
done <"$G/files"
rm -rf "$G"; rmdir @GUARDS@ 2>/dev/null; :
"""

_UNIT: Final = """\
[Unit]
Description=Undo of a change that nobody has confirmed (ipsec-wizard)
After=local-fs.target
Before=strongswan.service strongswan-starter.service strongswan-swanctl.service ipsec.service

[Service]
Type=oneshot
ExecStart=/bin/sh @GUARD@/fire.sh restart

[Install]
WantedBy=multi-user.target
"""


_TIMER: Final = r"""
if [ -d /run/systemd/system ]; then
  printf %s @UNIT@ >/etc/systemd/system/@NAME@.service &&
    chmod 644 /etc/systemd/system/@NAME@.service &&
    mkdir -p /etc/systemd/system/multi-user.target.wants &&
    ln -s ../@NAME@.service /etc/systemd/system/multi-user.target.wants/@NAME@.service || { unarm; clean 1; }
  systemd-run --quiet --collect --on-active=@SECONDS@ --timer-property=AccuracySec=100ms --unit=@NAME@-guard \
    sh @GUARD@/fire.sh timer >/dev/null 2>&1 || T=own
else
  T=own
fi
[ "${T-}" != own ] ||
  setsid nohup sh -c 'sleep @SECONDS@; exec sh @GUARD@/fire.sh timer' >/dev/null 2>&1 </dev/null &
"""


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard, by its name on both gateways: letters, digits and hyphens."""

    id: str
    owner: str
    """Who changes what, in one line, for somebody else who finds it."""
    seconds: int = GUARD_S

    @property
    def folder(self) -> str:
        """Its folder on the gateway."""
        return f"{GUARDS}/{self.id}"

    def arm(self, steps: Iterable[Step]) -> Command:
        """Checks that the gateway is as planned, lays the scripts out and starts the timer; changes nothing else.

        Leaves PENDING where somebody else's guard is armed, CHANGED where something is not as planned.
        """
        own = tuple(steps)
        lines = [
            "umask 077",
            f"ID={quote(self.id)}; D={GUARDS}; G=$D/$ID",
            # Where the program was interrupted and is taken up again, its own guard is armed already.
            '[ ! -e "$G/armed" ] || exit 0',
            '[ ! -e "$G/undone" ] || { echo "it was undone meanwhile" >&2; exit 75; }',
            'for one in "$D"/*/armed; do [ ! -e "$one" ] || { cat "$one"; exit 77; }; done',
            # What guards left that had undone everything; whoever asks for one of them finds it gone.
            'for one in "$D"/*/undone; do [ ! -e "$one" ] || [ -e "$one-in-part" ] || rm -rf "${one%/*}"; done',
        ]
        files = {
            "lib.sh": LIBRARY,
            "step.sh": _STEP,
            "fire.sh": _FIRE,
            "keep.sh": _keep(),
            "order": _order(own),
        }
        for number, step in enumerate(own):
            files |= {
                f"{number}.apply": step.apply,
                f"{number}.undo": step.undo,
                f"{number}.verify": step.verify,
            }
            files |= {f"{number}.requires": step.requires} if step.requires else {}
            files |= {f"{number}.lasts": "yes"} if step.lasts else {}
            files |= {f"{number}.secret": "yes"} if step.secret else {}
        lines.append('mkdir -p "$D" && mkdir "$G" || exit 1')
        lines.append('clean() { rm -rf "$G"; rmdir "$D" 2>/dev/null; exit "$1"; }')
        for name, text in files.items():
            ended = text if not text or text.endswith("\n") else f"{text}\n"
            lines.append(f'printf %s {quote(ended)} >"$G/{name}" || clean 1')
        lines.append('. "$G/lib.sh"; boot >"$G/boot" || clean 1')
        for number, step in enumerate(own):
            if step.requires:
                lines.append(f'( . "$G/{number}.requires" ) || clean 76')
        lines += _timer(self)
        lines.append(
            f'printf "%s\\n" {quote(self.owner)} >"$G/arming" && mv "$G/arming" "$G/armed" || clean 1'
        )
        return _root(
            "guard-arm", "\n".join(lines), f"arm the undo: in {self.seconds} s, unless somebody says keep", 30
        )

    def step(self, number: int, step: Step) -> Command:
        """Carries out one step, counted from 0 among those of its gateway."""
        shown = "; ".join(step.show) or step.title
        text = f"$SUDO sh {self.folder}/step.sh {number}"
        return Command(f"change-{number + 1}", text, step.limit_s, show=shown, level=Level.CHANGE)

    def keep(self) -> Command:
        """Ends the guard and keeps the change; the files as they were go to BACKUPS."""
        text = f"$SUDO sh {self.folder}/keep.sh"
        return Command("guard-keep", text, 20, show="end the guard and keep the change", level=Level.CHANGE)

    def undo(self) -> Command:
        """Undoes everything that has begun, now; then says what is there of it."""
        text = f"$SUDO sh {self.folder}/fire.sh operator; {self._look()}"
        return Command("guard-undo", text, 60, show="undo the change now", level=Level.CHANGE)

    def look(self) -> Command:
        """What has become of the guard; the last line is armed, undone, undone-in-part, kept or gone."""
        return Command(
            "guard-state", self._look(), 10, show="what has become of the guard", level=Level.OBSERVE
        )

    def clear(self) -> Command:
        """Removes what an undone guard has left, after it was read."""
        text = (
            f"for s in armed busy; do [ ! -e {self.folder}/$s ] || exit 1; done; rm -rf {self.folder}; "
            f"rmdir {GUARDS} 2>/dev/null; systemctl daemon-reload 2>/dev/null; true"
        )
        return Command(
            "guard-clear", as_root(text), 10, show="remove what the guard has left", level=Level.CHANGE
        )

    def _look(self) -> str:
        script = (
            f"cd {self.folder} 2>/dev/null || {{ [ -d {BACKUPS}/{self.id} ] && echo kept || echo gone; exit 0; }}; "
            "cat log 2>/dev/null; "
            "for s in armed undone-in-part undone kept; do [ ! -e $s ] || { echo $s; exit 0; }; done; echo gone"
        )
        return as_root(script)


def as_root(script: str) -> str:
    """Shell that has root run a script, handed over on standard input: sudo can grant that by one exact line.

    The script is read to its end before it runs, and has no standard input of its own.
    """
    whole = "{\n" + script + "\n} </dev/null"
    return f"printf %s {quote(whole)} | $SUDO sh -s {ENTRY}"


def by_root(command: Command, variables: Mapping[str, str]) -> Command:
    """A look at the gateway as mending takes it: what of it needs root goes through the one entry of `as_root`.

    sudo passes no variables on, so that those it is to have are named.
    """
    if "$SUDO" not in command.text:
        return command
    known = " ".join(f"{name}={quote(value)}" for name, value in {"LC_ALL": "C", **variables}.items())
    script = f"SUDO= {known}; export SUDO LC_ALL {' '.join(variables)}\n{command.text}"
    return replace(command, text=as_root(script), show=command.show or command.text.replace("$SUDO ", ""))


def state(output: Output) -> str:
    """The last word of `look` or `undo`; empty where it could not be read."""
    lines = output.stdout.strip().splitlines()
    known = {"armed", "undone", "undone-in-part", "kept", "gone"}
    return lines[-1] if output.problem is None and lines and lines[-1] in known else ""


def _keep() -> str:
    return _KEEP.replace("@BACKUPS@", BACKUPS).replace("@GUARDS@", GUARDS)


def _order(steps: tuple[Step, ...]) -> str:
    return " ".join(str(number) for number in undo_order(steps))


def _timer(guard: Guard) -> list[str]:
    unit = _UNIT.replace("@GUARD@", guard.folder)
    text = _TIMER.replace("@UNIT@", quote(unit)).replace("@NAME@", f"ipsec-wizard-{guard.id}")
    return [text.replace("@SECONDS@", str(guard.seconds)).replace("@GUARD@", guard.folder)]


def _root(probe: str, script: str, show: str, limit_s: float) -> Command:
    return Command(probe, as_root(script), limit_s, show=show, level=Level.CHANGE)
