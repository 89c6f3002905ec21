//! The forms that a key comes in. Lengths tell them apart: hex of 32 or 64 bytes is 64 or 128 characters, base58 of them
//! at most 44 or 88. Everything read on the way is wiped.

use std::{fs::File, io::Read, path::Path};

use solana_address::Address;
use zeroize::Zeroizing;

use super::{KeyError, KeySource, SEED, Wallet};

/// Bytes of a file with a key: 64 numbers with space around them fit.
const MOST: u64 = 4_096;
/// Bytes of a key with its address.
const WHOLE: usize = 2 * SEED;

pub(super) fn file(path: &Path) -> Result<Wallet, KeyError> {
    let from = KeySource::File(path.to_owned());
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST as usize + 1));
    let read = File::open(path).and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes));
    read.map_err(|error| KeyError::File { from: from.clone(), kind: error.kind() })?;
    let text = std::str::from_utf8(&bytes).map_err(|_| KeyError::Form(from.clone()))?;
    self::text(text, from)
}

pub(super) fn text(text: &str, from: KeySource) -> Result<Wallet, KeyError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(KeyError::Empty(from));
    }
    if text.len() as u64 > MOST {
        return Err(KeyError::Form(from));
    }
    let hex = text.strip_prefix("0x").unwrap_or(text);
    let is_hex = [2 * SEED, 2 * WHOLE].contains(&hex.len()) && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes = match text.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').and_then(numbers),
        None if text.contains(',') => numbers(text),
        None if is_hex => of_hex(hex),
        None => bs58::decode(text).into_vec().ok().map(Zeroizing::new),
    };
    let bytes = bytes.ok_or_else(|| KeyError::Form(from.clone()))?;
    whole(&bytes, from)
}

fn numbers(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    // Room for as many as there can be: a vector that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2 + 1));
    for number in text.trim().trim_end_matches(',').split(',') {
        bytes.push(number.trim().parse().ok()?);
    }
    Some(bytes)
}

fn of_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for place in (0..text.len()).step_by(2) {
        bytes.push(u8::from_str_radix(text.get(place..place + 2)?, 16).ok()?);
    }
    Some(bytes)
}

fn whole(bytes: &[u8], from: KeySource) -> Result<Wallet, KeyError> {
    if ![SEED, WHOLE].contains(&bytes.len()) {
        return Err(KeyError::Length { from, bytes: bytes.len() });
    }
    let (half, address) = bytes.split_at(SEED);
    let mut seed = Box::new(Zeroizing::new([0; SEED]));
    seed.copy_from_slice(half);
    let wallet = Wallet::of(seed);
    let is_its_own = address.is_empty() || Address::try_from(address).is_ok_and(|address| address == wallet.address);
    is_its_own.then_some(wallet).ok_or(KeyError::Mismatch(from))
}
