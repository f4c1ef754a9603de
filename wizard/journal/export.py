"""A session's transcript as text or as a file, anonymised where it leaves the house."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from wizard.errors import Place, WizardError
from wizard.journal.anonymise import Anonymiser
from wizard.journal.render import SUFFIXES, render
from wizard.journal.store import new_file, read
from wizard.journal.transcript import Transcript

Names = Iterable[tuple[str, str]]
"""(kind, name) pairs the caller knows and an anonymised export must not hold: ("gateway", "bastion")."""


def exported(path: Path, form: str, *, anonymise: bool = False, names: Names = ()) -> str:
    """The transcript of a journal in one of `render.FORMATS`, even while another program writes the journal.

    Raises SessionError for a journal that cannot be read, InputError for an unknown format.
    """
    return render(_transcript(path, anonymise, names), form)


def export_to(folder: Path, path: Path, form: str, *, anonymise: bool = False, names: Names = ()) -> Path:
    """Writes the transcript into a folder (0600, over nothing that is there) and says where.

    The file is named after the session: in an anonymised export, after its pseudonym. Raises WizardError when
    the folder cannot be written to, and what `exported` raises.
    """
    transcript = _transcript(path, anonymise, names)
    content = render(transcript, form).encode()
    try:
        target, descriptor = new_file(folder, transcript.started.session, SUFFIXES[form])
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except OSError as error:
        raise WizardError(
            f"the transcript cannot be written: {error.strerror}",
            place=Place(str(folder)),
            advice="make room or choose another folder",
        ) from error
    return target


def _transcript(path: Path, anonymise: bool, names: Names) -> Transcript:
    entries = read(path).entries
    return Transcript.of(Anonymiser.of(entries, names).entries(entries) if anonymise else entries)
