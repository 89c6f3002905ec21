//! Rule 5: what is in the journal comes out the same when it is run again.

use puppet_engine::{Host, replay};

use super::{Found, Rows};

pub async fn check(rows: &Rows, host: &Host, found: &mut Found) {
    for record in &rows.journal {
        match replay(host, record).await {
            Ok(Some(replayed)) => found.unless(replayed.divergence.is_none(), 5, || {
                format!("{} of {} differs: {:?}", record.id, record.agent, replayed.divergence)
            }),
            other => found.unless(false, 5, || format!("{} cannot be run again: {other:?}", record.id)),
        }
    }
}
