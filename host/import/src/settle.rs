//! What of an agent's memories is kept, where there is more than the caps hold or the same text twice: what the store
//! will do with them, known before, so that the report is exact.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use puppet_agent::KEPT;
use puppet_memory::{ASSOCIATIONS, cap};
use puppet_store::{KeepOrder, Relationship};
use puppet_types::{Memory, MemoryKind};

use crate::{
    fates::{Fates, FileReport},
    item::Item,
};

/// Keeps what stays, and says of every item what became of it. `initial` are the memories from birth.
pub(crate) fn memories(items: Vec<Item>, initial: &[Memory], files: &mut [FileReport]) -> Vec<Memory> {
    let names: BTreeMap<String, String> =
        items.iter().filter_map(|item| Some((item.old_id.clone()?, item.memory.id.clone()))).collect();
    let mut kept = each_text_once(items, files);
    for kind in [MemoryKind::Event, MemoryKind::General, MemoryKind::Post, MemoryKind::Tweet] {
        if let Some((kinds, most, order)) = cap(kind) {
            kept = within(kept, initial, (&kinds, most, order), files);
        }
    }
    let stays: BTreeSet<String> = kept.iter().map(|item| item.memory.id.clone()).collect();
    kept.into_iter().map(|item| linked(item, &names, &stays, files)).collect()
}

/// Of the same text the latest stays; of those the most important.
fn each_text_once(items: Vec<Item>, files: &mut [FileReport]) -> Vec<Item> {
    let mut best: BTreeMap<String, Item> = BTreeMap::new();
    for item in items {
        let id = item.memory.id.clone();
        let Some(other) = best.remove(&id) else {
            best.insert(id, item);
            continue;
        };
        let newer = (item.memory.at, item.memory.importance) > (other.memory.at, other.memory.importance);
        let (stays, goes) = if newer { (item, other) } else { (other, item) };
        let reason = format!("the same text stands in {} {}", files[stays.file].file, stays.path);
        leave(goes, &reason, files);
        best.insert(id, stays);
    }
    best.into_values().collect()
}

fn leave(mut item: Item, reason: &str, files: &mut [FileReport]) {
    item.fates.left_behind(reason);
    let associations = std::mem::take(&mut item.associations);
    item.fates.ignored.extend(associations.into_iter().map(|(field, _)| ignored(field, reason)));
    files[item.file].fates.add(item.fates);
}

fn ignored(field: String, reason: &str) -> puppet_packs::import::Ignored {
    puppet_packs::import::Ignored { field, reason: reason.to_owned() }
}

/// What a cap takes goes. Memories from birth count with the others, unless one of the same text takes their place.
fn within(
    items: Vec<Item>,
    initial: &[Memory],
    (kinds, most, order): (&[MemoryKind], usize, KeepOrder),
    files: &mut [FileReport],
) -> Vec<Item> {
    let (mut counted, others): (Vec<Item>, Vec<Item>) =
        items.into_iter().partition(|item| kinds.contains(&item.memory.kind));
    let born = initial
        .iter()
        .filter(|memory| kinds.contains(&memory.kind) && !counted.iter().any(|item| item.memory.id == memory.id));
    let mut all: Vec<&Memory> = counted.iter().map(|item| &item.memory).chain(born).collect();
    all.sort_by(|a, b| best_first(a, b, order));
    let stays: Vec<String> = all.into_iter().take(most).map(|memory| memory.id.clone()).collect();
    let how = if order == KeepOrder::Newest { "the newest" } else { "the most important" };
    let reason = format!("only {most} of its kind are kept: {how}");
    let (kept, left): (Vec<Item>, Vec<Item>) = counted.drain(..).partition(|item| stays.contains(&item.memory.id));
    left.into_iter().for_each(|item| leave(item, &reason, files));
    kept.into_iter().chain(others).collect()
}

/// As the store orders them.
fn best_first(a: &Memory, b: &Memory, order: KeepOrder) -> Ordering {
    let newer = || b.at.cmp(&a.at).then_with(|| a.id.cmp(&b.id));
    match order {
        KeepOrder::Importance => b.importance.total_cmp(&a.importance).then_with(newer),
        KeepOrder::Newest => newer(),
    }
}

/// Ids that it names become those of here.
fn linked(item: Item, names: &BTreeMap<String, String>, stays: &BTreeSet<String>, files: &mut [FileReport]) -> Memory {
    let Item { file, mut memory, associations, mut fates, .. } = item;
    for (field, old) in associations {
        let id = names.get(&old).filter(|id| stays.contains(*id));
        match id {
            Some(id) if memory.associations.len() < ASSOCIATIONS => {
                let to = format!("memories.{}.associations", memory.id);
                memory.associations.push(id.clone());
                fates.carried.push(puppet_packs::import::Carried { field, to });
            }
            Some(_) => fates.ignored.push(ignored(field, &format!("more than {ASSOCIATIONS} associations"))),
            None => fates.ignored.push(ignored(field, "there is no such memory")),
        }
    }
    files[file].fates.add(fates);
    memory
}

/// A relationship as it was found: in which file.
pub(crate) type Bond = (usize, Relationship, Fates);

/// Of two to the same target the one of the later file stays; of too many those that were met last.
pub(crate) fn bonds(found: Vec<Bond>, files: &mut [FileReport]) -> Vec<Relationship> {
    let mut best: BTreeMap<String, Bond> = BTreeMap::new();
    for bond in found {
        if let Some((file, _, mut fates)) = best.insert(bond.1.target.clone(), bond) {
            fates.left_behind("a later file has this relationship too");
            files[file].fates.add(fates);
        }
    }
    let mut all: Vec<Bond> = best.into_values().collect();
    all.sort_by_key(|(_, bond, _)| std::cmp::Reverse(bond.last_interaction));
    for (file, _, mut fates) in all.split_off(all.len().min(KEPT)) {
        fates.left_behind("only a thousand relationships are kept: those of the last meetings");
        files[file].fates.add(fates);
    }
    let kept = all.into_iter().map(|(file, bond, fates)| {
        files[file].fates.add(fates);
        bond
    });
    let mut kept: Vec<Relationship> = kept.collect();
    kept.sort_by(|a, b| a.target.cmp(&b.target));
    kept
}
