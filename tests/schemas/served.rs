//! Answers of the API of a host that was lived in.

use serde_json::json;

use super::outputs::Seen;
use crate::{client::Client, support::list};

impl Seen {
    /// Asks the host of this folder for what is looked at, and says what has an answer of its own.
    pub fn served(&mut self) {
        let made = self.run("key", 0, &["api", "key", "create", "--name", "test", "--role", "admin"]);
        self.run("keys", 0, &["api", "key", "list"]);
        let api = Client::of(&self.folder.join(".puppet"), made["key"].as_str());
        let of = |path: &str| format!("/api/v1/agents/harbour-watch{path}");
        let timeline = api.get("/api/v1/timeline").body;
        let thread = format!("/api/v1/timeline/{}", list(&timeline, "items")[0]["id"].as_str().unwrap());
        for (schema, status, path) in [
            ("health", 200, "/health".to_owned()),
            ("version", 200, "/api/v1/version".to_owned()),
            ("status", 200, "/api/v1/status".to_owned()),
            ("session", 200, "/api/v1/session".to_owned()),
            ("audit", 200, "/api/v1/audit".to_owned()),
            ("agent-list", 200, "/api/v1/agents".to_owned()),
            ("agent-show", 200, of("")),
            ("mood", 200, of("/mood")),
            ("mood-history", 200, of("/mood/history")),
            ("relationships", 200, of("/relationships")),
            ("memories", 200, of("/memory")),
            ("memory-search", 200, of("/memory/search?text=harbour")),
            ("timeline", 200, of("/posts")),
            ("timeline", 200, "/api/v1/timeline".to_owned()),
            ("thread", 200, thread),
            ("event-history", 200, "/api/v1/events".to_owned()),
            ("events-waiting", 200, "/api/v1/events/waiting".to_owned()),
            ("dead-letters", 200, "/api/v1/events/dead-letters".to_owned()),
            ("journal", 200, "/api/v1/journal".to_owned()),
            ("outbox", 200, "/api/v1/outbox".to_owned()),
            ("approvals", 200, "/api/v1/approvals".to_owned()),
            ("budgets", 200, "/api/v1/budgets".to_owned()),
            ("timers", 200, "/api/v1/timers".to_owned()),
            ("problem", 404, "/api/v1/agents/nobody".to_owned()),
        ] {
            let got = api.get(&path);
            assert_eq!(got.status, status, "{path}: {got:?}");
            self.keep(schema, &path, format!("{}\n", got.body));
        }
        for (schema, path, body) in [
            ("memory", of("/memory"), json!({ "content": "it's low tide" })),
            (
                "agent-made",
                "/api/v1/agents".to_owned(),
                json!({ "id": "served", "name": "Served", "description": "x" }),
            ),
        ] {
            let got = api.post(&path, &body);
            assert_eq!(got.status, 201, "{path}: {got:?}");
            self.keep(schema, &path, format!("{}\n", got.body));
        }
    }
}
