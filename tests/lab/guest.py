"""Boots a User-Mode Linux guest, talks to its agent, and sees to it that it always ends."""

from __future__ import annotations

import compileall
import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from tests.lab import healthy, images, queue
from tests.lab.scenario import DEFAULT_IMAGE
from tests.lab.settings import Settings
from tests.lab.trouble import LabError
from wizard import paths
from wizard.errors import WizardError
from wizard.facts.vocabulary import EXERCISES, VOCABULARY
from wizard.flow import kept
from wizard.flow.signatures import GATEWAYS

REPOSITORY = Path(__file__).resolve().parents[2]
INIT = Path(__file__).parent / "inside" / "init.sh"
MEMORY = "1536M"
BOOT_DEADLINE_S = 180.0
# The agent ends the guest when its time is up; this much later the host does.
_GRACE_S = 20.0
# The guest loads none on demand: file systems, links, IPsec, its algorithms, the firewall, its matches.
_MODULES = """
overlay bridge veth tun dummy ipv6 sch_netem sch_tbf
esp4 esp6 ah4 xfrm_user xfrm4_tunnel af_key ipcomp deflate
cbc ecb ctr hmac authenc authencesn jitterentropy_rng drbg ansi_cprng echainiv seqiv
gcm ghash-generic ccm cmac xcbc sha512_generic des_generic chacha20poly1305
ip_tables iptable_filter iptable_nat iptable_mangle iptable_raw nf_nat nf_conntrack nft_compat
xt_policy xt_TCPMSS xt_MASQUERADE xt_tcpudp xt_conntrack xt_state xt_multiport xt_comment xt_esp xt_length
xt_limit xt_mark xt_nat ipt_REJECT ipt_ah
"""


class Guest:
    """One running guest; a context manager that leaves no process behind."""

    def __init__(self, run: Path, *, seconds: float, terminal: int | None = None) -> None:
        """`run`: its folder, made anew; `seconds`: how long it may live; `terminal`: what its tty1 is."""
        self.run = run
        self._seconds = seconds
        self._terminal = terminal
        self._kernel: subprocess.Popen[bytes] | None = None
        self._warden: subprocess.Popen[bytes] | None = None
        self._limit: threading.Timer | None = None

    def start(
        self,
        available: Iterable[str] = (DEFAULT_IMAGE,),
        chosen: dict[healthy.Gateway, str] | None = None,
        topology: healthy.Topology = "plain",
    ) -> None:
        """Boot with those images at hand, and return without waiting.

        Raises:
            LabError: an image was not built, or the kernel is not installed.
        """
        names = sorted({*available, *(chosen or {}).values(), DEFAULT_IMAGE})
        files = {name: images.path(name) for name in names}
        for name, file in files.items():
            if not file.exists():
                raise LabError(f"The image {name} is not built; run `python -m tests.lab images {name}`.")
        _make_ready()
        kernel = shutil.which("linux.uml")
        if kernel is None:
            raise LabError("linux.uml is not installed; run `python -m tests.lab packages`.")
        letters = dict(zip(names, "bcdefghijklmnop", strict=False))
        self._furnish({name: f"/dev/ubd{letter}" for name, letter in letters.items()}, chosen or {}, topology)
        console = (self.run / "console.log").open("wb")
        words = [
            kernel,
            f"mem={MEMORY}",
            "root=/dev/root",
            "rootfstype=hostfs",
            "rootflags=/",
            "ro",
            f"init={self.run}/init",
            f"lab.run={self.run}",
            f"uml_dir={self.run}",
            "umid=uml",
            "con=null",
            "con0=null,fd:1",
            *(f"ubd{letter}r={files[name]}" for name, letter in letters.items()),
        ]
        keep = () if self._terminal is None else (self._terminal,)
        words += [f"con1=fd:{tty},fd:{tty}" for tty in keep]
        self._kernel = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            start_new_session=True,
            pass_fds=keep,
        )
        console.close()
        # It reads from us until we end, in whatever way: then the guest's processes end, too.
        self._warden = subprocess.Popen(
            ["sh", "-c", f"read -r word || kill -9 -{self._kernel.pid}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._limit = threading.Timer(self._seconds + _GRACE_S, self.kill)
        self._limit.daemon = True
        self._limit.start()

    def _furnish(
        self, devices: dict[str, str], chosen: dict[healthy.Gateway, str], topology: healthy.Topology
    ) -> None:
        if any(character in str(self.run) for character in ' \t\n,"'):
            raise LabError(f"The run folder must have no blanks or commas in its path: {self.run}")
        shutil.rmtree(self.run, ignore_errors=True)
        self.run.mkdir(parents=True, mode=0o700)
        queue.prepare(self.run)
        shutil.copytree(images.keys(), self.run / "keys")
        shutil.copyfile(INIT, self.run / "init")
        (self.run / "init").chmod(0o755)
        Settings(
            prefix=sys.prefix, devices=devices, images=chosen, topology=topology, seconds=self._seconds
        ).write(self.run)
        names = {
            "LAB_REPOSITORY": str(REPOSITORY),
            "LAB_PREFIX": sys.prefix,
            "LAB_BASE_PREFIX": sys.base_prefix,
            "LAB_PYTHON": sys.executable,
            "LAB_MODULES": " ".join(_MODULES.split()),
        }
        lines = "".join(f"{name}={shlex.quote(value)}\n" for name, value in names.items())
        (self.run / "settings.sh").write_text(lines, encoding="utf-8")

    def ended(self) -> str:
        """How the guest's kernel ended, nothing while it is running."""
        status = None if self._kernel is None else self._kernel.poll()
        if status is None:
            return ""
        return f"ended by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"

    def ready(self) -> float:
        """Wait until the healthy pair is up; returns the seconds the guest needed for it.

        Raises:
            LabError: it failed, ended, or took longer than BOOT_DEADLINE_S.
        """
        deadline = time.monotonic() + BOOT_DEADLINE_S
        while time.monotonic() < deadline:
            status = queue.get(self.run / queue.STATUS)
            if status and status["state"] == "ready":
                return float(status["seconds"])
            if status and status["state"] == "failed":
                raise LabError(f"The guest could not make the healthy pair: {status['why']}")
            if why := self.ended():
                raise LabError(f"The guest ended while it booted ({why}):\n{_tail(self.run)}")
            time.sleep(0.1)
        raise LabError(f"The guest was not ready after {BOOT_DEADLINE_S:.0f} s:\n{_tail(self.run)}")

    def ask(
        self, request: dict[str, Any], *, out: BinaryIO | None = None, err: BinaryIO | None = None
    ) -> dict[str, Any]:
        """Have the agent carry out one request; see queue.ask()."""
        return queue.ask(self.run, request, ended=self.ended, out=out, err=err)

    def wait(self) -> None:
        """Wait until the guest has powered off or its time is up."""
        if self._kernel is not None:
            self._kernel.wait()

    def stop(self) -> None:
        """End the guest: by asking, and at once if it does not answer."""
        kernel = self._kernel
        if kernel is None:
            return
        if kernel.poll() is None:
            (self.run / "replies" / "off").mkdir(exist_ok=True)
            queue.put(self.run / "requests" / "off.json", {"verb": "power-off", "name": "off"})
            with contextlib.suppress(subprocess.TimeoutExpired):
                kernel.wait(5)
        if self._limit is not None:
            self._limit.cancel()
        self.kill()
        kernel.wait()
        if self._warden is not None:
            self._warden.communicate(b"done\n")

    def kill(self) -> None:
        """End the guest at once, from any thread; whoever waits for an answer of it hears of that."""
        # The guest's processes are processes of the host in its group: none may outlive its kernel.
        if self._kernel is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._kernel.pid, signal.SIGKILL)

    def __enter__(self) -> Guest:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _make_ready() -> None:
    """Leaves beside the program what any first run leaves there: the guest sees these files and cannot write them."""
    compileall.compile_dir(REPOSITORY / "wizard", quiet=2)
    with contextlib.suppress(WizardError):
        kept.load([paths.bundled_flows()], VOCABULARY, EXERCISES, GATEWAYS)


def _tail(run: Path) -> str:
    lines: list[str] = []
    for name in ("console.log", "agent.log"):
        with contextlib.suppress(FileNotFoundError):
            lines += (run / name).read_text(encoding="utf-8", errors="replace").splitlines()[-12:]
    return "\n".join(lines)
