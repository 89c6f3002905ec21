//! What the description of the API (OpenAPI 3.1) says beyond its routes: who may ask for each, how one shows who one is, what is
//! answered when something is wrong ([`refusals`]), which headers answers have ([`headers`]), and the schemas of answers. Also the
//! route that serves it.

mod headers;
mod refusals;
mod tags;
#[cfg(test)]
mod tests;

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
#[cfg(test)]
pub(crate) use headers::check;
use tags::TAGS;

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(openapi))
}

/// The description of every route.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "description", responses(
    (status = 200, description = "OpenAPI 3.1.", body = ref("#/components/schemas/openapi")),
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
    components["responses"] = refusals::shared();
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
    let named = headers::named(description);
    description["components"]["headers"] = named;
}

/// A body of which everything may be left out may be left out itself.
fn needed(schemas: &Value, body: &mut Value) {
    let schema = body["content"]["application/json"]["schema"]["$ref"].as_str();
    let schema = schema.and_then(|place| place.rsplit('/').next()).map(|name| &schemas[name]);
    let may_be_empty = schema.is_some_and(|schema| schema["type"] == "object" && schema["required"].is_null());
    body["required"] = (!may_be_empty).into();
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
    asked(policy, operation);
    let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let has_if_match = parameters.into_iter().any(|parameter| parameter["name"] == "If-Match");
    if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
        if policy.is_tagged() {
            responses.insert(
                "304".to_owned(),
                json!({ "description": "The client has it: its tag is in `If-None-Match`." }),
            );
        }
        refusals::tell(policy, has_if_match, responses);
        headers::tell(policy, responses);
    }
}

/// Adds the headers that requests of many routes may have.
fn asked(policy: &Policy, operation: &mut Map<String, Value>) {
    let header = |name: &str, about: &str, schema: Value| json!({ "name": name, "in": "header", "required": false, "description": about, "schema": schema });
    let mut more = Vec::new();
    if policy.writes && policy.is_v1() {
        let about = "1 to 200 visible characters of ASCII. The same key gives the same answer for a day.";
        more.push(header("Idempotency-Key", about, json!({ "type": "string", "pattern": "^[!-~]{1,200}$" })));
    }
    if policy.is_tagged() {
        let about = "`ETag` of an answer that the client has: where nothing changed, the answer is 304.";
        more.push(header("If-None-Match", about, json!({ "type": "string" })));
    }
    match operation.entry("parameters").or_insert_with(|| json!([])) {
        Value::Array(parameters) => parameters.extend(more),
        other => *other = more.into(),
    }
}

/// `get_v1_agents_agent_mood`: method and path, as nothing else is unique for good.
fn name(policy: &Policy) -> String {
    let path = policy.path.strip_prefix("/api/").unwrap_or(policy.path);
    let parts = path.split(['/', '.', '-']).map(|part| part.trim_matches(['{', '}'])).filter(|part| !part.is_empty());
    [policy.method.to_lowercase()].into_iter().chain(parts.map(str::to_owned)).collect::<Vec<_>>().join("_")
}
