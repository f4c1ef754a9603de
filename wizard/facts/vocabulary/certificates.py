"""Words about certificates, their keys and their revocation, and about servers that decide who is let in."""

from __future__ import annotations

from wizard.facts.vocabulary.spec import AUTH_SERVERS, BOOL, IKE, INT, TEXT, WORDS, FactSpec, end, pair

_PROBE = "certificates"

SPECS: tuple[FactSpec, ...] = (
    end("cert_used", BOOL, "connections", "this end proves itself by certificate"),
    end("cert_demanded", BOOL, "connections", "this end wants its peer to prove itself by certificate"),
    end("cert_present", BOOL, _PROBE, "this end has the certificate it is to prove itself with"),
    end("cert_on_disk_loaded", BOOL, _PROBE, "the certificate on disk is the one the daemon has loaded"),
    end(
        "cert_expired",
        BOOL,
        _PROBE,
        "this end's certificate, or one above it, has ended by the clock of the end that checks it",
    ),
    end(
        "cert_not_yet_valid",
        BOOL,
        _PROBE,
        "this end's certificate, or one above it, has not begun by the clock of the end that checks it",
    ),
    end(
        "cert_time_disputed",
        BOOL,
        _PROBE,
        "this end's certificate is valid by the clock of one gateway and not by the other's",
    ),
    end(
        "clock_outside_validity",
        BOOL,
        _PROBE,
        "this end's clock lies outside the time of a certificate that the other end's clock lies within",
    ),
    end("cert_days_left", INT, _PROBE, "whole days until this end's certificate ends, by its own clock"),
    end("ca_days_left", INT, _PROBE, "whole days until the first authority above it ends, by its own clock"),
    end(
        "peer_trusts_cert",
        BOOL,
        _PROBE,
        "the other end finds a way from this end's certificate to an authority it trusts",
    ),
    end(
        "cert_trust_problem",
        TEXT,
        _PROBE,
        "why it finds none",
        "issuer-unknown",
        "self-signed",
        "authority-unmarked",
        "authority-renewed",
        "authority-not-loaded",
        "no-authority",
    ),
    end("cert_confirms_identity", BOOL, _PROBE, "this end's certificate carries the identity it sends"),
    end("cert_usage_fits", BOOL, _PROBE, "the key of this end's certificate may be used to sign"),
    end(
        "chain_too_long", BOOL, _PROBE, "more authorities stand above this end's certificate than are allowed"
    ),
    end("private_key_present", BOOL, _PROBE, "this end has a private key at all"),
    end("private_key_fits", BOOL, _PROBE, "a private key of this end belongs to its certificate"),
    end("private_key_loaded", BOOL, _PROBE, "the daemon has the private key of this end's certificate"),
    end(
        "signature_accepted",
        BOOL,
        "config",
        "the other end accepts the kind of key and the hash this end signs with",
    ),
    end("revocation_strict", BOOL, "connections", "this end refuses a peer whose revocation it cannot check"),
    end("crl_present", BOOL, _PROBE, "this end has a revocation list of the peer's authority"),
    end("crl_expired", BOOL, _PROBE, "that list has run out by this end's clock"),
    end("crl_days_left", INT, _PROBE, "whole days until that list runs out"),
    end("peer_cert_revoked", BOOL, _PROBE, "the peer's certificate stands on a revocation list this end has"),
    end(
        "status_server_inside",
        BOOL,
        _PROBE,
        "the revocation server of the peer's certificate lies in the network beyond this very tunnel",
    ),
    end("eap_used", BOOL, "connections", "this end proves itself, or wants its peer to, by EAP or XAuth"),
    pair("eap_secrets_agree", BOOL, "config", "both ends hold the same EAP or XAuth secret for the user"),
    end(
        "refused_cert_time",
        TEXT,
        IKE,
        "how this end's log and clock read the dates of the certificate it refused",
        "ended",
        "not-begun",
        "within",
    ),
    end("auth_server_known", BOOL, AUTH_SERVERS, "a server that decides on peers is configured at this end"),
    end(
        "auth_server_reachable",
        BOOL,
        AUTH_SERVERS,
        "every server that decides on peers (RADIUS, LDAP, CRL, OCSP) lets this gateway connect",
    ),
    end("auth_servers_silent", WORDS, AUTH_SERVERS, "those that do not, each as scheme://host:port"),
)
