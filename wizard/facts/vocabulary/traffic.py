"""Words of the traffic exercise: test packets through the tunnel, seen at both ends."""

from __future__ import annotations

from wizard.facts.vocabulary.spec import BOOL, IKE, TEXT, TRAFFIC, WORDS, FactSpec, end

SPECS: tuple[FactSpec, ...] = (
    end(
        "outside_ping",
        BOOL,
        TRAFFIC,
        "the peer's outside address answers a ping from here, outside the tunnel",
    ),
    end(
        "peer_ping",
        BOOL,
        IKE,
        "the peer's outside address answers a ping from here (a hint only: many filter it)",
    ),
    end(
        "echo_arrived",
        BOOL,
        TRAFFIC,
        "this end's kernel got a ping from anybody while the tunnel was tested",
    ),
    end("lan_host_ping", BOOL, TRAFFIC, "a host behind this gateway answers it"),
    end(
        "tunnel_ping",
        BOOL,
        TRAFFIC,
        "this gateway's inside address reaches the other gateway's inside address",
    ),
    end("remote_host_ping", BOOL, TRAFFIC, "this gateway reaches a host behind the other gateway"),
    end("request_encrypted", BOOL, TRAFFIC, "test packets sent from this end went into its outbound SA"),
    end("request_decrypted", BOOL, TRAFFIC, "the other end's test packets came out of this end's inbound SA"),
    end(
        "reply_encrypted",
        BOOL,
        TRAFFIC,
        "this end's answers to the other end's test packets went into its outbound SA",
    ),
    end(
        "reply_decrypted", BOOL, TRAFFIC, "the answers to this end's test packets came out of its inbound SA"
    ),
    end(
        "request_esp_left",
        BOOL,
        TRAFFIC,
        "this end's encrypted test packets were seen leaving its outside interface",
    ),
    end(
        "request_esp_arrived",
        BOOL,
        TRAFFIC,
        "the other end's encrypted test packets were seen arriving at this outside interface",
    ),
    end(
        "reply_esp_left",
        BOOL,
        TRAFFIC,
        "this end's encrypted answers were seen leaving its outside interface",
    ),
    end(
        "reply_esp_arrived",
        BOOL,
        TRAFFIC,
        "the encrypted answers to this end's test packets were seen arriving",
    ),
    end(
        "plaintext_left",
        BOOL,
        TRAFFIC,
        "packets of the protected networks were seen leaving the outside interface unencrypted",
    ),
    end("test_source_known", BOOL, TRAFFIC, "this gateway has an inside address to send test packets from"),
    end("remote_host_known", BOOL, TRAFFIC, "a host behind the other gateway is known to test with"),
    end("xfrm_errors", WORDS, TRAFFIC, "kernel IPsec error counters that rose during the test"),
    end("forward_errors", BOOL, TRAFFIC, "the kernel counted packets it would not forward during the test"),
    end("drop_rules_hit", WORDS, TRAFFIC, "firewall drop rules whose counters rose during the test"),
    end(
        "kernel_errors",
        WORDS,
        TRAFFIC,
        "kernel counters of packets refused for their addresses or routes that rose during the test",
    ),
    end(
        "tunnel_route",
        TEXT,
        TRAFFIC,
        "where the kernel sends packets from the protected network to the remote one",
        "tunnel",
        "missing",
        "elsewhere",
    ),
    end(
        "lan_host_answers_beyond",
        BOOL,
        TRAFFIC,
        "the host behind this gateway also answers a ping whose source lies beyond its own network",
    ),
    end(
        "lan_host_route",
        TEXT,
        TRAFFIC,
        "where the kernel sends packets for the host behind this gateway",
        "inside",
        "missing",
        "elsewhere",
    ),
    end(
        "large_ping",
        BOOL,
        TRAFFIC,
        "test packets as large as this gateway believes the tunnel carries, not to be fragmented, are answered",
    ),
    end(
        "address_duplicated", BOOL, TRAFFIC, "another machine on the segment answers for the outside address"
    ),
)
