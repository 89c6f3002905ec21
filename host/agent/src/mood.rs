//! Mood: valence, arousal, dominance (docs/capabilities/agent.md). Pure.

use puppet_types::{Mood, Timestamp};
use serde::{Deserialize, Serialize};

/// Back toward a baseline, half the way per half-life. Off unless configured: the original has none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoodDecay {
    /// Milliseconds until half of the distance is gone.
    pub half_life_ms: u64,
    /// Where it goes.
    #[serde(default)]
    pub baseline: Mood,
}

/// Adds the shift, clamps each axis.
pub fn apply_shift(mood: Mood, shift: Mood) -> Mood {
    within(Mood {
        valence: mood.valence + shift.valence,
        arousal: mood.arousal + shift.arousal,
        dominance: mood.dominance + shift.dominance,
    })
}

/// The mood as it has become since it was set.
pub fn decayed(mood: Mood, since: Timestamp, at: Timestamp, decay: &MoodDecay) -> Mood {
    if decay.half_life_ms == 0 {
        return decay.baseline;
    }
    // Exact for f64 within centuries; libm gives the same bits on every machine.
    let left = libm::exp2(-(at.millis_since(since) as f64) / decay.half_life_ms as f64);
    let toward = |value: f64, base: f64| base + (value - base) * left;
    within(Mood {
        valence: toward(mood.valence, decay.baseline.valence),
        arousal: toward(mood.arousal, decay.baseline.arousal),
        dominance: toward(mood.dominance, decay.baseline.dominance),
    })
}

fn within(mood: Mood) -> Mood {
    Mood {
        valence: rounded(mood.valence.clamp(-1.0, 1.0)),
        arousal: rounded(mood.arousal.clamp(0.0, 1.0)),
        dominance: rounded(mood.dominance.clamp(0.0, 1.0)),
    }
}

/// Six decimals: what reports print is what is stored.
pub(crate) fn rounded(value: f64) -> f64 {
    // Adding zero turns −0 into 0, which would be printed as `-0.0`.
    libm::round(value * 1e6) / 1e6 + 0.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mood(valence: f64, arousal: f64, dominance: f64) -> Mood {
        Mood { valence, arousal, dominance }
    }

    #[test]
    fn shifts_add_and_clamp_as_in_the_contract() {
        let start = Mood::default();
        assert_eq!(apply_shift(start, mood(0.3, 0.4, 0.2)), mood(0.3, 0.4, 0.7));
        assert_eq!(apply_shift(start, mood(-0.3, -0.2, -0.1)), mood(-0.3, 0.0, 0.4));
        assert_eq!(apply_shift(mood(0.9, 0.9, 0.9), mood(0.4, 0.3, 0.3)), mood(1.0, 1.0, 1.0));
        assert_eq!(apply_shift(mood(-0.9, 0.1, 0.1), mood(-0.4, -0.3, -0.3)), mood(-1.0, 0.0, 0.0));
    }

    #[test]
    fn nothing_is_rounded_to_a_negative_zero() {
        let almost = apply_shift(mood(-0.1, 0.0, 0.5), mood(0.099_999_9, -0.0, 0.0));
        assert_eq!((almost.valence.to_bits(), almost.arousal.to_bits()), (0.0_f64.to_bits(), 0.0_f64.to_bits()));
    }

    #[test]
    fn half_of_the_distance_goes_per_half_life() {
        let decay = MoodDecay { half_life_ms: 1_000, baseline: Mood::default() };
        let at = Timestamp::from_millis;
        assert_eq!(decayed(mood(0.8, 0.4, 0.5), at(0), at(1_000), &decay), mood(0.4, 0.2, 0.5));
        assert_eq!(decayed(mood(0.8, 0.4, 0.5), at(0), at(0), &decay), mood(0.8, 0.4, 0.5));
        assert_eq!(decayed(mood(0.8, 0.4, 0.9), at(0), at(1_000_000), &decay), Mood::default());
    }

    proptest! {
        #[test]
        fn a_mood_never_leaves_its_range(start in -1.0..1.0_f64, steps in prop::collection::vec((-3.0..3.0_f64, -3.0..3.0_f64, -3.0..3.0_f64), 0..20)) {
            let mut now = mood(start, start.abs(), start.abs());
            for (valence, arousal, dominance) in steps {
                now = apply_shift(now, mood(valence, arousal, dominance));
                prop_assert!((-1.0..=1.0).contains(&now.valence));
                prop_assert!((0.0..=1.0).contains(&now.arousal) && (0.0..=1.0).contains(&now.dominance));
            }
        }
    }
}
