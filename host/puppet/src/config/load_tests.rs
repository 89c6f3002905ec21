//! The configuration as a whole: what a folder and an environment make of it.

use std::{collections::BTreeMap, fs, path::Path};

use super::{Config, LogLevel, Price, Secret, Warning, load::load_in as load_of, overlay::Environment};
use crate::trouble::Result;

const KEY: &str = "sk-very-secret-0123456789";

fn load_in(folder: &Path, file: Option<&Path>, env: &dyn Fn(&str) -> Option<String>) -> Result<(Config, Vec<Warning>)> {
    load_of(folder, file, &Environment { get: env, names: Vec::new() })
}

fn load(files: &[(&str, &str)], env: &[(&str, &str)]) -> Result<(Config, Vec<Warning>)> {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        private(&path, 0o600);
    }
    let env: BTreeMap<&str, &str> = env.iter().copied().collect();
    load_in(dir.path(), None, &|name| env.get(name).map(ToString::to_string))
}

#[cfg(unix)]
fn private(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn private(_: &Path, _: u32) {}

fn setting(config: &Config, key: &str) -> (String, String) {
    let found = config.effective().into_iter().find(|setting| setting.key == key).unwrap();
    let origin = found.origin;
    // Folders of tests differ from run to run.
    let origin = match origin.rsplit_once('/') {
        Some((before, name)) if before.contains(" (") => {
            format!("{}({name}", before.split_once('(').unwrap().0)
        }
        Some((_, name)) => name.to_owned(),
        None => origin,
    };
    (found.value, origin)
}

fn error(text: &str) -> String {
    let error = load(&[("puppet.toml", text)], &[]).unwrap_err();
    assert_eq!(error.exit as i32, 2);
    let text = error.to_string();
    let (head, rest) = text.split_once("puppet.toml").unwrap();
    format!("{}{rest}", head.split_once("]: ").unwrap().0.trim_start_matches("error["))
}

#[test]
fn the_time_to_approve_can_be_set() {
    let (config, _) = load(&[("puppet.toml", "[approvals]\nexpires = \"2h\"\n")], &[]).unwrap();
    assert_eq!(config.approvals.expires_ms, 7_200_000);
    assert_eq!(setting(&config, "approvals.expires"), ("2h".to_owned(), "puppet.toml:2".to_owned()));
    let (config, _) = load(&[("puppet.toml", "[packs]\nkeep = 0\nbytes = 5\n")], &[]).unwrap();
    assert_eq!((config.packs.keep, config.packs.bytes), (0, 5));
}

#[test]
fn the_journal_is_bounded_by_age_and_size() {
    let (config, _) = load(&[("puppet.toml", "[journal]\nkeep_days = 30\nkeep_bytes = 5000\n")], &[]).unwrap();
    assert_eq!((config.journal.keep_days, config.journal.keep_bytes), (30, 5_000));
    assert_eq!(setting(&config, "journal.keep_days"), ("30".to_owned(), "puppet.toml:2".to_owned()));
    let redacted = "[journal]\nkeep_bytes = 7\nredact = [\"event.payload.text\"]\n";
    let (config, _) = load(&[("puppet.toml", redacted)], &[]).unwrap();
    assert_eq!((config.journal.keep_days, config.journal.keep_bytes, config.journal.redact.len()), (0, 7, 1));
    assert!(error("[journal]\nkeep_days = 36501\n").starts_with("out-of-range:2: journal.keep_days: "));
}

#[test]
fn what_is_not_kept_is_named_by_paths_that_there_are() {
    let paths = "[\n  \"event.payload.text\",\n  \"reads.llm.complete.answer\",\n]";
    let (config, _) = load(&[("puppet.toml", &format!("[journal]\nredact = {paths}\n"))], &[]).unwrap();
    let shown = "[\"event.payload.text\", \"reads.llm.complete.answer\"]".to_owned();
    assert_eq!(setting(&config, "journal.redact"), (shown, "puppet.toml:2".to_owned()));
    assert_ne!(config.journal.redaction, Config::default().journal.redaction);
    let table = [
        ("\"reads.lm.complete.answer\"", "`lm` is not known here\n  help: did you mean `llm`?"),
        ("\"decisions.remembr.body.x\"", "`remembr` is not known here\n  help: did you mean `remember`?"),
        ("\"payload.text\"", "`payload` is not known here\n  help: known here: event, reads, decisions"),
        ("\"decisions.like.body.of\"", "it is no text, and nothing else can be [redacted] there"),
    ];
    for (path, said) in table {
        let told = error(&format!("[journal]\nredact = [{path}]\n"));
        assert!(told.starts_with("bad-value:2: journal.redact: ") && told.contains(said), "{told}");
    }
    assert!(error("[journal]\nredact = \"event.payload.text\"\n").starts_with("wrong-type:2"));
    assert!(error("[journal]\nredacted = []\n").contains("did you mean `redact`?"));
}

#[test]
fn with_nothing_there_are_the_defaults() {
    let (config, warnings) = load(&[], &[]).unwrap();
    assert_eq!(config, Config::default());
    assert!(warnings.is_empty());
    assert!(config.effective().iter().all(|setting| setting.origin == "default"));
}

#[test]
fn the_environment_wins_over_dotenv_and_dotenv_over_the_file() {
    let file = "[host]\nlog_level = \"warn\"\nworkers = 7\n[generators.news]\ninterval = \"2h\"\n";
    let dotenv = "ENGINE_LOG_LEVEL=debug\nNEWS_EVENT_INTERVAL=3600000\n";
    let (config, _) =
        load(&[("puppet.toml", file), (".env", dotenv)], &[("ENGINE_LOG_LEVEL", "TRACE"), ("PUPPET_DATA", "/d")])
            .unwrap();
    assert_eq!(config.host.log_level, LogLevel::Trace);
    assert_eq!(config.generators.news.interval_ms, 3_600_000);
    for (key, value, origin) in [
        ("host.log_level", "trace", "env ENGINE_LOG_LEVEL"),
        ("host.data", "/d", "env PUPPET_DATA"),
        ("host.workers", "7", "puppet.toml:3"),
        ("generators.news.interval", "1h", "env NEWS_EVENT_INTERVAL (.env)"),
        ("generators.encounters.interval", "8h", "default"),
    ] {
        assert_eq!(setting(&config, key), (value.to_owned(), origin.to_owned()), "{key}");
    }
}

#[test]
fn an_empty_variable_is_not_set() {
    let (config, _) =
        load(&[(".env", "OPENAI_API_KEY=\nENGINE_LOG_LEVEL=error\n")], &[("ENGINE_LOG_LEVEL", "")]).unwrap();
    assert_eq!(config.host.log_level, LogLevel::Error);
    assert!(config.llm.providers.is_empty());
}

#[test]
fn presets_exist_when_their_keys_are_set() {
    let env = [
        ("OPENAI_API_KEY", KEY),
        ("GROK_API_KEY", "g"),
        ("GROK_API_ENDPOINT", "https://example.test/v1/chat/completions"),
        ("GROK_MODEL", "grok-2"),
    ];
    let (config, warnings) = load(&[("puppet.toml", "[llm]\ndefault = \"openai\"\n")], &env).unwrap();
    let openai = &config.llm.providers["openai"];
    assert_eq!((openai.base_url.as_str(), openai.model.as_str()), ("https://api.openai.com/v1", "gpt-4o"));
    assert_eq!(openai.key.as_ref().map(Secret::expose), Some(KEY));
    let grok = &config.llm.providers["grok"];
    assert_eq!((grok.base_url.as_str(), grok.model.as_str()), ("https://example.test/v1", "grok-2"));
    assert_eq!(setting(&config, "llm.providers.grok.model").1, "env GROK_MODEL");
    assert_eq!(setting(&config, "llm.providers.openai.model").1, "default");
    assert!(warnings.is_empty(), "their prices are listed: {warnings:?}");

    let (config, _) = load(&[], &[("GROK_API_KEY", "g")]).unwrap();
    let grok = &config.llm.providers["grok"];
    assert_eq!((grok.base_url.as_str(), grok.model.as_str()), ("https://api.x.ai/v1", "grok-1"));
    assert!(!config.llm.providers.contains_key("openai"));
}

#[test]
fn credentials_have_one_place_each_and_show_no_value() {
    let file = "[credentials]\na = { env = \"MY_KEY\" }\n\"b/c\" = { file = \"k\" }\nd = { command = [\"p\", \"hush\"] }\n\
                [store]\nkey = \"a\"\nmongodb = \"d\"\n";
    let (config, _) = load(&[("puppet.toml", file), (".env", "MY_KEY=abc\n")], &[]).unwrap();
    assert_eq!(config.credentials["a"].value.as_ref().map(Secret::expose), Some("abc"));
    assert!(config.credentials.values().all(super::Credential::is_set));
    assert!(matches!(&config.credentials["b/c"].place, super::CredentialPlace::File(path) if path.ends_with("k")));
    assert_eq!(setting(&config, "credentials.a.env"), ("MY_KEY".to_owned(), "puppet.toml:2".to_owned()));
    assert_eq!(setting(&config, "credentials.d.command").0, "p ********");
    assert_eq!(setting(&config, "store.key"), ("a".to_owned(), "puppet.toml:6".to_owned()));
    assert_eq!(setting(&config, "store.mongodb"), ("d".to_owned(), "puppet.toml:7".to_owned()));

    let (unset, _) = load(&[("puppet.toml", file)], &[]).unwrap();
    assert!(!unset.credentials["a"].is_set());
    for (line, code, field) in [
        ("a = {}", "bad-value", "credentials.a"),
        ("a = { env = \"A\", file = \"b\" }", "bad-value", "credentials.a"),
        ("a = { env = \"sk-pasted\" }", "bad-value", "credentials.a.env"),
        ("a = { command = [] }", "bad-value", "credentials.a.command"),
        ("a = { value = \"x\" }", "unknown-key", "credentials.a.value"),
        ("\"a b\" = { env = \"A\" }", "bad-value", "credentials.a b"),
        ("a = \"sk-pasted\"", "wrong-type", "credentials.a"),
    ] {
        let trouble = load(&[("puppet.toml", &format!("[credentials]\n{line}\n"))], &[]).unwrap_err();
        assert_eq!(
            (trouble.code, trouble.place.field.as_deref(), trouble.place.line),
            (code, Some(field), Some(2)),
            "{line}"
        );
        assert!(!trouble.to_string().contains("sk-pasted"), "{trouble}");
    }
}

#[test]
fn providers_of_the_file_are_read_whole() {
    let file = r#"[llm.providers.mine]
kind = "openai"
base_url = "http://127.0.0.1:8080/v1/"
key_env = "MY_KEY"
model = "m"
timeout_ms = 5000
retries = 0
headers = { x-tenant = "t0p-secret" }
[llm.providers.mine.price]
prompt_usd_per_million = "0.15"
completion_usd_per_million = "0.60"
"#;
    let (config, warnings) = load(&[("puppet.toml", file), (".env", "MY_KEY=abc\n")], &[]).unwrap();
    let mine = &config.llm.providers["mine"];
    assert_eq!(mine.base_url, "http://127.0.0.1:8080/v1");
    assert_eq!((mine.timeout_ms, mine.retries), (5_000, 0));
    assert_eq!(
        mine.price,
        Some(Price { prompt_usd_micros_per_million: 150_000, completion_usd_micros_per_million: 600_000 })
    );
    assert_eq!(setting(&config, "llm.providers.mine.key"), ("********".into(), "env MY_KEY (.env)".into()));
    assert_eq!(setting(&config, "llm.providers.mine.headers.x-tenant"), ("********".into(), "puppet.toml:8".into()));
    assert_eq!(setting(&config, "llm.providers.mine.price.prompt_usd_per_million").0, "0.15");
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn the_way_to_a_model_is_read_for_all_and_for_one() {
    let file = r#"[llm]
fallback = ["home", "offline"]
concurrency = 4
[llm.agents.ember]
fallback = []
[llm.breaker]
failures = 0
open = "2m"
[llm.cache]
entries = 10
bytes = 1000
ttl = "5m"
[llm.providers.home]
base_url = "http://a.test"
model = "m"
"#;
    let (config, _) = load(&[("puppet.toml", file)], &[]).unwrap();
    let routing = &config.llm.routing;
    assert_eq!((routing.after("iris"), routing.after("ember").len()), (&["home", "offline"].map(str::to_owned)[..], 0));
    assert_eq!((routing.concurrency, routing.longest()), (4, 2));
    assert_eq!((routing.breaker.rules().failures, routing.breaker.rules().open.as_secs()), (0, 120));
    let cache = routing.cache.rules();
    assert_eq!((cache.entries, cache.bytes, cache.ttl.as_secs()), (10, 1_000, 300));
    assert_eq!(setting(&config, "llm.agents.ember.fallback"), ("[]".to_owned(), "puppet.toml:5".to_owned()));
    assert_eq!(Config::default().llm.routing.cache.rules().entries, 0, "nothing is kept unless it is said");
    for (text, said) in [
        ("[llm]\nfallback = [\"ofline\"]\n", "bad-value:2: llm.fallback: there is no provider `ofline`"),
        (
            "[llm.agents.ember]\nfallback = [\"openai\"]\n",
            "bad-value:2: llm.agents.ember.fallback: there is no provider `openai`\n  help: set OPENAI_API_KEY",
        ),
        ("[llm]\nmoderation = \"home\"\n", "bad-value:2: llm.moderation: there is no provider `home`"),
        (
            "[llm]\nmoderation = \"offline\"\n",
            "bad-value:2: llm.moderation: `offline` is no judge of texts\n  help: name a",
        ),
        (
            "[llm]\nfallback = [\"offline\", \"offline\"]\n",
            "bad-value:2: llm.fallback: `offline` is named twice\n  help: name each once",
        ),
        (
            "[llm.cache]\nentries = 1\nbytes = 0\n",
            "bad-value:3: llm.cache.bytes: nothing can be kept in 0 bytes\n  help: give it room",
        ),
        ("[llm.agents.ember]\n", "bad-value:1: llm.agents.ember: expected `fallback`"),
        ("[llm.agents.ember]\nmodel = \"x\"\n", "unknown-key:2: llm.agents.ember.model"),
        ("[llm]\nconcurrency = 0\n", "out-of-range:2: llm.concurrency"),
        ("[llm.breaker]\nopen = \"soon\"\n", "bad-value:2: llm.breaker.open"),
    ] {
        let told = error(text);
        assert!(told.starts_with(said), "{text}: {told}");
    }
}

#[test]
fn secrets_are_never_shown() {
    let file = format!(
        "[llm.providers.mine]\nbase_url = \"https://a.test\"\nmodel = \"m\"\nkey_env = \"K\"\nheaders = {{ a = \"{KEY}\" }}\n"
    );
    let (config, warnings) =
        load(&[("puppet.toml", &file)], &[("K", KEY), ("OPENAI_API_KEY", KEY), ("TWITTER_API_KEY", KEY)]).unwrap();
    let shown = format!(
        "{config:?} {} {} {warnings:?}",
        serde_json::to_string(&config).unwrap(),
        serde_json::to_string(&config.effective()).unwrap()
    );
    assert!(!shown.contains(KEY), "{shown}");

    // Nor by errors about what stands where a key was put by mistake.
    for wrong in [
        format!("[llm.providers.mine]\nkey = \"{KEY}\"\n"),
        format!("[llm.providers.mine]\nkey_env = \"{KEY}\"\n"),
        format!("[llm.providers.mine]\nkey_secret = \"{KEY}\"\n"),
        format!("[llm.providers.mine]\nbase_url = \"https://user:{KEY}@a.test\"\n"),
        format!("[llm.providers.mine]\nheaders = [\"{KEY}\"]\n"),
        format!("[llm.providers.mine]\nmodel = {KEY}\n"),
    ] {
        assert!(!error(&wrong).contains(KEY), "{wrong}");
    }
    let broken = load(&[(".env", &format!("A=1\nOPENAI KEY {KEY}\n"))], &[]).unwrap_err().to_string();
    assert!(!broken.contains(KEY) && broken.contains(".env:2: expected NAME=value"), "{broken}");
    let level = load(&[], &[("ENGINE_LOG_LEVEL", KEY)]).unwrap_err().to_string();
    assert!(!level.contains(KEY) && level.contains("ENGINE_LOG_LEVEL: expected one of off"), "{level}");
}

#[test]
fn errors_name_code_line_field_and_remedy() {
    for (text, expected) in [
        ("[hots]\n", "unknown-key:1: hots: `hots` is not a key\n  help: did you mean `host`?"),
        (
            "[host]\n\ntimzone = 1\n",
            "unknown-key:3: host.timzone: `timzone` is not a key\n  help: did you mean `timezone`?",
        ),
        (
            "[web]\nport = 1\n",
            "unknown-key:1: web: `web` is not a key\n  help: known here: host, credentials, store, api, llm, http, memory, generators, approvals, mailbox, outbox, packs, swap, sandbox, invocation",
        ),
        (
            "[generators.mood_swings]\n",
            "unknown-key:1: generators.mood_swings: `mood_swings` is not a key\n  help: did you mean `mood-swings`?",
        ),
        (
            "[host]\nworkers = \"7\"\n",
            "wrong-type:2: host.workers: expected a whole number from 1 to 1000, found a text",
        ),
        ("[host]\nworkers = 0\n", "out-of-range:2: host.workers: expected a whole number from 1 to 1000, found 0"),
        ("[host]\nworkers = -3\n", "out-of-range:2: host.workers: expected a whole number from 1 to 1000, found -3"),
        ("host = 1\n", "wrong-type:1: host: expected a table, found a whole number"),
        ("[host]\nlog_level = \"loud\"\n", "bad-value:2: host.log_level: expected one of off, error"),
        ("[host]\ntimezone = \"Europe/Berlim\"\n", "bad-value:2: host.timezone: expected the name of a time zone"),
        ("[host]\ntimezone = \"not a zone\"\n", "bad-value:2: host.timezone: expected the name of a time zone"),
        ("[host]\ntimezone = \"Europe/Berlinn\"\n", "bad-value:2: host.timezone: expected the name of a time zone"),
        ("[host]\ndata = \"a\"\ndata = \"b\"\n", "toml-syntax:3: duplicate key"),
        ("[host\n", "toml-syntax:1: "),
        (
            "[generators.news]\ninterval = \"6 hours\"\n",
            "bad-value:2: generators.news.interval: expected a length of time",
        ),
        (
            "[approvals]\nexpires = \"0s\"\n",
            "bad-value:2: approvals.expires: expected a length of time from 1s to 366d",
        ),
        (
            "[generators.news]\ninterval = 0\n",
            "out-of-range:2: generators.news.interval: expected a whole number from 1000",
        ),
        (
            "[generators.news]\nenabled = \"no\"\n",
            "wrong-type:2: generators.news.enabled: expected true or false, found a text",
        ),
        (
            "[llm]\ndefault = \"ofline\"\n",
            "bad-value:2: llm.default: there is no provider `ofline`\n  help: did you mean `offline`?",
        ),
        (
            "[llm]\ndefault = \"grok\"\n",
            "bad-value:2: llm.default: there is no provider `grok`\n  help: set GROK_API_KEY",
        ),
        (
            "[memory]\nembeddings = \"ofline\"\n",
            "bad-value:2: memory.embeddings: there is no provider `ofline`\n  help: did you mean `offline`?",
        ),
        (
            "[llm.providers.home]\nbase_url = \"http://a.test\"\nmodel = \"m\"\n[memory]\nembeddings = \"home\"\n",
            "bad-value:5: memory.embeddings: `home` has no model that makes vectors\n  help: set embedding_model in [llm.providers.home]",
        ),
        (
            "[memory]\nembeddings = \"openai\"\n",
            "bad-value:2: memory.embeddings: there is no provider `openai`\n  help: set OPENAI_API_KEY",
        ),
        (
            "[memory]\nembedings = \"x\"\n",
            "unknown-key:2: memory.embedings: `embedings` is not a key\n  help: did you mean `embeddings`?",
        ),
        (
            "[memory]\nembeddings = true\n",
            "wrong-type:2: memory.embeddings: expected `offline` or the name of a provider, found true or false",
        ),
        ("[llm.providers.offline]\n", "bad-value:1: llm.providers.offline: `offline` is built in"),
        ("[llm.providers.a]\nmodel = \"m\"\n", "missing-key:2: llm.providers.a.base_url: is missing"),
        ("[llm.providers.a]\nkind = \"grok\"\n", "bad-value:2: llm.providers.a.kind: expected \"openai\""),
        ("[llm.providers.a]\nkey = \"x\"\n", "bad-value:1: llm.providers.a: a key does not belong in this file"),
        (
            "[llm.providers.a]\nkey_env = \"A\"\nkey_secret = \"llm/a\"\n",
            "bad-value:3: llm.providers.a.key_secret: `key_env` and `key_secret` are both set",
        ),
        (
            "[llm.providers.a.price]\nprompt_usd_per_million = 0.15\n",
            "wrong-type:2: llm.providers.a.price.prompt_usd_per_million: expected dollars as a text, for example \"0.15\", found a number with a point",
        ),
        (
            "[llm.providers.a.price]\nprompt_usd_per_million = \"0.15\"\n",
            "bad-value:1: llm.providers.a.price.completion_usd_per_million: is missing",
        ),
        (
            "[invocation]\ndeadline_ms = 1\n",
            "out-of-range:2: invocation.deadline_ms: expected a whole number from 100 to 3600000, found 1",
        ),
        ("[sandbox.limits]\nfuel = 99999999999999999999\n", "toml-syntax:2: "),
        ("[sandbox]\nfuel = 1\n", "unknown-key:2: sandbox.fuel: `fuel` is not a key\n  help: known here: limits, pool"),
    ] {
        let found = error(text);
        assert!(found.starts_with(expected), "{text}\nexpected {expected}\nfound    {found}");
    }
}

#[test]
fn a_provider_with_a_model_of_vectors_makes_those_of_memory() {
    let file = "[llm.providers.home]\nbase_url = \"http://a.test\"\nmodel = \"m\"\nembedding_model = \"e\"\n\
                [memory]\nembeddings = \"home\"\n";
    let (config, _) = load(&[("puppet.toml", file)], &[]).unwrap();
    assert_eq!(setting(&config, "memory.embeddings"), ("home".to_owned(), "puppet.toml:6".to_owned()));
    assert_eq!(setting(&config, "llm.providers.home.embedding_model"), ("e".to_owned(), "puppet.toml:4".to_owned()));
    let (config, _) =
        load(&[("puppet.toml", "[memory]\nembeddings = \"openai\"\n")], &[("OPENAI_API_KEY", KEY)]).unwrap();
    assert_eq!(setting(&config, "llm.providers.openai.embedding_model").0, "text-embedding-3-small");
    let grok = load(&[("puppet.toml", "[memory]\nembeddings = \"grok\"\n")], &[("GROK_API_KEY", "g")]).unwrap_err();
    assert!(grok.to_string().contains("`grok` has no model that makes vectors"), "{grok}");
}

#[test]
fn the_sandbox_is_passed_through_with_its_places() {
    let (config, _) = load(&[("puppet.toml", "[sandbox.limits]\nfuel = 5\n[sandbox.pool]\nslots = 2\n")], &[]).unwrap();
    assert_eq!(config.sandbox["limits"]["fuel"].as_integer(), Some(5));
    assert_eq!(setting(&config, "sandbox.pool.slots"), ("2".to_owned(), "puppet.toml:4".to_owned()));
    let error = config.unknown_key("sandbox.limits.fuel", &["fuel_per_event", "fuels"]).to_string();
    assert!(
        error.contains("puppet.toml:2: sandbox.limits.fuel: `fuel` is not a key\n  help: did you mean `fuels`?"),
        "{error}"
    );
    let error = config.bad_value("sandbox.pool.slots", "too few", "").to_string();
    assert!(error.contains("puppet.toml:4: sandbox.pool.slots: too few"), "{error}");
}

#[test]
fn data_is_relative_to_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("other.toml");
    fs::write(&file, "[host]\ndata = \"here\"\n").unwrap();
    let (config, _) = load_in(Path::new("/nowhere"), Some(&file), &|_| None).unwrap();
    assert_eq!(config.host.data, dir.path().join("here"));
    let missing = load_in(dir.path(), Some(&dir.path().join("none.toml")), &|_| None).unwrap_err();
    assert_eq!(missing.code, "config-file");
}

#[test]
fn what_is_understood_without_effect_and_what_is_mistyped_is_said() {
    let dotenv = "ENGINE_POST_INTERVAL=3000\nTWITTER_USERNAME_news-bot=x\nOPENAI_API_KYE=x\nPATH_OF_SOMETHING_ELSE=x\n";
    let (_, warnings) = load(&[(".env", dotenv)], &[("ENGINE_POST_INTERVAL", "3000"), ("DRY_RUN", "x")]).unwrap();
    let mut said: Vec<(Option<String>, &str)> =
        warnings.iter().map(|warning| (warning.place.field.clone(), warning.code)).collect();
    said.sort();
    assert_eq!(
        said,
        [
            (Some("DRY_RUN".to_owned()), "variable-not-used"),
            (Some("ENGINE_POST_INTERVAL".to_owned()), "variable-not-used"),
            (Some("OPENAI_API_KYE".to_owned()), "unknown-variable"),
            (Some("TWITTER_USERNAME_news-bot".to_owned()), "variable-not-used"),
        ]
    );
}

#[test]
fn a_provider_whose_key_is_missing_is_said() {
    let file = "[llm.providers.openai]\nmodel = \"m\"\n";
    let (config, warnings) = load(&[("puppet.toml", file)], &[]).unwrap();
    assert_eq!(config.llm.providers["openai"].key, None);
    let warning = warnings.iter().find(|warning| warning.code == "key-not-set").unwrap();
    assert!(warning.to_string().contains("puppet.toml:2"), "{warning}");
    assert!(warning.remedy.contains("OPENAI_API_KEY"));
    // The environment wins over the file for the model of a preset.
    let (config, _) = load(&[("puppet.toml", file)], &[("OPENAI_MODEL", "other")]).unwrap();
    assert_eq!(config.llm.providers["openai"].model, "other");
}

#[cfg(unix)]
#[test]
fn a_dotenv_that_others_can_read_is_warned_about_and_never_exported() {
    let dir = tempfile::tempdir().unwrap();
    let dotenv = dir.path().join(".env");
    fs::write(&dotenv, "ENGINE_LOG_LEVEL=debug\n").unwrap();
    for (mode, warned) in [(0o600, false), (0o640, true), (0o604, true)] {
        private(&dotenv, mode);
        let (config, warnings) = load_in(dir.path(), None, &|_| None).unwrap();
        assert_eq!(warnings.iter().any(|warning| warning.code == "env-file-open"), warned, "{mode:o}");
        assert_eq!(config.host.log_level, LogLevel::Debug);
    }
    assert_ne!(std::env::var("ENGINE_LOG_LEVEL").as_deref(), Ok("debug"));
}

#[test]
fn a_preset_fills_in_what_is_not_given() {
    let file = "[llm.providers.home]\npreset = \"ollama\"\nmodel = \"m\"\n\
                [llm.providers.anthropic]\nmodel = \"claude\"\n\
                [llm.providers.other]\npreset = \"openrouter\"\nmodel = \"a/b\"\nbase_url = \"http://127.0.0.1:9/v1\"\n\
                key_secret = \"llm/other\"\nstream = false\nidle_timeout_ms = 100\napi = \"responses\"\n";
    let (config, warnings) = load(&[("puppet.toml", file)], &[("ANTHROPIC_API_KEY", KEY)]).unwrap();
    let of = |name: &str, key: &str| setting(&config, &format!("llm.providers.{name}.{key}")).0;
    assert_eq!(of("home", "base_url"), "http://127.0.0.1:11434/v1");
    assert_eq!((of("home", "preset"), of("home", "price.prompt_usd_per_million")), ("ollama".into(), "0".into()));
    assert_eq!(config.llm.providers["home"].key_source, None);
    let anthropic = &config.llm.providers["anthropic"];
    assert_eq!((anthropic.preset, anthropic.key.as_ref().map(Secret::expose)), (Some("anthropic"), Some(KEY)));
    let other = &config.llm.providers["other"];
    assert_eq!((other.base_url.as_str(), other.preset), ("http://127.0.0.1:9/v1", Some("openrouter")));
    assert_eq!((of("other", "key_secret"), of("other", "api")), ("llm/other".into(), "responses".into()));
    assert_eq!((other.stream, other.idle_timeout_ms), (false, 100));
    assert_eq!((of("home", "stream"), of("home", "idle_timeout_ms")), ("true".into(), "30000".into()));
    let codes: Vec<&str> = warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, ["no-price"; 2], "one's own machine costs nothing");
    for (file, said) in [
        (
            "[llm.providers.a]\npreset = \"olama\"\n",
            "2: llm.providers.a.preset: no provider is known as `olama`\n  help: did you mean `ollama`?",
        ),
        ("[llm.providers.a]\npreset = \"vllm\"\n", "llm.providers.a.model: is missing"),
        ("[llm.providers.a]\napi = \"chats\"\n", "2: llm.providers.a.api: expected `chat` or `responses`"),
        ("[llm.providers.a]\nstream = 1\n", "2: llm.providers.a.stream: expected true or false"),
    ] {
        let trouble = load(&[("puppet.toml", file)], &[]).unwrap_err().to_string();
        assert!(trouble.contains(said), "{trouble}");
    }
}
