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
pub fn post(text: &str) -> Answer<PostRef> {
    post_with(text, &[])
}
/// A post with up to four images.
pub fn post_with(text: &str, images: &[Image]) -> Answer<PostRef> {
    answer(sys::post(text, images)).map(PostRef::Decision)
}
/// Two and more posts, each answering the one before.
pub fn thread(parts: &[String]) -> Answer<PostRef> {
    answer(sys::thread(parts)).map(PostRef::Decision)
}
/// An answer to a post.
pub fn reply(to: &PostRef, text: &str) -> Answer<PostRef> {
    reply_with(to, text, &[])
}
/// An answer with images.
pub fn reply_with(to: &PostRef, text: &str, images: &[Image]) -> Answer<PostRef> {
    answer(sys::reply(to, text, images)).map(PostRef::Decision)
}
/// A post about another.
pub fn quote(of: &PostRef, text: &str) -> Answer<PostRef> {
    answer(sys::quote(of, text)).map(PostRef::Decision)
}
/// A like.
pub fn like(of: &PostRef) -> Answer<()> {
    answer(sys::like(of)).map(drop)
}
/// Takes one of the agent's own posts back.
pub fn delete(of: &PostRef) -> Answer<()> {
    answer(sys::delete(of)).map(drop)
}

/// Newest first.
pub fn timeline(limit: u32) -> Answer<Vec<Post>> {
    answer(sys::timeline(limit))
}
/// Of one account, newest first.
pub fn posts_of(account: &str, limit: u32) -> Answer<Vec<Post>> {
    answer(sys::posts_of(account, limit))
}
/// The ancestors of a post, oldest first, the post itself last.
pub fn thread_of(id: &str, depth: u32) -> Answer<Vec<Post>> {
    answer(sys::thread_of(id, depth))
}
/// The agent's own, newest first, with what this call has decided on top.
pub fn own_posts(limit: u32) -> Answer<Vec<Post>> {
    answer(sys::own_posts(limit))
}
/// What a search finds in the last seven days, newest first: words and `"phrases"`, `from:NAME`, `conversation_id:ID`, `-`
/// before what must not be. All of it has to hold.
pub fn search(query: &str, limit: u32) -> Answer<Vec<Post>> {
    answer(sys::search(query, limit))
}
/// The posts of the conversation that a post is of, of the last seven days, and the post itself; newest first.
pub fn conversation(id: &str, limit: u32) -> Answer<Vec<Post>> {
    answer(sys::conversation(id, limit))
}
/// X's count: URLs 23, CJK and emoji 2.
pub fn weighted_length(text: &str) -> u32 {
    sys::weighted_length(text)
}
