"""The commands with their options and help: what scripts and other programs may rely on is in shared/contract.md.

Everything heavy is imported inside the commands, because a tool opened at 3 a.m. has to be there at once.
`wizard.cli` takes the plainest call of `diagnose` without coming here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from wizard.cli import Diagnosis, desk_of, known_symptom

app = typer.Typer(
    name="ipsec-wizard",
    help="Finds out why an IPsec tunnel is broken, by asking both gateways.",
    no_args_is_help=False,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

InventoryOption = Annotated[
    Path | None, typer.Option("--inventory", metavar="FILE", help="Inventory of gateways and tunnels.")
]
FlowsOption = Annotated[
    list[Path] | None,
    typer.Option("--flows", metavar="DIR", help="Further trees and causes, laid over the bundled ones."),
]
StateOption = Annotated[Path | None, typer.Option("--state", metavar="DIR", help="Where sessions are kept.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
SymptomOption = Annotated[str, typer.Option(help="never-up, drops, no-traffic, partly or check.")]
TunnelArgument = Annotated[str, typer.Argument(metavar="TUNNEL", help="Tunnel of the inventory.")]


class Options:
    """The common options, given before or after the command; those after it count."""

    inventory: Path | None = None
    flows: tuple[Path, ...] = ()
    state: Path | None = None

    @classmethod
    def take(cls, inventory: Path | None, flows: list[Path] | None, state: Path | None) -> None:
        """Keeps what was given and leaves what was not."""
        cls.inventory = inventory or cls.inventory
        cls.flows = tuple(flows) if flows else cls.flows
        cls.state = state or cls.state


@app.callback()
def start(
    context: typer.Context,
    inventory: InventoryOption = None,
    flows: FlowsOption = None,
    state: StateOption = None,
) -> None:
    """Opens the TUI when no command is given."""
    Options.inventory, Options.flows, Options.state = None, (), None
    Options.take(inventory, flows, state)
    if context.invoked_subcommand is None:
        from wizard.ui.tui import run

        _leave(run(_desk()))


@app.command()
def triage(
    tunnel: TunnelArgument,
    plain: Annotated[
        bool, typer.Option("--plain", help="Questions and lines of text instead of a full screen.")
    ] = False,
    symptom: SymptomOption = "check",
    inventory: InventoryOption = None,
    flows: FlowsOption = None,
    state: StateOption = None,
) -> None:
    """The guided session for one tunnel."""
    Options.take(inventory, flows, state)
    desk = _desk()
    known_symptom(symptom)
    if plain:
        from wizard.ui import plain as front

        _leave(front.start(desk, tunnel, symptom))
    from wizard.ui.tui import run

    _leave(run(desk, start=(tunnel, symptom)))


@app.command()
def diagnose(
    tunnel: TunnelArgument,
    as_json: JsonOption = False,
    observe_only: Annotated[
        bool, typer.Option("--observe-only", help="Read only; do not try the tunnel out.")
    ] = False,
    symptom: SymptomOption = "check",
    inventory: InventoryOption = None,
    flows: FlowsOption = None,
    state: StateOption = None,
) -> None:
    """The same trees, unattended."""
    Options.take(inventory, flows, state)
    asked = Diagnosis(tunnel, symptom, Options.inventory, Options.flows, Options.state, as_json, observe_only)
    _leave(asked.carry_out())


@app.command()
def fix(  # noqa: PLR0913, PLR0917 - each an option of the contract
    tunnel: TunnelArgument,
    remedy: Annotated[str, typer.Option("--remedy", metavar="ID", help="What to do; see `causes ID`.")],
    plan: Annotated[
        bool, typer.Option("--plan", help="Print what would be done, and its hash; change nothing.")
    ] = False,
    approve: Annotated[
        str | None,
        typer.Option("--approve", metavar="HASH", help="Carry out exactly the plan with this hash."),
    ] = None,
    right: Annotated[
        str | None, typer.Option("--right", metavar="GATEWAY", help="The gateway whose settings count.")
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option("--given", metavar="NAME=VALUE", help="What a remedy asks for, such as ca-file=PATH."),
    ] = None,
    as_json: JsonOption = False,
    inventory: InventoryOption = None,
    flows: FlowsOption = None,
    state: StateOption = None,
) -> None:
    """Mends what a diagnosis found: prints a plan, or carries an approved one out, verifies, keeps or undoes."""
    Options.take(inventory, flows, state)
    from wizard.ui.headless import fix as front

    if approve is not None:
        _leave(front.approve(_desk(), tunnel, remedy, approve, as_json=as_json))
    _leave(front.plan(_desk(), tunnel, remedy, right=right, given=given or (), as_json=as_json, only=plan))


@app.command()
def explain(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A pasted log or command output; - reads stdin.")
    ],
    platform: Annotated[
        str, typer.Option("--platform", metavar="P", help="auto, strongswan, libreswan or cisco_ios.")
    ] = "auto",
    as_json: JsonOption = False,
    flows: FlowsOption = None,
) -> None:
    """The cause from a pasted log, with no gateway at hand."""
    Options.take(None, flows, None)
    from wizard.ui.headless import explain as front

    _leave(front.run(file, platform, Options.flows, as_json=as_json))


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="A configuration: a file or a folder.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="The other end's.")],
    as_json: JsonOption = False,
    version_a: Annotated[
        str | None, typer.Option("--version-a", metavar="V", help="Release A is for, such as 5.9.8.")
    ] = None,
    version_b: Annotated[
        str | None, typer.Option("--version-b", metavar="V", help="Release B is for.")
    ] = None,
    flows: FlowsOption = None,
) -> None:
    """What two configurations on disk would disagree on, no gateway at hand."""
    Options.take(None, flows, None)
    from wizard.ui.headless import compare as front

    _leave(front.run(a, b, version_a=version_a, version_b=version_b, as_json=as_json, flows=Options.flows))


@app.command()
def demo(
    cause: Annotated[
        str | None, typer.Argument(metavar="CAUSE", help="Which fault; without it there is a choice.")
    ] = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Questions and lines of text instead of a full screen.")
    ] = False,
    as_json: JsonOption = False,
    state: StateOption = None,
) -> None:
    """Embedded gateways, nothing to install or configure."""
    Options.take(None, None, state)
    from wizard.ui.demo import run

    _leave(run(cause, plain=plain, as_json=as_json, state=Options.state))


@app.command()
def init(inventory: InventoryOption = None) -> None:
    """Makes an inventory by asking."""
    Options.take(inventory, None, None)
    from wizard import paths
    from wizard.ui.plain.init import run

    _leave(run(Options.inventory or paths.inventory_file()))


@app.command()
def sessions(as_json: JsonOption = False, state: StateOption = None) -> None:
    """Earlier sessions, the latest first."""
    Options.take(None, None, state)
    from wizard.ui.headless import records

    _leave(records.listing(Options.state, as_json=as_json))


@app.command()
def resume(
    session: Annotated[str, typer.Argument(metavar="SESSION")],
    as_json: JsonOption = False,
    inventory: InventoryOption = None,
    flows: FlowsOption = None,
    state: StateOption = None,
) -> None:
    """Takes an interrupted session to its end, unattended; in mid-change it says what became of the gateways."""
    Options.take(inventory, flows, state)
    from wizard.ui.headless import resume as front

    _leave(front.run(_desk(), session, as_json=as_json))


@app.command()
def replay(
    session: Annotated[str, typer.Argument(metavar="SESSION")],
    speed: Annotated[float, typer.Option(min=0.1, help="How many times faster than it happened.")] = 10.0,
    state: StateOption = None,
) -> None:
    """Shows an earlier session again, line by line."""
    Options.take(None, None, state)
    from wizard.ui.headless import records

    _leave(records.replay(session, Options.state, speed))


@app.command()
def export(
    session: Annotated[str, typer.Argument(metavar="SESSION")],
    form: Annotated[str, typer.Option("--format", help="md, html, json, text or cast.")] = "md",
    anonymise: Annotated[
        bool, typer.Option("--anonymise", help="Pseudonyms for addresses and names.")
    ] = False,
    inventory: InventoryOption = None,
    state: StateOption = None,
) -> None:
    """The transcript of a session, on stdout."""
    Options.take(inventory, None, state)
    from wizard.ui.headless import records

    names = records.names_in(Options.inventory) if anonymise else ()
    _leave(records.export(session, form, Options.state, anonymise=anonymise, names=names))


@app.command()
def lint(
    path: Annotated[
        Path | None, typer.Argument(metavar="PATH", help="A folder of flows; default: the bundled ones.")
    ] = None,
    flows: FlowsOption = None,
) -> None:
    """Checks trees, causes and signatures; all problems at once."""
    Options.take(None, flows, None)
    from wizard.ui.headless import knowledge

    _leave(knowledge.lint(path, Options.flows))


@app.command()
def rehearse(flows: FlowsOption = None) -> None:
    """Walks the trees through their rehearsals and says where they end elsewhere."""
    Options.take(None, flows, None)
    from wizard.ui.headless import knowledge

    _leave(knowledge.rehearse(Options.flows))


@app.command()
def causes(
    cause: Annotated[str | None, typer.Argument(metavar="ID")] = None,
    as_json: JsonOption = False,
    flows: FlowsOption = None,
) -> None:
    """The catalogue of causes, or one of them in full."""
    Options.take(None, flows, None)
    from wizard.ui.headless import knowledge

    _leave(knowledge.causes(cause, Options.flows, as_json=as_json))


@app.command()
def doctor(inventory: InventoryOption = None, flows: FlowsOption = None, state: StateOption = None) -> None:
    """Checks this machine's set-up: terminal, SSH agent, files."""
    Options.take(inventory, flows, state)
    from wizard.ui.headless import setup

    _leave(setup.doctor(Options.inventory, Options.flows, Options.state))


@app.command()
def sudoers(
    gateway: Annotated[str, typer.Argument(metavar="GATEWAY", help="Gateway of the inventory.")],
    mending: Annotated[
        bool, typer.Option("--mending", help="The second file: what mending needs beside; root in effect.")
    ] = False,
    user: Annotated[
        str | None, typer.Option("--user", metavar="NAME", help="The login, where the inventory names none.")
    ] = None,
    inventory: InventoryOption = None,
) -> None:
    """The least privileges a gateway must grant, as a file for /etc/sudoers.d."""
    Options.take(inventory, None, None)
    from wizard.ui.headless import setup

    _leave(setup.sudoers(Options.inventory, gateway, user, mend=mending))


@app.command()
def paths(inventory: InventoryOption = None, state: StateOption = None) -> None:
    """Where things are kept."""
    Options.take(inventory, None, state)
    from wizard.ui.headless import setup

    _leave(setup.paths(Options.inventory, Options.state))


def _desk() -> Any:
    return desk_of(Options.inventory, Options.flows, Options.state)


def _leave(code: int) -> None:
    raise typer.Exit(code)
