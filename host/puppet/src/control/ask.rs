//! The other end of the socket: a command asks the host of a data folder.

use std::{collections::BTreeSet, io, path::Path, sync::LazyLock};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::UnixStream,
};

use super::{Reply, Request, SOCKET};
use crate::{
    setup::Setup,
    trouble::{Exit, Result, Trouble},
};

/// Asks the host of a data folder; none where no host runs there. Within a host it is that one.
pub async fn ask(setup: &Setup, request: &Request) -> Result<Option<Value>> {
    match &setup.inside {
        Some(inside) => inside.ask(request.clone()).await.map(Some),
        None => ask_at(&setup.data, request).await,
    }
}

/// The same of a folder, whoever asks.
pub async fn ask_at(data: &Path, request: &Request) -> Result<Option<Value>> {
    let stream = match UnixStream::connect(data.join(SOCKET)).await {
        Ok(stream) => stream,
        Err(error) => {
            use io::ErrorKind::{ConnectionRefused, InvalidInput, NotADirectory, NotFound};
            // The last two: no folder, or a path too long for a socket. No host can listen there either.
            return match error.kind() {
                NotFound | ConnectionRefused | NotADirectory | InvalidInput => Ok(None),
                _ => Err(lost(&error)),
            };
        }
    };
    let mut text = serde_json::to_string(request).map_err(Trouble::internal)?;
    text.push('\n');
    let limit = request.limit();
    let answer = match tokio::time::timeout(limit, exchange(stream, &text)).await {
        Ok(answer) => answer.map_err(|error| unanswered(&error, request))?,
        Err(_) => return Err(unanswered(&io::Error::other(format!("nothing came in {} s", limit.as_secs())), request)),
    };
    match serde_json::from_str(&answer) {
        Ok(Reply::Done(value)) => Ok(Some(value)),
        Ok(Reply::Refused { exit, code, message, remedy }) => Err(refused(exit, &code, message, remedy)),
        Err(_) => Err(unanswered(&io::Error::other("it ended without an answer"), request)),
    }
}

async fn exchange(mut stream: UnixStream, request: &str) -> io::Result<String> {
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).await?;
    Ok(answer)
}

/// Every code of the program: a host of the same version answers with no other.
static CODES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    const SCHEMA: &str = include_str!("../../../../docs/schemas/error.json");
    let schema: Value = serde_json::from_str(SCHEMA).unwrap_or_default();
    let codes = schema["properties"]["error"]["properties"]["code"]["enum"].as_array();
    codes.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
});

fn refused(exit: u8, code: &str, message: String, remedy: String) -> Trouble {
    // Codes are static texts: one that this version does not know is told in the message.
    let known = CODES.get(code);
    let message = if known.is_some() { message } else { format!("{code}: {message}") };
    let code = known.map_or("refused", String::as_str);
    match exit {
        2 => Trouble::input(code, message, remedy),
        3 => Trouble::refused(code, message, remedy),
        4 => Trouble::unreachable(code, message, remedy),
        _ => Trouble { exit: Exit::Internal, ..Trouble::input(code, message, remedy) },
    }
}

fn lost(error: &io::Error) -> Trouble {
    let message = format!("the host of this data folder does not answer: {error}");
    Trouble::unreachable("host-lost", message, "see what the host says, or start it again")
}

/// It has the request, and may carry it out when it comes to itself.
fn unanswered(error: &io::Error, request: &Request) -> Trouble {
    let Some(look) = request.look() else { return lost(error) };
    let trouble = lost(error);
    let message = format!("{}; what was asked may be done already, or be done yet", trouble.message);
    Trouble { message, remedy: format!("look before you ask again: {look}"), ..trouble }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_host_answers_keeps_its_code() {
        let told = |exit, code: &str| {
            let Trouble { exit, code, message, .. } = refused(exit, code, "no".to_owned(), String::new());
            (exit, code, message)
        };
        // Those of keys, of agents, of words of the operator, and of the store are all in one list.
        for code in
            ["unknown-key-id", "too-many-keys", "key-exists", "agent-exists", "unknown-wallet", "not-open", "internal"]
        {
            assert_eq!(told(3, code), (Exit::Refused, code, "no".to_owned()));
        }
        assert_eq!(told(5, "internal").0, Exit::Internal);
        assert_eq!(told(2, "of-another-version"), (Exit::Input, "refused", "of-another-version: no".to_owned()));
    }
}
