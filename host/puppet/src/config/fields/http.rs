//! The keys of `[http]`.

use super::{Field, field};

/// Every key of requests to the web.
pub(super) const HTTP: &[Field] = &[
    field("http.timeout_ms", "100 to 120000", "10000", "", "For one fetch, its redirects included."),
    field("http.response_bytes", "1 to 2097152", "1048576", "", "Most bytes of one answer."),
    field("http.request_bytes", "0 to 1048576", "65536", "", "Most bytes of the body of one request."),
    field("http.redirects", "0 to 10", "3", "", "How many redirects are followed. Each has to lead to a granted host."),
    field(
        "http.per_host_per_minute",
        "1 to 10000",
        "30",
        "",
        "Requests of one pack to one host within a minute, whatever its budget is.",
    ),
    field(
        "http.content_types",
        "list of types",
        "[\"text/*\", \"application/json\", \"application/*+json\", \"application/xml\", \"application/*+xml\"]",
        "",
        "Types that an answer with a body may be of; of a subtype one part may be `*`.",
    ),
    field(
        "http.allow_private",
        "list of host:port",
        "[]",
        "",
        "Hosts that may be at private addresses, and that keys may go to in clear: for services of the operator's own network. A pack has to be granted them all the same.",
    ),
    field(
        "http.cache_bytes",
        "0 to 4294967296",
        "67108864",
        "",
        "Bytes of kept answers of all packs; a server is asked each time whether one is still right. 0: none is kept.",
    ),
    field(
        "http.credentials.<name>.hosts",
        "list of hosts",
        "",
        "",
        "Where this key may go, written as in `[requests.http]`. Needed.",
    ),
    field(
        "http.credentials.<name>.header",
        "name of a header",
        "authorization",
        "",
        "The header that the key goes into.",
    ),
    field(
        "http.credentials.<name>.prefix",
        "text",
        "Bearer (and a space)",
        "",
        "What stands before the key there; nothing where `header` is given.",
    ),
    field(
        "http.credentials.<name>.key_env",
        "name of a variable",
        "",
        "",
        "The environment variable that holds the key. One of `key_env`, `key_secret` and `key_credential` is needed.",
    ),
    field(
        "http.credentials.<name>.key_secret",
        "name of a secret",
        "",
        "",
        "The same for the secrets of the data folder.",
    ),
    field("http.credentials.<name>.key_credential", "name of a credential", "", "", "The same for `[credentials]`."),
];
