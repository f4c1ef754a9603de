"""Scripts that run on the gateway because what they read must not leave it as it is.

A secret never crosses: it is replaced, where it stands, by a digest salted for this session. The value reaches
`sha256sum` through a pipe from a builtin only, never on a command line, where `ps` would show it.
"""

from __future__ import annotations

from shlex import quote
from typing import Final

from wizard.facts.parsers import swanctl_options as options

_KEYS: Final = " ".join(
    sorted(
        {
            *options.CONNECTION,
            *options.AUTHENTICATION,
            *options.CERTIFICATE,
            *options.CHILD,
            *options.AUTHORITY,
        }
        | options.POOL
        | {"connections", "secrets", "children", "pools", "authorities", "local", "remote"}
    )
)

_AWK: Final = r"""
# Follows the daemon's own scanner (swanctl.conf has strings over several lines, comments without a blank, sections
# on one line), so that nothing of a secret is mistaken for something else. Values of options nobody knows, comments,
# and whatever follows an error are hidden, with all lines kept in their places.
# Out come pieces for the shell: L a line, T text without its end, S a secret in octal, X one without digest, E the end.
BEGIN {
  for (i = 1; i < 256; i++) ord[sprintf("%c", i)] = i
  count = split(KEYS, word, " "); for (i = 1; i <= count; i++) known[word[i]] = 1
  files = split(ENVIRON["FILES"], file, "\n"); at = 0
  begin()
}
{
  if (files) place()
  scan($0)
}
END { finish(); print "E" }

function place(   i) {
  if (at && substr($0, 1, length(file[at]) + 1) == file[at] ":") { $0 = substr($0, length(file[at]) + 2); return }
  for (i = 1; i <= files; i++)
    if (file[i] != "" && substr($0, 1, length(file[i]) + 1) == file[i] ":") {
      if (at) finish()
      at = i; begin(); print "L@@ " file[i]; $0 = substr($0, length(file[i]) + 2); return
    }
  hidden = 1
}
function begin() {
  state = "name"; step = 0; depth = 0; inside[0] = 0; hidden = 0; out = ""; held = ""; masked = ""; section = ""
}
function finish() {
  if (state == "string" && back == "value") { part("", "\"digest:!hidden" newlines(raw)); value_ends() }
  else if (state == "string") put(newlines(raw))
  else if (state == "value") value_ends()
  if (step) put(masked)
  if (out != "") print "T" out
  out = ""
}
function put(text,   n) {
  while ((n = index(text, "\n")) > 0) { print "L" out substr(text, 1, n - 1); out = ""; text = substr(text, n + 1) }
  out = out text
}
function keep(text) { if (step) { held = held text; masked = masked text } else put(text) }
function wrong(text) { put(masked text); held = ""; masked = ""; step = 0; hidden = 1; state = "name" }
function newlines(text,   n) { n = gsub(/\n/, "\n", text); return substr(blank(n), 1, n) }
function blank(n,   text) { text = ""; while (n-- > 0) text = text "\n"; return text }

function scan(line,   n, c, i, rest) {
  n = length(line)
  if (n > 20000) hidden = 1
  i = 1
  while (i <= n && !hidden) {
    c = substr(line, i, 1)
    if (state == "name") i = name(line, i, c)
    else if (state == "base") i = base(line, i, c)
    else if (state == "value") i = value(line, i, c)
    else if (state == "file") i = pattern(line, i, c)
    else i = string(line, i, c, n)
  }
  ended()
}
function ended() {
  if (hidden) { put("\n"); return }
  if (state == "string") { raw = raw "\n"; if (!joined) { text = text "\n"; several = 1 } joined = 0 }
  else if (state == "value") { value_ends(); put("\n"); state = "name" }
  else if (state == "file") { state = "name"; keep("\n") }
  else keep("\n")
}
function run(line, i, allowed) { match(substr(line, i), allowed); return substr(line, i, RLENGTH) }

function name(line, i, c,   w, next2) {
  if (c == " " || c == "\t" || c == "\r") { keep(c); return i + 1 }
  if (c == "#") { keep("#"); return length(line) + 1 }
  if (c == "{" && (step == 1 || step == 3)) {
    put(held "{"); held = ""; masked = ""; step = 0; depth++
    inside[depth] = inside[depth - 1] || (depth == 1 && section == "secrets"); return i + 1
  }
  if (c == "}" && step == 0) { put("}"); if (depth) depth--; return i + 1 }
  if (c == "=" && step == 1) {
    put(held "="); held = ""; masked = ""; step = 0; state = "value"
    parts = 0; shown = ""; whole = ""; last = ""; doubtful = 0; open = printable(section); return i + 1
  }
  if (c == ":" && step == 1) { held = held ":"; masked = masked ":"; step = 2; state = "base"; return i + 1 }
  if (index("{}=:.,\"", c)) { wrong(c); return i + 1 }
  w = run(line, i, "^[^#{}:.,=\"\r\t ]+")
  next2 = substr(line, i + length(w), 2)
  if (w == "include" && next2 ~ /^[ \t]/ && next2 !~ /^[ \t]=/) { keep(w); return include(line, i + length(w)) }
  if (step) { wrong(" hidden"); return i + 1 }
  section = w; held = w; masked = (w in known) ? w : "hidden"; step = 1
  return i + length(w)
}
function include(line, i,   c) {
  while ((c = substr(line, i, 1)) == " " || c == "\t") { keep(c); i++ }
  state = "file"; return i
}
function pattern(line, i, c) {
  if (c == " " || c == "\t" || c == "#" || c == "}") { state = "name"; return i }
  keep(c)
  if (c == "\\" && index("\"#} ", substr(line, i + 1, 1))) { keep(substr(line, i + 1, 1)); return i + 2 }
  if (c == "\"") { state = "string"; back = "file"; raw = ""; text = ""; several = 0; joined = 0 }
  return i + 1
}
function base(line, i, c,   w) {
  if (c == " " || c == "\t" || c == "\r") { keep(c); return i + 1 }
  if (c == "#") { keep("#"); return length(line) + 1 }
  if (c == ",") { keep(c); step = 2; return i + 1 }
  if (index("{}=:.\"", c)) { state = "name"; return i }
  w = run(line, i, "^[^#{}:.,=\"\r\t ]+([.][^#{}:.,=\"\r\t ]+)*")
  if (step == 3) { wrong(" hidden"); return i + 1 }
  held = held w; masked = masked "hidden"; step = 3; return i + length(w)
}
function value(line, i, c,   w) {
  if (c == " " || c == "\t" || c == "\r") { shown = shown c; return i + 1 }
  if (c == "#" || c == "}") { value_ends(); state = "name"; return i }
  if (c == "\"") { state = "string"; back = "value"; raw = "\""; text = ""; several = 0; joined = 0; return i + 1 }
  w = run(line, i, "^[^#}\"\r\t ]+")
  part(w, suspicious(w) || doubtful ? "hidden" : w)
  return i + length(w)
}
function string(line, i, c, n,   d) {
  if (c == "\"") {
    state = back
    if (back == "file") {
      if (several) { keep(newlines(raw)); wrong("\"") } else keep(raw c)
      state = "name"; return i + 1
    }
    part(text, several || suspicious(text) || doubtful ? "\"digest:!hidden" newlines(raw) "\"" : raw "\"")
    return i + 1
  }
  if (c == "\\") {
    d = substr(line, i + 1, 1)
    if (d == "" || (d == "\r" && i + 1 == n)) { joined = 1; raw = raw "\\" d; return n + 1 }
    text = text (d == "n" ? "\n" : d == "r" ? "\r" : d == "t" ? "\t" : d); raw = raw c d; return i + 2
  }
  raw = raw c; if (c != "\r") text = text c
  return i + 1
}
function suspicious(text) {
  if (tolower(text) ~ /(^|[ \t\n,;])[a-z0-9_-]*(secret|psk|pin|pass)[a-z0-9_-]*[ \t]*=/) doubtful = 1
  if (substr(text, 1, 1) == "=" && tolower(last) ~ /(secret|psk|pin|pass)[a-z0-9_-]*$/) doubtful = 1
  last = text
  return doubtful
}
function part(text, raw) {
  if (raw ~ /digest:!hidden/ || raw == "hidden") doubtful = 1
  whole = whole (parts++ ? " " : "") text; shown = shown (raw == "hidden" ? "digest:!hidden" : raw)
}
function printable(key) {
  if (key ~ /^id/ && key !~ /secret|pass|psk|pin|key/) return 1
  if (inside[depth]) return key ~ /^(file|handle|slot|module)$/
  return key in known
}
function bearing(key) { return inside[depth] || tolower(key) ~ /secret|psk|pin|pass/ }
function value_ends() {
  if (!parts || open) { put(shown); parts = 0; return }
  print "T" out (state == "string" ? " \"" : " "); out = ""
  if (state == "string" || !bearing(section)) print "X"
  else secret(whole)
  put(newlines(shown)); parts = 0
}
function secret(v,   low, oct) {
  low = tolower(substr(v, 1, 2))
  oct = low == "0x" ? hex(substr(v, 3)) : low == "0s" ? base64(substr(v, 3)) : plain(v)
  if (oct == "!") print "X"; else print "S" oct
}
"""

DECODERS: Final = r"""
function plain(v,   i, c, oct) {
  oct = ""
  for (i = 1; i <= length(v); i++) {
    c = substr(v, i, 1); if (!(c in ord)) return "!"
    oct = oct sprintf("\\0%03o", ord[c])
  }
  return oct
}
function digit(digits, c,   n) { n = index(digits, c); return n ? n - 1 : 0 }
function hex(v,   i, oct, digits) {
  v = tolower(v); sub(/^0x/, "", v); gsub(/:/, "", v); if (length(v) % 2) v = "0" v
  digits = "0123456789abcdef"; oct = ""
  for (i = 1; i < length(v); i += 2)
    oct = oct sprintf("\\0%03o", digit(digits, substr(v, i, 1)) * 16 + digit(digits, substr(v, i + 1, 1)))
  return oct
}
function base64(v,   i, j, n, oct, digits, bytes, left) {
  gsub(/-/, "+", v); gsub(/_/, "/", v); v = substr(v, 1, int(length(v) / 4) * 4)
  digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"; oct = ""
  left = length(v) / 4 * 3 - gsub(/=/, "=", v)
  for (i = 1; i < length(v); i += 4) {
    n = 0
    for (j = 0; j < 4; j++) n = n * 64 + digit(digits, substr(v, i + j, 1))
    bytes = sprintf("\\0%03o\\0%03o\\0%03o", int(n / 65536), int(n / 256) % 256, n % 256)
    oct = oct bytes
  }
  return left > 0 ? substr(oct, 1, left * 5) : ""
}
"""
"""awk functions that turn a key as written into octal for `printf %b`; need ord[] filled."""


def _bare(program: str) -> str:
    """An awk program without comments and indentation, which are sent over a slow link for nothing."""
    lines = (line.strip() for line in program.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("#"))


_ENOUGH: Final = "{ if ((size += length($0) + 1) > 2000000) exit }\n"
"""More than this of all files together is no configuration."""


def filtered(program: str, keys: str) -> str:
    """A POSIX shell script around an awk program that prints pieces: text goes on, secrets become digests.

    `keys` are the words it may leave as they are; the script exits with 9 where awk is missing or broke off.
    """
    return f"""\
can=!hidden
command -v awk >/dev/null 2>&1 || exit 9
paths=$PATH PATH=/nonexistent
{{ printf '' || can=!no-builtin-printf; }} 2>/dev/null
PATH=$paths
command -v sha256sum >/dev/null 2>&1 || can=!no-sha256sum
[ -n "${{SALT:-}}" ] || can=!no-salt
[ "$can" = !hidden ] && can=yes
[ -z "${{ZSH_VERSION-}}" ] || emulate sh
set -f
pieces=$(LC_ALL=C awk -v KEYS={quote(keys)} {quote(_bare(_ENOUGH + program))})
IFS='
'
for piece in $pieces; do
  case $piece in
  L*) printf '%s\\n' "${{piece#?}}" ;;
  T*) printf '%s' "${{piece#?}}" ;;
  S*)
    if [ "$can" = yes ]; then
      digest=$(printf '%s%b' "$SALT" "${{piece#?}}" | sha256sum)
      case $digest in [0-9a-f][0-9a-f]*) printf 'digest:%.32s' "$digest" ;; *) printf 'digest:!unreadable' ;; esac
    else
      printf 'digest:%s' "$can"
    fi ;;
  X*) printf 'digest:!hidden' ;;
  E*) exit 0 ;;
  esac
done
exit 9
"""


REDACT_SWANCTL: Final = filtered(_AWK + DECODERS, _KEYS)
"""A POSIX shell script: swanctl.conf in, the same out with every secret as `digest:…`; $SALT must be set.

Several files at once come as `grep -H ''` prints them, with their names, one a line, in $FILES; they go out each
behind a line `@@ PATH`. What has no digest says why: `digest:!no-sha256sum`, `digest:!hidden`. Exits with 9 where
awk is missing or broke off, so that half an output is not taken for a short configuration.
"""

READING: Final = """\
set -f
sort_out() {
  own= rest=
  for f in $FILES; do if [ -r "$f" ]; then own="$own $f"; else rest="$rest $f"; fi; done
}
all_lines() {
  sort_out
  [ -z "$own" ] || grep -H '^' $own
  [ -z "$rest" ] || $SUDO grep -H '^' $rest 2>/dev/null || for f in $rest; do
    said=$($SUDO grep -H '^' "$f" 2>&1 >&3) || case $said in
    *orry* | 'sudo: '*) printf '%s\\n' "$said" "grep: $f: Permission denied" >&2 ;;
    *) printf '%s\\n' "$said" >&2 ;;
    esac
  done
}
"""
"""Shell functions that read the files in $FILES with their names, asking for root only where the login may not.

`all_lines` needs its standard output as descriptor 3, too. Where root's help is refused for all of them together,
each is asked for by itself, and one that is refused is reported as grep would.
"""

LISTING: Final = """\
nl='
'
FILES=
add() { case "$nl$FILES$nl" in *"$nl$1$nl"*) ;; *) FILES="${FILES:+$FILES$nl}$1" ;; esac; }
add_files() { for f in "$@"; do [ ! -f "$f" ] || [ -h "$f" ] || add "$f"; done; }
add_found() { IFS=$nl; for f in $found; do add "$f"; done; unset IFS; }
"""
"""Shell functions that put files into $FILES, each once, without a process; `add_found` takes those in $found."""

SWANCTL_FILES: Final = f"""\
{READING}{LISTING}set +f
for top in /etc/swanctl /etc/strongswan/swanctl /usr/local/etc/swanctl; do
  [ -d "$top" ] || continue
  set -- "$top"/*/*/*/
  if [ -d "$1" ]; then
    found=$(find "$top" -name '*.conf' -type f 2>/dev/null)
    add_found
  else add_files "$top"/*.conf "$top"/*/*.conf "$top"/*/*/*.conf; fi
done
set -f
[ -z "$SUDO" ] || for top in /etc/swanctl /etc/strongswan/swanctl /usr/local/etc/swanctl; do
  [ -d "$top" ] || continue
  if [ ! -r "$top" ] || [ ! -x "$top" ] || {{ [ -d "$top/conf.d" ] && [ ! -r "$top/conf.d" ]; }}; then
    found=$($SUDO find "$top" -name '*.conf' -type f 2>/dev/null)
    add_found
  fi
done
unset top
[ -n "$FILES" ] || {{ echo "no swanctl.conf on this gateway" >&2; exit 1; }}
export FILES
all_lines 3>&1 | {{
{REDACT_SWANCTL}}}
"""
"""Every file of a swanctl configuration, each behind a line `@@ PATH`, with its secrets as digests."""
