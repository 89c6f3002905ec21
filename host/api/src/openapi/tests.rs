use std::collections::BTreeSet;

use super::*;
use crate::{policy, testing::Scene};

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
            let is_plain = response["content"]["application/json"]["schema"]["$ref"] == "#/components/schemas/problem";
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
