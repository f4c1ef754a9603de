"""The actions that change options in configuration files: set one to a value, or to what fits the other end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

from wizard.facts.model import End
from wizard.facts.probes import Command, Output
from wizard.platforms.actions import agreement, edits, wants
from wizard.platforms.actions.base import Action, Planned, Site, Unplannable
from wizard.platforms.actions.edits import Change
from wizard.platforms.actions.fitting import Wants
from wizard.platforms.actions.loading import LoadConnections
from wizard.platforms.actions.spelling import want
from wizard.platforms.actions.stored import Stored, proven, stored
from wizard.platforms.actions.wants import Want


class _Chooser(Protocol):
    """What is to be set at an end, by the action's options."""

    def __call__(self, site: Site, at: End, options: Mapping[str, str]) -> Wants: ...


_LOAD: Final = LoadConnections()


class Edit:
    """Changes options of the tunnel's own section, in the files they stand in; one step for each file.

    With `load: "yes"` the daemon is made to take the files after that, where anything was changed.
    """

    def __init__(self, choose: _Chooser) -> None:
        """Takes what says which options become what."""
        self.choose = choose

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """See `Action`."""
        own = stored(site, at)
        wanted, _ = self.choose(site, at, options)
        return edits.look(own.texts, wants.located(own, wanted))

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """See `Action`."""
        own = stored(site, at)
        wanted, warnings = self.choose(site, at, options)
        changes = wants.located(own, wanted)
        if not changes:
            return Planned()
        if wrong := wants.fulfilled(own, edits.altered(own.texts, changes), wanted):
            raise Unplannable(f"after the change {wrong}", advice=_by_hand(own, wanted))
        plan = changed(site, own, changes, seen, f"Set {_told(wanted)}", options)
        return replace(plan, warnings=(*warnings, *plan.warnings))


def changed(
    site: Site,
    own: Stored,
    changes: Sequence[Change],
    seen: Mapping[str, Output],
    title: str,
    options: Mapping[str, str],
) -> Planned:
    """One step for each file, and the daemon made to take them where that is asked for; raises Unplannable."""
    disk, name = own.snapshot.disk, own.connection.name
    if disk is not None:
        proven(own, disk, edits.altered(own.texts, changes), (name,))
    looked = edits.seen(own.texts, changes, seen)
    steps = [
        edits.step(own.end, own.snapshot.gateway, own.texts, changes, one, f"{title} in {one.file}")
        for one in looked
    ]
    loading = _LOAD.plan(site, own.end, options, {}) if options.get("load") == "yes" else Planned()
    return Planned(
        steps=(*steps, *loading.steps),
        touched=(name,),
        warnings=(*(line for one in looked for line in one.warnings), *loading.warnings),
    )


def _told(wanted: Sequence[Want]) -> str:
    return ", ".join(dict.fromkeys(one.keys[0].format(local="local ", remote="remote ") for one in wanted))


def _by_hand(own: Stored, wanted: Sequence[Want]) -> str:
    told = "; ".join(f"{one.keys[0].format(local='left', remote='right')} = {one.value}" for one in wanted)
    return f"set it by hand in {own.connection.name}: {told}"


def _set(site: Site, at: End, options: Mapping[str, str]) -> Wants:
    """`field` and `value`, or several as `set: "encap=yes, mobike=no"`."""
    own = stored(site, at)
    pairs = [tuple(part.split("=", 1)) for part in options.get("set", "").split(",") if part.strip()]
    if "field" in options:
        pairs.append((options["field"], options.get("value", "")))
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise Unplannable("set-option needs a field and a value")
    return tuple(want(own, pair[0].strip(), pair[1].strip()) for pair in pairs), ()


def _align(site: Site, at: End, options: Mapping[str, str]) -> Wants:
    """`field`: one or several, with commas; `prefer: stronger` where the stronger of both settings is to win."""
    fields = [one.strip() for one in options.get("field", "").split(",") if one.strip()]
    if not fields:
        raise Unplannable("align needs a field")
    found: list[Want] = []
    warnings: list[str] = []
    for field in fields:
        more, said = agreement.wanted(site, at, field, stronger=options.get("prefer") == "stronger")
        found += more
        warnings += said
    return tuple(found), tuple(dict.fromkeys(warnings))


SET_OPTION: Final[Action] = Edit(_set)
ALIGN: Final[Action] = Edit(_align)
