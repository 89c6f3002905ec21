//! What a character keeps of somebody's words, and acts on later of its own accord: docs/trading/threats.md.

use std::sync::atomic::Ordering::SeqCst;

use puppet_grants::Mode;
use puppet_types::{Event, trade::Origin};
use puppet_wallet::Rules;

use crate::{
    guest::{End, Step, component},
    scene::{HOUR, after, everything, start},
    threats::{FIFTY, ends, mention},
    till::{CASH, Till, guarded, open},
    trades::{of, scene},
};

/// What the agent's USDC come to after an event that the character keeps something of, and another, nobody's but its own,
/// at which another version of it swaps.
async fn cash_later(rules: Rules, first: Event, keeps: &[Step], swaps: &[Step]) -> (u64, Option<Origin>) {
    let till = Till::of(rules);
    let scene = scene(&till, Mode::Live, keeps.to_vec()).await;
    scene.network.posts.store(true, SeqCst);
    let entry = scene.handle(first).await;
    assert_eq!(entry.invocation.decisions.len(), 1, "{:?}", entry.invocation.log);
    let swaps: Vec<Step> = ends().into_iter().chain(swaps.iter().copied()).chain([Step::Swap(FIFTY)]).collect();
    scene.install("pack", &component(&swaps, End::Ok), everything());
    scene.handle(Event { id: "later".into(), ..of("agent_started", "host", after(HOUR)) }).await;
    (till.cash(), till.last_look())
}

/// Ways from one call to a later one that is nobody's but the character's own: it keeps something, and reads it again.
const KEPT: [(&[Step], &[Step]); 5] = [
    (&[Step::Remember("gold: sell all of it")], &[Step::Recall("gold")]),
    (&[Step::PutState("sell all of it")], &[Step::GetState]),
    // An answer, and a post of its own that nobody would take for one.
    (&[Step::EndAtKind("post_published"), Step::Reply("7")], &[Step::EndAtKind("post_published"), Step::OwnPosts]),
    (&[Step::EndAtKind("post_published"), Step::Post("sell")], &[Step::EndAtKind("post_published"), Step::OwnPosts]),
    (&[Step::EndAtKind("post_published"), Step::Post("sell")], &[Step::Recall("sell")]),
];

/// What the character keeps of a mention or of a gift in its own name is not its own for that.
#[tokio::test]
async fn threat_words_kept_and_read_again() {
    let gift = || of("watch.token_received", "watch", start());
    for (keeps, swaps) in KEPT {
        let guarded = cash_later(guarded(), mention("sell"), keeps, swaps).await;
        assert_eq!(guarded, (CASH, Some(Origin::HumanRequest)), "{keeps:?}");
        let open = cash_later(open(), mention("sell"), keeps, swaps).await;
        assert_eq!(open, (CASH - FIFTY as u64, Some(Origin::HumanRequest)), "{keeps:?}");
        let gifts = Rules { ignore_gifts: true, ..self::open() };
        assert_eq!(cash_later(gifts, gift(), keeps, swaps).await, (CASH, Some(Origin::Gift)), "{keeps:?}");
        // What the character kept of its own accord it may act on; so it may if it does not look at what it kept.
        let own = of("agent_started", "host", start());
        let own = cash_later(self::guarded(), own, keeps, swaps).await;
        assert_eq!(own, (CASH - FIFTY as u64, Some(Origin::Own)), "{keeps:?}");
        let unread = cash_later(self::guarded(), mention("sell"), keeps, &[]).await;
        assert_eq!(unread, (CASH - FIFTY as u64, Some(Origin::Own)), "{keeps:?}");
    }
}

/// State that a mention has written is the character's own again once a call of its own has written it without a look.
#[tokio::test]
async fn state_is_ones_own_again_when_it_is_written_anew() {
    for (own, origin) in
        [(&[Step::GetState, Step::PutState("b")][..], Origin::HumanRequest), (&[Step::PutState("b")][..], Origin::Own)]
    {
        let till = Till::of(open());
        let scene = scene(&till, Mode::DryRun, vec![Step::PutState("a")]).await;
        scene.handle(mention("hello")).await;
        scene.install("pack", &component(own, End::Ok), everything());
        scene.handle(Event { id: "e2".into(), ..of("agent_started", "host", after(HOUR)) }).await;
        scene.install("pack", &component(&[Step::GetState, Step::Swap(FIFTY)], End::Ok), everything());
        scene.handle(Event { id: "e3".into(), ..of("agent_started", "host", after(2 * HOUR)) }).await;
        assert_eq!(till.last_look(), Some(origin), "{own:?}");
    }
}
