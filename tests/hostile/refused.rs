//! Files that are no plugin, or not the plugin that they say they are: never loaded, and told why by name.

use std::path::Path;

use super::{
    bare::Guest,
    guest::{End as Ends, Step, component},
    stranger::{EVENT, End, FILE, Stranger, error, strangers},
    text::{besides, generates},
};
use crate::support::run;

strangers! {
    an_import_that_nobody_lists: besides("(import \"acme:bank/vault@1.0.0\" (instance))")
        => End::Refused(&["acme:bank/vault@1.0.0", "no such interface"]);
    an_import_of_the_network: besides("(import \"wasi:http/outgoing-handler@0.2.0\" (instance))")
        => End::Refused(&["wasi:http/outgoing-handler@0.2.0", "refused"]);
    an_import_that_its_world_does_not_have: besides("(import \"puppet:trading/portfolio@0.1.0\" (instance))")
        => End::Refused(&["puppet:trading/portfolio@0.1.0", "`personality`"]);
    a_component_of_two_worlds: besides(
        "(instance $none) (export \"puppet:plugin/generator@0.1.0\" (instance $none))"
    ) => End::Refused(&["puppet:plugin/handler@0.1.0"]);
    a_module_that_is_no_component: b"\0asm\x01\0\0\0".to_vec() => End::Refused(&["core module"]);
    a_text_that_is_no_wasm: b"(component)".to_vec() => End::Refused(&["not WebAssembly"]);
    an_executable: std::fs::read(env!("CARGO_BIN_EXE_puppet")).unwrap()[..4_096].to_vec()
        => End::Refused(&["native code"]);
    native_code_of_our_own_compiler: wasmtime::Engine::default().precompile_component(&Guest::default().bytes()).unwrap()
        => End::Refused(&["native code"]);
    native_code_behind_the_head_of_a_component: {
        let native = wasmtime::Engine::default().precompile_component(&Guest::default().bytes()).unwrap();
        [&b"\0asm\x0d\0\x01\0"[..], &native].concat()
    } => End::Refused(&[]);
}

/// A pack around a component, loaded with its manifest.
fn packed(folder: &Path, bytes: &[u8], requests: &str) -> serde_json::Value {
    std::fs::write(folder.join(FILE), bytes).unwrap();
    let manifest = format!("id = \"stranger\"\nversion = \"0.1.0\"\ncomponent = \"{FILE}\"\n{requests}");
    std::fs::write(folder.join("pack.toml"), manifest).unwrap();
    let ran = run(folder, &["invoke", ".", "--event", EVENT, "--json"]).exits(2);
    assert_eq!(ran.stdout, "");
    error(&ran)
}

#[test]
fn a_component_is_what_its_manifest_says_or_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let posts = component(&[Step::Post("hello")], Ends::Ok);
    let table = [
        (&posts, "", "imports `tweet`"),
        (&posts, "[requests.memory]\n", "imports `tweet`"),
        (&posts, "[requests.tweet]\n[requests.memory]\n", "requests `memory`"),
        (&generates(""), "[requests.llm]\n", "requests `llm`"),
    ];
    for (bytes, requests, what) in table {
        let error = packed(folder.path(), bytes, requests);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(what) && message.contains("stranger") && message.contains("pack.toml"), "{error}");
    }
}
