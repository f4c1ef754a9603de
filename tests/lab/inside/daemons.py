"""How each kind of IKE daemon is loaded, started and stopped; one entry for each kind of image."""

from __future__ import annotations

from dataclasses import dataclass

from tests.lab import healthy
from tests.lab.trouble import LabError


@dataclass(frozen=True, slots=True)
class Daemon:
    """The commands of one IKE daemon, lines of shell for its gateway."""

    unit: str
    load: str
    initiate: str
    terminate: str
    # Prints the child SAs that carry traffic; {child} and {connection} are filled in.
    installed: str
    # Prints the SPIs of the connection's child SAs and nothing else that changes.
    spis: str
    forget_counters: str


_SWANCTL = Daemon(
    unit="strongswan",
    load="swanctl --load-all --noprompt",
    initiate="swanctl --initiate --child {child} --timeout {seconds}",
    terminate="swanctl --terminate --ike {connection} --timeout 5",
    installed="swanctl --list-sas --raw --ike {connection} | grep 'state=INSTALLED'",
    spis="swanctl --list-sas --raw --ike {connection} | grep -o -e 'spi-in=[0-9a-f]*' -e 'spi-out=[0-9a-f]*'",
    forget_counters="swanctl --counters --reset --all",
)

_DAEMONS = {"swanctl": _SWANCTL}


def daemon(kind: str) -> Daemon:
    """The daemon of that kind.

    Raises:
        LabError: images name that kind, and the lab cannot drive it.
    """
    if kind not in _DAEMONS:
        raise LabError(f"The lab cannot drive gateways with {kind}; it can drive {', '.join(_DAEMONS)}.")
    return _DAEMONS[kind]


def files(kind: str, gateway: healthy.Gateway, topology: healthy.Topology) -> dict[str, str]:
    """The healthy configuration as that kind of daemon reads it."""
    daemon(kind)
    rendered = {path: healthy.render(tree) for path, tree in healthy.swanctl(gateway, topology).items()}
    return {**rendered, **healthy.STRONGSWAN_FILES}
