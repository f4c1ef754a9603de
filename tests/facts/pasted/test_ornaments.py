"""A log means the same however it was copied: quoted, wrapped, numbered, searched for, out of a table or a page."""

from __future__ import annotations

import html
import json
import textwrap
from collections.abc import Callable

import pytest

from wizard.facts.pasted.ornaments import readings
from wizard.facts.pasted.wrapped import MOST, unwrapped
from wizard.ui.headless.explain import Explainer

CHARON = """\
Nov 21 10:00:00 gw charon: 05[NET] <site|3> received packet: from 203.0.113.7[500] to 198.51.100.2[500] (464 bytes)
Nov 21 10:00:00 gw charon: 05[ENC] <site|3> parsed IKE_SA_INIT response 0 [ SA KE No N(NATD_S_IP) N(NATD_D_IP) CERTREQ ]
Nov 21 10:00:00 gw charon: 05[IKE] <site|3> authentication of 'gw.example.org' (myself) with pre-shared key
Nov 21 10:00:00 gw charon: 05[ENC] <site|3> generating IKE_AUTH request 1 [ IDi N(INIT_CONTACT) IDr AUTH SA TSi TSr ]
Nov 21 10:00:01 gw charon: 07[ENC] <site|3> parsed IKE_AUTH response 1 [ IDr AUTH N(NO_ADD_ADDR) N(TS_UNACCEPT) ]
Nov 21 10:00:01 gw charon: 07[IKE] <site|3> IKE_SA site[3] established between 198.51.100.2[gw]...203.0.113.7[hub]
Nov 21 10:00:01 gw charon: 07[IKE] <site|3> received TS_UNACCEPTABLE notify, no CHILD_SA built
Nov 21 10:00:01 gw charon: 07[IKE] <site|3> failed to establish CHILD_SA, keeping IKE_SA
"""
PLUTO = """\
"site" #3: initiating IKEv2 connection to 203.0.113.7 using UDP port 500, the first message of the exchange is sent
"site" #3: sent IKE_SA_INIT request to 203.0.113.7:UDP/500, this state waits for the response of the peer
"site" #3: processed IKE_SA_INIT response from 203.0.113.7:UDP/500 {cipher=AES_GCM_16_256 group=MODP2048}, now IKE_AUTH
"site" #3: IKE_AUTH response rejected Child SA with TS_UNACCEPTABLE
"""


def each(change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: "".join(change(line) + "\n" for line in text.splitlines())


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "line ends of Windows": lambda text: text.replace("\n", "\r\n"),
    "line ends of old": lambda text: text.replace("\n", "\r"),
    "quoted": each(lambda line: f"> {line}"),
    "quoted within": each(lambda line: f" > > {line}"),
    "entities": html.escape,
    "breaks of a page": lambda text: text.replace("\n", "<br/>\n"),
    "element of a page": lambda text: f"<pre><code>{html.escape(text)}</code></pre>",
    "cut at 80": each(lambda line: "\n".join(line[at : at + 80] for at in range(0, len(line), 80))),
    "wrapped at 76": each(lambda line: textwrap.fill(line, 76)),
    "wrapped and indented": each(lambda line: textwrap.fill(line, 90, subsequent_indent="    ")),
    "wrapped and quoted": each(
        lambda line: textwrap.fill(line, 76, initial_indent="> ", subsequent_indent="> ")
    ),
    "without ends of lines": lambda text: text.replace("\n", " "),
    "bold": each(lambda line: f"**{line}**"),
    "indented": each(lambda line: f"      {line}"),
    "list": each(lambda line: f"- {line}"),
    "numbered": each(lambda line: f"   12\t{line}"),
    "searched for": each(lambda line: f"/var/log/syslog.1:{line}"),
    "searched for with numbers": each(lambda line: f"1234:{line}"),
    "table": each(lambda line: '"' + line.replace('"', '""') + '"'),
    "compose": each(lambda line: f"vpn-gw-1  | {line}"),
    "kubernetes": each(lambda line: f"2026-11-21T10:00:00.123456789Z stderr F {line}"),
    "colours": each(lambda line: f"\x1b[0;32m{line}\x1b[0m"),
}


@pytest.fixture(scope="module")
def explainer() -> Explainer:
    return Explainer.open(platform="auto")


@pytest.mark.parametrize("log", [CHARON, PLUTO], ids=["charon", "pluto"])
@pytest.mark.parametrize("form", FORMS)
def test_a_log_means_the_same_in_every_form(explainer: Explainer, form: str, log: str) -> None:
    told = explainer.explain([FORMS[form](log).encode()], "paste").outcome
    assert [cause.cause for cause in told.causes][:1] == ["traffic-selector-mismatch"]


@pytest.mark.parametrize(
    "form",
    ['time="2026-11-21T10:00:00Z" level=info msg="{}"', '"Nov 21, 2026 @ 10:00:00","gw","{}"', 'a="{}'],
)
def test_a_field_of_a_line_is_read(explainer: Explainer, form: str) -> None:
    line = form.format("07[IKE] no shared key found for 'a' - 'b'")
    assert [one.cause for one in explainer.explain([line.encode()], "paste").outcome.causes] == [
        "psk-missing"
    ]


def test_a_line_without_ornament_has_no_other_reading() -> None:
    assert list(readings("no shared key found for 'b' - 'a'")) == []


def test_lines_that_were_joined_keep_the_numbers_of_the_rest() -> None:
    before = each(lambda line: textwrap.fill(line, 76))(CHARON).encode()
    after = b"".join(unwrapped([before[:50], before[50:]]))
    assert after.count(b"\n") == before.count(b"\n")
    last = before.split(b"\n").index(
        b"Nov 21 10:00:01 gw charon: 07[IKE] <site|3> failed to establish CHILD_SA,"
    )
    assert after.split(b"\n")[last].endswith(b"CHILD_SA, keeping IKE_SA")


def test_a_paste_that_was_not_wrapped_stays_as_it_is() -> None:
    for text in (CHARON, PLUTO, json.dumps({"MESSAGE": "no shared key found"}) + "\n", ""):
        assert b"".join(unwrapped([text.encode()])) == text.encode()


def test_a_file_is_not_looked_at() -> None:
    blocks = [b"a" * 100 + b"\n" + b"b" * 30 + b"\n"] * (MOST // 132 + 2)
    assert b"".join(unwrapped(blocks)) == b"".join(blocks)
