"""Key exchange and host key: after it the other side is known, and nothing secret has been sent yet.

Every failure is named by the phase it happened in, because paramiko's own messages do not tell them apart.
"""

from __future__ import annotations

from typing import Any

import paramiko

from wizard.ssh.cutoff import Cutoff
from wizard.ssh.errors import IncompatibleAlgorithms, LinkLost, NoAnswer, NotSsh
from wizard.ssh.hostkeys import KnownHosts
from wizard.ssh.plain import one_line
from wizard.ssh.target import Target
from wizard.ssh.wire import Deadline, Wire

WEAK: dict[str, tuple[str, ...]] = {
    "ciphers": ("3des-cbc",),
    "macs": ("hmac-md5", "hmac-md5-96", "hmac-sha1", "hmac-sha1-96"),
    "kex": (
        "diffie-hellman-group1-sha1",
        "diffie-hellman-group14-sha1",
        "diffie-hellman-group-exchange-sha1",
    ),
    "keys": ("ssh-rsa", "ssh-dss"),
    "pubkeys": ("ssh-rsa", "ssh-dss"),
}
"""What is not offered unless a gateway is marked as legacy, by paramiko's names for the kinds."""

_PARTS = (
    ("key exchange", "kex_algo_list", "kex"),
    ("host key", "server_key_algo_list", "keys"),
    ("cipher", "server_encrypt_algo_list", "ciphers"),
    ("MAC", "server_mac_algo_list", "macs"),
)
_NOT_ALGORITHMS = ("ext-info-", "kex-strict-")
"""Extensions that are announced in the list of key exchanges."""


class RecordingTransport(paramiko.Transport):
    """Remembers what algorithms the other side offers, to say which of them is missing here."""

    offers: dict[str, list[str]]

    def _really_parse_kex_init(self, m: paramiko.Message, ignore_first_byte: bool = False) -> dict[str, Any]:
        parsed: dict[str, Any] = super()._really_parse_kex_init(m, ignore_first_byte)  # type: ignore[misc]
        if not ignore_first_byte:
            self.offers = {key: list(value) for key, value in parsed.items() if isinstance(value, list)}
        return parsed


def handshake(
    wire: Wire, target: Target, known_hosts: KnownHosts, deadline: Deadline, cutoff: Cutoff
) -> paramiko.Transport:
    """Exchanges keys and checks the host key; nothing secret has been sent when this returns or raises."""
    wanted = known_hosts.algorithms(target)
    transport = RecordingTransport(wire, disabled_algorithms={} if target.legacy else WEAK)
    transport.offers = {}
    cutoff.add(transport.close)
    transport.banner_timeout = transport.handshake_timeout = deadline.left
    transport.auth_timeout = transport.channel_timeout = deadline.seconds
    options = transport.get_security_options()
    first = [name for name in wanted if name in options.key_types]
    options.key_types = (*first, *(name for name in options.key_types if name not in first))
    try:
        transport.start_client(timeout=deadline.left)
        if not transport.initial_kex_done:
            raise TimeoutError
        key = transport.get_remote_server_key()
    except paramiko.ssh_exception.IncompatiblePeer as error:
        raise _incompatible(target, transport, error) from error
    except (paramiko.SSHException, EOFError, OSError) as error:
        if cutoff.is_cut:
            raise LinkLost(target, f"the connection to {target.label} was given up") from error
        raise _no_handshake(target, transport, error, deadline) from error
    known_hosts.check(target, key)
    return transport


def _no_handshake(
    target: Target, transport: paramiko.Transport, error: Exception, deadline: Deadline
) -> NoAnswer | NotSsh:
    if transport.remote_version:
        if deadline.passed or isinstance(error, TimeoutError):
            return NoAnswer(
                target,
                f"{target.label} stopped answering during the key exchange",
                advice="try again; packets too large for the path (MTU) or an overloaded gateway do this",
            )
        return NotSsh(
            target,
            f"{target.label} ended the connection during the key exchange",
            advice="look into the gateway's sshd log; MaxStartups or a ban after failed logins does this",
        )
    # paramiko puts every failure to read the banner into one exception; what it was is the context.
    cause = error.__context__
    if isinstance(cause, TimeoutError) or deadline.passed:
        return NoAnswer(
            target,
            f"{target.label} accepts the connection and then says nothing",
            advice="the machine or its sshd hangs, or something in between does; try its console",
        )
    if isinstance(cause, EOFError | ConnectionError) or isinstance(error, EOFError | ConnectionError):
        return NotSsh(
            target,
            f"{target.label} closes the connection before it says anything",
            advice="this address may be banned or not allowed there (fail2ban, hosts.deny, MaxStartups)",
        )
    return NotSsh(
        target,
        f"what answers at {target.label} does not speak SSH",
        advice=f"check `port` in the inventory (it is {target.port})",
    )


def _incompatible(target: Target, transport: RecordingTransport, error: Exception) -> IncompatibleAlgorithms:
    options = transport.get_security_options()
    able_to = {
        "kex": options.kex,
        "keys": options.key_types,
        "ciphers": options.ciphers,
        "macs": options.digests,
    }
    for what, offered_as, kind in _PARTS:
        offered = tuple(
            name for name in transport.offers.get(offered_as, ()) if not name.startswith(_NOT_ALGORITHMS)
        )
        weak = () if target.legacy else WEAK[kind]
        able = able_to[kind]
        if not offered or any(name in offered and name not in weak for name in able):
            continue
        names = one_line(", ".join(offered))
        message = (
            f"{target.label} and this program have no {what} algorithm in common; it offers only {names}"
        )
        if any(name in offered for name in able):
            advice = (
                "it is too old for safe defaults: set `legacy: true` for it in the inventory to accept these"
            )
        elif any(name in WEAK[kind] for name in offered):
            advice = (
                "SHA-1 was removed from paramiko 5: install the extra that brings paramiko 4 "
                "(pipx install 'ipsec-wizard[legacy]') and set `legacy: true` for it in the inventory, "
                "or allow newer algorithms on the gateway (IOS: ip ssh server algorithm …)"
            )
        else:
            advice = "allow a newer algorithm on the gateway"
        return IncompatibleAlgorithms(target, message, advice=advice, offered=offered)
    return IncompatibleAlgorithms(
        target, f"{target.label} and this program cannot agree on how to speak SSH ({one_line(str(error))})"
    )
