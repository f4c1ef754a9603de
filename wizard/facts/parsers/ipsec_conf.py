"""The configuration on disk as an ipsec.conf: strongSwan's with the stroke interface, or Libreswan's.

Secrets stand in files of their own (`ipsec_secrets`); those among the given files are read along, and their
values are known by salted digests only.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from wizard.facts.parsers import ipsec_lines, ipsec_secrets, pluto_conns, pluto_options, stroke_conns
from wizard.facts.parsers.ipsec_lines import Grammar, LineProblem, Section, Sections
from wizard.facts.parsers.settings import Setting
from wizard.facts.parsers.settings_tokens import Place
from wizard.facts.tunnel import ConfigProblem, Configuration, Connection, Dialect, ProblemScope, SharedSecret

__all__ = ["parse"]

_DIALECTS: Mapping[Grammar, Dialect] = {"strongswan": "ipsec.conf", "libreswan": "libreswan"}
_OLD_OPTIONS = frozenset(
    {
        "forceencaps",
        "nat_traversal",
        "oe",
        "interfaces",
        "modecfgdns1",
        "plutorestartoncrash",
        "auth",
        "fragicmp",
        "plutostderrlog",
        "klipsdebug",
        "plutoopts",
        "plutowait",
        "hidetos",
        "disablearrivalcheck",
        "prepluto",
        "postpluto",
    }
)
"""Options that Libreswan 4.0 no longer has: a file with one of them is for 3.x, or for Openswan before it."""
_OLD_VALUES = frozenset({("protostack", "klips"), ("protostack", "mast"), ("keyexchange", "ike")})
"""Values of that time; `keyexchange=ike` was the only one there was."""
_OLD = "3.0"
"""The release such files are read as."""
_FORERUNNER = re.compile(r"^\s*#.*(?:openswan|freeswan|frees/wan)", re.MULTILINE | re.IGNORECASE)
_CHANGED = (5, 3)
"""Since then Libreswan lets a connection change a value it got by `also`."""


def parse(
    files: Sequence[tuple[str, str]],
    root: str | None = None,
    *,
    dialect: Grammar,
    version: str | None = None,
    own_addresses: Collection[str] = (),
    unreadable: Sequence[str] = (),
    salt: str | None = None,
) -> Configuration:
    """Reads the root file, what it includes, and every ipsec.secrets among the files.

    `files` are (path, text) pairs; the root is the first that is named ipsec.conf, or the first at all. The
    gateway's own addresses say which side of a connection it is; without them a connection may come out with
    `sides_known` False. `salt` is used for secrets that are still plain. Raises nothing: what the program would
    refuse comes out as problems.
    """
    texts = dict(files)
    secrets, problems = ipsec_secrets.parse(
        [(path, text) for path, text in files if ipsec_secrets.is_secrets(path, text)],
        dialect=dialect,
        salt=salt,
    )
    configs = {path: text for path, text in files if not ipsec_secrets.is_secrets(path, text)}
    if not configs:
        return Configuration(
            secrets=secrets,
            problems=problems,
            files=tuple(texts),
            unreadable=tuple(unreadable),
            dialect=_DIALECTS[dialect],
            version=version,
        )
    start = root or next((path for path in configs if path.endswith("ipsec.conf")), next(iter(configs)))
    reader = _Reader(ipsec_lines.parse(configs, start, dialect), texts, version)
    connections = tuple(
        reader.connection(section, own_addresses) for section in reader.sections.connections()
    )
    return _configuration(reader, connections, secrets, problems, texts, tuple(unreadable))


def _configuration(
    reader: _Reader,
    connections: tuple[Connection, ...],
    secrets: tuple[SharedSecret, ...],
    problems: tuple[ConfigProblem, ...],
    texts: Mapping[str, str],
    unreadable: tuple[str, ...],
) -> Configuration:
    read = [
        *reader.sections.read,
        *(path for path, text in texts.items() if ipsec_secrets.is_secrets(path, text)),
    ]
    return Configuration(
        connections=connections,
        secrets=secrets,
        problems=(*reader.problems, *problems),
        files=tuple(dict.fromkeys(read)),
        unreadable=(*unreadable, *(f"{path} (not given)" for path in reader.sections.missing)),
        refused=any(one.scope == "file" for one in reader.problems),
        dialect=_DIALECTS[reader.sections.grammar],
        version=reader.version,
        authorities=reader.authorities(),
        templates=reader.templates(),
    )


class _Reader:
    """Turns sections into records and collects what the program would object to on the way."""

    def __init__(self, sections: Sections, texts: Mapping[str, str], version: str | None) -> None:
        self.sections, self.texts, self.version = sections, texts, version
        self.problems: list[ConfigProblem] = []
        self.stated = _numbers(version)
        """The release somebody said it is, not the one guessed."""
        if self.version is None and sections.grammar == "libreswan" and self._old():
            self.version = _OLD
        self.release = _numbers(self.version)
        if sections.problem is not None:
            self._note(sections.problem)

    def connection(self, section: Section, own: Collection[str]) -> Connection:
        """One connection with everything it inherits."""
        values, problem = self.sections.values(section)
        if problem is not None:
            self._note(problem)
        if self.sections.grammar == "strongswan":
            wrong = stroke_conns.problems_of(values)
            one = stroke_conns.connection(section.name, values, own)
        else:
            self._unknown(section)
            wrong = [*pluto_conns.problems_of(values), *self._changed(section, values)]
            one = pluto_conns.connection(section.name, values, own, self.release)
            self._sideless(section, values)
        for setting, message in wrong:
            self._problem(setting.place, message, "connection", section.name)
        return replace(one, where={section.name: str(section.place), **one.where})

    def _old(self) -> bool:
        """Whether the files were written for Libreswan 3.x or Openswan."""
        written = {
            (setting.key.lower(), (setting.value or "").lower())
            for section in self.sections.sections
            for setting in section.settings
        }
        if _OLD_VALUES & written or _OLD_OPTIONS & {key for key, _ in written}:
            return True
        read = "\n".join(self.texts.get(path, "") for path in self.sections.read)
        return bool(_FORERUNNER.search(read)) and "libreswan" not in read.lower()

    def authorities(self) -> tuple[str, ...]:
        """The files named by `cacert` in `ca` sections."""
        found: list[str] = []
        for section in self.sections.sections:
            if section.kind == "ca" and section.name != ipsec_lines.DEFAULT:
                values, _ = self.sections.values(section)
                if "cacert" in values and values["cacert"].value:
                    found.append(values["cacert"].value or "")
        return tuple(found)

    def templates(self) -> tuple[str, ...]:
        """The connections others include."""
        found = (
            one.name for section in self.sections.connections() for one in self.sections.included(section)
        )
        return tuple(dict.fromkeys(found))

    def _unknown(self, section: Section) -> None:
        for setting in section.settings:
            if pluto_options.known(setting.key):
                continue
            meant = pluto_options.meant(setting.key)
            advice = f"; '{meant}' is probably meant" if meant else ""
            self._problem(setting.place, f"unknown option '{setting.key}'{advice}", "file", section.name)

    def _sideless(self, section: Section, values: Mapping[str, Setting]) -> None:
        """A connection that is to be loaded and lacks the address of a side, which pluto leaves out."""
        auto = (values["auto"].value or "").lower() if "auto" in values else "ignore"
        if auto == "ignore" or self.sections.missing:
            return
        for side in ("left", "right"):
            if side not in values:
                self._problem(section.place, f"the connection has no '{side}='", "connection", section.name)

    def _changed(self, section: Section, values: Mapping[str, Setting]) -> list[tuple[Setting, str]]:
        """Values a connection sets otherwise than the section it includes, which older releases refuse."""
        numbers = self.stated
        if numbers is None or numbers >= _CHANGED:
            return []
        found: list[tuple[Setting, str]] = []
        for other in self.sections.included(section):
            for setting in other.settings:
                kept = values.get(setting.key.lower())
                key = setting.key.lower()
                if kept is None or key in ipsec_lines.APPENDED or kept.value == setting.value:
                    continue
                found.append(
                    (setting, f"'{key}' is set to another value in '{section.name}', which includes this")
                )
        return found

    def _note(self, problem: LineProblem) -> None:
        self._problem(problem.place, problem.message, "file", "")

    def _problem(self, place: Place, message: str, scope: ProblemScope, name: str) -> None:
        lines = self.texts.get(place.file, "").split("\n")
        line = lines[place.line - 1].strip() if place.line <= len(lines) else ""
        found = ConfigProblem(str(place), message, line, scope, name)
        if found not in self.problems:
            self.problems.append(found)


def _numbers(version: str | None) -> tuple[int, ...] | None:
    found = re.search(r"[0-9]{1,3}(?:\.[0-9]{1,3})+", version or "")
    return tuple(int(part) for part in found[0].split(".")) if found else None
