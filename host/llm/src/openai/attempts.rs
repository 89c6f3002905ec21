//! Attempts of one request: which failures are tried again, when, and until when.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use async_openai::{error::OpenAIError, middleware::HttpRequestFactory};
use puppet_types::{CallError, Code, ids::derive_u64};
use reqwest::{Response, StatusCode, header::RETRY_AFTER};
use tokio::time::Instant;

use crate::openai::Endpoint;

/// Bytes of an answer.
const MOST_BYTES: usize = 8 << 20;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Sends a request until it is answered.
#[derive(Debug, Clone)]
pub(super) struct Attempts {
    http: reqwest::Client,
    attempts: u32,
    timeout: Duration,
    total: Duration,
    backoff: Duration,
    seed: u64,
    lost: Arc<AtomicU32>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum GaveUp {
    #[error("the provider asks to wait")]
    RateLimited { after: Option<Duration> },
    #[error("the provider failed with status {0}")]
    Failed(u16),
    #[error("no answer in time")]
    TooLate,
    #[error("the provider cannot be reached")]
    Unreachable,
    #[error("the connection to the provider broke off")]
    Broken,
    #[error("the answer is longer than {MOST_BYTES} bytes")]
    TooLong,
}

impl GaveUp {
    /// Whether a model may have been asked.
    fn may_be_billed(&self) -> bool {
        !matches!(self, Self::RateLimited { .. } | Self::Unreachable)
    }

    pub(super) fn call_error(&self) -> CallError {
        let message = self.to_string();
        match self {
            Self::RateLimited { after: Some(after) } => {
                CallError::retry(Code::RateLimited, message, u64::try_from(after.as_millis()).unwrap_or(u64::MAX))
            }
            Self::RateLimited { after: None } => CallError::new(Code::RateLimited, message),
            Self::TooLate => CallError::new(Code::Timeout, message),
            Self::Failed(_) | Self::Unreachable | Self::Broken | Self::TooLong => {
                CallError::new(Code::ProviderUnavailable, message)
            }
        }
    }
}

impl Attempts {
    pub(super) fn new(http: reqwest::Client, endpoint: &Endpoint, seed: u64) -> Self {
        let Endpoint { timeout, total, backoff, .. } = *endpoint;
        Self { http, attempts: endpoint.attempts(), timeout, total, backoff, seed, lost: Arc::default() }
    }

    /// How many attempts failed that may have been answered, and billed, after all.
    pub(super) fn lost(&self) -> u32 {
        self.lost.load(Ordering::Relaxed)
    }

    async fn run(self, request: HttpRequestFactory) -> Result<Response, BoxError> {
        let until = Instant::now() + self.total;
        let mut attempt = 1;
        loop {
            let sent = request.build().await.map_err(|_| GaveUp::Unreachable)?;
            let left = until.saturating_duration_since(Instant::now()).min(self.timeout);
            let (failure, asked) = match tokio::time::timeout(left, self.send(sent)).await {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err((failure, asked))) => (failure, asked),
                Err(_) => (GaveUp::TooLate, None),
            };
            if failure.may_be_billed() {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
            let wait = asked.unwrap_or_else(|| self.pause(attempt));
            if failure == GaveUp::TooLong || attempt >= self.attempts || Instant::now() + wait >= until {
                return Err(Box::new(failure));
            }
            tracing::debug!(attempt, wait_ms = wait.as_millis() as u64, reason = %failure, "trying again");
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    /// A whole answer, or a failure that another attempt may mend, with how long the provider asks to wait.
    async fn send(&self, request: reqwest::Request) -> Result<Response, (GaveUp, Option<Duration>)> {
        let mut response = self.http.execute(request).await.map_err(|error| (of_transport(&error), None))?;
        let status = response.status();
        let asked =
            response.headers().get(RETRY_AFTER).and_then(|value| retry_after(value.to_str().ok()?, SystemTime::now()));
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err((GaveUp::RateLimited { after: asked }, asked));
        }
        if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
            return Err((GaveUp::Failed(status.as_u16()), asked));
        }
        // Read here, so that a body that stops halfway is an attempt that failed.
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| (of_transport(&error), None))? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err((GaveUp::TooLong, None));
            }
            body.extend_from_slice(&chunk);
        }
        let mut whole = http::Response::new(body);
        *whole.status_mut() = status;
        Ok(whole.into())
    }

    /// Twice as long each time, and up to half as long again, by the seed.
    fn pause(&self, attempt: u32) -> Duration {
        let base = self.backoff.saturating_mul(1 << attempt.saturating_sub(1).min(16));
        let jitter = derive_u64(&["retry", &self.seed.to_string(), &attempt.to_string()]) % 500;
        base + base.saturating_mul(jitter as u32) / 1_000
    }
}

impl tower_service::Service<HttpRequestFactory> for Attempts {
    type Response = Response;
    type Error = OpenAIError;
    type Future = Pin<Box<dyn Future<Output = Result<Response, OpenAIError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequestFactory) -> Self::Future {
        let attempts = self.clone();
        Box::pin(async move { attempts.run(request).await.map_err(OpenAIError::Boxed) })
    }
}

fn of_transport(error: &reqwest::Error) -> GaveUp {
    match error {
        _ if error.is_connect() || error.is_builder() => GaveUp::Unreachable,
        _ if error.is_timeout() => GaveUp::TooLate,
        _ => GaveUp::Broken,
    }
}

/// Seconds, or a date.
fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    let now = jiff::Timestamp::try_from(now).ok()?;
    Some(Duration::from_millis(u64::try_from(at.as_millisecond() - now.as_millisecond()).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_told_in_seconds_or_as_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        for (value, wanted) in [
            ("3", Some(3_000)),
            (" 0.25 ", Some(250)),
            ("Tue, 14 Nov 2023 22:13:30 GMT", Some(10_000)),
            ("Tue, 14 Nov 2023 22:13:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(retry_after(value, now), wanted.map(Duration::from_millis), "{value}");
        }
    }

    #[test]
    fn pauses_double_and_differ_by_seed() {
        let endpoint = Endpoint::new("x", "http://127.0.0.1/v1", "m");
        let attempts = |seed| Attempts::new(reqwest_client(&endpoint), &endpoint, seed);
        for seed in 0..20 {
            for (attempt, base) in [(1, 500), (2, 1_000), (3, 2_000)] {
                let pause = attempts(seed).pause(attempt).as_millis();
                assert!((base..=base * 3 / 2).contains(&pause), "{pause}");
            }
        }
        assert_eq!(attempts(1).pause(1), attempts(1).pause(1));
        assert_ne!(attempts(1).pause(1), attempts(2).pause(1));
    }

    fn reqwest_client(endpoint: &Endpoint) -> reqwest::Client {
        endpoint.http_client().unwrap()
    }
}
