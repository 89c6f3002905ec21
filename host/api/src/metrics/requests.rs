//! Requests that were answered, by route. Routes are those of the policies, so that nobody makes up labels.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use puppet_engine::tally::Histogram;

use super::{
    counted,
    names::{REQUEST_SECONDS, REQUESTS},
    text::Page,
};
use crate::{
    app::App,
    policy::{self, POLICIES, Policy},
};

/// Upper bounds in microseconds.
const BOUNDS: &[u64] =
    &[500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 1_000_000, 10_000_000, 120_000_000];

/// Statuses that are counted by themselves; another one counts as the first of its hundred.
const STATUSES: [u16; 32] = [
    100, 101, 200, 201, 202, 204, 206, 300, 304, 400, 401, 403, 404, 405, 406, 408, 409, 411, 412, 413, 414, 415, 417,
    421, 422, 426, 429, 431, 500, 501, 503, 504,
];

/// What is counted of a path.
struct Route {
    /// By method.
    statuses: BTreeMap<&'static str, [AtomicU64; STATUSES.len()]>,
    micros: Histogram,
}

impl Default for Route {
    fn default() -> Self {
        Self { statuses: BTreeMap::new(), micros: Histogram::new(BOUNDS) }
    }
}

/// Counters of all routes.
pub struct Requests(BTreeMap<&'static str, Route>);

/// What is counted of requests for what is not there.
const NONE: &str = "none";

impl Default for Requests {
    fn default() -> Self {
        let mut routes: BTreeMap<&'static str, Route> = BTreeMap::new();
        for policy in POLICIES.iter().copied().flatten() {
            routes.entry(policy.path).or_default().statuses.entry(policy.method).or_default();
        }
        routes.entry(NONE).or_default().statuses.entry("any").or_default();
        Self(routes)
    }
}

impl Requests {
    /// Counts one: of a policy, or of no route.
    pub fn count(&self, policy: Option<&Policy>, status: u16, took: Duration) {
        let (path, method) = policy.map_or((NONE, "any"), |policy| (policy.path, policy.method));
        let Some(route) = self.0.get(path) else { return };
        let of_status = STATUSES.iter().position(|known| *known == status);
        let place = of_status.or_else(|| STATUSES.iter().position(|known| *known == status / 100 * 100));
        if let Some(count) = route.statuses.get(method).zip(place).and_then(|(of, place)| of.get(place)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        route.micros.add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// Writes those that were asked for.
    pub fn write(&self, page: &mut Page) {
        let mut family = page.of(REQUESTS);
        for (path, route) in &self.0 {
            for (method, counts) in &route.statuses {
                for (status, count) in STATUSES.iter().zip(counts) {
                    let count = count.load(Ordering::Relaxed);
                    if count > 0 {
                        family.sample(&[path, method, &status.to_string()], count);
                    }
                }
            }
        }
        let mut family = page.of(REQUEST_SECONDS);
        for (path, Route { micros, .. }) in &self.0 {
            let seen = micros.seen();
            if seen.count > 0 {
                counted::write(&mut family, &[path], &seen, counted::MICROS);
            }
        }
    }
}

/// Counts each request, whatever becomes of it.
pub(crate) async fn count_each(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let since = Instant::now();
    let matched = request.extensions().get::<MatchedPath>();
    let policy = matched.and_then(|path| policy::of(request.method(), path.as_str()));
    let response = next.run(request).await;
    app.requests.count(policy, response.status().as_u16(), since.elapsed());
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{auth::Role, policy::Scope};

    #[test]
    fn a_request_is_counted_under_its_route_and_a_stranger_makes_no_label() {
        let requests = Requests::default();
        let version = Policy::read("/api/v1/version", Role::Viewer, Scope::Filtered);
        requests.count(Some(&version), 200, Duration::from_micros(700));
        requests.count(Some(&version), 200, Duration::from_secs(200));
        requests.count(Some(&version), 418, Duration::from_millis(1));
        requests.count(None, 404, Duration::ZERO);
        let mut page = Page::default();
        requests.write(&mut page);
        let page = page.end();
        for line in [
            r#"puppet_http_requests_total{route="/api/v1/version",method="GET",status="200"} 2"#,
            r#"puppet_http_requests_total{route="/api/v1/version",method="GET",status="400"} 1"#,
            r#"puppet_http_requests_total{route="none",method="any",status="404"} 1"#,
            r#"puppet_http_seconds_bucket{route="/api/v1/version",le="0.0005"} 0"#,
            r#"puppet_http_seconds_bucket{route="/api/v1/version",le="0.001"} 2"#,
            r#"puppet_http_seconds_bucket{route="/api/v1/version",le="120"} 2"#,
            r#"puppet_http_seconds_bucket{route="/api/v1/version",le="+Inf"} 3"#,
            r#"puppet_http_seconds_sum{route="/api/v1/version"} 200.0017"#,
        ] {
            assert!(page.lines().any(|written| written == line), "{line}\n{page}");
        }
    }
}
