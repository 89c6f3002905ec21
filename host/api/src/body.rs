//! A request's body within the bounds of its route: so long, and so long in coming.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http_body_util::Limited;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

/// How long a body may take whatever its length.
const LEAST: Duration = Duration::from_secs(20);
/// So many bytes more may take a second longer.
const BYTES_A_SECOND: u64 = 64 * 1024;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Bounds a body. What is longer ends in a length error, what is slower in `TimedOut`.
pub(crate) fn bounded(body: Body, most: usize) -> Body {
    let told = body.size_hint().exact().unwrap_or(u64::MAX).min(most as u64);
    let end = Instant::now() + LEAST + Duration::from_secs(told / BYTES_A_SECOND);
    Body::new(Timed { body: Limited::new(body, most), end, sleep: None })
}

struct Timed {
    body: Limited<Body>,
    end: Instant,
    /// Made with the first wait: a body that is there already needs none.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl HttpBody for Timed {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame);
        }
        let end = self.end;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
        match sleep.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::TimedOut).into()))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
