//! What to do about it, for those who ask over HTTP: a remedy that names a command names the route that does the same. A command
//! that only the machine's own people can give stays, and says so by itself.

use std::borrow::Cow;

/// Beginnings of commands, the longer ones first, and the routes that do the same.
const ROUTES: [(&str, &str); 30] = [
    ("puppet agent import", "POST /api/v1/agents"),
    ("puppet agent list", "GET /api/v1/agents"),
    ("puppet agent pause", "POST /api/v1/agents/{agent}/pause"),
    ("puppet agent resume", "POST /api/v1/agents/{agent}/resume"),
    ("puppet agent show", "GET /api/v1/agents/{agent}"),
    ("puppet approvals approve", "POST /api/v1/approvals/{effect}"),
    ("puppet approvals reject", "POST /api/v1/approvals/{effect}"),
    ("puppet approvals", "GET /api/v1/approvals"),
    ("puppet budgets", "GET /api/v1/budgets"),
    ("puppet diff-behaviour", "GET /api/v1/plugins/{pack}/diff"),
    ("puppet event history", "GET /api/v1/events"),
    ("puppet event send", "POST /api/v1/events"),
    ("puppet grants approve", "POST /api/v1/grants/{pack}/approve"),
    ("puppet grants revoke", "DELETE /api/v1/grants/{pack}"),
    ("puppet grants set", "PATCH /api/v1/grants/{pack}"),
    ("puppet grants", "GET /api/v1/grants"),
    ("puppet halt", "POST /api/v1/halt"),
    ("puppet install", "POST /api/v1/packs"),
    ("puppet journal dead-letters", "GET /api/v1/events/dead-letters"),
    ("puppet journal show", "GET /api/v1/journal/{invocation}"),
    ("puppet journal", "GET /api/v1/journal"),
    ("puppet outbox drop", "POST /api/v1/outbox/{effect}/drop"),
    ("puppet outbox retry", "POST /api/v1/outbox/{effect}/retry"),
    ("puppet outbox", "GET /api/v1/outbox"),
    ("puppet packs", "GET /api/v1/packs"),
    ("puppet plugins release", "POST /api/v1/plugins/{pack}/release"),
    ("puppet plugins", "GET /api/v1/plugins"),
    ("puppet remove", "DELETE /api/v1/packs/{pack}"),
    ("puppet resume", "POST /api/v1/resume"),
    ("puppet rollback", "POST /api/v1/packs/{pack}/rollback"),
];

/// The same remedy with routes in the place of commands.
pub(super) fn over_http(remedy: &str) -> Cow<'_, str> {
    if !remedy.contains("`puppet ") {
        return remedy.into();
    }
    let parts = remedy.split('`').enumerate().map(|(n, part)| if n % 2 == 1 { route(part) } else { part });
    parts.collect::<Vec<_>>().join("`").into()
}

/// What stands between two backticks, or the route that does it.
fn route(command: &str) -> &str {
    let begins = |known: &str| command.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    ROUTES.iter().find(|(known, _)| begins(known)).map_or(command, |(_, route)| *route)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_names_the_route_that_does_what_a_command_does() {
        for (said, told) in [
            ("`puppet outbox list` shows them", "`GET /api/v1/outbox` shows them"),
            (
                "say `puppet grants approve ada`, or `puppet resume`",
                "say `POST /api/v1/grants/{pack}/approve`, or `POST /api/v1/resume`",
            ),
            ("`puppet wallet new main` makes one", "`puppet wallet new main` makes one"),
            ("`puppet packsaddle` is none", "`puppet packsaddle` is none"),
            ("use `limit`", "use `limit`"),
        ] {
            assert_eq!(over_http(said), told);
        }
    }

    #[test]
    fn every_route_is_there_and_the_longer_command_comes_first() {
        for (n, (command, route)) in ROUTES.iter().enumerate() {
            let (method, path) = route.split_once(' ').unwrap();
            let described = &puppet_api::router::DESCRIPTION["paths"][path][method.to_lowercase()];
            assert!(described.is_object(), "{route}");
            assert!(ROUTES[n + 1..].iter().all(|(later, _)| !later.starts_with(command)), "{command}");
        }
    }
}
