//! The host's own log, on stderr, as text or as JSON; and the spans of a host for whom traces are exported.

use std::{
    io::{self, Write},
    sync::{Mutex, PoisonError},
};

use puppet_api::trace::{self, Recorded};
use puppet_types::{TRACED, scrub};
use tracing_subscriber::{
    EnvFilter, Layer as _, filter::filter_fn, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::{
    cli::LogFormat,
    output,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Spans of this process, until its host takes them.
static RECORDED: Mutex<Option<Recorded>> = Mutex::new(None);

/// Begins the log, as the configuration and the command line say it. `lives`: this is a host, whose spans are taken down where
/// somebody collects them.
///
/// What the client of models logs are answers, whole, with whatever stands in them: so of others' lines only warnings are told.
pub fn begin(setup: &Setup, format: Option<LogFormat>, lives: bool) -> Result<()> {
    let is_json = format.map_or(setup.config.log.json, |format| format == LogFormat::Json);
    let level = setup.config.host.log_level.name();
    // Of spans only JSON tells anything.
    let spans = if is_json { "info" } else { "off" };
    let filter = EnvFilter::try_new(format!("warn,puppet={level},{TRACED}={spans}"))
        .or_else(|_| EnvFilter::try_new("warn"))
        .map_err(Trouble::internal)?;
    let lines = tracing_subscriber::fmt::layer().with_ansi(!is_json && output::stderr_has_colour());
    let lines = match is_json {
        true => {
            let json = lines.json().flatten_event(true).with_current_span(false).with_writer(|| JsonLog);
            json.with_filter(filter).boxed()
        }
        false => lines.with_writer(|| output::Log).with_filter(filter).boxed(),
    };
    let recorder = (lives && setup.config.trace.otlp.is_some()).then(|| {
        let (recorder, recorded) = trace::recorder(trace::ROOM);
        *RECORDED.lock().unwrap_or_else(PoisonError::into_inner) = Some(recorded);
        recorder.with_filter(filter_fn(trace::is_traced))
    });
    // Set once per process; a second set is a test's.
    let _ = tracing_subscriber::registry().with(lines).with(recorder).try_init();
    Ok(())
}

/// What is taken down of the host in this process, where somebody collects it. Once.
pub fn recorded() -> Option<Recorded> {
    RECORDED.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Stderr for lines of JSON: without credentials, and still JSON.
#[derive(Debug, Clone, Copy)]
struct JsonLog;

impl Write for JsonLog {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        io::stderr().write_all(scrub::json(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
