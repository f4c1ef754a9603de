from __future__ import annotations

import pytest

from wizard.errors import (
    ExitCode,
    FlowError,
    InputError,
    InventoryError,
    Place,
    Problem,
    SessionError,
    WizardError,
)


def test_text_of_an_error_holds_place_message_and_advice() -> None:
    error = InventoryError(
        "no gateway is named 'gw-c'", place=Place("inventory.yaml", 12, 16), advice="write gw-a or gw-b"
    )
    assert str(error) == "inventory.yaml:12:16: no gateway is named 'gw-c'; write gw-a or gw-b"
    assert (error.message, error.advice) == ("no gateway is named 'gw-c'", "write gw-a or gw-b")


def test_text_of_an_error_without_place_and_advice_is_its_message() -> None:
    assert str(WizardError("the terminal went away")) == "the terminal went away"


@pytest.mark.parametrize(
    ("place", "text"),
    [(Place("a.yaml"), "a.yaml"), (Place("a.yaml", 3), "a.yaml:3"), (Place("a.yaml", 3, 1), "a.yaml:3:1")],
)
def test_place_leaves_out_what_is_not_known(place: Place, text: str) -> None:
    assert str(place) == text


def test_listing_shows_every_problem_on_a_line_of_its_own() -> None:
    error = FlowError.listing(
        [
            Problem("unknown node 'x'", Place("t.yaml", 3, 7)),
            Problem("no else", Place("t.yaml", 9, 5), "add one"),
        ]
    )
    assert isinstance(error, FlowError)
    assert str(error).splitlines() == ["t.yaml:3:7: unknown node 'x'", "t.yaml:9:5: no else; add one"]
    assert error.place == Place("t.yaml", 3, 7)


def test_listing_refuses_an_error_about_nothing() -> None:
    with pytest.raises(ValueError, match="at least one problem"):
        InputError.listing([])


@pytest.mark.parametrize("kind", [InputError, InventoryError, FlowError, SessionError])
def test_unusable_input_ends_the_process_with_the_code_of_the_contract(kind: type[WizardError]) -> None:
    assert kind("x").exit_code is ExitCode.USAGE


def test_exit_codes_are_those_of_the_contract() -> None:
    assert {code.name.lower(): int(code) for code in ExitCode} == {
        "healthy": 0,
        "fault": 1,
        "usage": 2,
        "inconclusive": 3,
        "login_failed": 4,
        "undone": 5,
        "interrupted": 130,
    }
