//! What an answer's body is made of: pieces, all at once or one after the other, and how it ends.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// The connection is to be closed instead of an answer, or of the rest of one.
#[derive(Debug)]
pub(crate) struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("closed on command")
    }
}

impl std::error::Error for Closed {}

/// What comes after the last piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The body ends.
    Whole,
    /// The connection is closed.
    Cut,
    /// Nothing, until whoever asked goes.
    Stalled,
}

/// The body of one answer.
#[derive(Debug)]
pub(crate) struct Body {
    pieces: VecDeque<Bytes>,
    ending: Ending,
    pace: Duration,
    wait: Option<Pin<Box<Sleep>>>,
    /// What was written has left before the connection is cut.
    is_flushed: bool,
}

impl Body {
    /// `pace`: how long each piece lets wait.
    pub(crate) fn new(pieces: impl IntoIterator<Item = Bytes>, ending: Ending, pace: Duration) -> Self {
        let pieces = pieces.into_iter().filter(|piece| !piece.is_empty()).collect();
        Self { pieces, ending, pace, wait: None, is_flushed: false }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Closed;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Closed>>> {
        if self.pieces.is_empty() {
            return match self.ending {
                Ending::Whole => Poll::Ready(None),
                Ending::Stalled => Poll::Pending,
                Ending::Cut if self.is_flushed => Poll::Ready(Some(Err(Closed))),
                Ending::Cut => {
                    self.is_flushed = true;
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
            };
        }
        if !self.pace.is_zero() {
            let pace = self.pace;
            let wait = self.wait.get_or_insert_with(|| Box::pin(sleep(pace)));
            ready!(wait.as_mut().poll(context));
            self.wait = None;
        }
        Poll::Ready(self.pieces.pop_front().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty() && self.ending == Ending::Whole
    }

    fn size_hint(&self) -> SizeHint {
        if self.ending == Ending::Whole && self.pace.is_zero() && self.pieces.len() <= 1 {
            SizeHint::with_exact(self.pieces.iter().map(|piece| piece.len() as u64).sum())
        } else {
            SizeHint::default()
        }
    }
}
