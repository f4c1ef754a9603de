"""What the gateways of scripted sessions answer: facts, outputs, and the commands on the way to them."""

from __future__ import annotations

from wizard.engine.model import Collected, CommandRecord, Cost, EndReport
from wizard.facts.model import End, Evidence, Fact
from wizard.ui.conduct import Progress

CONNS = "swanctl --list-conns --raw"
SAS = "swanctl --list-sas --raw"
LOG = "journalctl -u strongswan -o short-iso-precise --no-pager -n 400"
DIGESTS = "swanctl.conf, keys as salted digests"

REFUSED = Evidence(
    "gw-b",
    "ike-log",
    LOG,
    "14:02:11.318 gw-b charon: 09[IKE] tried 1 shared key for '198.51.100.1' - "
    "'192.0.2.1', but MAC mismatched",
    item="psk-mac-mismatch",
)
TOLD = Evidence(
    "gw-a",
    "ike-log",
    LOG,
    "14:02:11.322 gw-a charon: 12[IKE] received AUTHENTICATION_FAILED notify error",
    item="received-auth-failed",
)
KEY_A = Evidence("gw-a", "config", DIGESTS, "/etc/swanctl/conf.d/site.conf:31 ike-site digest 3f9a17c2")
KEY_B = Evidence("gw-b", "config", DIGESTS, "/etc/swanctl/conf.d/site.conf:28 ike-site digest b01c88de")
BANNER = "security> [edit security ike]"
"""What a Junos prompt looks like: markup to a careless screen."""


def _record(
    end: End, probe: str, command: str, stdout: str, exit_code: int | None = 0, **more: str
) -> CommandRecord:
    return CommandRecord(
        end,
        f"gw-{'a' if end == 'near' else 'b'}",
        probe,
        command,
        stdout,
        more.get("stderr", ""),
        exit_code,
        0.1,
    )


_CONN = (
    "list-conn event {{site {{local_addrs=[{0}] remote_addrs=[{1}] version=IKEv2 "
    "children {{net {{mode=TUNNEL}}}}}}}}\n"
)
_STORED = Collected(
    facts=(
        Fact("near.logged_in", True),
        Fact("far.logged_in", True),
        Fact("near.daemon_running", True),
        Fact("far.daemon_running", True),
        Fact("near.ike_state", "none"),
        Fact("far.ike_state", "none"),
        Fact("near.child_state", "none"),
        Fact("far.child_state", "none"),
        Fact("near.psk_present", True, (KEY_A,)),
        Fact("far.psk_present", True, (KEY_B,)),
        Fact("psk_agrees", False, (KEY_A, KEY_B)),
        Fact("far.rights_missing", None, why_unknown="sudo wants a password"),
    ),
    records=(
        _record("near", "connections", CONNS, _CONN.format("192.0.2.1", "198.51.100.1")),
        _record("near", "sas", SAS, ""),
        _record(
            "near", "banner", "show version", f"{BANNER}\n[/x] \x1b[31mred\x1b[0m 漢字 wide\n" + "y" * 9000
        ),
        _record("far", "connections", CONNS, _CONN.format("198.51.100.1", "192.0.2.1")),
        _record("far", "sas", SAS, "", None, stderr="timed out"),
    ),
    ends=(EndReport("near", "gw-a", True), EndReport("far", "gw-b", True)),
    cost=Cost(1.4, 2, 2, 5),
)
_TRIED = Collected(
    facts=(
        Fact("near.ike_request_left", True),
        Fact("far.ike_request_arrived", True),
        Fact("near.ike_events", ("received-auth-failed",), (TOLD,)),
        Fact("far.ike_events", ("psk-mac-mismatch",), (REFUSED,)),
    ),
    records=(
        _record(
            "near",
            "ike-log",
            LOG,
            f"14:02:11.300 gw-a charon: 05[IKE] initiating IKE_SA site[7]\n{TOLD.line}\n",
        ),
        _record(
            "far",
            "ike-log",
            LOG,
            f"14:02:11.305 gw-b charon: 07[IKE] 192.0.2.1 is initiating an IKE_SA\n{REFUSED.line}\n",
        ),
    ),
    ends=_STORED.ends,
    cost=Cost(3.2, 0, 2, 6),
)
STORE = {"collect": _STORED, "ike-four-points": _TRIED, "traffic": _TRIED}
HALF = Collected(
    facts=(Fact("near.logged_in", True), Fact("far.logged_in", False)),
    records=_STORED.records[:3],
    ends=(
        EndReport("near", "gw-a", True),
        EndReport("far", "gw-b", False, problem="the password was not given"),
    ),
    cost=Cost(1.0, 1, 1, 3),
)
PROGRESS = {
    "collect": (
        Progress("near", "gw-a", CONNS, 0, 41, 15),
        Progress("far", "gw-b", CONNS, 0, 40, 15),
        Progress("near", "gw-a", SAS, 1, 41, 15),
        Progress("near", "gw-a", LOG, 2, 41, 15),
    ),
    "ike-four-points": (
        Progress("far", "gw-b", "tcpdump -ni eth1 udp port 500 or udp port 4500", 0, 2, 20),
        Progress("near", "gw-a", "swanctl --initiate --child net --timeout 10", 0, 3, 10),
    ),
    "traffic": (Progress("near", "gw-a", "ping -c 3 -I 10.1.0.1 10.2.0.1", 0, 2, 5),),
}
