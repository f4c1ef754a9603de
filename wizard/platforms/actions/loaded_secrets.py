"""Which shared secrets charon holds, by their names, and letting go of those that a change brought in.

swanctl loads every secret that stands in its files and cannot take a single one back, so that undoing would leave
in the daemon what had stood in a file without being loaded. The vici socket can; perl, which every Debian and most
others have, speaks to it (vici's README: get-shared, unload-shared, message types 0 and 1). Secrets themselves are
not in these messages. Without perl nothing is noted, and nothing is let go of.
"""

from __future__ import annotations

from typing import Final

SOCKETS: Final = ("/run/charon.vici", "/var/run/charon.vici", "/run/strongswan/charon.vici")
_PERL: Final = r"""
my ($path, $command, $id) = @ARGV;
sub octets {
  my ($socket, $wanted, $got) = (@_, "");
  while (length $got < $wanted) { sysread($socket, $got, $wanted - length $got, length $got) or exit 1 }
  return $got;
}
alarm 5;
my $socket;
socket($socket, PF_UNIX, SOCK_STREAM, 0) && connect($socket, sockaddr_un($path)) or exit 1;
my $message = pack("C C/a*", 0, $command);
$message .= pack("C C/a* n/a*", 3, "id", $id) if defined $id;
syswrite($socket, pack("N/a*", $message)) or exit 1;
my $answer = octets($socket, unpack("N", octets($socket, 4)));
exit 1 unless ord $answer == 1;
for (my $at = 1; $at < length $answer;) {
  my $kind = ord substr $answer, $at++, 1;
  if ($kind == 5) { my $item = unpack "n/a*", substr $answer, $at; print "$item\n"; $at += 2 + length $item }
  elsif ($kind == 3) {
    my ($key, $value) = unpack "C/a* n/a*", substr $answer, $at; $at += 3 + length($key) + length $value
  }
  elsif ($kind == 1 || $kind == 4) { $at += 1 + ord substr $answer, $at, 1 }
}
"""
_VICI: Final = f"""\
vici() {{
  for p in {" ".join(SOCKETS)}; do
    [ ! -S "$p" ] || {{ perl -MSocket -e '{_PERL}' "$p" "$@" 2>/dev/null; return; }}
  done
  return 1
}}
"""
NOTE: Final = f"""\
{_VICI}[ -e "$G/shared" ] || {{ vici get-shared >"$G/shared.new" && mv "$G/shared.new" "$G/shared"; }} ||
  rm -f "$G/shared.new"
"""
"""Notes the names once, before anything is loaded."""
LET_GO: Final = f"""
{_VICI}[ ! -e "$G/shared" ] || vici get-shared | while IFS= read -r held; do
  grep -qxF -e "$held" "$G/shared" || vici unload-shared "$held"
done
"""
"""Lets go of those that were not there when NOTE ran."""
