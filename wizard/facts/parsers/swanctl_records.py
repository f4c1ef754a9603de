"""Values of swanctl.conf as the fields of records, and where in the files each of them stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from wizard.facts import selectors
from wizard.facts.parsers import swanctl_options as options
from wizard.facts.parsers.secret_digest import PREFIX
from wizard.facts.parsers.settings import Setting
from wizard.facts.parsers.swanctl_ts import effective_selector
from wizard.facts.tunnel import AuthMethod, AuthRound, Child, Mode

Values = Mapping[str, Setting]

CONNECTION_FIELDS = {
    "version": "version",
    "local_addrs": "local_addrs",
    "remote_addrs": "remote_addrs",
    "local_port": "local_port",
    "remote_port": "remote_port",
    "proposals": "proposals",
    "aggressive": "aggressive",
    "encap": "encap",
    "mobike": "mobike",
    "fragmentation": "fragmentation",
    "dpd_delay": "dpd_delay_s",
    "rekey_time": "rekey_time_s",
    "reauth_time": "reauth_time_s",
    "pools": "pools",
    "vips": "vips",
}
ROUND_FIELDS = {"auth": "method", "id": "identity", "certs": "certs", "cacerts": "cacerts"}
CHILD_FIELDS = {
    "local_ts": "local_ts",
    "remote_ts": "remote_ts",
    "mode": "mode",
    "ah_proposals": "proposals",
    "esp_proposals": "proposals",
    "start_action": "start_action",
    "dpd_action": "dpd_action",
    "close_action": "close_action",
    "rekey_time": "rekey_time_s",
    "life_time": "life_time_s",
    "inactivity": "inactivity_s",
    "mark_in": "mark_in",
    "mark_out": "mark_out",
    "if_id_in": "if_id_in",
    "if_id_out": "if_id_out",
}
"""Option → field of the record, to say where each field stands."""


def places(values: Values, fields: Mapping[str, str]) -> dict[str, str]:
    """The place of every field that is stated, so that a finding can name file and line."""
    return {field: str(values[key].place) for key, field in fields.items() if key in values}


def child_of(name: str, values: Values, outer: Values) -> Child:
    """A child; `outer` are its connection's values, from which it inherits interface IDs."""
    esp, ah = listed(values, "esp_proposals"), listed(values, "ah_proposals")
    word = (text(values, "mode") or "").lower().removesuffix("_proxy")
    return Child(
        name=name,
        local_ts=_selectors(values, "local_ts"),
        remote_ts=_selectors(values, "remote_ts"),
        mode=next((mode for mode in get_args(Mode) if mode == word), None),
        proposals=esp or ah or None,
        protocol="ah" if ah and not esp else "esp",
        start_action=text(values, "start_action"),
        dpd_action=text(values, "dpd_action"),
        close_action=text(values, "close_action"),
        rekey_time_s=seconds(values, "rekey_time"),
        life_time_s=seconds(values, "life_time"),
        inactivity_s=seconds(values, "inactivity"),
        mark_in=text(values, "mark_in"),
        mark_out=text(values, "mark_out"),
        # A child without an interface ID takes its connection's.
        if_id_in=text(values, "if_id_in") or text(outer, "if_id_in"),
        if_id_out=text(values, "if_id_out") or text(outer, "if_id_out"),
    )


def round_of(values: Values) -> AuthRound:
    """How one side proves who it is, in one round."""
    written = text(values, "auth") or ""
    return AuthRound(
        method=_method(written),
        identity=text(values, "id"),
        detail=written if written.lower() not in {"psk", "pubkey", "eap", "xauth"} else "",
        certs=listed(values, "certs"),
        cacerts=listed(values, "cacerts"),
    )


def _method(written: str) -> AuthMethod | None:
    word = written.lower()
    if word == "psk":
        return "psk"
    if word.startswith("xauth"):
        return "xauth"
    if word.startswith("eap"):
        return "eap"
    return "pubkey" if word.startswith(("pubkey", "rsa", "ecdsa", "bliss", "ike:")) else None


def _selectors(values: Values, key: str) -> tuple[str, ...]:
    """As written, unless the daemon takes it for something else."""
    return tuple(_effective(item) for item in listed(values, key))


def _effective(item: str) -> str:
    meant, taken = selectors.parse(item), effective_selector(item)
    return item if taken is None or selectors.parse(taken) == meant else taken


def text(values: Values, key: str) -> str | None:
    """The value as written, None when it is not stated or was hidden on the gateway."""
    value = values[key].value if key in values else None
    return None if value is None or PREFIX in value else value


def listed(values: Values, key: str) -> tuple[str, ...]:
    """The parts of a list value, none when it is not stated."""
    return options.items(text(values, key) or "")


def integer(values: Values, key: str) -> int | None:
    """The value as a number, None when it is not stated or none."""
    value = text(values, key)
    return options.integer(value) if value is not None else None


def seconds(values: Values, key: str) -> int | None:
    """The value as a time in seconds, None when it is not stated or none."""
    value = text(values, key)
    return options.seconds(value) if value is not None else None


def boolean(values: Values, key: str) -> bool | None:
    """The value as yes or no, None when it is not stated or neither."""
    value = text(values, key)
    return options.boolean(value) if value is not None else None
