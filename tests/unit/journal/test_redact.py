from __future__ import annotations

import base64
import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.journal import sample
from wizard.engine.model import Collected, CommandRecord, Replied
from wizard.facts.model import Evidence, Fact
from wizard.journal.redact import HIDDEN, Redactor, clean

C = sample.CANARY
HEX = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
KEY_LINES = "\n".join(["MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"] * 4)

SECRETS = {
    "ipsec.secrets, double quotes": (f'@gw-a @gw-b : PSK "{C}"', "@gw-a @gw-b : PSK <redacted>"),
    "ipsec.secrets, single quotes": (f": PSK '{C}'", ": PSK <redacted>"),
    "ipsec.secrets, no space after the colon": (f'192.0.2.1 :PSK "{C}"', "192.0.2.1 :PSK <redacted>"),
    "ipsec.secrets, hexadecimal": (": PSK 0x4361e61726965", ": PSK <redacted>"),
    "ipsec.secrets, base64": (": PSK 0sv+NkxY9LLZvwj4qCC2o/gGrWDF2d21jL", ": PSK <redacted>"),
    "ipsec.secrets, not quoted": (f"gw-b : PSK {C}", "gw-b : PSK <redacted>"),
    "ipsec.secrets, user": (f'carol : EAP "{C}"', "carol : EAP <redacted>"),
    "ipsec.secrets, XAUTH": (f'carol : XAUTH "{C}"', "carol : XAUTH <redacted>"),
    "ipsec.secrets, NTLM hash": (": NTLM 0xb9ec1a5e1d1bc5ba5e1d1bc5ba5e1d1b", ": NTLM <redacted>"),
    "ipsec.secrets, passphrase of a key": (f': RSA moon.pem "{C}"', ": RSA moon.pem <redacted>"),
    "ipsec.secrets, passphrase not quoted": (f": RSA moon.pem {C}", ": RSA moon.pem <redacted>"),
    "ipsec.secrets, passphrase of a container": (f': P12 moon.p12 "{C}"', ": P12 moon.p12 <redacted>"),
    "ipsec.secrets, card": (f": PIN %smartcard 1{C}", ": PIN <redacted>"),
    "ipsec.secrets, quote in the value": (f': PSK "a\\"{C}"', ": PSK <redacted>"),
    "swanctl.conf": (f"    secret = {C}", "    secret = <redacted>"),
    "swanctl.conf, quoted": (f'secret = "two words {C}"', "secret = <redacted>"),
    "swanctl.conf, two words": (f"secret = two words {C}", "secret = <redacted>"),
    "swanctl.conf, no spaces": (f'secret="{C}"', "secret=<redacted>"),
    "swanctl.conf, hexadecimal": ("secret = 0x1234abcd", "secret = <redacted>"),
    "swanctl.conf, over lines": (f'secret = "one\n{C}\nthree"\nid = a', "secret = <redacted>\nid = a"),
    "swanctl.conf, quote not closed": (f'id = a\nsecret = "one\n{C}\n', "id = a\nsecret = <redacted>"),
    "swanctl.conf, on one line": (f"ike-1 {{ secret = {C} }}", "ike-1 { secret = <redacted>"),
    "swanctl.conf, card": (f"pin = {C}", "pin = <redacted>"),
    "ipsec.conf": (f"leftsecret={C}", "leftsecret=<redacted>"),
    "xl2tpd, pppd": (f"  ppp password = {C}", "  ppp password = <redacted>"),
    "NetworkManager": (f"xauth_password={C}", "xauth_password=<redacted>"),
    "YAML": (f"passphrase: {C}", "passphrase: <redacted>"),
    "YAML, quoted": (f"psk: '{C}'", "psk: <redacted>"),
    "JSON": (f'{{"secret": "{C}"}}', '{"secret": <redacted>'),
    "JSON, dense": (f'{{"secret":"{C}"}}', '{"secret":<redacted>'),
    "JSON of a journal": (
        f'{{"MESSAGE":"secret = \\"{C}\\"","PRIORITY":"6"}}',
        '{"MESSAGE":"secret = <redacted>',
    ),
    "capitals": (f"PASSWORD={C}", "PASSWORD=<redacted>"),
    "XML": (f"<pre-shared-key>{C}</pre-shared-key>", "<pre-shared-key><redacted></pre-shared-key>"),
    "address with credentials": (f"ldap://cn:{C}@10.0.0.1/", "ldap://cn:<redacted>@10.0.0.1/"),
    "IOS, isakmp key": (
        f"crypto isakmp key {C} address 10.0.0.1",
        "crypto isakmp key <redacted> address 10.0.0.1",
    ),
    "IOS, isakmp key, encrypted": (
        "crypto isakmp key 6 JDYkqyIFWeBvzpljSfWmRZrmRSRE8 address 0.0.0.0 no-xauth",
        "crypto isakmp key 6 <redacted> address 0.0.0.0 no-xauth",
    ),
    "IOS, isakmp key, host name": (
        f"crypto isakmp key {C} hostname r2",
        "crypto isakmp key <redacted> hostname r2",
    ),
    "IOS, keyring": (
        f" pre-shared-key address 10.12.0.1 255.255.255.255 key {C}",
        " pre-shared-key address 10.12.0.1 255.255.255.255 key <redacted>",
    ),
    "IOS, keyring, host": (
        f" pre-shared-key hostname r2 key 6 {C}",
        " pre-shared-key hostname r2 key 6 <redacted>",
    ),
    "IOS, IKEv2 keyring, local": (f"  pre-shared-key local {C}", "  pre-shared-key local <redacted>"),
    "IOS, IKEv2 keyring, remote": (f"  pre-shared-key remote 6 {C}", "  pre-shared-key remote 6 <redacted>"),
    "IOS, IKEv2 keyring, both": (f"  pre-shared-key {C}", "  pre-shared-key <redacted>"),
    "IOS, IKEv2 keyring, hexadecimal": ("  pre-shared-key hex 00aabb", "  pre-shared-key hex <redacted>"),
    "IOS, IKEv2 profile": (
        f" authentication remote pre-share key {C}",
        " authentication remote pre-share key <redacted>",
    ),
    "IOS, key that begins like a word": (" pre-shared-key key-1234", " pre-shared-key <redacted>"),
    "ASA": (
        f" ikev2 local-authentication pre-shared-key {C}",
        " ikev2 local-authentication pre-shared-key <redacted>",
    ),
    "Juniper": (
        'pre-shared-key ascii-text "$9$abcdef"; ## SECRET-DATA',
        "pre-shared-key ascii-text <redacted>",
    ),
    "VyOS, set": (
        f"set vpn ipsec authentication psk x secret '{C}'",
        "set vpn ipsec authentication psk x secret <redacted>",
    ),
    "VyOS, tree": (f"    secret '{C}'", "    secret <redacted>"),
    "EdgeOS": (f"   pre-shared-secret '{C}'", "   pre-shared-secret <redacted>"),
    "Fortinet": (f"set psksecret ENC {C}", "set psksecret ENC <redacted>"),
    "Fortinet, clear": (f"    set psksecret {C}", "    set psksecret <redacted>"),
    "IOS, key 7": ("  key 7 094F471A1A0A", "  key 7 <redacted>"),
    "IOS, password 7": ("  password 7 094F471A1A0A", "  password 7 <redacted>"),
    "IOS, user": (f"username ada privilege 15 secret 0 {C}", "username ada privilege 15 secret 0 <redacted>"),
    "IOS, user, clear": (f"username ada password {C}", "username ada password <redacted>"),
    "IOS, enable": ("enable secret 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0", "enable secret 5 <redacted>"),
    "IOS, line": (f" password {C}", " password <redacted>"),
    "SNMP": (f"snmp-server community {C} RO", "snmp-server community <redacted> RO"),
    "type 9": (
        "secret is $9$nhEmQVczB7dqsO$X.HsgL6x1il0RxkOSSvyQYwucySCt7qFm4v7pqCxkKM",
        "secret is $9$<redacted>",
    ),
    "shadow": ("root:$6$salt$hashhash.hash/hash:19000", "root:$6$<redacted>:19000"),
    "yescrypt": ("root:$y$j9T$abc$defghijkl:19000", "root:$y$<redacted>:19000"),
    "xfrm, two keys": (
        f"\tauth-trunc hmac(sha256) 0x{HEX} 96\n\tenc cbc(aes) 0x{HEX}",
        "\tauth-trunc hmac(sha256) 0x<redacted> 96\n\tenc cbc(aes) 0x<redacted>",
    ),
    "xfrm, AEAD": (f"aead rfc4106(gcm(aes)) 0x{HEX[:40]} 128", "aead rfc4106(gcm(aes)) 0x<redacted> 128"),
    "log of level 4": (
        "SKEYSEED => 20 bytes @ 0x7f5c\n   0: 9B 2C 11 00 AA FF 10 20  .,......\n  16: 01 02 03 04  ....",
        "SKEYSEED => 20 bytes @ 0x7f5c\n   0: <redacted>\n  16: <redacted>",
    ),
    "private key": (
        f"x\n-----BEGIN PRIVATE KEY-----\n{KEY_LINES}\n-----END PRIVATE KEY-----\ny",
        "x\n<redacted private key>\ny",
    ),
    "private key, RSA, enciphered": (
        f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,X\n\n{KEY_LINES}\n-----END RSA PRIVATE KEY-----",
        "<redacted private key>",
    ),
    "private key, OpenSSH": (
        f"-----BEGIN OPENSSH PRIVATE KEY-----\n{KEY_LINES}\n-----END OPENSSH PRIVATE KEY-----",
        "<redacted private key>",
    ),
    "private key, cut at its end": (
        f"a\n-----BEGIN EC PRIVATE KEY-----\n{KEY_LINES}",
        "a\n<redacted private key>",
    ),
    "private key, cut at its beginning": (
        f"a b\n{KEY_LINES}\n-----END EC PRIVATE KEY-----\nc",
        "a b\n<redacted private key>\nc",
    ),
    "digest": ("secret = digest:3f9ab01c77aa", "secret = digest:3f9a…"),
    "digest, quoted": ('secret = "digest:3f9ab01c77aa"', 'secret = "digest:3f9a…"'),
    "digest in ipsec.secrets": ('a b : PSK "digest:3f9ab01c77aa"', 'a b : PSK "digest:3f9a…"'),
    "digest that could not be made": ("secret = digest:!no-sha256sum", "secret = digest:!no-sha256sum"),
    "digest beside a secret": (f"secret = digest:3f9ab01c77aa {C}", "secret = <redacted>"),
}

ORDINARY = """\
site: #1, ESTABLISHED, IKEv2, 6fd55d95f66b4a67_i* cea64d4a303e0ca2_r
  local  'C=CH, O=strongSwan Project, CN=moon.strongswan.org' @ 192.168.0.100[4500]
  remote '10.10.1.52' @ 212.51.148.80[63720] EAP: 'andreas' [10.10.1.66 2a02:168:4407:1::2]
  AES_CBC-256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048/PPK
  net: #1, reqid 1, INSTALLED, TUNNEL, ESP:AES_GCM_16-128
    in  c8931e89 (0x0000002a/0xffffffff|0x0000001f),     84 bytes,     1 packets,     0s ago
  local pre-shared key authentication:
  ppk: carol, required
list-sa event {home {uniqueid=1 local-id=C=CH, O=strongSwan, CN=moon initiator-spi=6fd55d95f66b4a67}}
no shared key found for 'gw-a' - 'gw-b'
tried 1 shared key for '198.51.100.1' - '192.0.2.1', but MAC mismatched
authentication of 'west' (myself) with pre-shared key
authentication of 'carol' with EAP successful
no EAP key found for hosts 'a' - 'b'
loaded IKE shared key with id 'ike-1' for: 'gw-a', 'gw-b'
loaded ike secret 'ike-site'
pk12util: PKCS12 IMPORT SUCCESSFUL
: RSA moon.pem %prompt
loaded RSA private key from '/etc/swanctl/private/moon.pem'
"a":   our auth:secret, their auth:secret, our autheap:none, their autheap:none
"a":   policy: IKEv2+PSK+ENCRYPT+TUNNEL+PFS+UP+IKE_FRAG_ALLOW+ESN_NO+ESN_YES;
  authby=secret
  auth = psk
  secrets {
  keyexchange=ikev2
  proposals = aes128-sha256-modp2048,aes256gcm16-prfsha384-ecp384
src 192.1.2.23 dst 192.1.3.209
\tproto esp spi 0xc8931e89 reqid 1 mode tunnel
\tmark 0x2a/0xffffffff
\tauth-trunc hmac(sha256) <<keys omitted>> 128
\t 00000000 00000000 00000000 0000ffff
      Encr: AES-CBC, keysize: 256, PRF: SHA256, Hash: SHA256, DH Grp:14, Auth sign: PSK, Auth verify: PSK, QR
      Local spi: 4924FD2741CC90FD       Remote spi: 601ED2AB91327DAE
        authentication method:  Pre-Shared Key
 authentication pre-share
  mtn[1]: IKEv1 SPIs: 43cc5f77aa48bbc1_i* 9748fb98f4d0ba94_r, pre-shared key reauthentication in 2 hours
  serial:    1a:2b:3c:4d:5e:6f:70:81:92
  subjkeyId: 5d:a7:dd:70:06:51:32:7e:e7:b6:6d:b3:b5:e5:e0:60:ea:2e:4d:ef
-----BEGIN CERTIFICATE-----
MIIDuzCCAqOgAwIBAgIBATANBgkqhkiG9w0BAQsFADBFMQswCQYDVQQGEwJDSDEZ
-----END CERTIFICATE-----
Nov 21 10:15:00 gw-a sshd[412]: Failed password for root from 10.0.0.9 port 22 ssh2
Permission denied (publickey,password,keyboard-interactive).
[sudo] password for ada:
Enter passphrase for key '/root/.ssh/id_ed25519':
PasswordAuthentication yes
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq_codel state UP mode DEFAULT
net.ipv4.ip_forward = 1
10:15:00.123 IP 192.0.2.1.500 > 198.51.100.1.500: isakmp: phase 1 I ident[E]
    3   120 DROP       esp  --  *      *       0.0.0.0/0            0.0.0.0/0
awk '{print $1, $2}' /proc/net/xfrm_stat
$1$2
The pre-shared keys differ: gw-a holds 3f9a…, gw-b holds b01c….
"""


@pytest.mark.parametrize("case", SECRETS)
def test_a_secret_is_hidden_however_it_is_written(case: str) -> None:
    text, expected = SECRETS[case]
    cleaned = clean(text)
    assert C not in cleaned
    assert HEX[:12] not in cleaned
    assert KEY_LINES[:20] not in cleaned
    assert cleaned == expected


@pytest.mark.parametrize("case", SECRETS)
def test_what_stands_around_a_secret_stays(case: str) -> None:
    text, _ = SECRETS[case]
    around = (
        f"first line\n{text}\n" if "cut" in case or "not closed" in case else f"first line\n{text}\nlast line"
    )
    assert clean(around).startswith("first line\n")
    assert clean(around).endswith(("last line", "\n", HIDDEN, "key>"))


@pytest.mark.parametrize("case", SECRETS)
def test_redacting_twice_changes_nothing(case: str) -> None:
    once = clean(SECRETS[case][0])
    assert clean(once) == once


@pytest.mark.parametrize("line", ORDINARY.splitlines())
def test_ordinary_lines_stay(line: str) -> None:
    assert clean(line) == line


def test_an_ordinary_output_stays() -> None:
    assert clean(ORDINARY) == ORDINARY


@given(
    st.text(alphabet=st.sampled_from(list("PSK secret=:\"'\\\n<>redact$9[]{}0xab#; password")), max_size=80)
)
def test_redacting_is_done_once_for_any_text(text: str) -> None:
    once = clean(text)
    assert clean(once) == once


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C"]), min_size=8).filter(str.strip))
def test_any_quoted_key_is_hidden(key: str) -> None:
    quoted = key.replace("\\", "\\\\").replace('"', '\\"')
    assert clean(f'a : PSK "{quoted}"\nb') == "a : PSK <redacted>\nb"
    assert clean(f'secret = "{quoted}"\nb') == "secret = <redacted>\nb"


HOSTILE = {
    "letters": "A" * 300_000,
    "words": "secret" * 50_000,
    "blanks": " " * 300_000,
    "kinds": "PSK " * 75_000,
    "kinds with colons": ": RSA " * 50_000,
    "keys announced": "pre-shared-key " * 20_000,
    "users": "username a " * 30_000,
    "quotes": '"' * 300_000,
    "backslashes": "secret = \\" * 30_000,
    "lines as in keys": ("MIIE" * 16 + "\n") * 4000,
    "lines as in keys, and an end": ("MIIE" * 16 + "\n") * 4000 + "-----END PRIVATE KEY-----\n",
    "beginnings of keys": "-----BEGIN PRIVATE KEY-----\n" * 10_000,
    "ends of keys": "-----END PRIVATE KEY-----\n" * 10_000,
    "digits": "0x" + "f" * 300_000,
    "schemes": "a://" * 75_000,
    "dump": "0: " + "AA " * 100_000,
    "types": "password 7 " * 30_000,
    "settings": "set " * 75_000,
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_outputs_take_no_longer_than_their_size(case: str) -> None:
    began = time.process_time()
    clean(HOSTILE[case])
    assert time.process_time() - began < 5


# --- what a session knows -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "printed",
    [
        C,
        f"the key is {C}.",
        json.dumps(f'"{C}"'),
        base64.b64encode(C.encode()).decode(),
        C.encode().hex(),
        C.encode().hex().upper(),
    ],
)
def test_a_known_secret_is_hidden_in_every_form(printed: str) -> None:
    cleaned = Redactor([C]).clean(f"before {printed} after")
    assert printed not in cleaned
    assert C not in cleaned
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")


def test_a_known_secret_of_odd_characters_is_hidden_in_json_and_shell() -> None:
    secret = 'it\'s "ö\\d"'
    redactor = Redactor([secret])
    for printed in (
        json.dumps(secret),
        json.dumps(secret, ensure_ascii=False),
        f"'{secret.replace(chr(39), chr(39) + chr(34) + chr(39) + chr(34) + chr(39))}'",
    ):
        assert "ö" not in redactor.clean(printed)
        assert HIDDEN in redactor.clean(printed)


def test_a_short_secret_is_not_searched_for() -> None:
    assert Redactor(["12345"]).clean("port 12345") == "port 12345"
    assert Redactor(["123456"]).clean("port 123456") == "port <redacted>"


def test_a_secret_learned_later_is_hidden_from_then_on() -> None:
    redactor = Redactor()
    assert redactor.clean("open sesame") == "open sesame"
    redactor.learn("open sesame")
    assert redactor.clean("open sesame") == HIDDEN


def test_a_secret_that_contains_another_is_hidden_whole() -> None:
    assert Redactor(["sesame", "open sesame now"]).clean("open sesame now") == HIDDEN


def test_a_redactor_shows_nothing_of_what_it_knows() -> None:
    assert C not in repr(Redactor([C]))


def test_every_text_of_a_record_is_redacted() -> None:
    redactor = Redactor([C])
    dirty = Replied(
        Collected(
            facts=(
                Fact("near.disk_difference", C, (Evidence("gw-a", "p", C, C),), why_unknown=C),
                Fact("near.ike_events", (C, "b")),
            ),
            records=(CommandRecord("near", "gw-a", "p", C, C, C, 0, 0.1, problem=C),),
            problem=C,
        )
    )
    redacted = redactor.record(dirty)
    assert C not in repr(redacted)
    assert repr(redacted) == repr(dirty).replace(C, HIDDEN)


def test_a_record_without_secrets_stays_as_it_is() -> None:
    reply = sample.exercise_reply()
    assert Redactor([C]).record(reply) == reply


def test_the_output_of_a_sensitive_command_is_replaced_by_its_size() -> None:
    redactor = Redactor(sensitive=["ike-log"])
    look = redactor.record(sample.look())
    quiet, withheld = look.records
    assert quiet == sample.look().records[0]
    assert json.loads(withheld.stdout) == {
        "censored": "this output is never kept",
        "bytes": len(sample.look().records[1].stdout),
    }
    assert look.facts[3].evidence[0].line == HIDDEN
    assert redactor.record(look) == look


def test_a_probe_can_be_withheld_while_the_session_runs() -> None:
    redactor = Redactor()
    redactor.withhold("initiate")
    assert "censored" in redactor.record(sample.exercise_reply()).records[0].stderr


def test_a_line_from_the_middle_of_a_key_is_judged_by_the_whole_output() -> None:
    middle = KEY_LINES.split("\n")[1]
    record = CommandRecord("far", "gw-b", "p", "cat key", SECRETS["private key"][0], "", 0, 0.1)
    fact = Fact(
        "far.x", "y", (Evidence("gw-b", "p", "cat key", middle), Evidence("gw-b", "p", "cat key", "y"))
    )
    redacted = Redactor().record(Collected((fact,), (record,)))
    assert [evidence.line for evidence in redacted.facts[0].evidence] == [HIDDEN, "y"]


def test_a_secret_line_of_evidence_stays_readable() -> None:
    line = f'  secret = "{C}"'
    record = CommandRecord("far", "gw-b", "p", "cat x", f"a\n{line}\nb", "", 0, 0.1)
    fact = Fact("far.x", True, (Evidence("gw-b", "p", "cat x", line),))
    redacted = Redactor().record(Collected((fact,), (record,)))
    assert redacted.facts[0].evidence[0].line == "  secret = <redacted>"


def test_no_line_of_our_own_trees_looks_like_a_secret() -> None:
    trees = Path(__file__).resolve().parents[3] / "flows"
    for file in trees.rglob("*.yaml"):
        for line in file.read_text(encoding="utf-8").splitlines():
            assert clean(line) == line, f"{file.name}: {line}"


def test_the_session_of_the_other_tests_has_a_secret_to_hide() -> None:
    assert C in repr(sample.look())
    assert C not in repr(Redactor().record(replace(sample.look())))
