//! `preview`: what a pack or an agent file would do, cost and need, before anything of it is granted or installed. It
//! lives some days of virtual time in memory; no data folder is touched.

mod against;
mod found;
mod page;
mod samples;
mod subject;
mod suggest;
mod told;
mod week;

use std::path::Path;

use puppet_types::scrub;

use self::{against::Against, found::Preview, subject::Subject};
use crate::{
    cli::{self, Simulate},
    files,
    output::Output,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Runs it.
pub async fn run(setup: &Setup, args: &cli::Preview, out: Output) -> Result<()> {
    let course = Simulate::by_default(args.days, args.seed);
    let subject = Subject::open(setup, &args.path)?;
    // Read before anything runs: who is not there is told at once.
    let other = match &args.against {
        Some(id) => Some(Subject::living(setup, id).await?),
        None => None,
    };
    let mut preview = previewed(setup, &course, subject, out).await?;
    if let Some(other) = other {
        let other = previewed(setup, &course, other, out).await?;
        preview.against = Some(Against::of(&preview, other));
    }
    if let Some(file) = &args.html {
        write(file, &page::page(&preview)?)?;
    }
    if out.json {
        return out.object(&preview);
    }
    told::tell(&preview, out)?;
    match &args.html {
        Some(file) => out.line(format!("{} {}", out.good("wrote"), file.display())),
        None => Ok(()),
    }
}

async fn previewed(setup: &Setup, course: &Simulate, mut subject: Subject, out: Output) -> Result<Preview> {
    let (spec, inputs) = (subject.spec.clone(), std::mem::take(&mut subject.inputs));
    let digest = subject.digest;
    Ok(Preview::of((&spec, digest), inputs, week::live(setup, course, subject, out).await?))
}

fn write(file: &Path, page: &str) -> Result<()> {
    files::replace(file, scrub::text(page).as_bytes(), None).map_err(|error| {
        let remedy = "name another file with --html";
        Trouble::unreachable("cannot-write", format!("cannot be written: {error}"), remedy).in_file(file)
    })
}
