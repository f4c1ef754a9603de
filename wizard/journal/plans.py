"""Plans on disk between `fix --plan` and `fix --approve`: a file each, the owner's alone, without secrets."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

from wizard.engine.plan import Plan, sealed
from wizard.errors import InputError, Place
from wizard.journal.codec import CodecError, decode, encode
from wizard.records import dataclass

_HASH: Final = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Plans:
    """The folder of plans that wait for approval."""

    folder: Path

    def keep(self, plan: Plan) -> Path:
        """Writes a plan down and returns its file; raises InputError where that is not possible."""
        path = self.folder / f"{plan.hash}.json"
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
            path.write_text(json.dumps(encode(plan)), encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"the plan could not be written: {error.strerror}",
                place=Place(str(path)),
                advice="name --state DIR",
            ) from error
        return path

    def get(self, digest: str) -> Plan:
        """The plan with this hash; raises InputError where there is none, or it is not what the hash says."""
        advice = "make it again with fix --plan, and approve the hash it prints"
        if _HASH.fullmatch(digest) is None:
            raise InputError(f"{digest!r} is no hash of a plan", advice="it has 16 characters, 0-9 and a-f")
        path = self.folder / f"{digest}.json"
        try:
            plan = decode(Plan, json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise InputError(f"there is no plan {digest}", advice=advice) from None
        except (OSError, ValueError, CodecError) as error:
            raise InputError("the plan cannot be read", place=Place(str(path)), advice=advice) from error
        if sealed(plan).hash != digest:
            raise InputError(
                "the plan is not the one that had this hash", place=Place(str(path)), advice=advice
            )
        return plan
