"""An option that is to have a value, and where in the tunnel's own section it has to be written for that."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from wizard.facts.parsers import ipsec_lines, settings, settings_layout
from wizard.facts.parsers.ipsec_lines import Section, Sections
from wizard.facts.parsers.settings import Settings
from wizard.facts.parsers.settings_layout import Layout, Part, Path
from wizard.platforms.actions.base import Unplannable
from wizard.platforms.actions.edits import Change
from wizard.platforms.actions.stored import Stored

Level = Literal["connection", "local", "remote", "child"]
_ALSO_FROM: Final = (5, 3)
"""Since then Libreswan lets a connection change a value it got by `also`."""


@dataclass(frozen=True, slots=True)
class Want:
    """One option that is to have a value, in the words of the gateway's own configuration."""

    level: Level
    """What it is set for: the whole connection, one side's authentication, or the child."""
    keys: tuple[str, ...]
    """Spellings of the option; the first is written where none stands yet. In ipsec.conf `{local}` and `{remote}`
    are left or right."""
    value: str


def located(own: Stored, wants: Sequence[Want]) -> tuple[Change, ...]:
    """The changes of lines that give every want its value; raises Unplannable where one cannot be made safely."""
    return _swanctl(own, wants) if own.dialect == "swanctl" else _ipsec(own, wants)


def fulfilled(own: Stored, texts: dict[str, str], wants: Sequence[Want]) -> str:
    """What is not as wanted after the change, as a clause; empty when everything is."""
    as_planned = ipsec_lines.parse(own.texts, own.root, own.grammar)
    for want in wants:
        if own.dialect == "swanctl":
            read = settings.parse(texts, own.root)
            found = _value(read, _path(own, read, want), want)
            if found != want.value:
                return f"{want.keys[0]} would read {found!r}"
        else:
            sections = ipsec_lines.parse(texts, own.root, own.grammar)
            for name in _sections(own, want):
                section = sections.named("conn", name)
                values = sections.values(section)[0] if section is not None else {}
                keys = _sided(own, as_planned, want)
                effective = next((values[key].value for key in keys if key in values), None)
                if effective != want.value:
                    return f"{keys[0]} would read {effective!r}"
    return ""


# --- swanctl.conf -------------------------------------------------------------------------------


def _swanctl(own: Stored, wants: Sequence[Want]) -> tuple[Change, ...]:
    read = settings.parse(own.texts, own.root)
    layout = settings_layout.lay_out(own.texts, own.root)
    changes: list[Change] = []
    new: dict[Path, list[Want]] = {}
    for want in wants:
        path = _path(own, read, want)
        key = next((key for key in want.keys if layout.last_of(path, key)), want.keys[0])
        stands = layout.last_of(path, key)
        if _value(read, path, want) == want.value:
            continue
        if stands is None:
            new.setdefault(path, []).append(want)
            continue
        text = own.texts[stands.place.file]
        start = text.rfind("\n", 0, stands.begin) + 1
        if "\n" in text[stands.begin : stands.end]:
            raise Unplannable(
                f"the value of {key} in {stands.place} goes over several lines",
                advice=f"set {key} = {want.value} there by hand",
            )
        written = _quoted(want.value, '"' if text[stands.begin : stands.begin + 1] == '"' else "")
        if stands.begin == stands.end:
            written = f" {written}"
        changes.append(
            Change(stands.place.file, stands.place.line, stands.begin - start, stands.end - start, written)
        )
    for path, several in new.items():
        changes.append(_inserted(own, layout, path, several))
    return tuple(changes)


def _value(read: Settings, path: Path, want: Want) -> str | None:
    values = read.values(*path)
    return next((values[key].value for key in want.keys if key in values), None)


def _path(own: Stored, read: Settings, want: Want) -> Path:
    """The section a want belongs to; of several rounds of authentication the first."""
    base: Path = ("connections", own.connection.name)
    if want.level == "connection":
        return base
    if want.level == "child":
        if not own.child:
            raise Unplannable(f"{own.connection.name} has no child on {own.snapshot.gateway}")
        section = next((name for name in read.names(*base) if name.lower() == "children"), "children")
        return (*base, section, own.child)
    rounds = [name for name in read.names(*base) if name.lower().startswith(want.level)]

    def number(name: str) -> int:
        setting = read.values(*base, name).get("round")
        written = setting.value if setting is not None else None
        return int(written) if written is not None and written.isdigit() else 0

    return (*base, min(rounds, key=number, default=want.level))


def _inserted(own: Stored, layout: Layout, path: Path, wants: Sequence[Want]) -> Change:
    """New statements behind the opening brace of the section; its missing inner sections come with them."""
    missing: list[str] = []
    part = layout.part_of(path)
    at = path
    while part is None and len(at) > 2:
        missing.insert(0, at[-1])
        at = at[:-1]
        part = layout.part_of(at)
    if part is None:
        raise Unplannable(
            f"{own.connection.name} has no section of its own in the files of {own.snapshot.gateway}",
            advice=f"add {'; '.join(f'{want.keys[0]} = {want.value}' for want in wants)} for it by hand",
        )
    file = part.opened.file
    text = own.texts[file]
    start = text.rfind("\n", 0, part.inside) + 1
    stop = text.find("\n", part.inside)
    line_end = len(text) if stop == -1 else stop
    outer, inner = _indents(text, layout, part, file)
    rows = _nested(missing, wants, inner, inner[len(outer) :] or "  ")
    rest = text[part.inside : line_end].strip()
    column = part.inside - start
    if not rest or rest.startswith("#"):
        return Change(file, part.opened.line, None, column, "\n".join(rows))
    # Something else stands on the line: the new statements go in between, each on a line of its own.
    blank = line_end - part.inside - len(text[part.inside : line_end].lstrip(" \t"))
    return Change(file, part.opened.line, column, column + blank, "\n" + "\n".join(rows) + f"\n{inner}")


def _nested(missing: Sequence[str], wants: Sequence[Want], indent: str, deeper: str) -> list[str]:
    if not missing:
        return [f"{indent}{want.keys[0]} = {_quoted(want.value)}" for want in wants]
    inside = _nested(missing[1:], wants, indent + deeper, deeper)
    return [f"{indent}{missing[0]} {{", *inside, f"{indent}}}"]


def _indents(text: str, layout: Layout, part: Part, file: str) -> tuple[str, str]:
    """How the section itself is indented, and how what stands in it is."""
    lines = text.split("\n")
    outer = _indent(lines[part.place.line - 1]) if part.place.file == file else ""
    places = [one.place for one in layout.stated if one.path == part.path]
    places += [one.place for one in layout.parts if one.path[:-1] == part.path]
    inner = [
        _indent(lines[place.line - 1])
        for place in places
        if place.file == file and place.line > part.opened.line
    ]
    if inner:
        return outer, inner[0]
    unit = "\t" if outer.startswith("\t") else "  " if len(outer) % 4 and outer else "    "
    return outer, outer + unit


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _quoted(value: str, quotes: str = "") -> str:
    """A value as swanctl.conf needs it: in double quotes where a bare one would end early."""
    if re.search(r'[\r\n"\\]', value):
        raise Unplannable(f"the value {value!r} cannot be written safely", advice="set it by hand")
    bare = re.fullmatch(r"[^#}\s]+(?: [^#}\s]+)*", value)
    return f'"{value}"' if quotes or not bare else value


# --- ipsec.conf ---------------------------------------------------------------------------------


def _ipsec(own: Stored, wants: Sequence[Want]) -> tuple[Change, ...]:
    sections = ipsec_lines.parse(own.texts, own.root, own.grammar)
    changes: list[Change] = []
    new: dict[str, list[str]] = {}
    for want in wants:
        keys = _sided(own, sections, want)
        for name in _sections(own, want):
            section = sections.named("conn", name)
            if section is None:
                raise Unplannable(f"conn {name} stands in no file of {own.snapshot.gateway} that was read")
            values, _ = sections.values(section)
            effective = next((values[key] for key in keys if key in values), None)
            if effective is not None and effective.value == want.value:
                continue
            stands = [one for one in section.settings if one.key.lower() in keys]
            if stands:
                # strongSwan takes the last of two, Libreswan the first.
                counts = stands[-1 if own.grammar == "strongswan" else 0]
                changes.append(_replaced(own, counts.place.file, counts.place.line, want))
                continue
            _may_differ(own, sections, section, keys, want)
            new.setdefault(name, []).append(f"{keys[0]}={_shell_quoted(own, want.value)}")
    for name, rows in new.items():
        section = sections.named("conn", name)
        assert section is not None
        changes.append(_below(own, section, rows))
    return tuple(changes)


def _sections(own: Stored, want: Want) -> tuple[str, ...]:
    """The conns a want is for: charon puts several that differ only in their networks under one name."""
    if want.level == "child":
        name = own.child.partition("/")[0] if own.dialect == "libreswan" else own.child
        return (name or own.connection.name,)
    if own.dialect == "libreswan":
        return (own.connection.name,)
    return tuple(dict.fromkeys([own.connection.name, *(one.name for one in own.connection.children)]))


def _sided(own: Stored, sections: Sections, want: Want) -> tuple[str, ...]:
    """The spellings of an option with left or right put in; Libreswan takes a hyphen behind them, too."""
    if not any("{" in key for key in want.keys):
        return want.keys
    local = _local_side(own, sections)
    remote = "right" if local == "left" else "left"
    keys = [key.format(local=local, remote=remote) for key in want.keys]
    hyphened = (
        [re.sub(r"^(left|right)(?=.)", r"\1-", key) for key in keys] if own.dialect == "libreswan" else []
    )
    return tuple(dict.fromkeys([*keys, *hyphened]))


def _local_side(own: Stored, sections: Sections) -> str:
    """Which of left and right this gateway is, by what the parser made of the connection."""
    one = own.connection
    section = sections.named("conn", one.name)
    if section is not None and one.sides_known:
        values, _ = sections.values(section)
        stands = {str(setting.place): key for key, setting in values.items()}
        for field_name, place in one.where.items():
            key = stands.get(place, "")
            side = next((side for side in ("left", "right") if key.startswith(side)), None)
            if side is None:
                continue
            last = field_name.rpartition(".")[2]
            if field_name.startswith("local") or last.startswith("local"):
                return side
            if field_name.startswith("remote") or last.startswith("remote"):
                return "right" if side == "left" else "left"
    raise Unplannable(
        f"which side of {one.name} {own.snapshot.gateway} is cannot be told from its files",
        advice="set the option by hand, at the side that is this gateway",
    )


def _may_differ(own: Stored, sections: Sections, section: Section, keys: Sequence[str], want: Want) -> None:
    """Older releases of Libreswan refuse a connection that changes what it got by `also`."""
    if own.dialect != "libreswan" or own.release >= _ALSO_FROM:
        return
    for other in sections.included(section):
        for setting in other.settings:
            if setting.key.lower() in keys:
                raise Unplannable(
                    f"{section.name} has {setting.key} from {other.name} ({setting.place}), and this release of "
                    "Libreswan lets no connection change what it got by also=",
                    advice=f"move {keys[0]}={want.value} into the conns that include {other.name}, by hand",
                )


def _replaced(own: Stored, file: str, line: int, want: Want) -> Change:
    row = own.texts[file].split("\n")[line - 1]
    found = re.match(r"[^=]*=[ \t]*", row)
    begin = found.end() if found is not None else 0
    end = _value_end(row, begin, own.grammar)
    if found is None or end is None:
        raise Unplannable(
            f"the value in {file}:{line} goes over several lines or is not understood",
            advice=f"set {want.keys[0]} to {want.value} there by hand",
        )
    written = _shell_quoted(own, want.value)
    return Change(file, line, begin, end, written)


def _value_end(row: str, begin: int, grammar: str) -> int | None:
    """The column behind the value; None where it does not end on its line."""
    at, quoted = begin, False
    if grammar == "libreswan":
        opening = row[begin : begin + 1]
        closing = {'"': '"', "{": "}"}.get(opening)
        if closing is not None:
            end = row.find(closing, begin + 1) if closing == '"' else row.rfind(closing)
            return end + 1 if end > begin else None
        comment = re.search(r"(?:^|\s)#", row[begin:])
        return len(row[: begin + comment.start()].rstrip()) if comment else len(row.rstrip())
    while at < len(row):
        if quoted and row[at] == "\\":
            at += 1
        elif row[at] == '"':
            quoted = not quoted
        elif row[at] == "#" and not quoted and row[at - 1] != "@":
            break
        at += 1
    return None if quoted else max(len(row[:at].rstrip()), begin)


def _shell_quoted(own: Stored, value: str) -> str:
    """A value as ipsec.conf needs it: in double quotes where a bare one would end early."""
    if re.search(r'[\r\n"\\]', value):
        raise Unplannable(f"the value {value!r} cannot be written safely", advice="set it by hand")
    special = r"[\s#=]" if own.grammar == "strongswan" else r"[\s#{]"
    return f'"{value}"' if re.search(special, value.replace("@#", "")) else value


def _below(own: Stored, section: Section, rows: Sequence[str]) -> Change:
    """New lines below the section's header, indented as its first option is."""
    file, line = section.place.file, section.place.line
    lines = own.texts[file].split("\n")
    header = lines[line - 1]
    indent = next(
        (
            _indent(lines[one.place.line - 1])
            for one in section.settings
            if one.place.file == file and one.place.line > line
        ),
        "\t",
    )
    known = len(re.sub(r"\s*(?:\s#.*)?$", "", header))
    return Change(file, line, None, known, "\n".join(f"{indent}{row}" for row in rows))
