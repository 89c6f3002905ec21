use std::{fs, path::Path};

use super::*;

const BARS: &str = "time,open,high,low,close,volume\n1767571200,1,1,1,1,1\n1767571260,1,1,1,1,1\n";

fn ids(folder: &Path) -> Result<Vec<String>, DataError> {
    let read = read(folder, &ReadOptions::default(), &Markets::built_in())?;
    Ok(read.into_iter().map(|data| data.market.id).collect())
}

#[test]
fn a_folder_is_a_market_per_file_sorted_by_market() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["SOL-USDC.csv", "bonk_usdc-1m.txt", "AAA-BBB.tsv", ".hidden-file.csv", "notes.md"] {
        fs::write(folder.path().join(name), BARS).unwrap();
    }
    fs::create_dir(folder.path().join("WIF-USDC.csv")).unwrap();
    assert_eq!(ids(folder.path()).unwrap(), ["AAA/BBB", "BONK/USDC", "SOL/USDC"]);
    assert_eq!(ids(&folder.path().join("SOL-USDC.csv")).unwrap(), ["SOL/USDC"]);

    fs::write(folder.path().join("sol-usdc-2025.csv"), BARS).unwrap();
    let error = ids(folder.path()).unwrap_err();
    assert_eq!(error.code(), "same-market");
    assert!(error.to_string().contains("SOL/USDC is in "), "{error}");
}

#[test]
fn a_folder_without_candles_and_a_file_without_a_market_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(ids(folder.path()).unwrap_err().code(), "no-candles");
    for (name, code) in [
        ("SOLUSDC.csv", "market-name"),
        ("SOL-SOL.csv", "market-name"),
        ("dec-SOL-USDC.csv", "market-name"),
        ("SOL-USDC-copy.csv", "market-name"),
        ("SOL-USDC-m.csv", "market-name"),
        ("-USDC.csv", "market-name"),
        ("S OL-USDC.csv", "market-name"),
        ("SOL-USDC.xlsx", "unknown-format"),
        ("SOL-USDC", "unknown-format"),
    ] {
        let file = folder.path().join(name);
        fs::write(&file, BARS).unwrap();
        assert_eq!(ids(&file).unwrap_err().code(), code, "{name}");
    }
    // Whatever its name is like, what is not there is told as that.
    for name in ["AAA-BBB.csv", "AAA-BBB", "prices"] {
        let error = ids(&folder.path().join(name)).unwrap_err();
        assert_eq!(error.code(), "no-such-file");
        assert!(error.to_string().ends_with(&format!("{name}: there is no such file or folder")), "{error}");
    }
    let named = ReadOptions { market: Some("AAA/BBB".into()), ..ReadOptions::default() };
    let of = |path: &Path, options: &ReadOptions| read(path, options, &Markets::built_in());
    assert_eq!(of(&folder.path().join("SOLUSDC.csv"), &named).unwrap()[0].market.id, "AAA/BBB");
    assert_eq!(of(folder.path(), &named).unwrap_err().code(), "market-name");
    // The name of a file is believed, where it is that of a market.
    fs::write(folder.path().join("SOL-USDC-1m.csv"), BARS).unwrap();
    let asked = |file: &str, market: &str| {
        let options = ReadOptions { market: Some(market.into()), ..ReadOptions::default() };
        of(&folder.path().join(file), &options).map(|read| read[0].market.id.clone())
    };
    assert_eq!(asked("SOL-USDC-1m.csv", "sol/usdc").unwrap(), "SOL/USDC");
    for market in ["JUP/USDC", "AAA/BBB"] {
        let error = asked("SOL-USDC-1m.csv", market).unwrap_err();
        assert_eq!(error.code(), "other-market");
        assert!(
            error.to_string().ends_with(&format!("{market} is asked for, and by its name it is of SOL/USDC")),
            "{error}"
        );
    }
    fs::write(folder.path().join("AAA-BBB.csv"), BARS).unwrap();
    assert_eq!(asked("AAA-BBB.csv", "JUP/USDC").unwrap(), "JUP/USDC");
    let nonsense = ReadOptions { market: Some("AAA".into()), ..ReadOptions::default() };
    assert_eq!(of(&folder.path().join("SOLUSDC.csv"), &nonsense).unwrap_err().code(), "market-name");
}
