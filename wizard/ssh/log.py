"""Where paramiko's own log goes: nowhere, until the program names a file; never to the screen."""

from __future__ import annotations

import logging

_LOGGER = logging.getLogger("paramiko")
# Without a handler of its own, tracebacks of its threads would be printed over the screen.
_LOGGER.addHandler(logging.NullHandler())
_LOGGER.propagate = False


def log_to(handler: logging.Handler, level: int = logging.WARNING) -> None:
    """Sends paramiko's log to a handler (a file) and to nothing else; DEBUG shows the whole key exchange."""
    for old in list(_LOGGER.handlers):
        _LOGGER.removeHandler(old)
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(level)
