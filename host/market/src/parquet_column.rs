//! One column of a Parquet file, cell by cell: integers, floats, decimals, texts and timestamps of any unit, as exact
//! numbers and points in time.

use jiff::{ToSpan as _, civil};
use parquet::{
    basic::{ConvertedType, LogicalType, TimeUnit, Type},
    column::reader::{ColumnReader, ColumnReaderImpl},
    data_type::DataType,
    errors::Result,
    schema::types::ColumnDescriptor,
};

use crate::{
    Fault, Zone,
    decimal::{Decimal, NotDecimal},
    stamp::{self, Stamped},
};

/// What the values of a column mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A whole number divided by ten to this.
    Decimal(i32),
    Float,
    Text,
    /// Ticks of ten to minus this of a second since 1970; in UTC, or as a clock of some zone shows them.
    Ticks {
        decimals: i32,
        is_utc: bool,
    },
    /// Days since 1970.
    Days,
}

impl Kind {
    /// None of a type that can be neither a number nor a time.
    pub(crate) fn of(column: &ColumnDescriptor) -> Option<Self> {
        let (physical, logical, converted) =
            (column.physical_type(), column.logical_type_ref(), column.converted_type());
        let ticks = |unit: &TimeUnit, is_utc| {
            let decimals = match unit {
                TimeUnit::MILLIS => 3,
                TimeUnit::MICROS => 6,
                TimeUnit::NANOS => 9,
            };
            Some(Self::Ticks { decimals, is_utc })
        };
        match (physical, logical, converted) {
            (Type::INT64, Some(LogicalType::Timestamp(kind)), _) => ticks(&kind.unit, kind.is_adjusted_to_u_t_c),
            (Type::INT64, None, ConvertedType::TIMESTAMP_MILLIS) => ticks(&TimeUnit::MILLIS, true),
            (Type::INT64, None, ConvertedType::TIMESTAMP_MICROS) => ticks(&TimeUnit::MICROS, true),
            (Type::INT32, Some(LogicalType::Date), _) | (Type::INT32, None, ConvertedType::DATE) => Some(Self::Days),
            // Old files of Spark and Hive; nanoseconds of UTC.
            (Type::INT96, ..) => ticks(&TimeUnit::NANOS, true),
            (Type::FLOAT | Type::DOUBLE, ..) => Some(Self::Float),
            (Type::BOOLEAN, ..) => None,
            (_, Some(LogicalType::Decimal(_)), _) | (_, None, ConvertedType::DECIMAL) => {
                (0..=38).contains(&column.type_scale()).then(|| Self::Decimal(column.type_scale()))
            }
            (Type::INT32 | Type::INT64, None | Some(LogicalType::Integer(_)), _) => Some(Self::Decimal(0)),
            (Type::BYTE_ARRAY, ..) => Some(Self::Text),
            _ => None,
        }
    }
}

/// A value as it is stored.
enum Cell {
    Null,
    Whole(i128),
    Double(f64),
    Single(f32),
    Text(Vec<u8>),
    /// More than 16 bytes of a number.
    TooLarge,
}

/// A column of one row group.
pub(crate) struct Column {
    reader: ColumnReader,
    kind: Kind,
    is_unsigned: bool,
    most: i16,
    levels: Vec<i16>,
    cells: Vec<Cell>,
}

impl Column {
    pub(crate) fn new(reader: ColumnReader, kind: Kind, column: &ColumnDescriptor) -> Self {
        let is_unsigned = match column.logical_type_ref() {
            Some(LogicalType::Integer(kind)) => !kind.is_signed,
            _ => matches!(column.converted_type(), ConvertedType::UINT_32 | ConvertedType::UINT_64),
        };
        Self { reader, kind, is_unsigned, most: column.max_def_level(), levels: Vec::new(), cells: Vec::new() }
    }

    /// Reads the next values, at most so many. How many it were.
    pub(crate) fn advance(&mut self, count: usize) -> Result<usize> {
        self.cells.clear();
        self.levels.clear();
        let (most, is_unsigned, kind) = (self.most, self.is_unsigned, self.kind);
        let is_number = matches!(kind, Kind::Decimal(_));
        let (levels, cells) = (&mut self.levels, &mut self.cells);
        match &mut self.reader {
            ColumnReader::BoolColumnReader(reader) => take(reader, count, most, levels, cells, |_| Cell::Null),
            ColumnReader::Int32ColumnReader(reader) => take(reader, count, most, levels, cells, |value| {
                Cell::Whole(if is_unsigned { i128::from(value.cast_unsigned()) } else { i128::from(value) })
            }),
            ColumnReader::Int64ColumnReader(reader) => take(reader, count, most, levels, cells, |value| {
                Cell::Whole(if is_unsigned { i128::from(value.cast_unsigned()) } else { i128::from(value) })
            }),
            ColumnReader::Int96ColumnReader(reader) => {
                take(reader, count, most, levels, cells, |value| Cell::Whole(i128::from(value.to_nanos())))
            }
            ColumnReader::FloatColumnReader(reader) => take(reader, count, most, levels, cells, Cell::Single),
            ColumnReader::DoubleColumnReader(reader) => take(reader, count, most, levels, cells, Cell::Double),
            ColumnReader::ByteArrayColumnReader(reader) => take(reader, count, most, levels, cells, |value| {
                if is_number { of_bytes(value.data()) } else { Cell::Text(value.data().to_vec()) }
            }),
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                take(reader, count, most, levels, cells, |value| of_bytes(value.data()))
            }
        }
    }

    /// The number in a row of what was read last.
    pub(crate) fn number(&self, row: usize) -> std::result::Result<Decimal, Fault> {
        let scale = match self.kind {
            Kind::Decimal(scale) => scale,
            _ => 0,
        };
        Ok(match self.cells.get(row) {
            None | Some(Cell::Null) => return Err(Fault::Empty),
            Some(Cell::Whole(whole)) => Decimal::new(u128::try_from(*whole).map_err(|_| Fault::Negative)?, scale),
            Some(Cell::TooLarge) => return Err(Fault::TooLarge),
            Some(Cell::Double(number)) => float(*number, number)?,
            Some(Cell::Single(number)) => float(f64::from(*number), number)?,
            Some(Cell::Text(text)) => Decimal::parse(text.trim_ascii())?,
        })
    }

    /// The point in time in a row of what was read last.
    pub(crate) fn time(&self, row: usize, zone: &Zone) -> std::result::Result<Stamped, Fault> {
        match (self.cells.get(row), self.kind) {
            (Some(Cell::Whole(ticks)), Kind::Ticks { decimals, is_utc }) => {
                let unit = 10_i128.pow(u32::try_from(decimals - 3).unwrap_or(0));
                let millis = i64::try_from(ticks.div_euclid(unit)).map_err(|_| Fault::TimeOutOfRange)?;
                if is_utc { Ok(stamp::millis(millis)?) } else { local(millis, zone) }
            }
            (Some(Cell::Whole(days)), Kind::Days) => {
                let millis = i64::try_from(*days).ok().and_then(|days| days.checked_mul(86_400_000));
                local(millis.ok_or(Fault::TimeOutOfRange)?, zone)
            }
            (Some(Cell::Text(text)), _) => Ok(stamp::parse(text.trim_ascii(), zone)?),
            _ => Ok(stamp::epoch(self.number(row)?)?),
        }
    }
}

/// What a clock of the zone shows, in milliseconds of its own since 1970.
fn local(millis: i64, zone: &Zone) -> std::result::Result<Stamped, Fault> {
    stamp::millis(millis)?;
    let time = civil::date(1970, 1, 1).at(0, 0, 0, 0).checked_add(millis.milliseconds());
    Ok(stamp::civil(time.map_err(|_| Fault::TimeOutOfRange)?, zone)?)
}

/// A float is the shortest decimal number that means it.
fn float(value: f64, shortest: impl ToString) -> std::result::Result<Decimal, Fault> {
    if !value.is_finite() {
        return Err(Fault::NotANumber);
    }
    // Beyond these no price is, and the text would be long.
    if value.abs() >= 1e20 {
        return Err(if value < 0.0 { Fault::Negative } else { Fault::TooLarge });
    }
    Decimal::parse(shortest.to_string().as_bytes()).map_err(|why: NotDecimal| why.into())
}

/// A number in two's complement, the highest byte first.
fn of_bytes(bytes: &[u8]) -> Cell {
    let is_negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let fill = if is_negative { 0xff } else { 0 };
    let (excess, low) = bytes.split_at(bytes.len().saturating_sub(16));
    let mut whole = [fill; 16];
    whole[16 - low.len()..].copy_from_slice(low);
    let whole = i128::from_be_bytes(whole);
    if excess.iter().all(|byte| *byte == fill) && (whole < 0) == is_negative {
        Cell::Whole(whole)
    } else {
        Cell::TooLarge
    }
}

fn take<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    count: usize,
    most: i16,
    levels: &mut Vec<i16>,
    cells: &mut Vec<Cell>,
    cell: impl Fn(T::T) -> Cell,
) -> Result<usize> {
    let mut values = Vec::new();
    let (records, ..) = reader.read_records(count, Some(&mut *levels), None, &mut values)?;
    let mut values = values.into_iter();
    if most == 0 {
        cells.extend(values.map(cell));
    } else {
        cells.extend(
            levels.iter().map(
                |level| {
                    if *level == most { values.next().map_or(Cell::Null, &cell) } else { Cell::Null }
                },
            ),
        );
    }
    Ok(records)
}
