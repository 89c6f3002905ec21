//! How many rows of each kind stay (contract §6).

use puppet_store::KeepOrder;
use puppet_types::MemoryKind;

/// The cap that a new row of a kind falls under: the kinds counted together, how many, and which stay.
pub fn cap(kind: MemoryKind) -> Option<(Vec<MemoryKind>, usize, KeepOrder)> {
    match kind {
        MemoryKind::Core => None,
        MemoryKind::Event => Some((vec![MemoryKind::Event], 50, KeepOrder::Importance)),
        MemoryKind::Interaction | MemoryKind::General => {
            Some((vec![MemoryKind::Interaction, MemoryKind::General], 100, KeepOrder::Importance))
        }
        MemoryKind::Post => Some((vec![MemoryKind::Post], 20, KeepOrder::Newest)),
        MemoryKind::Tweet => Some((vec![MemoryKind::Tweet], 50, KeepOrder::Newest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_are_those_of_the_contract() {
        let most = |kind| cap(kind).map(|(_, most, _)| most);
        assert_eq!(most(MemoryKind::Core), None);
        assert_eq!(most(MemoryKind::Event), Some(50));
        assert_eq!(most(MemoryKind::General), Some(100));
        assert_eq!(most(MemoryKind::Post), Some(20));
        assert_eq!(most(MemoryKind::Tweet), Some(50));
        assert_eq!(cap(MemoryKind::Interaction), cap(MemoryKind::General), "counted together");
    }
}
