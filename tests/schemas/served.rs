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
        let first = |path: &str, field: &str| {
            let told = api.read(path);
            list(&told, "items").first().unwrap_or_else(|| panic!("{path}: {told}"))[field].as_str().unwrap().to_owned()
        };
        let pack = first("/api/v1/grants", "pack");
        let effect = first("/api/v1/outbox", "id");
        let invocation = first("/api/v1/journal?agent=harbour-watch&outcome=ok", "id");
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
            ("keys", 200, "/api/v1/keys".to_owned()),
            ("config", 200, "/api/v1/config".to_owned()),
            ("grants", 200, "/api/v1/grants".to_owned()),
            ("grant", 200, format!("/api/v1/grants/{pack}")),
            ("packs", 200, "/api/v1/packs".to_owned()),
            ("plugins", 200, "/api/v1/plugins".to_owned()),
            ("plugin", 200, "/api/v1/plugins/news".to_owned()),
            ("swaps", 200, "/api/v1/plugins/news/swaps".to_owned()),
            ("wallets", 200, "/api/v1/trading/wallets".to_owned()),
            ("wallet-approvals", 200, "/api/v1/trading/approvals".to_owned()),
            ("trading-stats", 200, of("/trading/stats")),
            ("invocation", 200, format!("/api/v1/journal/{invocation}")),
            ("effect", 200, format!("/api/v1/outbox/{effect}")),
            ("problem", 404, "/api/v1/agents/nobody".to_owned()),
        ] {
            let got = api.get(&path);
            assert_eq!(got.status, status, "{path}: {got:?}");
            self.keep(schema, &path, format!("{}\n", got.body));
        }
        for (schema, status, method, path, body) in [
            ("memory", 201, "POST", of("/memory"), json!({ "content": "it's low tide" })),
            (
                "agent-made",
                201,
                "POST",
                "/api/v1/agents".to_owned(),
                json!({ "id": "served", "name": "Served", "description": "x" }),
            ),
            ("event-send", 202, "POST", of("/post"), json!({})),
            ("event-send", 200, "POST", of("/post"), json!({ "force": true, "wait_ms": 60_000 })),
            (
                "event-send",
                202,
                "POST",
                "/api/v1/events".to_owned(),
                json!({ "kind": "news", "payload": { "topic": "fog" }, "to": ["harbour-watch"] }),
            ),
            (
                "event-send",
                202,
                "POST",
                "/api/v1/timeline".to_owned(),
                json!({ "by": "someone", "text": "hello @harbour_watch" }),
            ),
            ("halt", 200, "POST", "/api/v1/halt".to_owned(), json!({ "reason": "it's tea" })),
            ("halt", 200, "POST", "/api/v1/resume".to_owned(), json!({})),
            ("replay", 200, "POST", format!("/api/v1/journal/{invocation}/replay"), json!({})),
            ("grant", 200, "PATCH", format!("/api/v1/grants/{pack}"), json!({ "mode": "dry-run" })),
            ("grant", 200, "PATCH", format!("/api/v1/grants/{pack}"), json!({ "mode": "live" })),
            ("key", 201, "POST", "/api/v1/keys".to_owned(), json!({ "name": "served", "role": "viewer" })),
        ] {
            let got = api.ask(method, &path, "", Some(&body.to_string()));
            assert_eq!(got.status, status, "{path}: {got:?}");
            self.keep(schema, &path, format!("{}\n", got.body));
            if got.status == 202 || got.header("location").is_some() {
                api.led(&got);
            }
        }
    }
}
