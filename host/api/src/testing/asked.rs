//! A request of a test, and what came back.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, Response},
};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use super::somebody;
use crate::{
    app::App,
    auth::{Principal, Role},
    openapi::check,
    policy::Policy,
    schema,
};

/// A request to be filled in.
pub struct Asked {
    router: Router,
    app: Arc<App>,
    request: Request<Body>,
}

impl Asked {
    pub(super) fn new(router: Router, app: Arc<App>, method: &str, path: &str) -> Self {
        Self { router, app, request: Request::builder().method(method).uri(path).body(Body::empty()).unwrap() }
    }
    /// By somebody of a role.
    pub fn role(self, role: Role) -> Self {
        self.by(somebody(role, None))
    }
    /// By somebody of a role, or by nobody.
    pub fn maybe(self, role: Option<Role>) -> Self {
        match role {
            Some(role) => self.role(role),
            None => self,
        }
    }
    /// By somebody whose key is bound to these agents.
    pub fn scoped(self, role: Role, agents: &[&str]) -> Self {
        self.by(somebody(role, Some(agents)))
    }
    /// By this one.
    pub fn by(self, principal: Principal) -> Self {
        let key = self.app.keys.seat(&principal);
        self.header("authorization", &format!("Bearer {}", key.expose()))
    }
    /// With a header.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request.headers_mut().append(name, value.parse().unwrap());
        self
    }
    /// With a body of JSON.
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }
    /// With a body.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self
    }
    /// Sends it, and reads nothing of the answer's body yet. Its status and its headers are those that the description has.
    pub async fn open(self) -> Response<Body> {
        let (method, path) = (self.request.method().clone(), self.request.uri().path().to_owned());
        let response = self.router.oneshot(self.request).await.unwrap();
        let wrong = check::wrong(&method, &path, response.status().as_u16(), response.headers());
        assert!(wrong.is_empty(), "not as described: {wrong:#?}");
        response
    }
    /// Sends it and reads all of the answer.
    pub async fn send(self) -> Got {
        let (head, body) = self.open().await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Got { status: head.status.as_u16(), headers: head.headers, body }
    }
}

/// An answer.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Got {
    /// The body.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Holds it to a status and to a file of docs/schemas. Answers the body.
    #[track_caller]
    pub fn is(&self, schema: &str, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        let body = self.json();
        hold(schema, &body);
        body
    }

    /// The same, for a route of either kind of errors.
    #[track_caller]
    pub fn is_fault_of(&self, policy: &Policy, status: u16, code: &str) {
        if policy.path.starts_with("/api/") && !policy.path.starts_with("/api/v1/") {
            assert!(self.status == status && self.json()["error"].is_string(), "{policy:?}: {self:?}");
        } else {
            assert_eq!((self.status, self.json()["code"].as_str()), (status, Some(code)), "{policy:?}: {self:?}");
        }
    }

    /// Holds it to a status and a code.
    #[track_caller]
    pub fn is_fault(&self, status: u16, code: &str) {
        let body = self.json();
        assert_eq!((self.status, body["code"].as_str()), (status, Some(code)), "{body}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        hold("problem", &body);
    }
}

/// Holds a value to a file of docs/schemas that the description has.
#[track_caller]
pub fn hold(name: &str, value: &Value) {
    let (_, text) = schema::FILES.iter().find(|(file, _)| *file == name).unwrap_or_else(|| panic!("no schema {name}"));
    let schema: Value = serde_json::from_str(text).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let wrong: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{error} at {}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{name}: {wrong:#?}\n{value:#}");
}
