"""Every option Libreswan's ipsec.conf has known from 3.0 to 5.3, because addconn refuses a file with another one.

Names are compared without regard to case; sided ones stand behind `left` or `right`, with or without a
hyphen since 5.0 (lib/libipsecconf/keywords.c of several releases).
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

_SIDED: Final = (
    *("", "subnet", "subnets", "subnetwithin", "sourceip", "ikeport", "interface-ip", "vti", "nexthop"),
    *("updown", "id", "rsasigkey", "rsasigkey2", "ecdsakey", "pubkey", "eddsakey", "cert", "ckaid"),
    *("sendcert", "ca", "xauthserver", "xauthclient", "modecfgserver", "modecfgclient", "username"),
    *("xauthusername", "xauthname", "addresspool", "auth", "cat", "protoport", "autheap", "groundhog"),
    *("natip", "firewall", "hostaccess", "sendca"),
)
_CONN: Final = (
    *("auto", "also", "alsoflip", "ike", "hostaddrfamily", "clientaddrfamily", "connaddrfamily", "type"),
    *("authby", "keyexchange", "ikev2", "ppk", "ppk-ids", "intermediate", "esn", "decap-dscp"),
    *("encap-dscp", "nopmtudisc", "fragmentation", "ike-frag", "ike_frag", "mobike", "narrowing"),
    *("ikev2-allow-narrowing", "pam-authorize", "send-redirect", "redirect-to", "accept-redirect"),
    *("accept-redirect-to", "pfs", "pfsgroup", "nat-keepalive", "nat_keepalive", "initial-contact"),
    *("initial_contact", "cisco-unity", "cisco_unity", "send-no-esp-tfc", "iptfs", "iptfs-dont-frag"),
    *("iptfs-packet-size", "iptfs-max-queue-size", "iptfs-init-delay", "iptfs-reorder-window"),
    *("iptfs-drop-time", "iptfs-fragmentation", "fake-strongswan", "send-vendorid", "send_vendorid"),
    *("sha2-truncbug", "sha2_truncbug", "ms-dh-downgrade", "ms-dh-upgrade", "pfs-rekey-workaround"),
    *("require-id-on-certificate", "dns-match-id", "dns-match-id,", "ipsec-max-bytes", "ipsec-lifetime"),
    *("keylife", "lifetime", "salifetime", "ipsec-max-packets", "retransmit-timeout"),
    *("retransmit-interval", "ikepad", "nat-ikev1-method", "nat_ikev1_method", "labeled-ipsec"),
    *("labeled_ipsec", "policy-label", "policy_label", "sec-label", "loopback", "remote-peer-type"),
    *("remote_peer_type", "nm-configured", "nm_configured", "xauthby", "xauthfail", "modecfgpull"),
    *("modecfgdns", "modecfgdns1", "modecfgdns2", "modecfgdomain", "modecfgdomains", "modecfgbanner"),
    *("modecfgwins1", "modecfgwins2", "ignore-peer-dns", "mark", "mark-in", "mark-out", "mark_in"),
    *("mark_out", "vti-interface", "vti-routing", "vti-shared", "ipsec-interface", "nic-offload"),
    *("ipsec-interface-managed", "encapsulation", "forceencaps", "overlapip", "reauth", "rekey"),
    *("rekeymargin", "rekeyfuzz", "keyingtries", "replay-window", "replay_window", "ikelifetime"),
    *("disablearrivalcheck", "failureshunt", "negotiationshunt", "enable-tcp", "tcp-remoteport"),
    *("tcp-remote-port", "connalias", "esp", "ah", "phase2alg", "phase2", "auth", "compress", "metric"),
    *("dpddelay", "dpdtimeout", "ikev1-dpdtimeout", "dpdaction", "sendca", "mtu", "priority", "tfc"),
    *("reqid", "nflog", "nflog-group", "aggressive", "aggrmode", "sareftrack", "debug", "plutodebug"),
    *("share-lease", "session-resumption", "reject-simultaneous-ike-auth", "authby2", "spi", "espenckey"),
    *("espauthkey", "manual", "encap-dscp", "nopmtudisc", "ipv6-address-pool"),
)
KNOWN: Final = frozenset(_CONN) | {f"{side}{option}" for side in ("left", "right") for option in _SIDED}
"""Options of a connection, in lower case."""


def known(option: str) -> bool:
    """Whether addconn takes an option of a connection."""
    word = option.lower()
    return word in KNOWN or word.replace("left-", "left", 1).replace("right-", "right", 1) in KNOWN


def meant(option: str) -> str | None:
    """The option that was probably meant by a misspelt one."""
    close = get_close_matches(option.lower(), sorted(KNOWN), n=1, cutoff=0.75)
    return close[0] if close else None
