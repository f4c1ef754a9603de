from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.ui_plain.scripted import Scripted
from tests.unit.ui_plain.sitting import Gates, Sitting
from wizard.errors import ExitCode, InventoryError, Place
from wizard.flow.rule import parse
from wizard.flow.spec import Branch, Check, Flow, Tree
from wizard.ui.conduct import DemoCause, EndRow, SessionRow, TunnelRow
from wizard.ui.plain import home
from wizard.ui.plain.lines import Lines

NODE = Check(
    "authentication.psk",
    "Do both hold the same key?",
    "",
    (Branch(parse("near.x"), None),),
    term="pre-shared key",
    place=Place("x"),
)
FLOW = Flow({"t": Tree("t", "t", "", "authentication.psk", ("authentication.psk",))}, {NODE.id: NODE}, {})
AT = datetime(2026, 11, 21, tzinfo=UTC)


@dataclass
class FakeDesk:
    """Implements `Desk`."""

    demo: Sequence[DemoCause] = ()
    rows: Sequence[TunnelRow] = (
        TunnelRow("site", EndRow("gw-a"), EndRow("gw-b")),
        TunnelRow("partner", EndRow("gw-a"), EndRow("203.0.113.9", managed=False, managed_by="their team")),
    )
    flow: Flow = FLOW
    log: list[str] = field(default_factory=list)
    sitting: Sitting = field(default_factory=Sitting)
    no_gateways: bool = False

    def tunnels(self) -> Sequence[TunnelRow]:
        return self.rows

    def sessions(self) -> Sequence[SessionRow]:
        return (SessionRow("s1", "site", AT, "check", "fault"), SessionRow("s2", "site", AT, "check", None))

    def new_session(self, tunnel: str, symptom: str) -> Sitting:
        self.log.append(f"new {tunnel} {symptom}")
        return self.sitting

    def open_session(self, session: str) -> Sitting:
        self.log.append(f"open {session}")
        return self.sitting

    def gateways_for(self, tunnel: str) -> Gates:
        if self.no_gateways:
            raise InventoryError("there is no such tunnel")
        return Gates()

    def export(self, session: str, form: str) -> Path:
        raise NotImplementedError

    def journal(self, session: str) -> Path:
        return Path("/state") / session


def sat(desk: FakeDesk, *answers: object, tunnel: str | None = None, symptom: str | None = None) -> str:
    out, asks = io.StringIO(), Scripted(list(answers))
    assert home.sit(desk, tunnel, symptom, asks, Lines(out, 300)) == ExitCode.FAULT
    assert asks.answers == []
    return out.getvalue()


def test_tunnel_and_symptom_are_asked_for() -> None:
    desk = FakeDesk()
    sat(desk, "tunnel partner", "drops")
    assert desk.log == ["new partner drops"]


def test_what_was_given_is_not_asked_for() -> None:
    desk = FakeDesk()
    said = sat(desk, tunnel="site", symptom="never-up")
    assert desk.log == ["new site never-up"]
    assert "kept in /state/20261121T101500Z-site." in said


def test_terms_of_the_protocol_stand_beside_plain_words() -> None:
    assert "Do both hold the same key? (pre-shared key)" in sat(FakeDesk(), tunnel="site", symptom="check")


def test_an_unfinished_session_can_be_taken_up_again() -> None:
    desk = FakeDesk()
    sat(desk, "session s2")
    assert desk.log == ["open s2"]


def test_the_demo_offers_its_states_and_knows_their_symptoms() -> None:
    desk = FakeDesk((DemoCause("psk", "Keys differ", "…", "never-up"), DemoCause("healthy", "Healthy", "…")))
    sat(desk, "1")
    assert desk.log == ["new healthy check"]


def test_an_inventory_without_tunnels_is_said_with_what_to_do() -> None:
    with pytest.raises(InventoryError, match="names no tunnel"):
        home._pick((), (), Scripted([]))


def test_a_session_whose_gateways_are_gone_is_closed() -> None:
    desk = FakeDesk(no_gateways=True)
    with pytest.raises(InventoryError):
        home.sit(desk, "site", "check", Scripted([]), Lines(io.StringIO()))
    assert desk.sitting.closed == 1


def test_nothing_begins_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    desk = FakeDesk()
    assert home.start(desk, "site", "check") == ExitCode.USAGE
    assert desk.log == []
    assert "terminal" in capsys.readouterr().err
