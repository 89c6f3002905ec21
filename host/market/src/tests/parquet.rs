use std::sync::Arc;

use ::parquet::{
    basic::{Compression, ZstdLevel},
    data_type::{
        ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, FloatType, Int32Type,
        Int64Type, Int96, Int96Type,
    },
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

use super::*;

/// The values of a column; none is a cell without one.
enum Values {
    I32(Vec<i32>),
    I64(Vec<i64>),
    I96(Vec<Int96>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Text(Vec<&'static str>),
    Bytes(Vec<Vec<u8>>),
    Maybe(Vec<Option<f64>>),
}

/// A file of some columns, in groups of rows.
fn file(schema: &str, groups: &[Vec<Values>], compression: Compression) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, properties).unwrap();
    for columns in groups {
        let mut group = writer.next_row_group().unwrap();
        for values in columns {
            let mut column = group.next_column().unwrap().unwrap();
            match values {
                Values::I32(values) => column.typed::<Int32Type>().write_batch(values, None, None).unwrap(),
                Values::I64(values) => column.typed::<Int64Type>().write_batch(values, None, None).unwrap(),
                Values::I96(values) => column.typed::<Int96Type>().write_batch(values, None, None).unwrap(),
                Values::F32(values) => column.typed::<FloatType>().write_batch(values, None, None).unwrap(),
                Values::F64(values) => column.typed::<DoubleType>().write_batch(values, None, None).unwrap(),
                Values::Text(values) => {
                    let values: Vec<ByteArray> = values.iter().map(|text| ByteArray::from(*text)).collect();
                    column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap()
                }
                Values::Bytes(values) => {
                    let values: Vec<FixedLenByteArray> =
                        values.iter().map(|bytes| ByteArray::from(bytes.clone()).into()).collect();
                    column.typed::<FixedLenByteArrayType>().write_batch(&values, None, None).unwrap()
                }
                Values::Maybe(values) => {
                    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
                    let there: Vec<f64> = values.iter().flatten().copied().collect();
                    column.typed::<DoubleType>().write_batch(&there, Some(&levels), None).unwrap()
                }
            };
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
    bytes
}

fn read_file(bytes: Vec<u8>, options: &ReadOptions) -> Result<Dataset, DataError> {
    read_source(&Source::bytes("AAA-BBB.parquet", bytes), options, &Markets::built_in())
}

const START: i64 = 1_767_571_200;

/// Two minutes of 2026-01-05, at which every test begins.
fn minutes(unit: i64) -> Vec<i64> {
    vec![START * unit, (START + 60) * unit]
}

fn floats(prices: [f64; 2]) -> Vec<Values> {
    (0..4).map(|_| Values::F64(prices.to_vec())).collect()
}

const PRICES: &str = "required double open; required double high; required double low; required double close;";

#[test]
fn times_of_every_type_are_one() {
    let mut spark = Vec::new();
    for minute in 0..2_u32 {
        let mut time = Int96::new();
        let nanos = u64::from(minute) * 60_000_000_000;
        let (low, high) = (u32::try_from(nanos & 0xffff_ffff).unwrap(), u32::try_from(nanos >> 32).unwrap());
        time.set_data(low, high, 2_461_046);
        spark.push(time);
    }
    let expected = at("2026-01-05T00:02:00Z");
    for (column, values) in [
        ("required int64 time;", Values::I64(minutes(1))),
        ("required int64 timestamp;", Values::I64(minutes(1_000_000))),
        ("required int64 open_time (TIMESTAMP_MILLIS);", Values::I64(minutes(1_000))),
        ("required int64 date (TIMESTAMP(MICROS,true));", Values::I64(minutes(1_000_000))),
        ("required int64 date (TIMESTAMP(NANOS,false));", Values::I64(minutes(1_000_000_000))),
        (
            "required int32 unix;",
            Values::I32(minutes(1).into_iter().map(|time| i32::try_from(time).unwrap()).collect()),
        ),
        ("required double time;", Values::F64(vec![1_767_571_200.0, 1_767_571_260.0])),
        ("required binary time (UTF8);", Values::Text(vec!["2026-01-05 00:00", "2026-01-05T00:01:00Z"])),
        ("required int96 time;", Values::I96(spark)),
    ] {
        let schema = format!("message m {{ {column} {PRICES} }}");
        let columns = std::iter::once(values).chain(floats([1.5, 2.5])).collect();
        let read = read_file(file(&schema, &[columns], Compression::UNCOMPRESSED), &ReadOptions::default());
        let read = read.unwrap_or_else(|error| panic!("{column}: {error}"));
        assert_eq!((read.quality.to, read.quality.bars), (expected, 2), "{column}");
        assert!(read.quality.details.no_volume && read.quality.details.floats);
    }
}

#[test]
fn times_without_a_zone_are_of_the_one_that_is_named() {
    let options = ReadOptions { zone: Zone::parse("Europe/Berlin").unwrap(), ..ReadOptions::default() };
    for (column, values, from) in [
        ("required int64 time (TIMESTAMP(MILLIS,false));", Values::I64(minutes(1_000)), "2026-01-04T23:00:00Z"),
        ("required int64 time (TIMESTAMP(MILLIS,true));", Values::I64(minutes(1_000)), "2026-01-05T00:00:00Z"),
        ("required int32 date (DATE);", Values::I32(vec![20_458, 20_459]), "2026-01-04T23:00:00Z"),
    ] {
        let schema = format!("message m {{ {column} {PRICES} }}");
        let columns = std::iter::once(values).chain(floats([1.5, 2.5])).collect();
        let read = read_file(file(&schema, &[columns], Compression::UNCOMPRESSED), &options).unwrap();
        assert_eq!(read.quality.from, at(from), "{column}");
    }
}

#[test]
fn numbers_of_every_type_are_exact() {
    let bytes = |value: i128| value.to_be_bytes().to_vec();
    let short = |value: i32| value.to_be_bytes().to_vec();
    for (kind, values, decimals, floats) in [
        ("double", Values::F64(vec![150.25, 0.1]), (15_025_000, 10_000), true),
        ("float", Values::F32(vec![150.25, 0.1]), (15_025_000, 10_000), true),
        ("int32", Values::I32(vec![150, 2]), (15_000_000, 200_000), false),
        ("int64", Values::I64(vec![150, 2]), (15_000_000, 200_000), false),
        ("int64", Values::I64(vec![15_025, 10]), (1_502_500_000, 1_000_000), false),
        ("int32 NAME (DECIMAL(9,2))", Values::I32(vec![15_025, 10]), (15_025_000, 10_000), false),
        ("int64 NAME (DECIMAL(18,4))", Values::I64(vec![1_502_500, 1_000]), (15_025_000, 10_000), false),
        (
            "fixed_len_byte_array(16) NAME (DECIMAL(38,18))",
            Values::Bytes(vec![bytes(150_250_000_000_000_000_000), bytes(100_000_000_000_000_000)]),
            (15_025_000, 10_000),
            false,
        ),
        (
            "fixed_len_byte_array(4) NAME (DECIMAL(9,2))",
            Values::Bytes(vec![short(15_025), short(10)]),
            (15_025_000, 10_000),
            false,
        ),
        ("binary NAME (UTF8)", Values::Text(vec!["150.25", " 1e-1"]), (15_025_000, 10_000), false),
        ("binary", Values::Text(vec!["150.25", "0.1"]), (15_025_000, 10_000), false),
    ] {
        let column = |name: &str| match kind.contains("NAME") {
            true => format!("required {};", kind.replace("NAME", name)),
            false => format!("required {kind} {name};"),
        };
        let names = ["open", "high", "low", "close"].map(column).concat();
        let schema = format!("message m {{ required int64 time; {names} }}");
        let again = || match &values {
            Values::F64(values) => Values::F64(values.clone()),
            Values::F32(values) => Values::F32(values.clone()),
            Values::I32(values) => Values::I32(values.clone()),
            Values::I64(values) => Values::I64(values.clone()),
            Values::Text(values) => Values::Text(values.clone()),
            Values::Bytes(values) => Values::Bytes(values.clone()),
            Values::I96(_) | Values::Maybe(_) => panic!("not here"),
        };
        let columns = std::iter::once(Values::I64(minutes(1))).chain((0..4).map(|_| again())).collect();
        let options = ReadOptions { price_decimals: Some(5), ..ReadOptions::default() };
        let read = read_file(file(&schema, &[columns], Compression::UNCOMPRESSED), &options);
        let read = read.unwrap_or_else(|error| panic!("{kind}: {error}"));
        let bars = read.candles.bars();
        assert_eq!((bars[0].close, bars[1].close), decimals, "{kind}");
        assert_eq!((read.quality.details.floats, read.quality.details.rounded_prices), (floats, 0), "{kind}");
    }
}

#[test]
fn floats_with_noise_are_rounded_which_is_told() {
    let schema = format!("message m {{ required int64 time; {PRICES} required double volume; }}");
    let mut columns = vec![Values::I64(minutes(1))];
    columns.extend(floats([0.1 + 0.2, 150.25]));
    columns.push(Values::F64(vec![1.0, 0.1 + 0.2]));
    let read = read_file(file(&schema, &[columns], Compression::UNCOMPRESSED), &ReadOptions::default()).unwrap();
    assert_eq!((read.market.price_decimals, read.candles.bars()[0].open), (6, 300_000));
    let details = &read.quality.details;
    assert_eq!((details.rounded_prices, details.rounded_volumes, details.floats), (1, 1, true));
}

#[test]
fn groups_compressions_and_other_columns_make_no_difference() {
    let schema = "message m { optional binary note (UTF8); required double volume; required double close; required double low;
        required double high; required double open; required int64 time (TIMESTAMP(MILLIS,true)); required group more { required int64 time; }
        repeated int64 close_time; }";
    let level = ZstdLevel::try_new(3).unwrap();
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::ZSTD(level),
        Compression::LZ4_RAW,
        Compression::GZIP(Default::default()),
    ] {
        let groups: Vec<Vec<Values>> = (0..3)
            .map(|group| {
                let times: Vec<i64> =
                    (0..5_000).map(|minute| (START + (group * 5_000 + minute) * 60) * 1_000).collect();
                let prices = || Values::F64((0..5_000).map(|minute| 100.0 + f64::from(minute) / 100.0).collect());
                let notes = Values::Text(vec!["x"; 5_000]);
                let mut columns =
                    vec![notes, prices(), prices(), prices(), prices(), prices(), Values::I64(times.clone())];
                columns.extend([Values::I64(times.clone()), Values::I64(times)]);
                columns
            })
            .collect();
        let bytes = file(&schema.replace("optional", "required").replace("repeated", "required"), &groups, compression);
        let read = read_file(bytes.clone(), &ReadOptions::default()).unwrap();
        assert_eq!((read.quality.bars, read.quality.gaps, read.market.price_decimals), (15_000, 0, 3), "{compression}");
        assert_eq!(read.candles.bars()[14_999].close, 149_990);
        assert_eq!(read.quality.sha256, puppet_types::Digest::of(&bytes));
        // From disk as from memory.
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("AAA-BBB.parquet"), bytes).unwrap();
        assert_eq!(
            read_source(
                &Source::file(folder.path().join("AAA-BBB.parquet")),
                &ReadOptions::default(),
                &Markets::built_in()
            )
            .unwrap(),
            read
        );
    }
}

#[test]
fn a_cell_without_a_value_is_a_bad_row() {
    let schema = "message m { required int64 time; optional double open; optional double high; optional double low; optional double close; }";
    let prices = || {
        Values::Maybe(vec![
            Some(1.0),
            None,
            Some(1.0),
            Some(f64::NAN),
            Some(-1.0),
            Some(1e30),
            Some(1.0),
            Some(1.0),
            Some(1.0),
        ])
    };
    let times = (0..9).map(|minute| START + 60 * minute).collect();
    let columns = vec![Values::I64(times), prices(), prices(), prices(), prices()];
    let quality = read_file(file(schema, &[columns], Compression::SNAPPY), &ReadOptions::default()).unwrap().quality;
    assert_eq!((quality.bars, quality.gaps, quality.bad_rows), (5, 4, 4));
    let told: Vec<(u64, &str, Fault)> =
        quality.details.first_bad_rows.iter().map(|row| (row.line, row.column.as_str(), row.fault)).collect();
    assert_eq!(
        told,
        [
            (2, "open", Fault::Empty),
            (4, "open", Fault::NotANumber),
            (5, "open", Fault::Negative),
            (6, "open", Fault::TooLarge)
        ]
    );
}

#[test]
fn columns_that_do_not_do_are_refused_by_name() {
    let refused = |schema: &str, columns| {
        let error =
            read_file(file(schema, &[columns], Compression::UNCOMPRESSED), &ReadOptions::default()).unwrap_err();
        (error.code(), error.to_string())
    };
    let mut columns = vec![Values::I64(minutes(1))];
    columns.extend(floats([1.0, 1.0]));
    let (code, said) = refused(&format!("message m {{ required int64 when; {PRICES} }}"), columns);
    assert_eq!(code, "missing-columns", "{said}");
    assert!(said.contains("no column for time; the columns are `when`; `open`"), "{said}");

    let mut columns = vec![Values::I64(minutes(1)), Values::I64(minutes(1_000))];
    columns.extend(floats([1.0, 1.0]).into_iter().take(3));
    let prices = PRICES.replace("required double open;", "required int64 open (TIMESTAMP(MILLIS,true));");
    let (code, said) = refused(&format!("message m {{ required int64 time; {prices} }}"), columns);
    assert_eq!(
        (code, said.as_str()),
        ("column-type", "AAA-BBB.parquet: column `open` is of type INT64, which holds no number")
    );

    let columns = vec![Values::I64(minutes(1))];
    let (code, _) = refused("message m { required group bar { required int64 time; } }", columns);
    assert_eq!(code, "missing-columns");
}

#[test]
fn a_compression_that_is_not_read_is_refused_by_name() {
    let schema = format!("message m {{ required int64 time; {PRICES} }}");
    let columns = || std::iter::once(Values::I64(minutes(1))).chain(floats([1.0, 1.0])).collect();
    let clean = file(&schema, &[columns()], Compression::SNAPPY);
    // The codec of the first column stands after its path, as a number of Thrift's compact protocol: Snappy is 1.
    let path = b"\x19\x18\x04time\x15\x02";
    let place = clean.windows(path.len()).position(|window| window == path).unwrap() + path.len() - 1;
    for (number, name) in [(3, "LZO"), (4, "Brotli")] {
        let mut bytes = clean.clone();
        bytes[place] = number * 2;
        let error = read_file(bytes, &ReadOptions::default()).unwrap_err();
        assert_eq!(error.code(), "unknown-compression");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn no_damage_to_a_file_makes_it_panic() {
    let schema = format!("message m {{ required int64 time; {PRICES} }}");
    let mut columns = vec![Values::I64((0..100).map(|minute| START + 60 * minute).collect())];
    columns.extend((0..4).map(|_| Values::F64((0..100).map(|minute| f64::from(minute % 7) + 1.5).collect())));
    let clean = file(&schema, &[columns], Compression::SNAPPY);
    assert_eq!(read_file(clean.clone(), &ReadOptions::default()).unwrap().quality.bars, 100);
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let (mut read, mut refused) = (0, 0);
    for round in 0..3_000 {
        let mut bytes = clean.clone();
        for _ in 0..=random.next_u64() % 3 {
            let place = usize::try_from(random.next_u64()).unwrap() % bytes.len();
            bytes[place] = random.next_u64().to_le_bytes()[0];
        }
        if round % 10 == 0 {
            bytes.truncate(usize::try_from(random.next_u64()).unwrap() % bytes.len());
        }
        match read_file(bytes, &ReadOptions::default()) {
            Ok(_) => read += 1,
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().is_empty());
            }
        }
    }
    assert!(read > 100 && refused > 100, "{read} were read and {refused} refused");
}
