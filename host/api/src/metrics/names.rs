//! Every metric that `GET /metrics` tells: docs/reference/metrics.md is made of this table, and a page holds exactly these.

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, from the start of the process.
    Counter,
    /// As it is now.
    Gauge,
    /// How many were how large, from the start of the process.
    Histogram,
}

impl Kind {
    /// As Prometheus calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name; the unit is in it.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Names of its labels, in the order in which they are given.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, labels, help }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, help }
}

const fn histogram(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Histogram, labels, help }
}

macro_rules! metrics {
    ($($constant:ident = $metric:expr;)*) => {
        $(pub(super) const $constant: Metric = $metric;)*
        /// All of them, as a page has them.
        pub const METRICS: &[Metric] = &[$($constant),*];
    };
}

const VERSION: &[&str] = &["pack", "version"];
const BUDGET: &[&str] = &["scope", "agent", "account", "pack", "capability", "amount", "period"];

metrics! {
    BUILD = gauge("puppet_build_info", &["version"], "1, of the version of the program.");
    AGENTS = gauge("puppet_agents", &["state"], "Agents of this host: `live`, or `paused` by an operator.");
    HALTED = gauge("puppet_halted", &[], "1 while an operator's stop stands: nothing leaves.");
    DISK = gauge("puppet_disk_fault", &[], "1 while the rows cannot be written: nothing is accepted.");
    INVOCATIONS = counter("puppet_invocations_total", &["pack", "version", "outcome"],
        "Invocations that were committed: `ok`, `declined`, `failed` or `breach`.");
    SECONDS = histogram("puppet_invocation_seconds", VERSION, "Time from the beginning of a call to its end, reads included.");
    FUEL = histogram("puppet_invocation_fuel", VERSION, "Instructions of the guest: the same number on every machine.");
    MEMORY = histogram("puppet_invocation_peak_memory_bytes", VERSION, "Linear memory of the guest at its most.");
    BREACHES = counter("puppet_breaches_total", &["pack", "version", "breach"], "Invocations that a limit ended, by which.");
    READS = counter("puppet_reads_total", &["pack", "capability", "status"],
        "Reads of capabilities: `ok`, `denied` (not granted), `budget` (spent) or `error` (the provider failed, or the input was not valid).");
    DECISIONS = counter("puppet_decisions_total", &["pack", "kind"], "Decisions that were committed.");
    PLUGIN = gauge("puppet_plugin_state", &["pack", "version", "state"],
        "1 for the state that a version is in: `live`, `canary`, `backed-off` or `quarantined`; 0 for the others.");
    SWAPS = counter("puppet_swaps_total", &["pack", "stage"], "Stages that versions reached on their way.");
    BUDGET_LIMIT = gauge("puppet_budget_limit", BUDGET,
        "What a budget allows in its period; dollars in millionths, lamports, else a count or bytes.");
    BUDGET_USED = gauge("puppet_budget_used", BUDGET, "What of it is used.");
    BUDGET_RESERVED = gauge("puppet_budget_reserved", BUDGET, "What of it is reserved for calls that have not ended.");
    MAIL = gauge("puppet_mailbox_events", &[], "Events that are due and wait.");
    MAIL_OLDEST = gauge("puppet_mailbox_oldest_seconds", &[], "How long the oldest of them has waited; 0 where none does.");
    MAIL_DEFERRED = gauge("puppet_mailbox_deferred", &[],
        "Events that wait because their plugin may not run, or their agent is paused.");
    OUTBOX = gauge("puppet_outbox_effects", &["state"],
        "Effects that have not ended: `waiting` (to leave, or under way) and `waiting-for-approval`.");
    IN_DOUBT = gauge("puppet_outbox_in_doubt", &[], "Effects of which nobody knows whether they happened.");
    EFFECTS = counter("puppet_effects_total", &["kind", "state"], "Attempts at effects that ended, by the state that they came to.");
    STORE = histogram("puppet_store_seconds", &["operation"],
        "How long the store took: `accept` (events), `commit` (invocations), `begin` and `end` (attempts).");
    REQUESTS = counter("puppet_http_requests_total", &["route", "method", "status"],
        "Requests that were answered. `route` is the path as the API describes it; `none` where there is no such route.");
    REQUEST_SECONDS = histogram("puppet_http_seconds", &["route"],
        "Time to the head of an answer: that of a live stream is its beginning.");
    READERS = gauge("puppet_live_readers", &[], "Readers of the live stream.");
    READERS_DROPPED = counter("puppet_live_dropped_total", &[], "Readers of it that were dropped because they were too slow.");
    SPANS = counter("puppet_trace_spans_total", &["end"],
        "Spans for `[trace] otlp`: `sent`, or `dropped` because the collector did not take them or was too slow.");
    RESIDENT = gauge("process_resident_memory_bytes", &[], "Resident memory.");
    VIRTUAL = gauge("process_virtual_memory_bytes", &[], "Virtual memory: mostly room for guests that is not used.");
    CPU = counter("process_cpu_seconds_total", &[], "Time of processors, of the program and of the system for it.");
    OPEN_FDS = gauge("process_open_fds", &[], "Open files and sockets.");
    MAX_FDS = gauge("process_max_fds", &[], "How many it may have.");
    START = gauge("process_start_time_seconds", &[], "When the process began, in seconds since 1970.");
}
