from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from tests.unit.demo.staged import CAPTURE, DATE, EXERCISE, SAS, SLOW, stage
from wizard.choreography import Link
from wizard.demo import Pace, Scene
from wizard.errors import InputError
from wizard.facts.probes import Command, Output
from wizard.links import Doors
from wizard.ssh import KnownHosts, LinkProblem, UnknownHostKey


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with Scene(stage(tmp_path / "recordings"), Pace(0, 0)) as scene:
        yield scene


def opened(scene: Scene, recording: str, gateway: str, tmp_path: Path) -> Link:
    return Doors(scene.inventory_of(recording), KnownHosts(tmp_path / "own")).open(gateway)


def printed(outputs: list[Output]) -> list[str]:
    return [output.stdout for output in outputs]


def test_the_ordinary_way_in_needs_no_question_and_reads_the_recording(scene: Scene, tmp_path: Path) -> None:
    link = opened(scene, "psk-mismatch", "gw-a", tmp_path)
    assert printed(link.batch([SAS, DATE], {"PEERS": "192.0.2.1"})) == ["none\n", "1\n"]
    assert printed(link.batch([SAS, DATE], {})) == ["connecting\n", "2\n"]
    assert not (tmp_path / "own").exists()
    link.close()


def test_each_connection_begins_at_the_beginning(scene: Scene, tmp_path: Path) -> None:
    for _ in range(2):
        link = opened(scene, "psk-mismatch", "gw-a", tmp_path)
        assert printed(link.batch([SAS, DATE], {})) == ["none\n", "1\n"]
        link.close()


def test_the_user_name_chooses_the_recording(scene: Scene, tmp_path: Path) -> None:
    link = opened(scene, "healthy", "gw-a", tmp_path)
    assert printed(link.batch([SAS], {})) == ["established\n"]
    link.close()


def test_both_streams_and_the_exit_code_come_back(scene: Scene, tmp_path: Path) -> None:
    link = opened(scene, "psk-mismatch", "gw-b", tmp_path)
    (output,) = link.batch([SAS], {})
    assert (output.exit_code, output.stderr, output.problem) == (1, "plugin failed\n", None)
    assert output.stdout.startswith("of gw-b ✓ ")
    link.close()


def test_a_command_that_was_ended_is_ended_again(scene: Scene, tmp_path: Path) -> None:
    link = opened(scene, "psk-mismatch", "gw-a", tmp_path)
    (output,) = link.batch([SLOW], {})
    assert output.problem == "it did not finish within 2 s"
    assert output.elapsed_s == 2.0
    link.close()


def test_an_unknown_command_is_not_found_and_the_rest_is_answered(scene: Scene, tmp_path: Path) -> None:
    link = opened(scene, "psk-mismatch", "gw-a", tmp_path)
    missing, known = link.batch([Command("new", "new-probe"), DATE], {})
    assert (missing.exit_code, known.stdout) == (127, "1\n")
    link.close()


def test_an_exercise_holds_and_then_tells_what_was_seen(scene: Scene, tmp_path: Path) -> None:
    link = opened(scene, "psk-mismatch", "gw-a", tmp_path)
    playing = link.play(EXERCISE)
    assert playing.ready(10)
    playing.release()
    capture, before, act, after = playing.outputs()
    assert capture.command == CAPTURE
    assert (capture.stdout, capture.stderr, capture.problem) == (
        "IP a > b\nIP b > a\n",
        "listening on wan0\n",
        None,
    )
    assert printed([before, act, after]) == ["before\n", "1 received\n", "after\n"]
    link.close()


def test_another_key_is_not_let_in(scene: Scene, tmp_path: Path) -> None:
    gateway = scene.inventory_of("psk-mismatch").gateway("gw-a")
    client = paramiko.Transport((gateway.host, gateway.port or 0))
    client.start_client(timeout=10)
    with pytest.raises(paramiko.AuthenticationException):
        client.auth_publickey("psk-mismatch", paramiko.ECDSAKey.generate())
    client.close()


def test_a_user_without_a_recording_is_not_let_in(scene: Scene) -> None:
    gateway = scene.inventory_of("psk-mismatch").gateway("gw-a")
    client = paramiko.Transport((gateway.host, gateway.port or 0))
    client.start_client(timeout=10)
    with pytest.raises(paramiko.AuthenticationException):
        client.auth_publickey("root", paramiko.ECDSAKey.from_private_key_file(str(gateway.identity_file)))
    client.close()


def test_only_what_our_scripts_ask_is_answered_and_no_channel_but_a_session(scene: Scene) -> None:
    gateway = scene.inventory_of("psk-mismatch").gateway("gw-a")
    client = paramiko.Transport((gateway.host, gateway.port or 0))
    client.start_client(timeout=10)
    client.auth_publickey("psk-mismatch", paramiko.ECDSAKey.from_private_key_file(str(gateway.identity_file)))
    channel = client.open_session(timeout=10)
    channel.exec_command("touch /tmp/should-not-exist")
    channel.shutdown_write()
    assert channel.recv_exit_status() == 127
    with pytest.raises(paramiko.ChannelException):
        client.open_channel("direct-tcpip", ("127.0.0.1", 22), ("", 0), timeout=10)
    client.close()


def test_the_host_key_is_checked_like_any_other(scene: Scene, tmp_path: Path) -> None:
    known_hosts = scene.inventory_of("healthy").gateway("gw-a").known_hosts
    assert known_hosts is not None
    known_hosts.write_text("")
    with pytest.raises(UnknownHostKey):
        opened(scene, "healthy", "gw-a", tmp_path)


def test_keys_lie_where_only_this_user_reads_them_and_go_with_the_scene(tmp_path: Path) -> None:
    with Scene(stage(tmp_path / "recordings")) as scene:
        key = scene.inventory.gateway("gw-a").identity_file
        assert key is not None
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    assert not key.parent.exists()


def test_a_closed_scene_answers_nobody(tmp_path: Path) -> None:
    with Scene(stage(tmp_path / "recordings")) as scene:
        link = opened(scene, "healthy", "gw-a", tmp_path)
    (output,) = link.batch([SAS], {})
    assert output.problem is not None
    with pytest.raises(LinkProblem):
        opened(scene, "healthy", "gw-a", tmp_path)


def test_the_broken_states_are_offered_before_the_healthy_one(scene: Scene) -> None:
    assert [header.id for header in scene.recordings] == ["psk-mismatch", "healthy"]
    assert list(scene.inventory.tunnels) == ["psk-mismatch", "healthy"]


def test_an_unknown_state_is_refused_with_those_there_are(scene: Scene) -> None:
    with pytest.raises(InputError, match="choose one of psk-mismatch, healthy"):
        scene.inventory_of("nonsense")


def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no recordings"):
        Scene(tmp_path)
