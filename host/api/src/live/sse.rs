//! Messages as server-sent events.

use std::{collections::VecDeque, convert::Infallible, sync::Arc};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures::stream;

use super::{Asked, open, reader::Next, reader::Reader};
use crate::{app::App, auth::Principal, extract::Query, fault::Result};

/// A client that was cut off comes back after so many milliseconds.
const RETRY: u32 = 2_000;

/// Messages of what happens, as server-sent events, until the client goes.
#[utoipa::path(get, path = "/api/v1/live", tag = "live", params(Asked), responses(
    (status = 200, description = "Messages. `Last-Event-ID` goes before `after`.", content_type = "text/event-stream",
        body = String),
))]
pub(super) async fn live(
    State(app): State<Arc<App>>,
    principal: Principal,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response> {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let reader = open(&app, principal, &asked, last).await?;
    let first = Bytes::from(format!("retry: {RETRY}\nid: {}\n\n", reader.place()));
    let told = Told { reader, ready: VecDeque::from([first]), has_ended: false };
    let events =
        stream::unfold(told, async |mut told| told.next().await.map(|event| (Ok::<_, Infallible>(event), told)));
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // nginx would keep them until it has a page of them.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(events)).into_response())
}

/// A stream on its way: what was taken from the ring and not yet by the client.
struct Told {
    reader: Reader,
    ready: VecDeque<Bytes>,
    has_ended: bool,
}

impl Told {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.has_ended {
                return None;
            }
            match self.reader.next().await {
                Next::Messages(messages) => {
                    self.ready.extend(messages.iter().map(|message| self.reader.event(message)));
                }
                // An id alone is no event: it says how far a reader is to whom nothing was told for long.
                Next::Beat => return Some(Bytes::from(format!(": beat\nid: {}\n\n", self.reader.place()))),
                Next::End(_, message) => {
                    self.has_ended = true;
                    return Some(self.reader.event(&message));
                }
            }
        }
    }
}
