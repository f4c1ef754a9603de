"""What two gateways make of each other's certificates, from the files they hold."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.lab.pki import CDP_INSIDE, Pki
from wizard.facts.certificates import CertificateStore
from wizard.facts.derive import certificates, refusal, trust
from wizard.facts.derive.notebook import Notebook
from wizard.facts.derive.witness import Witness
from wizard.facts.focus import Focus
from wizard.facts.model import End, Fact, Value
from wizard.facts.parsers import certificate_store
from wizard.facts.parsers.certificates import blocks
from wizard.facts.parsers.certificates import certificate as read
from wizard.facts.parsers.charon_log import LogEvent
from wizard.facts.parsers.clock import Clock
from wizard.facts.snapshot import Snapshot
from wizard.facts.tunnel import AuthRound, Child, Configuration, Connection, SharedSecret

DAY = 86_400
NAMES: dict[End, str] = {"near": "gw-a", "far": "gw-b"}
PKI = Pki()
"""Made once: a key costs a tenth of a second."""


def store(
    end: End, own: str = "", ca: str = "ca", key: str = "key", crl: str = "", more: str = ""
) -> CertificateStore:
    """What a gateway has on disk; the daemon has all of it loaded."""
    gateway = NAMES[end]
    leaf = PKI.item(gateway + own)
    text = f"@@ file /etc/swanctl/x509/site.pem\n{leaf}"
    text += f"@@ file /etc/swanctl/x509ca/ca.pem\n{PKI.item(ca)}" if ca else ""
    text += f"@@ file /etc/swanctl/x509ca/more.pem\n{PKI.item(more)}" if more else ""
    text += f"@@ file /etc/swanctl/x509crl/list.pem\n{PKI.item(crl)}" if crl else ""
    held = certificate_store.parse(text)
    spki = ""
    if key:
        # Another key is known by another digest; what it is does not matter.
        ((_, der),) = blocks(PKI.item(gateway))
        certificate = read(der)
        assert certificate is not None
        spki = certificate.spki if key == "key" else "0" * 64
        held = certificate_store.parse(f"{text}@@ key -rw------- 0 /etc/swanctl/private/site.pem\n{spki}\n")
    return replace(
        held,
        loaded_read=True,
        certificates=tuple(
            replace(one, loaded=True, has_key=not one.trusted and one.certificate.spki == spki)
            for one in held.certificates
        ),
    )


def focus(end: End, identity: str = "", **options: str) -> Focus:
    peer = NAMES["far" if end == "near" else "near"]
    connection = Connection(
        name="site",
        local=(
            AuthRound(
                "pubkey",
                identity or f"{NAMES[end]}.site.example",
                options.get("signs", ""),
                certs=("site.pem",),
            ),
        ),
        remote=(AuthRound("pubkey", f"{peer}.site.example", options.get("asks", "")),),
        children=(Child("net", remote_ts=("10.1.0.0/24",) if end == "far" else ("10.2.0.0/24",)),),
    )
    return Focus(connection=connection, loaded=connection, on_disk=connection, child=connection.children[0])


def facts(
    stores: Mapping[End, CertificateStore],
    focuses: Mapping[End, Focus] | None = None,
    clocks: Mapping[End, float] | None = None,
) -> dict[str, Value | None]:
    now = time.time()
    books = {
        end: Notebook(
            Snapshot(
                end,
                NAMES[end],
                certificates=one,
                clock=Clock(now + (clocks or {}).get(end, 0.0), 1.0, None, "now"),
            )
        )
        for end, one in stores.items()
    }
    ways = dict(focuses or {end: focus(end) for end in stores})
    owns = {end: certificates.end_facts(book, ways[end]) for end, book in books.items()}
    trust.facts(books, ways, owns)
    return {fact.name: fact.value for book in books.values() for fact in book.facts}


def pair(
    near: CertificateStore | None = None, far: CertificateStore | None = None
) -> dict[End, CertificateStore]:
    return {"near": near or store("near"), "far": far or store("far")}


def test_a_good_pair_has_no_fault() -> None:
    found = facts(pair())
    for end in NAMES:
        assert found[f"{end}.cert_used"] is True
        assert found[f"{end}.cert_present"] is True
        assert found[f"{end}.cert_expired"] is False
        assert found[f"{end}.cert_not_yet_valid"] is False
        assert found[f"{end}.cert_time_disputed"] is False
        assert found[f"{end}.peer_trusts_cert"] is True
        assert found[f"{end}.cert_trust_problem"] == ""
        assert found[f"{end}.cert_confirms_identity"] is True
        assert found[f"{end}.private_key_fits"] is True
        assert found[f"{end}.private_key_loaded"] is True
        assert found[f"{end}.chain_too_long"] is False
        assert found[f"{end}.cert_days_left"] == 364
        assert found[f"{end}.signature_accepted"] is None
        assert found[f"{end}.crl_present"] is False


@pytest.mark.parametrize(
    ("wish", "name", "value"),
    [
        (".expired", "cert_expired", True),
        (".sub-expired", "cert_expired", True),
        (".future", "cert_not_yet_valid", True),
        (".soon", "cert_days_left", 9),
        (".other-san", "cert_confirms_identity", False),
        (".no-san", "cert_confirms_identity", False),
        (".no-signature-usage", "cert_usage_fits", False),
        (".other-ca", "cert_trust_problem", "issuer-unknown"),
        (".namesake", "cert_trust_problem", "authority-renewed"),
        (".self-signed", "cert_trust_problem", "self-signed"),
        (".other-ca", "peer_trusts_cert", False),
    ],
)
def test_one_fault_shows_in_one_fact(wish: str, name: str, value: Value) -> None:
    more = wish.removeprefix(".") if wish == ".sub-expired" else ""
    assert facts(pair(store("near", wish, more=more)))[f"near.{name}"] == value


def test_a_far_end_without_authority_is_told_from_one_with_another() -> None:
    assert facts(pair(far=store("far", ca="")))["near.cert_trust_problem"] == "no-authority"
    assert facts(pair(far=store("far", ca="ca2")))["near.cert_trust_problem"] == "issuer-unknown"


def test_an_authority_that_lies_on_disk_and_is_not_loaded_is_named() -> None:
    far = store("far")
    held = tuple(replace(one, loaded=False) if one.trusted else one for one in far.certificates)
    found = facts(pair(far=replace(far, certificates=held)))
    assert found["near.peer_trusts_cert"] is False
    assert found["near.cert_trust_problem"] == "authority-not-loaded"


def test_the_other_ends_clock_decides_and_a_dispute_is_told() -> None:
    found = facts(pair(), clocks={"far": 400 * DAY})
    assert found["near.cert_expired"] is True
    assert found["near.cert_time_disputed"] is True
    assert found["far.clock_outside_validity"] is True
    assert found["near.clock_outside_validity"] is False


def test_a_clock_that_is_seconds_off_disputes_nothing() -> None:
    assert facts(pair(), clocks={"far": 40.0})["near.cert_time_disputed"] is False


def test_one_end_alone_knows_its_own_certificate_and_no_more() -> None:
    found = facts({"near": store("near", ".expired")})
    assert found["near.cert_expired"] is True
    assert found["near.cert_time_disputed"] is None
    assert found["near.peer_trusts_cert"] is None
    assert found["near.peer_cert_revoked"] is None
    assert found["near.signature_accepted"] is None


def test_a_wrong_key_is_told_from_none() -> None:
    wrong = facts(pair(store("near", key="other")))
    assert (wrong["near.private_key_present"], wrong["near.private_key_fits"]) == (True, False)
    none = facts(pair(store("near", key="")))
    assert (none["near.private_key_present"], none["near.private_key_fits"]) == (False, False)
    assert none["near.private_key_loaded"] is False


def test_a_key_that_cannot_be_opened_leaves_it_open() -> None:
    held = certificate_store.parse(
        f"@@ file /etc/swanctl/x509/site.pem\n{PKI.item('gw-a')}@@ key -rw------- 0 /k\n!unreadable\n"
    )
    found = facts({"near": held})
    assert found["near.private_key_present"] is True
    assert found["near.private_key_fits"] is None
    assert found["near.private_key_loaded"] is None


def test_no_certificate_at_all_is_no_unknown() -> None:
    found = facts({"near": CertificateStore(disk_read=True), "far": store("far")})
    assert found["near.cert_present"] is False
    assert found["near.cert_expired"] is None


def test_a_tunnel_with_a_shared_key_has_no_certificate_facts() -> None:
    rounds = (AuthRound("psk", "a"),)
    connection = Connection("site", local=rounds, remote=rounds)
    found = facts({"near": store("near")}, {"near": Focus(connection=connection, loaded=connection)})
    assert found["near.cert_used"] is False
    assert found["near.cert_present"] is None
    assert found["near.cert_days_left"] is None


def test_a_withdrawn_certificate_stands_on_the_other_ends_list() -> None:
    found = facts(pair(store("near", ".revoked"), store("far", crl="crl")))
    assert found["far.peer_cert_revoked"] is True
    assert found["far.crl_expired"] is False
    assert found["near.peer_cert_revoked"] is None
    assert facts(pair(far=store("far", crl="crl")))["far.peer_cert_revoked"] is False


def test_a_list_that_ran_out_is_told() -> None:
    found = facts(pair(far=store("far", crl="crl.stale")))
    assert found["far.crl_expired"] is True


def test_strict_is_what_the_daemon_was_told() -> None:
    ways: dict[End, Focus] = {"near": focus("near"), "far": focus("far", asks="strict")}
    found = facts(pair(), ways)
    assert found["far.revocation_strict"] is True
    assert found["near.revocation_strict"] is False


def test_a_server_behind_the_tunnel_is_seen() -> None:
    assert CDP_INSIDE.startswith("http://10.1.0.")
    assert facts(pair(store("near", ".cdp-inside")))["far.status_server_inside"] is True
    assert facts(pair(store("near", ".cdp-refused")))["far.status_server_inside"] is False
    assert facts(pair())["far.status_server_inside"] is None


def test_signatures_are_held_against_what_is_asked_for() -> None:
    ways: dict[End, Focus] = {"near": focus("near"), "far": focus("far", asks="ike:rsa-sha512")}
    assert facts(pair(), ways)["near.signature_accepted"] is False
    ways = {"near": focus("near", signs="ike:rsa-sha512"), "far": focus("far", asks="ike:rsa-sha512")}
    assert facts(pair(), ways)["near.signature_accepted"] is True


def eap(near: str, far: str) -> Fact:
    user = Connection("site", local=(AuthRound("eap", "carol"),), remote=(AuthRound("pubkey"),))
    books = {}
    digests: dict[End, str] = {"near": near, "far": far}
    for end, digest in digests.items():
        secrets = (SharedSecret("eap", ("carol",), digest, "eap"), SharedSecret("ike", ("carol",), "x"))
        books[end] = Notebook(Snapshot(end, NAMES[end], disk=Configuration(secrets=secrets)))
    return trust.eap(books, {"near": Focus(connection=user), "far": Focus()})


def test_passwords_are_compared_by_digest() -> None:
    assert eap("aaaa", "aaaa").value is True
    assert eap("aaaa", "bbbb").value is False
    assert eap("aaaa", "!no-salt").value is None


@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [
        ("Oct 17 14:52:15 2025", "Nov 18 14:52:15 2026", "ended"),
        ("Oct 17 14:52:15 2035", "Nov 18 14:52:15 2036", "not-begun"),
        ("Oct  7 14:52:15 2020", "Nov 18 14:52:15 2036", "within"),
        ("Oct 17 14:52:15 UTC 2020", "Nov 18 14:52:15 UTC 2021", "ended"),
        ("yesterday", "Nov 18 14:52:15 2036", None),
    ],
)
def test_the_log_of_the_end_that_refuses_is_read_by_its_own_clock(
    begins: str, ends: str, expected: str | None
) -> None:
    snapshot = Snapshot("near", "gw-a", clock=Clock(1_795_270_000.0, 1.0, None, "now"))
    event = LogEvent("cert-invalid-time", "subject certificate invalid", {"from": begins, "to": ends})
    witness = Witness(Notebook(snapshot), Focus(), snapshot, events=(event,))
    refusal.facts(witness)
    assert witness.book.facts[0].value == expected
