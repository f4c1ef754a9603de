"""paramiko without what it never needs here, since importing that takes as long as all the rest of it.

paramiko looks for `invoke` to run the commands of `Match exec` in an ssh_config; our own reader of that file runs
none. Imported before any other module of this room.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Final

_NEVER_NEEDED: Final = "invoke"

_found = sys.modules.get(_NEVER_NEEDED)
if _found is None:
    sys.modules[_NEVER_NEEDED] = None  # type: ignore[assignment]
try:
    import_module("paramiko")
finally:
    if _found is None:
        del sys.modules[_NEVER_NEEDED]
