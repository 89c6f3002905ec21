//! How far versions have come, in `puppet.lock`: what a pack's task writes there. Others write there too at any time, a
//! newer version or the operator's word: nothing that they said is written over.

use std::sync::Arc;

use puppet_packs::{Entry, InstallError, State};
use puppet_types::{Digest, PackId, Timestamp};

use super::{Context, blocking, folders::is_live};

impl Context {
    /// Entries of a pack, as the lock has them now.
    pub(super) async fn entries(self: &Arc<Self>, pack: &PackId) -> Result<Vec<Entry>, InstallError> {
        let (own, pack) = (Arc::clone(self), pack.clone());
        let read = move || Ok(own.installed.entries()?.into_iter().filter(|entry| entry.id == pack).collect());
        blocking(read).await
    }

    /// Writes down how far a version has come; others of the pack give way as `others` says. Answers false, and writes
    /// nothing, where it is not wanted any more.
    pub(super) async fn note(
        self: &Arc<Self>,
        entry: &Entry,
        (state, reason): (State, Option<String>),
        others: fn(State) -> State,
    ) -> Result<bool, InstallError> {
        self.change(entry, move |entries, entry, at| note(entries, entry, (state, reason, at), others)).await
    }

    /// Writes down that a version was taken back, and which one serves again: one of `before`, the last that ran. Both at
    /// once: at no moment nobody serves. Answers false, and writes nothing, where it does not serve any more.
    pub(super) async fn note_back(
        self: &Arc<Self>,
        entry: &Entry,
        before: Option<Digest>,
        reason: &str,
    ) -> Result<bool, InstallError> {
        let reason = reason.to_owned();
        self.change(entry, move |entries, entry, at| note_back(entries, entry, before, (reason, at))).await
    }

    /// Writes down that desks do not take a version which the operator let run, and that the one whose component trades there
    /// runs on. Answers the number of that one, if it is installed.
    pub(super) async fn note_stays(
        self: &Arc<Self>,
        entry: &Entry,
        runs: Digest,
        reason: &str,
    ) -> Result<Option<String>, InstallError> {
        let reason = reason.to_owned();
        self.change(entry, move |entries, entry, at| {
            for gone in of_pack(entries, entry).filter(|other| other.digest == entry.digest) {
                (gone.state, gone.since, gone.reason) = (State::RolledBack, at, Some(reason.clone()));
            }
            let is_there = |state| matches!(state, State::Kept | State::RolledBack);
            let ran = |entry: &&mut Entry| entry.component == Some(runs) && is_there(entry.state);
            let stays = of_pack(entries, entry).filter(ran).max_by_key(|entry| entry.since);
            stays.map(|entry| {
                (entry.state, entry.since, entry.reason) = (State::Current, at, None);
                entry.version.to_string()
            })
        })
        .await
    }

    /// A change of the lock, at the host's time.
    async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        entry: &Entry,
        change: impl FnOnce(&mut [Entry], &Entry, Timestamp) -> T + Send + 'static,
    ) -> Result<T, InstallError> {
        let (own, entry, at) = (Arc::clone(self), entry.clone(), self.host.now());
        blocking(move || own.installed.change(|entries| Ok(change(entries, &entry, at)))).await
    }
}

fn of_pack<'a>(entries: &'a mut [Entry], entry: &'a Entry) -> impl Iterator<Item = &'a mut Entry> {
    entries.iter_mut().filter(|other| other.id == entry.id)
}

/// Whether a version came after `entry` was looked at: it goes its own way.
pub(super) fn is_newer(other: &Entry, entry: &Entry) -> bool {
    other.state == State::Next && other.since > entry.since
}

/// Whether the lock still wants a version to serve.
pub(super) fn is_wanted(other: &Entry, entry: &Entry) -> bool {
    other.digest == entry.digest && is_live(other.state)
}

/// `entry` is how the version stood when its task looked at the lock.
fn note(
    entries: &mut [Entry],
    entry: &Entry,
    (state, reason, at): (State, Option<String>, Timestamp),
    others: fn(State) -> State,
) -> bool {
    if !of_pack(entries, entry).any(|other| is_wanted(other, entry)) {
        return false;
    }
    for other in of_pack(entries, entry) {
        let is_it = other.digest == entry.digest;
        let new = match is_it {
            true => state,
            false if is_newer(other, entry) => other.state,
            false => others(other.state),
        };
        if new != other.state {
            (other.state, other.since) = (new, at);
        }
        if is_it {
            other.reason.clone_from(&reason);
        }
    }
    true
}

fn note_back(entries: &mut [Entry], entry: &Entry, before: Option<Digest>, (reason, at): (String, Timestamp)) -> bool {
    if !of_pack(entries, entry).any(|other| other.digest == entry.digest && other.state.runs()) {
        return false;
    }
    let kept = of_pack(entries, entry).filter(|other| other.state == State::Kept);
    if let Some(again) = kept.max_by_key(|other| (other.component == before, other.since)) {
        (again.state, again.since, again.reason) = (State::Current, at, None);
    }
    for gone in of_pack(entries, entry).filter(|other| other.digest == entry.digest) {
        (gone.state, gone.since, gone.reason) = (State::RolledBack, at, Some(reason.clone()));
    }
    true
}

#[cfg(test)]
mod tests {
    use puppet_packs::Source;

    use super::{
        super::stages::{give_way, overtaken},
        *,
    };

    fn entry(name: &str, state: State, since: i64) -> Entry {
        let digest = Digest::of(name.as_bytes());
        Entry {
            id: PackId::new("pup"),
            version: "0.1.0".parse().unwrap(),
            digest,
            component: Some(digest),
            signer: None,
            source: Source::Folder,
            state,
            since: Timestamp::from_millis(since),
            reason: None,
        }
    }

    fn states(entries: &[Entry]) -> Vec<State> {
        entries.iter().map(|entry| entry.state).collect()
    }

    fn at() -> Timestamp {
        Timestamp::from_millis(9)
    }

    #[test]
    fn what_came_since_a_version_was_looked_at_does_not_give_way_to_it() {
        // Looked at as the next one; a newer one came before its stage was written down.
        let looked_at = entry("second", State::Next, 2);
        for (stage, others, first) in
            [(State::Canary, overtaken as fn(State) -> State, State::Current), (State::Watched, give_way, State::Kept)]
        {
            let on_its_way = entry("second", State::Canary, 3);
            let mut entries = [entry("first", State::Current, 1), on_its_way, entry("third", State::Next, 4)];
            assert!(note(&mut entries, &looked_at, (stage, None, at()), others));
            assert_eq!(states(&entries), [first, stage, State::Next]);
        }
        // One that waited before it does.
        let mut entries = [entry("first", State::Next, 1), looked_at.clone()];
        assert!(note(&mut entries, &looked_at, (State::Canary, None, at()), overtaken));
        assert_eq!(states(&entries), [State::Kept, State::Canary]);
    }

    #[test]
    fn what_the_lock_wants_no_more_does_not_come_back() {
        let looked_at = entry("second", State::Next, 2);
        for gone in [State::Kept, State::Refused, State::RolledBack, State::Waiting] {
            let before = [entry("first", State::Current, 1), entry("second", gone, 3), entry("third", State::Next, 3)];
            let mut entries = before.clone();
            assert!(!note(&mut entries, &looked_at, (State::Watched, None, at()), give_way), "{gone:?}");
            assert_eq!(entries, before);
        }
    }

    #[test]
    fn one_way_back_is_enough() {
        let looked_at = entry("second", State::Watched, 2);
        let mut entries = [entry("zeroth", State::Kept, 0), entry("first", State::Kept, 1), looked_at.clone()];
        assert!(note_back(&mut entries, &looked_at, None, ("it burns".to_owned(), at())));
        assert_eq!(states(&entries), [State::Kept, State::Current, State::RolledBack]);
        // The operator went back meanwhile, and further.
        let before =
            [entry("zeroth", State::Current, 3), entry("first", State::Kept, 1), entry("second", State::Kept, 3)];
        let mut entries = before.clone();
        assert!(!note_back(&mut entries, &looked_at, None, ("it burns".to_owned(), at())));
        assert_eq!(entries, before);
    }
}
