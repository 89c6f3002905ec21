//! The filtered stream: lines of JSON, one listener per app. Each post goes to every app that has a rule for it and listens.

use std::time::Duration;

use hyper::body::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{
    Caller,
    network::{Network, Number},
    problems,
    rules::Rule,
};
use crate::{
    asked::Asked,
    body::{Line, Live},
    faults::{Plan, Problem},
    reply::{Content, Reply},
};

/// Whoever is so many lines behind is disconnected.
const MOST_WAITING: usize = 1_000;

/// What an app wants to hear.
#[derive(Debug, Default)]
pub(crate) struct Filtered {
    pub(super) rules: Vec<Rule>,
    listener: Option<Listener>,
}

/// Whoever listens, and with which fields.
#[derive(Debug)]
struct Listener {
    lines: mpsc::Sender<Line>,
    asked: Asked,
}

/// How those who listen to a stream are disconnected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disconnect {
    /// X says so, in a line of its own.
    Operational,
    /// The stream ends.
    End,
    /// The connection breaks off.
    Cut,
    /// It stays open, and nothing comes any more, no empty line either.
    Silent,
}

impl Network {
    pub(super) fn listen(&mut self, caller: Caller<'_>, asked: &Asked, plan: &Plan) -> Reply {
        let minutes = match asked.query.get("backfill_minutes") {
            None => 0,
            Some(_) if !plan.backfill => {
                return problems::invalid("The `backfill_minutes` query parameter is not available with your plan");
            }
            Some(text) => match text.parse::<i64>() {
                Ok(minutes) if (0..=5).contains(&minutes) => minutes,
                _ => return problems::invalid("The `backfill_minutes` query parameter value is not valid"),
            },
        };
        let filtered = self.streams.entry(caller.account.to_owned()).or_default();
        if filtered.listener.as_ref().is_some_and(|listener| !listener.lines.is_closed()) {
            return Problem::TooManyConnections.reply(0);
        }
        if filtered.rules.is_empty() {
            return Reply::new(
                409,
                json!({
                    "title": "ConnectionException", "detail": "No rules are configured for this stream.",
                    "connection_issue": "RuleConfigurationIssue", "type": "https://api.x.com/2/problems/streaming-connection",
                }),
            );
        }
        let (lines, live) = mpsc::channel(MOST_WAITING);
        filtered.listener = Some(Listener { lines, asked: asked.clone() });
        let since_ms = caller.at.as_millis() - minutes * 60_000;
        let everything = (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded);
        let mut missed: Vec<Number> =
            self.newest(everything, |post| minutes > 0 && post.at.as_millis() >= since_ms).collect();
        missed.reverse();
        missed.into_iter().for_each(|id| self.send(id, Some(caller.account)));
        let keep_alive = Duration::from_millis(plan.keep_alive_ms.into());
        Reply { status: 200, content: Content::Live(Live::new(live, keep_alive)), headers: Vec::new() }
    }

    /// A new post goes to whoever has a rule for it.
    pub(super) fn stream(&mut self, id: Number) {
        self.send(id, None);
    }

    /// `to`: to this app only.
    fn send(&mut self, id: Number, to: Option<&str>) {
        let lost: Vec<String> = self
            .streams
            .iter()
            .filter(|(app, _)| to.is_none_or(|only| only == app.as_str()))
            .filter(|(_, filtered)| !self.sent(id, filtered))
            .map(|(app, _)| app.clone())
            .collect();
        for app in lost {
            if let Some(filtered) = self.streams.get_mut(&app) {
                filtered.listener = None;
            }
        }
    }

    /// Whether a listener is still there, and not too far behind.
    fn sent(&self, id: Number, filtered: &Filtered) -> bool {
        let Some(listener) = &filtered.listener else { return true };
        let Some(post) = self.there(id) else { return true };
        let matching = filtered.rules.iter().filter(|rule| rule.query.takes(self, post));
        let matching: Vec<Value> = matching.map(Rule::matched).collect();
        if matching.is_empty() {
            return true;
        }
        let mut line = self.with_includes(json!({ "data": self.told(id, &listener.asked) }), &listener.asked);
        line["matching_rules"] = json!(matching);
        listener.lines.try_send(Line::Text(Bytes::from(format!("{line}\r\n")))).is_ok()
    }

    /// Everybody who listens.
    pub(crate) fn disconnect(&mut self, how: Disconnect) {
        let said = json!({ "errors": [{
            "title": "operational-disconnect", "disconnect_type": "UpstreamOperationalDisconnect",
            "detail": "This stream has been disconnected upstream for operational reasons.",
            "type": "https://api.x.com/2/problems/operational-disconnect",
        }] });
        let said = Bytes::from(format!("{said}\r\n"));
        let lines = || match how {
            Disconnect::Operational => vec![Line::Text(said.clone()), Line::End],
            Disconnect::End => vec![Line::End],
            Disconnect::Cut => vec![Line::Cut],
            Disconnect::Silent => vec![Line::Silence],
        };
        for filtered in self.streams.values_mut() {
            if let Some(listener) = &filtered.listener {
                // Whoever is too far behind is disconnected all the same.
                lines().into_iter().for_each(|line| drop(listener.lines.try_send(line)));
            }
            // One that is silent is still there.
            if how != Disconnect::Silent {
                filtered.listener = None;
            }
        }
    }

    /// Rules by app, and whether somebody listens.
    pub(crate) fn listeners(&self) -> Vec<Value> {
        let listens = |filtered: &Filtered| filtered.listener.as_ref().is_some_and(|one| !one.lines.is_closed());
        let of = |(app, filtered): (&String, &Filtered)| {
            let rules: Vec<Value> = filtered.rules.iter().map(Rule::told).collect();
            json!({ "app": app, "is_connected": listens(filtered), "rules": rules })
        };
        self.streams.iter().map(of).collect()
    }
}
