"""How each kind of IKE daemon is loaded, started and stopped; one entry for each kind of image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.lab import healthy, healthy_libreswan
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
    # What the tunnel's child is called, where that is not the connection's own name.
    child: str | None = None


_SWANCTL = Daemon(
    unit="strongswan",
    load="swanctl --load-all --noprompt",
    initiate="swanctl --initiate --child {child} --timeout {seconds}",
    terminate="swanctl --terminate --ike {connection} --timeout 5",
    installed="swanctl --list-sas --raw --ike {connection} | grep 'state=INSTALLED'",
    spis="swanctl --list-sas --raw --ike {connection} | grep -o -e 'spi-in=[0-9a-f]*' -e 'spi-out=[0-9a-f]*'",
    forget_counters="swanctl --counters --reset --all",
    child="net",
)

_IPSECCONF = Daemon(
    unit="strongswan-starter",
    # starter rereads its file after a signal, and says nowhere when it has.
    load="ipsec update; ipsec rereadsecrets; sleep 1",
    # Its exit status is 0 even when the peer refuses.
    initiate='said=$(timeout {seconds} ipsec up {connection} 2>&1); echo "$said"; '
    "case $said in *successfully | *'existing duplicate'*) ;; *) exit 1 ;; esac",
    terminate="ipsec down {connection}",
    installed="ipsec status {connection} | grep -E '^ *{connection}\\{{[0-9]+\\}}: +INSTALLED'",
    spis="ipsec status {connection} | grep -o 'SPIs: [0-9a-f]*_i [0-9a-f]*_o'",
    forget_counters="ipsec resetcounters",
)

_LIBRESWAN = Daemon(
    unit="ipsec",
    load="ipsec auto --rereadsecrets; ipsec auto --replace site",
    # Its exit status is 0 when only the IKE SA came up, and right after a revival nothing is started at all.
    initiate="timeout {seconds} ipsec auto --up {connection}; sleep 0.2;"
    "ipsec trafficstatus | grep '\"{connection}\"'",
    # A connection that was up stays routed otherwise: the next packet would bring it up again.
    terminate="ipsec auto --down {connection}; ipsec auto --unroute {connection}",
    installed="ipsec trafficstatus | grep '\"{connection}\"'",
    spis="ipsec whack --status | grep '\"{connection}\"' | grep -o -E '(esp|ah)[.][0-9a-f]+'",
    forget_counters="true",
)

_DAEMONS = {"swanctl": _SWANCTL, "ipsecconf": _IPSECCONF, "libreswan": _LIBRESWAN}

Trees = Callable[[healthy.Gateway, healthy.Topology], dict[str, healthy.Tree]]
_TREES: dict[str, tuple[Trees, Callable[[healthy.Tree], str]]] = {
    "swanctl": (healthy.swanctl, healthy.render),
    "ipsecconf": (healthy.ipsecconf, healthy.render_ipsecconf),
    "libreswan": (healthy_libreswan.files, healthy.render_ipsecconf),
}


def daemon(kind: str) -> Daemon:
    """The daemon of that kind.

    Raises:
        LabError: images name that kind, and the lab cannot drive it.
    """
    if kind not in _DAEMONS:
        raise LabError(f"The lab cannot drive gateways with {kind}; it can drive {', '.join(_DAEMONS)}.")
    return _DAEMONS[kind]


def files(
    kind: str,
    gateway: healthy.Gateway,
    topology: healthy.Topology,
    changed: Mapping[str, str | None] | None = None,
) -> dict[str, str]:
    """The healthy configuration as that kind of daemon reads it, with the options that are `changed` set.

    An option is named by its dotted path in one of the files: `connections.site.version`, `site.leftid`.

    Raises:
        KeyError: no file has such a section; its argument is the path.
    """
    daemon(kind)
    trees, render = _TREES[kind]
    content = trees(gateway, topology)
    for path, value in (changed or {}).items():
        for tree in (one for one in content.values() if path.partition(".")[0] in one):
            try:
                healthy.set_option(tree, path, value)
            except KeyError:
                continue
            break
        else:
            raise KeyError(path)
    return {**{path: render(tree) for path, tree in content.items()}, **healthy.STRONGSWAN_FILES}
