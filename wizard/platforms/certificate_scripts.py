"""Reads the certificates of a gateway, and of its private keys the digest of the public half.

Of a file only blocks that call themselves certificate or revocation list are printed, whatever else it holds; a
private key is opened by `openssl pkey -pubout` alone, which prints nothing but the public half, into a digest.
Out come sections: `@@ file PATH` with PEM, `@@ key MODE OWNER PATH` with a digest or `!` and why there is none,
`@@ loaded` with the daemon's own list.
"""

from __future__ import annotations

from shlex import quote
from typing import Final

_TOPS: Final = ("/etc/swanctl", "/etc/strongswan/swanctl", "/usr/local/etc/swanctl")

_PEM: Final = r"""
FNR == 1 { keep = 0; print "@@ file " FILENAME }
/^-----BEGIN / { keep = 0 }
/^-----BEGIN (X509 CRL|(X509 |TRUSTED )?CERTIFICATE)-----/ { keep = 1; found[FILENAME] = 1 }
keep && /^(-----(BEGIN|END) [A-Z0-9 ]+-----|[A-Za-z0-9+\/=]+)[ \r]*$/
/^-----END / { keep = 0 }
END { for (i = 1; i < ARGC; i++) if (!(ARGV[i] in found)) print "@! " ARGV[i] }
"""
"""PEM blocks of public things; `@! PATH` for a file without any, which may be DER."""

_NAMES: Final = "^[[:space:]]*(certs|cacerts?|file)[A-Za-z0-9_-]*[[:space:]]*="
_NAMED: Final = r"""
/^[ \t]*(certs|cacerts?|file)[A-Za-z0-9_-]*[ \t]*=/ {
  sub(/#.*/, ""); kind = ($1 ~ /^file/) ? "key" : "cert"; sub(/^[^=]*=/, "")
  count = split($0, part, ","); for (i = 1; i <= count; i++) {
    gsub(/^[ \t"]+|[ \t"\r]+$/, "", part[i]); if (part[i] ~ /^\//) print kind " " part[i]
  }
}
"""
"""Files that a configuration names by their whole path."""


def script(tops: tuple[str, ...], loaded: str) -> str:
    """A POSIX shell script that reads the certificates below these folders; `loaded` asks the daemon."""
    roots = " ".join(tops)
    return f"""\
set -f
nl='
'
public= keys=
add() {{
  case "$nl$public$keys$nl" in *"$nl$2$nl"* | *" $2$nl"*) return ;; esac
  case $1 in key) keys=$keys$nl$3$2 ;; *) public=$public$nl$2 ;; esac
}}
IFS=$nl
tops=
for top in {roots}; do [ -d "$top" ] && tops=$tops$nl$top; done
[ -n "$tops" ] || exit 1
listed=$(for top in $tops; do IFS=' '; $SUDO ls -lnRL "$top" 2>/dev/null; done | head -n 600)
named=$(for top in $tops; do IFS=' '; $SUDO grep -rhsE '--include=*.conf' {quote(_NAMES)} "$top"; done |
  awk {quote(_NAMED)} | head -n 100)
folder=
for line in $listed; do
  case $line in
  /*:) folder=${{line%:}}; continue ;;
  -*) ;;
  *) continue ;;
  esac
  IFS=' '; set -- $line; IFS=$nl
  [ "${{5:-0}}" -le 1048576 ] 2>/dev/null || continue
  mode=$1 owner=$3; name=${{line#*" $6 "*[0-9] *[0-9] }}; path=$folder/$name
  case $path in
  *.conf) ;;
  */private/* | */rsa/* | */ecdsa/* | */pkcs8/* | */bliss/*) add key "$path" "$mode $owner " ;;
  */x509*/* | */cacerts/* | */certs/* | */crls/*) add cert "$path" ;;
  esac
done
for line in $named; do
  case $line in key*) add key "${{line#key }}" "- - " ;; esac
  add cert "${{line#* }}"
done
public=${{public#"$nl"}} keys=${{keys#"$nl"}}
if [ -n "$public" ]; then
  own=
  {{
    for path in $public; do if [ -r "$path" ]; then own=$own$nl$path; else echo "@! $path"; fi; done
    [ -z "$own" ] || awk {quote(_PEM)} $own
  }} | while IFS= read -r line; do
    case $line in
    '@! '*)
      path=${{line#@! }} IFS=' '; echo "@@ file $path"
      for form in PEM DER; do
        [ $form = DER ] || [ ! -r "$path" ] || continue
        $SUDO openssl x509 -inform $form -in "$path" 2>/dev/null && break
        $SUDO openssl crl -inform $form -in "$path" 2>/dev/null && break
        [ $form = PEM ] || echo '!unreadable'
      done ;;
    *) printf '%s\\n' "$line" ;;
    esac
  done
fi
count=0 IFS=$nl
for line in $keys; do
  echo "@@ key $line"
  count=$((count + 1)); [ $count -le 40 ] || {{ echo '!too many keys'; continue; }}
  command -v openssl >/dev/null || {{ echo '!no openssl'; continue; }}
  path=/${{line#*/}}
  for form in PEM DER; do
    digest=$(
      IFS=' '; $SUDO openssl pkey -inform $form -in "$path" -passin pass: -pubout -outform DER 2>/dev/null | sha256sum
    )
    case $digest in e3b0c44298fc1c149afbf4c8996fb924*) digest=!unreadable ;; *) break ;; esac
  done
  echo "${{digest%% *}}"
done
{loaded}
"""


SWANCTL_CERTIFICATES: Final = script(
    _TOPS, "echo '@@ loaded'; $SUDO swanctl --list-certs --raw 2>/dev/null; echo \"@= $?\""
)
"""What a gateway with swanctl has on disk and in its daemon."""

_GLOBS: Final = " ".join(
    f"{top}/{folder}" for top in _TOPS for folder in ("x509*/*", "private/*", "rsa/*", "ecdsa/*", "pkcs8/*")
)
_FOLDERS: Final = " ".join(f"{top}/{folder}" for top in _TOPS for folder in ("", "x509", "x509ca"))
_CONFIGS: Final = " ".join(f"{top}/{name}" for top in _TOPS for name in ("swanctl.conf", "conf.d/*.conf"))
SWANCTL_HAS_CERTIFICATES: Final = (
    f'command -v swanctl && {{ h=; for one in {_GLOBS}; do [ -f "$one" ] && h=yes && break; done; '
    f'[ "$h" ] || for one in {_FOLDERS}; do [ -d "$one" ] && [ ! -r "$one" ] && h=yes && break; done; '
    r"""[ "$h" ] || grep -qsE '^[[:space:]]*(certs|cacerts?|file)[A-Za-z0-9_-]*[[:space:]]*=[^#]*/' """
    f"{_CONFIGS}; }}"
)
"""Whether there is anything to read: without a process where a folder holds a file, with one where none does."""
