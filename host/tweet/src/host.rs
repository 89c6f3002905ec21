//! Interface `puppet:tweet/tweet` on a view of the invocation.

use puppet_grants::{Amount, Charge, Gate, Held, Mode};
use puppet_store::Post;
use puppet_types::{AccountId, CallError, Capability, Code, Decision, PostId, Refusal, wit};
use wasmtime::component::{HasData, Linker};

use crate::{
    TweetReader, check,
    plan::{Priced, Prices},
    platform::{PlatformRules, Sort},
    policy::Refused,
    weighted_length,
};

#[doc(hidden)]
pub mod fuzz;
mod reads;

mod bindings {
    wasmtime::component::bindgen!({
        path: ["../../wit/types", "../../wit/tweet"],
        inline: "
            package puppet:host-tweet;
            world host { import puppet:tweet/tweet@0.1.1; }
        ",
        imports: {
            "puppet:tweet/tweet.timeline": async | trappable,
            "puppet:tweet/tweet.posts-of": async | trappable,
            "puppet:tweet/tweet.thread-of": async | trappable,
            "puppet:tweet/tweet.own-posts": async | trappable,
            "puppet:tweet/tweet.search": async | trappable,
            "puppet:tweet/tweet.conversation": async | trappable,
            default: trappable,
        },
        with: { "puppet:types/types": puppet_types::wit::types },
    });
}

use bindings::puppet::tweet::tweet::{Host, Image, PostItem, PostRef, add_to_linker};

/// What the interface needs of an invocation.
pub struct View<'a> {
    /// The way to everything.
    pub gate: &'a mut Gate,
    /// Where posts are.
    pub reader: &'a Held<dyn TweetReader>,
    /// What the network charges for what is posted and read.
    pub prices: Prices,
    /// In whose name.
    pub account: &'a AccountId,
    /// Paths below the pack's `assets/`.
    pub assets: &'a [String],
    /// What the network takes at all.
    pub platform: PlatformRules,
}

/// An invocation that carries this capability.
pub trait Carries: Send + 'static {
    /// Its view for this interface.
    fn tweet(&mut self) -> View<'_>;
}

struct Interface;

impl HasData for Interface {
    type Data<'a> = View<'a>;
}

/// Links the interface.
pub fn link<T: Carries>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    add_to_linker::<T, Interface>(linker, |carrier| carrier.tweet())
}

impl Host for View<'_> {
    fn post(&mut self, text: String, images: Vec<Image>) -> wasmtime::Result<Result<u32, wit::Error>> {
        wit::answer(self.decide_post(text, images))
    }

    fn thread(&mut self, parts: Vec<String>) -> wasmtime::Result<Result<u32, wit::Error>> {
        wit::answer(self.decide_thread(parts))
    }

    fn reply(&mut self, to: PostRef, text: String, images: Vec<Image>) -> wasmtime::Result<Result<u32, wit::Error>> {
        wit::answer(self.decide_reply(to, text, images))
    }

    fn quote(&mut self, of: PostRef, text: String) -> wasmtime::Result<Result<u32, wit::Error>> {
        wit::answer(self.decide_quote(of, text))
    }

    fn like(&mut self, of: PostRef) -> wasmtime::Result<Result<u32, wit::Error>> {
        wit::answer(self.decide_like(of))
    }

    fn delete(&mut self, of: PostRef) -> wasmtime::Result<Result<u32, wit::Error>> {
        wit::answer(self.decide_delete(of))
    }

    async fn timeline(&mut self, limit: u32) -> wasmtime::Result<Result<Vec<PostItem>, wit::Error>> {
        wit::answer(self.read_timeline(limit).await.map(items))
    }

    async fn posts_of(&mut self, account: String, limit: u32) -> wasmtime::Result<Result<Vec<PostItem>, wit::Error>> {
        wit::answer(self.read_posts_of(&account, limit).await.map(items))
    }

    async fn thread_of(&mut self, id: String, depth: u32) -> wasmtime::Result<Result<Vec<PostItem>, wit::Error>> {
        wit::answer(self.read_thread_of(id, depth).await.map(items))
    }

    async fn own_posts(&mut self, limit: u32) -> wasmtime::Result<Result<Vec<PostItem>, wit::Error>> {
        wit::answer(self.read_own_posts(limit).await.map(items))
    }

    async fn search(&mut self, query: String, limit: u32) -> wasmtime::Result<Result<Vec<PostItem>, wit::Error>> {
        wit::answer(self.read_search(&query, limit).await.map(items))
    }

    async fn conversation(&mut self, id: String, limit: u32) -> wasmtime::Result<Result<Vec<PostItem>, wit::Error>> {
        wit::answer(self.read_conversation(id, limit).await.map(items))
    }

    fn weighted_length(&mut self, text: String) -> wasmtime::Result<u32> {
        let counted = wit::answer(self.gate.count(Capability::Tweet))?;
        counted.map(|()| weighted_length(&text)).map_err(|error| wasmtime::Error::msg(error.message))
    }
}

impl View<'_> {
    /// What is wrong with a call's arguments, which costs that call.
    fn checked<T>(&mut self, checked: Result<T, impl Into<Refusal>>) -> Result<T, Refusal> {
        self.gate.checked(Capability::Tweet, checked)
    }

    fn decide_post(&mut self, text: String, images: Vec<Image>) -> Result<u32, Refusal> {
        self.checked(check::text(&text))?;
        let images = self.images(images)?;
        let price = self.price_of(&text, false);
        self.gate.decide("post", &charges(Amount::Posts, 1, price), Decision::Post { text, images })
    }

    fn decide_thread(&mut self, parts: Vec<String>) -> Result<u32, Refusal> {
        self.checked(check::parts(&parts))?;
        let price = parts.iter().fold(0_u64, |sum, part| sum.saturating_add(self.price_of(part, false)));
        self.gate.decide("thread", &charges(Amount::Posts, parts.len() as u64, price), Decision::Thread { parts })
    }

    fn decide_reply(&mut self, to: PostRef, text: String, images: Vec<Image>) -> Result<u32, Refusal> {
        let to = self.reference(to)?;
        self.checked(check::text(&text))?;
        let images = self.images(images)?;
        let price = self.price_of(&text, true);
        self.gate.decide("reply", &charges(Amount::Replies, 1, price), Decision::Reply { to, text, images })
    }

    fn decide_quote(&mut self, of: PostRef, text: String) -> Result<u32, Refusal> {
        let of = self.reference(of)?;
        self.checked(check::text(&text))?;
        let price = self.price_of(&text, false);
        let ruled = self.ruled(Sort::Quote);
        self.gate.decide_ruled("quote", &charges(Amount::Posts, 1, price), Decision::Quote { of, text }, ruled)
    }

    fn decide_like(&mut self, of: PostRef) -> Result<u32, Refusal> {
        let of = self.reference(of)?;
        let ruled = self.ruled(Sort::Like);
        self.gate.decide_ruled("like", &[charge(Amount::Likes, 1)], Decision::Like { of }, ruled)
    }

    fn decide_delete(&mut self, of: PostRef) -> Result<u32, Refusal> {
        let of = self.reference(of)?;
        self.gate.decide("delete", &[charge(Amount::Deletes, 1)], Decision::Delete { of })
    }

    /// Why the network takes nothing of this sort, so that the guest can do something else. What only a dry run decides is
    /// recorded, and its record says so.
    fn ruled(&self, sort: Sort) -> Option<CallError> {
        let refusal = self.platform.of_itself(sort, &[]).filter(|_| self.gate.rights().mode != Mode::DryRun)?;
        Some(CallError::new(Code::Denied, Refused::Platform(refusal).to_string()))
    }

    /// Micro-dollars of a text that is posted.
    fn price_of(&self, text: &str, answers: bool) -> u64 {
        if self.prices == Prices::FREE { 0 } else { self.prices.price_of(Priced::of_text(text, answers)) }
    }

    fn images(&mut self, images: Vec<Image>) -> Result<Vec<puppet_types::Image>, Refusal> {
        let images: Vec<_> = images
            .into_iter()
            .map(|image| puppet_types::Image { asset: image.asset, alt_text: image.alt_text })
            .collect();
        let checked = check::images(&images, self.assets);
        self.checked(checked.map(|()| images))
    }

    fn reference(&mut self, reference: PostRef) -> Result<puppet_types::PostRef, Refusal> {
        let reference = match reference {
            PostRef::Id(id) => puppet_types::PostRef::Id(id.into()),
            PostRef::Decision(n) => puppet_types::PostRef::Decision(n),
        };
        let decided = self.gate.decided();
        self.checked(check::reference(reference, &decided))
    }
}

fn charge(amount: Amount, quantity: u64) -> Charge {
    Charge { amount, quantity }
}

/// What a decision draws on: dollars only where it costs any.
fn charges(amount: Amount, quantity: u64, usd_micros: u64) -> Vec<Charge> {
    let mut charges = vec![charge(amount, quantity)];
    charges.extend((usd_micros > 0).then(|| charge(Amount::Usd, usd_micros)));
    charges
}

fn items(posts: Vec<Post>) -> Vec<PostItem> {
    posts.into_iter().map(item).collect()
}

fn item(post: Post) -> PostItem {
    let text = |id: PostId| id.to_string();
    PostItem {
        id: text(post.id),
        author: post.author.to_string(),
        text: post.text,
        at: u64::try_from(post.at.as_millis()).unwrap_or(0),
        in_reply_to: post.in_reply_to.map(text),
        quotes: post.quotes.map(text),
        conversation: text(post.conversation),
        likes: post.likes,
        replies: post.replies,
        quoted: post.quoted,
    }
}

#[cfg(test)]
mod tests;
