//! `pack diff`: what another pack has that this one has not, and the other way: files, line by line where they are
//! text, requests in plain words, versions, signers.

use std::{collections::BTreeSet, path::Path};

use puppet_packs::Bundle;
use puppet_types::{Digest, PackId};
use serde::Serialize;

use super::{lines, open};
use crate::{
    agents::of_pack,
    commands::grants::{asked::Asking, compared},
    installing,
    output::Output,
    setup::Setup,
    trouble::{Exit, Result, Trouble},
    vetting,
};

/// One of the two.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Side {
    pack: PackId,
    version: String,
    digest: Digest,
    signer: Option<String>,
}

/// A file that is not the same in both.
#[derive(Serialize)]
struct Changed {
    path: String,
    change: &'static str,
    old: Option<Digest>,
    new: Option<Digest>,
    lines: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    sign: char,
    text: String,
}

/// `puppet.pack-diff/1`.
#[derive(Serialize)]
struct Differences {
    schema: &'static str,
    old: Side,
    new: Side,
    same: bool,
    files: Vec<Changed>,
    widened: Vec<String>,
    narrowed: Vec<String>,
}

/// Runs it.
pub fn run(setup: &Setup, old: &Path, new: &Path, out: Output) -> Result<()> {
    let known = installing::plugins(&installing::of(setup))?;
    let asking = |bundle: &Bundle| -> Result<Asking> {
        let runs = vetting::vet(&bundle.pack, bundle.component_bytes(), &known)?;
        Ok(Asking::of_pack(&bundle.pack, &runs, bundle.digest()))
    };
    let (old, new) = (open(old)?, open(new)?);
    let (widened, narrowed) = compared::between(&asking(&old)?, &asking(&new)?);
    let (left, right) = (side(&old)?, side(&new)?);
    let told = Differences {
        schema: "puppet.pack-diff/1",
        same: left == right,
        old: left,
        new: right,
        files: files(&old, &new),
        widened,
        narrowed,
    };
    if out.json {
        out.object(&told)?
    } else {
        print(&told, out)?
    };
    if told.same {
        return Ok(());
    }
    let mut trouble = Trouble::input("packs-differ", "the two packs differ", "");
    trouble.exit = Exit::Failed;
    Err(trouble)
}

fn side(bundle: &Bundle) -> Result<Side> {
    Ok(Side {
        pack: bundle.pack.manifest.id.clone(),
        version: bundle.pack.manifest.version.to_string(),
        digest: bundle.digest(),
        signer: bundle.signer().map_err(of_pack)?,
    })
}

fn files(old: &Bundle, new: &Bundle) -> Vec<Changed> {
    let paths: BTreeSet<&str> = old.contents.iter().chain(new.contents.iter()).map(|(path, _)| path).collect();
    let changed = paths.into_iter().filter_map(|path| {
        let (was, is) = (old.contents.get(path), new.contents.get(path));
        let change = match (was, is) {
            (None, _) => "added",
            (_, None) => "removed",
            (Some(was), Some(is)) if was != is => "changed",
            _ => return None,
        };
        let [before, after] = [was, is].map(|bytes| std::str::from_utf8(bytes.unwrap_or_default()));
        let lines = match (before, after) {
            (Ok(before), Ok(after)) => lines::compared(before, after),
            _ => Vec::new(),
        };
        let lines = lines.into_iter().map(|(sign, text)| Line { sign, text: text.to_owned() }).collect();
        Some(Changed { path: path.to_owned(), change, old: was.map(Digest::of), new: is.map(Digest::of), lines })
    });
    changed.collect()
}

fn print(told: &Differences, out: Output) -> Result<()> {
    if told.same {
        return out.line("the two are the same");
    }
    for (side, sign) in [(&told.old, '-'), (&told.new, '+')] {
        let signer = side.signer.as_deref().unwrap_or("not signed");
        out.line(format!("{sign} {} {}  {} · {signer}", out.bold(&side.pack), side.version, side.digest))?;
    }
    for text in &told.widened {
        out.line(out.odd(format!("asks for more: {text}")))?;
    }
    for text in &told.narrowed {
        out.line(format!("asks for less: {text}"))?;
    }
    for file in &told.files {
        out.line(format!("{} {}", file.change, out.bold(&file.path)))?;
        for Line { sign, text } in &file.lines {
            let line = format!("  {sign} {text}");
            out.line(if *sign == '+' { out.good(line) } else { out.bad(line) })?;
        }
    }
    Ok(())
}
