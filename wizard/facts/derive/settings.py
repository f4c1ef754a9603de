"""What one end is set to in the course of a tunnel's life: who starts it, when it is renewed, what takes it down.

What the daemon has loaded counts before what stands on disk, and the implementation's own default where neither
states it and the whole configuration could be read. What cannot be told stays unknown, never "none".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from wizard.facts.defaults import libreswan
from wizard.facts.derive.notebook import Notebook
from wizard.facts.focus import Focus
from wizard.facts.parsers import stroke_conns
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import Child, Connection
from wizard.records import dataclass

_T = TypeVar("_T")
_CONFIG: Final = "config"
_UNSTATED: Final = "neither the daemon nor a file states it"
_STARTS: Final = frozenset({"start", "trap", "route", "start|trap", "trap|start", "add|start", "ondemand"})
_RESTARTS: Final = frozenset({"start", "restart", "trap", "hold", "trap|start", "start|trap"})


@dataclass(frozen=True, slots=True)
class Settings:
    """One end's times in seconds (0: never) and actions; None where it cannot be told."""

    start_action: str | None = None
    close_action: str | None = None
    dpd_action: str | None = None
    dpd_delay_s: int | None = None
    idle_s: int | None = None
    child_rekey_s: int | None = None
    child_life_s: int | None = None
    ike_rekey_s: int | None = None
    reauth_s: int | None = None
    aggressive: bool | None = None
    encap: bool | None = None

    @property
    def times(self) -> Mapping[str, int]:
        """The times after which this end does something to the tunnel, by the words trees use; without those off."""
        known = {
            "idle": self.idle_s,
            "child-life": self.child_life_s,
            "child-rekey": self.child_rekey_s,
            "ike-rekey": self.ike_rekey_s,
            "reauth": self.reauth_s,
        }
        return {name: seconds for name, seconds in known.items() if seconds}


DEFAULTS: Final[Mapping[str, Settings]] = {
    # swanctl.conf(5) of 5.9.8 and 6.0.1; a CHILD SA lives 10 % longer than it takes until it is rekeyed.
    "strongswan-swanctl": Settings(
        start_action="none",
        close_action="none",
        dpd_action="clear",
        dpd_delay_s=0,
        idle_s=0,
        child_rekey_s=3600,
        ike_rekey_s=14400,
        reauth_s=0,
        aggressive=False,
        encap=False,
    ),
}
_NO_DEFAULTS: Final = Settings()
LIVES: Final[Mapping[str, int]] = {
    "libreswan": libreswan.CHILD_LIFE_S,
    "strongswan-ipsec": stroke_conns.CHILD_LIFE_S,
}
"""How long a CHILD SA lives where nothing is written, seconds, by implementation."""
MARGINS: Final[Mapping[str, int]] = {"libreswan": libreswan.MARGIN_S}
"""How long before that it is renewed, for those that state no time of renewal."""


def settings(snapshot: Snapshot, focus: Focus) -> Settings:
    """The settings of this tunnel at one end."""
    whole = focus.on_disk is not None and snapshot.disk is not None and not snapshot.disk.refused
    assumed = DEFAULTS.get(snapshot.implementation or "", _NO_DEFAULTS) if whole else _NO_DEFAULTS
    loaded, stored = focus.loaded, focus.on_disk
    children = [
        child for child in (_child(loaded, focus.child_name), _child(stored, focus.child_name)) if child
    ]
    conns = [one for one in (loaded, stored) if one is not None]
    rekey = _first(*(child.rekey_time_s for child in children), assumed.child_rekey_s)
    life = _first(*(child.life_time_s for child in children))
    if life is None and rekey and assumed is not _NO_DEFAULTS:
        life = rekey * 11 // 10
    kind = snapshot.implementation or ""
    if life is None and whole:
        life = LIVES.get(kind)
    if rekey is None and life and kind in MARGINS and whole:
        rekey = max(life - MARGINS[kind], 1)
    return Settings(
        start_action=_word(*(child.start_action for child in children), assumed.start_action),
        close_action=_word(*(child.close_action for child in children), assumed.close_action),
        dpd_action=_word(*(child.dpd_action for child in children), assumed.dpd_action),
        dpd_delay_s=_first(*(one.dpd_delay_s for one in conns), assumed.dpd_delay_s),
        idle_s=_first(*(child.inactivity_s for child in children), assumed.idle_s),
        child_rekey_s=rekey,
        child_life_s=life,
        ike_rekey_s=_first(*(one.rekey_time_s for one in conns), assumed.ike_rekey_s),
        reauth_s=_first(*(one.reauth_time_s for one in conns), assumed.reauth_s),
        aggressive=_first(*(one.aggressive for one in conns), assumed.aggressive),
        encap=_first(*(one.encap for one in conns), assumed.encap),
    )


def _child(connection: Connection | None, name: str) -> Child | None:
    children = connection.children if connection is not None else ()
    return next((child for child in children if child.name == name), None)


def _first(*values: _T | None) -> _T | None:
    return next((value for value in values if value is not None), None)


def _word(*values: str | None) -> str | None:
    found = _first(*values)
    return found.lower() if found is not None else None


def facts(book: Notebook, focus: Focus, own: Settings) -> None:
    """Who starts the tunnel, what brings it back, and after which times this end acts on it."""
    name = f"{focus.name}.{focus.child_name}" if focus.child_name else focus.name or "this tunnel"
    start = own.start_action
    line = book.cite(_CONFIG, f"{name}: start action {start}")
    book.note("starts_itself", start in _STARTS if start else None, line, why_unknown=_UNSTATED)
    trapped = _trap(book, focus)
    close, dpd, delay = own.close_action, own.dpd_action, own.dpd_delay_s
    if trapped or (start in _STARTS and start != "start"):
        book.note("comes_back", True, line)
    elif close is None or dpd is None:
        book.unknown("comes_back", _UNSTATED)
    else:
        back = close in _RESTARTS or (dpd in _RESTARTS and bool(delay))
        book.note("comes_back", back, book.cite(_CONFIG, f"{name}: close action {close}, dpd action {dpd}"))
    told = book.cite(_CONFIG, f"{name}: dpd delay {delay} s")
    book.note("dpd_on", delay > 0 if delay is not None else None, told, why_unknown=_UNSTATED)
    for fact, seconds in (
        ("idle_limit_s", own.idle_s),
        ("child_life_s", own.child_life_s),
        ("child_rekey_s", own.child_rekey_s),
        ("ike_rekey_s", own.ike_rekey_s),
        ("reauth_s", own.reauth_s),
    ):
        stated = book.cite(_CONFIG, f"{name}: {fact.removesuffix('_s').replace('_', ' ')} {seconds} s")
        book.note(fact, seconds, stated, why_unknown=_UNSTATED)


def _trap(book: Notebook, focus: Focus) -> bool | None:
    """Whether the kernel holds a policy that would start the tunnel as soon as a packet asks for it."""
    policies = book.snapshot.policies
    if policies is None:
        book.unread("xfrm-policy", "trap_installed")
        return None
    if focus.child is None:
        book.unknown("trap_installed", "the networks of this tunnel are not known")
        return None
    pairs = {(local, remote) for local in focus.local_networks for remote in focus.remote_networks}
    ours = [
        one
        for one in policies
        if one.tunnels and one.direction == "out" and (one.src, one.dst) in pairs and one.action == "allow"
    ]
    line = ours[0].line if ours else "(no outbound policy between the tunnel's networks)"
    book.note("trap_installed", bool(ours), book.cite("xfrm-policy", line))
    return bool(ours)
