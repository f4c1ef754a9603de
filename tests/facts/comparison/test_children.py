"""Several protected networks between two gateways: each child needs one that answers it, however they are written."""

from __future__ import annotations

from tests.facts.comparison.test_pairs import outcome

CHILD = """\
{name} {{ local_ts = {local}
  remote_ts = {remote}
  esp_proposals = {esp}
  mode = {mode}
  start_action = trap }}
"""


def child(name: str, local: str, remote: str, esp: str = "aes128-sha256", mode: str = "tunnel") -> str:
    return CHILD.format(name=name, local=local, remote=remote, esp=esp, mode=mode)


def swanctl(own: str, peer: str, *children: str, more: str = "", version: int = 2) -> dict[str, bytes]:
    text = f"""\
connections {{ c {{ version = {version}
  local_addrs = {own}
  remote_addrs = {peer}
  {more}
  local {{ auth = psk }}
  remote {{ auth = psk }}
  children {{ {"".join(children)} }} }} }}
"""
    return {"/etc/swanctl/swanctl.conf": text.encode()}


A = swanctl(
    "192.0.2.1",
    "192.0.2.2",
    child("one", "10.1.0.0/16", "10.2.0.0/16"),
    child("two", "10.3.0.0/16", "10.4.0.0/16"),
)


def b(*children: str) -> dict[str, bytes]:
    return swanctl("192.0.2.2", "192.0.2.1", child("first", "10.2.0.0/16", "10.1.0.0/16"), *children)


def causes(left: dict[str, bytes], right: dict[str, bytes]) -> list[str]:
    found, _ = outcome(left, right)
    return [one.cause for one in found.causes]


def test_children_find_each_other_whatever_they_are_called() -> None:
    assert causes(A, b(child("second", "10.4.0.0/16", "10.3.0.0/16"))) == []


def test_the_second_child_is_judged_like_the_first() -> None:
    assert causes(A, b(child("x", "10.4.0.0/16", "10.3.0.0/16", esp="aes256-sha256"))) == [
        "esp-proposal-mismatch"
    ]
    assert causes(A, b(child("x", "10.4.0.0/16", "10.3.0.0/16", mode="transport"))) == ["ipsec-mode-mismatch"]
    assert causes(A, b(child("x", "10.5.0.0/16", "10.3.0.0/16"))) == ["traffic-selector-mismatch"]


def test_a_child_nobody_answers_is_named() -> None:
    found, _ = outcome(A, b())
    assert [one.cause for one in found.causes] == ["traffic-selector-mismatch"]
    assert "(two), for which b has no child" in found.causes[0].summary


def test_one_child_with_two_networks_answers_two_with_one_each() -> None:
    both = child("both", "10.2.0.0/16,10.4.0.0/16", "10.1.0.0/16,10.3.0.0/16")
    right = swanctl("192.0.2.2", "192.0.2.1", both)
    assert causes(A, right) == []


def test_connections_of_ipsec_conf_that_share_an_ike_sa_are_one() -> None:
    text = """\
conn %default
  keyexchange=ikev2
  authby=psk
  left=192.0.2.2
  right=192.0.2.1
  esp=aes128-sha256!
  auto=route
conn one
  leftsubnet=10.2.0.0/16
  rightsubnet=10.1.0.0/16
conn two
  leftsubnet=10.4.0.0/16
  rightsubnet=10.3.0.0/16
"""
    assert causes(A, {"/etc/ipsec.conf": text.encode()}) == []
    broken = text.replace("10.3.0.0", "10.9.0.0")
    assert causes(A, {"/etc/ipsec.conf": broken.encode()}) == ["traffic-selector-mismatch"]


def test_libreswans_product_of_networks_is_compared_with_single_children() -> None:
    text = """\
conn site
    left=192.0.2.2
    leftsubnets={10.2.0.0/16 10.4.0.0/16}
    right=192.0.2.1
    rightsubnet=10.1.0.0/16
    authby=secret
    ikev2=insist
    phase2alg=aes128-sha2_256
    auto=ondemand
"""
    left = swanctl(
        "192.0.2.1",
        "192.0.2.2",
        child("one", "10.1.0.0/16", "10.2.0.0/16"),
        child("two", "10.1.0.0/16", "10.4.0.0/16"),
    )
    assert causes(left, {"/etc/ipsec.conf": text.encode()}) == []


def test_a_client_with_a_virtual_address_is_judged_by_the_other_side() -> None:
    gateway = swanctl("192.0.2.1", "%any", child("net", "10.1.0.0/16", "dynamic"), more="pools = p")
    client = swanctl("192.0.2.9", "192.0.2.1", child("home", "dynamic", "10.1.0.0/16"), more="vips = 0.0.0.0")
    assert causes(gateway, client) == []
    other = swanctl("192.0.2.9", "192.0.2.1", child("home", "dynamic", "10.7.0.0/16"), more="vips = 0.0.0.0")
    assert causes(gateway, other) == ["traffic-selector-mismatch"]
