//! Parameters by place, as Solana's methods take them; the last may be an object of options.

use std::str::FromStr;

use serde_json::Value;

use super::RpcError;

/// Those of one call.
pub(crate) struct Params<'a> {
    values: &'a [Value],
}

impl<'a> Params<'a> {
    pub(crate) fn new(params: &'a Value) -> Result<Self, RpcError> {
        match params {
            Value::Null => Ok(Self { values: &[] }),
            Value::Array(values) => Ok(Self { values }),
            _ => Err(RpcError::invalid("`params` should be an array")),
        }
    }

    pub(crate) fn text(&self, place: usize) -> Result<&'a str, RpcError> {
        let value = self.values.get(place).and_then(Value::as_str);
        value.ok_or_else(|| RpcError::invalid(format!("Invalid params: parameter {place} should be a string")))
    }

    pub(crate) fn number(&self, place: usize) -> Result<u64, RpcError> {
        let value = self.values.get(place).and_then(Value::as_u64);
        value.ok_or_else(|| RpcError::invalid(format!("Invalid params: parameter {place} should be a number")))
    }

    /// Bytes of an account.
    pub(crate) fn size(&self, place: usize) -> Result<usize, RpcError> {
        let size = usize::try_from(self.number(place)?).ok().filter(|size| *size <= 10 << 20);
        size.ok_or_else(|| RpcError::invalid("Invalid params: no account is that long"))
    }

    /// In base58: an address, a hash, a signature.
    pub(crate) fn read<T: FromStr>(&self, place: usize) -> Result<T, RpcError> {
        read(self.text(place)?)
    }

    pub(crate) fn list<T: FromStr>(&self, place: usize, most: usize) -> Result<Vec<T>, RpcError> {
        let values = self.values.get(place).and_then(Value::as_array);
        let values = values.ok_or_else(|| RpcError::invalid(format!("parameter {place} should be an array")))?;
        if values.len() > most {
            return Err(RpcError::invalid(format!("Too many inputs provided; max {most}")));
        }
        values.iter().map(|value| read(value.as_str().unwrap_or_default())).collect()
    }

    /// An option of the object at a place.
    pub(crate) fn option(&self, place: usize, name: &str) -> Option<&'a Value> {
        self.values.get(place)?.get(name).filter(|value| !value.is_null())
    }

    /// One that is off where it is not there.
    pub(crate) fn flag(&self, place: usize, name: &str) -> bool {
        self.option(place, name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The slot that whoever answers has to have seen, wherever it stands.
    pub(crate) fn not_before(&self) -> u64 {
        let named = self.values.iter().filter_map(|value| value.get("minContextSlot")?.as_u64());
        named.max().unwrap_or(0)
    }

    /// How something is, or is to be, encoded.
    pub(crate) fn encoding(&self, place: usize, default: &'static str) -> &'a str {
        self.option(place, "encoding").and_then(Value::as_str).unwrap_or(default)
    }
}

pub(crate) fn read<T: FromStr>(text: &str) -> Result<T, RpcError> {
    text.parse().map_err(|_| RpcError::invalid(format!("Invalid param: {text:?} cannot be read")))
}
