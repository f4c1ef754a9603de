from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tui import mends
from tests.unit.journal import mended
from tests.unit.journal.sample import Ticking
from wizard import paths
from wizard.engine.course import ARMING, KEEPING, UNDOING, VERIFYING
from wizard.engine.model import Changed, Confirm, Draw, Drawn, Keep, Mend, Replied, Requested, Started
from wizard.engine.plan import Blast, Step, sealed
from wizard.journal.anonymise import Anonymiser
from wizard.journal.entry import Entry, Resumed, entry_line, parse_entry
from wizard.journal.listing import list_sessions
from wizard.journal.mending import Mending
from wizard.journal.redact import HIDDEN, Redactor
from wizard.journal.render import FORMATS, render
from wizard.journal.store import Journal
from wizard.journal.transcript import Transcript

SECRET = "Canary-7f3e!PSK"


def one(transcript: Transcript) -> Mending:
    (only,) = transcript.mendings
    return only


# --- the record ------------------------------------------------------------------------------------


def test_a_remedy_is_recorded_with_who_agreed_and_when_each_step_was_done() -> None:
    told = one(mended.transcript())
    assert (told.remedy, told.cause, told.result) == ("align-psk", "psk-mismatch", "kept")
    assert (told.wished, told.confirmed, told.kept) == ("operator", "operator", "operator")
    assert [move.title for move in told.moves] == [
        ARMING,
        *(step.title for step in mends.PLAN.steps),
        VERIFYING,
        KEEPING,
    ]
    assert all(move.state == "done" and move.at is not None and move.at > move.began for move in told.moves)
    assert told.verification is not None
    assert told.verification.said == "the tunnel is healthy"
    assert [(copy.gateway, copy.path) for copy in told.copies] == [("gw-b", mended.COPY)]


def test_what_was_undone_was_kept_by_nobody() -> None:
    told = one(mended.transcript(keep=False))
    assert (told.result, told.kept, told.copies) == ("undone", "", ())
    assert told.moves[-1].title == UNDOING


def test_a_step_that_failed_says_why() -> None:
    told = one(mended.transcript(fails=1))
    failed = [move for move in told.moves if move.state == "failed"]
    assert [(move.number, move.said) for move in failed] == [
        (1, "gw-b refused it: [/x] loading connection 'site' failed")
    ]
    assert told.verification is None


def test_a_session_interrupted_before_the_change_was_kept_says_so() -> None:
    told = one(mended.transcript(until=Keep))
    assert told.result is None
    assert "interrupted before it ended" in render(mended.transcript(until=Keep), "md")


def test_whoever_takes_a_session_up_is_who_keeps_the_change() -> None:
    entries = list(mended.entries())
    keeping = next(
        i
        for i, entry in enumerate(entries)
        if isinstance(entry.event, Requested) and isinstance(entry.event.request, Keep)
    )
    taken_up = Entry(0, entries[keeping].at, Resumed("0.1.0", "grace", 9))
    told = one(Transcript.of([*entries[: keeping + 1], taken_up, *entries[keeping + 1 :]]))
    assert (told.confirmed, told.kept) == ("operator", "grace")


# --- renderings ------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [form for form in FORMATS if form not in ("cast", "json")])
def test_people_read_plan_steps_verification_and_copies_in_every_format(form: str) -> None:
    text = render(mended.transcript(), form)
    plain = text.replace("\\", "").replace("<strong>", "").replace("</strong>", "").replace("**", "")
    for part in (
        "Mending",
        "Put one key on both gateways",
        "Mended and kept.",
        "by operator",
        "Found before: The pre-shared keys differ: gw-b checked the proof",
        "Verified: the tunnel is healthy",
        "gw-b: site (1 of 50)",
        "by itself in 120 s unless kept",
        "read from the other gateway, shown to nobody",
        "-    secret = \u2039the key gw-b has now\u203a",
        "+    secret = \u2039the key gw-a has\u203a",
        "swanctl --load-creds --clear --noprompt",
        "undo: put the copy of /etc/swanctl/conf.d/site.conf back",
        "gw-b: load the credentials:",
        mended.COPY,
        mends.PLAN.hash,
    ):
        assert part in plain, part
    assert "[edit security ike] [/x]" in plain


def test_a_recording_tells_the_steps_in_order() -> None:
    said = "".join(json.loads(line)[2] for line in render(mended.transcript(), "cast").splitlines()[1:])
    order = [
        "Mending: Put one key",
        "✓ done: arm the undo",
        "gw-b: load the credentials",
        "✓ done: verify",
        "Mended and kept.",
    ]
    assert [said.index(part) for part in order] == sorted(said.index(part) for part in order)


def test_programs_read_the_same() -> None:
    (told,) = json.loads(render(mended.transcript(), "json"))["mending"]
    assert (told["remedy"], told["result"], told["confirmed_by"], told["kept_by"]) == (
        "align-psk",
        "kept",
        "operator",
        "operator",
    )
    assert [move["step"] for move in told["moves"]] == [None, 1, 2, 3, None, None]
    assert told["plan"]["touches"] == ["gw-a:site", "gw-b:site"]
    assert told["plan"]["steps"][0]["diff"] == list(mends.PLAN.steps[0].diff)
    assert told["copies"] == [{"gateway": "gw-b", "path": mended.COPY}]
    assert "give_back" not in json.dumps(told)


@pytest.mark.parametrize("form", FORMATS)
def test_a_session_that_mended_nothing_has_no_such_section(form: str) -> None:
    entries = list(mended.entries())
    wish = next(
        i
        for i, entry in enumerate(entries)
        if isinstance(entry.event, Replied) and isinstance(entry.event.reply, Mend)
    )
    text = render(Transcript.of(entries[:wish]), form)
    assert "Mending" not in text


# --- secrets and names -----------------------------------------------------------------------------


def planted() -> tuple[Entry, ...]:
    """The session, with a key somebody's parser overlooked in a line of the diff."""
    step = replace(
        mends.PLAN.steps[0],
        diff=("-    secret = " + SECRET, "+    # was: " + SECRET),
        show=(f"echo {SECRET}",),
    )
    return tuple(
        replace(entry, event=Replied(Drawn(replace(mends.PLAN, steps=(step, *mends.PLAN.steps[1:])))))
        if isinstance(entry.event, Replied) and isinstance(entry.event.reply, Drawn)
        else entry
        for entry in mended.entries()
    )


def test_a_secret_in_a_diff_or_a_command_of_a_plan_is_hidden_and_what_gateways_run_stays() -> None:
    drawn = next(
        entry.event
        for entry in planted()
        if isinstance(entry.event, Replied) and isinstance(entry.event.reply, Drawn)
    )
    redacted = Redactor([SECRET]).record(drawn)
    assert SECRET not in repr(redacted)
    assert isinstance(redacted.reply, Drawn)
    assert redacted.reply.plan is not None
    first = redacted.reply.plan.steps[0]
    assert first.diff == (f"-    secret = {HIDDEN}", f"+    # was: {HIDDEN}")
    assert first.apply == mends.PLAN.steps[0].apply
    assert Redactor().record(Drawn(mends.PLAN)) == Drawn(mends.PLAN)
    unknown = Redactor().record(drawn)
    assert isinstance(unknown.reply, Drawn)
    assert unknown.reply.plan is not None
    assert unknown.reply.plan.steps[0].diff[0] == f"-    secret = {HIDDEN}"


def private() -> tuple[Entry, ...]:
    """The session with names and addresses in every text of its plan and its moves."""
    named = "gw-a.corp.example of ada@corp.example at 192.0.2.77, acme-hq"
    plan = sealed(
        replace(
            mends.PLAN,
            title=f"align {named}",
            impact=named,
            verified_by=named,
            warnings=(named,),
            steps=(
                Step(
                    "far",
                    "gw-b",
                    named,
                    apply="printf Z3ctYQ== 192.0.2.77",
                    undo="192.0.2.77",
                    requires="192.0.2.77",
                    verify="192.0.2.77",
                    show=(f"set {named}",),
                    show_undo=(named,),
                    show_verify=named,
                    diff=(f"-  remote = {named}",),
                ),
            ),
            blasts=(Blast("far", "gw-b", ("acme-hq",), ("acme-lab",), 9),),
        )
    )
    whole = []
    for entry in mended.entries():
        event = entry.event
        if isinstance(event, Replied) and isinstance(event.reply, Drawn):
            event = Replied(Drawn(plan, named))
        elif isinstance(event, Requested) and hasattr(event.request, "plan"):
            event = Requested(replace(event.request, plan=plan))  # type: ignore[arg-type]
        elif isinstance(event, Replied) and isinstance(event.reply, Changed):
            event = Replied(replace(event.reply, said=named))
        elif hasattr(event, "said"):
            event = replace(event, said=named)  # type: ignore[arg-type]
        whole.append(replace(entry, event=event))
    return tuple(whole)


def test_nothing_of_a_plan_names_anybody_in_an_anonymised_export() -> None:
    entries = private()
    names = ("corp.example", "ada", "192.0.2.77", "acme-hq", "acme-lab", "gw-a", "gw-b", "Z3ctYQ")
    assert all(name in repr(entries) for name in names)
    hidden = Anonymiser.of(entries, key=bytes(32)).entries(entries)
    assert [name for name in names if name in repr(hidden)] == []
    for form in FORMATS:
        text = render(Transcript.of(hidden), form)
        assert [name for name in names if name in text] == [], form


def test_ids_stay_even_where_a_tunnel_bears_their_name() -> None:
    entries = [
        replace(entry, event=replace(entry.event, tunnel="align-psk", near="kept", far="done"))
        if isinstance(entry.event, Started)
        else entry
        for entry in mended.entries()
    ]
    hidden = Anonymiser.of(entries, key=bytes(32)).entries(entries)
    told = one(Transcript.of(hidden))
    before = one(mended.transcript())
    assert (told.remedy, told.cause, told.result) == (before.remedy, before.cause, before.result)
    assert [move.state for move in told.moves] == [move.state for move in before.moves]
    assert told.plan is not None
    assert told.plan.hash == mends.PLAN.hash
    keeps = [
        entry.event.reply
        for entry in hidden
        if isinstance(entry.event, Replied) and isinstance(entry.event.reply, Changed)
    ]
    assert set(keeps[-1].state.values()) == {"kept"}


def test_an_anonymised_session_is_still_a_journal() -> None:
    for entry in Anonymiser.of(mended.entries()).entries(mended.entries()):
        assert parse_entry(entry_line(entry).strip(), entry.seq).event == entry.event


# --- the list of sessions --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("until", "changing"), [(Draw, False), (Confirm, False), (Keep, True), (None, False)]
)
def test_the_list_says_which_session_was_interrupted_in_the_middle_of_a_change(
    tmp_path: Path, until: type[object] | None, changing: bool
) -> None:
    journal = Journal.create(
        paths.sessions_dir(tmp_path), "site", version="0.1.0", clock=Ticking(), redactor=Redactor()
    )
    for entry in mended.entries(until=until):
        journal.append(entry.event)
    journal.close()
    ((row,), problems) = list_sessions(tmp_path)
    assert problems == ()
    assert row.changing is changing
    assert row.finished is (until is None)
