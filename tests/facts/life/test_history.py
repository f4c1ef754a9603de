"""Why a tunnel went down, by the log's events and their times."""

from __future__ import annotations

from tests.facts.life.gateway import connection, event, read, value
from wizard.facts.derive import history

UP = "CHILD_SA net{1} established"


def test_a_tunnel_taken_down_for_inactivity_is_known_by_the_line_before_the_deletion() -> None:
    lives = history.lives(
        [
            event(100, "child-up", UP),
            event(160, "idle-timeout", "deleting CHILD_SA after 60 seconds of inactivity"),
            event(160.1, "sa-deleted", "closing CHILD_SA net{1} with SPIs"),
        ]
    )
    assert [(life.seconds, life.reason) for life in lives] == [(60, "idle")]


def test_the_old_sa_of_a_renewal_is_no_end_of_the_tunnel() -> None:
    lives = history.lives(
        [
            event(0, "child-up", "CHILD_SA net{1} established"),
            event(50, "child-up", "inbound CHILD_SA net{2} established"),
            event(50.1, "sa-deleted", "closing CHILD_SA net{1} with SPIs"),
        ]
    )
    assert [life.ended for life in lives] == [None]


def test_keys_that_ran_out_after_a_failed_renewal_are_a_failed_renewal() -> None:
    lives = history.lives(
        [
            event(0, "child-up", UP),
            event(40, "rekey-failed"),
            event(90, "child-expired", "closing expired CHILD_SA net{1} with SPIs"),
        ]
    )
    assert lives[0].reason == "rekey-failed"


def test_silence_that_was_given_up_is_dead_peer_detection() -> None:
    lives = history.lives([event(0, "child-up", UP), event(165, "gave-up")])
    assert (lives[0].reason, lives[0].seconds) == ("dpd", 165)


def test_an_attempt_that_was_given_up_is_no_end_of_a_tunnel_that_never_stood() -> None:
    assert history.lives([event(0, "attempt-started"), event(165, "gave-up")]) == ()


def test_how_long_it_stood_is_held_against_the_times_of_both_ends() -> None:
    book, _ = read("near", connection())
    events = [event(0, "child-up", UP), event(3605, "peer-deleted", "received DELETE for IKE_SA site[1]")]
    history.facts(book, events, {"child-rekey": 7200}, {"child-life": 3600})
    assert value(book, "cut_by") == ("peer-child-life",)
    assert value(book, "down_reason") == "peer-deleted"


def test_equal_lives_are_a_fixed_time_and_one_life_is_not_yet() -> None:
    book, _ = read("near", connection())
    once = [event(0, "child-up", UP), event(600, "peer-deleted", "received DELETE for IKE_SA site[1]")]
    history.facts(book, once, {}, {})
    assert value(book, "fixed_time") is None
    again = [event(700, "child-up", UP), event(1302, "peer-deleted", "received DELETE for IKE_SA site[2]")]
    history.facts(book, [*once, *again], {}, {})
    assert value(book, "fixed_time") is True


def test_a_log_that_could_not_be_read_leaves_everything_unknown() -> None:
    book, _ = read("near", connection())
    history.facts(book, None, {}, {})
    assert value(book, "times_up") is None
    assert value(book, "down_reason") is None


RENEWED = [
    event(0, "child-up", "CHILD_SA net{1} established with SPIs c0000001_i c0000002_o and TS"),
    event(50, "child-up", "inbound CHILD_SA net{2} established with SPIs c0000003_i c0000004_o and TS"),
]


def test_the_peers_deletion_of_a_renewed_sa_is_no_end_of_the_tunnel() -> None:
    deleted = event(50.1, "peer-deleted", "received DELETE for ESP CHILD_SA with SPI c0000002")
    assert history.lives([*RENEWED, deleted])[0].ended is None
    last = event(70, "peer-deleted", "received DELETE for ESP CHILD_SA with SPI c0000004")
    assert history.lives([*RENEWED, deleted, last])[0].reason == "peer-deleted"


def test_the_old_ike_sa_of_a_renewed_one_takes_nothing_down() -> None:
    events = [
        event(0, "child-up", UP),
        event(100, "rekeyed", "IKE_SA site[2] rekeyed between a...b"),
        event(100.5, "sa-deleted", "deleting IKE_SA site[1] between a...b"),
    ]
    assert history.lives(events)[0].ended is None
    gone = event(900, "sa-deleted", "deleting IKE_SA site[2] between a...b")
    assert history.lives([*events, gone])[0].reason == "deleted-here"


def test_plutos_sas_are_known_by_the_number_in_front() -> None:
    up = [
        event(0, "child-up", "<site|2> established Child SA"),
        event(60, "child-up", "<site|3> established Child SA"),
    ]
    old = event(61, "sa-deleted", "<site|2> deleting Child SA (established Child SA)")
    assert history.lives([*up, old])[0].ended is None
    ike = event(62, "sa-deleted", "<site|1> deleting IKE SA (established IKE SA)")
    last = event(90, "sa-deleted", "<site|3> deleting Child SA (established Child SA)")
    assert history.lives([*up, old, ike, last])[0].seconds == 90
