"""What a name server answered: dig's words, or the answer's own bytes where there is no dig.

RFC 1035 (messages, 4.1), RFC 3596 (AAAA).
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final

from wizard.facts.parsers.framed import sections
from wizard.records import dataclass

COMMAND: Final = """\
if command -v dig >/dev/null 2>&1; then
  echo '@@ dig'
  dig +time=2 +tries=1 +noall +comments +answer ${SOURCE:+-b "$SOURCE"} @"$SERVER" "$NAME" "$KIND" 2>&1
  echo "@= $?"
elif command -v nc >/dev/null 2>&1; then
  echo '@@ raw'
  printf "$QUERY" | nc -u -n -w 2 ${SOURCE:+-s "$SOURCE"} "$SERVER" 53 2>&1 | od -An -v -tx1
elif command -v bash >/dev/null 2>&1; then
  echo '@@ raw'
  bash -c 'exec 3<>"/dev/udp/$1/53" && printf "$2" >&3 && timeout 2 dd bs=1500 count=1 <&3 2>/dev/null' \\
    sh "$SERVER" "$QUERY" 2>&1 | od -An -v -tx1
fi"""
"""Asks $SERVER once for $NAME, type $KIND, and waits 2 s; $QUERY is the same question as a message for printf."""

_TYPES: Final = {"A": 1, "AAAA": 28}
_CODES: Final = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
_ID: Final = 0x4957
_STATUS = re.compile(r"status: ([A-Z0-9]{1,20})")
_ANSWER = re.compile(r"\S{1,255}\s{1,40}\d{1,10}\s{1,40}IN\s{1,40}(?:A|AAAA)\s{1,40}(\S{1,60})")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, or its absence: `status` is a word of RFC 1035 and its successors, empty without an answer."""

    status: str = ""
    addresses: tuple[str, ...] = ()
    refused: bool = False
    """The server's host said that nothing listens there."""
    silent: bool = False
    """Nothing came back in time, or no way led there."""
    line: str = ""


def query(name: str, kind: str) -> bytes:
    """A question for one name, recursion desired; labels are cut to the 63 bytes the format has room for."""
    head = _ID.to_bytes(2, "big") + b"\x01\x00\x00\x01" + bytes(6)
    labels = [
        label.encode("idna" if not label.isascii() else "ascii")[:63] for label in name.split(".") if label
    ]
    return head + b"".join(bytes([len(one)]) + one for one in labels) + b"\0" + bytes([0, _TYPES[kind], 0, 1])


def octal(message: bytes) -> str:
    """Bytes as printf writes them in every shell."""
    return "".join(f"\\{byte:03o}" for byte in message)


def parse(text: str) -> Answer | None:
    """The answer; None where the gateway had nothing to ask with."""
    for part in sections(text):
        if part.name == "dig":
            return _told(part.lines)
        if part.name == "raw":
            return _read(part.lines)
    return None


def _told(lines: list[str]) -> Answer:
    status = next((found for line in lines if (found := _STATUS.search(line))), None)
    if status is not None:
        answers = [found for line in lines if (found := _ANSWER.match(line))]
        line = answers[0].string.strip() if answers else status.string.strip()
        return Answer(status[1], tuple(one[1] for one in answers), line=line)
    for line in lines:
        lower = line.lower()
        if "connection refused" in lower:
            return Answer(refused=True, line=line.strip())
        if any(word in lower for word in ("timed out", "unreachable", "no servers", "no route")):
            return Answer(silent=True, line=line.strip())
    return Answer(silent=True, line=lines[-1].strip() if lines else "(no answer)")


def _read(lines: list[str]) -> Answer:
    text = "".join(lines).replace(" ", "")
    try:
        message = bytes.fromhex(text)
    except ValueError:
        return Answer(silent=True, line="(no answer)")
    if len(message) < 12 or int.from_bytes(message[:2], "big") != _ID:
        return Answer(silent=True, line="(no answer)")
    status = _CODES.get(message[3] & 15, str(message[3] & 15))
    addresses = tuple(_addresses(message))
    return Answer(status, addresses, line=f"status: {status}, answer: {', '.join(addresses) or 'none'}")


def _addresses(message: bytes) -> list[str]:
    """The addresses in the answer section; whatever is cut short ends the reading."""
    questions, answers = int.from_bytes(message[4:6], "big"), int.from_bytes(message[6:8], "big")
    position, found = 12, []
    for _ in range(min(questions, 4)):
        position = _after_name(message, position) + 4
    for _ in range(min(answers, 64)):
        position = _after_name(message, position)
        kind, size = (
            message[position : position + 2],
            int.from_bytes(message[position + 8 : position + 10], "big"),
        )
        value = message[position + 10 : position + 10 + size]
        if len(value) < size or not kind:
            break
        if (int.from_bytes(kind, "big"), size) in {(1, 4), (28, 16)}:
            found.append(str(ip_address(value)))
        position += 10 + size
    return found


def _after_name(message: bytes, position: int) -> int:
    while position < len(message) and message[position]:
        if message[position] >= 0xC0:
            return position + 2
        position += 1 + message[position]
    return position + 1
