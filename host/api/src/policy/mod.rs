//! THE table: who may ask for what. A route without a row here is not served.

mod agents;
mod compat;
mod doors;
mod live;
mod metrics;
mod operators;
mod packs;
mod pages;

use std::{collections::HashMap, sync::LazyLock};

use axum::http::Method;

use crate::{auth::Role, parts::Settings};

/// A block of rows for each module of routes.
pub const POLICIES: &[&[Policy]] =
    &[agents::ROWS, compat::ROWS, doors::ROWS, live::ROWS, metrics::ROWS, operators::ROWS, packs::ROWS, pages::ROWS];

/// The least that somebody must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Least {
    /// Anybody; who asks is not looked at.
    Anyone,
    /// Of this role.
    Role(Role),
}

/// What a key that is bound to agents gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The path has `{agent}`: another agent's is answered as if it were not there. The door sees to it.
    Agent,
    /// What belongs to its agents. The handler sees to it.
    Filtered,
    /// 403: it is about the whole host.
    Host,
}

/// How long a body may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// `[api] max_body`.
    Ordinary,
    /// `[api] max_upload`.
    Upload,
}

impl Body {
    /// In bytes.
    pub const fn bytes(self, settings: &Settings) -> usize {
        match self {
            Self::Ordinary => settings.max_body,
            Self::Upload => settings.max_upload,
        }
    }
}

/// Who may ask for a route, and what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// `GET` and so on. `HEAD` is as `GET`.
    pub method: &'static str,
    /// As the router has it.
    pub path: &'static str,
    /// The least that somebody must be.
    pub least: Least,
    /// What a key that is bound to agents gets.
    pub scope: Scope,
    /// Whether it changes anything: it is audited, takes an idempotency key, and needs a CSRF token with a cookie.
    pub writes: bool,
    /// How long its body may be.
    pub body: Body,
    /// So many requests it counts for.
    pub cost: u8,
    /// What it does, as the audit log has it: two words with a dot between them. Empty: it is no row of that.
    pub what: &'static str,
    /// Whether what it makes has ids that follow from its idempotency key: asked for again, it makes nothing more.
    pub by_key: bool,
    /// Whether it sends events: refused where `[api] backlog` of them wait.
    pub mails: bool,
}

impl Policy {
    /// A look, from a role on.
    pub const fn read(path: &'static str, least: Role, scope: Scope) -> Self {
        let (method, least) = ("GET", Least::Role(least));
        let (body, cost) = (Body::Ordinary, 1);
        Self { method, path, least, scope, writes: false, body, cost, what: "", by_key: false, mails: false }
    }
    /// A change, from a role on.
    pub const fn write(method: &'static str, path: &'static str, least: Role, scope: Scope) -> Self {
        Self { method, least: Least::Role(least), writes: true, ..Self::read(path, least, scope) }
    }
    /// A look that everybody may take.
    pub const fn open(path: &'static str) -> Self {
        Self { least: Least::Anyone, ..Self::read(path, Role::Viewer, Scope::Filtered) }
    }
    /// A change that everybody may ask for: it shows who it is by itself.
    pub const fn entry(method: &'static str, path: &'static str) -> Self {
        Self { least: Least::Anyone, ..Self::write(method, path, Role::Viewer, Scope::Filtered) }
    }
    /// It sends events.
    pub const fn mails(self) -> Self {
        Self { mails: true, ..self }
    }
    /// What it does.
    pub const fn what(self, what: &'static str) -> Self {
        Self { what, ..self }
    }
    /// What it makes has ids that follow from its idempotency key.
    pub const fn by_key(self) -> Self {
        Self { by_key: true, ..self }
    }
    /// It is of the versioned API: faults are problems, and names are in `snake_case`.
    pub fn is_v1(&self) -> bool {
        self.path.starts_with("/api/v1/")
    }
    /// It is of the routes of the original engine.
    pub fn is_original(&self) -> bool {
        self.path.starts_with("/api/") && !self.is_v1()
    }
    /// It is a file of the dashboard.
    pub fn is_page(&self) -> bool {
        self.path == "/" || self.path == "/api/v1/docs" || self.path.starts_with("/assets/")
    }
    /// Its answers have an entity tag.
    pub fn is_tagged(&self) -> bool {
        let is_told = self.is_v1() || self.is_page() || self.path.starts_with("/errors/");
        self.method == "GET" && is_told && !self.is_live()
    }
    /// It answers what it changed, as it is now, and the tag of that.
    pub fn is_tagged_change(&self) -> bool {
        self.method == "PATCH" && self.is_v1()
    }
    /// Its answer has no end.
    pub fn is_live(&self) -> bool {
        matches!(self.path, "/api/v1/live" | "/api/v1/ws")
    }
    /// It counts for so many requests.
    pub const fn cost(self, cost: u8) -> Self {
        Self { cost, ..self }
    }
    /// Its body may be as long as a pack.
    pub const fn upload(self) -> Self {
        Self { body: Body::Upload, ..self }
    }
}

static BY_ROUTE: LazyLock<HashMap<(&str, &str), &Policy>> = LazyLock::new(|| {
    let all = POLICIES.iter().copied().flatten();
    all.map(|policy| ((policy.method, policy.path), policy)).collect()
});

/// That of a route, as the router matched it.
pub fn of(method: &Method, path: &str) -> Option<&'static Policy> {
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    BY_ROUTE.get(&(method, path)).copied()
}

/// Whether there is one for any method of a path.
pub fn knows(path: &str) -> bool {
    BY_ROUTE.keys().any(|(_, of)| *of == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is documented is the table, both ways.
    #[test]
    fn every_change_has_a_word_in_the_audit_log_that_is_in_the_docs() {
        let page = include_str!("../../../../docs/api.md");
        let section = page.split("## Who changed what").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split("` |").next());
        let told: std::collections::BTreeSet<&str> = rows.flat_map(|row| row.split("`, `")).collect();
        let all = POLICIES.iter().copied().flatten();
        for policy in all.clone() {
            let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
            let is_dotted = policy.what.split_once('.').is_some_and(|(thing, done)| is_word(thing) && is_word(done));
            // These change nothing.
            let is_none = policy.path.ends_with("/session/refresh") || policy.path.ends_with("/replay");
            assert_eq!(policy.writes && !is_none, is_dotted, "{policy:?}");
        }
        let known = all.map(|policy| policy.what).filter(|what| !what.is_empty()).collect();
        assert_eq!(told, known, "the table of docs/api.md");
    }

    #[test]
    fn no_route_has_two_policies_and_an_agents_route_names_the_agent() {
        assert_eq!(BY_ROUTE.len(), POLICIES.iter().map(|block| block.len()).sum::<usize>());
        for policy in POLICIES.iter().copied().flatten() {
            assert_eq!(policy.scope == Scope::Agent, policy.path.contains("{agent}"), "{policy:?}");
            assert_eq!(policy.method == "GET", !policy.writes, "{policy:?}");
        }
    }
}
