use super::*;

/// A seed that nobody uses, and all that can be read of it.
const SEED_BYTES: [u8; 32] = [
    157, 97, 177, 157, 239, 253, 90, 96, 186, 132, 74, 244, 146, 236, 44, 196, 68, 73, 197, 105, 123, 50, 105, 25, 112,
    59, 172, 3, 28, 174, 127, 96,
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn list(bytes: &[u8]) -> String {
    bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ")
}

fn whole() -> [u8; 64] {
    Keypair::new_from_array(SEED_BYTES).to_bytes()
}

fn here() -> KeySource {
    KeySource::Environment("SOLANA_KEY".to_owned())
}

#[test]
fn a_key_is_read_in_every_form_that_other_tools_write() {
    // The first test vector of RFC 8032.
    let address = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let (seed, whole) = (SEED_BYTES.as_slice(), whole());
    for bytes in [seed, whole.as_slice()] {
        for text in [
            bs58::encode(bytes).into_string(),
            format!(" {}\n", bs58::encode(bytes).into_string()),
            hex(bytes),
            format!("0x{}", hex(bytes).to_uppercase()),
            format!("[{}]", list(bytes)),
            serde_json::to_string(bytes).unwrap(),
            list(bytes),
            format!("{},", list(bytes).replace(' ', "")),
        ] {
            let wallet = Wallet::parse(&text, here()).unwrap_or_else(|error| panic!("{error}: {}", text.len()));
            assert_eq!(hex(wallet.address().as_ref()), address);
        }
    }
}

#[test]
fn what_is_no_key_is_refused_by_its_source_and_never_by_its_content() {
    let mut torn = whole();
    torn[63] ^= 1;
    let cases = [
        (String::new(), KeyError::Empty(here())),
        (" \n".to_owned(), KeyError::Empty(here())),
        ("correct horse battery staple".to_owned(), KeyError::Form(here())),
        ("[1, 2".to_owned(), KeyError::Form(here())),
        ("[300]".to_owned(), KeyError::Form(here())),
        ("1,x".to_owned(), KeyError::Form(here())),
        ("9".repeat(5_000), KeyError::Form(here())),
        ("[]".to_owned(), KeyError::Form(here())),
        ("[1,2]".to_owned(), KeyError::Length { from: here(), bytes: 2 }),
        (bs58::encode([7; 33]).into_string(), KeyError::Length { from: here(), bytes: 33 }),
        (bs58::encode(torn).into_string(), KeyError::Mismatch(here())),
        (hex(&torn), KeyError::Mismatch(here())),
    ];
    for (text, wanted) in cases {
        let error = Wallet::parse(&text, here()).unwrap_err();
        assert_eq!(error, wanted);
        assert!(error.to_string().contains("SOLANA_KEY"), "{error}");
        assert!(text.trim().is_empty() || !format!("{error}{error:?}").contains(text.trim()), "{error}");
    }
}

#[test]
fn a_file_is_written_for_its_owner_only_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.json");
    let wallet = Wallet::generate().unwrap();
    wallet.write(&path).unwrap();
    assert_eq!(Wallet::read(&path).unwrap().address(), wallet.address());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Never over another.
    let error = Wallet::generate().unwrap().write(&path).unwrap_err();
    assert_eq!(error, KeyError::File { from: KeySource::File(path.clone()), kind: io::ErrorKind::AlreadyExists });
    let missing = Wallet::read(&folder.path().join("none")).unwrap_err();
    assert!(missing.to_string().contains("none"), "{missing}");
    std::fs::write(&path, vec![b'1'; 1 << 20]).unwrap();
    assert_eq!(Wallet::read(&path).unwrap_err(), KeyError::Form(KeySource::File(path)));
}

#[test]
fn a_key_is_printed_nowhere() {
    let wallet = Wallet::parse(&hex(&SEED_BYTES), here()).unwrap();
    let shown = format!("{wallet} {wallet:?} {wallet:#?} {:?}", Some(&wallet));
    for secret in [hex(&SEED_BYTES), bs58::encode(SEED_BYTES).into_string(), bs58::encode(whole()).into_string()] {
        assert!(!shown.contains(&secret));
    }
    assert!(!shown.replace(char::is_whitespace, "").contains(&list(&SEED_BYTES[..8]).replace(' ', "")));
    assert!(shown.contains(&wallet.address().to_string()));
    assert!(shown.contains(MASK));
}

#[test]
fn a_key_is_kept_as_wallets_export_it() {
    let wallet = Wallet::parse(&hex(&SEED_BYTES), here()).unwrap();
    let text = wallet.text();
    assert_eq!(text.expose(), bs58::encode(whole()).into_string());
    assert_eq!(Wallet::parse(text.expose(), here()).unwrap().address(), wallet.address());
    assert_eq!(format!("{text} {text:?}"), format!("{MASK} {MASK}"));
}

#[test]
fn what_is_signed_verifies() {
    let wallet = Wallet::parse(&hex(&SEED_BYTES), here()).unwrap();
    assert!(wallet.sign(b"a message").verify(wallet.address().as_ref(), b"a message"));
    assert!(!wallet.sign(b"a message").verify(wallet.address().as_ref(), b"another"));
}
