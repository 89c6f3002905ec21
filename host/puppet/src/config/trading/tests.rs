//! `[trading]` as it is read: whole, refused, and with what the environment adds.

use std::{collections::BTreeMap, fs};

use puppet_backtest::{Models, Slippage};
use puppet_solana::{Network, swap::Via};

use super::{
    super::{Config, KeySource, Level, Secret, Warning, load::load_in, overlay::Environment},
    RpcPlace, Trading, TrendingList,
};
use crate::trouble::Result;

const KEY: &str = "4NMwxzmYj2uvHuq8xoqhY8RXg63KSVJM1DXkpbmkUY7YQWuoyQgFnnzn6yo3CMnqZasnNPNuAT2TLwQsCaKkUddp";
const USDC: &str = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";
const SOL: &str = "So11111111111111111111111111111111111111112";

fn load(text: &str, env: &[(&str, &str)]) -> Result<(Config, Vec<Warning>)> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("puppet.toml"), text).unwrap();
    let env: BTreeMap<&str, &str> = env.iter().copied().collect();
    let names = env.keys().map(ToString::to_string).collect();
    let get = |name: &str| env.get(name).map(ToString::to_string);
    load_in(dir.path(), None, &Environment { get: &get, names })
}

fn trading(text: &str) -> Trading {
    load(text, &[]).unwrap().0.trading
}

fn error(text: &str) -> String {
    let error = load(text, &[]).unwrap_err();
    assert_eq!(error.exit as i32, 2);
    let told = error.to_string();
    assert!(!told.contains(KEY), "{told}");
    let (head, rest) = told.split_once("puppet.toml").unwrap();
    format!("{}{rest}", head.split_once("]: ").unwrap().0.trim_start_matches("error["))
}

fn whole() -> String {
    format!(
        "[trading]\nnetwork = \"mainnet-beta\"\nrpc_env = \"MY_NODE\"\nmarkets = \"mine/markets.toml\"\npoll_ms = 1000\n\
         via = \"own-node\"\napprove_above = {{ \"{USDC}\" = 25000000, \"{SOL}\" = 0 }}\napprove_within = \"2m\"\n\
         [trading.jupiter]\nendpoint = \"http://127.0.0.1:9/swap/v2\"\nkey_env = \"JUPITER_API_KEY\"\n\
         [trading.wallets.main]\nkey_env = \"MAIN_KEY\"\n[trading.wallets.spare]\nkey_secret = \"wallet/other\"\n\
         [trading.paper]\nbalance = \"12.5\"\nfee_bps = 7\nslippage = \"range:500\"\nlatency_ms = 40\nparticipation_bps = 0\n\
         [trading.desks.trend]\nstrategy = \"sma-cross\"\nwallet = \"main\"\nmarkets = [\"SOL/USDC\"]\nbar = \"5m\"\n\
         agent = \"luna\"\nseed = 7\n[trading.desks.trend.params]\nfast = 5\nbias = -3\n\
         [trading.desks.by-word]\nagent = \"ada\"\nmarkets = [\"SOL/USDC\", \"BONK/USDC\"]\n\
         [trading.risk]\nenabled = true\nquote = \"{USDC}\"\nallow_mints = [\"{USDC}\", \"{SOL}\"]\nmax_order_notional = 25_000_000\n\
         [trading.risk.stop_guard]\nlosses = 3\nwithin_seconds = 86400\npause_seconds = 86400\n"
    )
}

#[test]
fn all_of_it_is_read() {
    let env =
        [("MY_NODE", "https://node.test/?api-key=very-secret-1"), ("MAIN_KEY", KEY), ("JUPITER_API_KEY", "jup-secret")];
    let (config, warnings) = load(&whole(), &env).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    let trading = &config.trading;
    assert_eq!((trading.network, trading.poll_ms, trading.via), (Network::MainnetBeta, 1_000, Via::OwnNode));
    let RpcPlace::Kept { source: KeySource::Environment(variable), value: Some(node) } = &trading.rpc else {
        panic!("{:?}", trading.rpc)
    };
    assert_eq!((variable.as_str(), node.expose()), ("MY_NODE", "https://node.test/?api-key=very-secret-1"));
    assert!(trading.markets.as_ref().unwrap().ends_with("mine/markets.toml"));
    assert_eq!(trading.approve_above, Some(BTreeMap::from([(USDC.to_owned(), 25_000_000), (SOL.to_owned(), 0)])));
    assert_eq!(trading.approve_within_ms, 120_000);
    assert_eq!(trading.wallets["main"].key.as_ref().map(Secret::expose), Some(KEY));
    assert_eq!(trading.wallets["spare"].key_source, KeySource::Secret("wallet/other".to_owned()));
    let models = trading.paper.models();
    assert_eq!((models.fee_bps, models.slippage), (7, Slippage::BarRange { bps: 500 }));
    assert_eq!((models.latency_ms, models.latency_jitter_ms, models.fill.participation_bps), (40, 0, None));
    let trend = &trading.desks["trend"];
    assert_eq!((trend.bar_seconds, trend.seed, trend.purse("trend").as_str()), (300, 7, "main"));
    assert_eq!(trend.parameters, [("fast".to_owned(), 5), ("bias".to_owned(), -3)]);
    let by_word = &trading.desks["by-word"];
    assert_eq!((by_word.strategy.as_ref(), by_word.purse("by-word").as_str()), (None, "paper/by-word"));
    let risk = trading.risk.as_ref().unwrap();
    assert_eq!((risk.enabled, risk.max_order_notional, risk.stop_guard.unwrap().losses), (true, Some(25_000_000), 3));

    // Shown with its place, and without what is secret.
    let shown = config.effective();
    let row = |key: &str| shown.iter().find(|row| row.key == key).unwrap_or_else(|| panic!("{key}"));
    assert_eq!(row("trading.wallets.main.key").value, "********");
    assert_eq!(row("trading.wallets.main.key").origin, "env MAIN_KEY");
    assert_eq!(row("trading.rpc").value, "********");
    assert_eq!(row("trading.jupiter.key").value, "********");
    assert_eq!(row("trading.desks.trend.params.bias").value, "-3");
    assert!(
        row("trading.desks.trend.params.bias").origin.ends_with("puppet.toml:31"),
        "{:?}",
        row("trading.desks.trend.params.bias")
    );
    assert_eq!(row("trading.risk.stop_guard.losses").value, "3");
    assert_eq!(row("trading.risk.max_slippage_bps").origin, "default");
    let shown = format!("{shown:?}{config:?}");
    for secret in [KEY, "very-secret-1", "jup-secret"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[test]
fn without_a_word_it_is_devnet_on_nobodys_terms() {
    let trading = trading("");
    assert_eq!(
        (trading.network, &trading.rpc, trading.approve_above.as_ref()),
        (Network::Devnet, &RpcPlace::Public, None)
    );
    assert!(trading.wallets.is_empty() && trading.desks.is_empty() && trading.risk.is_none());
    // Paper costs what a backtest reckons.
    assert_eq!(trading.paper.models(), Models::default());
}

#[test]
fn wallets_of_the_originals_variables_are_there() {
    let env = [
        ("SOLANA_PRIVATE_KEY", KEY),
        ("SOLANA_PRIVATE_KEY_NEWS_BOT", "two-two-two"),
        ("SOLANA_PRIVATE_KEY_TIDE_CLERK", "three-three"),
        ("SOLANA_PRIVATE_KEY_EMPTY", ""),
        ("SOLANA_RPC_URL", "https://one.test"),
        ("RPC_URL", "https://two.test"),
    ];
    let desk = "[trading.desks.a]\nagent = \"tide_clerk\"\nmarkets = [\"SOL/USDC\"]\n";
    let (config, warnings) = load(desk, &env).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    let names: Vec<&str> = config.trading.wallets.keys().map(String::as_str).collect();
    // By the id where the agent is named, else by the rule of the name.
    assert_eq!(names, ["news-bot", "shared", "tide_clerk"]);
    assert_eq!(config.trading.wallets["shared"].key.as_ref().map(Secret::expose), Some(KEY));
    assert_eq!(config.origin("trading.wallets.news-bot.key").to_string(), "env SOLANA_PRIVATE_KEY_NEWS_BOT");
    let RpcPlace::Kept { value: Some(node), .. } = &config.trading.rpc else { panic!("{:?}", config.trading.rpc) };
    assert_eq!(node.expose(), "https://one.test");

    // What the file says of a wallet or of the node counts.
    let file = "[trading]\nrpc_url = \"https://mine.test\"\n[trading.wallets.shared]\nkey_secret = \"wallet/mine\"\n";
    let (config, _) = load(file, &env).unwrap();
    assert_eq!(config.trading.wallets["shared"].key_source, KeySource::Secret("wallet/mine".to_owned()));
    assert_eq!(config.trading.rpc, RpcPlace::Url("https://mine.test".to_owned()));
}

#[test]
fn a_key_that_is_named_and_not_there_is_said() {
    let (config, warnings) = load("[trading.wallets.main]\nkey_env = \"MAIN_KEY\"\n", &[]).unwrap();
    let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
    assert_eq!((warning.level, warning.code), (Level::Warning, "key-not-set"));
    assert!(warning.to_string().contains("puppet.toml:2: trading.wallets.main.key_env: "), "{warning}");
    assert_eq!(config.trading.wallets["main"].key, None);
}

#[test]
fn a_key_in_the_clear_is_refused_and_not_repeated() {
    for line in [
        format!("[trading.wallets.main]\nkey = \"{KEY}\"\n"),
        format!("[trading.wallets.main]\nprivate_key = \"{KEY}\"\n"),
        format!("[trading.wallets.main]\nmnemonic = \"{KEY}\"\n"),
    ] {
        let told = error(&line);
        assert!(told.starts_with("bad-value:1: trading.wallets.main: a key does not belong in this file"), "{told}");
        assert!(told.contains("puppet wallet new main --import") && told.contains("key_env"), "{told}");
    }
    for (line, said) in [
        (
            format!("[trading.wallets.main]\nkey_env = \"{KEY}\"\n"),
            "the name of an environment variable (not the key itself)",
        ),
        (format!("[trading.wallets.main]\nkey_secret = \"{KEY}\"\n"), "the name of a secret"),
        (
            format!("[trading.wallets.main]\nkey_credential = \"{KEY}\"\n"),
            "the name of a credential (not the key itself)",
        ),
        (
            format!("[trading.wallets.main]\nkey_file = \"{KEY}\"\n"),
            "the path of a file with the key (not the key itself)",
        ),
        (
            "[trading.wallets.main]\nkey_file = \"[1,2,3]\"\n".to_owned(),
            "the path of a file with the key (not the key itself)",
        ),
        (format!("[trading.wallets]\nmain = \"{KEY}\"\n"), "expected a table, found a text"),
        (format!("[trading]\nrpc_url = \"https://node.test/{KEY}\"\n"), "seems to hold a key"),
        ("[trading]\nrpc_url = \"https://node.test/?api-key=a\"\n".to_owned(), "seems to hold a key"),
        ("[trading]\nrpc_url = \"https://me:secret@node.test\"\n".to_owned(), "holds no user or password"),
    ] {
        assert!(error(&line).contains(said), "{}", error(&line));
        assert!(!error(&line).contains(KEY), "{}", error(&line));
    }
}

#[test]
fn errors_name_line_field_and_remedy() {
    let desk = |rest: &str| format!("[trading.desks.a]\n{rest}");
    for (text, expected) in [
        ("[tradin]\n".to_owned(), "unknown-key:1: tradin: `tradin` is not a key\n  help: did you mean `trading`?"),
        (
            "[trading]\nnetwork = \"mainnet\"\n".to_owned(),
            "bad-value:2: trading.network: `mainnet` is no network\n  help: did you mean `mainnet-beta`?",
        ),
        ("[trading]\nvia = \"jup\"\n".to_owned(), "bad-value:2: trading.via: `jup` is no way to send"),
        ("[trading]\npoll_ms = 1\n".to_owned(), "out-of-range:2: trading.poll_ms: "),
        (
            "[trading]\nrpc_env = \"A\"\nrpc_url = \"https://a.test\"\n".to_owned(),
            "bad-value:3: trading.rpc_url: the endpoint is named twice",
        ),
        (
            "[trading]\nrpc_env = \"A\"\nrpc_secret = \"a/b\"\n".to_owned(),
            "bad-value:3: trading.rpc_secret: `rpc_env` and `rpc_secret` are both set",
        ),
        (
            "[trading]\nrpc_credential = \"none\"\n".to_owned(),
            "bad-value:2: trading.rpc_credential: there is no credential `none`",
        ),
        (
            "[trading.wallets.main]\nkey_credential = \"none\"\n".to_owned(),
            "bad-value:2: trading.wallets.main.key_credential: there is no credential `none`",
        ),
        (
            "[trading.wallets.\"a/b\"]\nkey_env = \"A\"\n".to_owned(),
            "bad-value:1: trading.wallets.a/b: expected a name",
        ),
        ("[trading.wallets.a]\n".to_owned(), "bad-value:1: trading.wallets.a: names no key"),
        (
            "[trading]\napprove_above = { USDC = 5 }\n".to_owned(),
            "bad-value:2: trading.approve_above.USDC: it is no mint; a symbol is none",
        ),
        (
            format!("[trading]\napprove_above = {{ \"{USDC}\" = -5 }}\n"),
            "expected a whole number from 0 to 9223372036854775807, found -5",
        ),
        ("[trading.paper]\nbalance = \"1e3\"\n".to_owned(), "bad-value:2: trading.paper.balance: "),
        ("[trading.paper]\nbalance = \"0.0\"\n".to_owned(), "bad-value:2: trading.paper.balance: "),
        ("[trading.paper]\nbalance = 5\n".to_owned(), "wrong-type:2: trading.paper.balance: "),
        (
            "[trading.paper]\nslippage = \"wide:5\"\n".to_owned(),
            "bad-value:2: trading.paper.slippage: expected `fixed:10`",
        ),
        (desk(""), "bad-value:1: trading.desks.a: nobody trades on this desk"),
        (desk("strategy = \"dca\"\n"), "bad-value:1: trading.desks.a: names no market"),
        (desk("strategy = \"dca\"\nmarkets = []\n"), "bad-value:3: trading.desks.a.markets: "),
        (
            desk("strategy = \"dca\"\nmarkets = [\"SOL/USDC\", \"SOL/USDC\"]\n"),
            "bad-value:3: trading.desks.a.markets: a market is named twice",
        ),
        (
            desk("strategy = \"dca\"\nmarkets = [\"SOL/USDC\"]\nbar = \"1500ms\"\n"),
            "bad-value:4: trading.desks.a.bar: ",
        ),
        (
            desk("agent = \"a b\"\nmarkets = [\"SOL/USDC\"]\n"),
            "bad-value:2: trading.desks.a.agent: expected the id of an agent",
        ),
        (
            desk("agent = \"luna\"\nmarkets = [\"SOL/USDC\"]\nparams = { fast = 5 }\n"),
            "trading.desks.a.params: there is no strategy that has them",
        ),
        (
            desk("strategy = \"dca\"\nmarkets = [\"SOL/USDC\"]\nparams = { fast = 0.5 }\n"),
            "wrong-type:4: trading.desks.a.params.fast: expected a whole number, found a number with a point",
        ),
        (
            desk(
                "agent = \"a\"\nmarkets = [\"SOL/USDC\"]\n[trading.desks.b]\nagent = \"a\"\nmarkets = [\"SOL/USDC\"]\n",
            ),
            "bad-value:4: trading.desks.b: another desk is of the same agent",
        ),
        (
            desk(
                "agent = \"a\"\nwallet = \"w\"\nmarkets = [\"SOL/USDC\"]\n[trading.desks.b]\nstrategy = \"dca\"\nwallet = \"w\"\nmarkets = [\"SOL/USDC\"]\n",
            ),
            "bad-value:5: trading.desks.b: another desk trades on the same wallet",
        ),
    ] {
        assert!(error(&text).contains(expected), "{text}\n{}", error(&text));
    }
}

#[test]
fn a_second_price_is_a_place_in_a_document() {
    let second = |rest: &str| format!("[trading.second_prices.\"SOL/USDC\"]\n{rest}");
    let whole = second(
        "url = \"https://a.test/price?symbol=SOL\"\npointer = \"/0/a~1b\"\nkey_env = \"SECOND_KEY\"\n\
         key_header = \"authorization\"\ntimeout_ms = 500\n",
    );
    let (config, warnings) = load(&whole, &[("SECOND_KEY", KEY)]).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    let found = &config.trading.second_prices["SOL/USDC"];
    assert_eq!((found.source.url.as_str(), found.source.timeout_ms), ("https://a.test/price?symbol=SOL", 500));
    assert_eq!((found.pointer.to_string().as_str(), found.source.key_header.as_str()), ("/0/a~1b", "authorization"));
    assert_eq!(found.source.key.as_ref().map(Secret::expose), Some(KEY));
    assert!(config.trading.secrets().any(|secret| secret.expose() == KEY));
    let shown = config.effective();
    let row =
        |key: &str| &shown.iter().find(|row| row.key == format!("trading.second_prices.SOL/USDC.{key}")).unwrap().value;
    assert_eq!(
        (row("key").as_str(), row("pointer").as_str(), row("timeout_ms").as_str()),
        ("********", "/0/a~1b", "500")
    );
    assert!(!format!("{shown:?}{config:?}").contains(KEY));
    let (_, warnings) = load(&whole, &[]).unwrap();
    assert!(
        warnings[0].to_string().contains("the second price of SOL/USDC is asked for without a key"),
        "{warnings:?}"
    );

    let whole = "url = \"https://a.test\"\npointer = \"/price\"\n";
    for (text, expected) in [
        (second("pointer = \"/price\"\n"), "bad-value:1: trading.second_prices.SOL/USDC: names no address"),
        (second("url = \"https://a.test\"\n"), "bad-value:1: trading.second_prices.SOL/USDC: does not say where"),
        (
            second("url = \"a.test\"\npointer = \"/price\"\n"),
            "bad-value:2: trading.second_prices.SOL/USDC.url: expected an address",
        ),
        (second("url = \"https://me:pw@a.test\"\npointer = \"/price\"\n"), "holds no user or password"),
        (second("url = \"https://a.test?a=1&API_KEY=x\"\npointer = \"/price\"\n"), "seems to hold a key"),
        (second("url = \"https://a.test\"\npointer = \"price\"\n"), "expected a JSON pointer"),
        (second(&format!("{whole}key_header = \"a b\"\n")), "expected the name of a header"),
        (second(&format!("{whole}timeout_ms = 1\n")), "out-of-range:4: trading.second_prices.SOL/USDC.timeout_ms: "),
        (second(&format!("{whole}prise = 1\n")), "unknown-key:4: trading.second_prices.SOL/USDC.prise: "),
        (second(&format!("{whole}key_credential = \"none\"\n")), "there is no credential `none`"),
        (
            "[trading.second_prices.SOL]\n".to_owned(),
            "bad-value:1: trading.second_prices.SOL: expected the id of a market",
        ),
    ] {
        assert!(error(&text).contains(expected), "{text}\n{}", error(&text));
    }

    // A rule that compares two prices has two for every market of a desk.
    let desk = "[trading.desks.a]\nstrategy = \"dca\"\nmarkets = [\"SOL/USDC\", \"JUP/USDC\"]\n";
    let rules = format!("[trading.risk]\nquote = \"{USDC}\"\nmax_deviation_bps = 50\n");
    let told = error(&format!("{desk}{}{rules}", second(whole)));
    assert!(told.contains("bad-value:3: trading.desks.a.markets: `max_deviation_bps` compares two prices"), "{told}");
    assert!(told.contains("help: add [trading.second_prices.\"JUP/USDC\"]"), "{told}");
    let other = second(whole).replace("SOL/USDC", "JUP/USDC");
    assert_eq!(trading(&format!("{desk}{}{other}{rules}", second(whole))).second_prices.len(), 2);
}

#[test]
fn what_is_trending_is_told_by_birdeye_where_nothing_else_is_said() {
    let of = |text: &str, env: &[(&str, &str)]| {
        let (config, warnings) = load(text, env).unwrap();
        let found = config.trading.trending.clone();
        (config, found, warnings)
    };
    let (_, none, _) = of("", &[("BIRDEYE_API_KEY", "bird-secret")]);
    assert_eq!(none, None);
    let (config, found, warnings) = of("[trading.trending]\n", &[("BIRDEYE_API_KEY", "bird-secret")]);
    let found = found.unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!((found.source.url.as_str(), found.tokens.to_string().as_str()), (TrendingList::BIRDEYE, "/data/tokens"));
    assert_eq!((found.source.key.as_ref().map(Secret::expose), found.source.timeout_ms), (Some("bird-secret"), 10_000));
    assert!(!format!("{:?}{config:?}", config.effective()).contains("bird-secret"));
    // Another source does not get Birdeye's key.
    let own = "[trading.trending]\nurl = \"http://127.0.0.1:9/list\"\ntokens = \"\"\n";
    let (_, found, _) = of(own, &[("BIRDEYE_API_KEY", "bird-secret")]);
    let found = found.unwrap();
    assert_eq!((found.source.key_source, found.tokens.to_string().as_str()), (None, ""));
    for (text, expected) in [
        (
            "[trading.trending]\nurl = \"https://a.test/?key=x\"\n",
            "trading.trending.url: this address seems to hold a key",
        ),
        ("[trading.trending]\ntokens = \"data\"\n", "trading.trending.tokens: expected a JSON pointer"),
        (
            "[trading.trending]\nkey_credential = \"none\"\n",
            "trading.trending.key_credential: there is no credential `none`",
        ),
    ] {
        assert!(error(text).contains(expected), "{text}\n{}", error(text));
    }
}

#[test]
fn a_rule_that_cannot_be_meant_is_told_at_its_line_and_key() {
    let risk = |rest: &str| format!("[trading.risk]\nquote = \"{USDC}\"\n{rest}");
    for (text, expected) in [
        (
            risk("max_slipage_bps = 5\n"),
            "unknown-key:3: trading.risk.max_slipage_bps: `max_slipage_bps` is not a key\n  help: did you mean `max_slippage_bps`?",
        ),
        (risk("max_order_notional = \"25\"\n"), "bad-value:3: trading.risk.max_order_notional: "),
        (
            risk("max_slippage_bps = 20000\n"),
            "bad-value:3: trading.risk.max_slippage_bps: `trading.risk.max_slippage_bps` is 20000",
        ),
        (
            risk("allow_mints = [\n  \"SOL\",\n]\n"),
            "bad-value:3: trading.risk.allow_mints: `SOL` in `trading.risk.allow_mints` is no mint",
        ),
        (
            risk("[trading.risk.stop_guard]\nlosses = 0\nwithin_seconds = 1\npause_seconds = 1\n"),
            "bad-value:4: trading.risk.stop_guard.losses: ",
        ),
        (
            risk("[trading.risk.stop_guard]\nloses = 1\nwithin_seconds = 1\npause_seconds = 1\n"),
            "unknown-key:4: trading.risk.stop_guard.loses: ",
        ),
        (risk("[trading.risk.quantity.\"SOL/USDC\"]\nmin = 5\nmax = 4\n"), "trading.risk.quantity.SOL/USDC.max: "),
        (
            "[trading.risk]\nenabled = true\n".to_owned(),
            "bad-value:1: trading.risk.quote: `trading.risk.quote` is missing",
        ),
    ] {
        assert!(error(&text).contains(expected), "{text}\n{}", error(&text));
    }
}
