//! A no on its way to becoming a denial.

use puppet_types::{
    Timestamp,
    trade::{Denial, Order},
};

use crate::Rule;

pub(super) struct Denied {
    rule: Rule,
    detail: String,
    retry_at: Option<Timestamp>,
}

impl Denied {
    pub(super) fn of(rule: Rule, detail: String) -> Self {
        Self { rule, detail, retry_at: None }
    }
    pub(super) fn because<T>(rule: Rule, detail: String) -> Result<T, Self> {
        Err(Self::of(rule, detail))
    }
    /// When asking again may help.
    pub(super) fn retry(self, retry_at: Option<Timestamp>) -> Self {
        Self { retry_at, ..self }
    }
    pub(super) fn of_order(self, order: &Order, at: Timestamp) -> Denial {
        let Self { rule, detail, retry_at } = self;
        let (client_id, market) = (order.client_id.clone(), order.market);
        Denial { client_id, market, at, rule: rule.code().to_owned(), detail, retry_at }
    }
}
