//! Chance that does not depend on order: every draw is a function of the run's seed and of what it is for.

/// What a draw is for. Two purposes never share a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Of an order's latency.
    Latency = 1,
    /// Of a fill's slippage.
    Slippage = 2,
    /// Of the places where history is cut.
    Cut = 3,
    /// Of the order in which trades are laid.
    Shuffle = 4,
}

/// A number below `below` (0 where that is 0), the same for the same four. The step is SplitMix64's (Steele, Lea and
/// Flood 2014); the bias of reducing 64 bits by multiplication is below what any count here could show.
pub(crate) fn draw(seed: u64, purpose: Purpose, of: u64, part: u64, below: u64) -> u64 {
    let mut state = seed;
    for word in [purpose as u64, of, part] {
        state = mix(state.wrapping_add(word.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    }
    u64::try_from((u128::from(mix(state)) * u128::from(below)) >> 64).unwrap_or(0)
}

fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_is_the_same_again_stays_below_its_bound_and_depends_on_everything() {
        let base = draw(7, Purpose::Latency, 3, 0, 1 << 60);
        assert_eq!(base, draw(7, Purpose::Latency, 3, 0, 1 << 60));
        for other in [
            draw(8, Purpose::Latency, 3, 0, 1 << 60),
            draw(7, Purpose::Slippage, 3, 0, 1 << 60),
            draw(7, Purpose::Latency, 4, 0, 1 << 60),
            draw(7, Purpose::Latency, 3, 1, 1 << 60),
        ] {
            assert_ne!(base, other);
        }
        assert_eq!(draw(1, Purpose::Cut, 1, 1, 0), 0);
        let mut seen = [0_u32; 5];
        for of in 0..1_000 {
            seen[usize::try_from(draw(1, Purpose::Cut, of, 0, 5)).unwrap()] += 1;
        }
        assert!(seen.iter().all(|count| (150..250).contains(count)), "{seen:?}");
    }
}
