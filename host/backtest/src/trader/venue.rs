//! Where a trader's orders wait: in a book that fills them from bars, or until somebody else carries them out. An enum and
//! no trait object: the loop of a backtest passes here with every batch.

use puppet_types::Timestamp;
use puppet_types::trade::Order;

use crate::book::{Book, Happening, Pending, Waiting};

/// See the head of this file.
#[derive(Debug, Clone)]
pub enum Venue {
    /// A model fills them.
    Book(Book),
    /// A desk carries them out: [`Trader::due`](super::Trader::due), [`Trader::carried`](super::Trader::carried).
    Desk(Waiting),
}

impl From<Book> for Venue {
    fn from(book: Book) -> Self {
        Self::Book(book)
    }
}

impl Venue {
    pub(super) fn place(&mut self, number: u64, order: Order, at: Timestamp, worst_price: u64, reference: u64) {
        match self {
            Self::Book(book) => book.place(number, order, at, worst_price, reference),
            Self::Desk(waiting) => waiting.place(number, order, at, worst_price, reference),
        }
    }
    pub(super) fn cancel(&mut self, market: u32, client_id: &str) -> Option<u64> {
        match self {
            Self::Book(book) => book.cancel(market, client_id),
            Self::Desk(waiting) => waiting.cancel(market, client_id),
        }
    }
    /// By number.
    pub(super) fn waiting(&self) -> &[Pending] {
        match self {
            Self::Book(book) => book.waiting(),
            Self::Desk(waiting) => waiting.all(),
        }
    }
    pub(super) fn restore(&mut self, pending: Vec<Pending>) {
        match self {
            Self::Book(book) => book.restore(pending),
            Self::Desk(waiting) => waiting.restore(pending),
        }
    }
    /// A position was closed: what was there only to reduce it has nothing left to do. A book sees to it by itself.
    pub(super) fn end_sales(&mut self, market: u32, exits_only: bool, out: &mut Vec<Happening>) {
        if let Self::Desk(waiting) = self {
            waiting.end_sales(market, exits_only, out);
        }
    }
}
