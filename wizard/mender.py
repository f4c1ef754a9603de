"""Moves of a plan become what happens on the gateways: the guard armed, steps done, kept or undone.

A move never raises for what a gateway does: a lost link, a full disk, somebody else's guard are answers. What
keeps or undoes a change goes over a connection of its own, opened for it, because the change may have broken
the way the old one came.
"""

from __future__ import annotations

import base64
import re
import secrets as randomness
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from wizard.choreography import Hidden, Link
from wizard.engine.model import Change, Changed, CommandRecord, Standing
from wizard.engine.plan import Plan, SecretNeed
from wizard.errors import WizardError
from wizard.facts.focus import Focus
from wizard.facts.model import ENDS, End
from wizard.facts.parsers import counters, spoken
from wizard.facts.probes import Command, Output
from wizard.facts.snapshot import Snapshot
from wizard.platforms import guard as guards
from wizard.platforms import kinds
from wizard.platforms.guard import Guard
from wizard.ssh import NeedsSecret, Secret
from wizard.ssh.sudo import NOT_PERMITTED

KEY_BYTES: Final = 32
"""How long a key that is made here is: 256 bits, as NIST SP 800-77r1 asks at least 112 of."""
DROPS: Final = (
    "XfrmInStateProtoError",
    "XfrmInStateModeError",
    "XfrmInStateMismatch",
    "XfrmInTmplMismatch",
    "XfrmInNoPols",
    "XfrmInPolBlock",
    "XfrmOutPolBlock",
    "XfrmOutStateProtoError",
)
"""Counters of the kernel that rise only when something is wrong; those that rise while SAs change are left out."""

_FIRED: Final = re.compile(r"undoing, (?P<at>\S+) \((?P<by>\w*)\)")
_STAT: Final = Command("xfrm-stat", "cat /proc/net/xfrm_stat", 5, limits="none")


class Bench(Protocol):
    """What a mender needs of the gateways of one tunnel."""

    @property
    def links(self) -> Mapping[End, Link]:
        """The ends that are logged in to."""

    @property
    def snapshots(self) -> Mapping[End, Snapshot]:
        """The ends that were read."""

    @property
    def focuses(self) -> Mapping[End, Focus]:
        """What the tunnel is at each end."""

    def name(self, end: End) -> str:
        """The gateway's name."""

    def reopen(self, end: End) -> Link:
        """A link over a new connection, in place of the old one; raises WizardError."""

    def record(self, end: End, output: Output) -> CommandRecord:
        """The output for the journal."""

    def learn(self, secret: str) -> None:
        """Keeps a secret out of everything that is written."""


@dataclass(slots=True)
class Mender:
    """Carries the moves of plans out; one for each tunnel and run of the program."""

    bench: Bench
    operator: str = ""
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    _secrets: dict[tuple[str, str], Hidden] = field(default_factory=dict, repr=False)

    def move(self, change: Change, tell: Callable[[End, str], None]) -> Changed:
        """Does one move; blocks until it is done."""
        guard = Guard(
            change.guard, f"{self.operator or 'somebody'}: {change.plan.title}", change.plan.guard_seconds
        )
        plan = change.plan
        match change.move:
            case "arm":
                return self._arm(guard, plan, tell)
            case "step":
                return self._step(guard, plan, change.step, tell)
            case "watch":
                return self._watch()
            case "keep":
                return self._keep(guard, plan, tell)
            case "undo":
                return self._end(guard, plan, tell, "undo")
            case "look":
                return self._end(guard, plan, tell, "look")

    # --- arming and stepping ------------------------------------------------------------------

    def _arm(self, guard: Guard, plan: Plan, tell: Callable[[End, str], None]) -> Changed:
        records: list[CommandRecord] = []
        missing = [end for end in plan.ends() if end not in self.bench.links]
        if missing:
            return Changed(False, f"{self.bench.name(missing[0])} cannot be reached")
        for need in plan.secrets:
            said, record = self._provide(guard, need)
            records += record
            if said:
                return Changed(False, said, records=tuple(records))
        armed: list[End] = []
        for end in plan.ends():
            tell(end, f"arming the undo, {guard.seconds} s")
            own = [step for step in plan.steps if step.end == end]
            try:
                output = self._run(end, guard.arm(own))
            except NeedsSecret:
                # The move is repeated once somebody has given sudo's password, or has declined to.
                for other in armed:
                    self._outputs(other, (guard.undo(), guard.clear()))
                raise
            records.append(self.bench.record(end, output))
            if output.problem is not None or output.exit_code != 0:
                for other in (*armed, *([end] if output.problem is not None else [])):
                    records += self._outputs(other, (guard.undo(), guard.clear()))
                return Changed(False, self._refusal(end, output), records=tuple(records))
            armed.append(end)
        deadline = (self.now() + timedelta(seconds=guard.seconds)).strftime("%H:%M:%S")
        seen = self._watch()
        return replace(
            seen,
            ok=True,
            said="",
            state=dict.fromkeys((self.bench.name(end) for end in armed), "armed"),
            deadline=f"by itself at {deadline} UTC unless the change is kept",
            records=(*records, *seen.records),
        )

    def _refusal(self, end: End, output: Output) -> str:
        gateway, said = self.bench.name(end), _said(output)
        if _not_granted(output):
            return _observer(gateway)
        match output.exit_code:
            case guards.PENDING:
                return (
                    f"a guard is already pending on {gateway} ({said}); wait for it, or ask whoever armed it"
                )
            case guards.CHANGED:
                return f"{gateway} is not as it was when the plan was made ({said}); make a new plan"
            case _:
                return f"the undo could not be armed on {gateway}: {said}"

    def _provide(self, guard: Guard, need: SecretNeed) -> tuple[str, list[CommandRecord]]:
        """Gets a secret ready, in memory; returns why not, and what was run for it."""
        records: list[CommandRecord] = []
        if (guard.id, need.name) in self._secrets:
            return "", records
        match need.source:
            case "generated":
                value = base64.b64encode(randomness.token_bytes(KEY_BYTES)).decode()
            case "file":
                try:
                    value = base64.b64encode(Path(need.path).expanduser().read_bytes()).decode()
                except OSError as error:
                    return f"{need.path} could not be read: {error.strerror}", records
            case "read":
                if need.end is None or need.end not in self.bench.links:
                    return "the gateway it is to be read from cannot be reached", records
                command = guards.by_root(
                    Command("secret", need.read, 15, show="read the key there, without showing it"), {}
                )
                read, output = self.bench.links[need.end].obtain(command)
                records.append(self.bench.record(need.end, output))
                if read is None:
                    return (
                        f"the key on {self.bench.name(need.end)} could not be read: {_said(output)}",
                        records,
                    )
                value = read.reveal()
        self.bench.learn(value)
        self._secrets[guard.id, need.name] = Secret(value)
        return "", records

    def _step(self, guard: Guard, plan: Plan, number: int, tell: Callable[[End, str], None]) -> Changed:
        step = plan.steps[number]
        own = [index for index, one in enumerate(plan.steps) if one.end == step.end]
        command = guard.step(own.index(number), step)
        tell(step.end, step.title)
        if step.end not in self.bench.links:
            return Changed(False, f"{step.gateway} cannot be reached")
        if step.secret:
            secret = self._secrets.get((guard.id, step.secret))
            if secret is None:
                return Changed(False, "the key for it was lost when the program ended")
            output = self.bench.links[step.end].deliver(command, secret)
        else:
            output = self._run(step.end, command)
        records = (self.bench.record(step.end, output),)
        ok = output.problem is None and output.exit_code == 0
        return Changed(ok, "" if ok else _said(output), records=records)

    # --- watching -----------------------------------------------------------------------------

    def _watch(self) -> Changed:
        """Other tunnels' CHILD SAs and the kernel's drops, at every gateway that is reached."""
        standing: list[Standing] = []
        drops: dict[str, int] = {}
        problems: list[str] = []
        ends = [end for end in ENDS if end in self.bench.links and end in self.bench.snapshots]

        def seen(end: End) -> list[Output]:
            dialect = kinds.dialect_of(self.bench.snapshots[end])
            listing = (dialect.sas("standing"),) if dialect is not None else ()
            return self.bench.links[end].batch((*listing, _STAT), {})

        with ThreadPoolExecutor(max_workers=2) as pool:
            outputs = dict(zip(ends, pool.map(seen, ends), strict=True))
        for end, printed in outputs.items():
            gateway = self.bench.name(end)
            by_id = {output.command.id: output for output in printed}
            listing = by_id.get("standing")
            if listing is not None and listing.problem is None:
                standing += self._standing(end, listing)
            elif listing is not None:
                problems.append(f"{gateway}: {listing.problem}")
            if (stat := by_id.get("xfrm-stat")) is not None and stat.exit_code == 0:
                found = counters.parse(stat.stdout)
                drops[gateway] = sum(one.value for name in DROPS if (one := found.get(name)) is not None)
        return Changed(not problems, "; ".join(problems), standing=tuple(standing), drops=drops)

    def _standing(self, end: End, listing: Output) -> list[Standing]:
        focus, snapshot = self.bench.focuses.get(end), self.bench.snapshots[end]
        own = (focus.name, focus.child_name) if focus is not None else ("", "")
        return [
            Standing(snapshot.gateway, f"{sa.name}/{child.name}", child.spi_in, child.spi_out)
            for sa in spoken.sas(snapshot.implementation, listing.stdout)
            for child in sa.children
            if child.state == "installed" and (sa.name, child.name) != own
        ]

    # --- the end ------------------------------------------------------------------------------

    def _keep(self, guard: Guard, plan: Plan, tell: Callable[[End, str], None]) -> Changed:
        """Over new connections: first whether every guard still stands, then the word to all of them at once.

        One that is kept already was told so by a program that ended before it could write that down.
        """
        records: list[CommandRecord] = []
        states: dict[str, str] = {}
        for end in plan.ends():
            tell(end, "connecting anew, to keep the change")
            try:
                link = self.bench.reopen(end)
            except WizardError as error:
                return Changed(False, f"{self.bench.name(end)} cannot be reached any more: {error.message}")
            output = link.batch((guard.look(),), {})[0]
            state = guards.state(output)
            if state not in {"armed", "kept"}:
                return Changed(
                    False,
                    f"the guard of {self.bench.name(end)} is {state or _said(output)}",
                    records=tuple(records),
                )
            states[self.bench.name(end)] = state
        said: list[str] = []
        for end in plan.ends():
            if states[self.bench.name(end)] == "kept":
                continue
            output = self._run(end, guard.keep())
            records.append(self.bench.record(end, output))
            ok = output.problem is None and output.exit_code == 0
            states[self.bench.name(end)] = "kept" if ok else "unknown"
            if not ok:
                said.append(f"{self.bench.name(end)}: {_said(output)}")
        return Changed(not said, "; ".join(said), state=states, records=tuple(records))

    def _end(self, guard: Guard, plan: Plan, tell: Callable[[End, str], None], move: str) -> Changed:
        """Undoes at every gateway of the plan, or only looks; each over a new connection where the old one is lost."""
        records: list[CommandRecord] = []
        states: dict[str, str] = {}
        said: list[str] = []
        for end in reversed(plan.ends()):
            gateway = self.bench.name(end)
            tell(end, "undoing the change" if move == "undo" else "looking what became of the change")
            command = guard.undo() if move == "undo" else guard.look()
            output = self._anew(end, command)
            records.append(self.bench.record(end, output))
            state = guards.state(output)
            states[gateway] = state or "unknown"
            said += [f"{gateway}: {line}" for line in _told(output)]
            if not state:
                said.append(f"{gateway}: {_said(output)}; its guard undoes the change by itself")
            elif state == "undone":
                records += self._outputs(end, (guard.clear(),))
        ok = bool(states) and set(states.values()) <= {"undone", "gone"}
        return Changed(ok, "; ".join(said), state=states, records=tuple(records))

    def _anew(self, end: End, command: Command) -> Output:
        """The command over the link there is, or over a new one where that is lost."""
        output = self._run(end, command)
        if output.problem is None:
            return output
        try:
            return self.bench.reopen(end).batch((command,), {})[0]
        except WizardError as error:
            return Output(command, "", "", None, False, 0.0, error.message)

    def _run(self, end: End, command: Command) -> Output:
        link = self.bench.links.get(end)
        if link is None:
            return Output(command, "", "", None, False, 0.0, "there is no connection to it")
        return link.batch((command,), {})[0]

    def _outputs(self, end: End, commands: Sequence[Command]) -> list[CommandRecord]:
        return [self.bench.record(end, self._run(end, command)) for command in commands]


def refuse_observers(gateway: str, outputs: Iterable[Output]) -> None:
    """Raises WizardError where the login may look at the gateway and not mend it."""
    if any(map(_not_granted, outputs)):
        raise WizardError(_observer(gateway))


def _not_granted(output: Output) -> bool:
    return output.problem is not None and output.problem.startswith(NOT_PERMITTED)


def _observer(gateway: str) -> str:
    return (
        f"the login at {gateway} may observe and not mend, so nothing was changed; "
        f"`ipsec-wizard sudoers {gateway} --mending` prints what it has to be granted"
    )


def _told(output: Output) -> Iterator[str]:
    """What a guard has to tell of its undo: when it fired by itself, and what it could not take back."""
    for line in output.stdout.splitlines()[:-1]:
        fired = _FIRED.fullmatch(line)
        if fired is None:
            yield line
        elif fired["by"] != "operator":
            yield f"its guard had undone the change by itself at {fired['at']}"


def _said(output: Output) -> str:
    """Why something did not work, as a clause: the last line a gateway printed on it; nft points at words below one."""
    if output.problem is not None:
        return output.problem
    printed = f"{output.stdout}\n{output.stderr}".splitlines()
    errors = [line for line in printed if line.startswith("Error: ")]
    lines = errors or [line for line in printed if line.strip(" ^~\t")]
    own = [line for line in lines if not line.startswith("step ")]
    return (own or lines or [f"it left {output.exit_code} and said nothing"])[-1].strip()
