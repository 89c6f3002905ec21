//! `store`: rows go from one backend into another.

use indicatif::ProgressBar;
use puppet_store::{Copied, Progress, copy};
use puppet_types::counted;
use serde_json::json;

use crate::{
    cli::StoreCopy,
    output::{Output, Table},
    rows::Place,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Runs it.
pub async fn run(setup: &Setup, args: &StoreCopy, out: Output) -> Result<()> {
    let from = Place::parse(setup, &args.from, "--from")?;
    let to = Place::parse(setup, &args.to, "--to")?;
    if from == to {
        return Err(Trouble::input("bad-value", "both are the same store", "name another one").of_field("--to"));
    }
    if !from.is_there().await? {
        let message = format!("there is nothing at {from}");
        return Err(Trouble::input("bad-value", message, "name a store that somebody has lived in").of_field("--from"));
    }
    // Both are held until all is done: a host that started meanwhile would write to one of them.
    let (_held, _too) = (from.hold()?, to.hold()?);
    let (source, target) = (from.open().await?, to.open().await?);
    let bar = bar(out);
    let copied = copy(&*source, &*target, &from.to_string(), |progress| show(&bar, progress)).await;
    bar.finish_and_clear();
    source.close();
    target.close();
    tell(&copied?, (&from, &to), out)
}

fn bar(out: Output) -> ProgressBar {
    out.bar(Some(0), "{bar:32} {percent:>3} %  {msg}  {elapsed}, {eta} left")
}

fn show(bar: &ProgressBar, progress: Progress) {
    bar.set_length(progress.of);
    bar.set_position(progress.done);
    let what = if progress.compares { "compared" } else { "copied" };
    bar.set_message(format!("{} {what}", progress.table));
}

fn tell(copied: &[Copied], (from, to): (&Place, &Place), out: Output) -> Result<()> {
    let rows: u64 = copied.iter().map(|table| table.rows).sum();
    if out.json {
        let items: Vec<_> = copied
            .iter()
            .map(|table| json!({ "table": table.table, "rows": table.rows, "found": table.found }))
            .collect();
        return out.object(&json!({ "schema": "puppet.store-copy/1", "rows": rows, "items": items, "next": null }));
    }
    let mut table = Table::new(&["table", "rows"]);
    for copied in copied.iter().filter(|copied| copied.rows > 0) {
        table.row([copied.table.to_owned(), copied.rows.to_string()]);
    }
    table.print(out)?;
    let many = counted(rows, "row", "rows");
    out.line(format!("{many} of {from} are in {to} too, and are the same there"))
}
