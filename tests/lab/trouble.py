"""The one kind of failure that the lab itself reports, so that every caller prints it as one sentence."""

from __future__ import annotations


class LabError(Exception):
    """The lab cannot do what was asked; the text says what is wrong and what to do."""
