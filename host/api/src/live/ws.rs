//! Messages over a WebSocket: each is one text. What a client sends is not looked at.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{
        State, WebSocketUpgrade,
        ws::{CloseFrame, Message as Frame, Utf8Bytes, WebSocket, rejection::WebSocketUpgradeRejection},
    },
    http::HeaderMap,
    response::Response,
};
use bytes::Bytes;

use super::{
    Asked, Reason, open,
    reader::{Next, Reader},
};
use crate::{
    app::App,
    auth::Principal,
    cors::From,
    extract::Query,
    fault::{Fault, Result},
};

/// How long a client may take none of a message.
const SENT: Duration = Duration::from_secs(10);
/// Longest message of a client in bytes: it has nothing to say.
const SAID: usize = 4 << 10;

/// Messages of what happens, over a WebSocket, until the client goes.
#[utoipa::path(get, path = "/api/v1/ws", tag = "live", params(Asked), responses(
    (status = 101, description = "Messages, each a text: an object with `id`, `at`, `topic`, `agent` and `data`."),
))]
pub(super) async fn ws(
    State(app): State<Arc<App>>,
    principal: Principal,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    upgrade: std::result::Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response> {
    // A browser opens one for any page there is, with our cookie.
    From::of(&headers, &app.settings, false).may_write()?;
    let upgrade = upgrade.map_err(|rejection| {
        let remedy = "open it as a WebSocket, or take `GET /api/v1/live`";
        Fault::input("not-websocket", rejection.body_text(), remedy)
    })?;
    let reader = open(&app, principal, &asked, None).await?;
    Ok(upgrade.max_message_size(SAID).max_frame_size(SAID).on_upgrade(|socket| serve(socket, reader)))
}

async fn serve(mut socket: WebSocket, mut reader: Reader) {
    loop {
        let next = tokio::select! {
            next = reader.next() => next,
            said = socket.recv() => match said {
                // The answer to a ping is sent by itself.
                Some(Ok(Frame::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
        };
        let frames: Vec<Frame> = match &next {
            Next::Messages(messages) => messages.iter().map(|message| text(reader.object(message))).collect(),
            Next::Beat => vec![Frame::Ping(Bytes::new())],
            Next::End(reason, message) => vec![text(reader.object(message)), close(*reason)],
        };
        for frame in frames {
            if !matches!(tokio::time::timeout(SENT, socket.send(frame)).await, Ok(Ok(()))) {
                return;
            }
        }
        if matches!(next, Next::End(..)) {
            return;
        }
    }
}

fn text(object: Bytes) -> Frame {
    // JSON is UTF-8.
    Frame::Text(Utf8Bytes::try_from(object).unwrap_or_default())
}

/// RFC 6455 7.4.1: try again later, policy, going away.
fn close(reason: Reason) -> Frame {
    let code = match reason {
        Reason::Slow => 1013,
        Reason::Revoked => 1008,
        Reason::Stopping => 1001,
    };
    Frame::Close(Some(CloseFrame { code, reason: Utf8Bytes::from_static(reason.name()) }))
}
