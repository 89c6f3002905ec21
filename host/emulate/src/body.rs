//! What an answer's body is made of: pieces, all at once or one after the other, and how it ends.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use tokio::{
    sync::mpsc,
    time::{Instant, Sleep, sleep},
};

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

/// What comes over a stream that does not end by itself.
#[derive(Debug)]
pub(crate) enum Line {
    /// As it is sent.
    Text(Bytes),
    /// The body ends.
    End,
    /// The connection is closed.
    Cut,
    /// Nothing comes any more, and it stays open.
    Silence,
}

/// A stream that does not end by itself.
#[derive(Debug)]
pub(crate) struct Live {
    lines: mpsc::Receiver<Line>,
    /// An empty line is sent when nothing came for so long.
    keep_alive: Duration,
    quiet: Pin<Box<Sleep>>,
}

impl Live {
    pub(crate) fn new(lines: mpsc::Receiver<Line>, keep_alive: Duration) -> Self {
        Self { lines, keep_alive, quiet: Box::pin(sleep(keep_alive)) }
    }

    fn poll_line(&mut self, context: &mut Context<'_>) -> Poll<Line> {
        // Whoever sent lines has gone: so does the connection.
        let line = match self.lines.poll_recv(context) {
            Poll::Ready(line) => line.unwrap_or(Line::Cut),
            Poll::Pending => {
                ready!(self.quiet.as_mut().poll(context));
                Line::Text(Bytes::from_static(b"\r\n"))
            }
        };
        self.quiet.as_mut().reset(Instant::now() + self.keep_alive);
        Poll::Ready(line)
    }
}

/// The body of one answer.
#[derive(Debug)]
pub(crate) struct Body {
    pieces: VecDeque<Bytes>,
    ending: Ending,
    /// Comes instead of the ending.
    live: Option<Live>,
    pace: Duration,
    wait: Option<Pin<Box<Sleep>>>,
    /// What was written has left before the connection is cut.
    is_flushed: bool,
}

impl Body {
    /// `pace`: how long each piece lets wait.
    pub(crate) fn new(pieces: impl IntoIterator<Item = Bytes>, ending: Ending, pace: Duration) -> Self {
        let pieces = pieces.into_iter().filter(|piece| !piece.is_empty()).collect();
        Self { pieces, ending, live: None, pace, wait: None, is_flushed: false }
    }

    pub(crate) fn live(live: Live) -> Self {
        Self { live: Some(live), ..Self::new([], Ending::Whole, Duration::ZERO) }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Closed;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Closed>>> {
        if self.ending == Ending::Stalled && self.live.is_some() {
            return Poll::Pending;
        }
        if let Some(live) = &mut self.live {
            self.ending = match ready!(live.poll_line(context)) {
                Line::Text(text) => return Poll::Ready(Some(Ok(Frame::data(text)))),
                Line::End => Ending::Whole,
                Line::Cut => Ending::Cut,
                Line::Silence => Ending::Stalled,
            };
            // A stream that is silent is still there for whoever would open a second one.
            if self.ending != Ending::Stalled {
                self.live = None;
            } else {
                return Poll::Pending;
            }
        }
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
        self.pieces.is_empty() && self.live.is_none() && self.ending == Ending::Whole
    }

    fn size_hint(&self) -> SizeHint {
        if self.live.is_none() && self.ending == Ending::Whole && self.pace.is_zero() && self.pieces.len() <= 1 {
            SizeHint::with_exact(self.pieces.iter().map(|piece| piece.len() as u64).sum())
        } else {
            SizeHint::default()
        }
    }
}
