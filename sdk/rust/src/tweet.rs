//! The agent's account: decisions leave after the call, reads answer at once.

use crate::{
    bindings::imports::puppet::tweet::tweet as wit,
    failure::{Answer, answer},
};
pub use wit::{Image, PostItem as Post, PostRef};

#[cfg(not(target_family = "wasm"))]
use crate::testing::sys::tweet as sys;
#[cfg(target_family = "wasm")]
use wit as sys;

/// The most a text may weigh.
pub const MAX_WEIGHT: u32 = 280;

/// A post of its own.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     tweet::post("Bread is out.")?;
///     Ok(())
/// });
/// assert_eq!(run.posts(), ["Bread is out."]);
/// ```
pub fn post(text: &str) -> Answer<PostRef> {
    post_with(text, &[])
}
/// A post with up to four images.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     let oven = tweet::Image { asset: "oven.png".to_owned(), alt_text: "An oven, glowing.".to_owned() };
///     tweet::post_with("Bread is in.", &[oven])?;
///     Ok(())
/// });
/// assert_eq!(run.posts(), ["Bread is in."]);
/// ```
pub fn post_with(text: &str, images: &[Image]) -> Answer<PostRef> {
    answer(sys::post(text, images)).map(PostRef::Decision)
}
/// Two and more posts, each answering the one before.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     tweet::thread(&["First the dough.".to_owned(), "Then the oven.".to_owned()])?;
///     Ok(())
/// });
/// assert_eq!(run.posts().len(), 2);
/// ```
pub fn thread(parts: &[String]) -> Answer<PostRef> {
    answer(sys::thread(parts)).map(PostRef::Decision)
}
/// An answer to a post.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     tweet::reply(&PostRef::Id("7".to_owned()), "At nine.")?;
///     Ok(())
/// });
/// assert_eq!(run.replies(), ["At nine."]);
/// ```
pub fn reply(to: &PostRef, text: &str) -> Answer<PostRef> {
    reply_with(to, text, &[])
}
/// An answer with images.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     tweet::reply_with(&PostRef::Id("7".to_owned()), "At nine.", &[])?;
///     Ok(())
/// });
/// assert_eq!(run.replies(), ["At nine."]);
/// ```
pub fn reply_with(to: &PostRef, text: &str, images: &[Image]) -> Answer<PostRef> {
    answer(sys::reply(to, text, images)).map(PostRef::Decision)
}
/// A post about another.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     let post = tweet::post("Rye.")?;
///     tweet::quote(&post, "And wheat.")?;
///     Ok(())
/// });
/// assert_eq!(run.quotes(), ["And wheat."]);
/// ```
pub fn quote(of: &PostRef, text: &str) -> Answer<PostRef> {
    answer(sys::quote(of, text)).map(PostRef::Decision)
}
/// A like.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     tweet::like(&PostRef::Id("7".to_owned()))?;
///     Ok(())
/// });
/// assert_eq!(run.likes(), 1);
/// ```
pub fn like(of: &PostRef) -> Answer<()> {
    answer(sys::like(of)).map(drop)
}
/// Takes one of the agent's own posts back.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().with_post("7", "tester", "Rye.", None).within(|| {
///     for post in tweet::own_posts(1)? {
///         tweet::delete(&PostRef::Id(post.id))?;
///     }
///     Ok(())
/// });
/// assert_eq!(run.decided.len(), 1);
/// ```
pub fn delete(of: &PostRef) -> Answer<()> {
    answer(sys::delete(of)).map(drop)
}

/// Newest first.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().with_post("7", "ada", "Is there rye?", None).within(|| {
///     assert_eq!(tweet::timeline(10)?[0].author, "ada");
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn timeline(limit: u32) -> Answer<Vec<Post>> {
    answer(sys::timeline(limit))
}
/// Of one account, newest first.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().with_post("7", "ada", "Is there rye?", None).within(|| {
///     assert_eq!(tweet::posts_of("ada", 10)?.len(), 1);
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn posts_of(account: &str, limit: u32) -> Answer<Vec<Post>> {
    answer(sys::posts_of(account, limit))
}
/// The ancestors of a post, oldest first, the post itself last.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().with_post("7", "ada", "Is there rye?", None).within(|| {
///     assert_eq!(tweet::thread_of("7", 5)?.len(), 1);
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn thread_of(id: &str, depth: u32) -> Answer<Vec<Post>> {
    answer(sys::thread_of(id, depth))
}
/// The agent's own, newest first, with what this call has decided on top.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().with_post("7", "ada", "Is there rye?", None).within(|| {
///     assert!(tweet::own_posts(10)?.is_empty());
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn own_posts(limit: u32) -> Answer<Vec<Post>> {
    answer(sys::own_posts(limit))
}
/// What a search finds in the last seven days, newest first: words and `"phrases"`, `from:NAME`, `conversation_id:ID`, `-`
/// before what must not be. All of it has to hold.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().with_post("7", "ada", "Is there rye?", None).within(|| {
///     assert_eq!(tweet::search("rye from:ada", 10)?.len(), 1);
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn search(query: &str, limit: u32) -> Answer<Vec<Post>> {
    answer(sys::search(query, limit))
}
/// The posts of the conversation that a post is of, of the last seven days, and the post itself; newest first.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().with_post("7", "ada", "Is there rye?", None).within(|| {
///     assert_eq!(tweet::conversation("7", 10)?.len(), 1);
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn conversation(id: &str, limit: u32) -> Answer<Vec<Post>> {
    answer(sys::conversation(id, limit))
}
/// X's count: URLs 23, CJK and emoji 2.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     assert_eq!(tweet::weighted_length("日本"), 4);
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn weighted_length(text: &str) -> u32 {
    sys::weighted_length(text)
}
