//! Apps that have a bearer token of their own: they stream, and read what is nobody's in particular. One that X refuses, or
//! whose plan is used up, is passed over for a while, and the next one reads, or an account.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use puppet_types::{CallError, Code};

use super::{
    AGAIN, Member, Standing, X,
    auth::{Identity, SignInFault},
};
use crate::{PublishError, plan::Priced};

/// What is used up is not asked for before that, whatever X says.
const USED_UP: Duration = Duration::from_secs(60);

/// An app.
pub(super) struct App {
    pub(super) identity: Identity,
    /// Nothing is read with it before that.
    passed_over: Mutex<Option<Instant>>,
}

/// Who reads what is nobody's in particular.
pub(super) struct Anybody<'a> {
    pub(super) identity: &'a Identity,
    /// None of an account, nor where nobody else is left.
    app: Option<&'a App>,
}

impl App {
    pub(super) fn new(identity: Identity) -> Self {
        Self { identity, passed_over: Mutex::default() }
    }

    fn is_passed_over(&self) -> bool {
        self.passed_over.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| Instant::now() < until)
    }

    fn pass_over(&self, wait: Option<Duration>) {
        let until = wait.map(|wait| Instant::now() + wait);
        *self.passed_over.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

impl X {
    /// Asks X whether it takes the bearer token of each app, whatever it said before; nothing of that is charged. Answers
    /// whether the app may stream too: X says the same of a plan without streams and of an app that is in no project.
    pub async fn check_apps(&self) -> Vec<(String, Result<bool, SignInFault>)> {
        let mut checked = Vec::new();
        for (name, app) in &self.apps {
            let streams = self.client.streams(&app.identity).await;
            match &streams {
                Ok(_) => app.pass_over(None),
                Err(fault) if fault.is_lasting() => app.pass_over(Some(AGAIN)),
                Err(_) => {}
            }
            checked.push((name.clone(), streams));
        }
        checked
    }

    /// The first app that is not passed over, or else the first account that can sign.
    pub(super) fn anybody(&self) -> Result<Anybody<'_>, CallError> {
        if let Some(app) = self.apps.values().find(|app| !app.is_passed_over()) {
            return Ok(Anybody { identity: &app.identity, app: Some(app) });
        }
        let can_sign = |member: &&Member| {
            // One that is just asked about is as good as any.
            member.standing.try_lock().map_or(true, |standing| !matches!(*standing, Standing::Bad(..)))
        };
        let account = self.members.values().find(can_sign).or_else(|| self.members.values().next());
        let identity = account.map(|member| &member.identity);
        let identity = identity.or_else(|| self.apps.values().next().map(|app| &app.identity));
        let none = || CallError::new(Code::ProviderUnavailable, "no account has a token for X");
        Ok(Anybody { identity: identity.ok_or_else(none)?, app: None })
    }

    /// Whether somebody else is to be asked after this: the app is refused, or what its plan allows is used up. It is passed
    /// over from now on. One that is asked to wait, waits.
    pub(super) fn gives_way(&self, who: &Anybody<'_>, error: &PublishError) -> bool {
        let Some(app) = who.app else { return false };
        let wait = match error {
            PublishError::Unauthorized(_) | PublishError::Suspended(_) | PublishError::NotAllowed(_) => AGAIN,
            // A cap of the operator's is everybody's.
            PublishError::UsageCap { .. } if self.client.room(Priced::PostRead, false, who.identity).is_err() => {
                return false;
            }
            PublishError::UsageCap { retry_after_ms, .. } => {
                Duration::from_millis(*retry_after_ms).clamp(USED_UP, AGAIN)
            }
            _ => return false,
        };
        tracing::warn!(app = who.identity.name(), %error, "it reads nothing for a while: another app does, or an account");
        app.pass_over(Some(wait));
        true
    }
}
