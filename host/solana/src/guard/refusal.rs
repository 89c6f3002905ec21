//! Why a transaction is not signed, in words for a person, and where in it the reason stands.

use std::fmt;

use solana_address::Address;

/// A transaction that is not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Refusal {
    /// The instruction, counted from 1; none where it is about all of it.
    pub instruction: Option<usize>,
    /// The reason.
    pub why: Why,
}

/// A reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each says itself what it means")]
pub enum Why {
    #[error("it is {0} bytes long; no transaction is longer than 1232")]
    TooLong(usize),
    #[error("it is no transaction: {0}")]
    Unreadable(&'static str),
    #[error("its lookup table {0} is not known, so nobody can say what it does")]
    UnknownTable(Address),
    #[error("its lookup table {0} has no entry {1}")]
    TableTooShort(Address, u8),
    #[error("it reaches our account {0} through a lookup table")]
    HiddenAccount(Address),
    #[error("another account than the wallet of this swap would pay for it")]
    FeePayer,
    #[error("it wants {0} signatures, and each is paid for")]
    Signatures(usize),
    #[error("it wants the signature of {0} as well, which is a wallet of ours with no part in this swap")]
    OtherKey(Address),
    #[error("it calls the program {0}, which is not on the list")]
    UnknownProgram(Address),
    #[error("it calls {program} with an instruction that is not known ({tag})")]
    UnknownInstruction { program: &'static str, tag: String },
    #[error("its {0} is cut off or too long")]
    Malformed(&'static str),
    #[error("{0} is no part of a swap")]
    NotOfASwap(&'static str),
    #[error("it would change who may move an account (SetAuthority)")]
    SetAuthority,
    #[error("it would let somebody else move tokens later ({0})")]
    Approve(&'static str),
    #[error("it would hand an account to another program ({0})")]
    Assign(&'static str),
    #[error("it lives on a nonce instead of a blockhash: it would never expire")]
    DurableNonce,
    #[error("it would close our account {0}")]
    CloseAccount(Address),
    #[error("it would close our account of wrapped SOL, and pay what is in it to {0}")]
    CloseElsewhere(Address),
    #[error("it uses our key on {0}, which is no account that we know of")]
    UnlistedAccount(Address),
    #[error("it moves tokens out of our account {0}, which is not what is swapped")]
    OtherToken(Address),
    #[error("it moves tokens of our account {0} by somebody else's right")]
    ForeignAuthority(Address),
    #[error("it pays {lamports} lamports to {to}")]
    Pays { to: Address, lamports: u64 },
    #[error("it wraps SOL, which is no part of this swap")]
    Wraps,
    #[error("it would open an account for {0} at our cost")]
    OpensForOthers(Address),
    #[error("it would open an account for the token {0}, which is no part of this swap")]
    OpensOther(Address),
    #[error("the swap takes from or pays into {0}, which is not our account of that token")]
    Recipient(Address),
    #[error("the swap names our account {0}, which has no part in it")]
    DragsIn(Address),
    #[error("the swap is in the name of {0}")]
    ForeignTaker(Address),
    #[error("it swaps more than once")]
    SeveralRoutes,
    #[error("it sets {0} twice")]
    Twice(&'static str),
    #[error("a compute unit would cost {price} millionths of a lamport; at most {most} is allowed")]
    UnitPrice { price: u64, most: u64 },
    #[error("its fee may be {fee} lamports; at most {most} is allowed")]
    Fee { fee: u64, most: u64 },
    #[error("it tips {0} lamports, more than is allowed")]
    Tip(u64),
    #[error("it gives {gives} of the token; at most {most} was meant")]
    GivesMore { gives: u64, most: u64 },
    #[error("it wraps {wraps} lamports; at most {most} was meant")]
    WrapsMore { wraps: u64, most: u64 },
    #[error("it promises {brings} of the other token; at least {least} was meant")]
    BringsLess { brings: u64, least: u64 },
    #[error("it failed when it was tried: {0}")]
    Simulation(String),
    #[error("tried, it took {took} of the token; at most {most} was meant")]
    Took { took: u128, most: u64 },
    #[error("tried, it brought in {0} of the token that it gives: the node contradicts itself")]
    CameIn(u128),
    #[error("tried, it brought {brought} of the other token; at least {least} was meant")]
    Brought { brought: u128, least: u64 },
    #[error("tried, it cost {cost} lamports; at most {most} was meant")]
    Cost { cost: u128, most: u128 },
    #[error("tried, it put {rent} lamports into new accounts; at most {most} is allowed")]
    Rent { rent: u128, most: u64 },
    #[error("tried, it changed our account {0}, which has no part in it")]
    Changed(Address),
    #[error("tried, it changed who may move, close or freeze our account {0}")]
    Rights(Address),
    #[error("tried, it closed our account {0}")]
    Closed(Address),
    #[error("a person has to approve this swap first (message {0})")]
    NeedsApproval(String),
    #[error("the approval is for another message, was used, or has expired")]
    NotApproved,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.instruction {
            Some(number) => write!(f, "not signed: instruction {number}: {}", self.why),
            None => write!(f, "not signed: {}", self.why),
        }
    }
}

impl From<Why> for Refusal {
    fn from(why: Why) -> Self {
        Self { instruction: None, why }
    }
}
