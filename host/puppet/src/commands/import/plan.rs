//! What an import would do: who comes, who is here already, what stays as it is, and what is wrong.

use std::path::{Path, PathBuf};

use puppet_import::{Deployment, Moved, Problem, Source, in_the_order_of_the_contract};
use puppet_packs::import::Ignored;
use puppet_store::{PastEvent, Store};
use puppet_types::{AgentId, Secret, Timestamp, scrub};
use serde::Serialize;
use serde_json::Value;

use super::{
    accounts,
    env::{self, Env},
    settings::Draft,
};
use crate::{
    agents::{self, NewAgent},
    cli::Import,
    credentials, intake,
    output::Output,
    records, sending,
    setup::Setup,
    trading::original,
    trouble::{Result, Trouble},
};

/// Where an agent keeps what it was imported from: a digest of the files.
pub const IMPORTED: &str = "imported";

/// How an agent of the deployment stands to those that live here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// There is none of its name.
    New,
    /// It was imported from the same files.
    Same,
    /// It takes the place of another.
    Replaced,
}

/// What stays here as it is, although the deployment has it too.
#[derive(Debug, Clone, Serialize)]
pub struct Kept {
    /// Name of a secret, or key of `puppet.toml`.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// Everything that is to be done.
pub struct Plan {
    /// The folder, as it was named.
    pub folder: PathBuf,
    /// What was read.
    pub deployment: Deployment,
    /// By the order of its agents.
    pub standing: Vec<Standing>,
    /// What they may trade, by the same order.
    pub trading: Vec<Option<original::Kept>>,
    /// Credentials that are to be put into the secrets.
    pub secrets: Vec<(String, Secret)>,
    /// `puppet.toml` as it is to be.
    pub settings: Draft,
    /// What stays.
    pub kept: Vec<Kept>,
    /// Events that are to be sent once more, in their order.
    pub replayed: Vec<PastEvent>,
    /// How many of them were not sent before; known when they are sent.
    pub replayed_new: Option<usize>,
    /// For people.
    pub notes: Vec<String>,
    /// Now.
    pub at: Timestamp,
}

impl Plan {
    /// Reads the deployment, and looks who is here.
    pub async fn of(setup: &Setup, file: &Path, args: &Import, at: Timestamp) -> Result<Self> {
        let source = Source { folder: &args.dir, dump: args.dump.as_deref() };
        let mut deployment = Deployment::read(source, at);
        scrub::learn(deployment.secrets.iter().map(|(_, secret)| secret));
        let ids: Vec<AgentId> = deployment.agents.iter().map(|moved| moved.spec.id.clone()).collect();
        let env = env::read(&args.dir, &ids);
        let (report, set, of_env, problems) = match env {
            Some(Env { report, settings, secrets, problems }) => (Some(report), settings, secrets, problems),
            None => (None, Vec::new(), Vec::new(), Vec::new()),
        };
        scrub::learn(of_env.iter().map(|(_, secret)| secret));
        deployment.files.extend(report);
        deployment.problems.extend(problems);
        let mut specs: Vec<_> = deployment.agents.iter().map(|moved| moved.spec.clone()).collect();
        let mut notes = agents::distinct(&mut specs)?;
        for (moved, spec) in deployment.agents.iter_mut().zip(specs) {
            moved.spec = spec;
            moved.spec.extra.insert(IMPORTED.to_owned(), Value::from(moved.digest.to_string()));
        }
        let secrets = std::mem::take(&mut deployment.secrets);
        let has = |name: &str| {
            secrets.iter().chain(&of_env).any(|(known, value)| known == name && !value.expose().is_empty())
        };
        let accounts = accounts::of(deployment.agents.iter().map(|moved| &moved.spec), has);
        let set = [set, accounts.settings].concat();
        notes.extend(accounts.notes);
        let settings = Draft::of(file, &set, args.replace)?;
        let trading =
            deployment.agents.iter().map(|moved| original::Kept::of(setup, &moved.spec)).collect::<Result<_>>()?;
        let mut plan = Self {
            folder: args.dir.clone(),
            deployment,
            standing: Vec::new(),
            trading,
            secrets: Vec::new(),
            settings,
            kept: Vec::new(),
            replayed: Vec::new(),
            replayed_new: None,
            notes,
            at,
        };
        plan.settings_that_stay();
        plan.credentials(setup, secrets, of_env, args.replace)?;
        if args.replay_events {
            plan.replay();
        }
        match records::if_there(setup).await? {
            Some(store) => plan.look(&*store, args.replace).await?,
            None => plan.standing = vec![Standing::New; plan.deployment.agents.len()],
        }
        Ok(plan)
    }

    fn settings_that_stay(&mut self) {
        for setting in &self.settings.stay {
            let reason = format!("`{}` has another value in puppet.toml, which stays", setting.key);
            let of_env = self.deployment.files.iter_mut().filter(|report| report.file == env::FILE);
            for fates in of_env.map(|report| &mut report.fates) {
                let to = format!("puppet.toml: {}", setting.key);
                let is_it = |carried: &puppet_packs::import::Carried| carried.to == to;
                if fates.carried.iter().any(is_it) {
                    fates.carried.retain(|carried| !is_it(carried));
                    fates.ignored.push(Ignored { field: setting.variable.clone(), reason: reason.clone() });
                }
            }
            self.kept.push(Kept { name: format!("puppet.toml: {}", setting.key), reason });
        }
    }

    /// What an agent file says wins over the environment, as in the original; what is here stays.
    fn credentials(
        &mut self,
        setup: &Setup,
        of_files: Vec<(String, Secret)>,
        of_env: Vec<(String, Secret)>,
        replace: bool,
    ) -> Result<()> {
        let here = credentials::secrets(setup)?;
        for (name, secret) in of_files.into_iter().chain(of_env) {
            if let Some((_, first)) = self.secrets.iter().find(|(other, _)| *other == name) {
                if *first != secret {
                    let reason = "an agent file, or an earlier line, has another value".to_owned();
                    self.kept.push(Kept { name, reason });
                }
                continue;
            }
            match here.get(&name) {
                Some(other) if other != secret && !replace => {
                    let reason = "another value is in the secrets, which stays".to_owned();
                    self.kept.push(Kept { name, reason });
                }
                _ => self.secrets.push((name, secret)),
            }
        }
        Ok(())
    }

    fn replay(&mut self) {
        let can_be_sent = |kind: &str| sending::check_kind(kind).is_ok() && !intake::is_about_a_post(kind);
        let (sent, left): (Vec<_>, Vec<_>) =
            self.deployment.events.iter().cloned().partition(|past| can_be_sent(&past.event.kind));
        let mut kinds: Vec<String> = left.into_iter().map(|past| past.event.kind).collect();
        kinds.sort();
        kinds.dedup();
        self.notes.extend(
            kinds.iter().map(|kind| format!("events of the kind `{kind}` are not sent again: they stay history")),
        );
        self.replayed = in_the_order_of_the_contract(sent);
    }

    /// Looks who is here.
    pub async fn look(&mut self, store: &dyn Store, replace: bool) -> Result<()> {
        self.standing.clear();
        for Moved { spec, digest, .. } in &self.deployment.agents {
            let here = store.agent(&spec.id).await?;
            let same = |body: &Value| body["extra"][IMPORTED].as_str() == Some(digest.to_string().as_str());
            let standing = match &here {
                Some(row) if same(&row.body) => Standing::Same,
                Some(_) => Standing::Replaced,
                None => Standing::New,
            };
            let agent = NewAgent { spec: spec.clone() };
            match standing {
                Standing::New => agent.check(store).await?,
                Standing::Replaced => agent.check_account(store).await?,
                Standing::Same => {}
            }
            if standing == Standing::Replaced && !replace {
                let problem = exists(&spec.id);
                if !self.deployment.problems.contains(&problem) {
                    self.deployment.problems.push(problem);
                }
            }
            self.standing.push(standing);
        }
        Ok(())
    }

    /// Everything that is wrong, to people; then the first of it.
    pub fn refused(&self, out: Output) -> Result<()> {
        let problems = &self.deployment.problems;
        let Some(first) = problems.first() else { return Ok(()) };
        problems.iter().skip(1).for_each(|problem| out.note(format!("{problem}: {}", problem.remedy)));
        let (message, remedy) = (&first.message, &first.remedy);
        let mut trouble = match first.code {
            EXISTS => Trouble::input("agent-exists", message, remedy),
            _ => Trouble::input("bad-deployment", message, remedy),
        };
        trouble.place.file = Some(self.folder.join(&first.file).display().to_string());
        (trouble.place.line, trouble.place.field) = (first.line, first.field.clone());
        Err(trouble)
    }
}

const EXISTS: &str = "agent-exists";

fn exists(id: &AgentId) -> Problem {
    let message = format!("there is an agent `{id}` already, and it does not come from these files");
    let remedy = "--replace puts this one in its place: what that one remembers goes";
    Problem::new(EXISTS, "config/agents", message, remedy).at("id")
}
