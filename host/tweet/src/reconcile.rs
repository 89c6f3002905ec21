//! Whether an order is among the posts that an account is known to have: for providers that cannot be told twice and list
//! what an account has posted. Pure. Providers bring texts and references as they were ordered: links that were shortened
//! and marks that were escaped are undone before.

use std::collections::BTreeSet;

use puppet_store::Post;
use puppet_types::{PostId, Timestamp};

use crate::{Action, Order, Published, Reconciled};

/// The latest posts of an account, as its provider lists them.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'a> {
    /// In any order.
    pub posts: &'a [Post],
    /// Every post since the attempt began is among them. Where it is not, what is missing may be there.
    pub is_whole: bool,
}

/// The provider's clock may be so far behind ours: a post that seems older by less may be the one.
const CLOCKS_MS: i64 = 60_000;

/// What an order says of one post.
struct Wanted<'a> {
    text: &'a str,
    answers: Option<&'a PostId>,
    quotes: Option<&'a PostId>,
}

/// Looks for the posts of an order whose attempt began at `begun`: by text, by what they answer or quote, and by time.
/// `claimed` are posts that other effects of the account have made. A like and a delete may be done twice, and come to
/// the same: they count as not done.
pub fn among(order: &Order, begun: Timestamp, claimed: &[PostId], listed: Listed<'_>) -> Reconciled {
    let free = Free { since: seconds(begun), claimed: claimed.iter().collect(), listed };
    let alone = |text, answers, quotes| free.alone(&Wanted { text, answers, quotes });
    match &order.action {
        Action::Post { text, .. } => alone(text, None, None),
        Action::Reply { to, text, .. } => alone(text, Some(to), None),
        Action::Quote { of, text } => alone(text, None, Some(of)),
        Action::Thread { parts } => free.thread(parts),
        Action::Like { .. } | Action::Delete { .. } => Reconciled::NotDone,
    }
}

/// Providers tell times in seconds.
fn seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.as_millis() / 1_000 * 1_000)
}

/// Posts that the order may have made.
struct Free<'a> {
    since: Timestamp,
    claimed: BTreeSet<&'a PostId>,
    listed: Listed<'a>,
}

impl<'a> Free<'a> {
    fn same(&self, wanted: &Wanted<'_>, since: Timestamp) -> Vec<&'a Post> {
        let posts = self.listed.posts.iter();
        let found = posts.filter(|post| {
            post.at >= since
                && !self.claimed.contains(&post.id)
                && post.text == wanted.text
                && post.in_reply_to.as_ref() == wanted.answers
                && post.quotes.as_ref() == wanted.quotes
        });
        found.collect()
    }

    fn matching(&self, wanted: &Wanted<'_>) -> Vec<&'a Post> {
        self.same(wanted, self.since)
    }

    fn alone(&self, wanted: &Wanted<'_>) -> Reconciled {
        match self.matching(wanted)[..] {
            [] => self.nothing(wanted),
            [post] => done(vec![post]),
            ref several => undecidable(format!("{} posts of the account say the same", several.len())),
        }
    }

    /// The first part answers nothing, each other the one before.
    fn thread(&self, parts: &[String]) -> Reconciled {
        let mut found: Vec<&Post> = Vec::new();
        let first = Wanted { text: parts.first().map_or("", String::as_str), answers: None, quotes: None };
        for text in parts {
            let answers = found.last().map(|before| &before.id);
            match self.matching(&Wanted { text, answers, quotes: None })[..] {
                [] => break,
                [post] => found.push(post),
                ref several => return undecidable(format!("{} posts of the account say the same", several.len())),
            }
        }
        match found.len() {
            0 => self.nothing(&first),
            some if some < parts.len() => undecidable(format!("{some} of {} parts are there", parts.len())),
            _ => done(found),
        }
    }

    fn nothing(&self, wanted: &Wanted<'_>) -> Reconciled {
        if !self.listed.is_whole {
            return undecidable("its provider does not list enough posts".to_owned());
        }
        let nearly = Timestamp::from_millis(self.since.as_millis().saturating_sub(CLOCKS_MS));
        match self.same(wanted, nearly)[..] {
            [] => Reconciled::NotDone,
            _ => undecidable("a post of just before says the same, and clocks may differ".to_owned()),
        }
    }
}

fn done(posts: Vec<&Post>) -> Reconciled {
    Reconciled::Done(Published { posts: posts.into_iter().cloned().collect(), ..Published::default() })
}

fn undecidable(why: String) -> Reconciled {
    Reconciled::Undecidable(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGUN: i64 = 100_500;

    fn post(id: &str, text: &str, at: i64) -> Post {
        Post {
            id: id.into(),
            author: "ember".into(),
            text: text.to_owned(),
            at: Timestamp::from_millis(at),
            in_reply_to: None,
            quotes: None,
            conversation: id.into(),
            thread: None,
            media: Vec::new(),
            hops: 0,
            likes: 0,
            replies: 0,
            quoted: 0,
        }
    }

    fn answer(to: &str, post: Post) -> Post {
        Post { in_reply_to: Some(to.into()), ..post }
    }

    /// What is found of an action: ids of posts, `none`, or `undecidable`.
    fn found(action: Action, claimed: &[&str], posts: &[Post], is_whole: bool) -> String {
        let at = Timestamp::from_millis(BEGUN);
        let order = Order { effect: "eff".into(), account: "ember".into(), at, hops: 0, action };
        let claimed: Vec<PostId> = claimed.iter().map(PostId::new).collect();
        match among(&order, at, &claimed, Listed { posts, is_whole }) {
            Reconciled::Done(published) => {
                published.posts.iter().map(|post| post.id.as_str()).collect::<Vec<_>>().join(",")
            }
            Reconciled::NotDone => "none".to_owned(),
            Reconciled::Undecidable(_) => "undecidable".to_owned(),
        }
    }

    #[test]
    fn a_post_is_found_by_text_and_time_where_nobody_else_made_it() {
        let tea = || Action::Post { text: "tea".to_owned(), images: Vec::new() };
        let cases: [(&[&str], Vec<Post>, bool, &str); 12] = [
            (&[], vec![], true, "none"),
            (&[], vec![], false, "undecidable"),
            (&[], vec![post("1", "tea", 101_000), post("2", "coffee", 101_000)], true, "1"),
            (&[], vec![post("1", "tea", 100_000)], true, "1"),
            (&[], vec![post("1", "tea", 39_999)], true, "none"),
            (&[], vec![post("1", "tea", 99_999)], true, "undecidable"),
            (&["1"], vec![post("1", "tea", 99_999)], true, "none"),
            (&[], vec![post("1", "tea", 99_999), post("2", "tea", 101_000)], true, "2"),
            (&["1"], vec![post("1", "tea", 100_900)], true, "none"),
            (&["1"], vec![post("1", "tea", 100_900), post("2", "tea", 101_000)], true, "2"),
            (&[], vec![post("1", "tea", 100_900), post("2", "tea", 101_000)], true, "undecidable"),
            (&[], vec![answer("9", post("1", "tea", 101_000))], true, "none"),
        ];
        for (n, (claimed, posts, is_whole, expected)) in cases.into_iter().enumerate() {
            assert_eq!(found(tea(), claimed, &posts, is_whole), expected, "case {n}");
        }
    }

    #[test]
    fn an_answer_and_a_quote_are_found_by_what_they_are_about() {
        let quote = |of: &str, post: Post| Post { quotes: Some(of.into()), ..post };
        let posts = [
            answer("7", post("1", "yes", 101_000)),
            answer("8", post("2", "yes", 101_000)),
            quote("8", post("3", "yes", 101_000)),
        ];
        let reply = Action::Reply { to: "8".into(), text: "yes".to_owned(), images: Vec::new() };
        assert_eq!(found(reply, &[], &posts, true), "2");
        assert_eq!(found(Action::Quote { of: "8".into(), text: "yes".to_owned() }, &[], &posts, true), "3");
        assert_eq!(found(Action::Quote { of: "7".into(), text: "yes".to_owned() }, &[], &posts, true), "none");
    }

    #[test]
    fn a_thread_is_there_whole_or_not_or_nobody_can_tell() {
        let thread = || Action::Thread { parts: ["one", "two", "three"].map(str::to_owned).into() };
        let all = [
            post("1", "one", 101_000),
            answer("1", post("2", "two", 101_000)),
            answer("2", post("3", "three", 102_000)),
        ];
        assert_eq!(found(thread(), &[], &all, true), "1,2,3");
        assert_eq!(found(thread(), &[], &all[..2], true), "undecidable");
        assert_eq!(found(thread(), &[], &[], true), "none");
    }

    #[test]
    fn what_comes_to_the_same_twice_is_done_again() {
        assert_eq!(found(Action::Like { of: "7".into() }, &[], &[], false), "none");
        assert_eq!(found(Action::Delete { of: "7".into() }, &[], &[], false), "none");
    }
}
