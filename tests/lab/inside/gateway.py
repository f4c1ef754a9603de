"""A gateway: a systemd machine of its own on one of the images, with sshd and an IKE daemon."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path

from tests.lab import healthy
from tests.lab.inside import tree
from tests.lab.inside.daemons import Daemon
from tests.lab.inside.shell import Ran, must, run
from tests.lab.trouble import LabError

BOOT_DEADLINE_S = 120.0
_MACHINES = Path("/mnt/gateways")
_IMAGES = Path("/mnt/images")
_SYSCTL = "net.ipv4.ip_forward = 1\n"
_ENVIRONMENT = (
    "env",
    "-i",
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "LANG=C.UTF-8",
    "TERM=dumb",
)


class Gateway:
    """One of the two machines that are diagnosed; boots on an image and can change to another."""

    def __init__(self, name: healthy.Gateway, keys: Path, run_folder: Path) -> None:
        """`keys`: folder of SSH keys; `run_folder`: where its console is logged."""
        self.name = name
        self.image = ""
        self._keys = keys
        self._run_folder = run_folder
        self._machine: subprocess.Popen[bytes] | None = None
        # The guest's number of the machine's process 1, 0 while it is not running.
        self.leader = 0

    @property
    def root(self) -> Path:
        """Its root file system, seen from the guest."""
        return _MACHINES / self.name / "root"

    @property
    def _kept(self) -> Path:
        return _MACHINES / self.name / "etc"

    def boot(self, image: str, daemon: Daemon, files: dict[str, str]) -> None:
        """Stop what runs, lay a fresh overlay on that image, boot it and wait until systemd has settled.

        Raises:
            LabError: it did not come up in BOOT_DEADLINE_S.
        """
        self.stop()
        self.image = image
        self._lay(_IMAGES / image)
        self._provide(files)
        self._start()
        self._await_boot(daemon)
        self.keep({})

    def reboot(self, daemon: Daemon) -> None:
        """Cut its power and boot it again as it stands on disk; what runs in the kernel is the caller's to drop.

        Raises:
            LabError: it did not come up in BOOT_DEADLINE_S.
        """
        self.stop()
        self._start()
        self._await_boot(daemon)

    def _start(self) -> None:
        cgroup = _fresh_cgroup(self.name)
        with (self._run_folder / f"console-{self.name}.log").open("ab") as console:
            self._machine = subprocess.Popen(
                [
                    *("sh", "-c", f'echo $$ > {cgroup}; exec "$@"', "sh"),
                    "systemd-nspawn",
                    "--register=no",
                    "--keep-unit",
                    "--quiet",
                    "--capability=all",
                    f"--machine={self.name}",
                    f"--network-namespace-path=/run/netns/{self.name}",
                    "--boot",
                    "--console=pipe",
                    "--directory",
                    str(self.root),
                ],
                env={**os.environ, "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network"},
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )

    def _lay(self, lower: Path) -> None:
        machine = _MACHINES / self.name
        if machine.is_mount():
            run(["umount", "-l", str(self.root)])
            run(["umount", "-l", str(machine)])
        machine.mkdir(exist_ok=True)
        must(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(machine)])
        for part in ("upper", "work", "root"):
            (machine / part).mkdir()
        layers = f"lowerdir={lower},upperdir={machine}/upper,workdir={machine}/work"
        must(["mount", "-t", "overlay", "overlay", "-o", layers, str(self.root)])

    def _provide(self, files: dict[str, str]) -> None:
        """Write what makes this machine this gateway: name, keys, sysctls, the tunnels' configuration."""
        self.write("/etc/hostname", f"{self.name}\n")
        self.write("/etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {self.name}\n")
        self.write("/etc/machine-id", f"{self.name.encode().hex():0>32}\n")
        self.write("/etc/sysctl.d/30-gateway.conf", _SYSCTL)
        login = (self._keys / "login.pub").read_text(encoding="utf-8")
        self.write("/root/.ssh/authorized_keys", login, mode=0o600)
        self.write("/home/oncall/.ssh/authorized_keys", login, mode=0o600, owner="oncall")
        for key in self._keys.glob(f"{self.name}_*"):
            private = key.suffix != ".pub"
            target = (
                f"/etc/ssh/ssh_host_{key.stem.removeprefix(f'{self.name}_')}_key{'' if private else '.pub'}"
            )
            self.write(target, key.read_text(encoding="utf-8"), mode=0o600 if private else 0o644)
        for path, text in files.items():
            self.write(path, text)

    def _await_boot(self, daemon: Daemon) -> None:
        deadline = time.monotonic() + BOOT_DEADLINE_S
        state = "not started"
        while time.monotonic() < deadline:
            machine = self._machine
            if machine is None or machine.poll() is not None:
                break
            self.leader = self.leader or _first_process(machine.pid)
            if self.leader:
                state = self.run("systemctl is-system-running", deadline_s=20).stdout.strip()
                if state in {"running", "degraded"} and self.active("ssh") and self.active(daemon.unit):
                    return
            time.sleep(0.3)
        failed = self.run("systemctl --failed --no-legend", deadline_s=10).text if self.leader else ""
        raise LabError(f"{self.name} on {self.image} did not boot: {state or 'no systemd'} {failed.strip()}")

    def stop(self) -> None:
        """End the machine at once, as a power cut would."""
        if self._machine is not None:
            # Its process 1 first: the kernel then ends all of the machine's processes with it.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.leader or self._machine.pid, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._machine.wait(5)
            self._machine.kill()
            self._machine.wait()
        self._machine, self.leader = None, 0

    def active(self, unit: str) -> bool:
        """Whether that unit is running."""
        return self.run(f"systemctl is-active {unit}").stdout.strip() == "active"

    def words(self) -> list[str]:
        """The words before a command that make it run on this machine.

        Raises:
            LabError: the machine is not running.
        """
        if not self.leader:
            raise LabError(f"{self.name} is not running.")
        return ["nsenter", f"--target={self.leader}", "--all", "--root", "--wd", "--", *_ENVIRONMENT]

    def run(self, command: str, *, deadline_s: float = 60) -> Ran:
        """Run a line of shell on this machine, as root."""
        return run([*self.words(), "sh", "-c", command], deadline_s=deadline_s)

    def must(self, command: str) -> str:
        """Run a line of shell on this machine that the lab relies on."""
        return must([*self.words(), "sh", "-c", command])

    def inside(self, path: str) -> Path:
        """Where a file of the machine is, seen from the guest."""
        return self.root / path.lstrip("/")

    def write(self, path: str, text: str, *, mode: int = 0o644, owner: str = "root") -> None:
        """Write one of the machine's files, making its folders."""
        file = self.inside(path)
        if not file.parent.exists():
            file.parent.mkdir(parents=True)
            if owner != "root":
                self._own(file.parent, owner)
        with contextlib.suppress(FileNotFoundError):
            file.unlink()
        file.write_text(text, encoding="utf-8")
        file.chmod(mode)
        self._own(file, owner)

    def _own(self, file: Path, owner: str) -> None:
        passwd = self.inside("/etc/passwd").read_text(encoding="utf-8").splitlines()
        user, group = next(tuple(line.split(":")[2:4]) for line in passwd if line.startswith(f"{owner}:"))
        os.chown(file, int(user), int(group))

    def keep(self, files: dict[str, str]) -> None:
        """Write these files, and take /etc as it is then for what put_back() goes back to."""
        for path, text in files.items():
            self.write(path, text)
        shutil.rmtree(self._kept, ignore_errors=True)
        must(["cp", "-a", str(self.root / "etc"), str(self._kept)])

    def put_back(self) -> list[str]:
        """Make /etc what it was when it was kept; returns the paths that had been changed."""
        return tree.put_back(self._kept, self.root / "etc")

    def kill_strays(self, before: frozenset[str]) -> list[str]:
        """End the processes whose command was not there before; returns their commands."""
        strays = {pid: command for pid, command in self.processes().items() if command not in before}
        if strays:
            self.run(f"kill -9 {shlex.join(strays)}")
        return list(strays.values())

    def processes(self) -> dict[str, str]:
        """Process id to command line, without those of SSH sessions and without this question."""
        lines = self.run("ps -eo pid=,ppid=,args=").stdout.splitlines()
        found = {}
        for line in lines:
            pid, _, command = line.split(None, 2)
            # A process between fork and exec shows its parent's name in brackets.
            if not command.startswith(("ps -eo", "sh -c ps", "[", "(", "env -i", "sshd")):
                found[pid] = command
        return found


def _fresh_cgroup(name: str) -> Path:
    """A new control group's list of processes: a machine that was ended leaves its old group occupied."""
    base = Path("/sys/fs/cgroup")
    for old in base.glob(f"{name}.*"):
        for folder, _, _ in os.walk(old, topdown=False):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
    fresh = base / f"{name}.{time.monotonic_ns()}"
    fresh.mkdir()
    return fresh / "cgroup.procs"


def mount_images(devices: dict[str, str]) -> None:
    """Mount every image read-only, each below any number of machines; `devices`: image to block device."""
    for image, device in devices.items():
        place = _IMAGES / image
        place.mkdir(parents=True)
        must(["mount", "-t", "ext2", "-o", "ro,noatime", device, str(place)])


def _first_process(nspawn: int) -> int:
    """The guest's number of the machine's process 1, or 0 while there is none."""
    waiting = [nspawn]
    while waiting:
        pid = waiting.pop()
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
            spaces = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[1:]
            if len(spaces) == 2 and spaces[-1] == "1":
                return pid
            for task in Path(f"/proc/{pid}/task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
    return 0
