"""Certificates and private keys the operator names, put where the gateway's daemon looks for them.

They are read on the operator's machine when the plan is made, so that a file that cannot help (expired, another's
name, a key that does not fit) is refused before anything is touched, and the plan's hash covers what they hold.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from shlex import quote
from typing import Final

from wizard.engine.plan import Step
from wizard.facts.certificates import Certificate, CertificateStore
from wizard.facts.derive import certificates as own_certificates
from wizard.facts.derive.secrets import own_and_peer
from wizard.facts.model import End, other
from wizard.facts.parsers import framed
from wizard.facts.probes import Command, Output
from wizard.facts.snapshot import Snapshot
from wizard.platforms.actions.base import Planned, Site, Unplannable, masked, word
from wizard.platforms.actions.given_files import (
    Given,
    day,
    given_file,
    in_time,
    read_certificate,
    read_crl,
    spki_of,
)

_KEY_LINE: Final = re.compile(r":\s*(?:RSA|ECDSA|PKCS8|BLISS|priv)\s+\"?(?P<name>[^\s\"]+)", re.IGNORECASE)
_NSS: Final = (
    "D=; for d in /var/lib/ipsec/nss /etc/ipsec.d; do [ ! -e $d/cert9.db ] || { D=sql:$d; break; }; done\n"
    '[ -n "$D" ] || { echo "no NSS database was found" >&2; exit 1; }\n'
)


@dataclass(frozen=True, slots=True)
class InstallCa:
    """The certificate of an authority, so that what it issued is trusted at this end."""

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """See `Action`."""
        given = given_file(site, "ca-file", "the certificate of the authority")
        if site.snapshot(at).implementation == "libreswan":
            script = (
                f"command -v certutil >/dev/null || exit 1\n{_NSS}certutil -L -d $D >/dev/null && echo usable"
            )
            return (
                Command("certutil", f"$SUDO sh -c {quote(script)}", 8, show="certutil -L", limits="time"),
            )
        return (_sum("target", _placed(site.snapshot(at), given, "x509ca", "cacerts")),)

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """See `Action`."""
        snapshot = site.snapshot(at)
        given = given_file(site, "ca-file", "the certificate of the authority")
        authority = read_certificate(given)
        if not authority.authority:
            raise Unplannable(
                f"{given.path} holds the certificate of {authority.subject}, which is no authority"
            )
        in_time(given, authority, snapshot)
        what = f"certificate of {authority.subject}, until {day(authority.valid_to)}"
        title = f"Install the authority's certificate on {snapshot.gateway}"
        if snapshot.implementation == "libreswan":
            step = _into_nss(snapshot, given, title, what, seen)
        else:
            path = _placed(snapshot, given, "x509ca", "cacerts")
            if word(seen, "target") == given.sum:
                return Planned()
            step = _file_step(snapshot, path, "644", given, title, what, seen, "target")
        return Planned((step,), (given.need,), _touched(site, at), warnings=_foreign(site, at, authority))


@dataclass(frozen=True, slots=True)
class InstallCrl:
    """A revocation list that is still in force."""

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """See `Action`."""
        given = given_file(site, "crl-file", "a revocation list")
        return (_sum("target", _placed(site.snapshot(at), given, "x509crl", "crls")),)

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """See `Action`."""
        snapshot = site.snapshot(at)
        given = given_file(site, "crl-file", "a revocation list")
        listed = read_crl(given)
        now = snapshot.clock.epoch_s if snapshot.clock is not None else None
        if now is not None and listed.next_update is not None and now > listed.next_update:
            raise Unplannable(f"the list in {given.path} ran out on {day(listed.next_update)}")
        if word(seen, "target") == given.sum:
            return Planned()
        until = f", until {day(listed.next_update)}" if listed.next_update is not None else ""
        step = _file_step(
            snapshot,
            _placed(snapshot, given, "x509crl", "crls"),
            "644",
            given,
            f"Install the revocation list on {snapshot.gateway}",
            f"revocation list of {listed.issuer}{until}",
            seen,
            "target",
        )
        return Planned((step,), (given.need,), _touched(site, at))


@dataclass(frozen=True, slots=True)
class InstallCertificate:
    """This end's own certificate, its private key, or both."""

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """See `Action`."""
        targets = _targets(site, at)
        return tuple(_sum(given.name, path) for given, path, _ in targets)

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """See `Action`."""
        snapshot = site.snapshot(at)
        targets = _targets(site, at)
        by_name = {given.name: given for given, _, _ in targets}
        certificate = by_name.get("certificate-file")
        leaf = read_certificate(certificate) if certificate is not None else None
        if certificate is not None and leaf is not None:
            in_time(certificate, leaf, snapshot)
            _named(site, at, certificate, leaf)
        _fits(snapshot, _own(site, at), leaf, certificate, by_name.get("key-file"))
        steps: list[Step] = []
        for given, path, mode in targets:
            if word(seen, given.name) == given.sum:
                continue
            if given.name == "certificate-file" and leaf is not None:
                what = f"certificate of {leaf.subject}, until {day(leaf.valid_to)}"
                title = f"Install the certificate on {snapshot.gateway}"
            else:
                what, title = "a private key", f"Install the private key on {snapshot.gateway}"
            steps.append(_file_step(snapshot, path, mode, given, title, what, seen, given.name))
        needs = tuple(given.need for given, _, _ in targets)
        return Planned(tuple(steps), needs if steps else (), _touched(site, at))


# --- what is refused -----------------------------------------------------------------------


def _named(site: Site, at: End, given: Given, certificate: Certificate) -> None:
    identity, _ = own_and_peer(site.focus(at))
    if identity is not None and not certificate.confirms(identity):
        raise Unplannable(
            f"the certificate in {given.path} does not carry {identity}, which {site.snapshot(at).gateway} calls itself"
        )


def _fits(
    snapshot: Snapshot,
    current: Certificate | None,
    leaf: Certificate | None,
    certificate: Given | None,
    key: Given | None,
) -> None:
    """Raises Unplannable where certificate and private key would not belong together afterwards."""
    shown = leaf or current
    if key is not None:
        if shown is not None and spki_of(key) != shown.spki:
            raise Unplannable(
                f"the private key in {key.path} does not belong to the certificate of {shown.subject}"
            )
        return
    held = {one.spki for one in snapshot.certificates.keys} if snapshot.certificates is not None else set()
    if leaf is not None and certificate is not None and leaf.spki not in held:
        raise Unplannable(
            f"{snapshot.gateway} has no private key for the certificate in {certificate.path}: "
            "name its file, too, with --given key-file=PATH"
        )


def _own(site: Site, at: End) -> Certificate | None:
    store = site.snapshot(at).certificates
    found = own_certificates.find(store or CertificateStore(), site.focus(at))
    return found.certificate if found is not None else None


def _foreign(site: Site, at: End, authority: Certificate) -> tuple[str, ...]:
    """A word of warning where the authority did not issue what the other end shows."""
    there = other(at)
    if there not in site.snapshots or there not in site.focuses:
        return ()
    theirs = _own(site, there)
    if theirs is None or authority.subject in {theirs.issuer, theirs.subject}:
        return ()
    return (
        (
            f"{site.snapshot(there).gateway}'s certificate was issued by {theirs.issuer}, not by {authority.subject}; "
            "it helps only where an authority in between is sent along"
        ),
    )


# --- where they go ----------------------------------------------------------------------------


def _placed(snapshot: Snapshot, given: Given, swanctl: str, stroke: str) -> str:
    """A file of its own in the daemon's folder for its kind."""
    name = f"ipsec-wizard-{given.sum[:12]}.{'pem' if given.is_pem else 'der'}"
    return posixpath.join(_top(snapshot), swanctl if _is_swanctl(snapshot) else stroke, name)


def _is_swanctl(snapshot: Snapshot) -> bool:
    return snapshot.implementation == "strongswan-swanctl"


def _top(snapshot: Snapshot) -> str:
    """The folder below which the daemon has its folders for certificates and keys."""
    files = snapshot.disk.files if snapshot.disk is not None else ()
    if _is_swanctl(snapshot):
        root = next((one for one in files if one.endswith("/swanctl.conf")), "/etc/swanctl/swanctl.conf")
        return posixpath.dirname(root)
    if snapshot.implementation == "strongswan-ipsec":
        root = next((one for one in files if one.endswith("/ipsec.conf")), "/etc/ipsec.conf")
        return posixpath.join(posixpath.dirname(root), "ipsec.d")
    raise Unplannable(f"where {snapshot.gateway} keeps its certificates is not known")


def _targets(site: Site, at: End) -> list[tuple[Given, str, str]]:
    """What is installed, where, and with which mode for a new file."""
    snapshot = site.snapshot(at)
    if snapshot.implementation == "libreswan":
        raise Unplannable(
            f"{snapshot.gateway} keeps its certificate and key in an NSS database: import both there with "
            "`ipsec import FILE.p12`, under the nickname that leftcert names"
        )
    if not site.given.get("certificate-file") and not site.given.get("key-file"):
        raise Unplannable(
            f"a new certificate for {snapshot.gateway} is needed: name it with --given certificate-file=PATH, "
            "and its private key, where that is new, with --given key-file=PATH"
        )
    found: list[tuple[Given, str, str]] = []
    if site.given.get("certificate-file"):
        given = given_file(site, "certificate-file", "the certificate")
        found.append((given, _certificate_file(site, at), "644"))
    if site.given.get("key-file"):
        found.append((given_file(site, "key-file", "the private key"), _key_file(site, at), "600"))
    return found


def _new_name(site: Site, at: End) -> str:
    safe = "".join(c if c.isalnum() or c in "_-." else "-" for c in site.focus(at).name)
    return f"ipsec-wizard-{safe}.pem"


def _certificate_file(site: Site, at: End) -> str:
    snapshot, focus = site.snapshot(at), site.focus(at)
    connection = focus.on_disk or focus.connection
    named = [name for round_ in (connection.local if connection is not None else ()) for name in round_.certs]
    folder = "x509" if _is_swanctl(snapshot) else "certs"
    if named:
        return posixpath.join(_top(snapshot), folder, named[0])
    if _is_swanctl(snapshot):
        return posixpath.join(_top(snapshot), folder, _new_name(site, at))
    raise Unplannable(
        f"the connection of {snapshot.gateway} names no certificate (leftcert), so it would not be used"
    )


def _key_file(site: Site, at: End) -> str:
    snapshot = site.snapshot(at)
    if _is_swanctl(snapshot):
        return posixpath.join(_top(snapshot), "private", _new_name(site, at))
    config = snapshot.outputs.get("config")
    text = "\n".join(
        part.body
        for part in framed.sections(config.stdout if config is not None else "")
        if (part.name or "").endswith(".secrets")
    )
    names = {found["name"] for found in _KEY_LINE.finditer(text)}
    if len(names) != 1:
        raise Unplannable(
            f"ipsec.secrets of {snapshot.gateway} names {'several private keys' if names else 'no private key'}, "
            "so which file this one belongs in has to be settled by hand"
        )
    return posixpath.join(_top(snapshot), "private", names.pop())


# --- steps ------------------------------------------------------------------------------------


def _sum(probe: str, path: str) -> Command:
    script = (
        f"if [ -e {quote(path)} ]; then sha256sum <{quote(path)} | cut -d ' ' -f 1; "
        f"elif [ -d {quote(posixpath.dirname(path))} ]; then echo none; else echo nowhere; fi"
    )
    return Command(probe, f"$SUDO sh -c {quote(script)}", 8, show=f"sha256sum {path}", limits="time")


def _file_step(
    snapshot: Snapshot,
    path: str,
    mode: str,
    given: Given,
    title: str,
    what: str,
    seen: Mapping[str, Output],
    probe: str,
) -> Step:
    now = word(seen, probe)
    if now == "nowhere":
        raise Unplannable(f"{snapshot.gateway} has no folder {posixpath.dirname(path)}")
    if not now:
        raise Unplannable(f"{path} of {snapshot.gateway} could not be read")
    requires = f"[ ! -e {quote(path)} ]" if now == "none" else f"same {quote(path)} {now}"
    old = () if now == "none" else (f"-{masked('what stands there now')}",)
    return Step(
        snapshot.end,
        snapshot.gateway,
        title,
        apply=f"{requires} && keep {quote(path)} && secret | base64 -d | put {quote(path)} {mode}",
        undo=f"give_back {quote(path)}",
        requires=requires,
        verify=f'[ "$(sum_of {quote(path)})" = {given.sum} ]',
        show=(f"install -m {mode} {posixpath.basename(given.path)} {path}",),
        show_undo=(f"rm {path}" if now == "none" else f"put {path} back as it was",),
        diff=(f"--- {'/dev/null' if now == 'none' else path}", f"+++ {path}", *old, f"+{masked(what)}"),
        secret=given.name,
    )


def _into_nss(snapshot: Snapshot, given: Given, title: str, what: str, seen: Mapping[str, Output]) -> Step:
    printed = seen.get("certutil")
    if printed is None or "usable" not in printed.stdout.split():
        raise Unplannable(
            f"{snapshot.gateway} has no certutil, with which an authority's certificate is imported; "
            "install it (libnss3-tools, nss-tools)"
        )
    name = f"ipsec-wizard-{given.sum[:12]}"
    there = f"certutil -L -d $D -n {name} >/dev/null 2>&1"
    return Step(
        snapshot.end,
        snapshot.gateway,
        title,
        apply=(
            f'{_NSS}secret | base64 -d >"$G/$N.new" && [ "$(sum_of "$G/$N.new")" = {given.sum} ] &&\n'
            f'certutil -A -d $D -n {name} -t CT,, -i "$G/$N.new"{_form(given)}; x=$?; rm -f "$G/$N.new"; ( exit $x )'
        ),
        undo=f"{_NSS}! {there} || certutil -D -d $D -n {name}",
        requires=f"{_NSS}! {there}",
        verify=f"{_NSS}{there}",
        show=(
            f"certutil -A -d sql:/var/lib/ipsec/nss -n {name} -t CT,, -i {posixpath.basename(given.path)}",
        ),
        show_undo=(f"certutil -D -d sql:/var/lib/ipsec/nss -n {name}",),
        diff=("--- NSS", "+++ NSS", f"+{masked(what)}"),
        secret=given.name,
    )


def _form(given: Given) -> str:
    return " -a" if given.is_pem else ""


def _touched(site: Site, at: End) -> tuple[str, ...]:
    focus = site.focuses.get(at)
    return (focus.name,) if focus is not None and focus.name else ()
