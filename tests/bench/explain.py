"""How often `explain` names the cause of real logs: one line a case, those missed with what was said instead.

A case is a YAML file with `log` (and perhaps `extra`, `platform`) and `causes`, the ids that are right, the
best one first. Run it with `make bench-explain CASES=folder`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from wizard.ui.headless.explain import Explainer

DEFAULT: Final = Path(__file__).parents[3] / "shared" / "cases"
_PLATFORMS: Final = {"strongswan": "strongswan", "libreswan": "libreswan", "cisco_ios": "cisco_ios"}


@dataclass(frozen=True, slots=True)
class Result:
    """One case, what is right and what was said, the likeliest first."""

    name: str
    right: tuple[str, ...]
    said: tuple[str, ...]
    sufficient: bool
    confidence: str

    @property
    def first(self) -> bool:
        """Whether the first cause named is a right one."""
        return self.said[0] in self.right

    @property
    def among_three(self) -> bool:
        """Whether one of the first three is."""
        return bool(set(self.said[:3]) & set(self.right))


def evaluated(folder: Path, *, extra: bool = True) -> list[Result]:
    """Every case of a folder explained; `extra`: with the output pasted beside the log, where there is one."""
    explainers: dict[str, Explainer] = {}
    results: list[Result] = []
    for path in sorted(folder.glob("*.yaml")):
        case: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        platform = _PLATFORMS.get(str(case.get("platform")), "auto")
        if platform not in explainers:
            explainers[platform] = Explainer.open(platform=platform)
        text = str(case["log"]) + ("\n" + str(case["extra"]) if extra and case.get("extra") else "")
        outcome = explainers[platform].explain([text.encode()], path.name).outcome
        said = tuple(cause.cause for cause in outcome.causes) or (outcome.status,)
        sure = outcome.causes[0].confidence if outcome.causes else ""
        results.append(
            Result(path.stem, tuple(case["causes"]), said, bool(case.get("log_is_sufficient", True)), sure)
        )
    return results


def report(results: Sequence[Result]) -> list[str]:
    """The table people read."""
    missed = [result for result in results if not result.first]
    lines = [
        f"{result.name}: said {', '.join(result.said[:4])} ({result.confidence or '-'}); right: "
        f"{', '.join(result.right)}{'' if result.sufficient else ' (the log alone is not enough)'}"
        for result in missed
    ]
    for title, chosen in (
        ("all", list(results)),
        ("log is enough", [result for result in results if result.sufficient]),
        ("log is not enough", [result for result in results if not result.sufficient]),
    ):
        first, three = sum(one.first for one in chosen), sum(one.among_three for one in chosen)
        share = f"{100 * first / len(chosen):.0f} %" if chosen else "-"
        lines.append(
            f"{title}: {len(chosen)} cases, first right {first} ({share}), among the first three {three}"
        )
    return lines


def main() -> int:
    """Prints the cases missed and the share of those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="?", default=str(DEFAULT))
    parser.add_argument("--log-only", action="store_true", help="leave out what is pasted beside the log")
    chosen = parser.parse_args()
    folder = Path(chosen.cases)
    if not folder.is_dir():
        sys.stderr.write(f"there is no folder {folder}; name one: make bench-explain CASES=folder\n")
        return 2
    began = time.monotonic()
    results = evaluated(folder, extra=not chosen.log_only)
    sys.stdout.write("\n".join([*report(results), f"{time.monotonic() - began:.1f} s", ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
