from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.pki import Pki
from wizard.facts import chains
from wizard.facts.certificates import Certificate, Crl
from wizard.facts.parsers import certificate_store, certificates

RECORDED = Path(__file__).parent / "strongswan" / "data" / "certificates.txt"


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki()


def read(pki: Pki, name: str) -> Certificate:
    ((_, der),) = certificates.blocks(pki.item(name))
    found = certificates.certificate(der)
    assert found is not None
    return found


def listed(pki: Pki, name: str) -> Crl:
    ((_, der),) = certificates.blocks(pki.item(name))
    found = certificates.crl(der)
    assert found is not None
    return found


# --- what a gateway printed ------------------------------------------------------------------------


def test_what_is_on_disk_and_what_is_loaded_become_one_entry() -> None:
    store = certificate_store.parse(RECORDED.read_text())
    assert store.disk_read
    assert store.loaded_read
    own, authority, peer = store.certificates
    assert own.certificate.subject == "C=CH, O=Lab, CN=gw-b.site.example"
    assert own.files == ("/etc/swanctl/x509/site.pem",)
    assert own.loaded
    assert own.has_key
    assert authority.trusted
    assert authority.certificate.authority
    assert peer.files == ()
    assert not peer.has_key
    assert store.authorities == (authority.certificate,)


def test_a_private_key_is_known_by_the_digest_its_certificate_has_too() -> None:
    store = certificate_store.parse(RECORDED.read_text())
    (key,) = store.keys
    assert key.file == "/etc/swanctl/private/site.pem"
    assert key.mode == "-rw-------"
    assert key.owner == "0"
    assert key.spki == store.certificates[0].certificate.spki


def test_a_revocation_list_names_whom_it_withdraws() -> None:
    store = certificate_store.parse(RECORDED.read_text())
    (crl,) = store.crls
    assert crl.files == ("/etc/swanctl/x509crl/site.pem",)
    assert store.certificates[2].certificate.serial in crl.revoked
    assert store.certificates[0].certificate.serial not in crl.revoked


def test_a_key_without_digest_says_why() -> None:
    store = certificate_store.parse(
        "@@ key -rw------- 0 /etc/swanctl/private/a b.pem\n!unreadable\n@@ loaded\n@= 1\n"
    )
    (key,) = store.keys
    assert key.file == "/etc/swanctl/private/a b.pem"
    assert key.spki is None
    assert key.problem == "unreadable"
    assert not store.loaded_read


def test_what_is_on_disk_and_not_in_the_list_is_not_loaded(pki: Pki) -> None:
    text = f"@@ file /etc/swanctl/x509ca/ca.pem\n{pki.item('ca')}@@ loaded\nlist-certs reply {{}}\n@= 0\n"
    store = certificate_store.parse(text)
    assert store.certificates[0].loaded is False
    assert store.authorities == ()


def test_where_the_daemon_cannot_be_asked_the_folder_decides(pki: Pki) -> None:
    text = f"@@ file /etc/swanctl/x509ca/ca.pem\n{pki.item('ca')}@@ loaded\n@= 111\n"
    store = certificate_store.parse(text)
    assert store.certificates[0].loaded is None
    assert [one.subject for one in store.authorities] == ["C=CH, O=Lab, CN=Site Root CA"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@@ file",
        "@@ file /x\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "@@ file /x\n-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n",
        "@@ loaded\nlist-cert event {type=X509 flag=NONE data=0x30}\nlist-cert event {type=X509 data=zz}\n@= 0\n",
        "@@ key\n@@ key - -\n",
    ],
)
def test_nonsense_is_no_certificate(text: str) -> None:
    assert certificate_store.parse(text).certificates == ()


# --- names -----------------------------------------------------------------------------------------


def test_a_certificate_carries_its_alternative_name_and_its_subject(pki: Pki) -> None:
    one = read(pki, "gw-a")
    assert one.confirms("gw-a.site.example")
    assert one.confirms("GW-A.site.example")
    assert one.confirms("C=CH, O=Lab, CN=gw-a.site.example")
    assert one.confirms("%any")
    assert not one.confirms("gw-b.site.example")
    assert not one.confirms("C=CH, O=Lab, CN=gw-b.site.example")


def test_the_common_name_is_no_host_name(pki: Pki) -> None:
    assert not read(pki, "gw-a.no-san").confirms("gw-a.site.example")


def test_a_name_of_another_type_is_not_carried(pki: Pki) -> None:
    assert not read(pki, "gw-a").confirms("keyid:gw-a.site.example")


# --- chains ----------------------------------------------------------------------------------------


def test_a_certificate_of_a_trusted_authority_is_trusted(pki: Pki) -> None:
    way = chains.build(read(pki, "gw-a"), [], [read(pki, "ca")])
    assert way.trusted
    assert [one.subject for one in way.path][-1] == "C=CH, O=Lab, CN=Site Root CA"


def test_the_authority_in_between_may_be_sent_along(pki: Pki) -> None:
    leaf, between, root = read(pki, "gw-a.sub"), read(pki, "sub"), read(pki, "ca")
    assert chains.build(leaf, [between], [root]).trusted
    assert chains.build(leaf, [], [root]).problem == "issuer-unknown"
    assert chains.build(leaf, [], [between]).trusted


def test_an_authority_made_anew_under_its_name_is_told_from_an_unknown_one(pki: Pki) -> None:
    leaf = read(pki, "gw-a.namesake")
    assert chains.build(leaf, [], [read(pki, "ca")]).problem == "authority-renewed"
    assert chains.build(leaf, [], [read(pki, "ca2")]).problem == "issuer-unknown"


def test_an_authority_that_does_not_say_it_is_one_counts_for_nothing(pki: Pki) -> None:
    way = chains.build(read(pki, "gw-a.no-constraint"), [], [read(pki, "no-constraint"), read(pki, "ca")])
    assert not way.trusted
    assert way.problem == "authority-unmarked"


def test_a_certificate_that_signed_itself_is_trusted_only_where_it_lies(pki: Pki) -> None:
    leaf = read(pki, "gw-a.self-signed")
    assert chains.build(leaf, [], [read(pki, "ca")]).problem == "self-signed"
    assert chains.build(leaf, [], [leaf]).trusted


def test_an_end_without_authorities_is_said_to_have_none(pki: Pki) -> None:
    assert chains.build(read(pki, "gw-a"), [], []).problem == "no-authority"


def test_an_authority_is_not_believed_by_its_name_and_key_id_alone(pki: Pki) -> None:
    leaf, other = read(pki, "gw-a"), read(pki, "ca2")
    forged = replace(other, subject=leaf.issuer, key_id=leaf.issuer_key_id)
    assert not chains.build(leaf, [], [forged]).trusted


def test_a_ring_of_authorities_ends(pki: Pki) -> None:
    a, b = read(pki, "ca"), read(pki, "ca2")
    a = replace(a, subject="CN=a", issuer="CN=b", der=b"", fingerprint="a", key_id="", issuer_key_id="")
    b = replace(b, subject="CN=b", issuer="CN=a", der=b"", fingerprint="b", key_id="", issuer_key_id="")
    leaf = replace(a, subject="CN=leaf", fingerprint="leaf", authority=False)
    assert not chains.build(leaf, [a, b], [read(pki, "ca2")]).trusted


def test_more_authorities_than_allowed_are_found(pki: Pki) -> None:
    path = chains.build(read(pki, "gw-a.deep"), [read(pki, "deep"), read(pki, "sub")], [read(pki, "ca")]).path
    breaker = chains.too_long(path)
    assert breaker is not None
    assert breaker.subject == "C=CH, O=Lab, CN=Site Issuing CA"
    good = chains.build(read(pki, "gw-a.sub"), [read(pki, "sub")], [read(pki, "ca")]).path
    assert chains.too_long(good) is None


def test_the_list_of_the_right_authority_is_taken(pki: Pki) -> None:
    crls = [listed(pki, "crl.ca2"), listed(pki, "crl.stale"), listed(pki, "crl")]
    found = chains.list_for(read(pki, "gw-a.revoked"), crls)
    assert found == crls[2]
    assert chains.list_for(read(pki, "gw-a.namesake"), crls) is None


def test_a_key_not_meant_for_signing_is_told(pki: Pki) -> None:
    assert read(pki, "gw-a").may_sign
    assert not read(pki, "gw-a.no-signature-usage").may_sign
