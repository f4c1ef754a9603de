"""The daemon told to read its secrets again, or its certificates and keys, without letting go of any tunnel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from wizard.engine.plan import Step
from wizard.facts.model import End
from wizard.facts.probes import Command, Output
from wizard.platforms.actions import loaded_secrets
from wizard.platforms.actions.base import ANSWERS, Planned, Site, Unplannable


@dataclass(frozen=True, slots=True)
class LoadSecrets:
    """The daemon reads its secrets again, with `what: certificates` those, too; and last of all when undone."""

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """See `Action`."""
        return ()

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """See `Action`."""
        snapshot = site.snapshot(at)
        certificates = options.get("what") == "certificates"
        loads = (_CERTIFICATES if certificates else _SECRETS).get(snapshot.implementation or "")
        if loads is None:
            raise Unplannable(f"how {snapshot.gateway} loads its secrets is not known")
        what = "its certificates and keys" if certificates else "its secrets"
        step = Step(
            at,
            snapshot.gateway,
            f"Have the daemon of {snapshot.gateway} read {what} again",
            apply=loads.text,
            # A daemon that was started for the change is stopped again before this.
            undo=f"{ANSWERS[snapshot.implementation or '']} >/dev/null 2>&1 || exit 0\n{loads.back or loads.text}",
            show=(loads.show,),
            show_undo=(loads.show_back or loads.show,),
            undo_last=True,
            lasts=False,
        )
        return Planned((step,), touched=(site.focus(at).name,))


@dataclass(frozen=True, slots=True)
class _Loads:
    text: str
    show: str
    back: str = ""
    """Reads them again after files were taken away; empty: the same."""
    show_back: str = ""


# swanctl leaves with 0 after a syntax error, having unloaded every key, and with non-zero for a key file beside
# that it cannot read (5.9.8): what counts is that the files could be parsed and the daemon answered.
_SWANCTL: Final = """\
said=$(swanctl --load-creds @--noprompt 2>&1); code=$?
case $said in
*"invalid config file"*|*"syntax error"*|*"URI failed"*) ;;
*"loaded "*) code=0 ;;
esac
case $said in *"invalid config file"*|*"syntax error"*) code=78 ;; esac
[ "$code" = 0 ] || printf '%s\\n' "$said" | grep -v "^plugin '" | tail -n 3 >&2
( exit "$code" )"""
_STROKE: Final = (
    "S=ipsec; ! command -v strongswan >/dev/null 2>&1 || S=strongswan\ntimeout 10 $S {} </dev/null"
)
_SECRETS: Final[Mapping[str, _Loads]] = {
    "strongswan-swanctl": _Loads(
        loaded_secrets.NOTE + _SWANCTL.replace("@", ""),
        "swanctl --load-creds --noprompt",
        _SWANCTL.replace("@", "") + loaded_secrets.LET_GO,
        "swanctl --load-creds --noprompt; vici unload-shared for each secret that was not loaded before",
    ),
    "strongswan-ipsec": _Loads(_STROKE.format("rereadsecrets"), "ipsec rereadsecrets"),
    "libreswan": _Loads("timeout 10 ipsec whack --rereadsecrets </dev/null", "ipsec rereadsecrets"),
}
_CERTIFICATES: Final[Mapping[str, _Loads]] = {
    # charon keeps a certificate whose file has gone until it is told to let go of all.
    "strongswan-swanctl": _Loads(
        _SWANCTL.replace("@", ""),
        "swanctl --load-creds --noprompt",
        _SWANCTL.replace("@", "--clear "),
        "swanctl --load-creds --clear --noprompt",
    ),
    "strongswan-ipsec": _Loads(_STROKE.format("rereadall"), "ipsec rereadall"),
    "libreswan": _Loads("timeout 10 ipsec whack --rereadall </dev/null", "ipsec rereadall"),
}
