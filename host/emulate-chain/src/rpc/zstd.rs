//! Frames of Zstandard that compress nothing (RFC 8878, raw blocks): stock clients ask for this encoding, and any decoder
//! reads them.

const MAGIC: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();
/// One segment, and the length of the content in four bytes.
const DESCRIPTOR: u8 = 0b1010_0000;
/// Longest block.
const BLOCK: usize = 128 << 10;

/// None: it is too long for a frame of this kind.
pub(super) fn frame(content: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(content.len()).ok()?;
    let mut out = MAGIC.to_vec();
    out.push(DESCRIPTOR);
    out.extend(length.to_le_bytes());
    let mut blocks: Vec<&[u8]> = content.chunks(BLOCK).collect();
    if blocks.is_empty() {
        blocks.push(&[]);
    }
    let last = blocks.len() - 1;
    for (place, block) in blocks.into_iter().enumerate() {
        let header = u32::try_from(block.len()).ok()? << 3 | u32::from(place == last);
        out.extend(header.to_le_bytes().iter().take(3));
        out.extend_from_slice(block);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_its_length_and_blocks_of_which_the_last_says_so() {
        let plain = frame(b"abc");
        let expected = [0x28, 0xB5, 0x2F, 0xFD, 0xA0, 3, 0, 0, 0, 3 << 3 | 1, 0, 0, b'a', b'b', b'c'];
        assert_eq!(plain.as_deref(), Some(&expected[..]));
        assert_eq!(frame(&[]).map(|frame| frame.len()), Some(12));
        assert_eq!(frame(&vec![0; BLOCK + 1]).map(|frame| frame.len()), Some(9 + 3 + BLOCK + 3 + 1));
    }
}
