//! Grants in plain words.

use puppet_grants::{Amount, Period, Web};
use puppet_types::Capability;

use crate::config::usd;

/// What of the web is reached, in the words that [`plain`] takes for it.
pub fn reach(web: &Web) -> Vec<String> {
    let mut said: Vec<String> = web.hosts.iter().map(ToString::to_string).collect();
    let more = web.methods.iter().filter(|method| *method != "GET").cloned();
    let more = more.chain(web.credentials.iter().map(|name| format!("the credential {name}")));
    let more: Vec<String> = more.collect();
    if let (Some(last), false) = (said.last_mut(), more.is_empty()) {
        last.push_str(&format!(" (with {})", more.join(", ")));
    }
    said
}

/// One right as a sentence: what may be done, how much of it, and as whom; of `http` the names are those of hosts.
pub fn plain(
    (capability, operations): (Capability, &[&str]),
    counted: Option<(Amount, Period)>,
    most: u64,
    handles: &[String],
) -> String {
    let whom = match handles {
        [] => String::new(),
        [one] => format!(" as @{one}"),
        many => format!(" as each of {}", many.iter().map(|one| format!("@{one}")).collect::<Vec<_>>().join(", ")),
    };
    let hosts = if capability == Capability::Http { handles.join(", ") } else { String::new() };
    let (ask, swap) = (format!("ask {hosts}"), format!(" with {hosts}"));
    let Some((amount, period)) = counted else {
        let what = uncounted(capability, operations);
        return if most == 0 { format!("may not {what}") } else { format!("may {what}") };
    };
    let a = match period {
        Period::Hour => "an hour",
        Period::Day => "a day",
        Period::AtOnce => return at_once(amount, most),
    };
    let finding = capability == Capability::Memory;
    let (verb, how, about) = match amount {
        Amount::Tokens if finding => ("have memories embedded", format!("up to {} tokens {a}", grouped(most)), ""),
        Amount::Tokens => ("use language models", format!("up to {} tokens {a}", grouped(most)), ""),
        Amount::Usd if finding => ("spend", format!("up to ${} {a}", dollars(most)), " on embeddings of memories"),
        Amount::Usd if capability == Capability::Tweet => ("spend", format!("up to ${} {a}", dollars(most)), " on X"),
        Amount::Usd => ("spend", format!("up to ${} {a}", dollars(most)), " on language models"),
        Amount::Posts => ("post", times(most, a), &*whom),
        Amount::Replies => ("reply", times(most, a), &*whom),
        Amount::Likes => ("like", times(most, a), &*whom),
        Amount::Deletes => ("take posts back", times(most, a), &*whom),
        Amount::Events => ("send", format!("up to {} events {a}", grouped(most)), " to agents"),
        Amount::Rows => ("remember", format!("up to {} things {a}", grouped(most)), ""),
        Amount::Bytes if capability == Capability::Http => {
            ("exchange", format!("up to {} bytes {a}", grouped(most)), &*swap)
        }
        Amount::Bytes => ("write", format!("up to {} bytes of memories {a}", grouped(most)), ""),
        Amount::Timers => ("set timers and be woken by them", times(most, a), ""),
        Amount::Targets => return at_once(amount, most),
        Amount::Swaps => ("swap tokens", times(most, a), ""),
        Amount::Lamports => ("give", format!("up to {} SOL {a}", sol(most)), " in swaps"),
        Amount::Requests => (&*ask, times(most, a), ""),
    };
    match (most, amount) {
        (0, Amount::Usd) => format!("may not {verb} anything{about}"),
        (0, Amount::Events) => "may not send events to agents".to_owned(),
        (0, Amount::Bytes) if capability == Capability::Http => "may not exchange anything with the web".to_owned(),
        (0, Amount::Bytes) => "may not write memories".to_owned(),
        (0, Amount::Lamports) => "may not give SOL in swaps".to_owned(),
        (0, _) => format!("may not {verb}"),
        _ => format!("may {verb} {how}{about}"),
    }
}

/// Bounds on what is there at once.
fn at_once(amount: Amount, most: u64) -> String {
    let number = grouped(most);
    match (amount, most) {
        (Amount::Rows | Amount::Bytes, 0) => "may not keep memories".to_owned(),
        (Amount::Rows, 1) => "may keep one memory".to_owned(),
        (Amount::Rows, _) => format!("may keep up to {number} memories"),
        (Amount::Bytes, _) => format!("may keep up to {number} bytes of memories"),
        (Amount::Timers, 0) => "may not have timers".to_owned(),
        (Amount::Lamports, 0) => "may not give SOL in swaps".to_owned(),
        (Amount::Lamports, _) => format!("may give up to {} SOL in one swap", sol(most)),
        (_, 0) => "may not send events to agents".to_owned(),
        (Amount::Timers, 1) => "may have one timer at once".to_owned(),
        (Amount::Timers, _) => format!("may have up to {number} timers at once"),
        (_, 1) => "may send one event to one agent".to_owned(),
        _ => format!("may send one event to up to {number} agents"),
    }
}

/// A quantity with its unit.
pub fn quantity(amount: &str, number: u64) -> String {
    if amount == Amount::Usd.name() { format!("${}", dollars(number)) } else { grouped(number) }
}

fn times(most: u64, a: &str) -> String {
    if most == 1 { format!("once {a}") } else { format!("up to {} times {a}", grouped(most)) }
}

/// What is done by operations that draw on nothing, as by all of a capability that counts nothing.
fn uncounted(capability: Capability, operations: &[&str]) -> &'static str {
    match capability {
        Capability::Llm => "use language models",
        Capability::Tweet => "read posts",
        Capability::Memory => "use its agent's memory",
        Capability::Schedule if operations.contains(&"cancel") => "look at its timers and cancel them",
        Capability::Schedule => "look at its timers",
        Capability::Events => "send events",
        Capability::State => "keep a state of its own",
        Capability::Market => "see prices",
        Capability::Wallet => "see what is in its wallet",
        Capability::Http => "ask the web",
        _ => "use this interface",
    }
}

/// Two decimals at least.
fn dollars(micros: u64) -> String {
    let text = usd(micros);
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    match decimals {
        0 => text + ".00",
        1 => text + "0",
        _ => text,
    }
}

/// Lamports in whole SOL, without zeros at the end.
fn sol(lamports: u64) -> String {
    let (whole, rest) = (grouped(lamports / 1_000_000_000), lamports % 1_000_000_000);
    match rest {
        0 => whole,
        rest => format!("{whole}.{}", format!("{rest:09}").trim_end_matches('0')),
    }
}

/// `1,250,000`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_read_as_sentences() {
        let bot = ["news-bot".to_owned()];
        let said = |capability, amount, period, most| plain((capability, &[]), Some((amount, period)), most, &bot);
        let (tweet, llm) = (Capability::Tweet, Capability::Llm);
        assert_eq!(said(tweet, Amount::Posts, Period::Hour, 4), "may post up to 4 times an hour as @news-bot");
        assert_eq!(said(tweet, Amount::Likes, Period::Hour, 1), "may like once an hour as @news-bot");
        assert_eq!(said(llm, Amount::Usd, Period::Day, 500_000), "may spend up to $0.50 a day on language models");
        let tokens = said(llm, Amount::Tokens, Period::Day, 1_250_000);
        assert_eq!(tokens, "may use language models up to 1,250,000 tokens a day");
        assert_eq!(said(tweet, Amount::Usd, Period::Day, 500_000), "may spend up to $0.50 a day on X");
        assert_eq!(said(llm, Amount::Usd, Period::Day, 0), "may not spend anything on language models");
        let bytes = said(Capability::Memory, Amount::Bytes, Period::Day, 4_096);
        assert_eq!(bytes, "may write up to 4,096 bytes of memories a day");
        assert_eq!(said(tweet, Amount::Deletes, Period::Hour, 0), "may not take posts back");
        let timers = said(Capability::Schedule, Amount::Timers, Period::AtOnce, 1_000);
        assert_eq!(timers, "may have up to 1,000 timers at once");
        let rows = said(Capability::Memory, Amount::Rows, Period::AtOnce, 0);
        assert_eq!(rows, "may not keep memories");
        assert_eq!(plain((Capability::State, &["get"]), None, 1, &[]), "may keep a state of its own");
        assert_eq!(plain((Capability::State, &["get"]), None, 0, &[]), "may not keep a state of its own");
        assert_eq!(plain((Capability::Schedule, &["list"]), None, 1, &[]), "may look at its timers");
        let wallet = Capability::Wallet;
        assert_eq!(said(wallet, Amount::Swaps, Period::Hour, 12), "may swap tokens up to 12 times an hour");
        assert_eq!(said(wallet, Amount::Swaps, Period::Day, 0), "may not swap tokens");
        let day = said(wallet, Amount::Lamports, Period::Day, 1_234_500_000_000);
        assert_eq!(day, "may give up to 1,234.5 SOL a day in swaps");
        assert_eq!(said(wallet, Amount::Lamports, Period::AtOnce, 1), "may give up to 0.000000001 SOL in one swap");
        assert_eq!(said(wallet, Amount::Lamports, Period::AtOnce, 0), "may not give SOL in swaps");
        assert_eq!(plain((wallet, &["balances"]), None, 1, &[]), "may see what is in its wallet");
        assert_eq!(plain((Capability::Market, &[]), None, 1, &[]), "may see prices");
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let hosts = ["a.test", "*.b.test"].iter().flat_map(|host| puppet_grants::HostPattern::parse(host)).collect();
        let web = Web { hosts, methods: words(&["GET", "POST"]), credentials: words(&["key"]) };
        let said =
            |amount, period, most| plain((Capability::Http, &["fetch"]), Some((amount, period)), most, &reach(&web));
        let ask = said(Amount::Requests, Period::Hour, 60);
        assert_eq!(ask, "may ask *.b.test, a.test (with POST, the credential key) up to 60 times an hour");
        let bytes = said(Amount::Bytes, Period::Day, 1_000);
        assert!(bytes.starts_with("may exchange up to 1,000 bytes a day with *.b.test"), "{bytes}");
        assert_eq!(said(Amount::Bytes, Period::Day, 0), "may not exchange anything with the web");
    }
}
