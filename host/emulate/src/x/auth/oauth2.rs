//! OAuth 2: codes, access tokens that expire, and refresh tokens of which each is good once. Whoever shows one twice ends
//! everything that came of the same consent.

use std::collections::{BTreeMap, BTreeSet};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hyper::header::AUTHORIZATION;
use puppet_types::{Timestamp, ids::derive_u64};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{is_key, page, secret};
use crate::{
    asked::{Asked, pairs},
    faults::{Plan, Problem},
    reply::Reply,
};

/// A code is good for so many seconds.
const CODE_S: i64 = 30;
/// Without this scope there is no refresh token.
const OFFLINE: &str = "offline.access";

/// Everything that was consented to.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    /// How many codes and tokens were made.
    made: u64,
    families: Vec<Family>,
    /// By code.
    codes: BTreeMap<String, Code>,
    /// By access token: of which family, and when it expires, in seconds.
    access: BTreeMap<String, (usize, i64)>,
    /// By refresh token: of which family, and whether it was used.
    refresh: BTreeMap<String, (usize, bool)>,
}

/// One consent, and what comes of it.
#[derive(Debug)]
struct Family {
    account: String,
    client: String,
    scopes: BTreeSet<String>,
    is_revoked: bool,
}

#[derive(Debug)]
struct Code {
    family: usize,
    redirect_uri: String,
    challenge: String,
    is_plain: bool,
    until_s: i64,
}

impl Grants {
    /// Account and scopes of an access token that is good.
    pub(super) fn of_access(&self, token: &str, at: Timestamp) -> Option<(String, BTreeSet<String>)> {
        let (family, until_s) = self.access.get(token)?;
        let family = self.families.get(*family).filter(|family| !family.is_revoked)?;
        (at.as_millis() / 1_000 < *until_s).then(|| (family.account.clone(), family.scopes.clone()))
    }

    /// `GET /i/oauth2/authorize`: consents at once for the account that the query names, and lets a person name it
    /// where it names none.
    pub(crate) fn authorize(&mut self, asked: &Asked, at: Timestamp) -> Reply {
        let given = |name: &str| asked.query.get(name).map(String::as_str).unwrap_or_default();
        let wrong =
            [("response_type", "code")].iter().find(|(name, wanted)| given(name) != *wanted).map(|(name, _)| *name);
        let missing = ["client_id", "redirect_uri", "scope", "state", "code_challenge"].into_iter();
        let method = given("code_challenge_method");
        let problem = wrong
            .or(missing.clone().find(|name| given(name).is_empty()))
            .or((!is_key(given("client_id"))).then_some("client_id"))
            .or((!["S256", "plain", ""].contains(&method)).then_some("code_challenge_method"));
        if let Some(name) = problem {
            return Reply::page(400, page::wrong(name));
        }
        let uri = given("redirect_uri");
        let back = |more: String| {
            let mark = if uri.contains('?') { '&' } else { '?' };
            Reply::page(302, String::new())
                .with("location", format!("{uri}{mark}state={}&{more}", plain(given("state"))))
        };
        if asked.query.contains_key("deny") {
            return back("error=access_denied".to_owned());
        }
        let account = given("account");
        if account.is_empty() {
            return Reply::page(200, page::consent(asked));
        }
        self.families.push(Family {
            account: account.to_owned(),
            client: given("client_id").to_owned(),
            scopes: given("scope").split(' ').map(str::to_owned).collect(),
            is_revoked: false,
        });
        let code = self.made("code");
        let kept = Code {
            family: self.families.len() - 1,
            redirect_uri: uri.to_owned(),
            challenge: given("code_challenge").to_owned(),
            is_plain: method != "S256",
            until_s: at.as_millis() / 1_000 + CODE_S,
        };
        self.codes.insert(code.clone(), kept);
        back(format!("code={code}"))
    }

    /// `POST /2/oauth2/token` and `POST /oauth2/token`.
    pub(crate) fn token(&mut self, asked: &Asked, at: Timestamp, plan: &Plan) -> Reply {
        let form: BTreeMap<String, String> = pairs(&String::from_utf8_lossy(&asked.body)).into_iter().collect();
        let given = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let Some(client) = client(asked, given("client_id")) else { return no_client() };
        let now_s = at.as_millis() / 1_000;
        match given("grant_type") {
            "authorization_code" => {
                let good = self.codes.remove(given("code")).filter(|code| {
                    let verifier = given("code_verifier");
                    let shown = if code.is_plain {
                        verifier.to_owned()
                    } else {
                        URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
                    };
                    let of_client = self.families.get(code.family).is_some_and(|family| family.client == client);
                    of_client
                        && now_s < code.until_s
                        && shown == code.challenge
                        && given("redirect_uri") == code.redirect_uri
                });
                match good {
                    Some(code) => self.issue(code.family, now_s, plan),
                    None => Problem::InvalidCode.reply(0),
                }
            }
            "refresh_token" => {
                let Some((family, is_used)) = self.refresh.get_mut(given("refresh_token")) else { return no_token() };
                let (family, was_used) = (*family, std::mem::replace(is_used, true));
                let Some(of) = self.families.get_mut(family) else { return no_token() };
                if was_used || of.client != client {
                    of.is_revoked = true;
                }
                if of.is_revoked { no_token() } else { self.issue(family, now_s, plan) }
            }
            "client_credentials" if asked.headers.contains_key(AUTHORIZATION) => {
                Reply::new(200, json!({ "token_type": "bearer", "access_token": format!("{client}-bearer") }))
            }
            other => refused(400, "invalid_request", &format!("Value passed for the grant_type was invalid: {other}.")),
        }
    }

    /// `POST /2/oauth2/revoke`: of a refresh token, all that came of the same consent.
    pub(crate) fn revoke(&mut self, asked: &Asked) -> Reply {
        let form: BTreeMap<String, String> = pairs(&String::from_utf8_lossy(&asked.body)).into_iter().collect();
        let given = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if client(asked, given("client_id")).is_none() {
            return no_client();
        }
        let of_refresh = self.refresh.get(given("token")).map(|(family, _)| *family);
        if let Some(family) = of_refresh.and_then(|family| self.families.get_mut(family)) {
            family.is_revoked = true;
        }
        self.access.remove(given("token"));
        Reply::new(200, json!({ "revoked": true }))
    }

    /// New tokens; the old access token stays good until it expires.
    fn issue(&mut self, family: usize, now_s: i64, plan: &Plan) -> Reply {
        let scopes = self.families.get(family).map(|family| family.scopes.clone()).unwrap_or_default();
        let access = self.made("access");
        self.access.retain(|_, (_, until_s)| now_s < *until_s);
        self.access.insert(access.clone(), (family, now_s + i64::from(plan.access_token_s)));
        let list: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let mut told = json!({
            "token_type": "bearer", "expires_in": plan.access_token_s, "access_token": access, "scope": list.join(" "),
        });
        if scopes.contains(OFFLINE) {
            let refresh = self.made("refresh");
            told["refresh_token"] = Value::String(refresh.clone());
            self.refresh.insert(refresh, (family, false));
        }
        Reply::new(200, told)
    }

    fn made(&mut self, kind: &str) -> String {
        self.made += 1;
        let (n, part) =
            (self.made.to_string(), |part: &str| derive_u64(&["oauth2", kind, part, &self.made.to_string()]));
        format!("oauth2-{kind}-{n}-{:016x}{:016x}", part("a"), part("b"))
    }
}

/// The app: by its id and secret in the header, or by its id alone in the form.
fn client(asked: &Asked, in_form: &str) -> Option<String> {
    let Some(header) = asked.headers.get(AUTHORIZATION) else {
        return is_key(in_form).then(|| in_form.to_owned());
    };
    let bytes = STANDARD.decode(header.to_str().ok()?.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (id, shown) = text.split_once(':')?;
    (is_key(id) && shown == secret(id)).then(|| id.to_owned())
}

fn refused(status: u16, error: &str, described: &str) -> Reply {
    Reply::new(status, json!({ "error": error, "error_description": described }))
}

fn no_client() -> Reply {
    refused(401, "unauthorized_client", "Missing valid authorization header")
}

fn no_token() -> Reply {
    refused(400, "invalid_request", "Value passed for the token was invalid.")
}

/// A state as it can stand in an address: what else it has is escaped.
fn plain(text: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes().map(|byte| if kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
