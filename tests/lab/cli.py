"""The lab's command line."""

from __future__ import annotations

import argparse
import itertools
import shlex
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast, get_args

from tests.lab import (
    healthy,
    images,
    mend,
    mend_table,
    misfortune,
    named,
    packages,
    runner,
    scenario,
    single,
    table,
)
from tests.lab.trouble import LabError


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit status. 3 means that the lab itself could not."""
    words = sys.argv[1:] if argv is None else argv
    # argparse would take options of the command after "--" for its own.
    split = words.index("--") if "--" in words else len(words)
    arguments = _parser().parse_args(words[:split])
    arguments.command = words[split + 1 :]
    act = cast("Callable[[argparse.Namespace], int]", arguments.act)
    # In the background of a shell SIGINT starts out ignored; both end guests in good order.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        return act(arguments)
    except (LabError, OSError) as wrong:
        print(wrong, file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.lab", description="Real gateways in User-Mode Linux."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, act: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(act=act)
        return sub

    command("packages", _packages, "install the Debian packages that are missing, or name them")
    sub = command("images", _images, "build the gateways' images that the scenarios need, or the named ones")
    sub.add_argument("names", nargs="*", metavar="IMAGE")
    command("list", _list, "name all scenarios")
    sub = command("run", _run, "run scenarios in guests and judge what the wizard says; fails when one does")
    sub.add_argument("names", nargs="*", metavar="SCENARIO", help="ids, or causes; all when none is given")
    sub.add_argument("--guests", type=int, default=2, help="guests side by side; each uses a core")
    sub.add_argument(
        "--sample", action="store_true", help="one scenario for each cause on each pair of implementations"
    )
    sub.add_argument("--minutes", type=float, default=60, help="begin no scenario after that long")
    sub.add_argument("--check", choices=get_args(runner.Check), default="diagnose")
    sub = command("mend", _mend, "have scenarios mended, undone and mended again; fails when one is not")
    sub.add_argument("names", nargs="*", metavar="SCENARIO", help="ids, or causes; all that have a remedy")
    sub.add_argument("--sample", action="store_true", help="some scenarios on each pair of implementations")
    sub.add_argument("--every", action="store_true", help="with every remedy of its cause, not the first one")
    sub.add_argument("--each-remedy", action="store_true", help="one scenario for each remedy")
    sub.add_argument(
        "--undo", choices=["fire", "timer", "none"], default="fire", help="who undoes the first try"
    )
    sub.add_argument(
        "--brief", action="store_true", help="no diagnoses but those that plans and mendings make"
    )
    _add_run(sub)
    sub = command("misfortune", _misfortune, "let things go wrong while a tunnel is mended")
    sub.add_argument(
        "names", nargs="*", metavar="MISFORTUNE", help="ids of misfortunes.yaml; all if none is given"
    )
    _add_run(sub)
    for name, act, text in (
        ("exec", _exec, "in a guest of its own with that scenario, run a command: exec SCENARIO -- COMMAND"),
        ("shell", _shell, "in a guest of its own with that scenario, open the wizard, or another command"),
    ):
        sub = command(name, act, text)
        sub.add_argument("scenario")
        sub.add_argument("--node", default="op")
    sub.add_argument("--command", dest="line", metavar="COMMAND", help="instead of the wizard, such as bash")
    sub = command("bench", _bench, "race a diagnosis against other ways to look at a broken tunnel")
    sub.add_argument("scenario", nargs="?", default="psk-mismatch")
    sub = command("up", _up, "start a guest in the background, with a healthy pair")
    sub.add_argument("--name", default="dev")
    _add_pair(sub)
    sub = command("keep", _keep, "be the process that owns a background guest (used by up)")
    sub.add_argument("name")
    _add_pair(sub)
    sub = command(
        "in", _in, "in a background guest: apply SCENARIO, reset, status, or --node NODE -- COMMAND"
    )
    sub.add_argument("--node", default="op")
    sub.add_argument("--stdin", action="store_true", help="pass standard input on to the command")
    sub.add_argument("--seconds", type=float, default=600, help="time limit of the command")
    sub.add_argument("--image", action="append", default=[], metavar="[GATEWAY=]IMAGE", help="for reset")
    sub.add_argument("--topology", choices=get_args(healthy.Topology), default="plain", help="for reset")
    sub.add_argument("name")
    sub.add_argument("words", nargs="*", metavar="apply SCENARIO | reset | status | -- COMMAND")
    sub = command("down", _down, "end a background guest")
    sub.add_argument("name", nargs="?", default="dev")
    return parser


def _add_run(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--guests", type=int, default=2, help="guests side by side; each uses a core")
    sub.add_argument("--minutes", type=float, default=60, help="begin no scenario after that long")
    sub.add_argument(
        "--table", type=Path, help="a file to keep the table in, as Markdown, as the run goes on"
    )


def _add_pair(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--image", action="append", default=[], metavar="[GATEWAY=]IMAGE")
    sub.add_argument("--topology", choices=get_args(healthy.Topology), default="plain")


def _chosen(arguments: argparse.Namespace) -> dict[healthy.Gateway, str]:
    chosen: dict[healthy.Gateway, str] = {}
    for word in arguments.image:
        gateway, _, image = word.rpartition("=")
        if gateway and gateway not in healthy.OTHER:
            raise LabError(f"--image {word}: there are the gateways gw-a and gw-b.")
        images.path(image)
        for name in (gateway,) if gateway else tuple(healthy.OTHER):
            chosen[name] = image
    return chosen


def _packages(_: argparse.Namespace) -> int:
    packages.install()
    return 0


def _images(arguments: argparse.Namespace) -> int:
    needed = {s.image(name) for s in scenario.load().values() for name in healthy.OTHER}
    images.keys()
    for name, seconds in images.build(arguments.names or sorted(needed | {scenario.DEFAULT_IMAGE})):
        print(f"{name}: {f'built in {seconds:.0f} s' if seconds > 1 else 'ready'}")
    return 0


def _list(_: argparse.Namespace) -> int:
    for one in scenario.load().values():
        print(f"{one.id:45} {one.expect:28} {one.title}")
    return 0


def _run(arguments: argparse.Namespace) -> int:
    packages.require()
    chosen = scenario.choose(arguments.names, scenario.load())
    if arguments.sample:
        chosen = scenario.sample(chosen)
    needed = {s.image(name) for s in chosen for name in healthy.OTHER} | {scenario.DEFAULT_IMAGE}
    for name, seconds in images.build(sorted(needed)):
        print(f"{name}: {f'built in {seconds:.0f} s' if seconds > 1 else 'ready'}")
    started = time.monotonic()
    count = itertools.count(1)

    def report(verdict: runner.Verdict) -> None:
        word = "ok  " if verdict.ok else "FAIL" if verdict.tries > 1 else "once"
        said = verdict.cause or verdict.status
        print(f"{next(count):3}/{len(chosen)} {word} {verdict.scenario} {said}", flush=True)
        for note in [*verdict.notes, *verdict.traces]:
            print(f"         {note}", flush=True)

    run = runner.Run(chosen, arguments.check, report, arguments.minutes * 60)
    run.carry_out(arguments.guests)
    table.show(run.verdicts)
    failed = [verdict for verdict in run.verdicts if not verdict.ok]
    leaks = runner.leaks(run.out)
    if run.left_out:
        print(f"left out, the time was over: {', '.join(run.left_out)}")
    for trouble in run.troubles:
        print(trouble)
    for file in leaks:
        print(f"a planted secret is in {file}")
    # Once more at the end: who reads a long log from its tail sees why the run did not pass.
    for verdict in failed:
        why = "; ".join([*verdict.notes, *verdict.traces])
        print(
            f"not as expected: {verdict.scenario}: {verdict.cause or verdict.status or 'not staged'}: {why}"
        )
    minutes, seconds = divmod(round(time.monotonic() - started), 60)
    took = sorted(verdict.seconds for verdict in run.verdicts if verdict.status)
    print(
        f"{len(run.verdicts) - len(failed)} of {len(run.verdicts)} scenarios as expected "
        f"({sum(verdict.tries > 1 for verdict in run.verdicts)} of them tried twice), {len(leaks)} leaks, "
        f"median {took[len(took) // 2] if took else 0:.1f} s, longest {took[-1] if took else 0:.1f} s to the cause, "
        f"{minutes} min {seconds} s in all; all outputs are in {run.out}"
    )
    return 0 if runner.passed(run.verdicts) and not leaks and not run.troubles else 1


def _mend(arguments: argparse.Namespace) -> int:
    chosen = mend.cases(scenario.choose(arguments.names, scenario.load()), every=arguments.every)
    if arguments.sample:
        chosen = mend.sample(chosen)
    if arguments.each_remedy:
        chosen = mend.each_remedy(chosen)
    if not chosen:
        raise LabError("None of these scenarios has a cause with a remedy.")
    return _change(arguments, chosen, mend.Mending)


def _misfortune(arguments: argparse.Namespace) -> int:
    return _change(arguments, misfortune.cases(arguments.names), misfortune.Misadventure)


def _change(
    arguments: argparse.Namespace, chosen: Sequence[scenario.Scenario], kind: type[mend.Mending]
) -> int:
    packages.require()
    for _ in images.build(sorted({s.image(name) for s in chosen for name in healthy.OTHER})):
        pass
    started = time.monotonic()
    seen: list[runner.Verdict] = []

    def report(verdict: runner.Verdict) -> None:
        seen.append(verdict)
        word = "ok  " if verdict.ok else "FAIL"
        told = " · ".join(verdict.row()[2:-1]) if isinstance(verdict, mend.Mended) else ""
        print(f"{len(seen):3}/{len(chosen)} {word} {verdict.scenario} {told}", flush=True)
        for note in [*verdict.notes, *verdict.traces]:
            print(f"         {note}", flush=True)
        if arguments.table:
            mend_table.write(seen, arguments.table)

    run = kind(list(chosen), "diagnose", report, arguments.minutes * 60)
    run.undo, run.brief = getattr(arguments, "undo", "fire"), getattr(arguments, "brief", False)
    run.carry_out(arguments.guests)
    mend_table.show(run.verdicts)
    leaks = runner.leaks(run.out)
    for line in [*run.troubles, *(f"a planted secret is in {file}" for file in leaks)]:
        print(line)
    if run.left_out:
        print(f"left out, the time was over: {', '.join(run.left_out)}")
    failed = [verdict for verdict in run.verdicts if not verdict.ok]
    for verdict in failed:
        print(f"not as expected: {verdict.scenario}: {'; '.join([*verdict.notes, *verdict.traces])}")
    minutes, seconds = divmod(round(time.monotonic() - started), 60)
    print(
        f"{len(run.verdicts) - len(failed)} of {len(run.verdicts)} scenarios mended as expected, {len(leaks)} leaks, "
        f"{minutes} min {seconds} s in all; all outputs are in {run.out}"
    )
    return 0 if not failed and not leaks and not run.troubles else 1


def _one(name: str) -> scenario.Scenario:
    """The scenario of that name, its images built; a cause stands for its first scenario."""
    packages.require()
    chosen = scenario.choose([name], scenario.load())[0]
    for _ in images.build(sorted({chosen.image(gateway) for gateway in healthy.OTHER})):
        pass
    return chosen


def _exec(arguments: argparse.Namespace) -> int:
    if not arguments.command:
        raise LabError("Say what to run: exec SCENARIO -- COMMAND.")
    return single.execute(_one(arguments.scenario), arguments.node, arguments.command)


def _shell(arguments: argparse.Namespace) -> int:
    words = shlex.split(arguments.line) if arguments.line else arguments.command
    wizard = ["ipsec-wizard", "--inventory", runner.INVENTORIES["both"], "--state", runner.STATE]
    chosen = _one(arguments.scenario)
    print(f"{chosen.id}: {chosen.title}. It takes about half a minute.", flush=True)
    return single.shell(chosen, arguments.node, words or wizard)


def _bench(arguments: argparse.Namespace) -> int:
    # Here, because it needs the program itself, which the other commands do without.
    from tests.lab import race

    return race.bench(_one(arguments.scenario))


def _up(arguments: argparse.Namespace) -> int:
    packages.require()
    needed = [*_chosen(arguments).values(), scenario.DEFAULT_IMAGE]
    for _ in images.build(dict.fromkeys(needed)):
        pass
    seconds = named.up(arguments.name, _chosen(arguments), arguments.topology)
    print(f"{arguments.name} is up after {seconds:.0f} s: python -m tests.lab in {arguments.name} …")
    return 0


def _keep(arguments: argparse.Namespace) -> int:
    named.keep(arguments.name, _chosen(arguments), arguments.topology)
    return 0


def _in(arguments: argparse.Namespace) -> int:
    match [*arguments.words, *arguments.command]:
        case ["apply", name]:
            request: dict[str, object] = {"verb": "apply", "scenario": name}
        case ["reset"]:
            request = {"verb": "reset", "images": _chosen(arguments), "topology": arguments.topology}
        case ["status"]:
            request = {"verb": "status"}
        case []:
            raise LabError("Say what to do: apply SCENARIO, reset, status, or -- COMMAND.")
        case words:
            request = {"verb": "execute", "node": arguments.node, "argv": words, "seconds": arguments.seconds}
    given = sys.stdin.buffer.read() if arguments.stdin else None
    answer = named.ask(arguments.name, request, given)
    if why := answer.get("why"):
        print(why, file=sys.stderr)
    elif request["verb"] != "execute":
        print(", ".join(f"{key}: {value}" for key, value in answer.items() if key != "exit"))
    return cast("int", answer["exit"])


def _down(arguments: argparse.Namespace) -> int:
    named.down(arguments.name)
    return 0
