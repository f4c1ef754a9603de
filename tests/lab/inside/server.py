"""A name server and a service for the hosts of the lab: python3 server.py ADDRESS NAME=ANSWER…

Answers every question over UDP 53 until it is ended, after two minutes at the latest: the answer for a name that
was given, "no such name" for others. Takes TCP connections on port 8080. Only the standard library, because it
runs on the host's own Python in the host's namespace. One that runs already is ended first.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

LIFE_S = 120
PID = Path("/run/lab-server.pid")


def answer(question: bytes, known: dict[str, str]) -> bytes:
    """The whole answer to one question, in the form of RFC 1035."""
    end = question.index(0, 12) + 5
    labels, position = [], 12
    while question[position]:
        labels.append(question[position + 1 : position + 1 + question[position]].decode())
        position += 1 + question[position]
    address = known.get(".".join(labels).lower())
    flags = b"\x81\x80" if address else b"\x81\x83"
    head = question[:2] + flags + b"\0\1" + (b"\0\1" if address else b"\0\0") + bytes(4)
    record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(address) if address else b""
    return head + question[12:end] + record


def main(argv: list[str]) -> None:
    """Serves in the background."""
    with suppress(OSError, ValueError):
        os.kill(int(PID.read_text()), signal.SIGTERM)
    known = dict(word.split("=", 1) for word in argv[1:] if "=" in word)
    names, service = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket()
    service.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    chosen = selectors.DefaultSelector()
    if known:
        names.bind((argv[0], 53))
        chosen.register(names, selectors.EVENT_READ)
    if "service" in argv[1:]:
        service.bind((argv[0], 8080))
        service.listen()
        chosen.register(service, selectors.EVENT_READ)
    if os.fork():
        return
    os.setsid()
    PID.write_text(str(os.getpid()))
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    signal.alarm(LIFE_S)
    while True:
        for key, _ in chosen.select():
            if key.fileobj is names:
                question, asker = names.recvfrom(1500)
                with suppress(ValueError, IndexError):
                    names.sendto(answer(question, known), asker)
            else:
                service.accept()[0].close()


if __name__ == "__main__":
    main(sys.argv[1:])
