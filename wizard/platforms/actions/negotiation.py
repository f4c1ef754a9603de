"""A tunnel negotiated afresh: its own SAs ended, nobody else's, and one attempt to bring it up.

Whether the tunnel then is up decides nothing here: faults come in pairs, and the diagnosis that follows says what
is left. What a step waits for is bounded; charon itself would wait 165 seconds for an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from shlex import quote
from typing import Final

from wizard.engine.plan import Step
from wizard.facts.focus import Focus
from wizard.facts.model import End, other
from wizard.facts.probes import Command, Output
from wizard.facts.snapshot import Snapshot
from wizard.platforms import kinds
from wizard.platforms.actions.base import Planned, Site, Unplannable

LIMIT_S: Final = 25.0
"""What ending and one attempt may take together, seconds."""

_SWANCTL: Final = r"""
swanctl --list-sas --raw 2>/dev/null | awk '
/^list-sa event/ {
  line = $0; name = line; sub(/^list-sa event [{]/, "", name); sub(/ [{].*$/, "", name)
  head = line; sub(/ child-sas [{].*$/, "", head)
  id = head; sub(/^.*[{ ]uniqueid=/, "", id); sub(/[^0-9].*$/, "", id)
  host = head; if (!sub(/^.* remote-host=/, "", host)) host = ""; sub(/[ }].*$/, "", host)
  if (name != ENVIRON["N"] || id == "") next
  count++; ids[count] = id; hosts[count] = host; rest[count] = line
}
END {
  peers = split(ENVIRON["PEERS"], peer, " ")
  for (i = 1; i <= count; i++) {
    ours = count == 1 || !peers
    for (j in peer) if (peer[j] == hosts[i]) ours = 1
    if (!ours) continue
    if (ENVIRON["LEVEL"] == "ike") { print "--ike-id " ids[i]; continue }
    line = rest[i]; sub(/^.* child-sas [{]/, "", line)
    while (match(line, /name=[^ ]+ uniqueid=[0-9]+/)) {
      one = substr(line, RSTART, RLENGTH); line = substr(line, RSTART + RLENGTH)
      child = one; sub(/^name=/, "", child); sub(/ .*$/, "", child); sub(/^.*uniqueid=/, "", one)
      if (child == ENVIRON["C"]) print "--child-id " one
    }
  }
}' | while read -r what id; do swanctl --terminate "$what" "$id" --force --timeout 2 </dev/null 2>/dev/null; done
"""
_STROKE: Final = r"""
$S status 2>/dev/null | awk '
{ sa = $1; sub(/:$/, "", sa) }
sa ~ /\[[0-9]+\]$/ {
  ike = sa; name = sa; sub(/\[[0-9]+\]$/, "", name)
  far = $0; sub(/^.*[.][.][.]/, "", far); sub(/\[.*$/, "", far); sub(/[ ,].*$/, "", far)
  many[name]++; order[++count] = ike; names[ike] = name; hosts[ike] = far; next
}
sa ~ /[{][0-9]+[}]$/ && ike != "" && $0 !~ /ROUTED/ {
  name = sa; sub(/[{][0-9]+[}]$/, "", name)
  if (name == ENVIRON["C"]) { carries[ike] = 1; children[ike] = children[ike] " " sa }
}
END {
  peers = split(ENVIRON["PEERS"], peer, " ")
  for (i = 1; i <= count; i++) {
    ike = order[i]; ours = carries[ike] || (names[ike] == ENVIRON["N"] && (many[names[ike]] == 1 || !peers))
    for (j in peer) if (names[ike] == ENVIRON["N"] && peer[j] == hosts[ike]) ours = 1
    if (carries[ike] && peers) { ours = 0; for (j in peer) if (peer[j] == hosts[ike]) ours = 1 }
    if (!ours) continue
    if (ENVIRON["LEVEL"] == "ike") print ike
    else { n = split(children[ike], one, " "); for (j = 1; j <= n; j++) print one[j] }
  }
}' | while read -r one; do timeout 3 $S down "$one" </dev/null; done
"""
_LIBRESWAN: Final = r"""
$W --status 2>/dev/null | awk '
{ sub(/^[0-9][0-9][0-9] /, "") }
/^#[0-9]+: "/ {
  number = $1; gsub(/[#:]/, "", number)
  rest = substr($0, index($0, "\"") + 1); at = index(rest, "\"")
  name = substr(rest, 1, at - 1); rest = substr(rest, at + 1)
  parent = ""
  if (match(rest, /(IKE SA |ISAKMP SA |isakmp)#[0-9]+/)) {
    parent = substr(rest, RSTART, RLENGTH); sub(/.*#/, "", parent)
  }
  ours = name == ENVIRON["N"] || name == ENVIRON["C"]
  if (ours && rest ~ /^\[/) { many = 1; ours = 0; n = split(ENVIRON["PEERS"], peer, " ")
    for (i = 1; i <= n; i++) if (index(rest, peer[i] ":") || index(rest, peer[i] " ")) ours = 1 }
  if (!ours) { if (parent != "") others[parent] = 1; next }
  if (parent != "" || rest ~ /IPsec SA|CHILD_SA/) { child[number] = 1; if (parent != "") ike[parent] = 1 }
  else ike[number] = 1
}
END {
  for (n in ike) if (n in others) shared = 1
  if (!many && (ENVIRON["LEVEL"] == "ike" || !shared)) print "all"
  if (ENVIRON["LEVEL"] == "ike") for (n in ike) print n
  else if (many || shared) for (n in child) print n
}' | while read -r one; do
  case $one in
  all) timeout 3 $W --name "$N" --terminate </dev/null ;;
  *) timeout 3 $W --deletestate "$one" </dev/null ;;
  esac
done >/dev/null
"""
"""A state that is deleted comes back by itself where its connection is to stay up; a connection that is ended does
not. So that is what is done first, unless the connection has other peers or its IKE SA carries other connections.
"""
_BACK_SWANCTL: Final = r"""
sleep 1
for p in ${PEERS:-=}; do
  swanctl --list-sas --raw 2>/dev/null | grep -F "event {$N {" | grep -F "remote-host=${p#=}" |
    grep -q "name=$C uniqueid=[0-9]* reqid=[0-9]* state=INSTALLED" && exit 0
done
"""
_BACK_STROKE: Final = r"""
sleep 1; $S status 2>/dev/null | grep -q "^ *$C{[0-9]*}:  *INSTALLED" && exit 0
"""
_BACK_LIBRESWAN: Final = r"""
sleep 1; $W --status 2>/dev/null | grep -q "\"$N\"[^:]* \(esp\|ah\)[.]" && exit 0
"""
_STROKE_TOOL: Final = "S=ipsec; ! command -v strongswan >/dev/null 2>&1 || S=strongswan\n"
_WHACK_TOOL: Final = (
    'W="ipsec whack"\nfor d in /usr/libexec/ipsec /usr/lib/ipsec /usr/lib64/ipsec /usr/local/libexec/ipsec; do '
    "[ ! -x $d/whack ] || { W=$d/whack; break; }; done\n"
)


@dataclass(frozen=True, slots=True)
class _Words:
    """One daemon's way to end what belongs to a tunnel."""

    answers: str
    """Leaves with 0 where the daemon answers."""
    end: str
    shown: Mapping[str, str]
    """By level, what an operator would type; {name} and {child} are filled in."""
    back: str
    """Leaves with 0 where this daemon or its peer has brought back by itself what was ended: a start of ours would
    make it two."""


_WORDS: Final[Mapping[str, _Words]] = {
    "strongswan-swanctl": _Words(
        "swanctl --stats >/dev/null 2>&1",
        _SWANCTL,
        {"ike": "swanctl --terminate --ike {name}", "child": "swanctl --terminate --child {child}"},
        _BACK_SWANCTL,
    ),
    "strongswan-ipsec": _Words(
        f"{_STROKE_TOOL}timeout 5 $S status >/dev/null 2>&1",
        _STROKE,
        {"ike": "ipsec down {name}", "child": "ipsec down {child}{{n}}"},
        _BACK_STROKE,
    ),
    "libreswan": _Words(
        f"{_WHACK_TOOL}timeout 5 $W --status >/dev/null 2>&1",
        _LIBRESWAN,
        {"ike": "ipsec whack --name {name} --terminate", "child": "ipsec whack --deletestate n"},
        _BACK_LIBRESWAN,
    ),
}


@dataclass(frozen=True, slots=True)
class Renegotiate:
    """Ends the tunnel's IKE SA (level ike) or CHILD SA (level child), then tries to bring the tunnel up from here."""

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """See `Action`."""
        return ()

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """See `Action`."""
        level = _level(options)
        snapshot, focus = site.snapshot(at), site.focus(at)
        words = _words(snapshot)
        dialect = kinds.dialect_of(snapshot)
        assert dialect is not None, "every implementation with words of its own has a dialect"
        up, after = dialect.initiate(focus), dialect.half_open_gone(focus)
        apply = "\n".join(
            [
                _ending(words, focus, level),
                words.back.strip(),
                "SUDO=",
                *(f"( {one.text}\n)" for one in (*up, *after)),
                ":",
            ]
        )
        show = (_shown(words, focus, level), *(one.show or one.text.replace("$SUDO ", "") for one in up))
        step = Step(
            at,
            snapshot.gateway,
            f"Negotiate the tunnel anew from {snapshot.gateway}",
            apply=apply,
            show=show,
            lasts=False,
            limit_s=LIMIT_S,
        )
        before = _left_over(site, at, level)
        return Planned(
            (*before, step), touched=(focus.name,), interrupted=_interrupted(snapshot, focus, level)
        )


@dataclass(frozen=True, slots=True)
class Terminate:
    """Ends what SAs of the tunnel there are at one end; nothing where there is none."""

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """See `Action`."""
        return ()

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """See `Action`."""
        if at not in site.snapshots:
            # What the end that can be reached deletes, it tells the other.
            return Planned()
        level = _level(options)
        snapshot, focus = site.snapshot(at), site.focus(at)
        return Planned(
            (_end_step(snapshot, focus, level),),
            touched=(focus.name,),
            interrupted=_interrupted(snapshot, focus, level),
        )


def _end_step(snapshot: Snapshot, focus: Focus, level: str) -> Step:
    words = _words(snapshot)
    return Step(
        snapshot.end,
        snapshot.gateway,
        f"End the tunnel's {'IKE' if level == 'ike' else 'CHILD'} SA on {snapshot.gateway}",
        apply=f"{_ending(words, focus, level)}\n:",
        show=(_shown(words, focus, level),),
        lasts=False,
        limit_s=LIMIT_S,
    )


def _left_over(site: Site, at: End, level: str) -> tuple[Step, ...]:
    """Ends the other end's SAs, unless they are the same as here and so go with these."""
    there = other(at)
    snapshot, focus = site.snapshots.get(there), site.focuses.get(there)
    if snapshot is None or focus is None or focus.connection is None or snapshot.implementation not in _WORDS:
        return ()
    own, theirs = _standing(site.snapshot(at), site.focus(at)), _standing(snapshot, focus)
    if not theirs or (own == theirs and "" not in own):
        return ()
    return (_end_step(snapshot, focus, level),)


def _standing(snapshot: Snapshot, focus: Focus) -> frozenset[str]:
    """The tunnel's IKE SAs by the SPI that both ends know them by; empty where the daemon does not show it."""
    return frozenset(sa.initiator_spi for sa in snapshot.sas or () if sa.name == focus.name)


def _words(snapshot: Snapshot) -> _Words:
    words = _WORDS.get(snapshot.implementation or "")
    if words is None:
        raise Unplannable(f"how {snapshot.gateway} negotiates a tunnel anew is not known")
    return words


def _level(options: Mapping[str, str]) -> str:
    return "child" if options.get("level") == "child" else "ike"


def _ending(words: _Words, focus: Focus, level: str) -> str:
    """Leaves with non-zero where the daemon does not answer; otherwise what belongs to the tunnel is ended."""
    return (
        f"N={quote(focus.name)} C={quote(focus.child_name or focus.name)} "
        f"PEERS={quote(' '.join(focus.peer_addresses))} LEVEL={level}; export N C PEERS LEVEL\n"
        f"{words.answers} || {{ say 'the IKE daemon does not answer'; exit 1; }}{words.end.rstrip()}"
    )


def _shown(words: _Words, focus: Focus, level: str) -> str:
    return words.shown[level].format(name=quote(focus.name), child=quote(focus.child_name or focus.name))


def _interrupted(snapshot: Snapshot, focus: Focus, level: str) -> tuple[str, ...]:
    """Other children of the IKE SAs that are ended, as CONNECTION/CHILD."""
    if level != "ike":
        return ()
    own = focus.child_name or focus.name
    sas = [
        sa
        for sa in snapshot.sas or ()
        if sa.name == focus.name or any(child.name == own for child in sa.children)
    ]
    return tuple(
        dict.fromkeys(
            f"{sa.name}/{child.name}"
            for sa in sas
            for child in sa.children
            if child.name != own and child.state == "installed"
        )
    )
