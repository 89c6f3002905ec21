//! Rule 5: what is in the journal comes out the same when it is run again.

use puppet_engine::{Host, replay};
use puppet_types::{Breach, Invocation, Outcome};

use super::{Found, Rows};

pub async fn check(rows: &Rows, host: &Host, found: &mut Found) {
    // How long answers took is not recorded: what ended at its deadline cannot be run again.
    let in_time = |record: &&Invocation| !matches!(record.outcome, Outcome::Breach(Breach::Deadline, _));
    for record in rows.journal.iter().filter(in_time) {
        match replay(host, record).await {
            Ok(Some(replayed)) => found.unless(replayed.divergence.is_none(), 5, || {
                format!("{} of {} differs: {:?}", record.id, record.agent, replayed.divergence)
            }),
            other => found.unless(false, 5, || format!("{} cannot be run again: {other:?}", record.id)),
        }
    }
}
