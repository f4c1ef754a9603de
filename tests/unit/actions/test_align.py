"""One end is set to what fits the other, translated into its own language, and never to less without a word."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.actions.gateways import ADDRESSES, Box, box, planned, site
from wizard.facts.model import ENDS, End, other
from wizard.platforms.actions.base import Unplannable
from wizard.platforms.actions.options import ALIGN

CASES = yaml.safe_load((Path(__file__).parent / "align.yaml").read_text())
NETWORKS = {"near": "10.1.0.0/24", "far": "10.2.0.0/24"}
NAMES = {"near": "a.example", "far": "b.example"}


def _defaults(end: End, given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "version": 2,
        "local": ADDRESSES[end],
        "remote": ADDRESSES[other(end)],
        "local_id": NAMES[end] if given["kind"] == "swanctl" else f"@{NAMES[end]}",
        "remote_id": NAMES[other(end)] if given["kind"] == "swanctl" else f"@{NAMES[other(end)]}",
        "local_ts": NETWORKS[end],
        "remote_ts": NETWORKS[other(end)],
        "auth": "psk",
        **given,
    }


def _swanctl(one: Mapping[str, Any]) -> dict[str, str]:
    def lines(indent: str, **keys: str) -> list[str]:
        return [f"{indent}{key} = {one[name]}" for key, name in keys.items() if name in one]

    rows = [
        "connections {",
        "  site {",
        *lines("    ", version="version", local_addrs="local", remote_addrs="remote", proposals="ike"),
        *lines("    ", aggressive="aggressive"),
        "    local {",
        *lines("      ", auth="auth", id="local_id"),
        "    }",
        "    remote {",
        *lines("      ", auth="auth", id="remote_id"),
        "    }",
        "    children {",
        "      net {",
        *lines("        ", local_ts="local_ts", remote_ts="remote_ts", esp_proposals="esp", mode="mode"),
        *lines("        ", ah_proposals="ah"),
        *lines("        ", rekey_time="rekey", life_time="life"),
        "      }",
        "    }",
        "  }",
        "}",
    ]
    return {"/etc/swanctl/swanctl.conf": "\n".join([*rows, ""])}


def _ipsec(one: Mapping[str, Any]) -> dict[str, str]:
    def shown(value: object) -> str:
        return f'"{value}"' if "=" in str(value) else str(value)

    spelled = {
        "left": "local",
        "right": "remote",
        "leftid": "local_id",
        "rightid": "remote_id",
        "ike": "ike",
        "leftsubnet": "local_ts",
        "rightsubnet": "remote_ts",
        "esp": "esp",
        "pfs": "pfs",
        "type": "mode",
    }
    rows = [f"  {key}={shown(one[name])}" for key, name in spelled.items() if name in one]
    stroke = one["kind"] == "stroke"
    if stroke:
        rows.append(f"  keyexchange=ikev{one['version']}")
    elif one["version"] == 1:
        rows.append("  ikev2=no")
    rows.append(f"  authby={'secret' if one['auth'] == 'psk' else 'rsasig'}")
    return {"/etc/ipsec.conf": "\n".join(["conn site", *rows, "  auto=add", ""])}


def _gateway(tmp_path: Path, end: End, given: Mapping[str, Any]) -> Box:
    one = _defaults(end, given)
    files = _swanctl(one) if one["kind"] == "swanctl" else _ipsec(one)
    return box(tmp_path, end, one["kind"], files)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_one_end_is_set_to_what_fits_the_other(case: dict[str, Any], tmp_path: Path) -> None:
    boxes = {end: _gateway(tmp_path, end, case[end]) for end in ENDS}
    at: End = case["at"]
    options = {"field": case["field"], **({"prefer": case["prefer"]} if "prefer" in case else {})}
    where = site(*boxes.values(), right=other(at))
    if "refused" in case:
        with pytest.raises(Unplannable) as refused:
            planned(ALIGN, where, boxes[at], options)
        assert re.search(case["refused"], f"{refused.value.message} {refused.value.advice}")
        return
    plan = planned(ALIGN, where, boxes[at], options)
    path = "/etc/swanctl/swanctl.conf" if case[at]["kind"] == "swanctl" else "/etc/ipsec.conf"
    before = boxes[at].bytes(path).decode().splitlines()
    for step in plan.steps:
        done = boxes[at].step(step, f"{step.requires} && (\n{step.apply}\n) && {step.verify}")
        assert done.returncode == 0, done.stderr
    after = boxes[at].bytes(path).decode().splitlines()
    left = [line for line in after if line not in before or after.count(line) > before.count(line)]
    assert sorted(left) == sorted(case["set"])
    assert re.search(case.get("warns", "^$"), " ".join(plan.warnings))
    # What the ends then have fits: there is nothing more to align.
    again = site(*boxes.values(), right=other(at))
    if plan.steps:
        assert not planned(ALIGN, again, boxes[at], options).steps
