//! The stream as those who watch see it.

mod readers;
mod said;
mod wire;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use axum::body::Body;
use http_body_util::BodyExt as _;
use puppet_engine::Happening;
use puppet_store::{AgentRow, ApiKey, ApiStore as _, Change, CommitStore as _, Halt, conformance};
use puppet_types::{AgentId, Timestamp};
use serde_json::{Value, json};

use super::{
    hub::{Hub, KEPT, Reason},
    reader::{Next, Reader, Wish},
    topics::{Topic, Topics},
};
use crate::{
    auth::{Principal, Role},
    parts::Settings,
    testing::{Scene, hold, somebody},
};

const ALL: Wish = Wish { topics: Topics::ALL, agent: None };

fn at(second: i64) -> Timestamp {
    conformance::at(second)
}

fn hub() -> Arc<Hub> {
    Arc::new(Hub::new(at(0), 2_000))
}

fn viewer(agents: Option<&[&str]>) -> Principal {
    somebody(Role::Viewer, agents)
}

fn say(hub: &Hub, agent: Option<&str>, n: u64) {
    hub.tell(at(1), Topic::EventAccepted, agent.map(AgentId::new), json!({ "n": n }));
}

fn object(reader: &Reader, message: &super::message::Message) -> Value {
    let object: Value = serde_json::from_slice(&reader.object(message)).unwrap();
    hold("live", &object);
    object
}

/// What is there for a reader by now; an end is the last of it.
async fn read(reader: &mut Reader) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        match tokio::time::timeout(Duration::from_millis(50), reader.next()).await {
            Ok(Next::Messages(messages)) => all.extend(messages.iter().map(|message| object(reader, message))),
            Ok(Next::Beat) | Err(_) => return all,
            Ok(Next::End(_, message)) => {
                all.push(object(reader, &message));
                return all;
            }
        }
    }
}

fn numbers(messages: &[Value]) -> Vec<u64> {
    messages.iter().filter_map(|message| message["data"]["n"].as_u64()).collect()
}

fn topics(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["topic"].as_str().unwrap()).collect()
}
