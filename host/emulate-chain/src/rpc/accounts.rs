//! Accounts, balances and tokens.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use solana_account::Account;
use solana_address::Address;

use super::{Answer, Params, RpcError, at_slot, params::read, zstd};
use crate::{
    chain::{Chain, Held, TokenProgram},
    faults::Kind,
};

/// Longest data that is answered in base58.
const MOST_BASE58: usize = 128;

pub(super) fn balance(chain: &Chain, params: &Params<'_>, twist: Option<&Kind>) -> Answer {
    let address: Address = params.read(0)?;
    Ok(at_slot(chain, json!(bent(chain.lamports(&address), twist))))
}

pub(super) fn info(chain: &Chain, params: &Params<'_>, twist: Option<&Kind>) -> Answer {
    let address: Address = params.read(0)?;
    let how = How::read(params, 1, "base58")?;
    let shown = one(chain, &address, &how, twist)?;
    Ok(at_slot(chain, shown))
}

pub(super) fn several(chain: &Chain, params: &Params<'_>, twist: Option<&Kind>) -> Answer {
    let addresses: Vec<Address> = params.list(0, 100)?;
    let how = How::read(params, 1, "base64")?;
    let shown: Result<Vec<Value>, RpcError> =
        addresses.iter().map(|address| one(chain, address, &how, twist)).collect();
    Ok(at_slot(chain, Value::Array(shown?)))
}

pub(super) fn tokens_of(chain: &Chain, params: &Params<'_>, twist: Option<&Kind>) -> Answer {
    let owner: Address = params.read(0)?;
    let how = How::read(params, 2, "base64")?;
    let named = |name| params.option(1, name).and_then(Value::as_str).map(read::<Address>).transpose();
    let (mint, program) = (named("mint")?, named("programId")?);
    if let Some(mint) = mint
        && chain.mint(&mint).is_none()
    {
        return Err(RpcError::invalid("Invalid param: could not find mint"));
    }
    if mint.is_none() && program.is_none_or(|program| TokenProgram::of(&program).is_none()) {
        return Err(RpcError::invalid("Invalid param: a `mint` or the `programId` of a token program is needed"));
    }
    let meant = |held: &Held| {
        mint.is_none_or(|mint| mint == held.mint) && program.is_none_or(|program| program == held.program.address())
    };
    let mut found = Vec::new();
    for (address, _) in chain.held_by(&owner).into_iter().filter(|(_, held)| meant(held)) {
        found.push(json!({ "pubkey": address.to_string(), "account": one(chain, &address, &how, twist)? }));
    }
    Ok(at_slot(chain, Value::Array(found)))
}

pub(super) fn token_balance(chain: &Chain, params: &Params<'_>, twist: Option<&Kind>) -> Answer {
    let address: Address = params.read(0)?;
    let account = chain.account(&address).ok_or_else(|| RpcError::invalid("Invalid param: could not find account"))?;
    let held = Held::read(&account).ok_or_else(|| RpcError::invalid("Invalid param: not a Token account"))?;
    let decimals = chain.mint(&held.mint).map_or(0, |mint| mint.decimals);
    Ok(at_slot(chain, amount(bent(held.amount, twist), decimals)))
}

pub(super) fn supply(chain: &Chain, params: &Params<'_>) -> Answer {
    let mint: Address = params.read(0)?;
    let mint = chain.mint(&mint).ok_or_else(|| RpcError::invalid("Invalid param: could not find mint"))?;
    Ok(at_slot(chain, amount(mint.supply, mint.decimals)))
}

/// An amount of tokens, as a number and as people read it.
pub(super) fn amount(amount: u64, decimals: u8) -> Value {
    let text = decimal(amount, decimals);
    // What JavaScript would make of it; nothing here counts with it.
    let number: Option<f64> = text.parse().ok();
    json!({ "amount": amount.to_string(), "decimals": decimals, "uiAmount": number, "uiAmountString": text })
}

fn decimal(amount: u64, decimals: u8) -> String {
    let digits = usize::from(decimals);
    let padded = format!("{amount:0>width$}", width = digits + 1);
    let (whole, part) = padded.split_at(padded.len() - digits);
    let part = part.trim_end_matches('0');
    if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") }
}

/// How data is answered.
pub(super) struct How {
    encoding: String,
    slice: Option<(usize, usize)>,
}

impl How {
    pub(super) fn read(params: &Params<'_>, place: usize, default: &'static str) -> Result<Self, RpcError> {
        let number = |name: &str| {
            let number = params.option(place, "dataSlice")?.get(name)?.as_u64()?;
            usize::try_from(number).ok()
        };
        let slice = number("offset").zip(number("length"));
        Self::of(params.encoding(place, default), slice)
    }

    pub(super) fn of(encoding: &str, slice: Option<(usize, usize)>) -> Result<Self, RpcError> {
        match encoding {
            "base58" | "base64" | "base64+zstd" | "jsonParsed" => Ok(Self { encoding: encoding.to_owned(), slice }),
            other => Err(RpcError::invalid(format!("Invalid param: encoding {other:?} is not emulated"))),
        }
    }
}

fn one(chain: &Chain, address: &Address, how: &How, twist: Option<&Kind>) -> Answer {
    match chain.account(address) {
        Some(account) => shown(chain, &lie(account, twist), how),
        None => Ok(Value::Null),
    }
}

pub(super) fn shown(chain: &Chain, account: &Account, how: &How) -> Answer {
    let slice = match how.slice {
        Some((offset, length)) => account.data.iter().skip(offset).take(length).copied().collect(),
        None => account.data.clone(),
    };
    let parsed = if how.encoding == "jsonParsed" { parsed(chain, account) } else { None };
    let data = match (parsed, how.encoding.as_str()) {
        (Some(parsed), _) => parsed,
        (None, "base58") if slice.len() > MOST_BASE58 => {
            let why = "Encoded binary (base 58) data should be less than 128 bytes, please use Base64 encoding.";
            return Err(RpcError::invalid_request(why));
        }
        (None, "base58") => json!([bs58::encode(slice).into_string(), "base58"]),
        (None, "base64+zstd") => {
            let frame = zstd::frame(&slice).ok_or_else(|| RpcError::internal("an account is too long"))?;
            json!([BASE64_STANDARD.encode(frame), "base64+zstd"])
        }
        (None, _) => json!([BASE64_STANDARD.encode(slice), "base64"]),
    };
    Ok(json!({
        "lamports": account.lamports, "data": data, "owner": account.owner.to_string(),
        "executable": account.executable, "rentEpoch": account.rent_epoch, "space": account.data.len(),
    }))
}

/// A token account in words.
fn parsed(chain: &Chain, account: &Account) -> Option<Value> {
    let held = Held::read(account)?;
    let decimals = chain.mint(&held.mint)?.decimals;
    let program = match held.program {
        TokenProgram::Token => "spl-token",
        TokenProgram::Token2022 => "spl-token-2022",
    };
    let mut info = json!({
        "mint": held.mint.to_string(), "owner": held.owner.to_string(), "tokenAmount": amount(held.amount, decimals),
        "state": if held.frozen { "frozen" } else { "initialized" }, "isNative": held.rent_reserve.is_some(),
    });
    if let Some((delegate, delegated)) = held.delegate {
        info["delegate"] = json!(delegate.to_string());
        info["delegatedAmount"] = amount(delegated, decimals);
    }
    if let Some(reserve) = held.rent_reserve {
        info["rentExemptReserve"] = amount(reserve, decimals);
    }
    let parsed = json!({ "type": "account", "info": info });
    Some(json!({ "program": program, "parsed": parsed, "space": account.data.len() }))
}

/// So many per cent of the truth.
pub(super) fn bent(amount: u64, twist: Option<&Kind>) -> u64 {
    match twist {
        Some(Kind::WrongBalance { percent }) => {
            u64::try_from(u128::from(amount) * u128::from(*percent) / 100).unwrap_or(u64::MAX)
        }
        _ => amount,
    }
}

/// An account with bent balances: its lamports, and the amount in its data where it holds tokens.
fn lie(mut account: Account, twist: Option<&Kind>) -> Account {
    account.lamports = bent(account.lamports, twist);
    let held = Held::read(&account).map(|held| bent(held.amount, twist));
    if let (Some(amount), Some(place)) = (held, account.data.get_mut(64..72)) {
        place.copy_from_slice(&amount.to_le_bytes());
    }
    account
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_with_their_decimals_and_no_zeros_behind() {
        for (amount, decimals, text) in
            [(0, 0, "0"), (7, 0, "7"), (1, 9, "0.000000001"), (1_500_000, 6, "1.5"), (2_000_000, 6, "2"), (0, 6, "0")]
        {
            assert_eq!(decimal(amount, decimals), text);
        }
    }
}
