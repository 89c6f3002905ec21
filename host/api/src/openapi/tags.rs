//! The parts in which a reader meets the routes.

/// What each tag is about, in the order in which a reader meets them.
pub(super) const TAGS: &[(&str, &str)] = &[
    ("session", "Who asks: a session of a browser, begun with a key."),
    ("keys", "Keys of the API: made, listed, taken back."),
    ("system", "How the host stands, which version it is, and the stop of everything that would leave."),
    ("agents", "Who lives here: made, paused, told to write, moved."),
    ("memory", "What agents remember."),
    ("events", "What happens to agents: sent, waiting, past, given up."),
    ("timeline", "The timeline of the host itself: read, and written to."),
    ("timers", "What is to happen later."),
    ("journal", "Every decision with what led to it, and its replay."),
    ("outbox", "What leaves, and what became of it."),
    ("approvals", "What waits for somebody's yes."),
    ("budgets", "How much may be spent, and how much is."),
    ("packs", "Packs: installed, rolled back, removed."),
    ("plugins", "The code of packs: which version runs, how it does, how it differs."),
    ("grants", "What packs ask for, and what they are granted."),
    ("configuration", "Settings of the host."),
    ("trading", "Wallets, what stops them, and swaps that wait for a person's yes."),
    ("audit", "Who changed what."),
    ("live", "What happens, while it happens."),
    ("description", "This description, and what codes of errors mean."),
    ("dashboard", "The files of the dashboard."),
    ("original", "The routes of the original engine. Errors are `{error}`, names are in camelCase."),
];
