//! Fields of documents. They are called as SQLite's columns, and hold the same: enums by name, JSON as text, unsigned
//! numbers as the same 64 bits, truth as 0 or 1, vectors as the same bytes behind a head of two.

use mongodb::bson::{Binary, Bson, Document, doc, spec::BinarySubtype};
use puppet_store::{Result, StoreError};
use puppet_types::{AgentId, Digest, Timestamp, trade::Origin};
use serde::{Deserialize, Serialize, de::IntoDeserializer as _};

/// The name that serde gives a variant without fields.
pub(crate) fn name<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// JSON text.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Failed(error.to_string()))
}

/// Bytes.
pub(crate) fn blob(bytes: &[u8]) -> Bson {
    Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() })
}

/// What a vector of 32-bit floats begins with (BSON binary vector: the type of its numbers, and no padding).
const FLOATS: [u8; 2] = [0x27, 0];

/// 32-bit little-endian floats, as a server's vector search reads them.
pub(crate) fn vector_field(numbers: &[f32]) -> Bson {
    vector_of_bytes(&numbers.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
}

/// The same from the bytes that SQLite has. What are no such numbers stay plain bytes.
pub(crate) fn vector_of_bytes(bytes: &[u8]) -> Bson {
    if !bytes.len().is_multiple_of(4) {
        return blob(bytes);
    }
    Bson::Binary(Binary { subtype: BinarySubtype::Vector, bytes: [&FLOATS, bytes].concat() })
}

/// The bytes that SQLite has: of a vector those after its head, else all.
pub(crate) fn plain(binary: &Binary) -> &[u8] {
    match binary.bytes.strip_prefix(&FLOATS) {
        Some(numbers) if binary.subtype == BinarySubtype::Vector => numbers,
        _ => &binary.bytes,
    }
}

/// One of these agents.
pub(crate) fn one_of<'a>(agents: impl IntoIterator<Item = &'a AgentId>) -> Bson {
    Bson::Document(doc! {"$in": agents.into_iter().map(AgentId::as_str).collect::<Vec<_>>()})
}

/// A limit of rows; 0 is none.
pub(crate) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// The key of a row that has more than one: a JSON list, which nothing but these parts spells.
pub(crate) fn key(parts: &[&str]) -> String {
    serde_json::Value::from(parts.to_vec()).to_string()
}

pub(crate) fn corrupt(table: &'static str, reason: &dyn std::fmt::Display) -> StoreError {
    StoreError::Corrupt { table, reason: reason.to_string() }
}

/// Whether a field is this text.
pub(crate) fn says(row: &Document, field: &str, text: &str) -> bool {
    row.get(field).and_then(Bson::as_str) == Some(text)
}

/// Whether a field is this number.
pub(crate) fn counts(row: &Document, field: &str, number: i64) -> bool {
    row.get(field).and_then(Bson::as_i64) == Some(number)
}

/// A document as a row of a table.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    pub(crate) table: &'static str,
    pub(crate) document: &'a Document,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(table: &'static str, document: &'a Document) -> Self {
        Self { table, document }
    }

    fn wrong(&self, field: &str) -> StoreError {
        let found =
            self.document.get(field).map_or("nothing".to_owned(), |found| format!("{:?}", found.element_type()));
        corrupt(self.table, &format!("{field} is {found}"))
    }

    pub(crate) fn maybe_text(&self, field: &str) -> Result<Option<&'a str>> {
        match self.document.get(field) {
            None | Some(Bson::Null) => Ok(None),
            Some(Bson::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(field)),
        }
    }

    /// What was behind something. What it does not know it does not tell: then nobody is trusted.
    pub(crate) fn origin(&self, field: &str) -> Result<Option<Origin>> {
        Ok(self.maybe_text(field)?.and_then(Origin::parse))
    }

    pub(crate) fn text(&self, field: &str) -> Result<&'a str> {
        self.maybe_text(field)?.ok_or_else(|| self.wrong(field))
    }

    pub(crate) fn maybe_int(&self, field: &str) -> Result<Option<i64>> {
        match self.document.get(field) {
            None | Some(Bson::Null) => Ok(None),
            Some(Bson::Int64(value)) => Ok(Some(*value)),
            Some(Bson::Int32(value)) => Ok(Some((*value).into())),
            Some(_) => Err(self.wrong(field)),
        }
    }

    pub(crate) fn int(&self, field: &str) -> Result<i64> {
        self.maybe_int(field)?.ok_or_else(|| self.wrong(field))
    }

    /// The same 64 bits.
    pub(crate) fn unsigned(&self, field: &str) -> Result<u64> {
        Ok(self.int(field)?.cast_unsigned())
    }

    pub(crate) fn small(&self, field: &str) -> Result<u32> {
        u32::try_from(self.int(field)?).map_err(|_| self.wrong(field))
    }

    pub(crate) fn flag(&self, field: &str) -> Result<bool> {
        Ok(self.int(field)? != 0)
    }

    pub(crate) fn time(&self, field: &str) -> Result<Timestamp> {
        Ok(Timestamp::from_millis(self.int(field)?))
    }

    pub(crate) fn maybe_time(&self, field: &str) -> Result<Option<Timestamp>> {
        Ok(self.maybe_int(field)?.map(Timestamp::from_millis))
    }

    pub(crate) fn real(&self, field: &str) -> Result<f64> {
        match self.document.get(field) {
            Some(Bson::Double(value)) => Ok(*value),
            _ => Err(self.wrong(field)),
        }
    }

    pub(crate) fn maybe_blob(&self, field: &str) -> Result<Option<&'a [u8]>> {
        match self.document.get(field) {
            None | Some(Bson::Null) => Ok(None),
            Some(Bson::Binary(binary)) => Ok(Some(plain(binary))),
            Some(_) => Err(self.wrong(field)),
        }
    }

    pub(crate) fn blob(&self, field: &str) -> Result<&'a [u8]> {
        self.maybe_blob(field)?.ok_or_else(|| self.wrong(field))
    }

    pub(crate) fn digest(&self, field: &str) -> Result<Digest> {
        let bytes: [u8; 32] = self.blob(field)?.try_into().map_err(|_| self.wrong(field))?;
        Ok(Digest::from_bytes(bytes))
    }

    /// A value from JSON text.
    pub(crate) fn json<T: Deserialize<'a>>(&self, field: &str) -> Result<T> {
        serde_json::from_str(self.text(field)?).map_err(|error| corrupt(self.table, &format!("{field}: {error}")))
    }

    /// The variant of that name.
    pub(crate) fn named<T: Deserialize<'a>>(&self, field: &str) -> Result<T> {
        let text: serde::de::value::StrDeserializer<'a, serde::de::value::Error> =
            self.text(field)?.into_deserializer();
        T::deserialize(text).map_err(|error| corrupt(self.table, &error))
    }

    /// 32-bit little-endian floats.
    pub(crate) fn numbers(&self, field: &str) -> Result<Option<Vec<f32>>> {
        let Some(bytes) = self.maybe_blob(field)? else { return Ok(None) };
        if !bytes.len().is_multiple_of(4) {
            return Err(self.wrong(field));
        }
        Ok(Some(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()))
    }
}
