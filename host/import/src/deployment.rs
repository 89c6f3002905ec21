//! The folder of a deployment, read whole before anything is written: who there is, what each remembers, what happened,
//! and everything that is wrong.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use puppet_memory::initial_memories;
use puppet_packs::{AgentSpec, Secret, import};
use puppet_store::{PastEvent, Relationship};
use puppet_types::{AgentId, Digest, Event, EventId, Memory, PostId, Timestamp, ids};
use serde_json::Value;

use crate::{
    FileReport, Holds, Problem,
    collection::{self, Document},
    file,
    item::{self, Fault, Item, List, Owner},
    memory,
    past::{self, Told},
    seen,
    settle::{self, Bond},
    tokens,
    value::expected,
};

const MEMORIES: &str = "data/memories";
const AGENTS: &str = "config/agents";
/// Most events, counted for each agent that they are for.
const MAX_COPIES: usize = 1_000_000;
const PROCESSED: &str = "data/processed_tweets.json";

/// Where a deployment lies.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Its folder: `config/agents` is in it.
    pub folder: &'a Path,
    /// The dump of its database, where that lies elsewhere.
    pub dump: Option<&'a Path>,
}

/// An agent with all that it brings.
#[derive(Debug, Clone)]
pub struct Moved {
    /// It.
    pub spec: AgentSpec,
    /// What it remembers, besides what it is born with.
    pub memories: Vec<Memory>,
    /// Whom it knows.
    pub bonds: Vec<Relationship>,
    /// Of everything that was read of it: the same files give the same.
    pub digest: Digest,
}

/// A deployment as it was read.
#[derive(Debug, Clone, Default)]
pub struct Deployment {
    /// By id.
    pub agents: Vec<Moved>,
    /// Events that were handled, a copy for each agent, in the order of their files.
    pub events: Vec<PastEvent>,
    /// Posts that were seen to, the latest last.
    pub seen: Vec<PostId>,
    /// Credentials by name; printed as `***`.
    pub secrets: Vec<(String, Secret)>,
    /// What became of every leaf, file by file.
    pub files: Vec<FileReport>,
    /// Files in the folders of the deployment that nobody reads.
    pub unread: Vec<String>,
    /// What is wrong. While there is anything, nothing may be written.
    pub problems: Vec<Problem>,
}

/// An agent in the making.
struct Draft {
    spec: AgentSpec,
    items: Vec<Item>,
    bonds: Vec<Bond>,
    /// Of the texts that were read of it.
    read: Vec<Digest>,
}

impl Draft {
    fn read(&mut self, bytes: &[u8]) {
        self.read.push(Digest::of(bytes));
    }
}

struct Reader<'a> {
    source: Source<'a>,
    now: Timestamp,
    drafts: BTreeMap<AgentId, Draft>,
    told: Vec<Told>,
    /// Of events, one for each agent.
    copies: usize,
    most_copies: usize,
    out: Deployment,
}

impl Deployment {
    /// Reads it. What says no time is of `now`.
    pub fn read(source: Source<'_>, now: Timestamp) -> Self {
        Self::within(source, now, MAX_COPIES)
    }

    /// The same, with another bound on copies of events.
    pub(crate) fn within(source: Source<'_>, now: Timestamp, most_copies: usize) -> Self {
        let mut reader = Reader {
            source,
            now,
            drafts: BTreeMap::new(),
            told: Vec::new(),
            copies: 0,
            most_copies,
            out: Self::default(),
        };
        reader.agents();
        reader.memories();
        reader.processed();
        reader.dump();
        reader.finish()
    }
}

impl Reader<'_> {
    fn problem(&mut self, problem: Problem) {
        self.out.problems.push(problem);
    }

    fn faults(&mut self, name: &str, faults: impl IntoIterator<Item = Fault>) {
        let remedy = "correct it there, or take the field out";
        let problems =
            faults.into_iter().map(|(field, wrong)| Problem::new("bad-value", name, wrong, remedy).at(&field));
        self.out.problems.extend(problems);
    }

    /// The name of a path within the deployment.
    fn name(&self, path: &Path) -> String {
        path.strip_prefix(self.source.folder).unwrap_or(path).to_string_lossy().into_owned()
    }

    /// What lies in a folder of the deployment.
    fn list(&mut self, folder: &Path) -> Vec<PathBuf> {
        file::entries(folder).unwrap_or_else(|error| {
            let name = self.name(folder);
            self.problem(file::unread(&name, &error));
            Vec::new()
        })
    }

    /// A new report, by its place.
    fn report(&mut self, report: FileReport) -> usize {
        self.out.files.push(report);
        self.out.files.len() - 1
    }

    fn agents(&mut self) {
        let folder = self.source.folder.join(AGENTS);
        if !folder.is_dir() {
            let remedy = "name the folder in which the original engine was started: `config/agents` is in it";
            self.problem(Problem::new("no-deployment", AGENTS, "there is no such folder", remedy));
        }
        for path in self.list(&folder) {
            let name = self.name(&path);
            if path.extension().is_none_or(|ending| ending != "json") {
                self.out.unread.push(name);
                continue;
            }
            if let Err(problem) = self.agent(&path, &name) {
                self.problem(problem);
            }
        }
    }

    fn agent(&mut self, path: &Path, name: &str) -> Result<(), Problem> {
        let bytes = file::bytes(path, file::FILE_BYTES).map_err(|error| file::unread(name, &error))?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| Problem::new("bad-agent-file", name, "is not UTF-8", "save it as UTF-8"))?;
        let imported = import::agent_file(Path::new(name), text).map_err(|error| Problem::of_agent(name, &error))?;
        let id = imported.spec.id.clone();
        if self.drafts.contains_key(&id) {
            let message = format!("another file has the agent `{id}` too");
            return Err(Problem::new("agent-exists", name, message, "move one of them away").at("id"));
        }
        self.report(FileReport::of_agent(name, imported.report));
        self.out.secrets.extend(imported.secrets);
        let mut draft = Draft { spec: imported.spec, items: Vec::new(), bonds: Vec::new(), read: Vec::new() };
        draft.read(&bytes);
        self.drafts.insert(id, draft);
        Ok(())
    }

    fn memories(&mut self) {
        for path in self.list(&self.source.folder.join(MEMORIES)) {
            let name = self.name(&path);
            if path.extension().is_none_or(|ending| ending != "json") {
                self.out.unread.push(name);
                continue;
            }
            match file::json(&path, &name) {
                Ok((value, bytes)) => {
                    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                    let whose = value.get("agentId").cloned().unwrap_or_else(|| Value::from(stem.as_str()));
                    if whose != stem.as_str() {
                        let message = "is another agent than the one that the file is named after";
                        let remedy = "rename the file, or correct the field";
                        self.problem(Problem::new("bad-value", &name, message, remedy).at("agentId"));
                        continue;
                    }
                    self.memory(&name, "", &whose, &value, &bytes);
                }
                Err(problem) => self.problem(problem),
            }
        }
    }

    /// The id of an agent that there is.
    fn known(&mut self, name: &str, field: &str, id: &Value) -> Option<AgentId> {
        let problem = |message: String, remedy: &str| Problem::new("no-agent", name, message, remedy).at(field);
        let problem = match id.as_str().map(AgentId::parse) {
            Some(Ok(id)) if self.drafts.contains_key(&id) => return Some(id),
            Some(Ok(id)) => {
                let message = format!("there is no agent `{id}` in {AGENTS}");
                problem(message, "bring its agent file back, or move what is of it away")
            }
            Some(Err(_)) => {
                let message = "expected 1 to 64 letters, digits, `-`, `_` or `.`, beginning with a letter or digit";
                problem(message.to_owned(), "correct the id")
            }
            None => problem(expected("the id of an agent", id), "correct it"),
        };
        self.problem(problem);
        None
    }

    /// One memory in the serialised shape; `path` is its place in the file.
    fn memory(&mut self, name: &str, path: &str, whose: &Value, value: &Value, bytes: &[u8]) {
        let field = if path.is_empty() { "agentId".to_owned() } else { format!("{path}.agentId") };
        let Some(id) = self.known(name, &field, whose) else { return };
        let Value::Object(fields) = value else {
            self.faults(name, [(path.to_owned(), expected("a memory: an object", value))]);
            return;
        };
        let file = match self.out.files.iter().position(|file| file.file == name) {
            Some(file) => file,
            None => self.report(FileReport::new(name, Holds::Memory, path.is_empty().then(|| id.to_string()))),
        };
        let memory = memory::read(&id, file, path, fields, self.now);
        self.out.files[file].fates.add(memory.fates);
        self.faults(name, memory.faults);
        if let Some(draft) = self.drafts.get_mut(&id) {
            draft.read(bytes);
            draft.items.extend(memory.items);
            draft.bonds.extend(memory.bonds.into_iter().map(|(bond, fates)| (file, bond, fates)));
        }
    }

    fn processed(&mut self) {
        let data = self.source.folder.join("data");
        for path in self.list(&data) {
            let name = self.name(&path);
            match name.as_str() {
                MEMORIES => {}
                PROCESSED => match file::json(&path, &name).map(|(value, _)| seen::read(&value)) {
                    Ok(Ok((posts, fates))) => {
                        self.out.seen = posts;
                        self.report(FileReport { fates, ..FileReport::new(&name, Holds::ProcessedTweets, None) });
                    }
                    Ok(Err(fault)) => self.faults(&name, [fault]),
                    Err(problem) => self.problem(problem),
                },
                _ => self.out.unread.push(name),
            }
        }
    }

    fn dump(&mut self) {
        let named = self.source.dump;
        let folder = match collection::folder(self.source.folder, named) {
            Ok(Some(folder)) => folder,
            Ok(None) => {
                if let Some(named) = named {
                    let remedy = "name the folder that mongodump or mongoexport wrote";
                    let name = self.name(named);
                    self.problem(Problem::new(
                        "no-dump",
                        &name,
                        "there is no collection of the original in it",
                        remedy,
                    ));
                }
                return;
            }
            Err(error) => return self.problem(file::unread("dump", &error)),
        };
        let mut found: BTreeMap<Holds, PathBuf> = BTreeMap::new();
        for path in self.list(&folder) {
            let name = self.name(&path);
            match collection::of(&path) {
                // What mongodump says of indexes is not the deployment's.
                None if name.contains(".metadata.json") || name.ends_with("prelude.json") => {}
                None => self.out.unread.push(name),
                Some((holds, ..)) if found.contains_key(&holds) => {
                    let message = "another file has this collection too";
                    self.problem(Problem::new("duplicate", &name, message, "move one of them away"));
                }
                Some((holds, is_bson, packed)) => {
                    found.insert(holds, path.clone());
                    match collection::read(&path, &name, (is_bson, packed)) {
                        Ok(documents) => self.collection(holds, &name, documents),
                        Err(problem) => self.problem(problem),
                    }
                }
            }
        }
    }

    fn collection(&mut self, holds: Holds, name: &str, documents: Vec<Document>) {
        let file = self.report(FileReport::new(name, holds, None));
        let known: Vec<AgentId> = self.drafts.keys().cloned().collect();
        for Document { place, value } in documents {
            let bytes = value.to_string();
            match holds {
                Holds::Memory => {
                    let whose = value.get("agentId").cloned().unwrap_or(Value::Null);
                    self.memory(name, &place, &whose, &value, bytes.as_bytes());
                }
                Holds::Tweets => self.tweet(file, name, &place, &value),
                Holds::Events => self.event(file, name, (&place, &value), &known),
                _ => {
                    let fates = tokens::read(&place, &value, &mut self.out.secrets);
                    self.out.files[file].fates.add(fates);
                }
            }
        }
    }

    fn tweet(&mut self, file: usize, name: &str, place: &str, value: &Value) {
        let whose = value.get("agentId").cloned().unwrap_or(Value::Null);
        let Some(id) = self.known(name, &format!("{place}.agentId"), &whose) else { return };
        let owner = Owner { agent: &id, at: self.now, file };
        match item::read(&owner, List::Tweets, place, value) {
            Ok(Ok(item)) => {
                if let Some(draft) = self.drafts.get_mut(&id) {
                    draft.read(value.to_string().as_bytes());
                    draft.items.push(item);
                }
            }
            Ok(Err(left)) => self.out.files[file].fates.add(left),
            Err(fault) => self.faults(name, [fault]),
        }
    }

    fn event(&mut self, file: usize, name: &str, (place, value): (&str, &Value), known: &[AgentId]) {
        let Value::Object(fields) = value else { return };
        match past::read(file, place, fields, known, self.now) {
            Ok(Ok(told)) => {
                let to = if told.to.is_empty() { known } else { &told.to };
                self.copies += to.len();
                let read = Digest::of(value.to_string().as_bytes());
                for agent in to {
                    if let Some(draft) = self.drafts.get_mut(agent) {
                        draft.read.push(read);
                    }
                }
                if self.copies <= self.most_copies {
                    self.told.push(told);
                } else if self.copies - to.len() <= self.most_copies {
                    self.problem(Problem::new(
                        "too-large",
                        name,
                        format!(
                            "its events are more than {}, counted for each agent that they are for",
                            self.most_copies
                        ),
                        "dump only the latest: `mongodump --query`",
                    ));
                }
            }
            Ok(Err(left)) => self.out.files[file].fates.add(left),
            Err(fault) => self.faults(name, [fault]),
        }
    }

    fn finish(mut self) -> Deployment {
        let everybody: Vec<AgentId> = self.drafts.keys().cloned().collect();
        self.out.events = events(self.told, &everybody, &mut self.out.files);
        for (id, draft) in self.drafts {
            let initial = initial_memories(&id, &draft.spec.persona, self.now);
            let memories = settle::memories(draft.items, &initial, &mut self.out.files);
            let bonds = settle::bonds(draft.bonds, &mut self.out.files);
            let read: Vec<String> = draft.read.iter().map(Digest::to_string).collect();
            let digest = Digest::of(read.join(" ").as_bytes());
            self.out.agents.push(Moved { spec: draft.spec, memories, bonds, digest });
        }
        for file in &mut self.out.files {
            file.fates.in_order();
            file.leaves = file.fates.leaves();
        }
        self.out
    }
}

/// Copies for each agent; the same event told twice is one, for whomever either names. What has the id of another and
/// says something else stays behind.
fn events(told: Vec<Told>, everybody: &[AgentId], files: &mut [FileReport]) -> Vec<PastEvent> {
    let mut merged: Vec<Told> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for mut told in told {
        let first = places.get(&told.id).map(|at| &mut merged[*at]);
        let mut fates = std::mem::take(&mut told.fates);
        match &first {
            Some(first) if !first.says_the_same(&told) => {
                fates.left_behind("another event has this id, and says something else");
                files[told.file].fates.add(fates);
                continue;
            }
            Some(first) if first.handled != told.handled => {
                fates.leaf_left_behind(&told.place("handled"), "it was told before when this event was handled");
            }
            _ => {}
        }
        files[told.file].fates.add(fates);
        if told.to.is_empty() {
            told.to = everybody.to_vec();
        }
        match first {
            Some(first) => {
                let known = &mut first.to;
                told.to.retain(|agent| !known.contains(agent));
                known.extend(told.to);
            }
            None => {
                places.insert(told.id.clone(), merged.len());
                merged.push(told);
            }
        }
    }
    merged.iter().flat_map(copies).collect()
}

fn copies(told: &Told) -> Vec<PastEvent> {
    let several = told.to.len() > 1;
    let copy = |agent: &AgentId| PastEvent {
        handled: told.handled,
        event: Event {
            id: if several { ids::derive("evt", &[&told.id, agent.as_str()]).into() } else { EventId::new(&told.id) },
            kind: told.kind.clone(),
            source: "original".to_owned(),
            agent: agent.clone(),
            author: None,
            priority: told.priority,
            at: told.at,
            payload: told.payload.clone(),
            hops: 0,
            cause: None,
            broadcast: several.then(|| EventId::new(&told.id)),
        },
    };
    told.to.iter().map(copy).collect()
}
