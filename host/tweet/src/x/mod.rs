//! X, over its API v2, signed for each account (`auth`). It does not know effects: the same order twice
//! is two posts, so what may have happened is never simply tried again ([`crate::Reconciled`]). Tokens and addresses are in no
//! error.

mod answer;
mod apps;
mod auth;
mod bill;
mod charge;
mod client;
mod likeness;
mod limits;
mod manner;
mod media;
mod mentions;
mod opening;
mod problems;
mod publisher;
mod reader;
mod reconcile;
#[cfg(test)]
mod tests;
mod windows;
mod wire;

use std::{
    collections::BTreeMap,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use puppet_store::Billed;
use puppet_types::{AccountId, Secret};
use tokio::sync::{Mutex, broadcast};

use crate::{
    PublishError,
    caps::{CapLine, Caps},
    plan::Prices,
};
use apps::App;
use auth::Identity;
pub use auth::{
    NoCode, OAuth1Keys, OAuth2, OAuthApp, SCOPES, Scope, SignIn, SignInFault, TokenPair, TokenStore, XSign, revoke,
};
use bill::Bill;
use client::Client;
pub use client::XSetupError;
pub use manner::{Manner, ReplySettings};
pub use media::Images;
pub use mentions::{Hearing, HearingTerms, Listener, Listening, Mention};
use publisher::Draft;
pub use windows::{Window, WindowKind};
use wire::User;

/// Where X is, and who posts there.
pub struct XSettings {
    /// `https://api.x.com`, or what stands for it.
    pub endpoint: String,
    /// For one request.
    pub timeout: Duration,
    /// A post that is not seen may still appear so long after its request has ended.
    pub settle: Duration,
    /// The day of the month on which what the plan allows begins anew, 1 to 28, UTC.
    pub renews_on: i8,
    /// How each account signs.
    pub accounts: BTreeMap<AccountId, XSign>,
    /// Bearer tokens of apps by the app's name: for reads that are nobody's in particular.
    pub apps: BTreeMap<String, Secret>,
}

impl XSettings {
    /// X itself.
    pub const ENDPOINT: &'static str = "https://api.x.com";
    /// For one request, where nothing is said.
    pub const TIMEOUT_MS: u64 = 30_000;
    /// How long a post may take to be seen, where nothing is said.
    pub const SETTLE_MS: u64 = 30_000;
    /// The day of the month on which what the plan allows begins anew, where nothing is said.
    pub const RENEWS_ON: i8 = 1;
}

// The address may hold a name and a password.
impl fmt::Debug for XSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("XSettings").field("accounts", &self.accounts.keys()).finish_non_exhaustive()
    }
}

/// Posts to X, and reads there.
pub struct X {
    client: Client,
    /// A request that was begun is over after so long, and what it did is seen.
    settled_after: Duration,
    /// By lower-case name.
    members: BTreeMap<String, Member>,
    /// Those that have a bearer token, by name.
    apps: BTreeMap<String, App>,
    images: Option<Arc<dyn Images>>,
    /// Accounts, in lower case, that were checked, and whether they can act.
    checked: broadcast::Sender<(AccountId, bool)>,
}

/// An account of ours.
struct Member {
    identity: Identity,
    manner: Manner,
    standing: Mutex<Standing>,
}

/// What X has said of an account.
#[derive(Default)]
enum Standing {
    /// It was not asked, or had no answer to this.
    #[default]
    Unknown,
    /// Whose it is.
    Known(User),
    /// That it posts nothing, and when it said so.
    Bad(SignInFault, Instant),
}

/// An account that cannot post is asked about again after so long, where somebody wants to post with it.
const AGAIN: Duration = Duration::from_secs(600);
/// Checks that whoever listens has not seen to.
const CHECKS: usize = 256;

impl fmt::Debug for X {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("X").field("accounts", &self.members.keys()).finish_non_exhaustive()
    }
}

impl X {
    /// Checks address and tokens. Nothing is sent.
    ///
    /// # Errors
    /// One of them cannot be used.
    pub fn new(settings: XSettings) -> Result<Self, XSetupError> {
        let XSettings { endpoint, timeout, settle, renews_on, accounts, apps } = settings;
        let client = Client::new(&endpoint, timeout)?.of_plan(renews_on);
        let mut members = BTreeMap::new();
        for (account, sign) in accounts {
            let identity = Identity::new(format!("@{account}"), sign, &client);
            if !identity.can_be_sent() {
                return Err(XSetupError::BadToken(account));
            }
            members.insert(
                account.as_str().to_ascii_lowercase(),
                Member { identity, manner: Manner::default(), standing: Mutex::default() },
            );
        }
        let mut of_apps = BTreeMap::new();
        for (name, bearer) in apps {
            let identity = Identity::new(name_of_app(&name), XSign::Token(bearer), &client);
            if !identity.can_be_sent() {
                return Err(XSetupError::BadBearer(name));
            }
            of_apps.insert(name, App::new(identity));
        }
        Ok(Self {
            client,
            settled_after: timeout + settle,
            members,
            apps: of_apps,
            images: None,
            checked: broadcast::Sender::new(CHECKS),
        })
    }

    /// The same with somebody who has the images; without, no post with one is made.
    #[must_use]
    pub fn with_images(self, images: Arc<dyn Images>) -> Self {
        Self { images: Some(images), ..self }
    }

    /// The same with accounts that post in a manner of their own.
    #[must_use]
    pub fn with_manners(mut self, manners: BTreeMap<AccountId, Manner>) -> Self {
        for (account, manner) in manners {
            if let Some(member) = self.members.get_mut(&account.as_str().to_ascii_lowercase()) {
                member.manner = manner;
            }
        }
        self
    }

    /// The same with accounts that sign in the name of these apps, and share what X leaves those.
    #[must_use]
    pub fn with_apps(self, apps: &BTreeMap<AccountId, String>) -> Self {
        let named = |(account, app): (&AccountId, &String)| {
            (format!("@{}", account.as_str().to_ascii_lowercase()), name_of_app(app))
        };
        self.client.share_windows(apps.iter().map(named).collect());
        self
    }

    /// The same for these prices, going on from the days that were written down of the month of the plan.
    #[must_use]
    pub fn with_bill(self, prices: Prices, kept: Vec<Billed>) -> Self {
        let renews_on = self.renews_on();
        Self { client: self.client.with_bill(Bill::new(prices, kept, renews_on)), ..self }
    }

    /// From now on no request leaves that would go above one of these, over all accounts and apps. Whether they are
    /// others.
    pub fn set_caps(&self, caps: Caps) -> bool {
        self.client.bill().set_caps(caps)
    }

    /// How the caps stand that there are.
    pub fn caps(&self) -> Vec<CapLine> {
        self.client.bill().caps(self.client.billing())
    }

    /// What was counted and is to be written down, each day whole. It counts as written down from now on.
    pub fn take_unsaved_bill(&self) -> Vec<Billed> {
        self.client.bill().take_unsaved()
    }

    /// It was not written down after all.
    pub fn bill_not_saved(&self, billed: &[Billed]) {
        self.client.bill().not_saved(billed);
    }

    /// What was counted in the month of the plan and yesterday, by day and by whoever signed.
    pub fn bill(&self) -> Vec<Billed> {
        self.client.bill().days(self.client.billing())
    }

    /// The day of the month on which the plan begins anew.
    pub fn renews_on(&self) -> i8 {
        self.client.bill().renews_on()
    }

    /// Whether an account signs with anything.
    pub fn knows(&self, account: &AccountId) -> bool {
        self.members.contains_key(&account.as_str().to_ascii_lowercase())
    }

    /// The accounts that sign with anything, in lower case.
    pub fn accounts(&self) -> Vec<AccountId> {
        self.members.keys().map(AccountId::new).collect()
    }

    fn member(&self, account: &AccountId) -> Result<&Member, PublishError> {
        self.members.get(&account.as_str().to_ascii_lowercase()).ok_or_else(|| {
            let remedy = format!("name it in [tweet.x.accounts.{account}], and start again");
            PublishError::Unauthorized(format!("@{account} has no token for X: {remedy}"))
        })
    }

    /// Asks X whose signature an account's is, whatever it said before. Answers how far X's clock is ahead of this
    /// machine's, in milliseconds.
    ///
    /// # Errors
    /// What is wrong with it: until that is mended, the account posts nothing.
    pub async fn check(&self, account: &AccountId) -> Result<i64, SignInFault> {
        let member = self.members.get(&account.as_str().to_ascii_lowercase());
        let member = member.ok_or(SignInFault::NeverSignedIn)?;
        let mut standing = member.standing.lock().await;
        *standing = Standing::Unknown;
        member.identity.read_again().await;
        let found = self.stand(account, member, &mut standing).await;
        // Nobody may listen.
        let _ = self.checked.send((AccountId::new(account.as_str().to_ascii_lowercase()), found.is_ok()));
        found.map(|_| self.client.ahead_ms())
    }

    /// Somebody wants to post with it now: what X said against the account before is asked anew at the next request.
    pub async fn ask_anew(&self, account: &AccountId) {
        let Some(member) = self.members.get(&account.as_str().to_ascii_lowercase()) else { return };
        let mut standing = member.standing.lock().await;
        if matches!(*standing, Standing::Bad(..)) {
            *standing = Standing::Unknown;
            member.identity.read_again().await;
        }
    }

    /// Whose signature it is, by X's own word: nobody posts in another's name.
    async fn user(&self, account: &AccountId, member: &Member) -> Result<User, PublishError> {
        let mut standing = member.standing.lock().await;
        self.stand(account, member, &mut standing).await.map_err(|fault| fault.of(member.identity.name()))
    }

    async fn stand(&self, account: &AccountId, member: &Member, standing: &mut Standing) -> Result<User, SignInFault> {
        match standing {
            Standing::Known(user) => return Ok(user.clone()),
            Standing::Bad(fault, at) if at.elapsed() < AGAIN => return Err(fault.clone()),
            _ => {}
        }
        let user = match self.client.me(&member.identity).await {
            Ok(user) if user.username.eq_ignore_ascii_case(account.as_str()) => Ok(user),
            Ok(other) => Err(SignInFault::OtherAccount(other.username)),
            Err(fault) => Err(fault),
        };
        *standing = match &user {
            Ok(user) => Standing::Known(user.clone()),
            Err(fault) if fault.is_lasting() => Standing::Bad(fault.clone(), Instant::now()),
            Err(_) => Standing::Unknown,
        };
        user
    }
}

/// As people call an app.
fn name_of_app(app: &str) -> String {
    format!("the app `{app}`")
}
