"""The running IKE and CHILD SAs: `swanctl --list-sas`, as dump (`--raw`) or as listing for people."""

from __future__ import annotations

import re

from wizard.facts.parsers import swanctl_sas_text, vici_raw
from wizard.facts.parsers.vici_raw import Section
from wizard.facts.tunnel import ChildSa, IkeSa

__all__ = ["ChildSa", "IkeSa", "parse"]

LABEL = "list-sa event"


def parse(text: str) -> tuple[IkeSa, ...]:
    """The IKE SAs in the order listed, empty when nothing is up or nothing could be read."""
    messages = tuple(vici_raw.parse(text).of(LABEL))
    if not messages:
        return swanctl_sas_text.parse(text)
    return tuple(
        _ike_sa(name, section, message.line)
        for message in messages
        for name, section in message.body.sections
    )


def _ike_sa(name: str, sa: Section, line: str) -> IkeSa:
    return IkeSa(
        name=name,
        unique_id=sa.number("uniqueid"),
        version=sa.number("version"),
        state=(sa.text("state") or "").lower(),
        local_host=sa.text("local-host") or "",
        local_port=sa.number("local-port"),
        local_id=sa.text("local-id"),
        remote_host=sa.text("remote-host") or "",
        remote_port=sa.number("remote-port"),
        remote_id=sa.text("remote-id"),
        remote_user=sa.text("remote-eap-id") or sa.text("remote-xauth-id"),
        # A responder's dump has no such key; a dump cut before the SPIs says nothing about it.
        initiator=sa.text("initiator") == "yes" if "initiator-spi" in sa.values else None,
        initiator_spi=sa.text("initiator-spi") or "",
        responder_spi=sa.text("responder-spi") or "",
        proposal=_proposal(sa),
        established_s=sa.number("established"),
        rekey_in_s=sa.number("rekey-time"),
        reauth_in_s=sa.number("reauth-time"),
        nat_local=_flag(sa, "nat-local"),
        nat_remote=_flag(sa, "nat-remote"),
        nat_fake=_flag(sa, "nat-fake"),
        nat_any=_flag(sa, "nat-any"),
        if_id_in=sa.text("if-id-in"),
        if_id_out=sa.text("if-id-out"),
        local_vips=sa.items("local-vips"),
        remote_vips=sa.items("remote-vips"),
        tasks_queued=sa.items("tasks-queued"),
        tasks_active=sa.items("tasks-active"),
        tasks_passive=sa.items("tasks-passive"),
        children=tuple(_child_sa(key, child) for key, child in sa.section("child-sas").sections),
        line=line,
    )


def _child_sa(key: str, sa: Section) -> ChildSa:
    return ChildSa(
        # The section is called name-uniqueid; before 5.5.2 just name, and the dump had no `name`.
        name=sa.text("name") or re.sub(r"-[0-9]+$", "", key),
        unique_id=sa.number("uniqueid"),
        reqid=sa.number("reqid"),
        state=(sa.text("state") or "").lower(),
        mode=(sa.text("mode") or "").lower(),
        protocol=(sa.text("protocol") or "").lower(),
        encap=_flag(sa, "encap"),
        spi_in=sa.text("spi-in") or "",
        spi_out=sa.text("spi-out") or "",
        proposal=_proposal(sa),
        bytes_in=sa.number("bytes-in"),
        packets_in=sa.number("packets-in"),
        used_in_s=sa.number("use-in"),
        bytes_out=sa.number("bytes-out"),
        packets_out=sa.number("packets-out"),
        used_out_s=sa.number("use-out"),
        installed_s=sa.number("install-time"),
        rekey_in_s=sa.number("rekey-time"),
        expires_in_s=sa.number("life-time"),
        mark_in=_mark(sa, "in"),
        mark_out=_mark(sa, "out"),
        if_id_in=sa.text("if-id-in"),
        if_id_out=sa.text("if-id-out"),
        local_ts=sa.items("local-ts"),
        remote_ts=sa.items("remote-ts"),
        label=sa.text("label"),
    )


def _flag(sa: Section, key: str) -> bool:
    return sa.text(key) in {"yes", "1"}


def _mark(sa: Section, direction: str) -> str | None:
    value, mask = sa.text(f"mark-{direction}"), sa.text(f"mark-mask-{direction}")
    return f"{value}/{mask}" if value and mask else value


def _proposal(sa: Section) -> str:
    """The parts joined as charon's log writes them, so that one parser of proposals reads both."""
    words = [
        _sized(sa.text("encr-alg"), sa.text("encr-keysize")),
        _sized(sa.text("integ-alg"), sa.text("integ-keysize")),
        sa.text("prf-alg"),
        sa.text("dh-group"),
        *(f"KE{number}_{method}" for number in range(1, 8) if (method := sa.text(f"ake{number}"))),
        "ESN" if _flag(sa, "esn") else None,
    ]
    return "/".join(word for word in words if word)


def _sized(algorithm: str | None, bits: str | None) -> str | None:
    return f"{algorithm}_{bits}" if algorithm and bits else algorithm
