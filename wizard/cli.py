"""The console script, and the one command that runs where seconds count: a diagnosis that nobody watches.

A plain call of `diagnose` is understood here, without the library that reads all other command lines; whatever is not
plain goes there, to be understood or refused in its words.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from wizard.errors import ExitCode, InputError, WizardError
from wizard.records import dataclass

_COLLECT_EVERY: Final = 50_000
"""How many new objects set Python looking for garbage; nearly all that is made at the start is there to stay."""
_VALUES: Final = frozenset({"--inventory", "--flows", "--state", "--symptom"})
_FLAGS: Final = frozenset({"--json", "--observe-only"})


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A call of `diagnose`."""

    tunnel: str
    symptom: str = "check"
    inventory: Path | None = None
    flows: tuple[Path, ...] = ()
    state: Path | None = None
    as_json: bool = False
    observe_only: bool = False

    def carry_out(self) -> int:
        """Runs it and returns the exit code; raises WizardError."""
        known_symptom(self.symptom)
        from wizard.ui.headless import diagnose as front

        desk = desk_of(self.inventory, self.flows, self.state, observe_only=self.observe_only)
        return front.run(desk, self.tunnel, self.symptom, as_json=self.as_json)


def desk_of(
    inventory: Path | None, flows: tuple[Path, ...], state: Path | None, *, observe_only: bool = False
) -> Any:
    """The desk of a command line; raises InventoryError or FlowError with every problem."""
    from wizard.ui.desk import InventoryDesk

    return InventoryDesk.open(inventory, flows, state, observe_only=observe_only)


def known_symptom(symptom: str) -> None:
    """Raises InputError for a symptom that the knowledge has no word for."""
    from wizard.facts.vocabulary import VOCABULARY

    known = VOCABULARY["symptom"].values
    if symptom not in known:
        raise InputError(f"there is no symptom {symptom!r}", advice=f"use one of {', '.join(known)}")


def plain(words: Sequence[str]) -> Diagnosis | None:
    """The diagnosis these words ask for; None for everything else, and for what is not written plainly."""
    values: dict[str, list[str]] = {name: [] for name in _VALUES}
    flags: set[str] = set()
    names: list[str] = []
    waiting = iter(words)
    for word in waiting:
        option, equals, value = word.partition("=")
        if word in _FLAGS and names:
            flags.add(word)
        elif option in _VALUES and (names or option != "--symptom"):
            value = value if equals else next(waiting, "")
            if not value or value.startswith("-"):
                return None
            values[option].append(value)
        elif word.startswith("-"):
            return None
        else:
            names.append(word)
    once = all(len(values[name]) <= 1 for name in _VALUES - {"--flows"})
    if len(names) != 2 or names[0] != "diagnose" or not names[1] or not once or len(values["--flows"]) > 1:
        return None
    paths = {
        name: tuple(Path(value) for value in values[f"--{name}"]) for name in ("inventory", "flows", "state")
    }
    return Diagnosis(
        names[1],
        next(iter(values["--symptom"]), "check"),
        next(iter(paths["inventory"]), None),
        paths["flows"],
        next(iter(paths["state"]), None),
        as_json="--json" in flags,
        observe_only="--observe-only" in flags,
    )


def main() -> None:
    """Every error becomes one sentence on stderr and the contract's exit code."""
    gc.set_threshold(_COLLECT_EVERY)
    try:
        asked = plain(sys.argv[1:])
        if asked is not None:
            sys.exit(asked.carry_out())
        from wizard.commands import app

        app(standalone_mode=True)
    except WizardError as error:
        print(f"ipsec-wizard: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("ipsec-wizard: interrupted", file=sys.stderr)
        sys.exit(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has gone; nothing is left to be said, and Python must not try at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
