//! Sentences with gaps, as data: what can be said about any subject. `[a|b]` is a choice; `{t}` the subject, `{n}`
//! another own subject, `{v}` a value, `{a}` a trait, `{k}` a liked word, `{g}` a goal, `{w}` a moment in the past,
//! `{h}` any moment, `{d}` a day, `{f}` a day to come and `{p}` people of a desk. `{is}`
//! `{was}` `{has}` `{does}` `{s}` `{it}` `{they}` `{their}` agree with the subject in number.

mod foreign;
mod moments;
mod posts;
mod replies;
mod report;
mod voices;

pub(crate) use foreign::{FOREIGN, FOREIGN_REPORT};
pub(crate) use moments::{DATES, DATES_AHEAD, EMOJIS, MOMENTS, PAST_MOMENTS, PEOPLE, SUBJECTS};
pub(crate) use posts::{CLOSERS, EVENTS, LEADS, PLANS, QUESTIONS, VIEWS};
pub(crate) use replies::*;
pub(crate) use report::REPORT;
pub(crate) use voices::{PLAIN_POSTS, WARM_POSTS, WRY_POSTS};

/// Sentences that begin a text, and sentences that can follow them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) openings: &'static [&'static str],
    pub(crate) seconds: &'static [&'static str],
    /// Whether a few words can stand before them.
    pub(crate) leads: bool,
}

/// All sentences of posts.
pub(crate) const KINDS: &[Kind] =
    &[EVENTS, VIEWS, QUESTIONS, PLANS, WRY_POSTS, WARM_POSTS, PLAIN_POSTS, REPORT, FOREIGN, FOREIGN_REPORT];
