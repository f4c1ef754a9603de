"""A network namespace with the lab's gw-a in it: interfaces, addresses, routes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.platforms.network.ground import Namespace

_GATEWAY = """
for name in wan0 lan0 mgmt0; do ip link add $name type veth peer name r-$name && ip link set r-$name up; done &&
ip address add 192.0.2.1/24 dev wan0 && ip address add 192.0.2.11/24 dev wan0 &&
ip address add 10.1.0.1/24 dev lan0 && ip address add 172.31.0.11/24 dev mgmt0 &&
ip link set wan0 up && ip link set lan0 up && ip link set mgmt0 up &&
ip route add default via 192.0.2.254
"""


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Namespace]:
    made = Namespace.made(tmp_path)
    if made is None:
        pytest.skip("network namespaces are not to be had here")
    if made.run(_GATEWAY)[0] != 0:
        made.end()
        pytest.skip("the kernel has no pairs of interfaces")
    yield made
    made.end()


@pytest.fixture
def recorded_ufw() -> str:
    """What a gateway with ufw printed."""
    return (Path(__file__).parents[3] / "facts/linux/data/firewall/ufw.txt").read_text(encoding="utf-8")
