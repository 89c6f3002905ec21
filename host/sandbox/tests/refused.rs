//! What is not accepted, and in which words; and that no bytes, however cut, make the inspection panic.

#![allow(clippy::unwrap_used, reason = "test code outside of test functions")]

mod guest;

use guest::{ANSWERS, Call, Guest, event, prepare, sandbox, setup};
use puppet_sandbox::{Limits, LoadError, Pool, Sandbox, SandboxConfig, World, inspect};
use puppet_types::{Breach, Capability, Outcome};

fn refusal(text: &str) -> LoadError {
    inspect(&wat::parse_str(text).unwrap()).unwrap_err()
}

#[test]
fn files_that_are_no_component_are_told_apart() {
    for (bytes, format) in [
        (&b"\x7fELF\x02\x01\x01\0\0\0\0\0"[..], "ELF"),
        (&b"\xcf\xfa\xed\xfe\x07\0\0\x01"[..], "Mach-O"),
        (&b"MZ\x90\0\x03\0\0\0"[..], "PE"),
    ] {
        assert_eq!(inspect(bytes).unwrap_err(), LoadError::Native { format });
    }
    assert_eq!(inspect(b"(component)").unwrap_err(), LoadError::NotWasm);
    assert_eq!(inspect(b"").unwrap_err(), LoadError::Truncated { at: 0 });
    assert_eq!(inspect(b"\0as").unwrap_err(), LoadError::Truncated { at: 3 });
    assert_eq!(refusal("(module)"), LoadError::CoreModule);
}

#[test]
fn native_code_of_our_own_compiler_is_refused_too() {
    let engine = wasmtime::Engine::default();
    let native = engine.precompile_component(&Guest::default().bytes()).unwrap();
    assert_eq!(inspect(&native).unwrap_err(), LoadError::Native { format: "ELF" });
}

#[test]
fn a_component_must_be_of_one_world() {
    let LoadError::NoWorld { expected, found } = refusal("(component)") else { panic!() };
    assert_eq!(
        expected,
        "`puppet:plugin/handler@0.1.0`, `puppet:plugin/generator@0.1.0`, `puppet:trading/strategy@0.1.0`"
    );
    assert_eq!(found, "nothing");
    let strategy = r#"(component (instance $i) (export "puppet:plugin/strategy@0.1.0" (instance $i)))"#;
    let LoadError::NoWorld { found, .. } = refusal(strategy) else { panic!() };
    assert_eq!(found, "`puppet:plugin/strategy@0.1.0`");
    let later = r#"(component (instance $i) (export "puppet:plugin/handler@0.2.0" (instance $i)))"#;
    let later = refusal(later).to_string();
    assert!(later.starts_with("`puppet:plugin/handler@0.2.0` needs host > 0.1.0"), "{later}");
    let both = r#"(component (instance $i) (export "puppet:plugin/handler@0.1.0" (instance $i))
        (export "puppet:plugin/generator@0.1.0" (instance $i)))"#;
    assert!(matches!(refusal(both), LoadError::NoWorld { .. }));
}

/// The validator lets these pass; the compiler does not.
#[test]
fn proposals_that_are_off_do_not_compile() {
    let body = format!("(func $f (return_call $f)) {ANSWERS}");
    let error = prepare(&sandbox(Limits::default()), &Guest { body: &body, ..Guest::default() }.bytes()).err().unwrap();
    assert!(matches!(&error, LoadError::Compile { reason } if reason.contains("tail calls")), "{error}");
}

/// An inner module or component ends where its section ends, also where nothing comes after it.
#[test]
fn a_component_may_end_in_another() {
    for inner in ["(core module)", "(component)", "(component (component (core module)))"] {
        let text = format!(r#"(component (instance $i) (export "puppet:plugin/handler@0.1.0" (instance $i)) {inner})"#);
        let bytes = wat::parse_str(text).unwrap();
        assert_eq!(inspect(&bytes).unwrap().world, World::Personality, "{inner}");
        let cut = inspect(&bytes[..bytes.len() - 1]).unwrap_err();
        assert_eq!(cut, LoadError::Truncated { at: bytes.len() - 1 }, "{inner}");
    }
}

#[test]
fn only_the_outermost_component_says_what_it_is() {
    let inner = r#"(component (import "acme:bank/vault@1.0.0" (instance)) (instance $i)
        (export "puppet:plugin/handler@0.1.0" (instance $i)))"#;
    let LoadError::NoWorld { found, .. } = refusal(&format!("(component {inner})")) else { panic!() };
    assert_eq!(found, "nothing");
    let outer = format!(
        r#"(component {inner} (instance $i) (export "puppet:plugin/generator@0.1.0" (instance $i))
            (type $t u8) (export "puppet:plugin/handler@0.1.0" (type $t)))"#
    );
    let inspection = inspect(&wat::parse_str(&outer).unwrap()).unwrap();
    assert_eq!((inspection.world, inspection.capabilities.len()), (World::EventGenerator, 0));
}

#[test]
fn proposals_that_are_off_are_not_valid() {
    let table = [
        ("memory64", "(memory i64 1)"),
        ("threads", "(memory 1 1 shared)"),
        ("relaxed SIMD", "(func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))"),
    ];
    for (name, body) in table {
        let refused = refusal(&format!("(component (core module {body}))"));
        assert!(matches!(&refused, LoadError::Invalid { reason } if reason.contains(name)), "{name}: {refused}");
    }
}

#[test]
fn imports_are_refused_by_name() {
    let with = |world: &str, import: &str| {
        let export = format!("(instance $i) (export \"puppet:plugin/{world}@0.1.0\" (instance $i))");
        inspect(&wat::parse_str(format!("(component (import \"{import}\" (instance)) {export})")).unwrap())
    };
    let table: &[(&str, &str, &str)] = &[
        ("handler", "acme:bank/vault@1.0.0", "unknown import `acme:bank/vault@1.0.0`: this host has no such interface"),
        (
            "handler",
            "wasi:keyvalue/store@0.2.0",
            "unknown import `wasi:keyvalue/store@0.2.0`: this host has no such interface",
        ),
        (
            "handler",
            "puppet:llm/secrets@0.1.0",
            "unknown import `puppet:llm/secrets@0.1.0`: this host has no such interface",
        ),
        (
            "handler",
            "puppet:llm/llm@0.3.0",
            "`puppet:llm/llm@0.3.0` needs host > 0.1.0: this host, puppet 0.1.0, serves 0.1.0 and 0.2.0 of \
             `puppet:llm`; run it on a newer host, or build against 0.2.0",
        ),
        (
            "handler",
            "puppet:log/log@0.2.1",
            "`puppet:log/log@0.2.1` needs host > 0.1.0: this host, puppet 0.1.0, serves 0.1.0 and 0.2.0 of \
             `puppet:log`; run it on a newer host, or build against 0.2.0",
        ),
        (
            "handler",
            "puppet:log/log@0.0.9",
            "`puppet:log/log@0.0.9` is not served by this host, puppet 0.1.0: it serves 0.1.0 and 0.2.0 of \
             `puppet:log`; build against 0.2.0",
        ),
        (
            "handler",
            "wasi:io/poll@0.3.0",
            "`wasi:io/poll@0.3.0` needs host > 0.1.0: this host, puppet 0.1.0, serves 0.2 of `wasi:io`; \
             run it on a newer host, or build against 0.2",
        ),
        (
            "handler",
            "puppet:trading/portfolio@0.1.0",
            "import `puppet:trading/portfolio@0.1.0` is not allowed in the world `personality`",
        ),
        (
            "generator",
            "puppet:tweet/tweet@0.1.0",
            "import `puppet:tweet/tweet@0.1.0` is not allowed in the world `event-generator`",
        ),
    ];
    for (world, import, message) in table {
        assert_eq!(with(world, import).unwrap_err().to_string(), *message);
    }
    let http = with("handler", "wasi:http/outgoing-handler@0.2.0").unwrap_err();
    assert!(matches!(&http, LoadError::RefusedImport { name, .. } if name == "wasi:http/outgoing-handler@0.2.0"));
    let plain =
        r#"(component (import "run" (func)) (instance $i) (export "puppet:plugin/handler@0.1.0" (instance $i)))"#;
    assert_eq!(refusal(plain), LoadError::UnknownImport { name: "run".to_owned() });

    let good = with("generator", "puppet:llm/llm@0.1.0").unwrap();
    assert_eq!((good.world, good.capabilities), (World::EventGenerator, [Capability::Llm].into()));
    assert_eq!(good.contract, "0.1.0");
    let good = with("handler", "puppet:log/log@0.2.0").unwrap();
    assert_eq!((good.capabilities, good.contract.as_str()), ([Capability::Log].into(), "0.2.0"));
    let good = inspect(&Guest { wasi: Some("0.2.6"), host: true, ..Guest::default() }.bytes()).unwrap();
    assert_eq!((good.world, good.capabilities), (World::Personality, [Capability::Log].into()));
    assert!(good.wasi.contains("wasi:sockets/network@0.2.6"));
}

#[test]
fn an_import_that_nobody_links_is_named() {
    let sandbox = sandbox(Limits::default());
    let bytes = Guest { host: true, ..Guest::default() }.bytes();
    let compiled = sandbox.compile(&bytes).unwrap();
    let error = sandbox.prepare::<Call>(&compiled, |_| Ok(())).err().unwrap();
    assert!(error.to_string().contains("puppet:log/log@0.1.0"), "{error}");
}

#[test]
fn a_handle_of_another_shape_is_refused() {
    let text = r#"(component (core module $m (func (export "f"))) (core instance $m (instantiate $m))
        (func $f (canon lift (core func $m "f"))) (instance $i (export "handle" (func $f)))
        (export "puppet:plugin/handler@0.1.0" (instance $i)))"#;
    let sandbox = sandbox(Limits::default());
    let error = prepare(&sandbox, &wat::parse_str(text).unwrap()).err().unwrap();
    assert!(error.to_string().contains("is `func() -> `, the contract says `func(record{id:string"), "{error}");
    let none = r#"(component (instance $i) (export "puppet:plugin/handler@0.1.0" (instance $i)))"#;
    let error = prepare(&sandbox, &wat::parse_str(none).unwrap()).err().unwrap();
    assert!(error.to_string().contains("has no function `handle`"), "{error}");
}

#[test]
fn a_migration_is_of_a_version_that_is_served_and_of_its_shape() {
    let with = |export: &str| {
        format!(
            r#"(component (core module $m (func (export "f"))) (core instance $m (instantiate $m))
            (func $f (canon lift (core func $m "f"))) (instance $i (export "migrate" (func $f)))
            (instance $h) (export "puppet:plugin/handler@0.1.0" (instance $h)) (export "{export}" (instance $i)))"#
        )
    };
    assert!(inspect(&wat::parse_str(with("puppet:migration/migration@0.1.0")).unwrap()).unwrap().migrates);
    let later = refusal(&with("puppet:migration/migration@0.2.0")).to_string();
    assert!(later.starts_with("`puppet:migration/migration@0.2.0` needs host > 0.1.0"), "{later}");
    assert!(!inspect(&Guest::default().bytes()).unwrap().migrates);
    let more = r#"(core module $n (func (export "f"))) (core instance $n (instantiate $n))
        (func $f (canon lift (core func $n "f"))) (instance $i (export "migrate" (func $f)))
        (export "puppet:migration/migration@0.1.0" (instance $i))"#;
    let error = prepare(&sandbox(Limits::default()), &Guest { more, ..Guest::default() }.bytes()).err().unwrap();
    assert!(error.to_string().contains("`puppet:migration/migration@0.1.0.migrate` is `func() -> `"), "{error}");
}

#[test]
fn a_component_cut_anywhere_is_refused_without_panic() {
    let bytes = Guest { wasi: Some("0.2.0"), host: true, ..Guest::default() }.bytes();
    let whole = inspect(&bytes).unwrap();
    let (mut truncated, mut nameless) = (0, 0);
    for at in 0..bytes.len() {
        let error = match inspect(&bytes[..at]) {
            Err(error) => error,
            // Only the names for debuggers at the end are missing.
            Ok(most) => {
                assert_eq!(
                    (most.world, &most.capabilities, &most.wasi),
                    (whole.world, &whole.capabilities, &whole.wasi)
                );
                nameless += 1;
                continue;
            }
        };
        match error {
            LoadError::Truncated { at: end } => {
                assert_eq!(end, at);
                truncated += 1;
            }
            // A cut between two sections leaves a smaller component that exports nothing.
            LoadError::NoWorld { .. } | LoadError::Invalid { .. } => {}
            other => panic!("at {at}: {other}"),
        }
    }
    assert!(nameless <= 1, "{nameless}");
    assert!(truncated * 10 > bytes.len() * 9, "{truncated} of {}", bytes.len());
}

#[test]
fn damaged_bytes_never_panic() {
    let bytes = Guest { wasi: Some("0.2.0"), ..Guest::default() }.bytes();
    for at in 8..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            let _ = inspect(&damaged);
        }
    }
}

#[tokio::test]
async fn native_code_is_kept_and_a_damaged_file_is_compiled_again() {
    let dir = tempfile::tempdir().unwrap();
    let cache_dir = dir.path().join("native");
    let make = || {
        let pool = Pool { slots: 2, ..Pool::default() };
        Sandbox::new(SandboxConfig { cache_dir: Some(cache_dir.clone()), pool, ..SandboxConfig::default() }).unwrap()
    };
    let files = || -> Vec<_> { std::fs::read_dir(&cache_dir).unwrap().map(|entry| entry.unwrap().path()).collect() };
    let bytes = Guest::default().bytes();
    prepare(&make(), &bytes).unwrap();
    let [file] = &files()[..] else { panic!("{:?}", files()) };
    let whole = std::fs::read(file).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0xff;
    for damaged in [Vec::new(), whole[..whole.len() / 2].to_vec(), flipped, b"\x7fELF nonsense".to_vec()] {
        std::fs::write(file, damaged).unwrap();
        let sandbox = make();
        let prepared = prepare(&sandbox, &bytes).unwrap();
        let ended = sandbox.handle(&prepared, Call::default(), &event(), setup()).await;
        assert_eq!(ended.outcome, Outcome::Ok);
        assert_eq!(std::fs::read(file).unwrap(), whole);
    }
    assert_eq!(files().len(), 1);
    // What is kept is what runs: another component's code under this name, with its digest right.
    let traps = r#"(func (export "handle") (param i32) (result i32) unreachable)"#;
    prepare(&make(), &Guest { body: traps, ..Guest::default() }.bytes()).unwrap();
    let other = files().into_iter().find(|other| other != file).unwrap();
    std::fs::copy(other, file).unwrap();
    let sandbox = make();
    let prepared = prepare(&sandbox, &bytes).unwrap();
    let ended = sandbox.handle(&prepared, Call::default(), &event(), setup()).await;
    assert!(matches!(ended.outcome, Outcome::Breach(Breach::Trap, _)), "{:?}", ended.outcome);
}

#[test]
fn a_sandbox_without_room_is_refused() {
    let pool = |pool| Sandbox::new(SandboxConfig { pool, ..SandboxConfig::default() }).err().unwrap().to_string();
    assert!(pool(Pool { slots: 0, ..Pool::default() }).contains("`sandbox.pool.slots`"));
    assert!(pool(Pool { live_bytes: 1, ..Pool::default() }).contains("`sandbox.pool.live_bytes`"));
    let limits = Limits { fuel: 0, ..Limits::default() };
    assert!(Sandbox::new(SandboxConfig { limits, ..SandboxConfig::default() }).is_err());
}
