//! Packs over HTTP: one is uploaded, waits, lives, is upgraded, compared, goes back, is released and is gone.

use std::time::Duration;

use puppet::control::Request;
use puppet_types::Priority::Low;
use serde_json::{Value, json};

use crate::{
    client::{Client, Got, key},
    hostile::guest::{End, Step},
    reload::place::{Place, digest, event, guest},
    schemas::shapes::schemas,
    support::{self, run},
};

/// The archive of a version of the pack `guest`; answers its component, too.
pub fn version(place: &Place, version: &str, rows: u32, publisher: Option<&str>) -> (Vec<u8>, Vec<u8>) {
    let said: &'static str = if version == "1.0.0" { "hello" } else { "hello again" };
    let component = guest(&[Step::Remember(said), Step::GetState, Step::PutState("x")], End::Ok, version);
    let publisher = publisher.map_or_else(String::new, |key| format!("publisher = \"{key}\"\n"));
    let text = format!(
        "id = \"guest\"\nversion = \"{version}\"\n{publisher}component = \"guest.wasm\"\npersona = \"persona.toml\"\n\
         [requests.state]\n[requests.memory]\noperations = [\"remember\"]\namounts = {{ \"rows/day\" = {rows} }}\n"
    );
    place.write(&format!("{version}/pack.toml"), text.as_bytes());
    place.write(&format!("{version}/persona.toml"), format!("goals = [\"be {version}\"]\n").as_bytes());
    place.write(&format!("{version}/guest.wasm"), &component);
    run(place.path(), &["pack", "build", version, "-o", &format!("{version}.puppet")]).exits(0);
    (std::fs::read(place.path().join(format!("{version}.puppet"))).unwrap(), component)
}

#[track_caller]
fn validated(schema: &str, value: &Value) {
    let errors = schemas()[schema].errors(value);
    assert!(errors.is_empty(), "{schema}: {errors:?}\n{value:#}");
}

/// Holds an answer to its schema.
#[track_caller]
fn held(schema: &str, got: &Got, status: u16) -> Value {
    assert_eq!(got.status, status, "{}", got.body);
    validated(schema, &got.body);
    got.body.clone()
}

/// Waits until this component serves.
fn serves(client: &Client, component: &[u8]) -> Value {
    let mut plugin = Value::Null;
    support::until(Duration::from_secs(120), "it never serves", || {
        let got = client.get("/plugins/guest");
        plugin = got.body;
        let versions = plugin["versions"].as_array().cloned().unwrap_or_default();
        versions.iter().any(|one| {
            one["digest"] == digest(component)
                && one["share"] == 100
                && ["live", "settled"].contains(&one["state"].as_str().unwrap())
        })
    });
    validated("plugin", &plugin);
    plugin
}

#[test]
fn a_pack_comes_is_changed_and_goes_over_http() {
    let place = Place::new(&[Step::GetState], End::Ok, 0);
    // It is asked often, to see what comes.
    place.write("puppet.toml", b"[api]\nburst = 10000\n");
    let _host = place.host();
    let of = |role: &str| Client::v1(&place.data(), &key(place.path(), &["--role", role]));
    let (client, operator) = (of("admin"), of("operator"));
    let [(first, played), (second, next)] =
        [("1.0.0", 80), ("1.1.0", 60)].map(|(name, rows)| version(&place, name, rows, None));

    let unsigned = "/packs?allow_unsigned=true";
    assert_eq!(client.upload("/packs", &first).is(409)["code"], "unsigned");
    let fault = client.upload("/packs", b"no archive").is(400);
    assert!(!fault.to_string().contains("staging"), "{fault}");
    operator.upload(unsigned, &first).is(403);

    let uploaded = client.upload(unsigned, &first);
    let waits = held("install", &uploaded, 202);
    assert_eq!(waits["status"], "waiting", "{waits}");
    assert_eq!(client.led(&uploaded)["pack"], "guest");
    run(place.path(), &["grants", "approve", "guest", "--yes", "--digest", &digest(&played)]).exits(0);
    serves(&client, &played);
    place.event("one", "guest", Low);

    let uploaded = client.upload(unsigned, &second);
    let installed = held("install", &uploaded, 201);
    assert_eq!(installed["status"], "installed", "{installed}");
    let versions = client.led(&uploaded);
    validated("packs", &versions);
    assert_eq!(versions["items"].as_array().unwrap().len(), 2, "{versions}");
    serves(&client, &next);
    let swaps = held("swaps", &client.get("/plugins/guest/swaps"), 200);
    let newest = &swaps["items"][0];
    let of = ["version", "from", "state"].map(|field| newest[field].as_str());
    assert!(swaps["items"].as_array().unwrap().iter().any(|item| item["from"] == "1.0.0"), "{of:?} {swaps}");

    let plugins = held("plugins", &client.get("/plugins"), 200);
    assert!(plugins["items"].as_array().unwrap().iter().any(|one| one["pack"] == "guest"));
    held("packs", &client.get("/packs"), 200);
    let diff = held("diff-behaviour", &client.get("/plugins/guest/diff?old=1.0.0&new=1.1.0"), 200);
    assert!(diff["replayed"] != 0 && diff["changed"] == diff["replayed"], "{diff}");

    let back = client.post("/packs/guest/rollback", &json!({ "wait_ms": 60_000 }));
    assert_eq!(held("rollback", &back, 200)["to"], "1.0.0");
    serves(&client, &played);
    let released = held("release", &client.post("/plugins/guest/release", &json!({})), 200);
    assert_eq!((&released["was"], &released["strikes"]), (&json!("live"), &json!(0)));
    assert_eq!(client.post("/plugins/nobody/release", &json!({})).status, 404);

    // Two versions came and one went back, as a viewer's key sees.
    let page = Client::of(&place.data(), Some(&key(place.path(), &["--role", "viewer"]))).read("/metrics");
    let counted = |stage: &str| {
        let series = format!("puppet_swaps_total{{pack=\"guest\",stage=\"{stage}\"}} ");
        let line = page.as_str().unwrap().lines().find_map(|line| line.strip_prefix(&series));
        line.map_or(0, |count| count.parse::<u64>().unwrap())
    };
    assert!(counted("live") >= 2 && counted("refused") == 0, "{}", page.as_str().unwrap());

    assert_eq!(client.delete("/packs/guest").is(409)["code"], "pack-in-use");
    held("remove", &client.delete("/packs/guest?with_agent=true"), 200);
    assert_eq!(client.delete("/packs/guest").status, 404);
    assert_eq!(place.event("last", "pup", Low)["outcome"], "ok", "others live on");
}

#[test]
fn a_persona_without_a_plugin_comes_over_http_and_what_comes_with_the_program_was_never_swapped() {
    let place = Place::new(&[Step::GetState], End::Ok, 0);
    let _host = place.host();
    let client = Client::v1(&place.data(), &key(place.path(), &["--role", "admin"]));
    let [first, second] = ["1.0.0", "1.1.0"].map(|version| {
        let text = format!(
            "id = \"quiet\"\nversion = \"{version}\"\nplugin = \"standard-personality\"\npersona = \"persona.toml\"\n"
        );
        place.write(&format!("{version}/pack.toml"), text.as_bytes());
        place.write(&format!("{version}/persona.toml"), format!("goals = [\"be {version}\"]\n").as_bytes());
        let archive = format!("{version}.puppet");
        run(place.path(), &["pack", "build", version, "-o", &archive]).exits(0);
        std::fs::read(place.path().join(archive)).unwrap()
    });
    let unsigned = "/packs?allow_unsigned=true";
    let uploaded = client.upload(unsigned, &first);
    let digest = held("install", &uploaded, 202)["digest"].clone();
    let asks = client.led(&uploaded);
    validated("grant", &asks);
    assert_eq!(asks["pack"], "quiet", "{asks}");
    held("grant", &client.post("/grants/quiet/approve", &json!({ "digest": digest })), 200);
    let uploaded = client.upload(unsigned, &second);
    held("install", &uploaded, 201);
    let installed = client.led(&uploaded);
    validated("packs", &installed);
    assert!(installed["items"].as_array().unwrap().iter().all(|item| item["component"].is_null()), "{installed}");
    assert_eq!(client.get("/plugins/quiet").is(404)["code"], "unknown-plugin");

    for plugin in ["news", "standard-personality"] {
        held("plugin", &client.get(&format!("/plugins/{plugin}")), 200);
        let swaps = held("swaps", &client.get(&format!("/plugins/{plugin}/swaps")), 200);
        assert_eq!(swaps["items"], json!([]), "{swaps}");
    }
    assert_eq!(client.get("/plugins/nobody/swaps").is(404)["code"], "unknown-plugin");
}

#[test]
fn a_quarantined_version_is_told_and_let_out() {
    let place = Place::new(&[], End::Trap, 0);
    // It is asked often, to see what comes.
    place.write("puppet.toml", b"[api]\nburst = 10000\n");
    let _host = place.host();
    let client = Client::v1(&place.data(), &key(place.path(), &["--role", "operator"]));
    let mut state = Value::Null;
    // Not waited for: it is tried again once it may run.
    place.ask(&Request::Send { events: vec![event("e", "pup", Low)], wait_ms: None });
    support::until(Duration::from_secs(120), "it is never held back", || {
        let plugins = held("plugins", &client.get("/plugins"), 200);
        let held_back = plugins["items"].as_array().unwrap().iter().find(|one| one["strikes"] != 0).cloned();
        state = held_back.unwrap_or_default();
        state["state"] == "backed-off" || state["state"] == "quarantined"
    });
    assert_eq!((&state["last_breach"], state["invocations"].as_u64() > Some(0)), (&json!("trap"), true), "{state}");
    let path = format!("/plugins/{}/release", state["pack"].as_str().unwrap());
    let released = held("release", &client.post(&path, &json!({})), 200);
    assert_eq!((&released["was"], &released["strikes"]), (&state["state"], &state["strikes"]));
}
