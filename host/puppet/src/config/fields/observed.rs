//! What can be watched from outside.

use super::{Field, field};

pub(super) const OBSERVED: &[Field] = &[
    field(
        "log.json",
        "true or false",
        "false",
        "",
        "The log on stderr is an object a line, with the event and invocation that it is about. `--log json` says the same.",
    ),
    field(
        "trace.otlp",
        "address",
        "",
        "",
        "`run`, `paper` and `trade` send [traces](../operations.md#traces) to this collector: OTLP over HTTP with JSON, to `/v1/traces` unless the address has a path. Without it there are none.",
    ),
];
