"""`compare` on what the lab's scenarios put on disk: the same faults, told from the files alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

import pytest

from tests.facts.comparison.test_pairs import FLOW
from tests.lab import healthy, images, scenario
from tests.lab.inside import daemons
from tests.lab.pki import Pki
from tests.lab.scenario import Scenario
from wizard.engine.model import Outcome
from wizard.facts.comparison import saved
from wizard.ui.headless.compare import compared

ON_DISK: Final = frozenset(
    {
        *("ike-version-mismatch", "ike-proposal-mismatch", "auth-method-mismatch", "exchange-mode-mismatch"),
        *("psk-mismatch", "psk-missing", "id-mismatch", "peer-address-mismatch", "traffic-selector-mismatch"),
        *("esp-proposal-mismatch", "ipsec-mode-mismatch", "config-syntax-error", "cert-expired"),
        *("cert-not-yet-valid", "cert-untrusted", "cert-id-mismatch", "private-key-missing", "pfs-mismatch"),
    }
)
"""Causes that two configurations alone can show."""


GATEWAYS: Final[tuple[healthy.Gateway, healthy.Gateway]] = ("gw-a", "gw-b")


@cache
def pki() -> Pki:
    return Pki()


def files(one: Scenario, gateway: healthy.Gateway) -> dict[str, bytes]:
    """What stands on a gateway's disk in a scenario."""
    kind = images.definitions().images[one.image(gateway)].daemon
    change = one.change.get(gateway)
    proof = healthy.CERTIFICATE[kind] if one.proof == "certificate" else None
    options = {**(proof.options if proof else {}), **(change.set if change else {})}
    texts: dict[str, str | None] = {**daemons.files(kind, gateway, one.topology, options)}
    for path, made in (proof.files if proof else {}).items():
        texts[path] = pki().item(made.format(gateway=gateway))
    for edit in change.edit if change else ():
        texts[edit.file] = (texts[edit.file] or "").replace(edit.find, edit.replace)
    for path, item in (change.pki if change else {}).items():
        texts[path] = None if item is None else pki().item(item)
    texts |= change.write if change else {}
    return {path: text.encode() for path, text in texts.items() if text is not None}


def release(one: Scenario, gateway: healthy.Gateway) -> str | None:
    """What is installed there, where the image's title says it."""
    title = images.definitions().images[one.image(gateway)].title
    found = re.search(r"Libreswan [0-9]", title)
    return f"{found[0]}.0" if found else None


def outcome(one: Scenario) -> Outcome:
    ends = [saved.read(name, files(one, name), version=release(one, name), salt="s") for name in GATEWAYS]
    found, _ = compared(ends[0], ends[1], FLOW, datetime.now(UTC) + timedelta(minutes=1))
    return found


def told_by_files(one: Scenario) -> bool:
    """Whether nothing but files of the gateways differs from the healthy pair, and nothing older still runs."""
    return (
        one.start != "up-before"
        and not one.warn
        and not any(change.run or not change.load for change in one.change.values())
    )


def taken_away(one: Scenario) -> bool:
    """A private key that is not there may only not have been given; that is said, and nobody is blamed."""
    return one.expect == "private-key-missing" and any(
        item is None for change in one.change.values() for item in change.pki.values()
    )


ALL = [one for one in scenario.load().values() if told_by_files(one)]


@pytest.mark.parametrize(
    "one", [one for one in ALL if one.expect in ON_DISK and not taken_away(one)], ids=lambda one: one.id
)
def test_a_fault_of_the_files_is_named(one: Scenario) -> None:
    found = outcome(one)
    assert found.status == "fault"
    assert found.causes[0].cause == one.expect


@pytest.mark.parametrize("one", [one for one in ALL if one.expect == "healthy"], ids=lambda one: one.id)
def test_a_healthy_pair_is_not_blamed(one: Scenario) -> None:
    assert outcome(one).causes == ()


@pytest.mark.parametrize("one", [one for one in ALL if taken_away(one)], ids=lambda one: one.id)
def test_a_private_key_that_was_not_given_is_said(one: Scenario) -> None:
    ends = [saved.read(name, files(one, name), version=release(one, name), salt="s") for name in GATEWAYS]
    found, pairs = compared(ends[0], ends[1], FLOW, datetime.now(UTC) + timedelta(minutes=1))
    assert found.causes == ()
    assert any(field.startswith("private key of") for pair in pairs for field in pair.not_compared)
