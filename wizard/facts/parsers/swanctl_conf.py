"""The configuration on disk: swanctl.conf with everything it includes, and what charon would refuse in it.

The files come from the gateway with their secrets already replaced by digests made there
(`wizard.platforms.gateway_scripts`); a value that is still plain, as in a saved folder, is digested here at
once, so that no record ever holds one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from wizard.facts.parsers import settings as settings_file
from wizard.facts.parsers import swanctl_options as options
from wizard.facts.parsers import swanctl_records as records
from wizard.facts.parsers.secret_digest import PREFIX, digest_of
from wizard.facts.parsers.settings import Place, Settings
from wizard.facts.parsers.swanctl_options import Check, Version
from wizard.facts.parsers.swanctl_records import Values
from wizard.facts.tunnel import (
    AuthRound,
    Child,
    ConfigProblem,
    Configuration,
    Connection,
    ProblemScope,
    SharedSecret,
)

__all__ = ["parse"]


def parse(
    files: Sequence[tuple[str, str]],
    *,
    root: str | None = None,
    unreadable: Sequence[str] = (),
    version: str | None = None,
    salt: str | None = None,
) -> Configuration:
    """Reads the root file and what it includes.

    `files` are (path, text) pairs; the root is the first of them unless named. `version` is the daemon's, to
    judge options and algorithms by; without it every one of 5.6 to 6.0 passes. `salt` is used for secrets
    that are still plain; without it their digests compare within this process only.
    """
    if not files:
        return Configuration(unreadable=tuple(unreadable))
    texts = dict(files)
    read = settings_file.parse(texts, root or files[0][0])
    reader = _Reader(read, texts, _numbers(version), salt)
    connections = tuple(reader.connection(name) for name in read.names("connections"))
    secrets = tuple(found for name in read.names("secrets") if (found := reader.secret(name)) is not None)
    reader.check_flat("authorities", "authority", options.AUTHORITY)
    return Configuration(
        connections=connections,
        secrets=secrets,
        problems=tuple(reader.problems),
        files=tuple(read.read),
        unreadable=tuple(unreadable),
        refused=read.problem is not None,
    )


def _numbers(version: str | None) -> Version | None:
    found = re.match(r"[0-9]{1,4}(?:\.[0-9]{1,4}){0,3}", version or "")
    return tuple(int(part) for part in found[0].split(".")) if found else None


class _Reader:
    """Turns sections into records and collects what charon would object to on the way."""

    def __init__(
        self, settings: Settings, texts: Mapping[str, str], version: Version | None, salt: str | None
    ) -> None:
        self.settings, self.texts, self.version, self.salt = settings, texts, version, salt
        self.problems: list[ConfigProblem] = []
        if settings.problem is not None:
            problem = settings.problem
            self.problems.append(
                ConfigProblem(str(problem.place), problem.message, self._line(problem.place))
            )

    def connection(self, name: str) -> Connection:
        """One connection; its children and rounds in their order."""
        path = ("connections", name)
        values = self._checked(path, options.CONNECTION, name)
        where = {name: str(self.settings.place(*path)), **records.places(values, records.CONNECTION_FIELDS)}
        local, remote = self._rounds(name, "local", where), self._rounds(name, "remote", where)
        for section in self.settings.names(*path):
            if section.lower() != "children" and not section.lower().startswith(("local", "remote")):
                self._problem(self.settings.place(*path, section), f"unknown section '{section}'", name)
        return Connection(
            name=name,
            version=records.integer(values, "version"),
            local_addrs=records.listed(values, "local_addrs"),
            remote_addrs=records.listed(values, "remote_addrs"),
            local_port=records.integer(values, "local_port"),
            remote_port=records.integer(values, "remote_port"),
            local=local,
            remote=remote,
            proposals=records.listed(values, "proposals") or None,
            children=tuple(self._children(name, values, where)),
            aggressive=records.boolean(values, "aggressive"),
            encap=records.boolean(values, "encap"),
            mobike=records.boolean(values, "mobike"),
            fragmentation=(records.text(values, "fragmentation") or "").lower() or None,
            dpd_delay_s=records.seconds(values, "dpd_delay"),
            rekey_time_s=records.seconds(values, "rekey_time"),
            reauth_time_s=records.seconds(values, "reauth_time"),
            pools=records.listed(values, "pools"),
            vips=records.listed(values, "vips"),
            where=where,
        )

    def secret(self, name: str) -> SharedSecret | None:
        """One shared secret, None for keys in files and for what the daemon ignores."""
        place = self.settings.place("secrets", name)
        kind = next((kind for kind in options.SECRET_KINDS if name.startswith(kind)), None)
        if kind is None:
            self._problem(place, f"'{name}' begins with no kind of secret such as ike or eap", name, "secret")
            return None
        if kind not in options.SHARED_KINDS:
            return None
        values = self.settings.values("secrets", name)
        value = values["secret"].value if "secret" in values else None
        if value is None:
            self._problem(place, f"'{name}' has no secret", name, "secret")
            return None
        return SharedSecret(
            name=name,
            identities=tuple(one.value or "" for key, one in values.items() if key.startswith("id")),
            digest=digest_of(value, self.salt),
            kind=kind,
            where=str(values["secret"].place),
        )

    def check_flat(self, section: str, scope: ProblemScope, known: frozenset[str]) -> None:
        """Looks for unknown options in sections that no record is made of."""
        for name in self.settings.names(section):
            for key, setting in self.settings.values(section, name).items():
                if key not in known:
                    self._problem(setting.place, f"unknown option '{key}'", name, scope)

    def _rounds(self, name: str, side: str, where: dict[str, str]) -> tuple[AuthRound, ...]:
        found: list[tuple[int, str, Values]] = []
        for section in self.settings.names("connections", name):
            if not section.lower().startswith(side):
                continue
            path = ("connections", name, section)
            values = self._checked(path, options.AUTHENTICATION, name)
            self._check_certificates(path, name)
            found.append((records.integer(values, "round") or 0, section, values))
        rounds: list[AuthRound] = []
        for number, (_, section, values) in enumerate(sorted(found, key=lambda one: one[0])):
            prefix = f"{side}.{number}"
            where[prefix] = str(self.settings.place("connections", name, section))
            places = records.places(values, records.ROUND_FIELDS)
            where.update({f"{prefix}.{field}": place for field, place in places.items()})
            rounds.append(records.round_of(values))
        return tuple(rounds)

    def _check_certificates(self, path: tuple[str, ...], name: str) -> None:
        for section in self.settings.names(*path):
            place = self.settings.place(*path, section)
            if not section.lower().startswith(("cert", "cacert")):
                self._problem(place, f"unknown section '{section}'", name)
                continue
            values = self._checked((*path, section), options.CERTIFICATE, name)
            if ("handle" in values) == ("file" in values):
                self._problem(place, f"'{section}' needs either a file or a handle", name)

    def _children(self, name: str, outer: Values, where: dict[str, str]) -> Iterator[Child]:
        for section in self.settings.names("connections", name):
            if section.lower() != "children":
                continue
            for child in self.settings.names("connections", name, section):
                path = ("connections", name, section, child)
                values = self._checked(path, options.CHILD, name)
                where[f"children.{child}"] = str(self.settings.place(*path))
                places = records.places(values, records.CHILD_FIELDS)
                where.update({f"children.{child}.{field}": place for field, place in places.items()})
                yield records.child_of(child, values, outer)

    def _checked(self, path: tuple[str, ...], known: Mapping[str, Check], name: str) -> Values:
        """The values in force there, after every unknown option and bad value was noted."""
        values = self.settings.values(*path)
        for key, setting in values.items():
            check = options.known(key, known, self.version)
            if check is None:
                self._problem(setting.place, f"unknown option '{key}'", name)
                continue
            value = setting.value or ""
            if PREFIX in value:
                # The filter on the gateway hid it; what nobody saw is not judged.
                continue
            for item in options.items(value) if key in options.LISTS else (value,):
                wrong = check(item, self.version) or _unprintable(item)
                if wrong is not None:
                    self._problem(setting.place, f"{key}: {wrong}", name)
        return values

    def _problem(self, place: Place, message: str, name: str, scope: ProblemScope = "connection") -> None:
        self.problems.append(ConfigProblem(str(place), message, self._line(place), scope, name))

    def _line(self, place: Place) -> str:
        lines = self.texts.get(place.file, "").split("\n")
        return lines[place.line - 1].strip() if place.line <= len(lines) else ""


def _unprintable(value: str) -> str | None:
    """The daemon takes printable ASCII only."""
    bad = next((character for character in value if not " " <= character <= "~"), None)
    return f"the character {bad!r} is not printable ASCII" if bad is not None else None
