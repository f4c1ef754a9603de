"""Scripts that run on the gateway because what they read must not leave it as it is.

A secret never crosses: it is replaced, where it stands, by a digest salted for this session. The value reaches
`sha256sum` through a pipe only, never on a command line, where `ps` would show it.
"""

from __future__ import annotations

from typing import Final

REDACT_SWANCTL: Final = r"""
function octal(hex,   i, out, digits) {
  gsub(/:/, "", hex); if (length(hex) % 2) hex = "0" hex
  digits = "0123456789abcdef"; hex = tolower(hex); out = ""
  for (i = 1; i < length(hex); i += 2)
    out = out sprintf("\\0%03o", at0(digits, substr(hex, i, 1)) * 16 + at0(digits, substr(hex, i + 1, 1)))
  return out
}
function at0(digits, c,   n) { n = index(digits, c); return n ? n - 1 : 0 }
function digest(value,   how, low) {
  low = tolower(substr(value, 1, 2))
  if (low == "0x") { how = "{ printf %s \"$SALT\"; IFS= read -r v; printf %b \"$v\"; }"; value = octal(substr(value, 3)) "\n" }
  else if (low == "0s") { how = "{ printf %s \"$SALT\"; tr _- /+ | base64 -d 2>/dev/null; }"; value = substr(value, 3) "\n" }
  else { how = ""; value = ENVIRON["SALT"] value }
  how = (how == "" ? "" : how " | ") "sha256sum 2>/dev/null | { read -r d _; printf '%.32s\\n' \"${d:-!no-sha256sum}\"; }"
  fflush(); printf "%s", value | how; close(how)
}
function unquoted(text,   i, c, out) {
  out = ""
  for (i = 2; i <= length(text); i++) {
    c = substr(text, i, 1)
    if (c == "\"") { closed = 1; rest = substr(text, i + 1); return out }
    if (c == "\\") { i++; c = substr(text, i, 1); c = c == "n" ? "\n" : c == "t" ? "\t" : c == "r" ? "\r" : c }
    out = out c
  }
  closed = 0; rest = ""; return out
}
function secret(head, value,   v) {
  sub(/^[ \t]*/, "", value); printf "%s", head; rest = ""; closed = 1
  if (substr(value, 1, 1) == "\"") v = unquoted(value)
  else {
    match(value, /^[^#{}]*/); v = substr(value, 1, RLENGTH); rest = substr(value, RLENGTH + 1)
    sub(/[ \t\r]*$/, "", v)
  }
  if (!closed) { open = 1; print "digest:!unclosed"; return }
  if (v == "") { print rest; return }
  printf "digest:"; digest(v)
  if (rest !~ /^[ \t]*(#.*)?$/) print rest
}
{
  at = index($0, ".conf:"); path = substr($0, 1, at + 4); line = substr($0, at + 6)
  if (path != last) { print "@@ " path; last = path; open = 0 }
  if (open) { if (line ~ /"/) open = 0; next }
  low = tolower(line)
  if (low ~ /^[ \t]*#/) { print (low ~ /secret|pin|passw|passphrase|psk|0s|0x/ ? "#" : line); next }
  if (match(low, /(^|[{} \t])[^ \t={}#]*(secret|pin|passw|passphrase|psk)[^ \t={}#]*[ \t]*=/)) {
    cut = RSTART + RLENGTH; secret(substr(line, 1, cut - 1) " ", substr(line, cut)); next
  }
  print line
}
"""
"""An awk program: `grep -H ''` of configuration files in, the same with digests for secrets out.

Reads $SALT from the environment. What is not closed or not understood is left out, not passed on.
"""

SWANCTL_FILES: Final = (
    "set -f; files=$(for top in /etc/swanctl /etc/strongswan/swanctl /usr/local/etc/swanctl; do\n"
    '  [ -d "$top" ] && find "$top" -name "*.conf" -type f 2>/dev/null; done)\n'
    'unset top; [ -n "$files" ] || { echo "no swanctl.conf on this gateway" >&2; exit 1; }\n'
    f"$SUDO grep -H '' $files | head -c 2000000 | awk '{REDACT_SWANCTL.replace(chr(39), chr(39) + chr(92) + chr(39) + chr(39))}'"
)
"""Every file of a swanctl configuration, each behind a line `@@ PATH`, with its secrets as digests."""
