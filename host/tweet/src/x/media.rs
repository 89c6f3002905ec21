//! Images on their way to X: which of a pack's assets it takes, and how they get there, in pieces, before the post that
//! shows them. An image that was lost on its way is no post: whatever goes wrong here, nothing was posted, and everything
//! may be done again.

use std::time::Duration;

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use puppet_types::{EffectId, Image};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Member, X,
    wire::{Data, is_id},
};
use crate::{Order, PublishError};

/// The most bytes of an image that X takes.
const MOST_BYTES: usize = 5 << 20;
/// Bytes of a piece. X has refused requests of five mebibytes.
const PIECE: usize = 1 << 20;
/// How long all images of a post may take, until X has them and is done with them.
pub(super) const LONGEST: Duration = Duration::from_secs(240);
/// Between two questions whether X is done with an image: no sooner, and no later, whatever it asks for.
const CHECK: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// Has the bytes of the images that agents post.
#[async_trait]
pub trait Images: Send + Sync {
    /// An asset of whoever decided an effect.
    ///
    /// # Errors
    /// [`PublishError::Refused`] where there is no such image; [`PublishError::Unavailable`] where it may be there later.
    async fn image(&self, effect: &EffectId, asset: &str) -> Result<Vec<u8>, PublishError>;
}

/// An image that X takes.
pub(super) struct Picture<'a> {
    about: &'a Image,
    format: Format,
    bytes: Vec<u8>,
}

/// What X calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Format {
    media_type: &'static str,
    category: &'static str,
}

impl Format {
    const GIF: Self = Self { media_type: "image/gif", category: "tweet_gif" };

    /// By what it begins with; the name of a file says nothing.
    fn of(bytes: &[u8]) -> Option<Self> {
        let image = |media_type| Some(Self { media_type, category: "tweet_image" });
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => image("image/png"),
            [0xff, 0xd8, 0xff, ..] => image("image/jpeg"),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => image("image/webp"),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::GIF),
            _ => None,
        }
    }
}

/// An image as X answers with it.
#[derive(Debug, Deserialize)]
pub(super) struct Uploaded {
    pub(super) id: String,
    #[serde(default)]
    processing_info: Option<Processing>,
}

/// How far X is with it.
#[derive(Debug, Deserialize)]
struct Processing {
    state: String,
    #[serde(default)]
    check_after_secs: Option<u64>,
    #[serde(default)]
    error: Value,
}

impl X {
    /// The images of an order, as far as X takes them. Nothing is sent.
    pub(super) async fn pictures<'o>(&self, order: &'o Order) -> Result<Vec<Picture<'o>>, PublishError> {
        let mut pictures = Vec::new();
        for about in order.action.images() {
            let unknown = || PublishError::Refused("this host has no images to post".to_owned());
            let bytes = self.images.as_ref().ok_or_else(unknown)?.image(&order.effect, &about.asset).await?;
            pictures.push(picture(about, bytes)?);
        }
        let gif = pictures.iter().find(|picture| picture.format == Format::GIF);
        match gif.filter(|_| pictures.len() > 1) {
            Some(gif) => Err(refused(gif.about, "X shows a GIF alone, and no image beside it")),
            None => Ok(pictures),
        }
    }

    /// Gives X the images of a post, each with its description. Answers what X calls them.
    pub(super) async fn upload(&self, pictures: &[Picture<'_>], member: &Member) -> Result<Vec<String>, PublishError> {
        let all = async {
            let mut ids = Vec::with_capacity(pictures.len());
            for picture in pictures {
                let id = self.upload_one(picture, member).await;
                ids.push(id.map_err(|error| not_posted(picture.about, error))?);
            }
            Ok(ids)
        };
        let too_long = |_| PublishError::Unavailable("X was not done with the images in time".to_owned());
        tokio::time::timeout(LONGEST, all).await.map_err(too_long)?
    }

    async fn upload_one(&self, picture: &Picture<'_>, member: &Member) -> Result<String, PublishError> {
        let (client, who) = (&self.client, &member.identity);
        let path = ["2", "media", "upload", "initialize"];
        let begun: Data<Uploaded> = client.write(Method::POST, &path, Some(&picture.announcement()), who).await?;
        let id = begun.data.id;
        if !is_id(&id) {
            return Err(PublishError::Unavailable("X answers with an id that is none".to_owned()));
        }
        for (n, piece) in picture.bytes.chunks(PIECE).enumerate() {
            client.tell(&["2", "media", "upload", &id, "append"], &segment(n, piece), who).await?;
        }
        let path = ["2", "media", "upload", &id, "finalize"];
        let whole: Data<Uploaded> = client.write(Method::POST, &path, None, who).await?;
        let mut processing = whole.data.processing_info;
        while let Some(after) = wait(processing.as_ref())? {
            tokio::time::sleep(after).await;
            let query = [("command", "STATUS"), ("media_id", id.as_str())];
            let status: Data<Uploaded> = client.read(&["2", "media", "upload"], &query, who, None).await?;
            processing = status.data.processing_info;
        }
        client.tell(&["2", "media", "metadata"], &description(&id, &picture.about.alt_text), who).await?;
        Ok(id)
    }
}

impl Picture<'_> {
    /// The body of `POST /2/media/upload/initialize`.
    fn announcement(&self) -> Value {
        let Format { media_type, category } = self.format;
        json!({ "media_type": media_type, "media_category": category, "total_bytes": self.bytes.len() })
    }
}

/// The body of `POST /2/media/upload/:id/append`.
fn segment(n: usize, piece: &[u8]) -> Value {
    json!({ "segment_index": n, "media": BASE64.encode(piece) })
}

/// The body of `POST /2/media/metadata`.
fn description(id: &str, text: &str) -> Value {
    json!({ "id": id, "metadata": { "alt_text": { "text": text } } })
}

fn picture(about: &Image, bytes: Vec<u8>) -> Result<Picture<'_>, PublishError> {
    if bytes.len() > MOST_BYTES {
        let why = format!("it has {} bytes: X takes at most {MOST_BYTES}", bytes.len());
        return Err(refused(about, &why));
    }
    let format =
        Format::of(&bytes).ok_or_else(|| refused(about, "X takes PNG, JPEG, WebP and GIF, and this is none"))?;
    Ok(Picture { about, format, bytes })
}

/// When X is to be asked again; none where it is done.
fn wait(processing: Option<&Processing>) -> Result<Option<Duration>, PublishError> {
    let Some(processing) = processing else { return Ok(None) };
    match processing.state.as_str() {
        "succeeded" => Ok(None),
        "failed" => {
            let said = ["message", "detail", "name"].iter().find_map(|key| processing.error[*key].as_str());
            Err(PublishError::Refused(format!("X cannot use it: {}", said.unwrap_or("it does not say why"))))
        }
        _ => {
            let (least, most) = CHECK;
            let after = processing.check_after_secs.map_or(least * 10, Duration::from_secs);
            Ok(Some(after.clamp(least, most)))
        }
    }
}

fn refused(about: &Image, why: &str) -> PublishError {
    PublishError::Refused(format!("image `{}`: {why}", about.asset))
}

/// Nothing was posted yet: what is lost is not reached, and what is not there any more is begun anew.
fn not_posted(about: &Image, error: PublishError) -> PublishError {
    match error {
        PublishError::InDoubt(why) | PublishError::Unavailable(why) | PublishError::NotFound(why) => {
            PublishError::Unavailable(format!("image `{}`: {why}", about.asset))
        }
        PublishError::Refused(why) | PublishError::Duplicate(why) => refused(about, &why),
        other => other,
    }
}
