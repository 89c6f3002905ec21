//! Vectors of texts without a model: words and their character trigrams are hashed into 256 signed places.
//! Stable over machines and versions, since vectors are stored. Likeness of meaning is not to be had this way;
//! likeness of wording is.

use puppet_store::Vector;

use crate::text::words;

/// The name of these vectors beside those of models; no model has it.
pub const HASHED: &str = "hashed";

/// Places of a hashed vector.
pub const DIMENSIONS: usize = 256;

/// A word of up to three letters says little about what a text is about.
const SHORT_WORD: f32 = 0.3;
const LONG_WORD: f32 = 1.0;
/// All trigrams of a word together are as long as the word: inflected forms stay close.
const TRIGRAMS: f32 = 1.0;

/// [`hashed`], as it is kept.
pub fn hashed_vector(text: &str) -> Vector {
    Vector { model: HASHED.to_owned(), numbers: hashed(text) }
}

/// The vector of a text: length 1, or all zero where it has no words.
pub fn hashed(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0_f32; DIMENSIONS];
    for word in words(text) {
        let letters: Vec<char> = std::iter::once('^').chain(word.chars()).chain(std::iter::once('$')).collect();
        let weight = if letters.len() <= 5 { SHORT_WORD } else { LONG_WORD };
        add(&mut vector, 0, &word, weight);
        let trigrams = letters.len() - 2;
        // Squares add up in a length.
        let share = weight * TRIGRAMS / libm::sqrtf(trigrams as f32);
        for trigram in letters.windows(3) {
            add(&mut vector, 1, &trigram.iter().collect::<String>(), share);
        }
    }
    let length = libm::sqrtf(vector.iter().map(|x| x * x).sum());
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
    vector
}

/// Likeness of two texts by their vectors: 0 where they are of different models, or point away from each other.
pub(crate) fn likeness(a: &Vector, b: &Vector) -> f64 {
    if a.model == b.model { cosine(&a.numbers, &b.numbers).max(0.0) } else { 0.0 }
}

/// Cosine of two vectors, 0 where they cannot be compared.
pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f64 {
    if a.len() != b.len() {
        return 0.0;
    }
    let (mut dot, mut aa, mut bb) = (0.0_f64, 0.0_f64, 0.0_f64);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (f64::from(*x), f64::from(*y));
        dot += x * y;
        aa += x * x;
        bb += y * y;
    }
    let cosine = dot / (libm::sqrt(aa) * libm::sqrt(bb));
    if cosine.is_finite() { cosine.clamp(-1.0, 1.0) } else { 0.0 }
}

fn add(vector: &mut [f32], space: u8, feature: &str, weight: f32) {
    let hash = hash(space, feature);
    let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
    vector[(hash % DIMENSIONS as u64) as usize] += sign * weight;
}

/// FNV-1a, then mixed so that every bit depends on every byte.
fn hash(space: u8, feature: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in std::iter::once(space).chain(feature.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
