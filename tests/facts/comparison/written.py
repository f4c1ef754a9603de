"""One neutral description of a tunnel end, written in each of the four languages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_network

DIALECTS = ("swanctl", "ipsec.conf", "libreswan", "ios")

_STRONG = {
    "aes128": "aes128",
    "aes256": "aes256",
    "3des": "3des",
    "sha1": "sha1",
    "sha256": "sha256",
    "md5": "md5",
}
_PLUTO = {"sha256": "sha2_256"}
_GROUP = {"modp1024": "2", "modp2048": "14", "ecp256": "19", "modp3072": "15"}
_IOS_CIPHER = {"aes128": "aes", "aes256": "aes 256", "3des": "3des"}
_IOS_HASH = {"sha1": "sha", "sha256": "sha256", "md5": "md5"}
_IKEV2_CIPHER = {"aes128": "aes-cbc-128", "aes256": "aes-cbc-256", "3des": "3des"}
_PLUTO_GROUP = {"ecp256": "dh19"}


@dataclass(frozen=True)
class End:
    """What one gateway is configured to do, in no vendor's words."""

    version: int = 2
    aggressive: bool = False
    own: str = "192.0.2.1"
    peer: str = "198.51.100.2"
    own_id: str = "192.0.2.1"
    peer_id: str = "198.51.100.2"
    key: str = "a shared key"
    ike: tuple[str, str, str] = ("aes256", "sha256", "modp2048")
    esp: tuple[str, str] = ("aes128", "sha1")
    pfs: str | None = None
    mode: str = "tunnel"
    local_net: str = "10.1.0.0/16"
    remote_net: str = "10.2.0.0/16"
    life: int = 3600

    def mirrored(self) -> End:
        """The same tunnel from its other end."""
        return replace(
            self,
            own=self.peer,
            peer=self.own,
            own_id=self.peer_id,
            peer_id=self.own_id,
            local_net=self.remote_net,
            remote_net=self.local_net,
        )


def write(end: End, dialect: str) -> dict[str, bytes]:
    """The files of one end in one language."""
    texts = {"swanctl": swanctl, "ipsec.conf": stroke, "libreswan": pluto, "ios": ios}[dialect](end)
    return {path: text.encode() for path, text in texts.items()}


def swanctl(end: End) -> dict[str, str]:
    """`swanctl.conf` of strongSwan."""
    esp = "-".join((*end.esp, *((end.pfs,) if end.pfs else ())))
    text = f"""\
connections {{
  site {{
    version = {end.version}
    aggressive = {"yes" if end.aggressive else "no"}
    local_addrs = {end.own}
    remote_addrs = {end.peer}
    proposals = {"-".join(end.ike)}
    local {{
      auth = psk
      id = {end.own_id}
    }}
    remote {{
      auth = psk
      id = {end.peer_id}
    }}
    children {{
      net {{
        local_ts = {end.local_net}
        remote_ts = {end.remote_net}
        esp_proposals = {esp}
        mode = {end.mode}
        life_time = {end.life}s
        start_action = trap
      }}
    }}
  }}
}}
secrets {{
  ike-site {{
    id-own = {end.own_id}
    id-peer = {end.peer_id}
    secret = "{end.key}"
  }}
}}
"""
    return {"/etc/swanctl/swanctl.conf": text}


def stroke(end: End) -> dict[str, str]:
    """strongSwan's ipsec.conf."""
    esp = "-".join((*end.esp, *((end.pfs,) if end.pfs else ())))
    text = f"""\
config setup
\tcharondebug="ike 1"
conn %default
\tkeyexchange=ikev{end.version}
\tauthby=secret
conn site
\taggressive={"yes" if end.aggressive else "no"}
\tleft={end.own}
\tleftid={end.own_id}
\tleftsubnet={end.local_net}
\tright={end.peer}
\trightid={end.peer_id}
\trightsubnet={end.remote_net}
\tike={"-".join(end.ike)}!
\tesp={esp}!
\ttype={end.mode}
\tlifetime={end.life}s
\tauto=route
"""
    secrets = f'{end.own_id} {end.peer_id} : PSK "{end.key}"\n'
    return {"/etc/ipsec.conf": text, "/etc/ipsec.secrets": secrets}


def pluto(end: End) -> dict[str, str]:
    """Libreswan's ipsec.conf, with the sides by the alphabet, as it is shared between gateways."""
    cipher, hashed, group = end.ike
    esp = "-".join(_PLUTO.get(word, word) for word in end.esp)
    if end.pfs:
        esp += f";{_PLUTO_GROUP.get(end.pfs, end.pfs)}"
    first = end.own < end.peer
    left, right = ("own", "peer") if first else ("peer", "own")
    nets = {"own": end.local_net, "peer": end.remote_net}
    text = f"""\
version 2.0
config setup
    plutodebug=none
conn site
    keyexchange=ikev{end.version}
    aggressive={"yes" if end.aggressive else "no"}
    authby=secret
    left={getattr(end, left)}
    leftid={getattr(end, left + "_id")}
    leftsubnet={nets[left]}
    right={getattr(end, right)}
    rightid={getattr(end, right + "_id")}
    rightsubnet={nets[right]}
    ike={cipher}-{_PLUTO.get(hashed, hashed)};{_PLUTO_GROUP.get(group, group)}
    phase2alg={esp}
    pfs={"yes" if end.pfs else "no"}
    type={end.mode}
    salifetime={end.life}s
    auto=ondemand
"""
    secrets = f'{end.own_id} {end.peer_id} : PSK "{end.key}"\n'
    return {"/etc/ipsec.conf": text, "/etc/ipsec.secrets": secrets}


def ios(end: End) -> dict[str, str]:
    """A Cisco IOS running configuration with a crypto map."""
    cipher, hashed, group = end.ike
    esp_cipher = {"aes128": "esp-aes", "aes256": "esp-aes 256", "3des": "esp-3des"}[end.esp[0]]
    esp_hash = {"sha1": "esp-sha-hmac", "sha256": "esp-sha256-hmac", "md5": "esp-md5-hmac"}[end.esp[1]]
    local, remote = ip_network(end.local_net), ip_network(end.remote_net)
    pfs = f" set pfs group{_GROUP[end.pfs]}\n" if end.pfs else ""
    profile = " set ikev2-profile P\n" if end.version == 2 else " set isakmp-profile P\n"
    common = f"""\
hostname r1
!
crypto ipsec transform-set T {esp_cipher} {esp_hash}
 mode {end.mode}
!
crypto map M 10 ipsec-isakmp
 set peer {end.peer}
 set security-association lifetime seconds {end.life}
 set transform-set T
{pfs}{profile} match address L
!
interface GigabitEthernet0/0
 ip address {end.own} 255.255.255.0
 crypto map M
!
ip access-list extended L
 permit ip {local.network_address} {local.hostmask} {remote.network_address} {remote.hostmask}
!
"""
    one = f"""\
crypto isakmp policy 10
 encr {_IOS_CIPHER[cipher]}
 hash {_IOS_HASH[hashed]}
 authentication pre-share
 group {_GROUP[group]}
!
crypto keyring K
  pre-shared-key address {end.peer} key {end.key.replace(" ", "_")}
!
crypto isakmp profile P
   keyring K
   self-identity {_ios_id(end.own_id)}
   match identity {_ios_match(end.peer_id)}
{"   initiate mode aggressive" if end.aggressive else "!"}
!
"""
    two = f"""\
crypto ikev2 proposal X
 encryption {_IKEV2_CIPHER[cipher]}
 integrity {_IOS_HASH[hashed]}
 group {_GROUP[group]}
!
crypto ikev2 policy X
 proposal X
!
crypto ikev2 keyring K
 peer other
  address {end.peer}
  pre-shared-key {end.key.replace(" ", "_")}
!
crypto ikev2 profile P
 match identity remote {_ios_match(end.peer_id)}
 identity local {_ios_id(end.own_id)}
 authentication local pre-share
 authentication remote pre-share
 keyring local K
!
"""
    return {"/etc/running-config": (one if end.version == 1 else two) + common}


def _ios_id(identity: str) -> str:
    return f"address {identity}" if identity[0].isdigit() else f"fqdn {identity.removeprefix('@')}"


def _ios_match(identity: str) -> str:
    if identity[0].isdigit():
        return f"address {identity} 255.255.255.255"
    return f"{'fqdn'} {identity.removeprefix('@')}"
