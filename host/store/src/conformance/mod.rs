//! What every backend must do, as one suite: `conformance::run(|| async { store })`. Each part opens a store of
//! its own, which must be empty. Panics say what was wrong.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a suite of assertions")]

mod api;
mod approvals;
mod commits;
pub mod copies;
mod crowds;
mod documents;
mod doubts;
mod forgotten;
mod journal;
pub mod memories;
mod outside;
mod pages;
mod past;
mod repeats;
pub mod restarts;
mod retention;
mod rows;
mod states;
mod trading;

use std::{
    future::Future,
    task::{Context, Poll, Waker},
};

use crate::Store;

/// Runs everything.
pub async fn run<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    commits::events_are_accepted_once(&open().await).await;
    commits::order_is_that_of_handing_in(&open().await).await;
    commits::an_event_ends_with_its_invocation(&open().await).await;
    commits::a_commit_changes_everything(&open().await).await;
    commits::a_failure_takes_nothing_else_with_it(&open().await).await;
    repeats::a_commit_twice_is_one(&open().await).await;
    repeats::ids_are_their_bytes(&open().await).await;
    repeats::pages_are_whole(&open().await).await;
    crowds::many_write_at_once(&open().await).await;
    documents::what_an_agent_was_cast_with_is_found_by_place(&open().await).await;
    documents::a_document_that_holds_a_credential_is_not_kept(&open().await).await;
    journal::records_read_back(&open().await).await;
    journal::filters(&open().await).await;
    journal::retried_invocations_move_to_the_end(&open().await).await;
    forgotten::ended_entries_lose_their_words(&open().await).await;
    forgotten::every_word_of_an_entry_is_forgotten(&open().await).await;
    forgotten::what_has_not_ended_is_refused_by_name(&open().await).await;
    forgotten::a_memory_leaves_the_records_that_wrote_it(&open().await).await;
    forgotten::a_payload_is_replaced_where_the_event_ends(&open().await).await;
    memories::rows_read_back(&open().await).await;
    memories::caps(&open().await).await;
    memories::full_text_stays_with_its_agent(&open().await).await;
    memories::vectors_come_later(&open().await).await;
    memories::the_nearest_are_those_of_the_agent_and_the_model(&open().await).await;
    outside::posts(&open().await).await;
    outside::likes_and_counts(&open().await).await;
    outside::effects(&open().await).await;
    doubts::an_attempt_is_open_until_its_end_is_known(&open().await).await;
    doubts::a_swap_stays_with_its_purse_while_it_is_in_doubt(&open().await).await;
    doubts::an_end_counts_where_the_effect_stands_still(&open().await).await;
    doubts::what_was_published_as_an_account_is_found(&open().await).await;
    doubts::a_post_leads_to_the_effect_that_made_it(&open().await).await;
    outside::timers(&open().await).await;
    outside::budgets(&open().await).await;
    outside::answers_of_an_event_that_is_given_up_go(&open().await).await;
    outside::strikes(&open().await).await;
    states::what_another_version_wrote_is_kept(&open().await).await;
    states::two_versions_write_in_turns(&open().await).await;
    states::a_version_that_is_left_takes_its_blobs_with_it(&open().await).await;
    states::only_the_latest_are_kept(&open().await).await;
    approvals::a_wait_ends_once(&open().await).await;
    approvals::nothing_begins_while_halted(&open().await).await;
    pages::memories_and_posts_of_one_time_are_on_one_page_each(&open().await).await;
    pages::effects_are_told_by_state_and_agent(&open().await).await;
    pages::effects_of_several_invocations_come_together(&open().await).await;
    pages::letters_and_what_waits_are_told_in_pages(&open().await).await;
    pages::moods_are_told_as_far_as_records_go(&open().await).await;
    past::what_was_handled_before_is_told_and_never_run(&open().await).await;
    past::the_latest_posts_are_remembered_as_seen(&open().await).await;
    past::what_is_charged_is_kept_by_day(&open().await).await;
    past::how_far_was_listened_is_kept_with_what_came(&open().await).await;
    past::a_relationship_can_end(&open().await).await;
    retention::old_records_go_and_their_events_stay_known(&open().await).await;
    retention::known_ids_go_in_their_time(&open().await).await;
    retention::the_newest_are_kept_by_their_bytes(&open().await).await;
    retention::what_has_not_ended_stays(&open().await).await;
    retention::what_was_published_stays_while_its_account_is_in_doubt(&open().await).await;
    retention::an_event_stays_as_long_as_a_record(&open().await).await;
    retention::dead_letters_go_by_their_age(&open().await).await;
    trading::a_purse_goes_on_from_where_it_stands(&open().await).await;
    trading::one_of_two_writers_goes_on(&open().await).await;
    trading::a_log_is_read_by_kind_in_pages(&open().await).await;
    trading::what_is_pruned_of_a_log_is_gone_and_numbers_go_on(&open().await).await;
    trading::a_swap_is_told_in_order_to_its_end(&open().await).await;
    trading::a_yes_is_given_in_time_and_used_once(&open().await).await;
    trading::bars_are_what_was_put(&open().await).await;
    api::keys_are_made_used_and_taken_back(&open().await).await;
    api::a_session_is_renewed_link_by_link(&open().await).await;
    api::a_link_that_comes_twice_ends_its_session(&open().await).await;
    api::changes_are_told_in_pages(&open().await).await;
    api::an_answer_is_kept_for_its_time(&open().await).await;
    copies::a_copy_is_whole(&open().await, &open().await).await;
    copies::a_copy_is_taken_up(&open().await, &open().await).await;
    copies::a_difference_is_found(&open().await, &open().await).await;
}

/// Polls all once in order, so that they are handed in in order, then awaits them.
pub async fn together<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut pinned: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut done = Vec::new();
    for future in &mut pinned {
        done.push(match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => Some(answer),
            Poll::Pending => None,
        });
    }
    let mut out = Vec::new();
    for (future, answer) in pinned.into_iter().zip(done) {
        out.push(match answer {
            Some(answer) => answer,
            None => future.await,
        });
    }
    out
}
pub use api::change as api_change;
pub use rows::{at, commit, effect, event, invocation, memory, post, read, spend};
pub use trading::{approval, entries as purse_entries, purse, swap};
