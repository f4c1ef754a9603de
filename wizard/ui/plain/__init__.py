"""The plain front end: the same session as questions and lines, for screen readers and bare terminals."""

from wizard.ui.plain.home import start
from wizard.ui.plain.session import run

__all__ = ["run", "start"]
