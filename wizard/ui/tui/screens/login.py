"""What only a person can give or judge before a gateway can be read: secrets and host keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input

from wizard.ui.tui.blocks import Block, Gap, Para
from wizard.ui.tui.pages import signed
from wizard.ui.tui.screens.base import Dialog
from wizard.ui.tui.screens.confirm import Confirm
from wizard.ui.tui.widgets.raw import literal, one_line

if TYPE_CHECKING:
    from wizard.ssh import ChangedHostKey, NeedsSecret, Secret, UnknownHostKey


class AskSecret(Dialog["Secret"]):
    """Asks for a password, passphrase or code; what is typed is masked and leaves only as a `Secret`."""

    AUTO_FOCUS = "#secret"

    def __init__(self, need: NeedsSecret) -> None:
        super().__init__()
        self._need = need

    def heading(self) -> Content:
        return one_line(f"{self._need.target.alias} asks for {_KINDS.get(self._need.kind, 'a secret')}")

    def body(self) -> Iterable[Block]:
        if self._need.refused:
            yield Para(signed("fail", "what was given before was not accepted"))
        yield Para(literal(self._need.target.label), "Where")
        yield Para(literal(self._need.prompt), "It says")
        yield Gap()
        yield Para(Content("In memory, until the wizard ends. It is never written, logged or shown."), "Kept")
        yield Para(Content("Escape goes on without this gateway; what only it knows stays unknown."), "Or")
        yield Gap()

    def controls(self) -> Iterable[Widget]:
        yield Input(password=not self._need.echo, id="secret", compact=True)
        yield Horizontal(
            Button("Log in", id="give", compact=True),
            Button("Go on without  (Esc)", id="without", compact=True),
            classes="buttons",
        )

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._give()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "give":
            self._give()
        else:
            self.close()

    def _give(self) -> None:
        self.close(self._typed())

    def _typed(self) -> Secret:
        """What stands in the field, which is emptied."""
        from wizard.ssh import Secret

        field = self.query_one(Input)
        secret = Secret(field.value)
        field.clear()
        return secret


_KINDS = {
    "passphrase": "the passphrase of a key",
    "password": "a password",
    "answer": "an answer",
    "sudo": "the password for sudo",
}


class UnknownKey(Confirm):
    """Shows the fingerprint of a host key nobody has vouched for; accepted once, or not."""

    def __init__(self, key: UnknownHostKey) -> None:
        super().__init__(
            f"Is this really {key.target.alias}?",
            f"{key.target.label} shows a host key that is not known here.",
            no="No, leave it alone",
            yes="Yes, I compared it",
        )
        self._key = key

    def body(self) -> Iterable[Block]:
        yield from super().body()
        yield Para(literal(self._key.key_type), "Key type")
        yield Para(literal(self._key.fingerprint, "bold"), "Fingerprint")
        yield Gap()
        yield Para(
            Content(
                "Compare it with what the gateway itself or its administrator says "
                "(ssh-keygen -lf on its public host key). Accepted once, it is remembered."
            ),
            "Do now",
        )
        yield Gap()


class ChangedKey(Dialog[None]):
    """A full stop: the host key is not the one known, and there is no key to go on regardless."""

    AUTO_FOCUS = "#on"
    title_text = "The host key has changed: this gateway is left alone"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "escape", "Go on without it", id="changed-key.on", tooltip="go on with the other gateway"
        ),
    ]

    def __init__(self, key: ChangedHostKey) -> None:
        super().__init__(classes="alarm")
        self._key = key

    def body(self) -> Iterable[Block]:
        key = self._key
        yield Para(literal(f"{key.target.label}: {key.message}"))
        yield Gap()
        for known in key.known_fingerprints:
            yield Para(literal(known), "Known")
        yield Para(literal(f"{key.key_type} {key.fingerprint}", "bold"), "Shown now")
        if key.place is not None:
            yield Para(literal(str(key.place)), "Recorded")
        yield Gap()
        yield Para(
            Content("Either the gateway was set up anew, or something stands between you and it."), "Means"
        )
        yield Para(literal(key.advice or "ask the gateway's administrator"), "Do now")
        yield Para(Content("Nothing is sent to it. There is no key to go on regardless."), "Until then")
        yield Gap()

    def controls(self) -> Iterable[Widget]:
        yield Horizontal(Button("Go on without it", id="on", compact=True), classes="buttons")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.close()
