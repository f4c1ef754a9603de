"""One end of a tunnel in words no vendor owns, so that two ends can be compared whatever runs on them.

Every parser of a configuration or of a daemon's listing yields these records. A field that the source
does not state is None (or empty): "not stated" is never read as "equal". Defaults of an implementation
are filled in by its platform module, not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Literal

from wizard.records import dataclass

AuthMethod = Literal["psk", "pubkey", "eap", "xauth", "null", "any"]
Mode = Literal["tunnel", "transport", "beet", "pass", "drop"]
ProblemScope = Literal["file", "connection", "secret", "authority", "pool"]
Dialect = Literal["swanctl", "ipsec.conf", "libreswan", "ios"]
"""Whose language a configuration is written in, and so whose defaults and spelling of proposals count."""


@dataclass(frozen=True, slots=True)
class AuthRound:
    """How one side proves who it is; `method` None means the source does not say (peer's choice)."""

    method: AuthMethod | None = None
    identity: str | None = None
    """As written; None or "%any" accepts whatever the other side sends."""
    detail: str = ""
    """What the source says beyond the method: "eap-mschapv2", "pubkey-sha256", …"""
    certs: tuple[str, ...] = ()
    cacerts: tuple[str, ...] = ()
    authority: str = ""
    """Distinguished name of the authority the certificate has to come from ("%same": the other side's)."""
    keys: tuple[str, ...] = ()
    """Raw public keys as written."""
    user: str = ""
    """The EAP or XAuth user name."""


@dataclass(frozen=True, slots=True)
class Child:
    """What one CHILD SA (phase 2) is to protect and how."""

    name: str
    local_ts: tuple[str, ...] = ()
    """Traffic selectors as written: "10.1.0.0/24", "dynamic", "10.1.0.1/32[tcp/80]"."""
    remote_ts: tuple[str, ...] = ()
    mode: Mode | None = None
    proposals: tuple[str, ...] | None = None
    """ESP (or AH) proposals as written; None: not stated, so the implementation's default."""
    protocol: Literal["esp", "ah"] = "esp"
    start_action: str | None = None
    dpd_action: str | None = None
    close_action: str | None = None
    rekey_time_s: int | None = None
    life_time_s: int | None = None
    inactivity_s: int | None = None
    mark_in: str | None = None
    mark_out: str | None = None
    if_id_in: str | None = None
    if_id_out: str | None = None
    pfs: bool | None = None
    """Libreswan: take a new Diffie-Hellman exchange for every child; elsewhere a group in the proposal says so."""
    esn: str | None = None
    """Libreswan: "yes", "no" or "either"; elsewhere it stands in the proposal."""
    compress: bool | None = None
    label: str | None = None
    interface: str | None = None
    """Tunnel interface (VTI, XFRM, IOS Tunnel) that carries this child's traffic."""


@dataclass(frozen=True, slots=True)
class Connection:
    """What one end is configured to do with one peer (a conn, an ike_cfg, a crypto map entry)."""

    name: str
    version: int | None = None
    """1 or 2; 0 means either; None means not stated."""
    local_addrs: tuple[str, ...] = ()
    remote_addrs: tuple[str, ...] = ()
    local_port: int | None = None
    remote_port: int | None = None
    local: tuple[AuthRound, ...] = ()
    remote: tuple[AuthRound, ...] = ()
    proposals: tuple[str, ...] | None = None
    """IKE proposals as written; None: the implementation's default."""
    children: tuple[Child, ...] = ()
    aggressive: bool | None = None
    encap: bool | None = None
    mobike: bool | None = None
    fragmentation: str | None = None
    dpd_delay_s: int | None = None
    rekey_time_s: int | None = None
    reauth_time_s: int | None = None
    pools: tuple[str, ...] = ()
    vips: tuple[str, ...] = ()
    dialect: Dialect = "swanctl"
    sides_known: bool = True
    """False where the file does not say which side is this gateway (Libreswan): `swapped` is as likely."""
    narrowing: bool | None = None
    """Libreswan: a part of the networks may be agreed on; charon always narrows under IKEv2."""
    ppk: Literal["no", "allowed", "required"] | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    """Where each field stands: "proposals" → "/etc/swanctl/conf.d/site.conf:12"; the name itself → the section.
    Fields of children are "children.NET.local_ts", of rounds "local.0.identity"."""


def swapped(connection: Connection) -> Connection:
    """The same connection seen from the other side: what was local is remote, because nothing said which is which."""
    where = {_other_side(field_name): place for field_name, place in connection.where.items()}
    return replace(
        connection,
        local_addrs=connection.remote_addrs,
        remote_addrs=connection.local_addrs,
        local_port=connection.remote_port,
        remote_port=connection.local_port,
        local=connection.remote,
        remote=connection.local,
        pools=connection.vips,
        vips=connection.pools,
        children=tuple(
            replace(child, local_ts=child.remote_ts, remote_ts=child.local_ts)
            for child in connection.children
        ),
        where=where,
    )


def _other_side(name: str) -> str:
    head, dot, rest = name.partition(".")
    if head in _OTHER and dot:
        return f"{_OTHER[head]}.{rest}"
    stem, dot, last = name.rpartition(".")
    side, underline, what = last.partition("_")
    return f"{stem}{dot}{_OTHER[side]}_{what}" if side in _OTHER and underline else name


_OTHER = {"local": "remote", "remote": "local"}


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """A pre-shared key that stands on disk, known only by a salted digest made on the gateway."""

    name: str
    identities: tuple[str, ...]
    """Whose key it is; empty fits every pair."""
    digest: str
    """Salted digest of the decoded value; equal digests of one session mean equal keys."""
    kind: str = "ike"
    where: str = ""
    connection: str = ""
    """The one connection it belongs to, where the configuration binds it to one (IOS); empty: to any."""
    side: Literal["", "local", "remote"] = ""
    """IKEv2 on IOS: the key this end proves itself with, or the one it expects of the other; empty: both."""


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """Something in a configuration file that the daemon will refuse, with the place it stands."""

    place: str
    message: str
    line: str = ""
    scope: ProblemScope = "file"
    """What the daemon leaves out because of it; "file": a syntax error, after which it loads nothing at all."""
    name: str = ""
    """The connection, secret, authority or pool that is left out."""
    cause: str = "config-syntax-error"
    """Id of the cause it amounts to."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What stands on disk."""

    connections: tuple[Connection, ...] = ()
    secrets: tuple[SharedSecret, ...] = ()
    problems: tuple[ConfigProblem, ...] = ()
    files: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    """Files that are there and could not be read (rights)."""
    refused: bool = False
    """A syntax error: the daemon would drop every connection on a reload, whatever this record still could read."""
    dialect: Dialect = "swanctl"
    version: str | None = None
    """Of the daemon the files are for; None where nothing says it."""
    authorities: tuple[str, ...] = ()
    """Certificates of authorities named in sections of their own."""
    templates: tuple[str, ...] = ()
    """Connections that others include (`also`), and that may be meant for nothing else."""


@dataclass(frozen=True, slots=True)
class ChildSa:
    """One CHILD SA (phase 2) as a daemon lists it; what the listing does not show is None."""

    name: str
    unique_id: int | None = None
    reqid: int | None = None
    state: str = ""
    """In lower case: "installed", "routed", "rekeying", "rekeyed", "deleting", "deleted", "created" …"""
    mode: str = ""
    """In lower case: "tunnel", "transport", "beet", "pass", "drop", "iptfs"."""
    protocol: str = ""
    """"esp" or "ah"; empty as long as nothing is negotiated."""
    encap: bool = False
    """ESP travels inside UDP."""
    spi_in: str = ""
    """Eight hexadecimal digits; the peer sends with it."""
    spi_out: str = ""
    proposal: str = ""
    """What was agreed, as charon writes it: "AES_CBC_256/HMAC_SHA2_256_128/MODP_2048/ESN"."""
    bytes_in: int | None = None
    packets_in: int | None = None
    used_in_s: int | None = None
    """Seconds since the last packet came in; None when there was none."""
    bytes_out: int | None = None
    packets_out: int | None = None
    used_out_s: int | None = None
    installed_s: int | None = None
    rekey_in_s: int | None = None
    """Seconds until the rekeying is due; may be negative when it is overdue."""
    expires_in_s: int | None = None
    mark_in: str | None = None
    """Hexadecimal "value" or "value/mask"."""
    mark_out: str | None = None
    if_id_in: str | None = None
    if_id_out: str | None = None
    local_ts: tuple[str, ...] = ()
    remote_ts: tuple[str, ...] = ()
    label: str | None = None


@dataclass(frozen=True, slots=True)
class IkeSa:
    """One IKE SA (phase 1) with its CHILD SAs as a daemon lists it; what the listing does not show is None."""

    name: str
    """The connection's name; "(unnamed)" as long as the responder has not chosen one."""
    unique_id: int | None = None
    version: int | None = None
    state: str = ""
    """In lower case: "created", "connecting", "established", "rekeying", "rekeyed", "deleting" …"""
    local_host: str = ""
    local_port: int | None = None
    local_id: str | None = None
    remote_host: str = ""
    remote_port: int | None = None
    remote_id: str | None = None
    remote_user: str | None = None
    """The EAP or XAuth identity of the peer, where it is another than its IKE identity."""
    initiator: bool | None = None
    initiator_spi: str = ""
    """Sixteen hexadecimal digits."""
    responder_spi: str = ""
    """All zeros as long as no answer came."""
    proposal: str = ""
    """What was agreed, as charon writes it: "AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048"."""
    established_s: int | None = None
    rekey_in_s: int | None = None
    reauth_in_s: int | None = None
    expires_in_s: int | None = None
    nat_local: bool = False
    """This end is behind a NAT (or says so, see `nat_fake`)."""
    nat_remote: bool = False
    nat_fake: bool = False
    """NAT was pretended to force UDP encapsulation."""
    nat_any: bool = False
    if_id_in: str | None = None
    if_id_out: str | None = None
    local_vips: tuple[str, ...] = ()
    remote_vips: tuple[str, ...] = ()
    tasks_queued: tuple[str, ...] = ()
    tasks_active: tuple[str, ...] = ()
    tasks_passive: tuple[str, ...] = ()
    children: tuple[ChildSa, ...] = ()
    line: str = ""
    """The listing's own line it was read from, for evidence."""
