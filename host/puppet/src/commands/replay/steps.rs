//! `--step`: what a call did, one thing after the other, as a replay saw it. On a terminal a person goes on with Enter;
//! elsewhere everything is printed.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use puppet_engine::{Divergence, Replayed};
use puppet_grants::Passed;
use puppet_types::{Invocation, LogLine, counted};

use super::told;
use crate::{
    commands::journal::answer,
    output::Output,
    trouble::{Result, Trouble},
};

/// One thing that happened.
struct Step {
    head: String,
    lines: Vec<String>,
}

/// Walks through it.
pub fn walk(recorded: &Invocation, replayed: &Replayed, out: Output) -> Result<()> {
    let asks = io::stdin().is_terminal() && io::stdout().is_terminal();
    let steps = steps(recorded, replayed);
    let count = steps.len();
    for (n, Step { head, lines }) in steps.into_iter().enumerate() {
        out.line(out.bold(format!("{}/{count}  {head}", n + 1)))?;
        lines.iter().try_for_each(|line| out.line(format!("     {line}")))?;
        if asks && n + 1 < count && !goes_on(out)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Waits for Enter; `q` and the end of the input say no.
fn goes_on(out: Output) -> Result<bool> {
    let mut stdout = io::stdout();
    write!(stdout, "{}", out.dim("Enter: on, q: end ")).and_then(|()| stdout.flush()).map_err(Trouble::internal)?;
    let mut typed = String::new();
    let read = io::stdin().lock().read_line(&mut typed).map_err(Trouble::internal)?;
    Ok(read > 0 && !typed.trim().eq_ignore_ascii_case("q"))
}

fn steps(recorded: &Invocation, replayed: &Replayed) -> Vec<Step> {
    let event = &recorded.event;
    let from = event.author.as_ref().map_or_else(|| event.source.clone(), |author| format!("@{author}"));
    let mut steps = vec![Step {
        head: format!("{} from {from}, at {}", event.kind, recorded.at),
        lines: vec![event.payload.to_string()],
    }];
    let differs_at = match &replayed.divergence {
        Some(Divergence::Read { n, .. }) => Some(*n),
        _ => None,
    };
    let mut logged = 0;
    for passed in &replayed.trail {
        match passed {
            // From here on what is asked means nothing.
            Passed::Read(n) if differs_at == Some(*n) => break,
            Passed::Read(n) => steps.extend(read(replayed, *n)),
            Passed::Decision(n) => steps.extend(decision(recorded, replayed, *n)),
            Passed::Log(n) => {
                logged = *n as usize + 1;
                steps.extend(replayed.log.get(*n as usize).map(log));
            }
        }
    }
    if differs_at.is_none() {
        steps.extend(replayed.log.iter().skip(logged).map(log));
    }
    let fuel = counted(replayed.fuel, "unit of fuel", "units of fuel");
    let head = match differs_at {
        Some(n) => format!("read {n} is not the one that was recorded"),
        None => format!("ends {}, {fuel}", told::end(&replayed.outcome)),
    };
    steps.push(Step { head, lines: Vec::new() });
    steps
}

fn read(replayed: &Replayed, n: u32) -> Option<Step> {
    let read = replayed.reads.get(n as usize)?;
    let lines = vec![
        format!("asked   {}", read.request.as_str()),
        format!("answer  {}", answer(read.capability, read.answer.as_str())),
    ];
    Some(Step { head: format!("read {n}  {}.{}", read.capability, read.operation), lines })
}

fn decision(recorded: &Invocation, replayed: &Replayed, n: u32) -> Option<Step> {
    let now = &replayed.decisions.get(n as usize)?.decision;
    let body = |decision| serde_json::to_value(decision).map(|value| value["body"].to_string()).unwrap_or_default();
    let mut lines = vec![body(now)];
    let then = recorded.decisions.get(n as usize).map(|numbered| &numbered.decision);
    if then != Some(now) {
        let then = then.map_or_else(|| "nothing".to_owned(), |then| format!("{}  {}", then.kind(), body(then)));
        lines.push(format!("recorded: {then}"));
    }
    Some(Step { head: format!("decision {n}  {}", now.kind()), lines })
}

fn log(line: &LogLine) -> Step {
    Step { head: format!("log  {line}"), lines: Vec::new() }
}
