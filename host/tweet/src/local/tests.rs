//! The local network over an embedded store in memory.

use puppet_store::SqliteStore;

use super::*;

struct Network {
    local: Local,
    accounts: Arc<Accounts>,
    store: Arc<SqliteStore>,
}

fn network(names: &[&str]) -> Network {
    let store = Arc::new(SqliteStore::in_memory().unwrap());
    let accounts = Arc::new(Accounts::default());
    for name in names {
        accounts.put((*name).into(), format!("agent-{name}").into());
    }
    Network { local: Local::new(Arc::clone(&store) as Arc<dyn PostStore>, Arc::clone(&accounts)), accounts, store }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(EPOCH_MS + seconds * 1_000)
}

fn post(text: &str) -> Action {
    Action::Post { text: text.to_owned(), images: Vec::new() }
}

fn reply(to: &PostId, text: &str) -> Action {
    Action::Reply { to: to.clone(), text: text.to_owned(), images: Vec::new() }
}

impl Network {
    async fn order(
        &self,
        effect: &str,
        account: &str,
        seconds: i64,
        action: Action,
    ) -> Result<Published, PublishError> {
        let order = Order {
            effect: effect.into(),
            account: account.into(),
            at: at(seconds),
            hops: 2,
            of_thread: false,
            action,
        };
        self.local.publish(&order).await
    }

    async fn posted(&self, effect: &str, account: &str, seconds: i64, action: Action) -> Post {
        self.order(effect, account, seconds, action).await.unwrap().posts.remove(0)
    }
}

fn heard(published: &Published) -> Vec<String> {
    published.deliveries.iter().map(|delivery| format!("{} {}", delivery.account, delivery.kind)).collect()
}

#[tokio::test]
async fn ids_are_decimal_and_grow_with_time() {
    let network = network(&["ada"]);
    let mut numbers = Vec::new();
    for (n, seconds) in [5, 5, 5, 6, 4, 1_000].into_iter().enumerate() {
        let post = network.posted(&format!("e{n}"), "ada", seconds, post("x")).await;
        numbers.push(post.id.as_str().parse::<u64>().unwrap());
    }
    assert_eq!(numbers[..3], [5_000 << 8, (5_000 << 8) + 1, (5_000 << 8) + 2]);
    // A clock that was put back does not make ids smaller.
    assert_eq!((numbers[3], numbers[4], numbers[5]), (6_000 << 8, (6_000 << 8) + 1, 1_000_000 << 8));
    let early = super::earliest_number(Timestamp::from_millis(0));
    assert_eq!(early, 0);
}

#[tokio::test]
async fn the_same_effect_twice_is_one_post_with_the_same_news() {
    let network = network(&["ada", "bob"]);
    let first = network.order("e", "ada", 1, post("hello @bob")).await.unwrap();
    let again = network.order("e", "ada", 9, post("hello @bob")).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(network.store.posts(&[], at(100), false, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_answer_is_written_once_also_where_what_it_answers_is_gone() {
    let network = network(&["ada", "bob"]);
    let first = network.posted("e1", "ada", 1, post("hello")).await;
    let quote = || Action::Quote { of: first.id.clone(), text: "so it is".to_owned() };
    let before =
        [network.posted("e2", "bob", 2, reply(&first.id, "hi")).await, network.posted("e3", "bob", 2, quote()).await];
    network.order("e4", "ada", 3, Action::Delete { of: first.id.clone() }).await.unwrap();
    let again =
        [network.posted("e2", "bob", 4, reply(&first.id, "hi")).await, network.posted("e3", "bob", 4, quote()).await];
    assert_eq!(again, before);
    assert!(network.order("e5", "bob", 5, reply(&first.id, "hi")).await.is_err(), "another one has nothing to answer");
}

#[tokio::test]
async fn posts_reach_followers_and_the_named() {
    let network = network(&["ada", "Bob", "eve"]);
    let published = network.order("e", "ada", 1, post("hello @bob, @ADA and @nobody")).await.unwrap();
    assert_eq!(heard(&published), ["Bob mention", "eve timeline_post"]);
    let delivery = &published.deliveries[0];
    assert_eq!((delivery.hops, delivery.author.as_str()), (3, "ada"));
    let id = published.posts[0].id.as_str();
    let expected = serde_json::json!({
        "post": {"id": id, "author": "ada", "text": "hello @bob, @ADA and @nobody", "at": "2026-01-01T00:00:01.000Z",
            "in_reply_to": null, "quotes": null, "conversation": id},
        "from_agent": "agent-ada",
    });
    assert_eq!(delivery.payload, expected);
    assert_eq!((published.posts[0].hops, published.posts[0].thread.clone()), (2, None));
}

#[tokio::test]
async fn replies_reach_the_answered_alone() {
    let network = network(&["ada", "bob", "eve"]);
    let first = network.posted("e1", "ada", 1, post("hello")).await;
    let answer = network.order("e2", "bob", 2, reply(&first.id, "hi @eve")).await.unwrap();
    assert_eq!(heard(&answer), ["ada mention", "eve mention"]);
    let answered = &answer.posts[0];
    assert_eq!((answered.in_reply_to.clone(), &answered.conversation), (Some(first.id.clone()), &first.id));
    let third = network.order("e3", "bob", 3, reply(&answered.id, "and more")).await.unwrap();
    assert_eq!(heard(&third), [""; 0]);
    assert_eq!(third.posts[0].conversation, first.id);
}

#[tokio::test]
async fn quotes_reach_followers_and_the_quoted() {
    let network = network(&["ada", "bob", "eve"]);
    let first = network.posted("e1", "ada", 1, post("hello")).await;
    let quote = Action::Quote { of: first.id.clone(), text: "look".to_owned() };
    let published = network.order("e2", "bob", 2, quote).await.unwrap();
    assert_eq!(heard(&published), ["ada mention", "eve timeline_post"]);
    assert_eq!(published.posts[0].quotes, Some(first.id));
    assert_eq!(published.posts[0].conversation, published.posts[0].id);
}

#[tokio::test]
async fn a_thread_is_a_chain_and_news_once() {
    let network = network(&["ada", "bob", "eve"]);
    let parts = vec!["one".to_owned(), "two @eve".to_owned(), "three @eve".to_owned()];
    let published = network.order("e", "ada", 1, Action::Thread { parts }).await.unwrap();
    let ids: Vec<_> = published.posts.iter().map(|post| Some(post.id.clone())).collect();
    let answers: Vec<_> = published.posts.iter().map(|post| post.in_reply_to.clone()).collect();
    assert_eq!(answers, [None, ids[0].clone(), ids[1].clone()]);
    assert!(published.posts.iter().all(|post| post.thread == ids[0] && Some(&post.conversation) == ids[0].as_ref()));
    assert_eq!(heard(&published), ["bob timeline_post", "eve mention"]);
    assert_eq!(published.deliveries[0].payload["post"]["text"], "one");
    assert_eq!(published.deliveries[1].payload["post"]["text"], "two @eve");
}

#[tokio::test]
async fn likes_and_deletes_are_no_news() {
    let network = network(&["ada", "bob"]);
    let first = network.posted("e1", "ada", 1, post("hello")).await;
    let like = || Action::Like { of: first.id.clone() };
    for effect in ["e2", "e2"] {
        assert_eq!(network.order(effect, "bob", 2, like()).await, Ok(Published::default()));
    }
    assert_eq!(network.store.post(&first.id).await.unwrap().unwrap().likes, 1);
    let delete = || Action::Delete { of: first.id.clone() };
    let refused = network.order("e3", "bob", 3, delete()).await.unwrap_err();
    assert!(matches!(&refused, PublishError::Refused(reason) if reason.contains("is not by bob")), "{refused}");
    // Twice, as after a crash between the doing and the writing down.
    for effect in ["e4", "e4"] {
        assert_eq!(network.order(effect, "ADA", 4, delete()).await, Ok(Published::default()));
    }
    assert_eq!(network.store.post(&first.id).await.unwrap(), None);
    assert_eq!(network.order("e5", "bob", 5, like()).await, Err(PublishError::NotFound(first.id.to_string())));
}

#[tokio::test]
async fn what_is_not_there_is_not_answered() {
    let network = network(&["ada"]);
    let none = PostId::new("404");
    let quote = Action::Quote { of: none.clone(), text: "x".to_owned() };
    for (n, action) in [reply(&none, "x"), quote, Action::Like { of: none }].into_iter().enumerate() {
        let error = network.order(&n.to_string(), "ada", 1, action).await.unwrap_err();
        assert_eq!(error, PublishError::NotFound("404".to_owned()));
    }
    let long = network.order("long", "ada", 1, post(&"a".repeat(281))).await.unwrap_err();
    assert!(matches!(&long, PublishError::Refused(reason) if reason.contains("281")), "{long}");
}

#[tokio::test]
async fn a_person_writes_and_is_answered() {
    let network = network(&["ada", "bob"]);
    let person = AccountId::new("you");
    let written = network.local.write(&person, "hello @Ada", None, at(1)).await.unwrap();
    assert_eq!(heard(&written), ["ada mention", "bob timeline_post"]);
    assert_eq!(
        (written.deliveries[0].hops, &written.deliveries[0].payload["from_agent"]),
        (1, &serde_json::Value::Null)
    );
    // The same words at the same time are another post.
    let again = network.local.write(&person, "hello @Ada", None, at(1)).await.unwrap();
    assert_ne!(written.posts[0].id, again.posts[0].id);
    let id = written.posts[0].id.clone();
    let answer = network.order("e", "ada", 2, reply(&id, "hello you")).await.unwrap();
    assert_eq!(heard(&answer), [""; 0]);
    let more = network.local.write(&person, "more", Some(answer.posts[0].id.clone()), at(3)).await.unwrap();
    assert_eq!(heard(&more), ["ada mention"]);
    assert_eq!(more.posts[0].conversation, id);
    for text in ["", "  ", &"a".repeat(281)] {
        assert!(matches!(network.local.write(&person, text, None, at(4)).await, Err(PublishError::Refused(_))));
    }
}

#[tokio::test]
async fn reads_end_before_their_time() {
    let network = network(&["Ada", "bob"]);
    let first = network.posted("e1", "ada", 1, post("one")).await;
    let second = network.posted("e2", "bob", 2, reply(&first.id, "two")).await;
    let third = network.posted("e3", "ADA", 3, reply(&second.id, "three")).await;
    let ids = |posts: Vec<Post>| posts.into_iter().map(|post| post.id).collect::<Vec<_>>();
    let local = &network.local;
    let bob = AccountId::new("bob");
    assert_eq!(ids(local.timeline(&bob, at(4), 10).await.unwrap()), std::slice::from_ref(&first.id));
    assert_eq!(ids(local.timeline(&bob, at(1), 10).await.unwrap()), [""; 0].map(PostId::from));
    let whose = AccountId::new("aDA");
    assert_eq!(ids(local.posts_of(&whose, at(4), 10).await.unwrap()), [third.id.clone(), first.id.clone()]);
    assert_eq!(ids(local.posts_of(&whose, at(3), 10).await.unwrap()), std::slice::from_ref(&first.id));
    let chain = local.thread_of(&third.id, 10, at(4)).await.unwrap();
    assert_eq!(ids(chain), [first.id.clone(), second.id.clone(), third.id.clone()]);
    assert_eq!(ids(local.thread_of(&third.id, 1, at(4)).await.unwrap()), [second.id, third.id.clone()]);
    assert_eq!(local.thread_of(&third.id, 10, at(3)).await.unwrap_err().code, Code::NotFound);
    assert_eq!(local.thread_of(&"404".into(), 10, at(4)).await.unwrap_err().code, Code::NotFound);
    assert_eq!(network.accounts.len(), 2);
}

#[tokio::test]
async fn a_search_finds_what_was_written_in_seven_days() {
    const DAY: i64 = 86_400;
    let network = network(&["Ada", "bob"]);
    let first = network.posted("e1", "ada", 1, post("fog, early")).await;
    let second = network.posted("e2", "bob", DAY, post("no fog on the second day")).await;
    let third = network.posted("e3", "ada", 2 * DAY, reply(&second.id, "Fog, in two words")).await;
    let fourth = network.posted("e4", "ada", 3 * DAY, post("sun")).await;
    let found = async |text: &str, before: i64, limit: usize| -> Vec<PostId> {
        let search = Search::parse(text).unwrap();
        let posts = network.local.search(&search, at(before), limit).await.unwrap();
        posts.into_iter().map(|post| post.id).collect()
    };
    let ids = |posts: &[&Post]| posts.iter().map(|post| post.id.clone()).collect::<Vec<_>>();
    assert_eq!(found("fog", 4 * DAY, 9).await, ids(&[&third, &second, &first]));
    assert_eq!(found("fog", 4 * DAY, 1).await, ids(&[&third]));
    assert_eq!(found("fog", 2 * DAY, 9).await, ids(&[&second, &first]), "not what comes at the time or later");
    assert_eq!(found("fog", 7 * DAY + 1, 9).await, ids(&[&third, &second, &first]), "seven days, to the millisecond");
    assert_eq!(found("fog", 7 * DAY + 2, 9).await, ids(&[&third, &second]));
    assert_eq!(found("from:ADA -sun", 4 * DAY, 9).await, ids(&[&third, &first]));
    assert_eq!(found("from:nobody", 4 * DAY, 9).await, ids(&[]));
    assert_eq!(found(&format!("conversation_id:{}", second.id), 4 * DAY, 9).await, ids(&[&third, &second]));

    let conversation = async |of: &Post, before: i64, limit: usize| -> Vec<PostId> {
        let posts = network.local.conversation(&of.id, at(before), limit).await.unwrap();
        posts.into_iter().map(|post| post.id).collect()
    };
    for of in [&second, &third] {
        assert_eq!(conversation(of, 4 * DAY, 9).await, ids(&[&third, &second]));
    }
    assert_eq!(conversation(&third, 4 * DAY, 1).await, ids(&[&third]));
    assert_eq!(conversation(&fourth, 4 * DAY, 9).await, ids(&[&fourth]));
    assert_eq!(conversation(&second, 8 * DAY + 1, 9).await, ids(&[&third, &second]), "the post itself, however old");
    assert_eq!(conversation(&second, 30 * DAY, 9).await, ids(&[&second]));
    for (id, before) in [(&third.id, 2 * DAY), (&"404".into(), 4 * DAY)] {
        assert_eq!(network.local.conversation(id, at(before), 9).await.unwrap_err().code, Code::NotFound);
    }
}

#[tokio::test]
async fn a_search_looks_at_the_latest_posts() {
    let network = network(&["ada", "bob"]);
    let first = network.posted("first", "ada", 1, post("fog")).await;
    let parts: Vec<String> = (0..SEARCHED - 1).map(|n| format!("sun {n}")).collect();
    network.order("sun", "bob", 2, Action::Thread { parts }).await.unwrap();
    let (fog, of_ada) = (Search::parse("fog").unwrap(), Search::parse("fog from:ada").unwrap());
    let found = async |search: &Search| network.local.search(search, at(9), 9).await.unwrap();
    assert_eq!(found(&fog).await, std::slice::from_ref(&first));
    network.posted("more", "bob", 3, post("sun")).await;
    assert_eq!(found(&fog).await, [], "it is one too far");
    assert_eq!(found(&of_ada).await, [first], "of one account it goes further back");
}

#[tokio::test]
async fn many_at_once_get_ids_of_their_own() {
    let network = Arc::new(network(&["ada"]));
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let network = Arc::clone(&network);
            tokio::spawn(async move { network.posted(&format!("e{n}"), "ada", 1, post("x")).await.id })
        })
        .collect();
    let mut ids = std::collections::BTreeSet::new();
    for task in tasks {
        ids.insert(task.await.unwrap());
    }
    assert_eq!(ids.len(), 20);
}
