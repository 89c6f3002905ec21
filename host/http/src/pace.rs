//! How often one pack asks one host: a guest in a loop is no reason for somebody else's server to suffer.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use puppet_types::PackId;

const MINUTE: u64 = 60;

/// See the head of this file.
#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<Counted>);

/// Requests of one minute.
#[derive(Debug, Default)]
struct Counted {
    minute: u64,
    by: HashMap<(PackId, String), u32>,
}

impl Pace {
    /// Counts one, or says how long to wait.
    pub(crate) fn take(&self, pack: &PackId, host: &str, most: u32, now: SystemTime) -> Result<(), Duration> {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = since.as_secs() / MINUTE;
        if counted.minute != minute {
            *counted = Counted { minute, by: HashMap::new() };
        }
        let count = counted.by.entry((pack.clone(), host.to_owned())).or_default();
        if *count >= most {
            return Err(Duration::from_secs((minute + 1) * MINUTE).saturating_sub(since));
        }
        *count += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack_waits_for_the_next_minute_of_that_host_and_nobody_else_does() {
        let (pace, at) = (Pace::default(), |seconds| UNIX_EPOCH + Duration::from_secs(seconds));
        let [one, two] = ["one", "two"].map(PackId::new);
        let take = |pack, host, seconds| pace.take(pack, host, 2, at(seconds));
        assert!(take(&one, "a", 600).is_ok() && take(&one, "a", 610).is_ok());
        assert_eq!(take(&one, "a", 620), Err(Duration::from_secs(40)));
        assert!(take(&one, "b", 620).is_ok() && take(&two, "a", 620).is_ok());
        assert!(take(&one, "a", 660).is_ok());
    }
}
