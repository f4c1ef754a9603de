"""Changes of lines of a file on a gateway: looked at before, checked again when made, and everything else kept.

Only what stands before the end of the changed part has to be known of a line, so comments and secrets behind it
never leave the gateway. The rest of the file is copied byte for byte: line ends, a missing last one, and all.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from shlex import quote
from typing import Final

from wizard.engine.plan import Step
from wizard.facts.model import End
from wizard.facts.parsers import framed
from wizard.facts.parsers.secret_digest import PREFIX
from wizard.facts.probes import Command, Output
from wizard.platforms.actions.base import Unplannable

_OWNED: Final = re.compile(
    r"(?i)generated (?:by|from)|(?:auto-?|automatically )generated|managed by|do not edit|"
    r"ansible|puppet|\bchef\b|saltstack"
)
"""Words of a file's first lines by which a program says that it writes it."""
OWNED_PATHS: Final = (
    ("/config/", "VyOS"),
    ("/opt/vyatta/", "VyOS"),
    ("/etc/NetworkManager/", "NetworkManager"),
    ("/run/NetworkManager/", "NetworkManager"),
    ("/usr/local/etc/swanctl/", "OPNsense"),
    ("/var/etc/ipsec/", "pfSense"),
)
"""Folders whose files other programs write, and which."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one line: what stands from `begin` to `end` becomes `text`; lines count from 1."""

    file: str
    line: int
    begin: int | None
    """Column from 0; None: `text` becomes new lines below this one."""
    end: int
    """Up to where the line has to be as it was."""
    text: str


@dataclass(frozen=True, slots=True)
class _Line:
    """One line with its changes: a known head, its new form, and lines to come below."""

    number: int
    head: str
    new: str
    below: tuple[str, ...]


def altered(texts: Mapping[str, str], changes: Sequence[Change]) -> dict[str, str]:
    """The texts with the changes made."""
    found = dict(texts)
    for file in dict.fromkeys(change.file for change in changes):
        lines = texts[file].split("\n")
        for line in reversed(_lines(texts[file], [one for one in changes if one.file == file])):
            ending = "\r" if lines[line.number - 1].endswith("\r") else ""
            rest = lines[line.number - 1][len(line.head) :]
            below = [f"{one}{ending}" for one in line.below]
            first = [f"{one}{ending}" for one in line.new.split("\n")[:-1]]
            lines[line.number - 1 : line.number] = [*first, f"{line.new.split(chr(10))[-1]}{rest}", *below]
        found[file] = "\n".join(lines)
    return found


def _lines(text: str, changes: Sequence[Change]) -> list[_Line]:
    """The touched lines of one file in order; raises Unplannable where a secret stands before a change."""
    rows = text.split("\n")
    found: list[_Line] = []
    for number in sorted({one.line for one in changes}):
        row = rows[number - 1]
        inline = sorted(
            (one.begin, one.end, one.text) for one in changes if one.line == number and one.begin is not None
        )
        below = tuple(
            line
            for one in changes
            if one.line == number and one.begin is None
            for line in one.text.split("\n")
        )
        head = row[: max(one.end for one in changes if one.line == number)]
        if PREFIX in head:
            raise Unplannable(
                f"line {number} holds a secret or something this program may not see before what would be changed"
            )
        new = head
        for begin, end, written in reversed(inline):
            new = f"{new[:begin]}{written}{new[end:]}"
        found.append(_Line(number, head, new, below))
    return found


def look(texts: Mapping[str, str], changes: Sequence[Change]) -> tuple[Command, ...]:
    """What has to be seen of each file before it is changed: what it is, its sum, and how the lines begin."""
    commands: list[Command] = []
    for number, file in enumerate(dict.fromkeys(change.file for change in changes)):
        touched = _lines(texts[file], [one for one in changes if one.file == file])
        script = [
            f"F={quote(file)}",
            'echo "@@ real"; readlink -f "$F"',
            'echo "@@ kind"; [ -f "$F" ] && echo file; [ -w "$F" ] && echo writable',
            'echo "@@ sum"; sha256sum <"$F" | cut -d " " -f 1',
            'echo "@@ size"; wc -c <"$F"',
            'echo "@@ lines"; wc -l <"$F"',
            'echo "@@ attributes"; lsattr -d "$(readlink -f "$F")" 2>/dev/null',
            f'echo "@@ owner"; sed -n "1,12s/^[[:space:]]*[#;]//p" "$F" | grep -iEo {quote(_SHELL_OWNED)}',
        ]
        for line in touched:
            size = len(line.head.encode())
            script.append(
                f'echo "@@ begins {line.number}"; sed -n {line.number}p "$F" | head -c {size} | base64'
            )
            script.append(
                f'echo "@@ ends {line.number}"; sed -n {line.number}p "$F" | tail -c 2 | od -An -to1'
            )
        text = f"$SUDO sh -c {quote(chr(10).join(script) + chr(10) + ':')}"
        shown = (
            f"sha256sum {quote(file)}; sed -n '{','.join(f'{one.number}p' for one in touched)}' {quote(file)}"
        )
        commands.append(Command(f"file-{number}", text, 10, show=shown))
    return tuple(commands)


_SHELL_OWNED: Final = (
    "generated by [[:alnum:]._-]*|generated from [[:alnum:]./_-]*|auto-?generated|automatically generated|"
    "managed by [[:alnum:]._-]*|do not edit|ansible|puppet|chef|saltstack"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What `look` has seen of one file."""

    file: str
    sum: str
    size: int
    lines: int
    """How many line ends it has."""
    carriage: Mapping[int, bool]
    """Touched line → whether it ends with a carriage return."""
    warnings: tuple[str, ...] = ()


def seen(texts: Mapping[str, str], changes: Sequence[Change], outputs: Mapping[str, Output]) -> list[Seen]:
    """What the looks say; raises Unplannable where a file may not or cannot be changed as planned."""
    found: list[Seen] = []
    for number, file in enumerate(dict.fromkeys(change.file for change in changes)):
        output = outputs.get(f"file-{number}")
        if output is None or output.problem is not None:
            raise Unplannable(
                f"{file} could not be looked at: {output.problem if output else 'nothing came'}"
            )
        parts = {part.name: part.body for part in framed.sections(output.stdout)}
        kind = parts.get("kind", "").split()
        if "file" not in kind or not re.fullmatch(r"[0-9a-f]{64}", parts.get("sum", "").strip()):
            raise Unplannable(f"{file} could not be read as root", advice=output.stderr.strip() or None)
        flags = parts.get("attributes", "").split(maxsplit=1)
        if flags and set(flags[0]) & {"i", "a"}:
            raise Unplannable(
                f"{file} is marked as immutable",
                advice=f"somebody wanted it so; chattr -{'i' if 'i' in flags[0] else 'a'} {file} would lift it",
            )
        if "writable" not in kind:
            raise Unplannable(f"{file} cannot be written: its file system is read-only")
        touched = _lines(texts[file], [one for one in changes if one.file == file])
        for line in touched:
            begins = _decoded(parts.get(f"begins {line.number}", ""))
            if begins != line.head.encode():
                raise Unplannable(
                    f"{file}:{line.number} is not what it was when it was read", advice="try again"
                )
        real = parts.get("real", "").strip() or file
        found.append(
            Seen(
                file,
                parts["sum"].strip(),
                int(parts.get("size", "0").strip() or 0),
                int(parts.get("lines", "0").strip() or 0),
                {line.number: "015" in parts.get(f"ends {line.number}", "").split() for line in touched},
                _warned(file, real, parts.get("owner", "")),
            )
        )
    return found


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        return None


def _warned(file: str, real: str, owner: str) -> tuple[str, ...]:
    said: list[str] = []
    words = next((line.strip() for line in owner.splitlines() if _OWNED.search(line)), None)
    if words is not None:
        said.append(
            f'{file} says of itself "{words}": the change lasts only until that program writes it again'
        )
    for folder, program in OWNED_PATHS:
        if real.startswith(folder):
            said.append(f"{file} is written by {program}: the change lasts only until that writes it again")
    return tuple(said)


def step(
    end: End, gateway: str, texts: Mapping[str, str], changes: Sequence[Change], one: Seen, title: str
) -> Step:
    """The step that makes all changes of one file, and its way back."""
    own = [change for change in changes if change.file == one.file]
    touched = _lines(texts[one.file], own)
    file = quote(one.file)
    checks: list[str] = []
    pieces: list[str] = []
    verify: list[str] = []
    size, done, moved = one.size, 0, 0
    shown: list[str] = []
    for line in touched:
        known, number = len(line.head.encode()), line.number
        ending = "\r" if one.carriage.get(number) else ""
        if known:
            checks.append(
                f'[ "$(sed -n {number}p {file} | head -c {known})" = {quote(line.head)} ] || '
                f'{{ say "{_plain(one.file)}:{number} is not as it was planned"; exit 76; }}'
            )
        if number > done + 1:
            pieces.append(f"sed -n '{done + 1},{number - 1}p' {file}")
        new = line.new.replace("\n", f"{ending}\n")
        if new:
            pieces.append(f"printf %s {quote(new)}")
        pieces.append(f"sed -n {number}p {file} | tail -c +{known + 1}")
        size += len(new.encode()) - known
        below = "".join(f"{each}{ending}\n" for each in line.below)
        if below:
            ended = number <= one.lines
            below = below if ended else f"\n{below[:-1]}"
            pieces.append(f"printf %s {quote(below)}")
            size += len(below.encode())
        first = number + moved
        if new != line.head:
            last = new.rpartition("\n")[2]
            at = first + new.count("\n")
            verify.append(f'[ "$(sed -n {at}p {file} | head -c {len(last.encode())})" = {quote(last)} ]')
            if "\n" not in new:
                shown.append(_replaced(number, line, one.file))
        moved += new.count("\n")
        for offset, each in enumerate(line.below, start=1):
            verify.append(f'[ "$(sed -n {number + moved + offset}p {file})" = {quote(each + ending)} ]')
        if line.below:
            joined = "\\n".join(line.below)
            shown.append(f"sed -i '{number}a\\{joined}' {one.file}")
        moved += len(line.below)
        done = number
    pieces.append(f"sed -n '{done + 1},$p' {file}")
    body = "\n".join(f"  {piece} &&" for piece in pieces)
    apply = "\n".join(
        [
            *checks,
            f'keep {file} && ( umask 077; {{\n{body}\n  :\n}} >"$G/new.$N" ) &&',
            f'[ "$(wc -c <"$G/new.$N")" -eq {size} ] && put {file} <"$G/new.$N"; x=$?',
            'rm -f "$G/new.$N"; [ "$x" = 0 ] || exit "$x"',
        ]
    )
    after = altered(texts, own)[one.file]
    diff = unified_diff(
        texts[one.file].split("\n"), after.split("\n"), f"a{one.file}", f"b{one.file}", lineterm="", n=3
    )
    return Step(
        end=end,
        gateway=gateway,
        title=title,
        apply=apply,
        undo=f"give_back {file}",
        requires=f"same {file} {one.sum}",
        verify=" && ".join(verify),
        show=tuple(shown) or (f"edit {one.file}",),
        show_undo=(f"put {one.file} back as it was, byte for byte",),
        show_verify=f"the changed lines stand in {one.file}",
        diff=tuple(line.rstrip("\r") for line in diff),
    )


def _replaced(number: int, line: _Line, file: str) -> str:
    """The change of one line as a sed command."""
    start = 0
    while start < min(len(line.head), len(line.new)) and line.head[start] == line.new[start]:
        start += 1
    while start and (line.head[start - 1 : start].isalnum() or line.head[start - 1 : start] in "-_."):
        start -= 1
    old, new = (re.sub(r"([\\/&.*\[\]^$|])", r"\\\1", part[start:]) for part in (line.head, line.new))
    return f"sed -i {quote(f'{number}s|{old}|{new}|')} {file}"


def _plain(text: str) -> str:
    return re.sub(r'[\\"$`]', "?", text)
