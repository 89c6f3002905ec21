//! The pages on capabilities: each ends with the interface that it is about, and with what its calls take of a plugin.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    ops::Range,
    path::{Path, PathBuf},
    sync::Mutex,
};

use crate::{
    authors::{author, copied},
    support::list,
};

const CAPABILITIES: [&str; 11] =
    ["agent", "events", "http", "llm", "log", "market", "memory", "schedule", "state", "tweet", "wallet"];

/// Those whose fuel is told: one of each way to hand something over.
const CALLS: [&str; 19] = [
    "agent.get-profile",
    "agent.now",
    "agent.get-mood",
    "log.log",
    "llm.complete",
    "tweet.post",
    "tweet.reply",
    "tweet.timeline",
    "tweet.weighted-length",
    "memory.remember",
    "memory.recall",
    "schedule.after",
    "schedule.list",
    "state.get",
    "state.put",
    "events.emit",
    "market.quote",
    "wallet.balances",
    "http.fetch",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn updates() -> bool {
    std::env::var_os("UPDATE").is_some()
}

/// Where what stands between two marks of a page begins and ends.
fn place(text: &str, of: &str) -> Range<usize> {
    let (begin, end) = (format!("<!-- {of}: begin -->\n"), format!("<!-- {of}: end -->"));
    let from = text.find(&begin).unwrap_or_else(|| panic!("{begin}")) + begin.len();
    from..text.find(&end).unwrap_or_else(|| panic!("{end}"))
}

fn part(page: &Path, of: &str) -> String {
    let text = fs::read_to_string(page).unwrap();
    text[place(&text, of)].to_owned()
}

/// One at a time: several tests write into the same pages.
fn put(page: &Path, of: &str, part: &str) {
    static WRITING: Mutex<()> = Mutex::new(());
    let _writing = WRITING.lock().unwrap();
    let mut text = fs::read_to_string(page).unwrap();
    text.replace_range(place(&text, of), part);
    fs::write(page, text).unwrap();
}

fn page(capability: &str) -> PathBuf {
    root().join("docs/capabilities").join(format!("{capability}.md"))
}

#[test]
fn every_page_shows_its_interface_as_it_is() {
    for capability in CAPABILITIES {
        let wit = fs::read_to_string(root().join(format!("wit/{capability}/{capability}.wit"))).unwrap();
        let from = wit.find("\ninterface ").unwrap() + 1;
        let shown = format!("```wit\n{}\n```\n", wit[from..].trim_end());
        let page = page(capability);
        if updates() {
            put(&page, "wit", &shown);
        }
        let there = part(&page, "wit");
        assert_eq!(there, shown, "{}: run with UPDATE=1", page.display());
    }
}

/// Instructions of one call, of what eleven take more than one. A compiler may change them a little; a page is wrong where they
/// are twice as many, or half.
#[test]
fn every_page_says_what_its_calls_take() {
    let measured = measured();
    for capability in CAPABILITIES {
        let of_it = |call: &&str| call.split_once('.').is_some_and(|(of, _)| of == capability);
        let mut table = "| a call in Rust | fuel |\n| --- | --- |\n".to_owned();
        for call in CALLS.iter().filter(|call| of_it(call)) {
            let function = call.split_once('.').unwrap().1;
            writeln!(table, "| `{function}` | {} |", rounded(measured[*call])).unwrap();
        }
        let page = page(capability);
        if updates() {
            put(&page, "fuel", &table);
        }
        let there = part(&page, "fuel");
        let said: BTreeMap<&str, u64> = there.lines().skip(2).map(row).collect();
        for call in CALLS.iter().filter(|call| of_it(call)) {
            let (function, now) = (call.split_once('.').unwrap().1, measured[*call]);
            let said = *said.get(function).unwrap_or_else(|| panic!("{call} is not on its page: run with UPDATE=1"));
            assert!(
                said < now * 2 && now < said * 2,
                "{call} takes {now}, and its page says {said}: run with UPDATE=1"
            );
        }
    }
}

fn row(line: &str) -> (&str, u64) {
    let mut cells = line.split('|').map(str::trim).skip(1);
    let name = cells.next().unwrap().trim_matches('`');
    (name, cells.next().unwrap().replace(',', "").parse().unwrap())
}

/// Two digits say enough of what differs from build to build.
fn rounded(fuel: u64) -> String {
    let unit = 10_u64.pow(fuel.checked_ilog10().unwrap_or(0).saturating_sub(1));
    let digits = (fuel.div_ceil(unit) * unit).to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap());
    groups.collect::<Vec<_>>().join(",")
}

fn measured() -> BTreeMap<&'static str, u64> {
    let folder = tempfile::tempdir().unwrap();
    let pack = folder.path().join("fuel");
    copied(&root().join("tests/fuel"), &pack);
    let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("authors");
    fs::create_dir_all(&shared).unwrap();
    std::os::unix::fs::symlink(shared, pack.join("target")).unwrap();
    fs::create_dir_all(pack.join("tests")).unwrap();
    for call in CALLS.into_iter().chain(["nothing"]) {
        for times in [1, 11] {
            fs::write(pack.join(format!("tests/{call}-{times}.toml")), scenario(call, times)).unwrap();
        }
    }
    let tested = author(&pack, &["test", "--json"]).exits(0).json();
    let fuel: BTreeMap<&str, u64> = list(&tested, "scenarios")
        .iter()
        .map(|scenario| (scenario["name"].as_str().unwrap(), scenario["fuel"].as_u64().unwrap()))
        .collect();
    let of = |call: &str| {
        let [one, eleven] = [1, 11].map(|times| fuel[format!("{call} {times}").as_str()]);
        (eleven - one) / 10
    };
    // The meter's own way round.
    let nothing = of("nothing");
    CALLS.iter().map(|call| (*call, of(call) - nothing)).collect()
}

fn scenario(call: &str, times: u32) -> String {
    let price = "{ market = \"SOL/USDC\", price = \"97000000\", price_decimals = 6, at = \"2026-01-05T11:59:30Z\", change_bps = 0 }";
    let answer = match call {
        "llm.complete" => "[[answer.llm]]\ntext = \"A text of a sentence, as models write them.\"\nrepeat = true\n".to_owned(),
        "market.quote" => format!("[[answer.market]]\noperation = \"quote\"\nvalue = {price}\nrepeat = true\n"),
        "http.fetch" => format!("[[answer.http]]\nbody = \"{}\"\nrepeat = true\n", "a".repeat(1_000)),
        "wallet.balances" => "[[balance]]\nmint = \"So11111111111111111111111111111111111111112\"\nsymbol = \"SOL\"\namount = 5\ndecimals = 9\n".to_owned(),
        _ => String::new(),
    };
    format!(
        "schema = \"puppet.scenario/1\"\nname = \"{call} {times}\"\nsettings = {{ call = \"{call}\", times = {times} }}\n\
         [[post]]\nid = \"1\"\nauthor = \"ada\"\ntext = \"A post of the timeline.\"\n\
         [state]\nversion = 1\ntext = \"{}\"\n{answer}\
         [[step]]\nevent = {{ kind = \"go\" }}\ndecisions = \"any\"\n",
        "a".repeat(100)
    )
}
