"""Our side of a tunnel turned round: what the other side's administrator could write, in two languages.

Keys are never written: where one belongs stands a remark. What has no word in a language is said in a comment
of that language. The values come from a gateway, so that nothing of them can end a line or a string.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, ip_address, ip_network
from typing import Final

from wizard.facts import identities, proposals
from wizard.facts.proposals import Proposal
from wizard.facts.transforms import Transform
from wizard.records import dataclass

KEY: Final = "the key both sides agreed on, not in this message"
_IOS_GROUPS: Final = {
    "MODP_768": 1,
    "MODP_1024": 2,
    "MODP_1536": 5,
    "MODP_2048": 14,
    "MODP_3072": 15,
    "MODP_4096": 16,
    "ECP_256": 19,
    "ECP_384": 20,
    "ECP_521": 21,
    "MODP_2048_256": 24,
}
_IOS_HASHES: Final = {
    "HMAC_SHA2_256_128": "sha256",
    "HMAC_SHA2_384_192": "sha384",
    "HMAC_SHA2_512_256": "sha512",
    "HMAC_SHA1_96": "sha1",
    "HMAC_MD5_96": "md5",
}
_ESP_HASHES: Final = {
    "HMAC_SHA2_256_128": "esp-sha256-hmac",
    "HMAC_SHA2_384_192": "esp-sha384-hmac",
    "HMAC_SHA2_512_256": "esp-sha512-hmac",
    "HMAC_SHA1_96": "esp-sha-hmac",
    "HMAC_MD5_96": "esp-md5-hmac",
}
_UNSAFE: Final = re.compile(r"[^\x21-\x7e ]|[\"\\{}#]")


@dataclass(frozen=True, slots=True)
class Side:
    """Our parameters, as the other side needs them; empty where we do not know them ourselves."""

    tunnel: str
    version: int | None
    our_address: str
    your_address: str
    our_id: str
    your_id: str
    methods: tuple[str, str]
    """How we prove ourselves, how we want the other side to: "psk", "pubkey" …"""
    our_networks: tuple[str, ...]
    your_networks: tuple[str, ...]
    ike: tuple[str, ...]
    """Proposals in strongSwan's spelling."""
    esp: tuple[str, ...]
    protocol: str = "esp"
    mode: str = "tunnel"


def swanctl(side: Side) -> str:
    """A swanctl.conf for the other side."""
    name = _word(side.tunnel)
    lines = ["connections {", f"  {name} {{"]
    lines += _set(
        4, version=str(side.version or ""), local_addrs=side.your_address, remote_addrs=side.our_address
    )
    lines += _set(4, proposals=", ".join(side.ike))
    lines += [f"    local {{\n{_round(side.methods[1], side.your_id)}    }}"]
    lines += [f"    remote {{\n{_round(side.methods[0], side.our_id)}    }}"]
    lines += ["    children {", f"      {name} {{"]
    lines += _set(8, local_ts=", ".join(side.your_networks), remote_ts=", ".join(side.our_networks))
    lines += _set(8, **{f"{side.protocol}_proposals": ", ".join(side.esp)})
    lines += _set(8, mode="" if side.mode == "tunnel" else side.mode)
    lines += ["      }", "    }", "  }", "}"]
    if "psk" in side.methods:
        lines += ["secrets {", f"  ike-{name} {{"]
        lines += _set(4, **{"id-1": side.your_id, "id-2": side.our_id})
        lines += [f"    # secret = {KEY}", "  }", "}"]
    return "\n".join(lines)


def _set(depth: int, **values: str) -> list[str]:
    return [f"{' ' * depth}{key} = {_safe(value)}" for key, value in values.items() if value]


def _round(method: str, identity: str) -> str:
    return "".join(f"{line}\n" for line in _set(6, auth=method, id=identity))


def _safe(value: str) -> str:
    return _UNSAFE.sub("?", value)


def _word(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "-", name)[:40] or "tunnel"


# --- Cisco IOS -------------------------------------------------------------------------------------


def cisco_ios(side: Side) -> str:
    """Lines of an IOS configuration for the other side: a crypto map, because that goes with every peer."""
    name = _word(side.tunnel).upper()
    ike, esp = _first(side.ike, "ike"), _first(side.esp, "esp")
    lines = _ikev1(side, name, ike) if side.version == 1 else _ikev2(side, name, ike)
    lines += _transforms(name, esp, side.mode)
    lines += _access_list(name, side)
    lines += [
        f"crypto map {name}-MAP 10 ipsec-isakmp",
        f" set peer {_safe(side.our_address) or '(our address)'}",
    ]
    lines += [f" set transform-set {name}-SET"]
    if side.version != 1:
        lines += [f" set ikev2-profile {name}-PROFILE"]
    group = next(iter(esp.of("dh group")), None) if esp is not None else None
    if group is not None and group.name in _IOS_GROUPS:
        lines += [f" set pfs group{_IOS_GROUPS[group.name]}"]
    lines += [
        f" match address {name}-NETWORKS",
        f"! and on the interface that faces us: crypto map {name}-MAP",
    ]
    return "\n".join(lines)


def _first(written: tuple[str, ...], protocol: proposals.Protocol) -> Proposal | None:
    return next((one for text in written if (one := proposals.parse(text, protocol)) is not None), None)


def _ikev2(side: Side, name: str, ike: Proposal | None) -> list[str]:
    lines = [f"crypto ikev2 proposal {name}-IKE", *_offer(ike, "integrity", "prf")]
    lines += [f"crypto ikev2 policy {name}-POLICY", f" proposal {name}-IKE"]
    if "psk" in side.methods:
        lines += [
            f"crypto ikev2 keyring {name}-KEYS",
            f" peer {name}",
            f"  address {_safe(side.our_address)}",
        ]
        lines += [f"  ! pre-shared-key: {KEY}"]
    lines += [f"crypto ikev2 profile {name}-PROFILE"]
    lines += [f" match identity remote {_ios_identity(side.our_id, mask=True)}"] if side.our_id else []
    lines += [f" identity local {_ios_identity(side.your_id, mask=False)}"] if side.your_id else []
    words = {"psk": "pre-share", "pubkey": "rsa-sig"}
    ours, yours = (words.get(method) for method in side.methods)
    lines += [f" authentication remote {ours}"] if ours else []
    lines += [f" authentication local {yours}"] if yours else []
    return [*lines, f" keyring local {name}-KEYS"] if "psk" in side.methods else lines


def _ikev1(side: Side, name: str, ike: Proposal | None) -> list[str]:
    lines = ["crypto isakmp policy 10", *_offer(ike, "hash", None)]
    lines += [f" authentication {'pre-share' if 'psk' in side.methods else 'rsa-sig'}"]
    if "psk" in side.methods:
        lines += [f"! crypto isakmp key ... address {_safe(side.our_address)}: {KEY} ({name})"]
    return lines


def _offer(ike: Proposal | None, integrity: str, prf: str | None) -> list[str]:
    if ike is None:
        return [" ! our IKE proposal is the default of our release; please tell us yours"]
    old = prf is None
    lines = [f" encryption {_ios_cipher(one, old=old)}" for one in ike.of("encryption")[:1]]
    hashes = ike.of("integrity")
    lines += [f" {integrity} {_named(one, _IOS_HASHES, old=old)}" for one in hashes[:1]]
    if prf is not None and not hashes:
        lines += [
            f" {prf} {one.name.removeprefix('PRF_HMAC_').replace('SHA2_', 'sha').lower()}"
            for one in ike.of("prf")[:1]
        ]
    return [
        *lines,
        *(f" group {_IOS_GROUPS.get(one.name, f'! {one.name}')}" for one in ike.of("dh group")[:1]),
    ]


def _ios_cipher(one: Transform, *, old: bool) -> str:
    if one.name == "AES_CBC":
        return f"aes {one.bits}" if old else f"aes-cbc-{one.bits}"
    if one.name == "AES_GCM_16" and not old:
        return f"aes-gcm-{one.bits}"
    return {"3DES_CBC": "3des", "DES_CBC": "des"}.get(one.name, f"! no word for {one}")


def _named(one: Transform, words: dict[str, str], *, old: bool) -> str:
    word = words.get(one.name, f"! no word for {one}")
    return "sha" if old and word == "sha1" else word


def _transforms(name: str, esp: Proposal | None, mode: str) -> list[str]:
    if esp is None:
        return ["! our ESP proposal is the default of our release; please tell us yours"]
    words: list[str] = []
    for one in esp.of("encryption")[:1]:
        known = {
            "AES_CBC": f"esp-aes {one.bits}",
            "AES_GCM_16": f"esp-gcm {one.bits}",
            "3DES_CBC": "esp-3des",
        }
        words.append(known.get(one.name, ""))
    words += [_ESP_HASHES.get(one.name, "") for one in esp.of("integrity")[:1]]
    if not all(words):
        return [f"! IOS has no word for our {_safe(str(esp))}"]
    return [f"crypto ipsec transform-set {name}-SET {' '.join(words)}", f" mode {mode}"]


def _ios_identity(text: str, *, mask: bool) -> str:
    kind = identities.parse(text).kind
    safe = _safe(text)
    if kind == "address":
        return f"address {safe}{' 255.255.255.255' if mask and ':' not in safe else ''}"
    words = {"name": "fqdn", "e-mail": "email", "key id": "key-id"}
    return f"{words[kind]} {safe}" if kind in words else f"! no word for {safe}"


def _access_list(name: str, side: Side) -> list[str]:
    lines = [f"ip access-list extended {name}-NETWORKS"]
    for yours in side.your_networks:
        for ours in side.our_networks:
            ends = _wild(yours), _wild(ours)
            lines.append(
                f" permit ip {ends[0]} {ends[1]}" if all(ends) else f" ! {_safe(yours)} to {_safe(ours)}"
            )
    return lines


def _wild(text: str) -> str:
    """A network as IOS writes it in access lists; empty where it is more than an IPv4 network."""
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return ""
    if not isinstance(network, IPv4Network):
        return ""
    if network.prefixlen == 32:
        return f"host {network.network_address}"
    return (
        "any" if network.prefixlen == 0 else f"{network.network_address} {ip_address(int(network.hostmask))}"
    )
