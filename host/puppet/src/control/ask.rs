//! The other end of the socket: a command asks the host of a data folder.

use std::{io, path::Path};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::UnixStream,
};

use super::{Reply, Request, SOCKET};
use crate::trouble::{Exit, Result, Trouble};

/// Asks the host of a data folder; none where no host runs there.
pub async fn ask(data: &Path, request: &Request) -> Result<Option<Value>> {
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

fn refused(exit: u8, code: &str, message: String, remedy: String) -> Trouble {
    // Codes are static texts: one that this version does not know is told in the message.
    const CODES: [&str; 20] = [
        "unknown-agent",
        "agent-exists",
        "bad-request",
        "store",
        "internal",
        "bad-value",
        "unknown-effect",
        "not-waiting",
        "digest-differs",
        "not-yet",
        "not-failed",
        "not-open",
        "not-sure",
        "forgotten",
        "store-full",
        "store-read-only",
        "store-corrupt",
        "store-failing",
        "already-seen",
        "not-here",
    ];
    let known = CODES.iter().find(|known| **known == code);
    let message = if known.is_some() { message } else { format!("{code}: {message}") };
    let code = known.copied().unwrap_or("refused");
    match exit {
        2 => Trouble::input(code, message, remedy),
        3 => Trouble::refused(code, message, remedy),
        4 => Trouble::unreachable(code, message, remedy),
        _ => Trouble { exit: Exit::Internal, code, message, place: Default::default(), remedy },
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
