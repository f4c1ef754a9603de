"""An inventory as it is written: which keys there are, and which values they may have."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from wizard.inventory.model import Become, Platform
from wizard.yaml_source import Entry, Whole, YesNo, wrong

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HOST: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_][A-Za-z0-9_-]*)*\.?")
_USER: Final = re.compile(r"[^\s@:\x00-\x1f\x7f-][^\s\x00-\x1f\x7f]*")
_JUMP: Final = re.compile(r"[^\s\x00-\x1f\x7f-][^\s\x00-\x1f\x7f]*")


def _name(value: str) -> str:
    if _NAME.fullmatch(value) is None:
        raise wrong("a name may hold letters, digits, dots, hyphens and underscores only", "rename it")
    return value


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        advice = "write it without the network length" if "/" in value else "write an IPv4 or IPv6 address"
        raise wrong("this is not an address", advice) from None


def _host(value: str) -> str:
    if _HOST.fullmatch(value) and len(value) <= 253:
        return value
    try:
        ipaddress.ip_address(value)
    except ValueError:
        raise wrong(
            "this is neither a host name nor an address", "write a name or an IPv4 or IPv6 address"
        ) from None
    return value


def _user(value: str) -> str:
    if _USER.fullmatch(value) is None:
        raise wrong("this is not a user name", "write user: root")
    return value


def _hop(value: str) -> str:
    if _JUMP.fullmatch(value) is None:
        raise wrong("this is not the name of a jump host", "write a gateway's name or an alias of ssh_config")
    return value


_Name = Annotated[str, AfterValidator(_name)]
_Address = Annotated[str, AfterValidator(_address)]
_Host = Annotated[str, AfterValidator(_host)]
_Port = Annotated[Whole, Field(ge=1, le=65535, examples=[22])]


class GatewayEntry(Entry):
    """One gateway, below `gateways:`."""

    host: _Host = Field(examples=["172.31.0.11"])
    port: _Port | None = Field(None, examples=[22])
    user: Annotated[str, AfterValidator(_user)] | None = Field(None, examples=["root"])
    identity_file: str | None = Field(None, min_length=1, examples=["~/.ssh/id_ed25519"])
    known_hosts: str | None = Field(None, min_length=1, examples=["~/.ssh/known_hosts"])
    platform: Platform = "auto"
    become: Become = "none"
    legacy: YesNo = False
    jump: list[Annotated[str, AfterValidator(_hop)]] | None = Field(None, examples=["[bastion]"])


class EndEntry(Entry):
    """One end, in the list `ends:`."""

    gateway: str | None = Field(None, examples=["gw-a"])
    address: _Host | None = Field(None, examples=["203.0.113.9"])
    managed_by: str = Field("", examples=["partner's network team"])
    connection: str | None = Field(None, min_length=1, examples=["site"])
    child: str | None = Field(None, min_length=1, examples=["net"])
    probe_source: _Address | None = Field(None, examples=["10.1.0.1"])
    probe_target: _Address | None = Field(None, examples=["10.1.0.10"])

    @model_validator(mode="after")
    def _one_of_two(self) -> EndEntry:
        if (self.gateway is None) is (self.address is None):
            raise wrong(
                "an end needs either a gateway or an address",
                "write gateway: NAME for one that can be logged in to, address: 203.0.113.9 for any other",
            )
        if self.gateway is not None and self.managed_by:
            raise wrong(
                "managed_by goes with an address",
                "take it out, or write address: instead of gateway:",
                "managed_by",
            )
        for key in ("connection", "child"):
            if self.address is not None and getattr(self, key) is not None:
                raise wrong(
                    f"{key} can only be told of a gateway that can be logged in to", "take it out", key
                )
        return self


class NameServiceEntry(Entry):
    """The mapping `name_service:`."""

    server: _Address = Field(examples=["10.2.0.53"])
    name: _Host = Field(examples=["intranet.corp.example"])
    expect: _Address | None = Field(None, examples=["10.2.0.10"])
    asked_from: str | None = Field(None, alias="from", examples=["gw-a"])


class ServiceEntry(Entry):
    """The mapping `service:`."""

    host: _Host = Field(examples=["10.2.0.10"])
    port: _Port = Field(examples=[80])
    asked_from: str | None = Field(None, alias="from", examples=["gw-a"])


class TunnelEntry(Entry):
    """One tunnel, below `tunnels:`."""

    ends: list[EndEntry] = Field(min_length=2, max_length=2, examples=["[{gateway: gw-a}, {gateway: gw-b}]"])
    name_service: NameServiceEntry | None = None
    service: ServiceEntry | None = None

    @model_validator(mode="after")
    def _two_ends(self) -> TunnelEntry:
        first, second = self.ends
        if first.gateway is None and second.gateway is None:
            raise wrong(
                "a tunnel needs a gateway at one end at least",
                "write gateway: NAME at one of its ends",
                "ends",
            )
        if first.gateway is not None and first.gateway == second.gateway:
            raise wrong("both ends are the same gateway", "name the other gateway at the second end", "ends")
        return self


class InventoryEntry(Entry):
    """The whole file."""

    version: Literal[1] = Field(examples=[1])
    gateways: dict[_Name, GatewayEntry] = Field(min_length=1)
    tunnels: dict[_Name, TunnelEntry] = Field(min_length=1)
