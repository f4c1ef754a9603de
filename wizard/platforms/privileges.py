"""What is run on a gateway as root, read from the very commands that run it.

Whatever follows `$SUDO` in a command is taken apart into words. A word the shell fills in stands for what its
variable can hold: the values of a loop or an assignment in the same script, else the pattern declared here. What
is neither is an error, so that no command can ask for root without being granted, nor be granted too much.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final

_COMPONENT: Final = "[[:alnum:]_][[:alnum:]_.@+-]*"
"""A name in a path: never `..`, never an option, never a space."""
_ETC: Final = "(/usr/local)?/etc/(strongswan/)?"
_CONFIG: Final = (
    f"({_ETC}(ipsec[.](conf|secrets)|(swanctl|ipsec[.]d)/({_COMPONENT}/)*{_COMPONENT}[.](conf|secrets))"
    "|/var/lib/strongswan/ipsec[.](conf|secrets)[.]inc)"
)
_CONFIGS: Final = f"{_CONFIG}( {_CONFIG})*"
NAME: Final = "[[:alnum:]_][[:alnum:]_.@%+/-]*"
NUMBER: Final = "[[:digit:]]+"
INTERFACE: Final = "[[:alnum:]][[:alnum:]_.@-]*"
ADDRESS: Final = "[[:xdigit:].:]+"
LOG: Final = f"/var/log/({_COMPONENT}/)*{_COMPONENT}"
FILTER: Final = "[][:alnum:] .:()=!&/[]+"
"""A pcap filter; without a hyphen there can be no further option of tcpdump in it, such as -w or -z."""
GUARD: Final = "[[:alnum:]]+(-[[:alnum:]]+)*"
_ENDPOINT: Final = "[[:alnum:]:][[:alnum:]_.:%@-]*"
_COUNT: Final = "[[:digit:]]+"
ECHOES: Final = f"(-i 0[.]2 )?-W [12]( -M do)?( -s {_COUNT})? -c {_COUNT}( -I {_ENDPOINT})? {_ENDPOINT}"
"""What a function of our scripts hands on to ping: never a flood, a pattern or a file."""

VARIABLES: Final[Mapping[str, str]] = {
    "rest": _CONFIGS,
    "f": _CONFIGS,
    "folder": f"/(etc|usr/local/etc|var/lib/strongswan)(/{_COMPONENT})*",
    "name": "[[:alnum:]?_.*@+-]+",
    "path": f"/({_COMPONENT}/)*{_COMPONENT}",
    "2": LOG,
    "F": LOG,
    "N": NAME,
    "sa": NUMBER,
    "one": NUMBER,
    "id#uniqueid=": NUMBER,
    "INTERFACE": INTERFACE,
    "FILTER": FILTER,
    "LIMIT:-400": NUMBER,
    "@": ECHOES,
}
"""What a variable of our scripts may hold where root sees it, as a POSIX extended regular expression."""

RULES: Final = tuple(
    f"{tool}{kind}" for kind in ("", "-nft", "-legacy") for tool in ("iptables", "ip6tables")
)
"""The packet filter's tools, without their `-save`."""
CHOICES: Final[Mapping[str, Sequence[str]]] = {
    "tool": tuple(f"{tool}-save" for tool in RULES),
    "SECONDS_MAX:-30": ("30",),
}
"""Values of variables that are computed from other variables, or are the default."""

_SUDO: Final = re.compile(r"\$SUDO[ \t]+")
_OPTIONAL: Final = re.compile(r"\$\{SUDO:\+((?:[^{}]|\{[^{}]*\})*)\}")
_LOOP: Final = re.compile(r"\bfor ([A-Za-z_]\w*) in ((?:[^;\n$`'\"]|\\\n)+?)[ \t]*(?:;|\n[ \t]*do\b)")
_ASSIGNED: Final = re.compile(
    r"(?:^|[\s;&|])([A-Za-z_]\w*)=(?:\"([^\"$`]+)\"|([A-Za-z0-9/._-]+))(?=[\s;)]|$)", re.MULTILINE
)
_REDIRECT: Final = re.compile(r"[0-9]*(?:[<>]{1,2}&?)[ \t]*[^\s;|&()<>]+")
_VARIABLE: Final = re.compile(r"\$(?:\{([^{}]*)\}|([A-Za-z_]\w*|[0-9@]))")


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a part of a word may be, as a POSIX extended regular expression."""

    text: str


Part = str | Pattern
Word = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Invocation:
    """One program run as root, with its arguments; `program` is the name the shell looks up."""

    program: str
    arguments: tuple[Word, ...]

    @property
    def exact(self) -> bool:
        """Whether nothing in it is left open."""
        return all(isinstance(part, str) for word in self.arguments for part in word)

    def shown(self) -> str:
        """For people and for comparison: patterns in angle brackets."""
        words = ("".join(p if isinstance(p, str) else f"<{p.text}>" for p in word) for word in self.arguments)
        return " ".join((self.program, *words))


class UnknownPrivilege(ValueError):
    """A command runs as root what nobody has declared; names the command and the variable."""


@dataclass(slots=True)
class _Reader:
    """Takes one script apart."""

    text: str
    sentinels: Mapping[str, str]
    """Words that stand for a value a command is built with → what it may be."""
    _values: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.text = _OPTIONAL.sub(r"\1", self.text).replace("\\\n", " ")
        for name, words in _LOOP.findall(self.text):
            self._values.setdefault(name, []).extend(words.split())
        for name, quoted, bare in _ASSIGNED.findall(self.text):
            self._values.setdefault(name, []).append(quoted or bare)

    def invocations(self) -> Iterator[Invocation]:
        for found in _SUDO.finditer(self.text):
            words = [list(self._alternatives(word)) for word in _words(self.text, found.end())]
            for chosen in product(*words):
                flat = [word for several in chosen for word in several]
                program = flat[0]
                if len(program) != 1 or not isinstance(program[0], str):
                    raise UnknownPrivilege(f"the program run as root is not known in {self._near(found)}")
                yield Invocation(program[0], tuple(flat[1:]))

    def _near(self, found: re.Match[str]) -> str:
        return repr(self.text[found.start() : found.start() + 80])

    def _alternatives(self, word: Sequence[tuple[str, str]]) -> Iterator[tuple[Word, ...]]:
        """Every reading of a word; a variable without quotes may be several words."""
        if len(word) == 1 and word[0][0] == "bare":
            for value in self._held(word[0][1]):
                if isinstance(value, Pattern):
                    yield ((value,),)
                else:
                    yield tuple((one,) for one in value.split())
            return
        readings = (
            [tuple(self._marked(text))] if kind == "text" else [(value,) for value in self._held(text)]
            for kind, text in word
        )
        for chosen in product(*readings):
            yield (tuple(part for several in chosen for part in several),)

    def _held(self, name: str) -> Iterator[Part]:
        if name in CHOICES:
            yield from CHOICES[name]
        elif name in VARIABLES:
            yield Pattern(VARIABLES[name])
        elif name in self._values:
            yield from dict.fromkeys(self._values[name])
        else:
            raise UnknownPrivilege(
                f"nobody has declared what ${name} may hold as root, in {self.text[:60]!r}"
            )

    def _marked(self, text: str) -> Iterator[Part]:
        """A literal, with values the command was built with taken out."""
        while text:
            first = min(
                ((text.find(one), one) for one in self.sentinels if one in text), default=(len(text), "")
            )
            if first[0]:
                yield text[: first[0]]
            if first[1]:
                yield Pattern(self.sentinels[first[1]])
            text = text[first[0] + len(first[1]) :]


def _words(text: str, at: int) -> Iterator[list[tuple[str, str]]]:
    """The words of one simple command: parts that are text, a variable, or a bare (unquoted) variable."""
    word: list[tuple[str, str]] = []
    started = quoted = False
    while at < len(text):
        char = text[at]
        if not quoted and (redirect := _REDIRECT.match(text, at)) and not started:
            at = redirect.end()
        elif not quoted and char in " \t;|&()\n<>":
            if started:
                yield word
            if char not in " \t":
                return
            word, started, at = [], False, at + 1
        elif char == "'" and not quoted:
            end = text.index("'", at + 1)
            _add(word, text[at + 1 : end])
            started, at = True, end + 1
        elif char == '"':
            quoted, started, at = not quoted, True, at + 1
        elif char == "\\" and (not quoted or text[at + 1] in '$`"\\'):
            _add(word, text[at + 1])
            started, at = True, at + 2
        elif char == "$":
            found = _VARIABLE.match(text, at)
            if found is None:
                raise UnknownPrivilege(f"what is run as root is computed in {text[at : at + 60]!r}")
            word.append(("held" if quoted else "bare", found[1] or found[2]))
            started, at = True, found.end()
        else:
            _add(word, char)
            started, at = True, at + 1
    if started:
        yield word


def _add(word: list[tuple[str, str]], text: str) -> None:
    if word and word[-1][0] == "text":
        text = word.pop()[1] + text
    word.append(("text", text))


def invocations(text: str, sentinels: Mapping[str, str]) -> Iterator[Invocation]:
    """What a shell script runs through `$SUDO`; raises UnknownPrivilege where it cannot be told."""
    yield from _Reader(text, sentinels).invocations()


def distinct(found: Iterable[Invocation]) -> tuple[Invocation, ...]:
    """Each invocation once, in the order they come."""
    return tuple(dict.fromkeys(found))
