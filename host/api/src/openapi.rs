//! What the description of the API (OpenAPI 3.1) says beyond its routes: who may ask for each, how one shows who one is, what is
//! answered when something is wrong, and the schemas of answers. Also the route that serves it.

use std::sync::{Arc, LazyLock};

use axum::{
    http::{Method, header},
    response::{IntoResponse as _, Response},
};
use serde_json::{Map, Value, json};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    policy::{self, Least, Policy},
    router::DESCRIPTION,
    schema, shape,
};

const PROBLEM: &str = "#/components/schemas/problem";

/// Answers that a route gives when something is wrong, whatever it is about: status, and when.
const REFUSALS: &[(u16, &str)] = &[
    (400, "What is asked does not read, or is not within bounds."),
    (401, "Nobody is known to ask."),
    (403, "Whoever asks may not."),
    (404, "There is no such thing, or not for whoever asks."),
    (408, "The body did not come in time."),
    (409, "It does not go with how things stand."),
    (412, "It has changed since it was seen."),
    (413, "The body is too long."),
    (415, "The body is not said to be of a kind that is read."),
    (421, "The server is not of that name."),
    (422, "Another request was made under this idempotency key."),
    (429, "That was too often."),
    (500, "A fault of this program."),
    (503, "Not now: the host is stopping, or its disk fails, or too many events wait."),
    (504, "It goes on, and has not ended in time."),
];

/// Which of them a route has.
fn refusals(policy: &Policy, has_if_match: bool) -> impl Iterator<Item = &'static (u16, &'static str)> {
    let (is_open, writes) = (policy.least == Least::Anyone, policy.writes);
    let is_v1 = policy.path.starts_with("/api/v1/");
    REFUSALS.iter().filter(move |(status, _)| match status {
        401 | 403 => !is_open || writes,
        404 => !is_open || policy.path.contains('{'),
        408 | 409 | 413 | 415 | 504 => writes,
        412 => has_if_match,
        422 => writes && is_v1,
        429 => policy.cost > 0,
        503 => !is_open || writes || policy.path == "/ready",
        _ => true,
    })
}

/// What each tag is about, in the order in which a reader meets them.
const TAGS: &[(&str, &str)] = &[
    ("session", "Who asks: a session of a browser, begun with a key."),
    ("keys", "Keys of the API: made, listed, taken back."),
    ("system", "How the host stands, which version it is, and the stop of everything that would leave."),
    ("agents", "Who lives here: made, paused, told to write, moved."),
    ("memory", "What agents remember."),
    ("events", "What happens to agents: sent, waiting, past, given up."),
    ("timeline", "The timeline of the host itself: read, and written to."),
    ("timers", "What is to happen later."),
    ("journal", "Every decision with what led to it, and its replay."),
    ("outbox", "What leaves, and what became of it."),
    ("approvals", "What waits for somebody's yes."),
    ("budgets", "How much may be spent, and how much is."),
    ("packs", "Packs: installed, rolled back, removed."),
    ("plugins", "The code of packs: which version runs, how it does, how it differs."),
    ("grants", "What packs ask for, and what they are granted."),
    ("configuration", "Settings of the host."),
    ("trading", "Wallets, what stops them, and swaps that wait for a person's yes."),
    ("audit", "Who changed what."),
    ("live", "What happens, while it happens."),
    ("description", "This description, and what codes of errors mean."),
    ("dashboard", "The files of the dashboard."),
    ("original", "The routes of the original engine. Errors are `{error}`, names are in camelCase."),
];

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(openapi))
}

/// The description of every route.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "description", responses(
    (status = 200, description = "OpenAPI 3.1.", body = Object),
))]
async fn openapi() -> Response {
    static TEXT: LazyLock<String> = LazyLock::new(|| DESCRIPTION.to_string());
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str()).into_response()
}

/// Adds to what the routes say of themselves.
pub(crate) fn complete(description: &mut Value) {
    description["servers"] = json!([{ "url": "/", "description": "The host that answers." }]);
    description["tags"] = TAGS.iter().map(|(name, about)| json!({ "name": name, "description": about })).collect();
    let components = &mut description["components"];
    components["securitySchemes"] = json!({
        "key": { "type": "http", "scheme": "bearer", "description": "A key of the API: `pk_…`." },
        "header": { "type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same key." },
        "session": { "type": "apiKey", "in": "cookie", "name": "puppet_session", "description":
            "A session of a browser, named `__Host-puppet_session` under TLS. Writes need its `csrf` in `X-CSRF-Token`." },
    });
    let schemas = &mut components["schemas"];
    if !schemas.is_object() {
        *schemas = json!({});
    }
    if let Some(schemas) = schemas.as_object_mut() {
        schemas.extend(schema::components());
        // What was derived for these is any text; here it says which.
        schemas.extend(shape::all().map(|(name, schema)| (name.to_owned(), schema)));
        schemas.insert(
            "OriginalError".to_owned(),
            json!({
                "type": "object", "required": ["error"], "properties": { "error": { "type": "string" } },
                "description": "What the routes of the original answer when something is wrong.",
            }),
        );
    }
    let bodies = [("problem", problem()), ("original", original_error())];
    let shared = bodies.iter().flat_map(|(of, content)| {
        let told = move |about: &str| json!({ "description": about, "content": content });
        REFUSALS.iter().map(move |(status, about)| (format!("{of}-{status}"), told(about)))
    });
    components["responses"] = Value::Object(shared.collect());
    let schemas = components["schemas"].clone();
    let Some(paths) = description["paths"].as_object_mut() else { return };
    for (path, item) in paths {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            let policy = Method::from_bytes(method.to_uppercase().as_bytes()).ok();
            let policy = policy.and_then(|method| policy::of(&method, path));
            if let (Some(policy), Some(operation)) = (policy, operation.as_object_mut()) {
                told(policy, operation);
                if let Some(body) = operation.get_mut("requestBody") {
                    needed(&schemas, body);
                }
            }
        }
    }
}

/// A body of which everything may be left out may be left out itself.
fn needed(schemas: &Value, body: &mut Value) {
    let schema = body["content"]["application/json"]["schema"]["$ref"].as_str();
    let schema = schema.and_then(|place| place.rsplit('/').next()).map(|name| &schemas[name]);
    let may_be_empty = schema.is_some_and(|schema| schema["type"] == "object" && schema["required"].is_null());
    body["required"] = (!may_be_empty).into();
}

fn problem() -> Value {
    json!({ "application/problem+json": { "schema": { "$ref": PROBLEM } } })
}

fn original_error() -> Value {
    json!({ "application/json": { "schema": { "$ref": "#/components/schemas/OriginalError" } } })
}

/// Names an operation, and says who may ask for it and what it answers when something is wrong.
fn told(policy: &Policy, operation: &mut Map<String, Value>) {
    operation.insert("operationId".to_owned(), name(policy).into());
    let security = match policy.least {
        Least::Anyone => json!([]),
        Least::Role(role) => {
            operation.insert("x-role".to_owned(), role.name().into());
            json!([{ "key": [] }, { "header": [] }, { "session": [] }])
        }
    };
    operation.insert("security".to_owned(), security);
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        let of = |key: &str| parameter[key].as_str().unwrap_or_default();
        if let Some(shape) = shape::of_parameter(policy.path, of("in"), of("name")) {
            parameter["schema"] = json!({ "$ref": format!("#/components/schemas/{shape}") });
        }
    }
    let is_v1 = policy.path.starts_with("/api/v1/");
    if policy.writes && is_v1 {
        let about = "1 to 200 visible characters of ASCII. The same key gives the same answer for a day.";
        let schema = json!({ "type": "string", "pattern": "^[!-~]{1,200}$" });
        let parameter = json!({ "name": "Idempotency-Key", "in": "header", "required": false, "description": about, "schema": schema });
        match operation.entry("parameters").or_insert_with(|| json!([])) {
            Value::Array(parameters) => parameters.push(parameter),
            other => *other = json!([parameter]),
        }
    }
    let is_original = policy.path.starts_with("/api/") && !is_v1;
    let fault = if is_original { original_error() } else { problem() };
    let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let has_if_match = parameters.into_iter().any(|parameter| parameter["name"] == "If-Match");
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    for (status, response) in responses.iter_mut() {
        let is_problem = response["content"]["application/json"]["schema"]["$ref"] == PROBLEM;
        let says_nothing = status.starts_with(['4', '5']) && response["content"].is_null();
        if is_problem || says_nothing {
            response["content"] = fault.clone();
        }
    }
    let of = if is_original { "original" } else { "problem" };
    for (status, _) in refusals(policy, has_if_match) {
        let shared = || json!({ "$ref": format!("#/components/responses/{of}-{status}") });
        responses.entry(status.to_string()).or_insert_with(shared);
    }
}

/// `get_v1_agents_agent_mood`: method and path, as nothing else is unique for good.
fn name(policy: &Policy) -> String {
    let path = policy.path.strip_prefix("/api/").unwrap_or(policy.path);
    let parts = path.split(['/', '.', '-']).map(|part| part.trim_matches(['{', '}'])).filter(|part| !part.is_empty());
    [policy.method.to_lowercase()].into_iter().chain(parts.map(str::to_owned)).collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::testing::Scene;

    fn operations() -> impl Iterator<Item = (&'static String, &'static String, &'static Value)> {
        let paths = DESCRIPTION["paths"].as_object().unwrap().iter();
        paths.flat_map(|(path, item)| item.as_object().unwrap().iter().map(move |(method, of)| (path, method, of)))
    }

    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_operation_has_a_name_of_its_own_a_known_tag_and_words() {
        assert!(DESCRIPTION["openapi"].as_str().unwrap().starts_with("3.1."));
        let known: BTreeSet<_> = TAGS.iter().map(|(tag, _)| *tag).collect();
        let (mut names, mut used) = (BTreeSet::new(), BTreeSet::new());
        for (path, method, of) in operations() {
            let name = of["operationId"].as_str().unwrap();
            assert!(names.insert(name), "{name} is taken: {method} {path}");
            let tag = of["tags"][0].as_str().unwrap();
            assert!(known.contains(tag), "{tag}: {method} {path}");
            used.insert(tag);
            assert!(of["summary"].as_str().is_some_and(|words| !words.is_empty()), "{method} {path}");
        }
        assert_eq!(used, known, "a tag of nothing");
    }

    #[test]
    fn every_path_says_what_its_places_are() {
        for (path, method, of) in operations() {
            let places: BTreeSet<_> =
                path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
            let parameters = of["parameters"].as_array().into_iter().flatten();
            let told: Vec<_> = parameters.filter(|one| one["in"] == "path").collect();
            assert!(told.iter().all(|one| one["required"] == true && one["schema"].is_object()), "{method} {path}");
            let names: BTreeSet<_> = told.iter().map(|one| one["name"].as_str().unwrap()).collect();
            assert_eq!((names, told.len()), (places.clone(), places.len()), "{method} {path}");
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let mut found = BTreeSet::new();
        references(&DESCRIPTION, &mut found);
        assert!(found.len() > 30, "{found:?}");
        for place in found {
            let pointer = place.strip_prefix('#').unwrap_or_else(|| panic!("{place} leads out"));
            assert!(DESCRIPTION.pointer(pointer).is_some(), "{place}");
        }
    }

    #[test]
    fn every_operation_says_who_may_ask_and_what_is_answered_when_something_is_wrong() {
        let schemes = DESCRIPTION["components"]["securitySchemes"].as_object().unwrap();
        for (path, method, of) in operations() {
            let policy = policy::of(&method.to_uppercase().parse().unwrap(), path).unwrap();
            let security = of["security"].as_array().unwrap();
            assert_eq!(security.is_empty(), policy.least == Least::Anyone, "{method} {path}");
            let names = security.iter().flat_map(|one| one.as_object().unwrap().keys());
            assert!(names.into_iter().all(|name| schemes.contains_key(name)));
            let is_original = of["tags"][0] == "original";
            let whose = if is_original { "original" } else { "problem" };
            let place = format!("#/components/responses/{whose}-421");
            assert_eq!(of["responses"]["421"]["$ref"], place, "{method} {path}");
            assert!(["400", "500"].iter().all(|status| of["responses"].get(status).is_some()), "{method} {path}");
            let is_known = of["responses"].get("401").is_some();
            assert_eq!(is_known, policy.least != Least::Anyone || policy.writes, "{method} {path}");
            for (status, response) in of["responses"].as_object().unwrap() {
                let is_plain = response["content"]["application/json"]["schema"]["$ref"] == PROBLEM;
                assert!(!is_plain, "{method} {path} {status}: problems are application/problem+json");
            }
        }
    }

    #[tokio::test]
    async fn anybody_reads_it() {
        let scene = Scene::new().await;
        let got = scene.get(None, "/api/v1/openapi.json").await;
        assert_eq!((got.status, got.header("content-type")), (200, Some("application/json")));
        assert_eq!(got.json(), *DESCRIPTION);
        assert!(got.header("etag").is_some());
    }
}
