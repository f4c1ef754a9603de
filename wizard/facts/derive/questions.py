"""What to ask the other side's administrator when nobody here can log in there: our side, in neutral words.

Nothing secret is in it: no key, no digest. The wording follows what both a router's and a daemon's manual use.
"""

from __future__ import annotations

from wizard.facts.derive import mirrored
from wizard.facts.derive.mirrored import Side
from wizard.facts.derive.notebook import Notebook
from wizard.facts.derive.secrets import own_and_peer
from wizard.facts.focus import Focus

_METHODS = {"psk": "a pre-shared key", "pubkey": "a certificate", "eap": "EAP", "xauth": "XAuth"}


def questions(book: Notebook, focus: Focus) -> None:
    """One question for each thing both sides must agree on, with what our side has."""
    connection = focus.connection
    if connection is None:
        book.unknown("peer_questions", "our side has no connection for this tunnel")
        return
    child = focus.child
    own, peer = own_and_peer(focus)
    version = {1: "IKEv1", 2: "IKEv2", 0: "IKEv1 or IKEv2"}.get(
        connection.version if connection.version is not None else -1
    )
    method = _METHODS.get((connection.local[0].method or "") if connection.local else "")
    stored = focus.on_disk
    stored_child = (
        next((one for one in stored.children if one.name == focus.child_name), None) if stored else None
    )
    asked = [
        (
            f"Do you see our IKE packets (UDP 500 and 4500) from {focus.local_address or 'our gateway'} arrive, "
            "and what does your log say of them?"
        ),
        f"Is our address {focus.local_address} the peer address in your configuration?"
        if focus.local_address
        else "",
        f"Do you speak {version}, as we do?" if version else "",
        f"Do we prove ourselves the way you want: by {method}?" if method else "",
        f"Do you expect us to call ourselves {own}, and do you call yourself {peer or 'what we can look up'}?"
        if own
        else "",
        f"Do you accept one of our IKE (phase 1) proposals: {', '.join(stored.proposals)}?"
        if stored is not None and stored.proposals
        else "",
        f"Do you accept one of our ESP (phase 2) proposals: {', '.join(stored_child.proposals)}?"
        if stored_child is not None and stored_child.proposals
        else "",
        f"Are your protected networks {' '.join(child.remote_ts)}, and is ours {' '.join(child.local_ts)} in your "
        "configuration, as mirror images?"
        if child is not None and child.local_ts and child.remote_ts
        else "",
    ]
    side = Side(
        tunnel=focus.name or "tunnel",
        version=connection.version or None,
        our_address=focus.local_address or "",
        your_address=focus.peer_addresses[0] if focus.peer_addresses else "",
        our_id=own or "",
        your_id=peer or "",
        methods=(
            (connection.local[0].method or "") if connection.local else "",
            (connection.remote[0].method or "") if connection.remote else "",
        ),
        our_networks=child.local_ts if child is not None else (),
        your_networks=child.remote_ts if child is not None else (),
        ike=(stored.proposals or ()) if stored is not None else (),
        esp=(stored_child.proposals or ()) if stored_child is not None else (),
        protocol=stored_child.protocol if stored_child is not None else "esp",
        mode=(child.mode or "tunnel") if child is not None else "tunnel",
    )
    asked += [
        f"In strongSwan's words (swanctl.conf) your side would be:\n{mirrored.swanctl(side)}",
        f"In Cisco IOS's words your side would be:\n{mirrored.cisco_ios(side)}",
    ]
    book.note("peer_questions", tuple(one for one in asked if one))
