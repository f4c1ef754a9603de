"""When a lab run counts as passed; a run that judges itself too kindly would be worth nothing."""

from __future__ import annotations

import pytest

from tests.lab.runner import Verdict, passed


def run(*odd: Verdict) -> list[Verdict]:
    """A run of a hundred that came out as expected, and some that did not."""
    good = [Verdict(f"fault-{n}", "psk-mismatch", ok=True, status="fault") for n in range(80)]
    fine = [Verdict(f"healthy-{n}", "healthy", ok=True, status="healthy") for n in range(20)]
    return [*good, *fine, *odd]


@pytest.mark.parametrize(
    ("odd", "expected"),
    [
        (Verdict("a", "psk-mismatch", status="fault", cause="id-mismatch"), True),
        (Verdict("a", "healthy"), True),
        (Verdict("a", "healthy", status="inconclusive"), True),
        (Verdict("a", "healthy", status="fault", cause="esp-filtered"), False),
        (Verdict("a", "psk-mismatch", status="fault", traces=["a route is gone"]), False),
    ],
)
def test_one_miss_is_borne_but_not_a_healthy_tunnel_blamed_nor_a_trace(odd: Verdict, expected: bool) -> None:
    assert passed(run(odd)) is expected


def test_more_than_five_in_a_hundred_are_too_many() -> None:
    assert not passed(run(*(Verdict(f"miss-{n}", "psk-mismatch") for n in range(6))))
    assert not passed(run(*(Verdict(f"miss-{n}", "healthy") for n in range(6))))
