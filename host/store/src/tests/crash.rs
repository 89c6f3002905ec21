//! A process that is killed: what was answered is there, nothing is there by half.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
};

use rusqlite::Connection;

use super::RELAXED;
use crate::{
    Change, Commit, CommitStore as _, Durability, EventStore as _, InvocationCount, Options, SqliteStore,
};
