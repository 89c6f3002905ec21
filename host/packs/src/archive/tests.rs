//! Archives as strangers build them: every trick is refused by name.

use std::path::Path;

use tar::{EntryType, Header};

use super::*;
use crate::Pack;

const PACK_TOML: &str = "id = \"lamp\"\nversion = \"0.1.0\"\nplugin = \"standard-personality\"\n";

fn contents(files: &[(&str, &[u8])]) -> Contents {
    let files = files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec()));
    let files: BTreeMap<String, Vec<u8>> = files.chain([(PACK.to_owned(), PACK_TOML.into())]).collect();
    let manifest = Manifest::parse(PACK_TOML, Path::new(PACK)).unwrap();
    Contents::of_files(files, Path::new("lamp"), &manifest).unwrap()
}

fn lamp() -> Contents {
    contents(&[("README.md", b"# Lamp"), ("assets/a.png", &[7; 700])])
}

fn written(contents: &Contents) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(contents, None, &mut bytes).unwrap();
    bytes
}

fn read_all(bytes: &[u8]) -> Result<Unpacked, PackError> {
    read(bytes, Path::new("lamp-0.1.0.puppet"))
}

#[track_caller]
fn refused(bytes: &[u8], code: &str, said: &str) {
    let error = read_all(bytes).err().unwrap_or_else(|| panic!("taken: {said}"));
    assert!(error.code() == code && error.to_string().contains(said), "{}: {error}", error.code());
}

/// Lines of a `MANIFEST` with the entries that follow them, as they are given.
fn built(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut listing = "puppet-pack 1\n".to_owned();
    for (path, bytes) in files {
        listing += &format!("{} {} {path}\n", Digest::of(bytes), bytes.len());
    }
    let mut out = Vec::new();
    entry(MANIFEST, listing.as_bytes(), &mut out).unwrap();
    for (path, bytes) in files {
        raw(path.as_bytes(), bytes, &mut out, |_| {});
    }
    out.extend([0; 2 * BLOCK]);
    out
}

/// An entry whose header was changed, with its checksum put right.
fn raw(path: &[u8], bytes: &[u8], out: &mut Vec<u8>, change: impl Fn(&mut Header)) {
    let mut header = header("x", bytes.len() as u64).unwrap();
    header.as_old_mut().name = [0; 100];
    header.as_old_mut().name[..path.len()].copy_from_slice(path);
    change(&mut header);
    header.set_cksum();
    out.extend(header.as_bytes());
    out.extend(bytes);
    out.extend(&[0; BLOCK][..padding(bytes.len() as u64)]);
}

/// The lamp with an entry in front of its first file.
fn with_entry(change: impl Fn(&mut Header)) -> Vec<u8> {
    let whole = written(&lamp());
    let listing = 2 * BLOCK;
    let mut bytes = whole[..listing].to_vec();
    raw(b"README.md", b"# Lamp", &mut bytes, change);
    bytes.extend(&whole[listing + 2 * BLOCK..]);
    bytes
}

#[test]
fn the_same_content_is_the_same_bytes_and_reads_back() {
    let lamp = lamp();
    let bytes = written(&lamp);
    assert_eq!(bytes, written(&lamp.clone()));
    assert_eq!(
        Digest::of(&bytes).to_string(),
        "sha256:f8da8d1bfdb4544f108a6d74494ab4dda9d5714a6c0ee27e0414a0256b03d87f"
    );
    let unpacked = read_all(&bytes).unwrap();
    assert!(unpacked.contents == lamp && unpacked.signature.is_none());
    assert_eq!(with_entry(|_| {}), bytes, "the tests change what they mean to change");
    let pack = Pack::from_contents(Path::new("lamp"), &unpacked.contents).unwrap();
    assert_eq!(pack.assets, ["a.png"]);
    let mut signed = Vec::new();
    write(&lamp, Some("a signature"), &mut signed).unwrap();
    assert_eq!(read_all(&signed).unwrap().signature.as_deref(), Some("a signature"));
    // Any tar reads it.
    let mut names = Vec::new();
    for entry in tar::Archive::new(&signed[..]).entries().unwrap() {
        names.push(entry.unwrap().path().unwrap().display().to_string());
    }
    assert_eq!(names, ["MANIFEST", "MANIFEST.minisig", "README.md", "assets/a.png", "pack.toml"]);
}

#[test]
fn a_part_of_an_archive_is_none() {
    let bytes = written(&lamp());
    for at in 0..bytes.len() {
        assert!(read_all(&bytes[..at]).is_err(), "{at}");
    }
    refused(&bytes[..700], "truncated", "ends too soon");
    refused(&bytes[..bytes.len() - 1], "truncated", "ends too soon");
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        assert!(read_all(&flipped).is_err(), "{at}");
    }
}

#[test]
fn what_is_no_archive_is_named() {
    for (bytes, said) in [
        (&b"\x1f\x8b\x08"[..], "compressed (gzip)"),
        (b"PK\x03\x04", "compressed (zip)"),
        (b"\x28\xb5\x2f\xfd", "compressed (zstd)"),
        (b"\xfd7zXZ\0", "compressed (xz)"),
        (b"\x7fELF", "native code (ELF)"),
        (b"\0asm\x0d\0\x01\0", "WebAssembly by itself"),
        (b"hello", "too short"),
        (&[b'x'; 600], "no tar"),
    ] {
        refused(bytes, "not-an-archive", said);
    }
    let mut foreign = Vec::new();
    entry("README.md", b"x", &mut foreign).unwrap();
    refused(&foreign, "not-an-archive", "its first file is \"README.md\"");
    let mut bytes = written(&lamp());
    bytes[BLOCK + 8] = b'k';
    refused(&bytes, "not-an-archive", "its MANIFEST is none");
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    for path in
        ["../evil", "/etc/passwd", "a/../../b", "assets/./x", "assets//x", "assets\\x", "c:x", "assets/\u{1b}[2J", "x/"]
    {
        refused(&built(&[(path, b"x")]), "bad-path", "the path");
    }
    // The header alone: MANIFEST says something else.
    for path in [&b"../evil"[..], b"/etc/passwd", b"assets\\x"] {
        let mut bytes = Vec::new();
        entry(MANIFEST, format!("puppet-pack 1\n{} 1 a\n", Digest::of(b"x")).as_bytes(), &mut bytes).unwrap();
        raw(path, b"x", &mut bytes, |_| {});
        bytes.extend([0; 2 * BLOCK]);
        refused(&bytes, "bad-path", "the path");
    }
    let mut bytes = written(&lamp());
    bytes[2 * BLOCK] = 0xff;
    refused(&bytes, "bad-path", "not UTF-8");
    for name in ["MANIFEST", "manifest.MINISIG", "PACK.toml"] {
        refused(&built(&[(name, b"x")]), "bad-path", "MANIFEST lists");
    }
}

#[test]
fn files_that_cannot_be_there_together_are_refused() {
    for (files, said) in [
        ([("assets/A.png", &b"1"[..]), ("assets/a.png", b"2")], "differ in capitals"),
        ([("assets/a", b"1"), ("assets/a/b", b"2")], "is a file, and a folder"),
    ] {
        refused(&built(&files), "duplicate", said);
    }
    let whole = written(&lamp());
    let mut twice = whole[..4 * BLOCK].to_vec();
    twice.extend(&whole[2 * BLOCK..]);
    refused(&twice, "duplicate", "`README.md` comes twice");
    refused(&built(&[("assets/a", b"1"), ("assets/a", b"1")]), "not-an-archive", "its MANIFEST is none");
}

#[test]
fn what_is_no_plain_file_is_refused() {
    for (kind, said) in [
        (EntryType::Symlink, "a link"),
        (EntryType::Link, "a link"),
        (EntryType::Char, "a device"),
        (EntryType::Block, "a device"),
        (EntryType::Fifo, "a device"),
        (EntryType::Directory, "a folder"),
        (EntryType::GNUSparse, "a sparse file"),
        (EntryType::GNULongName, "a name of GNU tar"),
        (EntryType::GNULongLink, "a name of GNU tar"),
        (EntryType::XHeader, "an extended header"),
        (EntryType::XGlobalHeader, "an extended header"),
        (EntryType::Continuous, "of another kind"),
    ] {
        refused(&with_entry(|header| header.set_entry_type(kind)), "not-a-file", said);
    }
    // GNU tar writes another magic.
    refused(
        &with_entry(|header| header.as_mut_bytes()[257..265].copy_from_slice(b"ustar  \0")),
        "not-a-file",
        "README.md",
    );
}

#[test]
fn a_header_says_no_more_than_path_and_length() {
    let changes: [fn(&mut Header); 9] = [
        |header| header.set_mtime(1),
        |header| header.set_uid(1),
        |header| header.set_gid(1),
        |header| header.set_mode(0o755),
        |header| header.set_mode(0o4644),
        |header| header.set_username("root").unwrap(),
        |header| header.set_link_name("/etc/passwd").unwrap(),
        |header| header.as_mut_bytes()[345] = b'p',
        |header| header.as_mut_bytes()[511] = 1,
    ];
    for change in changes {
        refused(&with_entry(change), "not-an-archive", "says more than its path and its length");
    }
    // A length in base 256, as large as can be.
    let large = with_entry(|header| header.as_mut_bytes()[124..136].copy_from_slice(&[0xff; 12]));
    refused(&large, "not-an-archive", "says more");
    refused(&with_entry(|header| header.set_size(1 << 32)), "wrong-digest", "holds 4294967296 bytes");
}

#[test]
fn files_are_those_that_the_manifest_lists() {
    let whole = written(&lamp());
    // Without README.md, then without the last.
    let without = [&whole[..2 * BLOCK], &whole[4 * BLOCK..]].concat();
    refused(&without, "file-missing", "`README.md`, which is missing");
    let without = [&whole[..whole.len() - 4 * BLOCK], &[0; 2 * BLOCK][..]].concat();
    refused(&without, "file-missing", "`pack.toml`, which is missing");
    let mut more = whole[..whole.len() - 2 * BLOCK].to_vec();
    raw(b"z", b"x", &mut more, |_| {});
    more.extend([0; 2 * BLOCK]);
    refused(&more, "file-unlisted", "`z` is not listed");
    let mut other = whole.clone();
    other[3 * BLOCK] = b'!';
    refused(&other, "wrong-digest", "`README.md` is sha256:");
    let mut shorter = whole[..2 * BLOCK].to_vec();
    raw(b"README.md", b"# Lam", &mut shorter, |_| {});
    shorter.extend(&whole[4 * BLOCK..]);
    refused(&shorter, "wrong-digest", "holds 5 bytes, and MANIFEST says 6");
    let mut behind = whole.clone();
    behind[3 * BLOCK + 6] = 1;
    refused(&behind, "not-an-archive", "something stands behind `README.md`");
    refused(&built(&[("pack.toml", PACK_TOML.as_bytes()), ("src/lib.rs", b"x")]), "file-unlisted", "does not belong");
    refused(&built(&[("README.md", b"x")]), "file-missing", "`pack.toml`");
}

#[test]
fn nothing_stands_after_the_end() {
    let whole = written(&lamp());
    refused(&[&whole[..], b"x"].concat(), "after-end", "goes on after its end");
    refused(&[&whole[..], &[0; BLOCK][..]].concat(), "after-end", "goes on after its end");
    let mut one = whole[..whole.len() - BLOCK].to_vec();
    one.extend([1; BLOCK]);
    refused(&one, "after-end", "goes on after its end");
}

#[test]
fn native_code_is_refused_wherever_it_lies() {
    for (magic, format) in [(&b"\x7fELF\x02\x01"[..], "ELF"), (b"MZ\x90\0", "PE"), (b"\xcf\xfa\xed\xfe", "Mach-O")] {
        let files = [("assets/picture.png", magic), ("pack.toml", PACK_TOML.as_bytes())];
        refused(&built(&files), "native-code", format);
    }
    let pack = PACK_TOML.replace("plugin = \"standard-personality\"", "component = \"lamp.so\"");
    refused(&built(&[("lamp.so", b"#!/bin/sh"), ("pack.toml", pack.as_bytes())]), "bad-value", "no WebAssembly");
    refused(&built(&[("pack.toml", pack.as_bytes())]), "file-missing", "component `lamp.so`");
}

/// Lengths that nobody has: refused before anything is read, or taken memory for.
#[test]
fn absurd_sizes_are_refused() {
    let large = vec![b'x'; 5 * (1 << 20) + 1];
    refused(&built(&[("assets/a", &large), ("pack.toml", PACK_TOML.as_bytes())]), "too-large", "at most 5242880");
    let large = vec![b'x'; (1 << 20) + 1];
    refused(&built(&[("README", &large), ("pack.toml", PACK_TOML.as_bytes())]), "too-large", "at most 1048576");
    let mut listing = Vec::new();
    raw(b"MANIFEST", b"", &mut listing, |header| header.set_size(1 << 33));
    refused(&listing, "too-large", "`MANIFEST` holds 8589934592 bytes");
    let many: Vec<String> = (0..=MAX_FILES).map(|n| format!("assets/{n:04}")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|path| (path.as_str(), &b""[..])).collect();
    refused(&built(&many), "not-an-archive", "its MANIFEST is none");
}
