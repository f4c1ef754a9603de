"""Words about two configurations held against each other without any gateway."""

from __future__ import annotations

from wizard.facts.vocabulary.spec import BOOL, TEXT, WORDS, FactSpec, end, pair

_FILES = "files"

SPECS: tuple[FactSpec, ...] = (
    pair("comparing", BOOL, _FILES, "two configurations from disk are compared, with no gateway at hand"),
    end("config_problem", TEXT, _FILES, "what the daemon refuses in the configuration, and where"),
    end("left_out", BOOL, _FILES, "the connection is told not to be loaded, and the other end's is not"),
    pair("somebody_initiates", BOOL, _FILES, "one end starts the tunnel by itself or when traffic comes"),
    pair("exchange_mode", TEXT, _FILES, "the IKEv1 exchange", "main", "aggressive", "mixed"),
    end("identity_difference", TEXT, _FILES, "how the identity sent differs from the one expected"),
    pair("ppk_agree", BOOL, _FILES, "no end requires a post-quantum key that the other does not have"),
    end("cert_too_early", BOOL, _FILES, "this end's certificate, or one above it, is not valid yet"),
    end("cert_ends_soon", BOOL, _FILES, "this end's certificate ends within 30 days"),
    end("cert_revoked", BOOL, _FILES, "a revocation list names this end's certificate"),
    end("cert_trusted", BOOL, _FILES, "the other end trusts an authority of this end's certificate"),
    end("cert_carries_identity", BOOL, _FILES, "this end's certificate carries its configured identity"),
    end("public_key_fits", BOOL, _FILES, "the other end has the public key this end proves itself with"),
    end(
        "signature_kind_fits",
        BOOL,
        _FILES,
        "this end's certificate has the kind of key the other end demands",
    ),
    pair("networks_agree", BOOL, _FILES, "a CHILD SA can be agreed on for the networks of both ends"),
    pair("pfs_decides_now", BOOL, _FILES, "PFS is negotiated with the first CHILD SA (IKEv1)"),
    pair("pfs_difference", TEXT, _FILES, "how the ends differ about PFS"),
    pair("mode_falls_back", BOOL, _FILES, "both ends fall back to tunnel mode where their modes differ"),
    pair("weak_in_common", WORDS, _FILES, "weak algorithms that are all the ends have in common"),
)
