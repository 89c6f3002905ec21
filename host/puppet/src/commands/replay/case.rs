//! `puppet.case/1`: one record with everything that its call had, in one file. Whoever has the file and a component can
//! run the call again, without the data folder that it is from. Nothing of the host's own is in it.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use puppet_agent::MoodDecay;
use puppet_engine::{Addressee, Circumstances, Measures, Whole};
use puppet_grants::Granted;
use puppet_sandbox::Limits;
use puppet_types::{
    AccountId, AgentId, Breach, Capability, Declined, Digest, Invocation, InvocationId, Json, NumberedDecision,
    Outcome, Persona, PluginRef, Read, Timestamp, scrub,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::subject::{self, Found, Subject};
use crate::{
    files,
    output::Output,
    trouble::{Result, Trouble},
};
use puppet_api::view::invocation::{EventView, ended, seed_of, seed_text};

const SCHEMA: &str = "puppet.case/1";

/// One case.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    schema: String,
    /// Of the record; ids of what it decides follow from it.
    id: InvocationId,
    /// The clock of the call.
    at: Timestamp,
    agent: CasedAgent,
    plugin: PluginRef,
    seed: String,
    event: EventView,
    persona: Persona,
    settings: Value,
    rights: BTreeMap<Capability, Granted>,
    limits: Limits,
    bounds: BTreeMap<String, u64>,
    audience: Option<Vec<Addressee>>,
    /// To its reads, with the questions.
    answers: Vec<Read>,
    expected: Expected,
}

/// Who it was.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CasedAgent {
    id: AgentId,
    name: String,
    description: String,
    handle: String,
    account: AccountId,
    timezone: String,
    assets: Vec<String>,
    mood_decay: Option<MoodDecay>,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// Of the component that was called.
    digest: Digest,
    outcome: String,
    breach: Option<String>,
    declined: Option<Declined>,
    error: Option<String>,
    fuel: u64,
    decisions: Vec<NumberedDecision>,
}

/// What of a case a scenario says.
pub struct Parts<'a> {
    /// Of the record.
    pub id: &'a str,
    /// The clock of the call.
    pub at: Timestamp,
    /// IANA name.
    pub timezone: &'a str,
    /// As it is written.
    pub seed: String,
    /// `id`, `name`, `handle`, `description`.
    pub agent: Value,
    /// It.
    pub persona: Value,
    /// An object.
    pub settings: &'a Value,
    /// What was granted.
    pub rights: &'a BTreeMap<Capability, Granted>,
    /// To its reads.
    pub answers: &'a [Read],
    /// An object.
    pub event: Value,
    /// Whom a generator could address.
    pub audience: &'a [Addressee],
    /// How it ended.
    pub outcome: &'a str,
    /// Which limit.
    pub breach: Option<&'a str>,
    /// Each with `kind` and `body`.
    pub decisions: Vec<Value>,
}

impl Case {
    /// What of it a scenario says.
    pub fn parts(&self) -> Parts<'_> {
        let value = |value: serde_json::Result<Value>| value.unwrap_or_default();
        let CasedAgent { id, name, handle, description, timezone, .. } = &self.agent;
        Parts {
            id: self.id.as_str(),
            at: self.at,
            timezone,
            seed: format!("0x{:016x}", seed_of(&self.seed).unwrap_or_default()),
            agent: serde_json::json!({ "id": id, "name": name, "handle": handle, "description": description }),
            persona: value(serde_json::to_value(&self.persona)),
            settings: &self.settings,
            rights: &self.rights,
            answers: &self.answers,
            event: value(serde_json::to_value(&self.event)),
            audience: self.audience.as_deref().unwrap_or_default(),
            outcome: &self.expected.outcome,
            breach: self.expected.breach.as_deref(),
            decisions: self.expected.decisions.iter().map(|one| value(serde_json::to_value(&one.decision))).collect(),
        }
    }

    fn of(Subject { recorded, whole }: Subject) -> Result<Self> {
        let unread = |error: serde_json::Error| Trouble::internal(format!("a document does not read back: {error}"));
        let Circumstances { name, description, handle, account, timezone, assets, mood_decay, rights, .. } =
            whole.circumstances.clone();
        let Measures { limits, bounds } = whole.measures.clone();
        let (breach, _, error) = ended(&recorded.outcome);
        let declined = match &recorded.outcome {
            Outcome::Declined(declined) => Some(declined.clone()),
            _ => None,
        };
        Ok(Self {
            schema: SCHEMA.to_owned(),
            expected: Expected {
                digest: recorded.plugin.digest,
                outcome: recorded.outcome.name().to_owned(),
                breach: breach.map(str::to_owned),
                declined,
                error,
                fuel: recorded.fuel,
                decisions: recorded.decisions,
            },
            id: recorded.id,
            at: recorded.at,
            agent: CasedAgent { id: recorded.agent, name, description, handle, account, timezone, assets, mood_decay },
            plugin: recorded.plugin,
            seed: seed_text(recorded.seed.unwrap_or_default()),
            event: EventView::of(recorded.event),
            persona: whole.persona.parse().map_err(unread)?,
            settings: whole.settings.parse().map_err(unread)?,
            rights,
            limits,
            bounds,
            audience: whole.audience.clone(),
            answers: recorded.reads,
        })
    }

    fn subject(self) -> std::result::Result<Subject, String> {
        let seed = seed_of(&self.seed).ok_or_else(|| format!("`{}` is no seed", self.seed))?;
        self.limits.check().map_err(|error| error.to_string())?;
        let (persona, settings) = (Json::of(&self.persona), Json::of(&self.settings));
        let measures = Measures { limits: self.limits, bounds: self.bounds };
        let of = |json: &Json| Digest::of(json.as_str().as_bytes());
        let CasedAgent { id: agent, name, description, handle, account, timezone, assets, mood_decay } = self.agent;
        let circumstances = Circumstances {
            name,
            description,
            handle,
            account,
            timezone,
            persona: of(&persona),
            settings: of(&settings),
            assets,
            mood_decay,
            rights: self.rights,
            measures: of(&Json::of(&measures)),
            audience: self.audience.as_ref().map(|audience| of(&Json::of(audience))),
        };
        let recorded = Invocation {
            id: self.id,
            at: self.at,
            event: self.event.event(agent.clone()),
            agent,
            plugin: PluginRef { digest: self.expected.digest, ..self.plugin },
            persona_digest: circumstances.persona,
            settings_digest: circumstances.settings,
            seed: Some(seed),
            outcome: self.expected.outcome()?,
            fuel: self.expected.fuel,
            peak_memory_bytes: 0,
            host_calls: BTreeMap::new(),
            reads: self.answers,
            decisions: self.expected.decisions,
            log: Vec::new(),
            strikes: 0,
            timing: None,
            unreplayable: None,
        };
        let whole = Whole { circumstances, persona, settings, measures, audience: self.audience };
        Ok(Subject { recorded, whole: Arc::new(whole) })
    }
}

impl Expected {
    fn outcome(&self) -> std::result::Result<Outcome, String> {
        let said = || self.error.clone().unwrap_or_default();
        match (self.outcome.as_str(), &self.declined, self.breach.as_deref().map(Breach::parse)) {
            ("ok", ..) => Ok(Outcome::Ok),
            ("failed", ..) => Ok(Outcome::Failed(said())),
            ("declined", Some(declined), _) => Ok(Outcome::Declined(declined.clone())),
            ("breach", _, Some(Some(breach))) => Ok(Outcome::Breach(breach, said())),
            (other, ..) => Err(format!("`{other}` is no end, or does not say how")),
        }
    }
}

/// Reads a case.
pub fn open(path: &Path) -> Result<Subject> {
    let wrong = |what: String| {
        Trouble::input("case", what, "give it a file that `puppet replay ID --export FILE` wrote").in_file(path)
    };
    let text = files::text(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let none = |error: serde_json::Error| wrong(format!("is no case: {error}"));
    let Named { schema } = serde_json::from_str(&text).map_err(none)?;
    if schema != SCHEMA {
        return Err(
            other(&schema).map_or_else(|| wrong(format!("is no case: it is `{schema}`")), |it| it.in_file(path))
        );
    }
    let case: Case = serde_json::from_str(&text).map_err(none)?;
    case.subject().map_err(wrong)
}

/// What a file says that it is; the rest of it may be of a version that is not known here.
#[derive(Deserialize)]
struct Named {
    schema: String,
}

/// A case of another version.
fn other(schema: &str) -> Option<Trouble> {
    let version: u32 = schema.strip_prefix("puppet.case/")?.parse().ok()?;
    let message =
        format!("is a case of version {version}: this puppet, {}, reads `{SCHEMA}`", env!("CARGO_PKG_VERSION"));
    let remedy = "this puppet is too old for it: use the one that wrote it, or a later one";
    Some(Trouble::input("case", message, remedy))
}

/// Writes a record as a case, for its owner's eyes; with `--json` it is printed, too. What is there stays.
pub fn export(found: Found, path: &Path, out: Output) -> Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(Trouble::input("file-exists", "is there already", "name another file").in_file(path));
    }
    let case = Case::of(found.map_err(subject::trouble)?)?;
    let scenario = path.extension().is_some_and(|ending| ending == "toml");
    let text = if scenario {
        scrub::text(&super::as_scenario::text(&case)).into_owned()
    } else {
        scrub::json(&(serde_json::to_string_pretty(&case).map_err(Trouble::internal)? + "\n")).into_owned()
    };
    files::replace(path, text.as_bytes(), Some(0o600)).map_err(|error| {
        Trouble::input("cannot-write", format!("cannot be written: {error}"), "name a file in a folder that is there")
            .in_file(path)
    })?;
    if out.json {
        return out.object(&case);
    }
    let component = case.expected.digest;
    out.line(format!("{} is in {}; it ran on {component}", case.id, path.display()))?;
    if scenario {
        out.note("put it into tests/ of the pack: `puppet test` runs it");
        return Ok(());
    }
    out.note(format!("puppet replay {} --with COMPONENT.wasm runs it again, anywhere", path.display()));
    Ok(())
}
