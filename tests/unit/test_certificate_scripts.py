"""The script that reads certificates on the gateway: public things come out, private keys never do."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from tests.lab.pki import KEY_MARK, Pki
from wizard.facts.parsers import certificate_store
from wizard.platforms.certificate_scripts import SWANCTL_CERTIFICATES, SWANCTL_HAS_CERTIFICATES, script

PKI = Pki()
SHELLS = [command for command in (["dash"], ["bash"], ["busybox", "sh"]) if shutil.which(command[0])]
pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


def printed(top: Path, shell: list[str]) -> str:
    ran = subprocess.run(
        [*shell, "-c", script((str(top),), "true")],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "SUDO": ""},
        capture_output=True,
        check=False,
        timeout=60,
    )
    return ran.stdout.decode()


@pytest.fixture
def top(tmp_path: Path) -> Path:
    for folder in ("x509", "x509ca", "x509crl", "private", "conf.d"):
        (tmp_path / folder).mkdir()
    (tmp_path / "x509" / "a b.pem").write_text(PKI.item("gw-a"))
    (tmp_path / "x509ca" / "ca.der").write_bytes(
        x509.load_pem_x509_certificate(PKI.item("ca").encode()).public_bytes(Encoding.DER)
    )
    (tmp_path / "x509crl" / "list.pem").write_text(PKI.item("crl"))
    (tmp_path / "private" / "a.pem").write_text(PKI.item("gw-a.key"))
    (tmp_path / "private" / "broken.pem").write_text("CANARY no key")
    return tmp_path


@pytest.mark.parametrize("shell", SHELLS)
def test_files_of_every_kind_are_read(top: Path, shell: list[str]) -> None:
    store = certificate_store.parse(printed(top, shell))
    assert {one.certificate.subject: one.trusted for one in store.certificates} == {
        "C=CH, O=Lab, CN=gw-a.site.example": False,
        "C=CH, O=Lab, CN=Site Root CA": True,
    }
    assert len(store.crls) == 1
    by_file = {Path(key.file).name: key for key in store.keys}
    assert by_file["a.pem"].spki == store.certificates[0].certificate.spki
    assert by_file["broken.pem"].spki is None


@pytest.mark.parametrize("shell", SHELLS)
def test_a_private_key_never_leaves_wherever_it_lies(top: Path, shell: list[str]) -> None:
    key = PKI.item("gw-a.key")
    (top / "x509" / "both.pem").write_text(PKI.item("gw-a") + key)
    (top / "x509" / "torn.pem").write_text("-----BEGIN CERTIFICATE-----\n" + key)
    (top / "x509" / "only-key.pem").write_text(key)
    der = load_pem_private_key(key[len(KEY_MARK) :].encode(), None)
    assert der is not None
    out = printed(top, shell)
    assert "PRIVATE" not in out
    assert "CANARY" not in out
    assert all(line not in out for line in key.splitlines()[2:-1])


@pytest.mark.parametrize("shell", SHELLS)
def test_files_named_by_their_whole_path_are_read(tmp_path: Path, shell: list[str]) -> None:
    top, elsewhere = tmp_path / "swanctl", tmp_path / "elsewhere"
    top.mkdir()
    elsewhere.mkdir()
    (elsewhere / "own.pem").write_text(PKI.item("gw-b"))
    (elsewhere / "key.pem").write_text(PKI.item("gw-b.key"))
    (top / "swanctl.conf").write_text(
        f"connections {{ a {{ local {{\n certs = x.pem, {elsewhere}/own.pem # mine\n}} }} }}\n"
        f"secrets {{ private-a {{\n file = {elsewhere}/key.pem\n}} }}\n"
    )
    store = certificate_store.parse(printed(top, shell))
    assert [one.files for one in store.certificates] == [(f"{elsewhere}/own.pem",)]
    assert [key.spki for key in store.keys] == [store.certificates[0].certificate.spki]


def test_scripts_are_such_that_a_shell_takes_them() -> None:
    for text in (SWANCTL_CERTIFICATES, SWANCTL_HAS_CERTIFICATES):
        assert subprocess.run(["sh", "-n", "-c", text], check=False, timeout=20).returncode == 0
