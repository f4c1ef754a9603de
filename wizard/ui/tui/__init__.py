"""The full-screen front end (Textual). `run` is all the rest of the program needs of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from wizard.errors import ExitCode

if TYPE_CHECKING:
    from wizard.ui.conduct import Desk
    from wizard.ui.tui.look import Look


def run(desk: Desk, *, start: tuple[str, str | None] | None = None, look: Look | None = None) -> int:
    """Shows the wizard until the operator quits; returns the exit code of the process.

    `start` is a tunnel, with a symptom to begin at once or None to ask for it. Leaves one line on stdout.
    """
    from wizard.ui.tui.app import WizardApp

    app = WizardApp(desk, start=start, look=look)
    app.run()
    if app.return_code:
        return ExitCode.INCONCLUSIVE
    sys.stdout.write(f"{app.parting()}\n")
    return app.exit_code()
