"""What reads, replaces and adds a pre-shared key where it stands on the gateway, without anybody seeing it.

The key comes to awk through the environment and leaves it through a pipe: never on a command line, where every
user of the gateway could read it (proc(5), cmdline). What a daemon takes for the key is decoded by the same
functions as its digest, so that "0s…" is written for the very bytes the other end uses.
"""

from __future__ import annotations

from shlex import quote
from typing import Final

from wizard.facts.tunnel import Dialect
from wizard.platforms.gateway_scripts import DECODERS

_COMMON: Final = r"""
BEGIN {
  for (i = 1; i < 256; i++) ord[sprintf("%c", i)] = i
  at = ENVIRON["LINE"] + 0; mode = ENVIRON["MODE"]; owner = squeezed(ENVIRON["OWNER"]); left = 0; done = 0
}
left { next }
done || NR < at { before($0); if (mode == "write") print; next }
{ value($0) }
END { if (left) exit left; if (!done) exit 3 }

function squeezed(text) { gsub(/[ \t\r]+/, " ", text); sub(/^ /, "", text); sub(/ $/, "", text); return text }
function leave(code) { left = code }
function found(line, from, to, oct) {
  done = 1
  if (mode == "read") { if (oct == "!" || oct == "") leave(5); else print oct }
  else if (mode == "write") print substr(line, 1, from - 1) ENVIRON["V"] substr(line, to)
}
"""

_SWANCTL: Final = r"""
function before(line) {
  sub(/#.*$/, "", line)
  if (line ~ /^[ \t\r]*$/) return
  if (pending != "" && line ~ /^[ \t]*[{]/) line = pending line
  pending = line ~ /^[ \t]*[^ \t{}=:,]+[ \t\r]*$/ ? squeezed(line) " " : ""
  while (match(line, /[^ \t{}=:,]+[ \t]*(:[^{}=]*)?[{]/)) {
    section = substr(line, RSTART, RLENGTH); sub(/[ \t:{].*$/, "", section); line = substr(line, RSTART + RLENGTH)
  }
}
function value(line,   key, i, n, c, w, from, to, whole, parts, closed, low, oct) {
  key = "(^|[ \t{}])secret[ \t]*="
  if (!match(line, key)) { leave(3); return }
  i = RSTART + RLENGTH; before(substr(line, 1, RSTART))
  if (squeezed(section) != owner) { leave(4); return }
  if (match(substr(line, i), key)) { leave(3); return }
  n = length(line); from = 0; to = i; whole = ""; parts = 0
  while (i <= n) {
    c = substr(line, i, 1)
    if (c == " " || c == "\t" || c == "\r") { i++; continue }
    if (c == "#" || c == "}") break
    if (!from) from = i
    if (c == "\"") {
      w = ""; closed = 0; i++
      while (i <= n && !closed) {
        c = substr(line, i, 1)
        if (c == "\"") closed = 1
        else if (c == "\\") {
          c = substr(line, ++i, 1)
          if (c == "") { leave(3); return }
          w = w (c == "n" ? "\n" : c == "r" ? "\r" : c == "t" ? "\t" : c)
        } else w = w c
        i++
      }
      if (!closed) { leave(3); return }
    } else { match(substr(line, i), /^[^#}"\r\t ]+/); w = substr(line, i, RLENGTH); i += RLENGTH }
    whole = whole (parts++ ? " " : "") w; to = i
  }
  if (!from) { leave(3); return }
  low = tolower(substr(whole, 1, 2))
  oct = low == "0x" ? hex(substr(whole, 3)) : low == "0s" ? base64(substr(whole, 3)) : plain(whole)
  found(line, from, to, oct)
}
"""

_SECRETS: Final = r"""
function before(line) { }
function value(line,   i, n, c, from, close_at, word, low, oct) {
  n = length(line); i = 1
  if (NR > at && line !~ /^[ \t]/) { leave(3); return }
  if (!kind) {
    if (!match(line, /(^|[ \t]):[ \t]*[Pp][Ss][Kk]/)) {
      if (NR == at && squeezed(line) != owner) { leave(4); return }
      if (mode == "write") print
      return
    }
    i = RSTART + RLENGTH; kind = 1
    if (NR == at && squeezed(substr(line, 1, RSTART == 1 && substr(line, 1, 1) == ":" ? 0 : RSTART)) != owner) {
      leave(4); return
    }
    if (i <= n && substr(line, i, 1) !~ /[ \t\r"']/) { leave(3); return }
  }
  while (i <= n && substr(line, i, 1) ~ /[ \t\r]/) i++
  c = substr(line, i, 1)
  if (c == "" || c == "#") { if (mode == "write") print line; return }
  from = i
  if (c == "\"" || c == "'") {
    close_at = index(substr(line, i + 1), c)
    if (!close_at) { leave(3); return }
    found(line, from, i + close_at + 1, plain(substr(line, i + 1, close_at - 1))); return
  }
  match(substr(line, i), /^[^ \t\r]+/); word = substr(line, i, RLENGTH); low = tolower(substr(word, 1, 2))
  oct = low == "0x" ? hex(substr(word, 3)) : low == "0s" ? base64(substr(word, 3)) : \
    plain(low == "0t" ? substr(word, 3) : word)
  found(line, from, i + length(word), oct)
}
"""

_ADD: Final = r"""
{ print }
END { printf "%s%s%s", ENVIRON["HEAD"], ENVIRON["V"], ENVIRON["TAIL"] }
"""


def _program(dialect: Dialect) -> str:
    return _COMMON + (_SWANCTL if dialect == "swanctl" else _SECRETS) + DECODERS


def _awk(mode: str, path: str, line: int, owner: str, dialect: Dialect) -> str:
    settings = f"LINE={line} OWNER={quote(owner)} MODE={mode} LC_ALL=C"
    return f"{settings} awk {quote(_program(dialect))} {quote(path)}"


def found(path: str, line: int, owner: str, dialect: Dialect) -> str:
    """Leaves with 0 where the key of `owner` stands in that line of the file in a form that can be replaced.

    `owner` is what stands before the key: the section's name in swanctl.conf, the identities as written in a
    secrets file. Leaves with 3 where the key is written in a way that is not understood, 4 where another's stands.
    """
    return f"{_awk('test', path, line, owner, dialect)} >/dev/null"


def read(path: str, line: int, owner: str, dialect: Dialect) -> str:
    """Prints the decoded key as base64 on one line; for root's `sh`."""
    return (
        "case $(command -V printf 2>/dev/null) in *builtin*) ;; *) echo 'this shell has no printf' >&2; exit 1;; esac\n"
        f'O=$({_awk("read", path, line, owner, dialect)}) && [ -n "$O" ] || '
        f"{{ echo {quote(f'no key was found in {path}, line {line}, where it stood')} >&2; exit 1; }}\n"
        "if command -v base64 >/dev/null 2>&1; then printf '%b' \"$O\" | base64 | tr -d '\\n'; "
        "else printf '%b' \"$O\" | openssl base64 -A; fi"
    )


def write(path: str, line: int, owner: str, dialect: Dialect) -> str:
    """Puts the step's secret in the place of the key; words of the guard."""
    return (
        f'V=0s$(secret); [ "$V" != 0s ] && export V && keep {quote(path)} &&\n'
        f"{found(path, line, owner, dialect)} &&\n{_awk('write', path, line, owner, dialect)} | put {quote(path)}"
    )


def add(path: str, head: str, tail: str, exists: bool) -> str:
    """Adds the step's secret between two texts at the end of a file, which is made where there is none."""
    source = quote(path) if exists else "/dev/null"
    return (
        f'V=0s$(secret); [ "$V" != 0s ] && export V && keep {quote(path)} &&\n'
        f"HEAD={quote(head)} TAIL={quote(tail)} awk {quote(_ADD)} {source} | put {quote(path)} 600"
    )
