//! Which posts stand for all of them: few enough to read, over the whole time, of every kind.

use puppet_engine::report::PostRow;

/// As many as somebody reads.
const SAMPLES: usize = 8;

/// A few posts in the order of time: spread over it, and answers among them where there are any.
pub fn chosen(posts: &[PostRow]) -> Vec<&PostRow> {
    // Of a thread the first part speaks for it.
    let begins = |post: &&PostRow| post.thread.as_ref().is_none_or(|first| *first == post.id);
    let (answers, own): (Vec<&PostRow>, Vec<&PostRow>) =
        posts.iter().filter(begins).partition(|post| matches!(post.kind, "reply" | "quote"));
    // Half of them where there are enough of both; what one side does not fill the other may.
    let of_answers = answers.len().min((SAMPLES / 2).max(SAMPLES.saturating_sub(own.len())));
    let mut chosen = spread(&own, SAMPLES - of_answers);
    chosen.extend(spread(&answers, of_answers));
    chosen.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    chosen
}

/// At most so many, at even distances; with the first and the last where there is more than one.
fn spread<'p>(posts: &[&'p PostRow], most: usize) -> Vec<&'p PostRow> {
    let count = most.min(posts.len());
    let last = posts.len().saturating_sub(1);
    let at = |n: usize| if count > 1 { n * last / (count - 1) } else { last / 2 };
    (0..count).filter_map(|n| posts.get(at(n)).copied()).collect()
}

#[cfg(test)]
mod tests {
    use puppet_engine::report::Cause;
    use puppet_types::Timestamp;

    use super::*;

    fn post(n: i64, kind: &'static str) -> PostRow {
        PostRow {
            id: format!("{n:03}"),
            at: Timestamp::from_millis(n * 3_600_000),
            kind,
            text: String::new(),
            weighted_length: 0,
            in_reply_to: None,
            quotes: None,
            thread: None,
            media: Vec::new(),
            cause: Cause { event: String::new(), kind: "timer".to_owned() },
            invocation: String::new(),
        }
    }

    fn ids(posts: &[PostRow]) -> Vec<&str> {
        chosen(posts).into_iter().map(|post| post.id.as_str()).collect()
    }

    #[test]
    fn samples_are_spread_and_of_both_kinds() {
        let many: Vec<PostRow> = (0..100).map(|n| post(n, if n % 10 == 5 { "reply" } else { "post" })).collect();
        let chosen = chosen(&many);
        assert_eq!(chosen.len(), SAMPLES);
        assert_eq!(chosen.iter().filter(|post| post.kind == "reply").count(), SAMPLES / 2);
        assert_eq!((chosen[0].id.as_str(), chosen[SAMPLES - 1].id.as_str()), ("000", "099"));
        assert!(
            chosen
                .windows(2)
                .all(|pair| pair[0].at < pair[1].at && pair[1].at.millis_since(pair[0].at) < 40 * 3_600_000)
        );
    }

    #[test]
    fn what_is_missing_of_one_kind_the_other_fills() {
        let few: Vec<PostRow> = (0..20).map(|n| post(n, if n == 3 { "quote" } else { "post" })).collect();
        assert_eq!(ids(&few).len(), SAMPLES);
        assert!(ids(&few).contains(&"003"));
        let answers: Vec<PostRow> = (0..20).map(|n| post(n, "reply")).collect();
        assert_eq!(ids(&answers).len(), SAMPLES);
        assert_eq!(ids(&[post(1, "post")]), ["001"]);
        assert!(ids(&[]).is_empty());
    }

    #[test]
    fn a_thread_is_shown_by_its_first_part() {
        let part = |n, first: &str| PostRow { thread: Some(first.to_owned()), ..post(n, "thread") };
        assert_eq!(ids(&[part(1, "001"), part(2, "001"), part(3, "003")]), ["001", "003"]);
    }
}
