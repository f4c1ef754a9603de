"""The daemon takes what stands in its files, and whoever else was loaded stays loaded.

swanctl unloads every connection after a syntax error and leaves with 0 (measured with 5.9.8), so what counts is the
list of connections before and after, and what the tool said. Established SAs of others are never touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from shlex import quote
from typing import Final

from wizard.engine.plan import Step
from wizard.facts.focus import Focus
from wizard.facts.model import End
from wizard.facts.parsers import framed, settings_layout
from wizard.facts.probes import Command, Output
from wizard.facts.snapshot import Snapshot
from wizard.platforms.actions.base import ANSWERS, Planned, Site, Unplannable
from wizard.platforms.guard import REFUSED

_LIMIT_S: Final = 40.0

_COMMON: Final = f"""\
before="$G/loaded.$N"
lacking() {{
  for one in $(cat "$before") $1; do
    printf '%s\\n' "$now" | grep -qxF -- "$one" || {{ printf '%s\\n' "$one"; return; }}
  done
}}
refuse() {{ say "$*"; return {REFUSED}; }}
"""
_SWANCTL: Final = r"""
names() { swanctl --list-conns --raw 2>/dev/null | sed -n 's/^list-conn event {\([^ ]*\) {.*/\1/p'; }
load() {
  said=$(timeout 15 swanctl --load-conns </dev/null 2>&1); code=$?
  now=$(names)
  wrong=$(printf '%s\n' "$said" | grep -v "^plugin '" | grep -E \
    "syntax error|invalid config file|parsing '.*' failed|URI failed|^loading connection '$C' failed" | head -n 1)
  missing=$(lacking "$1")
  [ -z "$wrong" ] || { refuse "$wrong"; return; }
  [ -z "$missing" ] || { refuse "after loading, the daemon lacks $missing"; return; }
  # Another connection that cannot be loaded, as before, makes it leave with 22.
  case $code:$said in 0:* | *"loaded "*) ;; *) refuse "$(printf '%s\n' "$said" | tail -n 1)" ;; esac
}
"""
_STROKE: Final = r"""
S=ipsec; ! command -v strongswan >/dev/null 2>&1 || S=strongswan
names() {
  $S statusall 2>/dev/null | awk '/^Connections:/ { on = 1; next } /^(Routed|Shunted|Security)/ { on = 0 }
    on && NF > 1 { name = $1; sub(/:$/, "", name); if (!(name in seen)) { seen[name] = 1; print name } }'
}
load() {
  timeout 15 $S update </dev/null >/dev/null 2>&1 || { refuse "ipsec update failed"; return; }
  # starter reads the files by itself a moment later, takes what has changed away and adds it anew.
  i=0; missing=
  while :; do
    sleep 1; i=$((i + 1)); now=$(names); missing=$(lacking "$1")
    [ -z "$missing" ] && [ "$i" -ge 2 ] && return 0
    [ "$i" -lt 8 ] || break
  done
  refuse "after loading, the daemon lacks $missing"
}
"""
_LIBRESWAN: Final = r"""
names() {
  ipsec whack --status 2>/dev/null | sed -n 's/^[0-9 ]*"\([^"]*\)"[^:]*: .*/\1/p' | sed 's,/[0-9]*x[0-9]*$,,' | sort -u
}
load() {
  said=$(timeout 15 ipsec addconn --config /etc/ipsec.conf --checkconfig </dev/null 2>&1) || {
    refuse "$(printf '%s\n' "$said" | tail -n 1)"; return; }
  said=$(timeout 15 $REPLACE "$C" </dev/null 2>&1); code=$?
  now=$(names); missing=$(lacking "$1")
  last=$(printf '%s\n' "$said" | tail -n 1)
  [ -z "$missing" ] || { refuse "after loading, the daemon lacks $missing: $last"; return; }
  [ "$code" = 0 ] || { refuse "$last"; return; }
  [ -z "$ROUTE" ] || timeout 15 $ROUTE "$C" </dev/null >/dev/null 2>&1 || refuse "the trap for $C could not be set"
}
"""
_FORGET_SWANCTL: Final = r"""
# swanctl takes a connection out only by files that lack it: copies without its lines are loaded instead.
swanctl --terminate --ike "$C" --force --timeout 2 </dev/null >/dev/null 2>&1
D="$G/without.$N"; rm -rf "$D"
( umask 077; find "${ROOT%/*}" -name '*.conf' -type f | while IFS= read -r f; do
  mkdir -p "$D${f%/*}" && cp "$f" "$D$f" &&
    sed -i "s|^\([[:space:]]*include[[:space:]]*\"*\)/|\1$D/|" "$D$f"
done )
printf '%s\n' "$LINES_OF" | while IFS=' ' read -r lines f; do [ -z "$lines" ] || sed -i "${lines}d" "$D$f"; done
timeout 15 swanctl --load-conns --file "$D$ROOT" </dev/null >/dev/null 2>&1
rm -rf "$D"; now=$(names); missing=$(lacking "")
[ -z "$missing" ] || { lost=$missing; load ""; refuse "the daemon had lost $lost"; return; }
if printf '%s\n' "$now" | grep -qxF -- "$C"; then refuse "$C is still loaded"; fi
"""
_FORGET_STROKE: Final = r"""
load ""; code=$?
printf '%s\n' "$now" | grep -qxF -- "$C" && {
  timeout 3 $S down "$C" </dev/null >/dev/null 2>&1; timeout 5 $S stroke delete "$C" </dev/null >/dev/null 2>&1; }
( exit "$code" )
"""
_FORGET_LIBRESWAN: Final = 'timeout 15 ipsec whack --name "$C" --delete </dev/null >/dev/null 2>&1; :'
_APPLY: Final = '[ -e "$before" ] || names >"$before"\nload "$C"'
_UNDO: Final = 'load ""'


class LoadConnections:
    """Makes the daemon take its configuration files; see `Action`."""

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """See `Action`."""
        _words(site.snapshot(at), site.focus(at))
        return ()

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """See `Action`."""
        snapshot, focus = site.snapshot(at), site.focus(at)
        words = _words(snapshot, focus)
        if focus.on_disk is None:
            raise Unplannable(
                f"the tunnel stands in no file of {snapshot.gateway}, so there is nothing to load"
            )
        name = focus.on_disk.name
        stored = {one.name for one in snapshot.disk.connections} if snapshot.disk is not None else set()
        loaded = {one.name for one in snapshot.loaded or ()}
        strange = sorted(loaded - stored) if snapshot.implementation == "strongswan-swanctl" else []
        if strange:
            raise Unplannable(
                f"loading the files of {snapshot.gateway} would take {', '.join(strange)} out of the daemon, which "
                "stands in none of them",
                advice="find out who has loaded it; that program has to load the tunnel, too",
            )
        warnings: list[str] = []
        if snapshot.implementation != "libreswan" and snapshot.loaded is not None:
            waiting = sorted(
                one.name
                for one in (snapshot.disk.connections if snapshot.disk is not None else ())
                if one.name not in loaded
                and one.name != name
                and any(child.start_action not in {None, "ignore"} for child in one.children)
            )
            if waiting:
                warnings.append(f"{', '.join(waiting)} stands on disk and was not loaded: it is loaded, too")
        head = f"C={quote(name)}\n{words.variables}{_COMMON}{words.text}"
        fresh = snapshot.loaded is not None and name not in loaded
        answers = f"{ANSWERS[snapshot.implementation or '']} >/dev/null 2>&1 || exit 0\n"
        undo = f'{head}[ -e "$before" ] || exit 0\n{answers}{words.forget if fresh else _UNDO}'
        step = Step(
            at,
            snapshot.gateway,
            f"Have the daemon of {snapshot.gateway} load its connections",
            apply=f"{head}{_APPLY}",
            undo=undo,
            show=(words.show,),
            show_undo=(words.show_forget if fresh else words.show,),
            show_verify="the daemon lists this connection and every one it listed before",
            undo_last=True,
            lasts=False,
            limit_s=_LIMIT_S,
        )
        return Planned((step,), touched=(name,), warnings=tuple(warnings))


@dataclass(frozen=True, slots=True)
class _Words:
    """How one daemon is made to read its files."""

    text: str
    show: str
    variables: str = ""
    forget: str = ""
    """Takes a connection that was not loaded before out again."""
    show_forget: str = ""


def _words(snapshot: Snapshot, focus: Focus) -> _Words:
    match snapshot.implementation:
        case "strongswan-swanctl":
            root, lines = _own_lines(snapshot, focus)
            return _Words(
                _SWANCTL,
                "swanctl --load-conns",
                variables=f"ROOT={quote(root)}\nLINES_OF={quote(lines)}\n",
                forget=_FORGET_SWANCTL,
                show_forget=f"swanctl --load-conns, from files without {focus.name}",
            )
        case "strongswan-ipsec":
            shown = f"ipsec update; ipsec stroke delete {quote(focus.name)}"
            return _Words(_STROKE, "ipsec update", forget=_FORGET_STROKE, show_forget=shown)
        case "libreswan":
            return _libreswan(snapshot, focus)
        case _:
            raise Unplannable(f"how {snapshot.gateway} loads its connections is not known")


def _libreswan(snapshot: Snapshot, focus: Focus) -> _Words:
    old = (snapshot.version or "5").partition(".")[0] in {"3", "4"}
    tool = "ipsec auto --" if old else "ipsec "
    name = quote(focus.on_disk.name) if focus.on_disk is not None else ""
    traps = any(
        child.start_action == "trap"
        for child in (focus.on_disk.children if focus.on_disk is not None else ())
    )
    route = f"{tool}route" if traps else ""
    return _Words(
        _LIBRESWAN,
        f"{tool}replace {name}",
        variables=f"REPLACE={quote(f'{tool}replace')}\nROUTE={quote(route)}\n",
        forget=_FORGET_LIBRESWAN,
        show_forget=f"{tool}delete {name}",
    )


def _own_lines(snapshot: Snapshot, focus: Focus) -> tuple[str, str]:
    """The root of the files, and the lines that are this connection's alone, as "FIRST,LAST FILE", one a line."""
    output = snapshot.outputs.get("config")
    texts = {
        part.name: part.body
        for part in framed.sections(output.stdout if output is not None else "")
        if part.name
    }
    root = next(iter(snapshot.disk.files), "") if snapshot.disk is not None else ""
    found: list[str] = []
    for part in settings_layout.lay_out(texts, root).parts:
        if part.path != ("connections", focus.name) or part.closed is None:
            continue
        text = texts[part.place.file]
        last = text.count("\n", 0, part.closed) + 1
        rows = text.split("\n")
        alone = rows[part.place.line - 1].strip().startswith(focus.name) and rows[last - 1].strip() == "}"
        if alone and part.opened.file == part.place.file:
            found.insert(0, f"{part.place.line},{last} {part.place.file}")
    return root, "\n".join(found)
