//! `build`: makes a pack's component, and says what it is.

use puppet_types::{Digest, counted};
use serde::Serialize;

use crate::{
    cli::Build,
    output::Output,
    trouble::Result,
    workshop::{Built, Tool, Workshop},
};

/// `puppet.built/1`.
#[derive(Debug, Serialize)]
pub struct Told {
    /// Its id.
    pub pack: String,
    /// Its version.
    pub version: String,
    /// What it is written in.
    pub lang: Option<&'static str>,
    /// The file of the component.
    pub component: String,
    /// Of its bytes.
    pub digest: Digest,
    /// Their number.
    pub bytes: u64,
    /// What it is.
    pub world: &'static str,
    /// The latest version of any package of the contract that it was built against.
    pub contract: String,
    /// Capabilities that it imports.
    pub imports: Vec<&'static str>,
    /// Interfaces of WASI that it imports.
    pub wasi: Vec<String>,
    /// What built it.
    pub tools: Vec<Tool>,
}

impl Told {
    /// What is told of it.
    pub fn of(workshop: &Workshop, built: &Built) -> Self {
        let Built { component, inspection, tools } = built;
        Self {
            pack: workshop.manifest.id.to_string(),
            version: workshop.manifest.version.to_string(),
            lang: workshop.build_of().map(|build| build.lang.name()),
            component: component.display().to_string(),
            digest: inspection.digest,
            bytes: inspection.bytes,
            world: inspection.world.name(),
            contract: inspection.contract.clone(),
            imports: inspection.capabilities.iter().map(|capability| capability.name()).collect(),
            wasi: inspection.wasi.iter().cloned().collect(),
            tools: tools.clone(),
        }
    }
}

/// Runs it.
pub fn run(args: &Build, out: Output) -> Result<()> {
    let workshop = Workshop::open(&args.dir)?;
    let built = workshop.build(out)?;
    let told = Told::of(&workshop, &built);
    if out.json {
        return out.object_of("puppet.built/1", &told);
    }
    shown(&told, out)
}

/// A few lines for people.
pub fn shown(told: &Told, out: Output) -> Result<()> {
    let Told { component, bytes, world, imports, digest, wasi, .. } = told;
    out.line(format!("{} {component}  {}", out.good("built"), size(*bytes)))?;
    out.line(format!(
        "  {world}, imports {}",
        if imports.is_empty() { "nothing".to_owned() } else { imports.join(", ") }
    ))?;
    let wasi = counted(wasi.len(), "interface", "interfaces");
    out.line(out.dim(format!("  {wasi} of WASI, all of them answered by the sandbox · {digest}")))
}

/// `1.4 MiB`.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..=10_239 => format!("{bytes} bytes"),
        10_240..=1_048_575 => format!("{} KiB", bytes / 1_024),
        _ => format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20),
    }
}
