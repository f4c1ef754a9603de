"""Lint: every mistake in the knowledge base, at once, with line and column and what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.flow.written import CAUSES, TRIAGE, knowledge, remarks, said
from wizard import paths
from wizard.errors import Place


def tree(next_: str, more: str = "", **keys: str) -> str:
    """A triage whose node `first` has these branches (indented by six)."""
    head = "".join(f"    {key.replace('_', '')}: {value}\n" for key, value in keys.items())
    return (
        "tree: triage\ntitle: T\nstart: first\nnodes:\n"
        f"  first:\n    check: C\n    why: W\n{head}    next:\n{next_}{more}"
    )


def branches(*lines: str) -> str:
    return "".join(f"      {line}\n" for line in lines)


LEAF = "  done: {cause: healthy}\n"


def of(tmp_path: Path, text: str) -> list[str]:
    return [line.replace("trees/triage.yaml:", "") for line in said(knowledge(tmp_path, triage=text))]


def test_a_good_tree_has_no_errors(tmp_path: Path) -> None:
    assert said(knowledge(tmp_path)) == []


def test_the_bundled_knowledge_has_no_errors() -> None:
    assert [str(remark) for remark in remarks(paths.bundled_flows()) if remark.severity == "error"] == []


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("near.deamon_running", "9:13: there is no fact deamon_running; did you mean daemon_running?"),
        ("psk_agrees and near.x9", "9:28: there is no fact x9"),
        ("daemon_running", "9:13: daemon_running is a fact of one end; write here.daemon_running, near"),
        ("near.psk_agrees", "9:13: psk_agrees is a fact about both ends together; write psk_agrees"),
        ("near.daemon_running = 1", "9:33: '=' is out of place; write == to compare"),
        ("f(near.daemon_running)", "9:13: this is not allowed in a rule; write names of facts"),
        ("near.daemon_running == 'yes'", "9:36: near.daemon_running is yes or no, so this never holds"),
        ("near.daemon_running == 1", "9:36: near.daemon_running is yes or no, so this never holds"),
        ("near.child_count", "9:13: near.child_count is a whole number, not yes or no; compare it"),
        ("near.child_count == '1'", "9:33: near.child_count is a whole number, so this never holds"),
        ("near.child_count > 'a'", "9:32: > compares numbers only; compare it with == or !="),
        ("near.daemon_running > 1", "9:13: near.daemon_running is yes or no, and > compares numbers only"),
        (
            "near.ike_state == 'up'",
            "9:31: near.ike_state is never 'up', so this never holds; write one of connecting",
        ),
        (
            "near.ike_state in ['none', 'conecting']",
            "9:40: near.ike_state is never 'conecting', so this never",
        ),
        ("near.ike_state", "9:13: near.ike_state is a text, not yes or no; compare it: near.ike_state == …"),
        (
            "\"'x' in near.ike_state\"",
            "9:21: near.ike_state is a text, not a list of words; write near.ike_state ==",
        ),
        (
            "near.rights_missing",
            "9:13: near.rights_missing is a list of words, not yes or no; write 'word' in",
        ),
        (
            "near.rights_missing == 'x'",
            "9:36: near.rights_missing is a list of words, so this never holds; write 'x' in",
        ),
        (
            "near.child_count == near.ike_state",
            "9:13: near.child_count and near.ike_state are of different kinds",
        ),
        ("clock_difference_s == near.daemon_running", "are of different kinds, so this never holds"),
    ],
)
def test_a_rule_that_is_wrong_or_can_never_hold(tmp_path: Path, rule: str, expected: str) -> None:
    found = of(tmp_path, tree(branches(f"- if: {rule}", "  then: done", "- else: done"), LEAF))
    assert len(found) == 1
    assert expected in found[0]


@pytest.mark.parametrize(
    "rule",
    [
        "near.daemon_running == false and psk_agrees != true",
        "near.child_count == 0 or near.child_count > far.child_count",
        "clock_difference_s > 1.5 or clock_difference_s < -2",
        "near.ike_state in ['none', 'connecting'] or here.ike_state == there.ike_state",
        "here.rights_missing != [] and here.rights_missing is known",
        "\"'anything' in here.rights_missing\"",
        "near.disk_difference == 'any text'",
    ],
)
def test_a_rule_that_can_hold_is_left_alone(tmp_path: Path, rule: str) -> None:
    assert of(tmp_path, tree(branches(f"- if: {rule}", "  then: done", "- else: done"), LEAF)) == []


def test_the_column_of_a_fault_within_a_folded_rule_is_that_of_its_beginning(tmp_path: Path) -> None:
    text = tree(
        branches("- if: >-", "    psk_agrees and", "    nothing_known", "  then: done", "- else: done"), LEAF
    )
    assert of(tmp_path, text) == ["9:13: there is no fact nothing_known; did you mean remote_host_known?"]


IF, ELSE = "- if: psk_agrees", "- else: done"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([IF, "  then: done"], "9:9: first does not say where to go when no rule holds"),
        ([ELSE, IF, "  then: done"], "9:9: what stands after else is never taken"),
        ([ELSE, ELSE], "9:9: what stands after else is never taken; put else last"),
        ([IF, "  then: dome", ELSE], "10:15: there is no node dome in this tree; did you mean"),
        ([IF, "  then: tirage.done", ELSE], "10:15: there is no tree tirage; did you mean triage?"),
        ([IF, "  then: triage.dome", ELSE], "10:15: there is no node dome in this tree"),
        ([IF, "  jump: othr", ELSE], "10:15: there is no tree othr"),
        (
            [IF, "  cause: psk-mismach", ELSE],
            "10:16: there is no cause psk-mismach; did you mean psk-mismatch?",
        ),
        ([IF, "  warn: psk-mismach", "  then: done", ELSE], "10:15: there is no cause psk-mismach"),
        ([IF, "  also: {cause: no-such}", "  then: done", ELSE], "10:23: there is no cause no-such"),
        (
            [IF, "  cause: psk-missing", "  excludes: [psk-mismatch, wrong]", ELSE],
            "11:34: there is no cause wrong",
        ),
        (
            [IF, "  cause: psk-missing", "  alternatives: [psk-missing]", ELSE],
            "10:16: psk-missing is named together with itself",
        ),
        (
            [IF, "  cause: psk-missing", "  excludes: [healthy]", "  alternatives: [healthy]", ELSE],
            "12:23: healthy is an alternative and excluded; take it out of one",
        ),
        (
            [IF, "  cause: psk-missing", "  ends: here", ELSE],
            "11:15: the rule does not speak of here, so ends: here names nobody",
        ),
        (
            [IF, "  warn: {cause: psk-missing, ends: there}", "  then: done", ELSE],
            "10:42: the rule does not speak of here",
        ),
        (["- else: {cause: healthy, ends: here}"], "9:38: the rule does not speak of here"),
        (
            ["- if: here.forwarding", "  say: At {hre}.", "  then: done", ELSE],
            "10:17: nothing can be put in for {hre}; write {here}",
        ),
        (
            [IF, "  say: At {here}.", "  then: done", ELSE],
            "10:17: the branch's rule does not speak of here, so {here} names nobody",
        ),
        (
            [IF, "  say: It is {fact:here.ike_state}.", "  then: done", ELSE],
            "10:20: the branch's rule does not speak of here",
        ),
        (
            [IF, "  say: It is {fact:near.ike_stat}.", "  then: done", ELSE],
            "10:20: there is no fact ike_stat; did you mean ike_state?",
        ),
        ([IF, '  say: "a } brace"', "  then: done", ELSE], "10:17: a brace stands alone"),
        (
            ["- if: here.forwarding", "  cause: psk-missing", '  summary: "{ther} is bad"', ELSE],
            "11:19: nothing can be put in for {ther}",
        ),
        (
            [IF, "  then: done", IF, "  cause: psk-missing", ELSE],
            "11:13: this rule stands above already, so it never decides",
        ),
        ([IF, ELSE], "9:9: the branch leads nowhere, or to two places; write one of then:, jump: and cause:"),
        ([IF, "  then: done", "  cause: healthy", ELSE], "9:9: the branch leads nowhere, or to two places"),
        (
            [IF, "  then: done", "  ends: near", ELSE],
            "11:9: ends is said of a cause, and this branch names none",
        ),
        ([IF, "  cause: ''", ELSE], "10:16: expected text, got nothing; write cause: psk-mismatch"),
        ([IF, "  then: ''", ELSE], "10:15: expected text, got nothing"),
        (["- then: done", ELSE], "9:9: a branch begins with if or else"),
        ([IF, "  than: done", ELSE], '10:9: unknown key "than"; did you mean then?'),
        (
            [IF, "  then: done", "  mark: bad", ELSE],
            '11:15: expected one of ok, warn, fail or unknown, got "bad"',
        ),
        (["- else: {then: done, warn: psk-missing}"], '9:28: unknown key "warn"'),
    ],
)
def test_a_branch_that_is_wrong(tmp_path: Path, lines: list[str], expected: str) -> None:
    found = of(tmp_path, tree(branches(*lines), LEAF))
    assert any(expected in line for line in found), found


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (
            {"exercise": "ike-for-points"},
            "8:15: there is no exercise ike-for-points; did you mean ike-four-points?",
        ),
        ({"from_": "far"}, "8:11: from: says which end starts an exercise, and this node has none"),
        ({"segment": "wlan"}, '8:14: expected one of lan, gateway or wan, got "wlan"; did you mean wan?'),
        ({"titel": "x"}, '8:5: unknown key "titel"'),
    ],
)
def test_a_check_that_is_wrong(tmp_path: Path, keys: dict[str, str], expected: str) -> None:
    assert any(
        line.startswith(expected) for line in of(tmp_path, tree(branches("- else: done"), LEAF, **keys))
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            TRIAGE.replace("start: first", "start: fisrt"),
            "3:8: there is no node fisrt in this tree; did you mean first?",
        ),
        (
            TRIAGE.replace("tree: triage", "tree: triag"),
            "1:7: the tree is not called as its file; write tree: triage",
        ),
        (TRIAGE.replace("    check:", "    chekc:"), "5:3: a node begins with check, ask, jump or cause"),
        (
            TRIAGE.replace("    check: Is the daemon running?\n", ""),
            "5:3: a node begins with check, ask, jump or cause",
        ),
        (TRIAGE.replace("    why: Nothing works without it.\n", ""), "5:3: why is missing"),
        (TRIAGE.replace("  done:", "  Done:"), "13:3: 'Done' is no id; write lower-case words"),
        (
            TRIAGE + "  done: {cause: healthy}\n",
            "15:3: the key done stands here a second time, first in line 13",
        ),
        (TRIAGE + "  far-away: {jump: null}\n", "15:20: expected text, got nothing; write jump: other-tree"),
        (TRIAGE + "  far-away: {jump: nowhere}\n", "15:20: there is no tree nowhere"),
        (TRIAGE + "  far-away: {jump: triage.nowhere}\n", "15:20: there is no node nowhere in this tree"),
        (
            TRIAGE.replace("title: Where does it stop?\n", ""),
            "1:1: title is missing; write title: Do the gateways",
        ),
        ("tree: triage\n", "1:1: nodes is missing"),
        ("- a\n", "1:1: expected a mapping (key: value), got a list"),
    ],
)
def test_a_tree_that_is_wrong(tmp_path: Path, text: str, expected: str) -> None:
    found = of(tmp_path, text)
    assert any(line.startswith(expected) for line in found), found


QUESTION = """\
  ask-it:
    ask: What is it?
    why: W
    options:
      one: {label: One, then: done}
      two: {label: Two, jump: nowhere}
      three: {label: Three}
    else: dome
"""


def test_a_question_that_is_wrong(tmp_path: Path) -> None:
    text = TRIAGE.replace("else: done", "else: ask-it") + QUESTION
    assert of(tmp_path, text) == ["21:7: it leads nowhere, or to two places; write either then: or jump:"]
    assert of(tmp_path, text.replace("      three: {label: Three}\n", "")) == [
        "20:31: there is no tree nowhere; write one of triage",
        "21:11: there is no node dome in this tree; did you mean done?",
    ]


def test_mistakes_of_form_and_of_meaning_in_other_nodes_come_together(tmp_path: Path) -> None:
    text = tree(
        branches("- if: psk_agree", "  then: done", "- else: done"), LEAF + "  bad: {cuase: healthy}\n"
    )
    assert of(tmp_path, text) == [
        "9:13: there is no fact psk_agree; did you mean psk_agrees?",
        "13:3: a node begins with check, ask, jump or cause; make check, ask, jump or cause its first key",
    ]


# --- the graph -------------------------------------------------------------------------------------


def test_a_node_no_way_leads_to(tmp_path: Path) -> None:
    assert of(tmp_path, TRIAGE + "  lost: {jump: triage.lost-too}\n  lost-too: {cause: healthy}\n") == [
        "15:3: no way leads to the node lost; lead a branch to it, or take it out",
        "16:3: no way leads to the node lost-too; lead a branch to it, or take it out",
    ]


def test_a_misspelt_target_is_blamed_and_not_the_node_it_meant(tmp_path: Path) -> None:
    assert of(tmp_path, TRIAGE.replace("else: done", "else: dome")) == [
        "12:15: there is no node dome in this tree; did you mean done?"
    ]


def test_only_the_file_that_is_no_yaml_is_blamed_and_not_who_refers_to_it(tmp_path: Path) -> None:
    rehearsals = """\
        - name: x
          expect: {status: fault, cause: psk-missing, path: [triage.first, other.a]}
        """
    text = TRIAGE.replace("else: done", "jump: other\n      - else: done").replace(
        "- jump", "- if: psk_agrees\n        jump"
    )
    folder = knowledge(tmp_path, triage=text, other="tree:  '", rehearsals=rehearsals)
    assert said(folder) == [
        (
            "trees/other.yaml:1:9: this is not YAML: a quotation that is not closed, or a backslash in it; "
            "write 'text' in single quotation marks"
        )
    ]
    (folder / "trees/other.yaml").unlink()
    (folder / "causes.yaml").write_text("causes: [")
    assert {line.partition(":")[0] for line in said(folder)} == {
        "causes.yaml",
        "trees/triage.yaml",
        "rehearsals/some.yaml",
    }


def test_a_cycle_that_may_never_end(tmp_path: Path) -> None:
    more = "  again: {jump: triage}\n" + LEAF
    text = tree(branches("- if: psk_agrees", "  then: done", "- else: again"), more)
    assert of(tmp_path, text) == [
        (
            "5:3: the walk may go round for ever: "
            "triage.first → triage.again → triage.first; let one lead elsewhere"
        )
    ]


def test_a_cycle_over_an_exercise_is_a_cycle_too(tmp_path: Path) -> None:
    text = tree(branches("- if: psk_agrees", "  then: done", "- else: first"), LEAF, exercise="traffic")
    assert of(tmp_path, text) == [
        "5:3: the walk may go round for ever: triage.first → triage.first; let one lead elsewhere"
    ]


def test_a_person_may_go_round_but_the_way_nobody_answers_may_not(tmp_path: Path) -> None:
    text = TRIAGE.replace("else: done", "else: ask-it") + QUESTION.replace(
        "jump: nowhere", "then: first"
    ).replace("      three: {label: Three}\n", "")
    assert of(tmp_path, text.replace("dome", "done")) == []
    (problem,) = of(tmp_path, text.replace("dome", "first"))
    assert "the walk may go round for ever: triage.first → triage.ask-it → triage.first" in problem


def test_a_tree_no_walk_comes_to_is_only_a_warning(tmp_path: Path) -> None:
    other = "tree: other\ntitle: O\nstart: a\nnodes:\n  a: {cause: healthy}\n"
    folder = knowledge(tmp_path, triage=TRIAGE, other=other)
    assert said(folder) == []
    assert "trees/other.yaml:1:7: no walk comes to the tree other; jump to it from another tree" in said(
        folder, "warning"
    )


def test_a_node_entered_from_another_tree_only_is_reached(tmp_path: Path) -> None:
    other = "tree: other\ntitle: O\nstart: a\nnodes:\n  a: {cause: healthy}\n  b: {cause: psk-missing}\n"
    assert (
        said(knowledge(tmp_path, triage=TRIAGE.replace("else: done", "else: other.b"), other=other))[1:] == []
    )


def test_a_cause_no_tree_names_and_a_node_no_rehearsal_comes_to_are_warnings(tmp_path: Path) -> None:
    rehearsals = """\
        - name: all is well
          facts: {near.daemon_running: true}
          expect: {status: healthy, path: [triage.first]}
        """
    folder = knowledge(tmp_path, rehearsals=rehearsals)
    assert said(folder) == []
    assert said(folder, "warning") == [
        "causes.yaml:8:5: no tree names the cause psk-missing",
        "trees/triage.yaml:13:3: no rehearsal comes to the node done",
    ]


def test_a_knowledge_base_needs_triage_and_the_causes_every_walk_may_need(tmp_path: Path) -> None:
    other = "tree: other\ntitle: O\nstart: a\nnodes:\n  a: {cause: psk-missing}\n"
    found = said(knowledge(tmp_path, other=other, causes="causes: {a: {psk-missing: {title: T}}}"))
    assert [line.partition(": ")[2] for line in found] == [
        "the cause gateway-login-failed is missing; add it, for every walk may end there",
        "the cause healthy is missing; add it, for every walk may end there",
        "the cause inconclusive is missing; add it, for every walk may end there",
        "there is no tree triage, where every diagnosis begins; write trees/triage.yaml",
    ]


def test_a_knowledge_base_without_causes_is_told_once(tmp_path: Path) -> None:
    assert said(knowledge(tmp_path, causes="")) == [
        "causes.yaml: there is no catalogue of causes; write causes: {family: {id: {title: …}}}"
    ]


def test_what_an_exercise_finds_is_not_asked_for_before_it_was_tried_out(tmp_path: Path) -> None:
    lines = branches("- if: here.tunnel_ping", "  then: done", "- else: tried")
    tried = "  tried:\n    check: C\n    why: W\n    exercise: {}\n    next:\n{}"
    later = branches("- if: not here.tunnel_ping", "  then: done", "- else: done") + LEAF
    assert of(tmp_path, tree(lines, tried.format("traffic", later))) == [
        (
            "9:9: here.tunnel_ping is only known after the exercise traffic, which no way here tries; "
            "add exercise: traffic to this node"
        )
    ]
    assert len(of(tmp_path, tree(lines, tried.format("ike-four-points", later)))) == 2


def test_an_event_that_no_signature_names_never_happens(tmp_path: Path) -> None:
    rule = "\"'packet-snt' in here.ike_events\""
    text = tree(branches(f"- if: {rule}", "  then: done", "- else: done"), LEAF, exercise="ike-four-points")
    rehearsals = """\
        - name: x
          exercises: {ike-four-points: {from-near: {near.ike_events: [packet-sent, nonsense]}}}
          expect: {status: healthy}
        """
    folder = knowledge(tmp_path, triage=text, rehearsals=rehearsals)
    assert said(folder) == []
    (folder / "signatures").mkdir()
    (folder / "signatures/daemon.yaml").write_text(
        "daemon: mine\nevents:\n"
        "  - {event: packet-sent, meaning: m, patterns: [sent], samples: [sent]}\n"
        "  - {event: gave-up, meaning: m, patterns: [gave], samples: [gave]}\n"
    )
    assert said(folder) == [
        "rehearsals/some.yaml:2:76: near.ike_events never holds 'nonsense'; write one of gave-up, packet-sent",
        "trees/triage.yaml:10:14: here.ike_events never holds 'packet-snt'; did you mean packet-sent?",
    ]


# --- causes and rehearsals -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("{title: No key}", "{titel: No key}", '8:19: unknown key "titel"; did you mean title?'),
        ("{title: No key}", "{}", "8:5: title is missing; write title: The pre-shared keys differ"),
        (
            "{title: No key}",
            "{title: x, excludes: [psk-mismach]}",
            "8:40: there is no other cause psk-mismach; did you",
        ),
        (
            "{title: No key}",
            "{title: x, excludes: [psk-missing]}",
            "8:40: there is no other cause psk-missing",
        ),
        ("{title: No key}", '{title: x, summary: "At {her}."}', "8:42: nothing can be put in for {her}"),
        ("{title: No key}", '{title: x, next_step: "{fact:nope}"}', "8:41: there is no fact nope"),
        ("psk-missing:", "healthy:", "8:5: the cause healthy stands in other too; keep one of the two"),
        ("psk-missing:", "psk_missing:", "8:5: 'psk_missing' is no id"),
        ("causes:\n", "cuases:\n", '1:1: unknown key "cuases"; did you mean causes?'),
    ],
)
def test_a_catalogue_that_is_wrong(tmp_path: Path, old: str, new: str, expected: str) -> None:
    found = [
        line.removeprefix("causes.yaml:")
        for line in said(knowledge(tmp_path, causes=CAUSES.replace(old, new)))
    ]
    assert any(line.startswith(expected) for line in found), found


REMEDIES = """\
remedies:
  add-psk:
    title: Add the key
    mends: [psk-missing]
    impact: Stops nothing.
    verified_by: A new IKE SA.
    proves: near.daemon_running
    steps: [{action: put-secret, at: here}]
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", []),
        ("psk-missing]", "psk-mising]", ["remedies.yaml:4:13: there is no cause psk-mising"]),
        (
            "near.daemon_running",
            "near.deamon_running",
            ["remedies.yaml:7:13: there is no fact deamon_running"],
        ),
        ("near.daemon_running", "near.daemon_running and", ["remedies.yaml:7:"]),
        ("at: here", "at: home", ["remedies.yaml:8:"]),
        ("    mends: [psk-missing]\n", "", ["remedies.yaml:2:3: mends is missing"]),
    ],
)
def test_remedies_name_causes_facts_and_ends_that_are_there(
    tmp_path: Path, old: str, new: str, expected: list[str]
) -> None:
    folder = knowledge(tmp_path, causes=CAUSES)
    (folder / "remedies.yaml").write_text(REMEDIES.replace(old, new) if old else REMEDIES)
    found = said(folder)
    assert len(found) == len(expected)
    assert all(line.startswith(start) for line, start in zip(found, expected, strict=True)), found


def test_a_cause_with_a_remedy_refers_to_nobody(tmp_path: Path) -> None:
    folder = knowledge(tmp_path, causes=CAUSES)
    (folder / "remedies.yaml").write_text(
        f"{REMEDIES}referrals:\n  psk-missing: {{who: the peer, tell: The key is missing.}}\n"
    )
    assert [line for line in said(folder) if "psk-missing has a remedy" in line]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("facts: {near.deamon_running: true}", "2:11: there is no fact deamon_running; did you mean"),
        ("facts: {daemon_running: true}", "2:11: daemon_running is a fact of one end"),
        ("facts: {here.daemon_running: true}", "2:11: here.daemon_running is a fact of near or of far"),
        (
            "facts: {near.daemon_running: 'yes'}",
            "2:32: near.daemon_running is yes or no; write true or false",
        ),
        ("facts: {near.child_count: many}", "2:29: near.child_count is a whole number; write 3"),
        ("facts: {near.ike_state: up}", "2:27: near.ike_state is never 'up'; write one of"),
        (
            "facts: {near.rights_missing: x}",
            "2:32: near.rights_missing is a list of words; write [word, word]",
        ),
        (
            "facts: {near.attempt_result: up}",
            "2:11: near.attempt_result is only known after the exercise ike-four",
        ),
        ("symptom: slow", "2:12: there is no symptom slow; write one of check"),
        ("exercises: {ping: {from-near: {}}}", "2:21: there is no exercise ping; write one of"),
        ("exercises: {traffic: {from-here: {}}}", '2:25: unknown key "from-here"; did you mean from-near?'),
        ("exercises: {traffic: {from-far: {near.pin: true}}}", "2:36: there is no fact pin"),
        ("answers: {triage.first: x}", "2:27: triage.first is no question"),
        ("ends: {far: gone}", '2:15: expected one of reached, unmanaged or unreachable, got "gone"'),
        ("expect: {status: broken}", '2:20: expected one of healthy, fault or inconclusive, got "broken"'),
        ("expect: {status: fault, cause: psk-mismach}", "2:34: there is no cause psk-mismach; did you mean"),
        ("expect: {status: fault, warnings: [nope]}", "2:38: there is no cause nope"),
        (
            "expect: {status: fault, path: [triage.frist]}",
            "2:34: there is no node triage.frist; did you mean triage.first?",
        ),
        ("expect: {status: fault, pth: []}", '2:27: unknown key "pth"; did you mean path?'),
        ("facts: {}", "1:3: expect is missing"),
    ],
)
def test_a_rehearsal_that_is_wrong(tmp_path: Path, lines: str, expected: str) -> None:
    text = f"- name: x\n  {lines}\n"
    if "expect" not in lines and "expect" not in expected:
        text += "  expect: {status: healthy}\n"
    found = [
        line.removeprefix("rehearsals/some.yaml:") for line in said(knowledge(tmp_path, rehearsals=text))
    ]
    assert any(line.startswith(expected) for line in found), found


def test_a_number_with_a_point_is_a_number_where_the_fact_is_one(tmp_path: Path) -> None:
    facts = "{clock_difference_s: -3.5, near.daemon_version: 5.9}"
    text = f"- name: x\n  facts: {facts}\n  expect: {{status: healthy}}\n"
    assert said(knowledge(tmp_path, rehearsals=text)) == []


def test_remarks_are_in_the_order_of_files_and_lines_and_say_how_grave_they_are(tmp_path: Path) -> None:
    found = remarks(knowledge(tmp_path, triage=TRIAGE.replace("healthy", "wealthy")))
    places = [remark.problem.place or Place("") for remark in found]
    assert places == sorted(places, key=lambda place: (place.file, place.line or 0, place.column or 0))
    assert str(found[-1]).endswith(
        "trees/triage.yaml:14:12: error: there is no cause wealthy; did you mean healthy?"
    )


def test_a_sample_that_its_signature_does_not_fit_is_an_error_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "signatures").mkdir()
    (tmp_path / "signatures" / "mine.yaml").write_text(
        "daemon: mine\nevents:\n  - event: fell-over\n    meaning: it fell over\n"
        "    patterns: ['^fell over$']\n    samples: ['stood up']\n"
    )
    assert any("signatures/mine.yaml:6" in line and "not for fell-over" in line for line in said(tmp_path))
