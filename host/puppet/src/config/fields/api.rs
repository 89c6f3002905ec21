//! The server.

use super::{Field, field};

pub(super) const API: &[Field] = &[
    field(
        "api.enabled",
        "true or false",
        "true",
        "",
        "Whether `run`, `paper` and `trade` serve the [API](../api.md) and the dashboard.",
    ),
    field(
        "api.listen",
        "address and port",
        "127.0.0.1:3000",
        "ENGINE_PORT (port)",
        "Where. Port 0: one that is free (`run.json` of the data folder says which). An address that is not loopback needs `[api.tls]` or `behind_proxy`.",
    ),
    field(
        "api.legacy_open",
        "true or false",
        "false",
        "",
        "Whether the 13 routes of the original are served without a key, to every page of every browser on this machine too. On loopback alone.",
    ),
    field(
        "api.wait",
        "length of time, 1s to 366d",
        "2m",
        "",
        "How long a request of the original's routes, and a shift of a mood, waits for what it began.",
    ),
    field(
        "api.cors_origins",
        "list of texts",
        "[]",
        "",
        "Origins whose pages may ask, with a key: `https://example.org`.",
    ),
    field(
        "api.behind_proxy",
        "true or false",
        "false",
        "",
        "Whether a proxy stands before it, on this machine or in a private network: then the last address of its `X-Forwarded-For` counts, and `X-Forwarded-Proto`.",
    ),
    field("api.open_metrics", "true or false", "false", "", "Whether `GET /metrics` wants no key."),
    field("api.rate_per_minute", "1 to 1000000", "600", "", "Requests a minute by one key."),
    field(
        "api.rate_per_minute_per_address",
        "1 to 1000000",
        "1200",
        "",
        "Requests a minute from one address; of IPv6, from one network of 64 bits.",
    ),
    field(
        "api.burst",
        "1 to 100000",
        "100",
        "",
        "Requests at once by one key, and twice as many from one address; they come back at the rate.",
    ),
    field("api.max_body", "1024 to 67108864", "1048576", "", "Longest body in bytes."),
    field("api.max_upload", "1024 to 1073741824", "67108864", "", "Longest archive of a pack in bytes."),
    field("api.connections", "16 to 100000", "2048", "", "Connections at once; who comes then waits."),
    field("api.live_readers", "1 to 100000", "1024", "", "Readers of the live stream at once."),
    field("api.backlog", "1 to 100000000", "100000", "", "Events that wait: beyond, no more are accepted by the API."),
    field(
        "api.tls.certificate",
        "path",
        "",
        "",
        "Certificate in PEM, with those above it. Relative to `puppet.toml`, read again when it changes.",
    ),
    field("api.tls.key", "path", "", "", "Its key in PEM."),
];
