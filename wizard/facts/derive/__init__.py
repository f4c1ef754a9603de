"""From records to facts: what one gateway's snapshot says, what the two say together, what an exercise showed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wizard.facts.derive import (
    agreements,
    certificates,
    daemon,
    history,
    kernel,
    neighbourhood,
    network,
    questions,
    running,
    secrets,
    settings,
    strength,
    trust,
)
from wizard.facts.derive.exercise import exercise_facts, log_level, recent_events
from wizard.facts.derive.notebook import Notebook
from wizard.facts.derive.pair import Pair
from wizard.facts.focus import Focus
from wizard.facts.model import End, Fact, other
from wizard.facts.parsers.charon_log import Signature
from wizard.facts.snapshot import Snapshot

__all__ = ["exercise_facts", "snapshot_facts"]


def snapshot_facts(
    snapshots: Mapping[End, Snapshot], focuses: Mapping[End, Focus], signatures: Sequence[Signature] = ()
) -> list[Fact]:
    """All facts that need nothing but what was read: those of each end, then those of the pair."""
    books = {end: Notebook(snapshot) for end, snapshot in snapshots.items()}
    keys = {}
    own = {end: settings.settings(book.snapshot, focuses[end]) for end, book in books.items()}
    owns: dict[End, certificates.Own | None] = {}
    for end, book in books.items():
        focus = focuses[end]
        daemon.daemon(book, focus)
        daemon.configuration(book, focus)
        running.running(book, focus)
        kernel.kernel(book, focus)
        log_level(book)
        settings.facts(book, focus, own[end])
        running.carried(book, focus)
        strength.facts(book, focus)
        events = recent_events(book, focus, focuses.get(other(end)), signatures)
        there = own.get(other(end))
        history.facts(book, events, own[end].times, there.times if there is not None else {})
        daemon.crashing(book, events)
        network.interfaces(book, focus)
        neighbourhood.neighbourhood(book, focus)
        network.firewall_rules(book, focus)
        if other(end) not in snapshots:
            questions.questions(book, focus)
        owns[end] = certificates.end_facts(book, focus)
        peer = focuses.get(other(end))
        keys[end] = secrets.end_facts(
            book, focus, secrets.own_and_peer(peer)[0] if peer is not None else None
        )
    if len(books) > 1:
        secrets.shadowed(books, focuses, keys)
    trust.facts(books, focuses, owns)
    pair = Pair(books, focuses).compare()
    pair += agreements.compare(books, focuses, own)
    pair.append(trust.eap(books, focuses))
    pair.append(secrets.agreement(books, keys))
    pair.append(Fact("name_server_named", any(one.name_errand is not None for one in focuses.values())))
    pair.append(Fact("service_named", any(one.service_errand is not None for one in focuses.values())))
    return [*(fact for book in books.values() for fact in book.facts), *pair]
