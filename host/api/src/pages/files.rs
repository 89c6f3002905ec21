//! Every file of `assets/`, by its path there.

/// Those of this list, each from its place.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../assets/", $name)).as_slice())),*]
    };
}

/// Path and bytes.
pub(super) const FILES: &[(&str, &[u8])] = files![
    "css/base.css",
    "css/charts.css",
    "css/docs.css",
    "css/feed.css",
    "css/pages.css",
    "css/parts.css",
    "css/shell.css",
    "css/tokens.css",
    "docs.html",
    "favicon.svg",
    "index.html",
    "js/agent-card.js",
    "js/api.js",
    "js/avatar.js",
    "js/cast.js",
    "js/charts/graph.js",
    "js/charts/meter.js",
    "js/charts/mood.js",
    "js/commands.js",
    "js/composer.js",
    "js/dialog.js",
    "js/docs.js",
    "js/dom.js",
    "js/feed.js",
    "js/format.js",
    "js/live.js",
    "js/main.js",
    "js/memory.js",
    "js/pages/agent.js",
    "js/pages/agents.js",
    "js/pages/approvals.js",
    "js/pages/grants.js",
    "js/pages/invocation.js",
    "js/pages/journal.js",
    "js/pages/login.js",
    "js/pages/outbox.js",
    "js/pages/overview.js",
    "js/pages/plugins.js",
    "js/pages/settings.js",
    "js/pages/thread.js",
    "js/panel.js",
    "js/parts.js",
    "js/persona.js",
    "js/posts.js",
    "js/shell.js",
    "js/swaps.js",
    "js/theme-early.js",
    "js/theme.js",
    "js/trading.js",
    "js/words.js",
];
