//! Own posts as a call sees them: what is stored, with what the call itself has decided on top.

use std::collections::{BTreeMap, BTreeSet};

use puppet_store::Post;
use puppet_types::{AccountId, Decision, NumberedDecision, PostId, PostRef, Timestamp};

use crate::check::DECISION_ID;

/// Lays decisions over stored posts, newest first. A decided post is called `decision:N`; the parts of a
/// thread share the name.
pub(crate) fn overlay(
    stored: Vec<Post>,
    decided: &[NumberedDecision],
    author: &AccountId,
    at: Timestamp,
    limit: usize,
) -> Vec<Post> {
    let mut new: Vec<(u32, Post)> = Vec::new();
    let mut conversations: BTreeMap<PostId, PostId> =
        stored.iter().map(|post| (post.id.clone(), post.conversation.clone())).collect();
    let mut gone: BTreeSet<PostId> = BTreeSet::new();
    for NumberedDecision { n, decision } in decided {
        let id = PostId::new(format!("{DECISION_ID}{n}"));
        let empty = Post {
            id: id.clone(),
            author: author.clone(),
            text: String::new(),
            at,
            in_reply_to: None,
            quotes: None,
            conversation: id.clone(),
            thread: None,
            media: Vec::new(),
            hops: 0,
            likes: 0,
            replies: 0,
            quoted: 0,
        };
        match decision {
            Decision::Post { text, images } => {
                new.push((*n, Post { text: text.clone(), media: images.clone(), ..empty }));
            }
            Decision::Thread { parts } => {
                for (place, text) in parts.iter().enumerate() {
                    let in_reply_to = (place > 0).then(|| id.clone());
                    new.push((*n, Post { text: text.clone(), in_reply_to, thread: Some(id.clone()), ..empty.clone() }));
                }
            }
            Decision::Reply { to, text, images } => {
                let to = named(to);
                // Where the conversation is not known here, it begins with what is answered.
                let conversation = conversations.get(&to).unwrap_or(&to).clone();
                conversations.insert(id.clone(), conversation.clone());
                let media = images.clone();
                new.push((*n, Post { text: text.clone(), media, in_reply_to: Some(to), conversation, ..empty }));
            }
            Decision::Quote { of, text } => {
                new.push((*n, Post { text: text.clone(), quotes: Some(named(of)), ..empty }));
            }
            Decision::Delete { of } => {
                gone.insert(named(of));
            }
            _ => {}
        }
    }
    let newest_first = new.into_iter().rev().map(|(_, post)| post).chain(stored);
    newest_first.filter(|post| !gone.contains(&post.id)).take(limit).collect()
}

fn named(reference: &PostRef) -> PostId {
    match reference {
        PostRef::Id(id) => id.clone(),
        PostRef::Decision(n) => PostId::new(format!("{DECISION_ID}{n}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(id: &str) -> Post {
        Post {
            id: id.into(),
            author: "ada".into(),
            text: format!("stored {id}"),
            at: Timestamp::from_millis(1),
            in_reply_to: None,
            quotes: None,
            conversation: "1".into(),
            thread: None,
            media: Vec::new(),
            hops: 0,
            likes: 0,
            replies: 0,
            quoted: 0,
        }
    }

    #[test]
    fn a_call_sees_what_it_decided() {
        let post = |text: &str| Decision::Post { text: text.to_owned(), images: Vec::new() };
        let reply = |to| Decision::Reply { to, text: "answer".to_owned(), images: Vec::new() };
        let decisions = vec![
            post("a"),
            Decision::Like { of: PostRef::Id("9".into()) },
            Decision::Thread { parts: vec!["t1".to_owned(), "t2".to_owned()] },
            reply(PostRef::Id("7".into())),
            reply(PostRef::Decision(3)),
            post("taken back"),
            Decision::Delete { of: PostRef::Decision(5) },
            Decision::Delete { of: PostRef::Id("6".into()) },
            Decision::Quote { of: PostRef::Id("9".into()), text: "look".to_owned() },
        ];
        let decided: Vec<_> =
            decisions.into_iter().zip(0..).map(|(decision, n)| NumberedDecision { n, decision }).collect();
        let at = Timestamp::from_millis(5);
        let list = vec![stored("7"), stored("6"), stored("5")];
        let seen = overlay(list.clone(), &decided, &"ada".into(), at, 100);
        let short: Vec<_> = seen.iter().map(|post| format!("{} {}", post.id, post.text)).collect();
        let expected = [
            "decision:8 look",
            "decision:4 answer",
            "decision:3 answer",
            "decision:2 t2",
            "decision:2 t1",
            "decision:0 a",
            "7 stored 7",
            "5 stored 5",
        ];
        assert_eq!(short, expected);
        assert_eq!(seen[1].in_reply_to, Some("decision:3".into()));
        assert_eq!((seen[1].conversation.as_str(), seen[2].conversation.as_str()), ("1", "1"));
        assert_eq!(overlay(list, &decided, &"ada".into(), at, 2).len(), 2);
    }
}
