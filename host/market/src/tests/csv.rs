use super::*;

const HEADER: &str = "time,open,high,low,close,volume\n";

/// Lines of a file with a usual header, one minute apart from 2026-01-05.
fn lines(minutes: &[(u32, &str)]) -> String {
    let line =
        |(minute, cells): &(u32, &str)| format!("2026-01-05T{:02}:{:02}:00Z,{cells}\n", minute / 60, minute % 60);
    HEADER.to_owned() + &minutes.iter().map(line).collect::<String>()
}

#[test]
fn a_clean_file_is_read_to_its_last_digit_and_its_bars_are_at_their_close() {
    let text = lines(&[(0, "150.25,151,149.5,150.75,12.5"), (1, "150.75,150.8,150.70,150.705,0.000000001")]);
    let read = read_text(&text).unwrap();
    let (market, quality) = (&read.market, &read.quality);
    assert_eq!((market.id.as_str(), market.price_decimals, market.base.decimals), ("AAA/BBB", 3, 9));
    assert_eq!(
        read.candles.bars(),
        [
            Candle {
                at: at("2026-01-05T00:01:00Z"),
                open: 150_250,
                high: 151_000,
                low: 149_500,
                close: 150_750,
                volume: 12_500_000_000
            },
            Candle {
                at: at("2026-01-05T00:02:00Z"),
                open: 150_750,
                high: 150_800,
                low: 150_700,
                close: 150_705,
                volume: 1
            },
        ]
    );
    assert_eq!((quality.bars, quality.bar_seconds, quality.gaps, quality.bad_rows), (2, 60, 0, 0));
    assert_eq!((quality.from, quality.to), (at("2026-01-05T00:00:00Z"), at("2026-01-05T00:02:00Z")));
    assert_eq!(quality.sha256, puppet_types::Digest::of(text.as_bytes()));
    assert_eq!(quality.sentences().len(), 2, "{:?}", quality.sentences());
    assert!(quality.details.made_up_tokens);
}

#[test]
fn one_file_is_written_in_many_ways() {
    let expected = read_text(&lines(&[(0, "1,2,0.5,1.5,7"), (1, "1.5,2,1,1.75,8")])).unwrap();
    for text in [
        // Line ends, a mark of UTF-8, no line end at the end, empty lines.
        "time,open,high,low,close,volume\r\n1767571200,1,2,0.5,1.5,7\r\n1767571260,1.5,2,1,1.75,8\r\n",
        "\u{feff}time,open,high,low,close,volume\n1767571200,1,2,0.5,1.5,7\n1767571260,1.5,2,1,1.75,8",
        "\n\ntime,open,high,low,close,volume\n\n1767571200,1,2,0.5,1.5,7\n , ,\n1767571260,1.5,2,1,1.75,8\n\n",
        // Separators, blanks, quotes.
        "time;open;high;low;close;volume\n1767571200;1;2;0.5;1.5;7\n1767571260;1.5;2;1;1.75;8\n",
        "time\topen\thigh\tlow\tclose\tvolume\n1767571200\t1\t2\t0.5\t1.5\t7\n1767571260\t1.5\t2\t1\t1.75\t8\n",
        "time, open, high, low, close, volume\n1767571200, 1, 2, 0.5, 1.5, 7\n1767571260, 1.5, 2, 1, 1.75, 8\n",
        "\"time\",\"open\",\"high\",\"low\",\"close\",\"volume\"\n\"1767571200\",\"1\",\"2\",\"0.5\",\"1.5\",\"7\"\n\"1767571260\",1.5,2,1,1.75,8\n",
        // Other columns, another order, other names, a line before the header.
        "https://example.com\nunix,date,symbol,open,high,low,close,Volume BBB,Volume AAA\n1767571200,x,y,1,2,0.5,1.5,0,7\n1767571260,x,y,1.5,2,1,1.75,0,8\n",
        "Volume,Close,Low,High,Open,Open time\n7,1.5,0.5,2,1,1767571200000\n8,1.75,1,2,1.5,1767571260000\n",
        // No header; closes as an exchange writes them; cells after the last column.
        "1767571200000,1,2,0.5,1.5,7,1767571259999,9,3\n1767571260000,1.5,2,1,1.75,8,1767571319999,9,3\n",
        "\u{feff}1767571200000,1,2,0.5,1.5,7\n1767571260000,1.5,2,1,1.75,8\n",
        "close_time,open,high,low,close,volume\n1767571259999,1,2,0.5,1.5,7\n1767571319999,1.5,2,1,1.75,8\n",
        "close_time,open,high,low,close,volume\n2026-01-05 00:01,1,2,0.5,1.5,7\n2026-01-05 00:02,1.5,2,1,1.75,8\n",
        // Numbers with exponents, signs and zeros.
        "time,open,high,low,close,volume\n1.7675712e9,+1,2.000,5e-1,15e-1,7e0\n1767571260,1.50,2,01,1.75,8.\n",
    ] {
        let read = read_text(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((&read.market, &read.candles), (&expected.market, &expected.candles), "{text}");
        assert_eq!((read.quality.bad_rows, read.quality.details.rows), (0, 2), "{text}");
    }
}

#[test]
fn a_row_that_is_no_bar_is_left_out_and_told_with_its_line() {
    let good = "1767571200,1,2,0.5,1.5,7\n1767571260,1.5,2,1,1.75,8\n";
    for (bad, column, fault) in [
        ("yesterday,1,2,0.5,1.5,7", "time", Fault::NotATime),
        (",1,2,0.5,1.5,7", "time", Fault::Empty),
        ("12,1,2,0.5,1.5,7", "time", Fault::TimeOutOfRange),
        ("1767571320,,2,0.5,1.5,7", "open", Fault::Empty),
        ("1767571320,NaN,2,0.5,1.5,7", "open", Fault::NotANumber),
        ("1767571320,1,-2,0.5,1.5,7", "high", Fault::Negative),
        ("1767571320,1,2,0,1.5,7", "low", Fault::ZeroPrice),
        ("1767571320,1,2,1e-30,1.5,7", "low", Fault::ZeroPrice),
        ("1767571320,1,0.4,0.5,1.5,7", "high", Fault::HighBelowLow),
        ("1767571320,3,2,0.5,1.5,7", "open", Fault::OpenOutside),
        ("1767571320,1,2,0.5,0.4,7", "close", Fault::CloseOutside),
        ("1767571320,1,2,0.5,1.5", "volume", Fault::NoCell),
        ("1767571320,1,2,0.5,1.5,-7", "volume", Fault::Negative),
        ("1767571320,1,2,0.5,1.5,1e40", "volume", Fault::TooLarge),
        ("1767571320,1,1e30,0.5,1.5,7", "high", Fault::TooLarge),
        ("1767571320,\"1\"\",2,0.5,1.5,7", "open", Fault::NotANumber),
        ("\"1767571320,1,2,0.5,1.5,7", "time", Fault::NotATime),
        ("totals", "time", Fault::NotATime),
        ("\u{fffd},1,2,0.5,1.5,7", "time", Fault::NotATime),
    ] {
        for (text, line) in [(format!("{HEADER}{bad}\n{good}"), 2), (format!("{HEADER}\n\r\n{good}{bad}"), 6)] {
            let read = read_text(&text).unwrap_or_else(|error| panic!("{bad}: {error}"));
            assert_eq!((read.candles.bars().len(), read.quality.bad_rows), (2, 1), "{bad}");
            let first = &read.quality.details.first_bad_rows[0];
            assert_eq!((first.line, first.column.as_str(), first.fault), (line, column, fault), "{bad}");
            // One bad row costs the others nothing.
            assert_eq!(
                read.market.price_decimals,
                read_text(&format!("{HEADER}{good}")).unwrap().market.price_decimals
            );
        }
    }
}

#[test]
fn too_many_bad_rows_are_refused() {
    let good: String = (0..300).map(|n| format!("{},1,2,0.5,1.5,7\n", 1_767_571_200 + 60 * n)).collect();
    let options = ReadOptions { max_bad_rows: 2, ..ReadOptions::default() };
    assert_eq!(read_with(&format!("{HEADER}{good}x\ny\n"), &options).unwrap().quality.bad_rows, 2);
    let error = read_with(&format!("{HEADER}{good}x\ny\nz\n"), &options).unwrap_err();
    assert_eq!((error.code(), error.line(), error.column()), ("too-many-bad-rows", Some(302), Some("time")));
    assert!(
        error.to_string().starts_with("AAA-BBB.csv: 3 of 303 rows are bad, first line 302: `time` is no time"),
        "{error}"
    );
    // A file that is bad for the greater part is not one that is meant.
    let error = read_text(&format!("{HEADER}1767571200,1,2,0.5,1.5,7\nx\ny\n")).unwrap_err();
    assert_eq!(error.code(), "too-many-bad-rows");
    assert_eq!(read_text(&format!("{HEADER}x\n")).unwrap_err().code(), "too-many-bad-rows");
}

#[test]
fn gaps_repeated_and_contradicting_rows_and_their_order_are_told() {
    let text = lines(&[
        (10, "1,2,0.5,1.5,7"),
        (0, "1,2,0.5,1.5,7"),
        (1, "1,2,0.5,1.5,7"),
        (1, "1,2,0.5,1.5,7"),
        (2, "1,2,0.5,1.5,7"),
        (2, "1,2,0.5,1.6,7"),
        (3, "1,2,0.5,1.5,7"),
        (5, "1,2,0.5,1.5,7"),
        (11, "1,2,0.5,1.5,7"),
    ]);
    let quality = read_text(&text).unwrap().quality;
    assert_eq!((quality.bars, quality.gaps, quality.duplicates, quality.bad_rows), (7, 5, 1, 0));
    let details = &quality.details;
    assert_eq!((details.conflicts, details.unsorted_rows, details.irregular), (1, 1, 0));
    assert_eq!(details.first_conflicts, [at("2026-01-05T00:03:00Z")]);
    assert_eq!(
        details.first_gaps,
        [Gap { after: at("2026-01-05T00:04:00Z"), bars: 1 }, Gap { after: at("2026-01-05T00:06:00Z"), bars: 4 }]
    );
    let kept = read_text(&text).unwrap().candles.bars()[2];
    assert_eq!(kept.close * 10 / kept.open, 15, "the first of two that contradict each other is kept");
}

#[test]
fn prices_keep_all_their_decimals_or_say_what_was_lost() {
    for (rows, decimals, low, rounded) in [
        (vec!["150,150,150,150,1"], 3, 150_000, 0),
        (vec!["0.00001234,0.00001234,0.00001234,0.00001234,1"], 10, 123_400, 0),
        (vec!["150,150,150,150,1", "0.5,0.50000001,0.5,0.5,1"], 8, 50_000_000, 0),
        // More than twelve.
        (vec!["1.00000000000162,2,1,1.5,1"], 12, 1_000_000_000_000, 1),
        (vec!["0.30000000000000004,0.3,0.3,0.3,1"], 6, 300_000, 1),
        // A large one leaves less room for the small ones.
        (vec!["1600000000,1600000000,1600000000,1600000000,1"], 0, 1_600_000_000, 0),
        (vec!["1600000000.5,1600000000.5,1600000000.5,1600000000.5,1"], 1, 16_000_000_005, 0),
        (vec!["4000000000000000000,4000000000000000000,0.6,0.6,1"], 0, 1, 1),
    ] {
        let rows: Vec<(u32, &str)> = (0..).zip(rows).collect();
        let options = ReadOptions { bar_seconds: Some(60), ..ReadOptions::default() };
        let read = read_with(&lines(&rows), &options).unwrap();
        let lowest = read.candles.bars().iter().map(|bar| bar.low).min().unwrap();
        assert_eq!((read.market.price_decimals, lowest), (decimals, low), "{rows:?}");
        assert_eq!(read.quality.details.rounded_prices, rounded, "{rows:?}");
    }
}

#[test]
fn decimals_that_are_demanded_or_known_are_kept() {
    let text = lines(&[(0, "150.256,151,149.5,150.75,12.5000000001"), (1, "150.75,150.8,150.7,150.7,1")]);
    let options = ReadOptions { price_decimals: Some(2), ..ReadOptions::default() };
    let read = read_with(&text, &options).unwrap();
    assert_eq!((read.candles.bars()[0].open, read.market.price_decimals), (15_026, 2));
    assert_eq!((read.quality.details.rounded_prices, read.quality.details.rounded_volumes), (1, 1));
    // A market that is known brings its own.
    let known = ReadOptions { market: Some("sol/usdc".into()), ..ReadOptions::default() };
    let read = read_with(&text, &known).unwrap();
    assert_eq!((read.market.id.as_str(), read.candles.bars()[0].open), ("SOL/USDC", 150_256_000_000));
    assert!(!read.quality.details.made_up_tokens);
    // A price that its decimals leave no room for is a bad row, since nobody may choose others.
    let large = lines(&[(0, "1,1,1,1,1"), (1, "1,1,1,1,1"), (2, "1e11,1e11,1e11,1e11,1")]);
    assert_eq!(read_with(&large, &known).unwrap().quality.details.first_bad_rows[0].fault, Fault::TooLarge);
}

#[test]
fn volumes_of_an_unknown_token_lower_its_decimals() {
    let read = read_text(&lines(&[(0, "1,1,1,1,5e12"), (1, "1,1,1,1,0.5")])).unwrap();
    assert_eq!(read.market.base.decimals, 4);
    assert_eq!(read.candles.bars().iter().map(|bar| bar.volume).collect::<Vec<_>>(), [50_000_000_000_000_000, 5_000]);
    let without = read_text("time,open,high,low,close\n1767571200,1,1,1,1\n1767571260,1,1,1,1\n").unwrap();
    assert!(without.quality.details.no_volume && without.candles.bars().iter().all(|bar| bar.volume == 0));
}

#[test]
fn the_length_of_a_bar_is_found_or_demanded() {
    let of = |minutes: &[u32]| lines(&minutes.iter().map(|minute| (*minute, "1,1,1,1,1")).collect::<Vec<_>>());
    let options = |bar_seconds| ReadOptions { bar_seconds, ..ReadOptions::default() };
    for (minutes, demanded, expected) in [
        (vec![0, 1, 2, 5, 6], None, Ok((60, 2))),
        (vec![0, 5, 10, 20], None, Ok((300, 1))),
        // As many of one as of the other: the shorter one.
        (vec![0, 5, 6], None, Ok((60, 4))),
        (vec![0, 5, 10, 15], Some(60), Ok((60, 12))),
        (vec![0, 1, 2], Some(300), Err("other-bar-length")),
        (vec![0, 3, 6], Some(120), Err("other-bar-length")),
        (vec![0], None, Err("bar-length-unknown")),
        (vec![0], Some(60), Ok((60, 0))),
        (vec![0], Some(0), Err("bad-value")),
    ] {
        let read = read_with(&of(&minutes), &options(demanded));
        let read = read.map(|read| (read.quality.bar_seconds, read.quality.gaps)).map_err(|error| error.code());
        assert_eq!(read, expected, "{minutes:?} {demanded:?}");
    }
    let odd = "time,open,high,low,close\n1767571200.5,1,1,1,1\n1767571201,1,1,1,1\n";
    assert_eq!(read_text(odd).unwrap_err().code(), "bar-length-unknown");
    // Days of a zone that sets its clock: they are told as off the beat, and not as missing.
    let days =
        "date,open,high,low,close\n2026-03-27,1,1,1,1\n2026-03-28,1,1,1,1\n2026-03-29,1,1,1,1\n2026-03-30,1,1,1,1\n";
    let options = ReadOptions { zone: Zone::parse("Europe/Berlin").unwrap(), ..ReadOptions::default() };
    let quality = read_with(days, &options).unwrap().quality;
    assert_eq!((quality.bar_seconds, quality.gaps, quality.details.irregular), (86_400, 0, 1));
    assert_eq!(quality.from, at("2026-03-26T23:00:00Z"));
}

#[test]
fn a_demanded_end_of_the_bar_moves_its_times() {
    let text = lines(&[(0, "1,1,1,1,1"), (1, "1,1,1,1,1")]);
    let close = ReadOptions { stamp: Some(Stamp::Close), ..ReadOptions::default() };
    assert_eq!(read_with(&text, &close).unwrap().quality.to, at("2026-01-05T00:01:00Z"));
    assert_eq!(read_text(&text).unwrap().quality.to, at("2026-01-05T00:02:00Z"));
}

#[test]
fn only_whole_bars_of_the_time_that_is_asked_for_are_kept() {
    let rows: Vec<(u32, &str)> = (0..10).map(|minute| (minute, "1,1,1,1,1")).collect();
    let cut = |from: Option<&str>, to: Option<&str>| {
        let options = ReadOptions { from: from.map(at), to: to.map(at), ..ReadOptions::default() };
        let read = read_with(&lines(&rows), &options);
        read.map(|read| (read.quality.bars, read.quality.details.cut)).map_err(|error| error.code())
    };
    let (third, fifth) = (Some("2026-01-05T00:03:00Z"), Some("2026-01-05T00:05:30Z"));
    assert_eq!(cut(third, None), Ok((7, 3)));
    assert_eq!(cut(third, fifth), Ok((2, 8)));
    assert_eq!(cut(None, fifth), Ok((5, 5)));
    assert_eq!(cut(Some("2026-01-05T00:05:01Z"), fifth), Err("nothing-between"));
    assert_eq!(cut(Some("2027-01-05T00:00:00Z"), None), Err("nothing-between"));
    assert_eq!(cut(fifth, third), Err("bad-value"));
}

#[test]
fn a_file_that_is_no_table_of_bars_is_refused_by_name() {
    let long = "1,".repeat(40_000);
    for (text, code, line, said) in [
        ("", "no-candles", None, "AAA-BBB.csv: not one bar"),
        ("\n\n", "no-candles", None, "not one bar"),
        (HEADER, "no-candles", None, "not one bar"),
        (
            "when,open,high,low,close\n1,2,3,4,5\n",
            "missing-columns",
            Some(1),
            "AAA-BBB.csv:1: no column for time; the columns are `when`; `open`; `high`; `low`; `close`",
        ),
        ("time,open,high,close\n", "missing-columns", Some(1), "no column for low"),
        ("time,open,high,low,close,close\n", "ambiguous-column", Some(1), "two columns are called `close`"),
        (&long, "missing-columns", Some(1), "no column for"),
        ("time,open,high,low,close\n1767571200,1,1,1,1\n\0\0\0", "not-text", Some(3), "NUL"),
        ("time,\u{0}\n", "not-text", Some(1), "NUL"),
        ("PAR1\u{15}", "not-text", Some(1), "this is Parquet"),
        ("PK\u{3}\u{4}\u{14}", "not-text", Some(1), "spreadsheet"),
    ] {
        let error = read_text(text).unwrap_err();
        assert_eq!((error.code(), error.line()), (code, line), "{text}: {error}");
        assert!(error.to_string().contains(said), "{error}");
        assert!(!error.remedy().is_empty());
    }
    // Beyond what the head is looked for in.
    let rows: String = (0..9_000).map(|n| format!("{},1,1,1,1,1\n", 1_767_571_200 + 60 * n)).collect();
    let error = read_text(&format!("{HEADER}{rows}17675\0")).unwrap_err();
    assert_eq!((error.code(), error.line()), ("not-text", Some(9_002)), "{error}");
    let wide = format!("{HEADER}{long}{long}\n");
    let error = read_text(&wide).unwrap_err();
    assert_eq!((error.code(), error.line()), ("not-text", Some(2)), "{error}");
    let source = Source::bytes("AAA-BBB.csv", vec![0xff, 0xfe, b't', 0]);
    let error = read_source(&source, &ReadOptions::default(), &Markets::built_in()).unwrap_err();
    assert_eq!(error.code(), "not-text");
    let contradicted = ReadOptions { stamp: Some(Stamp::Open), ..ReadOptions::default() };
    let error = read_with("close_time,open,high,low,close\n", &contradicted).unwrap_err();
    assert_eq!((error.code(), error.column()), ("stamp-contradicts", Some("close_time")));
}

#[test]
fn a_demanded_separator_is_the_only_one() {
    let text = "time;open;high;low;close\n1767571200;1;1;1;1\n1767571260;1;1;1;1\n";
    let options = |separator| ReadOptions { separator: Some(separator), ..ReadOptions::default() };
    assert_eq!(read_with(text, &options(Separator::Semicolon)).unwrap().quality.bars, 2);
    assert_eq!(read_with(text, &options(Separator::Comma)).unwrap_err().code(), "missing-columns");
}

#[test]
fn the_report_has_the_names_that_programs_read() {
    let quality = read_text(&lines(&[(0, "1,1,1,1,1"), (1, "1,1,1,1,1")])).unwrap().quality;
    let json = serde_json::to_string(&quality).unwrap();
    let names = ["market", "sha256", "bars", "bar_seconds", "from", "to", "gaps", "duplicates", "bad_rows", "details"];
    let places: Vec<usize> = names.iter().map(|name| json.find(&format!("\"{name}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "{json}");
    assert!(json.starts_with(r#"{"market":"AAA/BBB","sha256":"sha256:"#), "{json}");
    assert!(json.contains(r#""from":"2026-01-05T00:00:00.000Z","to":"2026-01-05T00:02:00.000Z""#), "{json}");
}
