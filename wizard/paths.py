"""Where things are kept: one answer for every front end, and nothing is created by asking.

The only overrides are the options of the command line (`--inventory`, `--flows`, `--state`); `--flows` adds
to the bundled flows and does not replace them. Everything below the state folder moves with `--state`.
On Linux platformdirs follows the XDG base directory specification, the environment variables included.
"""

from __future__ import annotations

from pathlib import Path

APPLICATION = "ipsec-wizard"


def bundled_flows() -> Path:
    """The folder of trees, causes, remedies and signatures that came with this program.

    The wheel carries them inside the package; in a checkout they are edited at the top of the repository.
    """
    package = Path(__file__).resolve().parent
    carried = package / "flows"
    return carried if carried.is_dir() else package.parent / "flows"


def config_dir() -> Path:
    """The user's configuration folder, on Linux usually `~/.config/ipsec-wizard`."""
    import platformdirs

    return platformdirs.user_config_path(APPLICATION, appauthor=False)


def inventory_file() -> Path:
    """The inventory that is read without `--inventory`."""
    return config_dir() / "inventory.yaml"


def state_dir() -> Path:
    """The folder used without `--state`, on Linux usually `~/.local/state/ipsec-wizard`."""
    import platformdirs

    return platformdirs.user_state_path(APPLICATION, appauthor=False)


def sessions_dir(state: Path | None = None) -> Path:
    """The folder of journals, one file a session; keep it 0700, because gateways' outputs are in them."""
    return (state or state_dir()) / "sessions"


def plans_dir(state: Path | None = None) -> Path:
    """Where plans wait for approval, in `state` or the user's state folder."""
    return (state or state_dir()) / "plans"


def cache_dir() -> Path:
    """The folder for what can be made anew at any time, on Linux usually `~/.cache/ipsec-wizard`."""
    import platformdirs

    return platformdirs.user_cache_path(APPLICATION, appauthor=False)


def known_hosts_file(state: Path | None = None) -> Path:
    """Our own list of host keys the operator accepted; the user's known_hosts is never written to."""
    return (state or state_dir()) / "known_hosts"


def log_file(state: Path | None = None) -> Path:
    """The program's own log, where paramiko's goes too, since stderr belongs to the screen."""
    return (state or state_dir()) / "ipsec-wizard.log"
