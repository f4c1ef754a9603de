"""Requests become replies: what cannot be reached is said, what a person must decide is raised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from wizard.choreography import Part, Playing
from wizard.engine.model import Change, Collect, Collected, Draw, Drawn, Exercise
from wizard.engine.plan import Plan, Step, sealed
from wizard.errors import WizardError
from wizard.facts.model import Fact
from wizard.facts.probes import Command, Output
from wizard.gateways import Gateways
from wizard.inventory.load import load_text
from wizard.journal.redact import Redactor
from wizard.ssh import Meter, NeedsSecret, PortRefused, Secret, Secrets, Target
from wizard.ssh.sudo import NEEDS_PASSWORD
from wizard.ui.headless.knowledge import loaded

INVENTORY = load_text(
    """
version: 1
gateways:
  gw-a: {host: 172.31.0.11}
  gw-b: {host: 172.31.0.12}
tunnels:
  site:
    ends:
      - {gateway: gw-a, connection: site}
      - {gateway: gw-b}
  partner:
    ends:
      - {gateway: gw-a}
      - {address: 203.0.113.9, managed_by: the partner's network team}
"""
)

PLAN = sealed(Plan("r", "Mend it", "c", "site", "", "", steps=(Step("near", "gw-a", "one", "1"),)))


@dataclass
class Quiet:
    """A gateway on which no command prints anything."""

    asked: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    closed: bool = False

    def batch(self, commands: Sequence[Command], variables: Mapping[str, str]) -> list[Output]:
        self.asked += [command.id for command in commands]
        self.variables.update(variables)
        return [Output(command, "", "sh: not found", 127, False, 0.0) for command in commands]

    def play(self, part: Part) -> Playing:
        raise WizardError("not in this test")

    def close(self) -> None:
        self.closed = True


@dataclass
class Doors:
    """Opens what a test lays behind each door: a link, or what stands in the way."""

    behind: dict[str, Quiet | WizardError]
    meter: Meter = field(default_factory=Meter)
    secrets: Secrets = field(default_factory=Secrets)
    known_hosts: None = None
    closed: bool = False

    def open(self, gateway: str) -> Quiet:
        found = self.behind[gateway]
        if isinstance(found, WizardError):
            raise found
        return found

    def stands_before(self, gateway: str, obstacle: NeedsSecret) -> bool:
        return obstacle.target.alias == gateway

    def close(self) -> None:
        self.closed = True


def gateways(doors: Doors, tunnel: str = "site", redactor: Redactor | None = None) -> Gateways:
    return Gateways(INVENTORY, tunnel, doors, (), redactor)  # type: ignore[arg-type]


def collected(one: Gateways) -> Collected:
    reply = one.carry_out(Collect(()), lambda _: None)
    assert isinstance(reply, Collected)
    return reply


def fact(reply: Collected, name: str) -> Fact:
    return next(fact for fact in reply.facts if fact.name == name)


def refused(gateway: str) -> PortRefused:
    return PortRefused(Target(gateway, "172.31.0.12"), f"nothing answers at {gateway}")


def password(gateway: str) -> NeedsSecret:
    return NeedsSecret(Target(gateway, "172.31.0.12"), "password", "the password", "root@gw-b")


def test_an_unreachable_gateway_is_part_of_the_reply_and_the_other_is_read() -> None:
    reply = collected(gateways(Doors({"gw-a": Quiet(), "gw-b": refused("gw-b")})))
    assert {report.end: report.reached for report in reply.ends} == {"near": True, "far": False}
    assert fact(reply, "far.logged_in").value is False
    assert fact(reply, "far.login_problem").value == "nothing answers at gw-b"
    assert {record.end for record in reply.records} == {"near"}


@dataclass
class Guarded(Quiet):
    """A gateway whose sudo wants a password for some commands, until it was declined."""

    secrets: Secrets = field(default_factory=Secrets)

    def batch(self, commands: Sequence[Command], variables: Mapping[str, str]) -> list[Output]:
        if not self.secrets.declined("sudo", "oncall@gw-a"):
            target = Target("gw-a", "172.31.0.11")
            raise NeedsSecret(target, "sudo", "oncall@gw-a", "password for sudo of oncall@gw-a")
        return Quiet.batch(self, commands, variables)


@dataclass
class Observed(Quiet):
    """A gateway that may be looked at, and whose sudo wants a password for whatever mends."""

    secrets: Secrets = field(default_factory=Secrets)

    def batch(self, commands: Sequence[Command], variables: Mapping[str, str]) -> list[Output]:
        if not any("sh -s ipsec-wizard" in command.text for command in commands):
            return Quiet.batch(self, commands, variables)
        if not self.secrets.declined("sudo", "oncall@gw-a"):
            raise NeedsSecret(Target("gw-a", "172.31.0.11"), "sudo", "oncall@gw-a", "password for sudo")
        return [Output(command, "", "", 1, False, 0.0, NEEDS_PASSWORD) for command in commands]


def test_a_login_that_may_only_observe_is_asked_for_a_password_once_and_told_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look = Command("look", "$SUDO sh -c 'cat /etc/ipsec.secrets'")
    monkeypatch.setattr(
        "wizard.platforms.plans.draw", lambda _flow, _request, _site, ask, *_: ask("near", [look])
    )
    secrets = Secrets()
    doors = Doors({"gw-a": Observed(secrets=secrets), "gw-b": Quiet()}, secrets=secrets)
    one = Gateways(INVENTORY, "site", doors, (), None, loaded(()))  # type: ignore[arg-type]
    request = Draw("align-psk", "psk-mismatch", ("near",), "near")
    with pytest.raises(NeedsSecret) as needed:
        one.carry_out(request, lambda _: None)
    one.refuse(needed.value)
    reply = one.carry_out(request, lambda _: None)
    assert isinstance(reply, Drawn)
    assert reply.problem == (
        "the login at gw-a may observe and not mend, so nothing was changed; "
        "`ipsec-wizard sudoers gw-a --mending` prints what it has to be granted"
    )


def test_a_gateway_whose_sudo_password_nobody_gives_is_read_as_far_as_it_may_be() -> None:
    secrets = Secrets()
    one = gateways(Doors({"gw-a": Guarded(secrets=secrets), "gw-b": Quiet()}, secrets=secrets))
    with pytest.raises(NeedsSecret) as needed:
        collected(one)
    one.refuse(needed.value)
    reply = collected(one)
    assert {report.end: report.reached for report in reply.ends} == {"near": True, "far": True}
    assert {record.end for record in reply.records} == {"near", "far"}


def test_an_end_without_a_login_is_unknown_and_no_failure() -> None:
    doors = Doors({"gw-a": Quiet()})
    reply = collected(gateways(doors, "partner"))
    assert fact(reply, "far.managed").value is False
    assert fact(reply, "far.logged_in").value is None
    assert "the partner's network team" in fact(reply, "far.logged_in").why_unknown
    near = doors.behind["gw-a"]
    assert isinstance(near, Quiet)
    assert near.variables["PEERS"] == "203.0.113.9"


def test_what_a_person_must_give_is_raised_and_the_request_can_be_repeated() -> None:
    doors = Doors({"gw-a": Quiet(), "gw-b": password("gw-b")})
    redactor = Redactor()
    one = gateways(doors, redactor=redactor)
    with pytest.raises(NeedsSecret) as raised:
        collected(one)
    one.provide(raised.value, Secret("open-sesame"))
    doors.behind["gw-b"] = Quiet()
    reply = collected(one)
    assert all(report.reached for report in reply.ends)
    assert "open-sesame" not in redactor.clean("it said open-sesame")


def test_an_obstacle_that_is_refused_leaves_that_end_out() -> None:
    one = gateways(Doors({"gw-a": Quiet(), "gw-b": password("gw-b")}))
    with pytest.raises(NeedsSecret) as raised:
        collected(one)
    one.refuse(raised.value)
    reply = collected(one)
    far = next(report for report in reply.ends if report.end == "far")
    assert (far.reached, far.login_failed) == (False, True)


def test_a_gateway_that_prints_nothing_usable_yields_unknown_facts_only() -> None:
    reply = collected(gateways(Doors({"gw-a": Quiet(), "gw-b": Quiet()})))
    drawn = [
        one
        for one in reply.facts
        if one.name.startswith("near.") and one.name not in ("near.managed", "near.logged_in")
    ]
    told = {one.name: one.value for one in drawn if one.value is not None}
    assert told.pop("near.rights_missing", ()) == ()
    assert told == {}
    assert all(one.why_unknown for one in drawn if one.value is None)


def test_an_exercise_from_an_end_that_has_no_such_connection_says_so() -> None:
    one = gateways(Doors({"gw-a": Quiet(), "gw-b": Quiet()}))
    collected(one)
    reply = one.carry_out(Exercise("traffic", "near", "node", "why"), lambda _: None)
    assert isinstance(reply, Collected)
    assert reply.facts == ()
    assert reply.problem == "this end has no connection for the tunnel, so there is nothing to try out"


def test_closing_closes_every_link_and_gives_up_what_is_being_opened() -> None:
    near, far = Quiet(), Quiet()
    doors = Doors({"gw-a": near, "gw-b": far})
    one = gateways(doors)
    collected(one)
    one.close()
    assert (near.closed, far.closed, doors.closed) == (True, True, True)


def test_the_salt_of_the_digests_is_the_same_for_both_ends_and_new_for_each_session() -> None:
    salts = []
    for _ in range(2):
        near, far = Quiet(), Quiet()
        collected(gateways(Doors({"gw-a": near, "gw-b": far})))
        assert near.variables["SALT"] == far.variables["SALT"]
        salts.append(near.variables["SALT"])
    assert salts[0] != salts[1]


def test_gateways_that_cannot_be_changed_say_so_before_a_plan_is_made() -> None:
    doors = Doors({"gw-a": Quiet(), "gw-b": Quiet()})
    recorded = Gateways(INVENTORY, "site", doors, (), flow=loaded(()), unchangeable="these are recordings")  # type: ignore[arg-type]
    reply = recorded.carry_out(Draw("align-psk", "psk-mismatch", ("far",), "near"), lambda _: None)
    assert isinstance(reply, Drawn)
    assert (reply.plan, reply.problem) == (None, "these are recordings")


def test_what_one_end_printed_is_kept_while_a_person_is_asked_about_the_other() -> None:
    near = Quiet()
    doors = Doors({"gw-a": near, "gw-b": password("gw-b")})
    one = gateways(doors)
    with pytest.raises(NeedsSecret):
        one.carry_out(Collect(()), lambda _: None)
    read = len(near.asked)
    assert read > 0
    doors.behind["gw-b"] = Quiet()
    reply = one.carry_out(Collect(()), lambda _: None)
    assert isinstance(reply, Collected)
    assert {record.end for record in reply.records} == {"near", "far"}
    assert len(near.asked) == read


def test_a_change_reads_no_more_than_who_speaks_there_and_a_plan_after_it_the_rest() -> None:
    near = Quiet()
    one = gateways(Doors({"gw-a": near, "gw-b": Quiet()}))
    look = Change("look", PLAN, guard="g")
    one.carry_out(look, lambda _: None)
    asked = set(near.asked)
    assert {"daemon", "connections", "sas"} <= asked
    assert not {"recent-log", "firewall"} & asked
    one.carry_out(Draw("align-psk", "psk-mismatch", ("far",), "near"), lambda _: None)
    assert {"recent-log", "firewall"} <= set(near.asked)
    read = len(near.asked)
    one.carry_out(Draw("align-psk", "psk-mismatch", ("far",), "near"), lambda _: None)
    assert len(near.asked) == read
