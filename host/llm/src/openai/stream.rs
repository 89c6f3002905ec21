//! An answer that comes in pieces. A stream that has begun to write may pause for so long and no longer; until then
//! only the time of the attempt bounds it, since some models think without a word.

use std::{
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use eventsource_stream::{EventStreamError, Eventsource as _};
use futures::{StreamExt as _, stream};
use reqwest::Response;
use serde_json::Value;

use crate::openai::{
    chat,
    fault::{Fault, MOST_BYTES},
    quirks::Api,
    responses,
    said::{Said, fault_inside},
    told::Told,
};

/// How a stream is heard.
pub(super) struct Ear<'a, F> {
    pub(super) api: Api,
    /// Between two pieces.
    pub(super) idle: Duration,
    /// Takes secrets out of what is shown.
    pub(super) clean: &'a F,
}

/// Why a stream gave no answer, and whether it had begun: what was written is billed.
pub(super) struct Cut {
    pub(super) fault: Fault,
    pub(super) had_begun: bool,
}

impl<F: Fn(&str) -> String> Ear<'_, F> {
    /// The whole of it. An end without its mark counts where the answer was finished before.
    pub(super) async fn hear(&self, response: Response) -> Result<Told, Cut> {
        let begun = AtomicBool::new(false);
        let mut events = pin!(chunks(response, &begun, self.idle).eventsource());
        let mut told = Told::default();
        while let Some(event) = events.next().await {
            let heard = match event {
                Ok(event) if event.data.trim() == "[DONE]" => {
                    told.finish.get_or_insert_with(|| "stop".to_owned());
                    break;
                }
                Ok(event) => self.piece(&mut told, &event.event, &event.data),
                // Finished before: only its usage is missing.
                Err(_) if told.finish.is_some() => break,
                Err(EventStreamError::Transport(fault)) => Err(fault),
                Err(_) => Err(Fault::Unreadable),
            };
            if let Err(fault) = heard {
                return Err(Cut { fault, had_begun: told.has_begun });
            }
            begun.store(told.has_begun, Ordering::Relaxed);
        }
        if told.finish.is_none() {
            return Err(Cut { fault: Fault::Broken, had_begun: told.has_begun });
        }
        Ok(told)
    }

    fn piece(&self, told: &mut Told, kind: &str, data: &str) -> Result<(), Fault> {
        if data.trim().is_empty() {
            return Ok(());
        }
        let Ok(body) = serde_json::from_str::<Value>(data) else { return Err(Fault::Unreadable) };
        // `{"type": "error", …}` is an error by its type, and so is whatever comes as an event `error`.
        if let Some(said) = if kind == "error" { Some(Said::of_event(&body)) } else { Said::of(&body) } {
            return Err(fault_inside(&said, self.clean));
        }
        match self.api {
            Api::Chat => chat::piece(told, &body),
            Api::Responses => responses::piece(told, &body, self.clean)?,
        }
        Ok(())
    }
}

/// The bytes of it, bounded; each chunk in time, once there was something. Comments that keep a connection alive count.
fn chunks(
    response: Response,
    begun: &AtomicBool,
    idle: Duration,
) -> impl futures::Stream<Item = Result<Vec<u8>, Fault>> + '_ {
    stream::try_unfold((response, 0), move |(mut response, read)| async move {
        let chunk = if begun.load(Ordering::Relaxed) {
            tokio::time::timeout(idle, response.chunk()).await.map_err(|_| Fault::Stalled)?
        } else {
            response.chunk().await
        };
        let Some(chunk) = chunk.map_err(|error| Fault::of_transport(&error))? else { return Ok(None) };
        let read = read + chunk.len();
        if read > MOST_BYTES {
            return Err(Fault::TooLong);
        }
        Ok(Some((chunk.to_vec(), (response, read))))
    })
}
