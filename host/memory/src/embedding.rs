//! Vectors without a model: words and their letter triples hashed into a fixed number of signed buckets. Texts that
//! share words or parts of words are alike; meaning is not known. The same bits on every machine.

use std::collections::BTreeMap;

/// Length of a vector.
pub const DIMENSIONS: usize = 128;

/// A unit vector; zeros for a text without words.
pub fn hashed(text: &str) -> Vec<f32> {
    let mut weights: BTreeMap<u64, f32> = BTreeMap::new();
    for word in words(text) {
        *weights.entry(hash(word.as_bytes())).or_default() += 1.0;
        let padded: Vec<char> = std::iter::once('^').chain(word.chars()).chain(std::iter::once('$')).collect();
        for triple in padded.windows(3) {
            let triple: String = triple.iter().collect();
            *weights.entry(hash(triple.as_bytes())).or_default() += 0.35;
        }
    }
    let mut vector = vec![0.0_f32; DIMENSIONS];
    for (hash, weight) in weights {
        let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
        vector[(hash % DIMENSIONS as u64) as usize] += sign * libm::sqrtf(weight);
    }
    let length = libm::sqrtf(vector.iter().map(|x| x * x).sum());
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
    vector
}

/// −1..1; 0 where the lengths differ or one is empty.
pub fn likeness(a: &[f32], b: &[f32]) -> f64 {
    if a.len() != b.len() {
        return 0.0;
    }
    let dot: f32 = a.iter().zip(b).map(|(x, y)| x * y).sum();
    f64::from(dot)
}

/// Lower-case words of two letters and more.
pub(crate) fn words(text: &str) -> Vec<String> {
    let split = text.split(|c: char| !c.is_alphanumeric());
    split.filter(|word| word.chars().count() > 1).map(str::to_lowercase).collect()
}

/// FNV-1a, mixed once more so that the high bits count.
fn hash(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_with_words_in_common_are_alike() {
        let of = |a: &str, b: &str| likeness(&hashed(a), &hashed(b));
        assert!((of("rain over the harbour", "rain over the harbour") - 1.0).abs() < 1e-5);
        let near = of("rain over the harbour", "the harbour in heavy rain");
        let far = of("rain over the harbour", "bread rises slowly overnight");
        assert!(near > 0.4 && near > far + 0.3, "{near} {far}");
        assert!(of("lighthouse", "lighthouses") > 0.5, "parts of words count");
        assert_eq!(of("", "rain"), 0.0);
    }
}
