//! `doctor`: the data folder, and who works in it.

use std::time::Duration;

use puppet_store::{HostLock, StoreError, try_disk};

use super::{Check, check, of_trouble};
use crate::{control, records, rows::Place, setup::Setup};

pub(super) async fn folder(setup: &Setup) -> Check {
    let at = setup.data.display();
    if !setup.data.exists() {
        return check("data folder", "skipped", format!("{at} is not there yet"), "`puppet run` makes it");
    }
    match HostLock::take(&setup.data) {
        Ok(_) => {}
        Err(StoreError::Locked { pid, .. }) => {
            let answer = tokio::time::timeout(Duration::from_secs(5), control::ask(setup, &control::Request::Disk));
            return match answer.await {
                Ok(Ok(Some(fault))) => match fault.as_array().map(Vec::as_slice) {
                    Some([says, remedy]) => {
                        let says = says.as_str().unwrap_or_default();
                        let detail = format!("{at}: a host runs here (pid {pid}), and its last write failed: {says}");
                        check("data folder", "fail", detail, remedy.as_str().unwrap_or_default())
                    }
                    _ => match try_disk(&setup.data) {
                        Ok(()) => check("data folder", "ok", format!("{at}: a host runs here (pid {pid})"), ""),
                        Err(error) => of_disk(setup, &error),
                    },
                },
                _ => check(
                    "data folder",
                    "warn",
                    format!("{at}: pid {pid} holds it and does not answer"),
                    "see what that process is doing",
                ),
            };
        }
        Err(error) => return of_disk(setup, &error),
    }
    if let Err(error) = try_disk(&setup.data) {
        return of_disk(setup, &error);
    }
    let rows = match Place::of(setup) {
        Ok(place @ Place::Mongo(_)) => format!("; its rows are in {place}"),
        _ => String::new(),
    };
    match records::if_there(setup).await {
        Ok(Some(_)) => check("data folder", "ok", format!("{at} can be read and written{rows}"), ""),
        Ok(None) => check("data folder", "ok", format!("{at} is empty{rows}"), ""),
        Err(trouble) => of_trouble("data folder", "fail", &trouble),
    }
}

/// What is wrong where nothing can be written.
fn of_disk(setup: &Setup, error: &StoreError) -> Check {
    match error {
        StoreError::Disk { fault, .. } => {
            check("data folder", "fail", format!("{}: {error}", setup.data.display()), fault.remedy())
        }
        error => of_trouble("data folder", "fail", &error.clone().into()),
    }
}
