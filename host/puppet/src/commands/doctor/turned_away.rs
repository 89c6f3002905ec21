//! `doctor`: what the policy kept from accounts on X, as the host says that runs.

use std::{collections::BTreeMap, time::Duration};

use puppet_types::counted;

use crate::{control, setup::Setup};

/// Accounts that are named.
const NAMED: usize = 5;
/// A host answers at once, or is busy with something else.
const WAIT: Duration = Duration::from_secs(5);

/// In words; none where no host runs, or nothing was kept from anybody.
pub(super) async fn told(setup: &Setup) -> Option<String> {
    let asked = tokio::time::timeout(WAIT, control::ask(setup, &control::Request::TurnedAway)).await;
    words(&serde_json::from_value(asked.ok()?.ok()??).ok()?)
}

fn words(kept: &BTreeMap<String, u64>) -> Option<String> {
    let mut accounts: Vec<_> = kept.iter().filter(|(_, posts)| **posts > 0).collect();
    if accounts.is_empty() {
        return None;
    }
    accounts.sort_by_key(|(name, posts)| (std::cmp::Reverse(**posts), *name));
    let named = accounts.iter().take(NAMED).map(|(name, posts)| format!("@{name} {posts}"));
    let named = named.collect::<Vec<_>>().join(", ");
    let rest = match accounts.len().saturating_sub(NAMED) {
        0 => String::new(),
        rest => format!(", and {rest} more"),
    };
    let posts: u64 = kept.values().sum();
    let all = counted(posts, "post was", "posts were");
    Some(format!("since the start of the host {all} not heard, by the policy: {named}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_with_the_most_are_named() {
        let of = |posts: &[(&str, u64)]| words(&posts.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect());
        assert_eq!((of(&[]), of(&[("ann", 0)])), (None, None));
        let one = of(&[("ann", 1)]).unwrap();
        assert_eq!(one, "since the start of the host 1 post was not heard, by the policy: @ann 1");
        let many = of(&[("a", 1), ("b", 9), ("c", 2), ("d", 2), ("e", 2), ("f", 2)]).unwrap();
        assert!(
            many.ends_with("18 posts were not heard, by the policy: @b 9, @c 2, @d 2, @e 2, @f 2, and 1 more"),
            "{many}"
        );
    }
}
