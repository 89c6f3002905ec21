//! What each kind of memory means in numbers: how many stay, and how fast they fade.

use puppet_store::KeepOrder;
use puppet_types::MemoryKind;

const DAY_MS: u64 = 86_400_000;

/// Every kind.
pub(crate) const ALL: [MemoryKind; 6] = [
    MemoryKind::Core,
    MemoryKind::Event,
    MemoryKind::Interaction,
    MemoryKind::General,
    MemoryKind::Post,
    MemoryKind::Tweet,
];

/// Which kinds are counted together, how many of them stay, and which.
pub fn cap(kind: MemoryKind) -> Option<(Vec<MemoryKind>, usize, KeepOrder)> {
    match kind {
        MemoryKind::Core => None,
        MemoryKind::Event => Some((vec![kind], 50, KeepOrder::Importance)),
        MemoryKind::Interaction | MemoryKind::General => {
            Some((vec![MemoryKind::Interaction, MemoryKind::General], 100, KeepOrder::Importance))
        }
        MemoryKind::Post => Some((vec![kind], 20, KeepOrder::Newest)),
        MemoryKind::Tweet => Some((vec![kind], 50, KeepOrder::Newest)),
    }
}

/// After this time a memory's recency is half of what it was; `None` = it does not fade.
pub fn half_life_ms(kind: MemoryKind) -> Option<u64> {
    match kind {
        MemoryKind::Core => None,
        MemoryKind::Event => Some(7 * DAY_MS),
        MemoryKind::Interaction => Some(3 * DAY_MS),
        MemoryKind::General => Some(14 * DAY_MS),
        MemoryKind::Post | MemoryKind::Tweet => Some(2 * DAY_MS),
    }
}

/// Its name in ids and messages.
pub(crate) fn name(kind: MemoryKind) -> &'static str {
    match kind {
        MemoryKind::Core => "core",
        MemoryKind::Event => "event",
        MemoryKind::Interaction => "interaction",
        MemoryKind::General => "general",
        MemoryKind::Post => "post",
        MemoryKind::Tweet => "tweet",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_are_those_of_the_contract() {
        use MemoryKind::*;
        let long_term = Some((vec![Interaction, General], 100, KeepOrder::Importance));
        let table = [
            (Core, None),
            (Event, Some((vec![Event], 50, KeepOrder::Importance))),
            (Interaction, long_term.clone()),
            (General, long_term),
            (Post, Some((vec![Post], 20, KeepOrder::Newest))),
            (Tweet, Some((vec![Tweet], 50, KeepOrder::Newest))),
        ];
        for (kind, expected) in table {
            assert_eq!(cap(kind), expected, "{kind:?}");
        }
    }

    #[test]
    fn half_lives_in_days() {
        let days = ALL.map(|kind| half_life_ms(kind).map(|ms| ms / DAY_MS));
        assert_eq!(days, [None, Some(7), Some(3), Some(14), Some(2), Some(2)]);
    }
}
