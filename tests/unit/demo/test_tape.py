from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.unit.demo.staged import DATE, HEADER, SAS, SLOW, TAPE_A, TAPE_B, stage
from wizard.demo.tape import LEFT_OUT, Exchange, Player, load, load_header, save
from wizard.errors import InputError


def outputs(exchange: Exchange) -> list[str]:
    return [one.stdout for one in exchange.said]


def asked(*commands: object) -> list[tuple[str, str, str]]:
    return [(one.id, one.text, one.needs) for one in commands]  # type: ignore[attr-defined]


def test_a_recording_is_read_back_as_it_was_saved(tmp_path: Path) -> None:
    path = save(HEADER, {"gw-a": TAPE_A}, tmp_path)
    assert load(path) == (HEADER, {"gw-a": TAPE_A})
    assert load_header(path) == HEADER


def test_half_a_character_of_a_gateway_does_not_stop_the_saving(tmp_path: Path) -> None:
    (exchange,) = load(save(HEADER, {"gw-b": TAPE_B}, tmp_path))[1]["gw-b"]
    assert exchange.said[0].stdout.startswith("of gw-b ✓ ")


def test_the_same_recording_gives_the_same_bytes(tmp_path: Path) -> None:
    first = save(HEADER, {"gw-a": TAPE_A}, tmp_path).read_bytes()
    assert save(HEADER, {"gw-a": TAPE_A}, tmp_path).read_bytes() == first


@pytest.mark.parametrize(
    "content", [b"", b"garbage", gzip.compress(b"{}\n"), gzip.compress(b'{"schema":99}\n')]
)
def test_a_file_that_is_no_recording_is_refused_with_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.json.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"broken\.json\.gz"):
        load(path)


def test_a_question_gets_its_answers_in_order_and_the_last_one_repeats() -> None:
    player = Player(TAPE_A)
    answers = [outputs(player.play(asked(SAS, DATE))) for _ in range(3)]
    assert answers == [["none\n", "1\n"], ["connecting\n", "2\n"], ["connecting\n", "2\n"]]


def test_questions_do_not_take_each_others_answers() -> None:
    player = Player(TAPE_A)
    player.play(asked(SLOW))
    assert outputs(player.play(asked(SAS, DATE))) == ["none\n", "1\n"]


def test_commands_in_new_company_are_found_one_by_one_and_by_id() -> None:
    changed = ("date", "date -u +%s", "")
    assert outputs(Player(TAPE_A).play([changed, *asked(SAS)])) == ["1\n", "none\n"]


def test_a_command_that_was_never_recorded_is_not_found() -> None:
    (missing,) = Player(TAPE_A).play([("new", "new-probe", "")]).said
    assert (missing.exit_code, missing.stdout) == (127, "")
    assert "not recorded" in missing.stderr


def test_a_command_that_needs_what_the_gateway_had_not_is_left_out() -> None:
    # The same id, but of another implementation.
    assert Player(TAPE_A).play([("sas", "ipsec status", "command -v ipsec")]).said == (LEFT_OUT,)


def test_a_stage_has_its_recordings(tmp_path: Path) -> None:
    assert sorted(path.name for path in stage(tmp_path).iterdir()) == [
        "healthy.json.gz",
        "psk-mismatch.json.gz",
    ]
