//! `init`: a first folder.

use puppet_api::Settings;

use crate::{cli::Init, init, output::Output, trouble::Result};

/// Runs it.
pub fn run(args: &Init, out: Output) -> Result<()> {
    let written = init::write(&args.dir)?;
    if out.json {
        let files: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
        return out.object(&serde_json::json!({
            "dir": args.dir.display().to_string(), "files": files, "next": next(args),
        }));
    }
    for path in &written {
        out.line(format!("{} {}", out.good("wrote"), path.display()))?;
    }
    out.line("\nNext, in two terminals, since `puppet run` keeps its own:")?;
    next(args).iter().try_for_each(|line| out.line(format!("  {line}")))?;
    let dashboard = Settings::default().listen;
    out.line(format!(
        "\nThen the dashboard is at http://{dashboard}/. It asks for a key: the first start shows one, once, and\n  {MAKE_KEY}\nmakes others."
    ))
}

const MAKE_KEY: &str = "puppet api key create --name me --role admin";

fn next(args: &Init) -> Vec<String> {
    let mut next = Vec::new();
    if args.dir.as_os_str() != "." {
        next.push(format!("cd {}", args.dir.display()));
    }
    next.push("puppet run".to_owned());
    next.push("puppet event send command_post --agent ember --wait".to_owned());
    next.push("puppet journal".to_owned());
    next
}
