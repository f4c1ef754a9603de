"""What the operator gives is read before anything is done: what cannot help is refused, the rest put in its place."""

from __future__ import annotations

import base64
import subprocess
import time
from pathlib import Path

import pytest

from tests.lab.pki import Pki
from wizard.engine.plan import Step
from wizard.facts.certificates import CertificateStore, HeldCertificate, PrivateKey
from wizard.facts.focus import Focus
from wizard.facts.model import Facts
from wizard.facts.parsers import certificates as reading
from wizard.facts.parsers.clock import Clock
from wizard.facts.probes import Command, Output
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import AuthRound, Configuration, Connection
from wizard.platforms.actions.base import Planned, Site, Unplannable
from wizard.platforms.actions.certificates import InstallCa, InstallCertificate, InstallCrl
from wizard.platforms.guard import LIBRARY

PKI = Pki()
OWN = "gw-a.site.example"


def certificate(name: str) -> HeldCertificate:
    (block,) = [der for label, der in reading.blocks(PKI.item(name)) if label == "CERTIFICATE"]
    read = reading.certificate(block)
    assert read is not None
    return HeldCertificate(read, files=(f"/etc/swanctl/x509/{name}.pem",), loaded=True)


def site(folder: Path, *, implementation: str = "strongswan-swanctl", **given: str) -> Site:
    held = certificate("gw-a.expired")
    connection = Connection(
        "site", local=(AuthRound("pubkey", OWN, certs=("gw-a.expired.pem",)),), remote=(AuthRound("pubkey"),)
    )
    root = f"{folder}/swanctl.conf" if implementation == "strongswan-swanctl" else f"{folder}/ipsec.conf"
    near = Snapshot(
        "near",
        "gw-a",
        implementation=implementation,
        clock=Clock(time.time(), 1.0, None, ""),
        disk=Configuration(files=(root,)),
        certificates=CertificateStore(
            (held,), (PrivateKey("/etc/swanctl/private/a.pem", held.certificate.spki),), disk_read=True
        ),
    )
    focus = Focus(connection, on_disk=connection, name="site")
    written = {}
    for name, item in given.items():
        path = folder / f"{name}.pem"
        path.write_text(PKI.item(item) if item else "")
        written[name.replace("_", "-")] = str(path)
    return Site({"near": near}, {"near": focus}, Facts(), given=written)


def planned(where: Site, action: InstallCa | InstallCertificate | InstallCrl) -> Planned:
    """The plan by what the looks print when they are run here."""
    seen: dict[str, Output] = {}
    for look in action.look(where, "near", {}):
        ran = subprocess.run(
            ["sh", "-c", look.text],
            env={"PATH": "/usr/bin:/bin", "SUDO": ""},
            capture_output=True,
            check=False,
            text=True,
        )
        seen[look.id] = Output(
            Command(look.id, look.text), ran.stdout, ran.stderr, ran.returncode, False, 0.0
        )
    return action.plan(where, "near", {}, seen)


def run(text: str, folder: Path, secret: bytes = b"") -> int:
    guard = folder / "guard"
    guard.mkdir(exist_ok=True)
    words = f"G={guard}; ID=trial; N=0; W={base64.b64encode(secret).decode()}\n{LIBRARY}\n{text}\n"
    return subprocess.run(["sh", "-c", words], capture_output=True, check=False, timeout=20).returncode


@pytest.fixture
def top(tmp_path: Path) -> Path:
    for name in ("x509", "x509ca", "private", "ipsec.d/cacerts"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def test_an_authority_goes_where_the_daemon_looks_and_away_again(top: Path) -> None:
    plan = planned(site(top, ca_file="ca"), InstallCa())
    (step,) = plan.steps
    content = (top / "ca_file.pem").read_bytes()
    assert run(step.requires, top) == 0
    assert run(f"{step.apply} && {{ {step.verify}; }}", top, content) == 0
    (placed,) = (top / "x509ca").iterdir()
    assert placed.read_bytes() == content
    assert placed.stat().st_mode & 0o777 == 0o644
    assert run(step.requires, top) != 0
    assert run(step.undo, top) == 0
    assert list((top / "x509ca").iterdir()) == []


def test_what_arrives_cut_short_does_not_count_as_done(top: Path) -> None:
    (step,) = planned(site(top, ca_file="ca"), InstallCa()).steps
    assert run(f"{step.apply} && {{ {step.verify}; }}", top, b"half") != 0
    assert run(step.undo, top) == 0
    assert list((top / "x509ca").iterdir()) == []


def test_an_authority_that_is_there_already_needs_nothing(top: Path) -> None:
    where = site(top, ca_file="ca")
    (step,) = planned(where, InstallCa()).steps
    run(step.apply, top, (top / "ca_file.pem").read_bytes())
    assert planned(where, InstallCa()) == Planned()


@pytest.mark.parametrize(
    ("item", "why"),
    [("gw-a", "no authority"), ("", "empty"), ("gw-a.key", "no certificate")],
)
def test_what_is_no_authority_is_refused(top: Path, item: str, why: str) -> None:
    with pytest.raises(Unplannable, match=why):
        planned(site(top, ca_file=item), InstallCa())


def test_without_a_file_the_operator_is_told_what_to_name(top: Path) -> None:
    with pytest.raises(Unplannable, match="--given ca-file=PATH"):
        planned(site(top), InstallCa())
    with pytest.raises(Unplannable, match="--given certificate-file=PATH"):
        planned(site(top), InstallCertificate())


@pytest.mark.parametrize(
    ("item", "why"),
    [
        ("gw-a.expired", "ran out on"),
        ("gw-a.future", "begins on"),
        ("gw-a.other-san", "does not carry gw-a.site.example"),
        ("gw-b", "does not carry gw-a.site.example"),
    ],
)
def test_a_certificate_that_cannot_help_is_refused(top: Path, item: str, why: str) -> None:
    with pytest.raises(Unplannable, match=why):
        planned(site(top, certificate_file=item), InstallCertificate())


def test_certificate_and_key_have_to_belong_together(top: Path) -> None:
    (top / "x509" / "gw-a.expired.pem").write_text("old")
    with pytest.raises(Unplannable, match="does not belong to"):
        planned(site(top, certificate_file="gw-a", key_file="gw-b.key"), InstallCertificate())
    plan = planned(site(top, certificate_file="gw-a", key_file="gw-a.key"), InstallCertificate())
    assert [need.name for need in plan.secrets] == ["certificate-file", "key-file"]
    assert "PRIVATE" not in repr(plan)
    for step, name in zip(plan.steps, ("certificate_file", "key_file"), strict=True):
        assert run(f"{step.apply} && {{ {step.verify}; }}", top, (top / f"{name}.pem").read_bytes()) == 0
    (key,) = (top / "private").iterdir()
    assert key.stat().st_mode & 0o777 == 0o600
    assert (top / "x509" / "gw-a.expired.pem").read_text() == PKI.item("gw-a")
    for step in reversed(plan.steps):
        assert run(step.undo, top) == 0
    assert (top / "x509" / "gw-a.expired.pem").read_text() == "old"
    assert list((top / "private").iterdir()) == []


def test_an_authority_of_ipsec_conf_has_a_folder_of_its_own(top: Path) -> None:
    (step,) = planned(site(top, implementation="strongswan-ipsec", ca_file="ca"), InstallCa()).steps
    assert f"{top}/ipsec.d/cacerts/" in step.apply


def test_libreswan_keeps_its_own_in_a_database(top: Path) -> None:
    where = site(top, implementation="libreswan", ca_file="ca", certificate_file="gw-a")
    with pytest.raises(Unplannable, match="ipsec import"):
        planned(where, InstallCertificate())
    with pytest.raises(Unplannable, match="certutil"):
        InstallCa().plan(where, "near", {}, {})
    usable = Output(Command("certutil", ""), "usable\n", "", 0, False, 0.0)
    (step,) = InstallCa().plan(where, "near", {}, {"certutil": usable}).steps
    assert isinstance(step, Step)
    assert "certutil -D" in step.undo


def test_a_revocation_list_has_to_be_in_force(top: Path) -> None:
    (top / "x509crl").mkdir()
    (step,) = planned(site(top, crl_file="crl"), InstallCrl()).steps
    assert f"{top}/x509crl/" in step.apply
    with pytest.raises(Unplannable, match="ran out on"):
        planned(site(top, crl_file="crl.stale"), InstallCrl())
    with pytest.raises(Unplannable, match="no revocation list"):
        planned(site(top, crl_file="ca"), InstallCrl())
