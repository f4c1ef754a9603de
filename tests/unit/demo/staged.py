"""A recording made by hand, small enough to see through."""

from __future__ import annotations

from pathlib import Path

from wizard.choreography import Part, Watching
from wizard.demo.tape import Exchange, Header, Said, save
from wizard.facts.probes import Command

SAS = Command("sas", "$SUDO swanctl --list-sas --raw")
DATE = Command("date", "date +%s")
SLOW = Command("slow", "sleep 100", timeout_s=2)
CAPTURE = Command("capture", "tcpdump -i wan0", timeout_s=30)
EXERCISE = Part(
    watches=(Watching(CAPTURE, "listening on"),),
    before=(SAS,),
    act=(Command("go", "ping peer"),),
    after=(SAS,),
)
HEADER = Header(
    "psk-mismatch",
    "The keys differ",
    "Somebody changed one key.",
    "never-up",
    "psk-mismatch",
    ({"gateway": "gw-a", "connection": "site"}, {"gateway": "gw-b"}),
)


def said(
    command: Command, stdout: str, code: int | None = 0, stderr: str = "", elapsed_s: float = 0.1
) -> Said:
    return Said(command.id, command.text, stdout, stderr, code, elapsed_s)


TAPE_A = (
    Exchange((said(SAS, "none\n"), said(DATE, "1\n"))),
    Exchange((said(SAS, "connecting\n"), said(DATE, "2\n"))),
    Exchange((said(SLOW, "", 124, elapsed_s=2.0),)),
    Exchange(
        (
            said(CAPTURE, "IP a > b\nIP b > a\n", None, "listening on wan0\n"),
            said(SAS, "before\n"),
            said(EXERCISE.act[0], "1 received\n"),
            said(SAS, "after\n"),
        ),
        watches=1,
    ),
)
TAPE_B = (Exchange((said(SAS, "of gw-b ✓ \ud800\n", 1, "plugin failed\n"),)),)


def stage(folder: Path) -> Path:
    """A folder with two recordings: one broken, one healthy."""
    folder.mkdir(exist_ok=True)
    save(HEADER, {"gw-a": TAPE_A, "gw-b": TAPE_B}, folder)
    healthy = Header("healthy", "Nothing is wrong", "All is well.", "check", None, HEADER.ends)
    save(healthy, {"gw-a": (Exchange((said(SAS, "established\n"),)),), "gw-b": TAPE_B}, folder)
    return folder
