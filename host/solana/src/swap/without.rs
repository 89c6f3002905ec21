//! Swappers that leave a control out, so that a test sees what the control is for. There is none of this in any build but
//! that of this crate's own tests.

use std::collections::{BTreeMap, BTreeSet};

use solana_address::Address;

use super::{Parts, SwapSettings, Swapper};
use crate::guard::{Approval, Checked, Intent, Refusal};

/// What can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Control {
    /// The transaction is read, and refused by what is written in it.
    Bytes,
    /// It is tried, and what that changes is compared with the intent.
    Try,
    /// What comes out at least is the decision's, not the quote's.
    Floor,
    /// A yes is to the message that was shown.
    Binding,
}

impl Swapper {
    pub(super) fn without(parts: Parts, settings: SwapSettings, controls: &[Control]) -> Self {
        let left_out: BTreeSet<Control> = controls.iter().copied().collect();
        Self { left_out, ..Self::new(parts, settings) }
    }

    pub(super) fn leaves_out(&self, control: Control) -> bool {
        self.left_out.contains(&control)
    }

    pub(super) fn unread(
        &self,
        checked: Result<Checked, Refusal>,
        bytes: &[u8],
        intent: &Intent,
        tables: &BTreeMap<Address, Vec<Address>>,
    ) -> Result<Checked, Refusal> {
        if self.leaves_out(Control::Bytes) { Checked::unread(bytes, intent, tables) } else { checked }
    }

    pub(super) fn unbound(&self, approval: Option<Approval>, checked: &Checked) -> Option<Approval> {
        let hash = checked.hash().to_owned();
        approval.map(|yes| if self.leaves_out(Control::Binding) { Approval { hash, ..yes } } else { yes })
    }
}
