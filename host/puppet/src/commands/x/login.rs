//! `x login`: the account's owner says yes in a browser, and the tokens are kept. Nothing is kept of an account that is not
//! the one that was named.

use std::{io::BufRead as _, time::Duration};

use puppet_tweet::{NoCode, SignIn, SignInFault, TokenPair, TokenStore as _};
use puppet_types::Secret;
use serde_json::json;

use super::listen::{Page, with_port};
use crate::{
    cli::XLogin,
    commands::{
        run::told_to_stop,
        x::scopes::{lacking, names},
    },
    networks,
    output::Output,
    setup::Setup,
    tokens::Tokens,
    trouble::{Exit, Result, Trouble},
};

/// Runs it.
pub async fn run(setup: &Setup, args: &XLogin, out: Output) -> Result<()> {
    let (name, account) = super::account(setup, &args.who).await?;
    let (app_name, app) = super::app(setup, name, account)?;
    let x = &setup.config.tweet.x;
    if app.secret.as_ref().is_some_and(|secret| secret.expose() == app.id) {
        let key = format!("tweet.x.apps.{app_name}.client_id");
        let remedy = "copy the client id from X's developer portal: it is public, and the address to open has it";
        return Err(setup.config.bad_value(&key, "this is the app's client secret", remedy));
    }
    let configured = x.apps.get(app_name).map(|app| app.redirect.clone()).unwrap_or_default();
    let redirect = args.port.map_or(configured.clone(), |port| with_port(&configured, port));
    let timeout = Duration::from_millis(x.timeout_ms);
    let sign_in = SignIn::begin(&x.endpoint, timeout, app.clone(), &redirect);
    let sign_in = sign_in.map_err(|error| networks::of_setup(setup, &error))?;
    let page = if args.no_browser { None } else { Page::open(&redirect).await? };
    // Whoever reads the address may break off at once.
    let stopped = told_to_stop(None);
    out.note_to_open(format!("Open this where @{name} is signed in to X, and say yes:"), sign_in.address());
    let code = tokio::select! {
        code = code(&sign_in, page, &redirect, out) => code?,
        () = stopped => return Err(nothing("it was broken off")),
        () = tokio::time::sleep(args.timeout) => {
            return Err(nothing(&format!("nobody came back within {} s", args.timeout.as_secs())));
        }
    };
    let (pair, signed_in) = sign_in.finish(&code).await.map_err(|fault| of_fault(name, &fault))?;
    if !signed_in.eq_ignore_ascii_case(name) {
        // What is not kept is of no use to anybody.
        let _ = puppet_tweet::revoke(&x.endpoint, timeout, &app, &pair).await;
        return Err(of_fault(name, &SignInFault::OtherAccount(signed_in)));
    }
    keep(setup, name, &pair).await?;
    let host = super::told(setup, name).await?;
    if out.json {
        return out.object(&json!({
            "schema": "puppet.x-login/1", "account": name, "app": app_name, "scope": pair.scope, "lacks": names(&pair),
            "expires_at": pair.expires, "renews": pair.refresh.is_some(), "host": host,
        }));
    }
    out.line(format!("@{name} is signed in, in the name of the app `{app_name}`"))?;
    lacking(name, &pair, out);
    if pair.refresh.is_none() && pair.lacks().iter().all(|scope| scope.name != "offline.access") {
        out.note(format!("X gave no refresh token: it ends at {}, and nobody can renew it", pair.expires));
    }
    host.map_or(Ok(()), |host| out.line(host))
}

/// The code, from the page or from what somebody pastes.
async fn code(sign_in: &SignIn, page: Option<Page>, redirect: &str, out: Output) -> Result<Secret> {
    let refused = |error: NoCode| nothing(&error.to_string());
    if let Some(page) = page {
        return page.code(sign_in).await.map_err(refused);
    }
    out.note(format!("Then paste the address that the browser was sent to (it begins with {redirect}):"));
    // A line that never comes ends with the process.
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        // Nobody may wait any more.
        let _ = tell.send(read.map(|_| line));
    });
    let line = told.await.map_err(Trouble::internal)?.map_err(|error| nothing(&error.to_string()))?;
    sign_in.code(&line).map_err(refused)
}

/// Whoever renews the tokens that were there is waited for.
async fn keep(setup: &Setup, name: &str, pair: &TokenPair) -> Result<()> {
    let tokens = Tokens::of(setup, name)?;
    let failed = |why: String| {
        let message = format!("X has signed @{name} in, and its tokens cannot be kept: {why}");
        Trouble::unreachable("secrets", message, "see what is wrong with the data folder, and sign in again")
    };
    let _held = tokens.hold().await.map_err(failed)?;
    tokens.save(pair).await.map_err(failed)
}

fn nothing(why: &str) -> Trouble {
    Trouble::refused("sign-in", format!("nothing was signed in: {why}"), "try again")
}

/// At the sign-in of an account.
fn of_fault(name: &str, fault: &SignInFault) -> Trouble {
    let (message, remedy) = match fault {
        SignInFault::OtherAccount(other) => {
            let message = format!("the browser is signed in to X as @{other}, not as @{name}: nothing was kept");
            let remedy = format!(
                "change to @{name} in that browser (or open the address in a private window), and `puppet x login {name}` \
                 again; to sign in @{other}, `puppet x login {other}`"
            );
            (message, remedy)
        }
        _ => (format!("@{name}: {fault}"), fault.remedy(name)),
    };
    let trouble = Trouble::refused("sign-in", message, remedy);
    if fault.is_lasting() { trouble } else { Trouble { exit: Exit::Unreachable, ..trouble } }
}
