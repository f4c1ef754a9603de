"""The healthy pair as Libreswan reads it: the same tunnels as `healthy.py`, in ipsec.conf and ipsec.secrets.

Left is gw-a in the files of both gateways, as administrators who copy one file to both do: which side is local
is for the daemon to find out.
"""

from __future__ import annotations

from tests.lab import healthy

_ENDS: tuple[healthy.Gateway, healthy.Gateway] = ("gw-a", "gw-b")


def files(gateway: healthy.Gateway, topology: healthy.Topology) -> dict[str, healthy.Tree]:
    """File path to content: sections are connections, other entries lines of an ipsec.secrets."""
    found: dict[str, healthy.Tree] = {}
    for which, (name, canary) in enumerate((("site", healthy.CANARY), ("branch", healthy.SIBLING_CANARY))):
        conn: healthy.Tree = {}
        for side, end in zip(("left", "right"), _ENDS, strict=True):
            reached = healthy.OUTSIDE[topology] if end == gateway else healthy.REACHED_AT
            conn[side] = reached[end][which]
            conn[f"{side}id"] = f"@{healthy.identity(end, name)}"
            conn[f"{side}subnet"] = healthy.INSIDE[end][which]
        conn |= {
            "authby": "secret",
            "ikev2": "insist",
            "ike": "aes256-sha2_256;modp2048",
            "esp": "aes256-sha2_256",
            "pfs": "no",
            "ikelifetime": "4h",
            "salifetime": "1h",
            "dpddelay": "30",
            "auto": "ondemand" if name == "branch" else "add",
        }
        owners = " ".join(f"@{healthy.identity(end, name)}" for end in (gateway, healthy.OTHER[gateway]))
        found[f"/etc/ipsec.d/{name}.conf"] = {name: conn}
        found[f"/etc/ipsec.d/{name}.secrets"] = {f"secret-{name}": f'{owners} : PSK "{canary}"'}
    return found
