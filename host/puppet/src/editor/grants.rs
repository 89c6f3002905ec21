//! `grants.toml`.

use puppet_grants::{CEILINGS, Ceiling, Marks, Mode, ceiling};
use puppet_types::Capability;
use serde_json::Value;

use super::{
    pack::{DIGEST, PUBLISHER, amounts, web},
    shape::{by_name, list, of_form, one_of, said, some, table, text},
};

/// See the head of this file.
pub fn schema() -> Value {
    let tweet = ceiling(Capability::Tweet).map(|most| (most.capability.name(), shared(most)));
    table(
        [
            ("packs", said(by_name(pack()), "What each pack may do, by its id.")),
            (
                "accounts",
                said(by_name(table(tweet, &[])), "The most of all that post as an account together, by handle."),
            ),
            (
                "host",
                said(
                    table(CEILINGS.iter().map(|most| (most.capability.name(), shared(most))), &[]),
                    "The most of all agents together.",
                ),
            ),
        ],
        &[],
    )
}

fn pack() -> Value {
    let own = [
        ("digest", said(of_form(DIGEST), "Of the component that was approved.")),
        ("previous", said(list(of_form(DIGEST)), "Of those before it that are still installed.")),
        ("publisher", said(of_form(PUBLISHER), "A minisign public key: what is signed by it has what is granted.")),
        ("mode", said(one_of(Mode::ALL.map(Mode::name)), "What happens to effects.")),
        ("agents", said(some(text()), "For these alone.")),
        ("expires", said(text(), "From then on nothing is granted: a time like \"2027-01-31T00:00:00Z\".")),
    ];
    table(own.into_iter().chain(CEILINGS.iter().map(|most| (most.capability.name(), granted(most)))), &[])
}

fn granted(most: &Ceiling) -> Value {
    let mut keys = vec![
        ("operations", said(some(one_of(most.operations.iter().copied())), "Left out: all that are requested.")),
        ("amounts", said(amounts(most, |_| true), "The most of each; 0 forbids.")),
    ];
    let mut required: &[&str] = &[];
    match most.capability {
        Capability::Tweet => {
            let marks = || one_of(Marks::ALL.map(Marks::name));
            keys.push(("links", said(marks(), "What becomes of links in its texts.")));
            keys.push(("mentions", said(marks(), "What becomes of names with `@` in its texts.")));
        }
        Capability::Http => {
            keys.extend(web());
            required = &["hosts"];
        }
        _ => {}
    }
    table(keys, required)
}

/// What several share is counted over time.
fn shared(most: &Ceiling) -> Value {
    table([("amounts", amounts(most, |key| key.contains('/')))], &[])
}
