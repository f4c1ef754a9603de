"""Reads ipsec.conf and ipsec.secrets on a gateway without a secret leaving it, as `gateway_scripts` does for swanctl.

A line of a secrets file that is not understood is hidden whole; of ipsec.conf only options somebody knows keep
their values.
"""

from __future__ import annotations

from typing import Final

from wizard.facts.parsers import pluto_options, stroke_conns
from wizard.platforms.gateway_scripts import DECODERS, LISTING, READING, filtered

_SETUP: Final = (
    *("charondebug", "uniqueids", "cachecrls", "strictcrlpolicy", "plutodebug", "protostack", "logfile"),
    *(
        "virtual_private",
        "virtual-private",
        "nat_traversal",
        "interfaces",
        "listen",
        "dumpdir",
        "ikev1-policy",
    ),
    *("crl-strict", "ocsp-enable", "ocsp-strict", "nssdir", "ipsecdir", "secretsfile", "nhelpers", "ikeport"),
    *("plutostderrlog", "keep-alive", "ddos-mode", "seccomp", "oe", "cacert", "crluri", "crluri1", "crluri2"),
    *("ocspuri", "ocspuri1", "ocspuri2", "certuribase", "ldaphost", "ldapbase", "klipsdebug", "plutostart"),
    *("charonstart", "logtime", "logappend", "logip", "audit-log", "statsbin", "shuntlifetime", "also"),
)
"""Options of `config setup` and of `ca` sections."""
_KEYS: Final = " ".join(sorted({*stroke_conns.KNOWN, *pluto_options.KNOWN, *_SETUP}))

_AWK: Final = r"""
# Out come pieces for the shell: L a line, T text without its end, S a secret in octal, X one without digest, E the end.
BEGIN {
  for (i = 1; i < 256; i++) ord[sprintf("%c", i)] = i
  count = split(KEYS, word, " "); for (i = 1; i <= count; i++) known[word[i]] = 1
  files = split(ENVIRON["FILES"], file, "\n"); at = 0; secrets = ENVIRON["KIND"] == "secrets"
  begin()
}
{
  if (files) place()
  sub(/\r$/, "")
  if (length($0) > 20000) print "X"
  else if (secrets) entry($0)
  else setting($0)
}
END { print "E" }

function begin() { waiting = ""; block = 0; quoted = 0 }
function place(   i) {
  if (at && substr($0, 1, length(file[at]) + 1) == file[at] ":") { $0 = substr($0, length(file[at]) + 2); return }
  for (i = 1; i <= files; i++)
    if (file[i] != "" && substr($0, 1, length(file[i]) + 1) == file[i] ":") {
      at = i; begin(); print "L@@ " file[i]; $0 = substr($0, length(file[i]) + 2)
      secrets = file[i] ~ /[.]secrets([.]inc)?$/; return
    }
}
function hide(text) { print "T" text; print "X"; print "L" }

# --- ipsec.secrets: `OWNERS : KIND VALUE`, where a value may stand on the next, indented line
function entry(line,   kind, head, rest) {
  if (block) { if (line ~ /}/) block = 0; hide(""); return }
  if (line ~ /^[ \t]*$/) { print "L"; return }
  if (line ~ /^[ \t]*#/) { print "L#"; return }
  if (waiting != "" && line ~ /^[ \t]/) { value(waiting, "  ", line); waiting = ""; return }
  waiting = ""
  if (line ~ /^[ \t]*include[ \t]+[^ \t"']+[ \t]*$/) { print "L" line; return }
  if (match(line, /(^|[ \t]):[ \t]*[A-Za-z0-9]+/)) {
    head = substr(line, 1, RSTART + RLENGTH - 1); rest = substr(line, RSTART + RLENGTH)
    kind = head; sub(/^.*:[ \t]*/, "", kind); kind = tolower(kind)
    if (!owners(substr(line, 1, RSTART))) { hide(""); return }
    if (kind ~ /^(rsa|ecdsa|bliss|p12|pkcs8|ed25519|ed448|priv|tpm|eddsa)$/) { keyfile(head, rest); return }
    if (kind !~ /^(psk|eap|ntlm|xauth|ppks?|pin)$/) { hide(head " "); return }
    if (rest ~ /^[ \t]*(#.*)?$/) { waiting = kind; print "L" head; return }
    value(kind, head " ", rest); return
  }
  if (owners(line) && line !~ /(^|[ \t])0[xstXST]/) { print "L" line; return }
  hide("")
}
function owners(text,   i, n, part) {
  gsub(/"[^"]*=[^"]*"/, "%any", text); sub(/[ \t]:?[ \t]*$/, "", text)
  if (text ~ /^[ \t]*:?[ \t]*$/) return 1
  n = split(text, part, /[ \t]+/)
  for (i = 1; i <= n; i++) if (part[i] != "" && !owner(part[i]) && !(i < 3 && plain_name(part[i], text))) return 0
  return 1
}
function owner(word) {
  if (word ~ /^(%any6?|@[A-Za-z0-9._*-]+)$/) return 1
  return word ~ /^[@%]?[A-Za-z0-9._*:\/-]*[.:@#*][A-Za-z0-9.@_*:#\/-]*$/
}
function plain_name(word, text) {
  return secrets && word ~ /^[A-Za-z0-9._-]+$/ && text !~ /(^|[ \t])(PSK|psk|XAUTH|EAP)([ \t]|$)/
}
function keyfile(head, rest,   name) {
  if (rest ~ /^[ \t]*[{]/) { block = rest !~ /}/; hide(head " "); return }
  sub(/^[ \t]+/, "", rest); name = rest; sub(/[ \t].*$/, "", name)
  if (name !~ /^([A-Za-z0-9_%@:-]*[.\/][A-Za-z0-9._\/%@:-]*)?$/) { hide(head " "); return }
  if (name == rest) print "L" head (name == "" ? "" : " ") name
  else hide(head " " name " ")
}
function value(kind, head, text,   quote, close_at, id, oct) {
  sub(/^[ \t]+/, "", text)
  if (kind == "ppks" && match(text, /^"[^"]*"[ \t]+/)) {
    id = substr(text, 1, RLENGTH); head = head id; text = substr(text, RLENGTH + 1)
  }
  quote = substr(text, 1, 1); print "T" head
  if (quote == "\"" || quote == "'") {
    close_at = index(substr(text, 2), quote)
    oct = close_at ? plain(substr(text, 2, close_at - 1)) : "!"
  } else { sub(/[ \t].*$/, "", text); oct = bare(text) }
  if (oct == "!") print "X"; else print "S" oct
  print "L"
}
function bare(v,   low) {
  low = tolower(substr(v, 1, 2))
  if (low == "0x") return hex(substr(v, 3))
  if (low == "0s") return base64(substr(v, 3))
  return plain(low == "0t" ? substr(v, 3) : v)
}

# --- ipsec.conf
function setting(line,   key, text, quotes) {
  if (quoted) { quotes = gsub(/"/, "\"", line); if (quotes % 2) quoted = 0; print "L"; return }
  if (line ~ /^[ \t]*$/) { print "L"; return }
  if (line ~ /^[ \t]*#/) { print "L#"; return }
  if (line ~ /^(conn|ca|config|version)[ \t]/ || line ~ /^[ \t]*include[ \t]+[^=]/) {
    sub(/[ \t]#.*$/, "", line); print "L" line; return
  }
  if (!match(line, /=/)) { hide("  "); return }
  key = substr(line, 1, RSTART - 1); text = key; gsub(/[ \t]/, "", text); text = tolower(text)
  sub(/^left-/, "left", text); sub(/^right-/, "right", text)
  quotes = gsub(/"/, "\"", line); if (quotes % 2) { quoted = 1; hide(key "="); return }
  if (!(text in known) || suspicious(substr(line, RSTART + 1))) { hide(key "="); return }
  if (line ~ /^[^"]*$/) sub(/[ \t]+#.*$/, "", line)
  else if (match(line, /"[ \t]*#.*$/)) line = substr(line, 1, RSTART)
  print "L" line
}
function suspicious(text) { return tolower(text) ~ /(secret|psk|pin|passw?o?r?d?)[ \t]*[=:]/ }
"""

REDACT_IPSEC: Final = filtered(_AWK + DECODERS, _KEYS)
"""A POSIX shell script: ipsec.conf or ipsec.secrets in, the same out with every secret as `digest:…`.

$SALT must be set. Several files come as `grep -H ''` prints them, with their names, one a line, in $FILES; a
single one is a secrets file when $KIND is "secrets". What has no digest says why, as with REDACT_SWANCTL.
"""

_SECRET_OR_CONF: Final = r"\( -name '*.conf' -o -name '*.secrets' \)"
IPSEC_FILES: Final = f"""\
{READING}{LISTING}set +f
for top in /etc /etc/strongswan /usr/local/etc; do
  for name in ipsec.conf ipsec.secrets; do [ ! -f "$top/$name" ] || add "$top/$name"; done
  [ -d "$top/ipsec.d" ] || continue
  if [ -r "$top/ipsec.d" ] && [ -x "$top/ipsec.d" ]; then add_files "$top/ipsec.d"/*.conf "$top/ipsec.d"/*.secrets
  else
    found=$($SUDO find "$top/ipsec.d" -maxdepth 1 -type f {_SECRET_OR_CONF} 2>/dev/null)
    add_found
  fi
done
set -f
[ -n "$FILES" ] || {{ echo "no ipsec.conf on this gateway" >&2; exit 1; }}
sort_out
lines=$({{ [ -z "$own" ] || grep -Hw include $own; [ -z "$rest" ] || $SUDO grep -Hw include $rest; }} 2>/dev/null)
blank=' \t' ends=' \t\r"#'
IFS=$nl
for line in $lines; do
  from=${{line%%:*}} line=${{line#*:}}
  line=${{line#"${{line%%[!$blank]*}}"}}
  case $line in include[$blank]*) line=${{line#include}} ;; *) continue ;; esac
  line=${{line#"${{line%%[!$blank]*}}"}}
  line=${{line#'"'}}
  pattern=${{line%%[$ends]*}}
  [ -n "$pattern" ] || continue
  case $pattern in /*) ;; *) pattern=${{from%/*}}/$pattern ;; esac
  folder=${{pattern%/*}} name=${{pattern##*/}}
  if [ -r "$folder" ] && [ -x "$folder" ]; then
    set +f
    add_files $pattern
    set -f
  else
    found=$($SUDO find "$folder" -maxdepth 1 -type f -name "$name" 2>/dev/null)
    add_found
    IFS=$nl
  fi
done
unset IFS
export FILES
all_lines 3>&1 | {{
{REDACT_IPSEC}}}
"""
"""Every file of an ipsec.conf configuration and its secrets, each behind a line `@@ PATH`, secrets as digests."""
