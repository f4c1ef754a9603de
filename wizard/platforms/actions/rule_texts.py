"""A packet filter rule of ours as the gateway's tools take it: put in, found again by its comment, taken out.

Every rule carries the comment TAG, so that people find it and the undo takes out just the ones that this change
has put in: it counts, or remembers the handles of, those that were there before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from shlex import join, quote
from typing import Final

from wizard.facts.parsers.framed import sections
from wizard.facts.passages import Opening
from wizard.facts.ruleset import Chain

TAG: Final = "ipsec-wizard"
"""The comment of every rule of ours."""
PATHS: Final = "PATH=$PATH:/usr/sbin:/sbin"
"""Where the tools are, also for a timer's or an unprivileged login's shell."""


@dataclass(frozen=True, slots=True)
class RuleTexts:
    """One rule of ours, for the gateway's shell."""

    apply: str
    undo: str
    requires: str
    verify: str
    show: tuple[str, ...]
    show_undo: tuple[str, ...]
    show_verify: str


def native(chain: Chain) -> bool:
    """Whether the chain is nft's own, not one of iptables over nf_tables."""
    return chain.backend == "nft" and not chain.line.startswith(":")


def tools(listing: str) -> Mapping[tuple[str, str], str]:
    """The iptables of each backend and family, from what was asked for the rules (`rulesets.COMMAND`)."""
    found: dict[tuple[str, str], str] = {}
    for part in sections(listing):
        if not part.name.endswith("-save"):
            continue
        tool = part.name.removesuffix("-save")
        family = "ip6" if tool.startswith("ip6") else "ip"
        nft = tool.endswith("-nft") or "(nf_tables)" in part.body
        found.setdefault(("nft" if nft else "legacy", family), tool)
    return found


def iptables_words(opening: Opening, hook: str = "forward") -> list[str]:
    """The matches of a rule as iptables wants them."""
    words: list[str] = []
    for option, value in (("-s", opening.source), ("-d", opening.destination), ("-p", opening.protocol)):
        words += [option, value] if value else []
    for option, ports in (("sport", opening.source_ports), ("dport", opening.destination_ports)):
        if len(ports) == 1:
            words += ["-m", opening.protocol, f"--{option}", str(ports[0])]
        elif ports:
            words += ["-m", "multiport", f"--{option}s", ",".join(map(str, ports))]
    if _asks_for_sa(opening, hook):
        words += ["-m", "policy", "--dir", opening.protected, "--pol", "ipsec"]
    return words


def nft_words(opening: Opening, hook: str = "forward") -> list[str]:
    """The same as nft wants them."""
    words: list[str] = []
    version = "ip6" if ":" in opening.source + opening.destination else "ip"
    words += [version, "saddr", opening.source] if opening.source else []
    words += [version, "daddr", opening.destination] if opening.destination else []
    ports = [
        (name, own)
        for name, own in (("sport", opening.source_ports), ("dport", opening.destination_ports))
        if own
    ]
    for name, own in ports:
        many = "{ " + ", ".join(map(str, own)) + " }"
        words += [opening.protocol, name, str(own[0]) if len(own) == 1 else many]
    if opening.protocol and not ports:
        words += ["meta", "l4proto", opening.protocol]
    if _asks_for_sa(opening, hook):
        words += ["meta", "secpath", "exists"] if opening.protected == "in" else ["rt", "ipsec", "exists"]
    return words


def _asks_for_sa(opening: Opening, hook: str) -> bool:
    """Where packets come in no SA is chosen for them yet, where they leave none is left behind them."""
    if opening.protected == "out":
        return hook in {"forward", "output", "postrouting"}
    return opening.protected == "in" and hook in {"prerouting", "input", "forward"}


def iptables_rule(
    tool: str,
    chain: Chain,
    index: int | None,
    matches: Sequence[str],
    target: Sequence[str] = ("ACCEPT",),
    *,
    guarded: bool = True,
) -> RuleTexts:
    """A rule as number `index`, from 0, of a chain; None: at its end.

    `requires` holds as long as the chain's rules are the same; unguarded where its place makes no difference.
    """
    table, name = chain.table, chain.name
    rule = [*matches, "-m", "comment", "--comment", TAG, "-j", *target]
    base = [tool, "-w", "5", "-t", table]
    shown = [tool, "-t", table]
    insert = ["-I", name, str(index + 1), *rule] if index is not None else ["-A", name, *rule]
    mine = f"{join([*base, '-S', name])} 2>/dev/null | grep -c -e '--comment {TAG} '"
    listed = f"{tool}-save -t {quote(table)} | grep -e {quote(f'^-A {name} ')} | sed 's/ *$//'"
    lines = [rule.line.partition("] ")[2] if rule.line.startswith("[") else rule.line for rule in chain.rules]
    digest = sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
    return RuleTexts(
        apply=f'{PATHS}\nn=$({mine}); printf "%s\\n" "$n" >"$G/rules.$N" && {join([*base, *insert])}',
        undo=(
            f'{PATHS}\n[ -s "$G/rules.$N" ] || exit 0\nwhile [ "$({mine})" -gt "$(cat "$G/rules.$N")" ]; do\n'
            f"  {join([*base, '-D', name, *rule])} || exit 1\ndone"
        ),
        requires=""
        if not guarded
        else (
            f'{PATHS}\n[ "$({listed} | sha256sum | cut -d " " -f 1)" = {digest} ] || '
            f"{{ say {quote(f'the rules of {table} {name} have changed since the plan was made')}; exit 76; }}"
        ),
        verify=f"{PATHS}\n{join([*base, '-C', name, *rule])}",
        show=(join([*shown, *insert]),),
        show_undo=(join([*shown, "-D", name, *rule]),),
        show_verify=join([*shown, "-C", name, *rule]),
    )


def nft_rule(chain: Chain, handle: int | None, words: Sequence[str], verdict: str = "accept") -> RuleTexts:
    """A rule before the one with this handle, or at the chain's end."""
    place = [chain.family, chain.table, chain.name]
    statement = f'{" ".join(words)} counter {verdict} comment "{TAG}"'
    at = [*place, "handle", str(handle)] if handle is not None else place
    insert = f"nft {'insert' if handle is not None else 'add'} rule {' '.join(at)} {statement}"
    listed = join(["nft", "-a", "list", "chain", *place])
    own = f"{listed} 2>/dev/null | sed -n 's/.*comment \"{TAG}\" # handle \\([0-9]*\\)$/\\1/p'"
    there = (
        f"{listed} 2>/dev/null | grep -q {quote(f'# handle {handle}$')}"
        if handle is not None
        else f"{listed} >/dev/null 2>&1"
    )
    changed = quote(f"the rules of {chain.place} have changed since the plan was made")
    return RuleTexts(
        apply=f'{PATHS}\n{own} >"$G/rules.$N" && : >"$G/rules.$N.read" && nft {quote(insert.removeprefix("nft "))}',
        undo=(
            f'{PATHS}\n[ -e "$G/rules.$N.read" ] || exit 0\n'
            f'for h in $({own}); do\n  grep -qx "$h" "$G/rules.$N" || '
            f'{join(["nft", "delete", "rule", *place])} handle "$h" || exit 1\ndone'
        ),
        requires=f"{PATHS}\n{there} || {{ say {changed}; exit 76; }}",
        verify=f'{PATHS}\n[ "$({own} | grep -cvxF -f "$G/rules.$N")" -gt 0 ]',
        show=(f"nft {quote(insert.removeprefix('nft '))}",),
        show_undo=(f"nft delete rule {' '.join(place)} handle (the one with the comment {TAG})",),
        show_verify=f"{listed} | grep {TAG}",
    )
