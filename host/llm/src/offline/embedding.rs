//! Vectors without a model: hashed words and parts of words, of length 1. Texts that share words are near each other.

use crate::offline::{
    random::mixed,
    words::{content_stems, words},
};

/// Numbers per vector.
pub(crate) const DIMENSIONS: usize = 256;

pub(crate) fn embedded(text: &str) -> Vec<f32> {
    let mut vector = vec![0_f32; DIMENSIONS];
    for stem in content_stems(text) {
        add(&mut vector, &stem, 1.0);
        let characters: Vec<char> = stem.chars().collect();
        for part in characters.windows(3) {
            add(&mut vector, &part.iter().collect::<String>(), 0.25);
        }
    }
    if vector.iter().all(|value| *value == 0.0) {
        words(text).iter().for_each(|word| add(&mut vector, word, 1.0));
    }
    if vector.iter().all(|value| *value == 0.0) {
        add(&mut vector, text, 1.0);
    }
    let norm = libm::sqrtf(vector.iter().map(|value| value * value).sum());
    if norm > 0.0 {
        vector.iter_mut().for_each(|value| *value /= norm);
    }
    vector
}

fn add(vector: &mut [f32], feature: &str, weight: f32) {
    let hash = feature
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let hash = mixed(hash);
    let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
    if let Some(value) = vector.get_mut((hash % DIMENSIONS as u64) as usize) {
        *value += sign * weight;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: &str, b: &str) -> f32 {
        embedded(a).iter().zip(embedded(b)).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn shared_words_are_near() {
        assert!((near("tide tables", "tide tables") - 1.0).abs() < 1e-5);
        let (same, other) = (near("the tide tables", "a table of tides"), near("the tide tables", "compilers in Rust"));
        assert!(same > 0.8 && other < 0.3, "{same} {other}");
        assert_eq!(embedded("").len(), DIMENSIONS);
        assert!((near("the", "the") - 1.0).abs() < 1e-5);
    }
}
