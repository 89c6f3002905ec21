//! Jupiter's aggregator: the four ways to swap an exact amount. Which pools it goes through is not looked at; whose
//! accounts it takes from and pays into, how much goes in, and what it promises at least, is.

use super::{Reading, Why, decode::Step};

/// Bytes that name an instruction: the first eight of SHA-256 over `global:` and its name.
const NAME: usize = 8;
/// A whole, in hundredths of a percent.
const WHOLE: u128 = 10_000;

/// Where an instruction has what. Amounts are: in, quoted out (64 bits), slippage (16 bits).
struct Shape {
    name: [u8; NAME],
    authority: usize,
    source: usize,
    destination: usize,
    /// Where it could pay instead; the program's own address stands for nowhere.
    instead: Option<usize>,
    amounts: Amounts,
}

enum Amounts {
    /// At the end, with one byte of platform fee behind them.
    AtTheEnd,
    /// So many bytes behind the name.
    Behind(usize),
}

const SHAPES: [Shape; 4] = [
    // route
    Shape {
        name: [229, 23, 203, 151, 122, 227, 173, 42],
        authority: 1,
        source: 2,
        destination: 3,
        instead: Some(4),
        amounts: Amounts::AtTheEnd,
    },
    // shared_accounts_route
    Shape {
        name: [193, 32, 155, 51, 65, 214, 156, 129],
        authority: 2,
        source: 3,
        destination: 6,
        instead: None,
        amounts: Amounts::AtTheEnd,
    },
    // route_v2
    Shape {
        name: [187, 100, 250, 204, 49, 196, 175, 20],
        authority: 0,
        source: 1,
        destination: 2,
        instead: Some(7),
        amounts: Amounts::Behind(0),
    },
    // shared_accounts_route_v2: its number comes first.
    Shape {
        name: [209, 152, 83, 147, 124, 254, 216, 233],
        authority: 1,
        source: 2,
        destination: 5,
        instead: None,
        amounts: Amounts::Behind(1),
    },
];

impl Reading<'_> {
    pub(super) fn route(&mut self, step: &Step) -> Result<(), Why> {
        let (name, rest) = step.data.split_at_checked(NAME).ok_or(Why::Malformed("swap"))?;
        let hex = || name.iter().map(|byte| format!("{byte:02x}")).collect();
        let unknown = || Why::UnknownInstruction { program: "the aggregator", tag: hex() };
        let shape = SHAPES.iter().find(|shape| shape.name == name).ok_or_else(unknown)?;
        self.tally.routes += 1;
        if self.tally.routes > 1 {
            return Err(Why::SeveralRoutes);
        }
        let intent = self.intent;
        let authority = step.at(shape.authority)?.address;
        if authority != intent.taker {
            return Err(Why::ForeignTaker(authority));
        }
        let (source, destination) = (step.at(shape.source)?.address, step.at(shape.destination)?.address);
        for (account, mint) in [(source, intent.gives.mint), (destination, intent.takes.mint)] {
            let is_ours = self.accounts.get(&account).is_some_and(|own| own.is_of(intent.taker, mint));
            if !is_ours {
                return Err(Why::Recipient(account));
            }
        }
        if let Some(place) = shape.instead {
            let instead = step.at(place)?.address;
            if instead != step.program && instead != destination {
                return Err(Why::Recipient(instead));
            }
        }
        let part = [source, destination, intent.taker];
        let is_ours = |address: &_| self.accounts.contains_key(address) || self.wallets.contains(address);
        let others = step.accounts.iter().map(|named| named.address).filter(|address| !part.contains(address));
        if let Some(other) = others.into_iter().find(|address| is_ours(address)) {
            return Err(Why::DragsIn(other));
        }
        let (gives, promised) = shape.amounts(rest).ok_or(Why::Malformed("swap"))?;
        let given = self.tally.given.checked_add(gives);
        self.tally.given = given.ok_or(Why::GivesMore { gives: u64::MAX, most: intent.most_in })?;
        self.tally.received = self.tally.received.saturating_add(promised);
        Ok(())
    }
}

impl Shape {
    /// What goes in, and what comes out at least.
    fn amounts(&self, rest: &[u8]) -> Option<(u64, u64)> {
        let amounts = match self.amounts {
            Amounts::AtTheEnd => rest.get(rest.len().checked_sub(19)?..)?,
            Amounts::Behind(before) => rest.get(before..before + 18)?,
        };
        let number = |at: usize| Some(u64::from_le_bytes(amounts.get(at..at + 8)?.try_into().ok()?));
        let slippage = u128::from(u16::from_le_bytes(amounts.get(16..18)?.try_into().ok()?));
        let least = (u128::from(number(8)?) * WHOLE.checked_sub(slippage)?).div_ceil(WHOLE);
        Some((number(0)?, u64::try_from(least).ok()?))
    }
}
