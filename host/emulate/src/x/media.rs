//! Media, uploaded in pieces: begun, appended, finalized, asked about until it is processed; its alternative text.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hyper::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Caller,
    network::{Network, Number},
    number, problems,
};
use crate::{asked::Asked, faults::Plan, record::Record, reply::Reply};

/// An upload is good for so many seconds.
const EXPIRES_S: i64 = 86_400;
/// Longest alternative text, in characters.
const LONGEST_ALT: usize = 1_000;

/// One upload. Of what it holds only the size is kept.
#[derive(Debug)]
pub(crate) struct Media {
    owner: String,
    media_type: String,
    total_bytes: u64,
    /// Sizes by place.
    segments: std::collections::BTreeMap<u32, u64>,
    is_final: bool,
    /// So often it has still to be asked about.
    checks: u32,
    fails: bool,
    alt: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Begin {
    media_type: String,
    total_bytes: u64,
    #[serde(rename = "media_category")]
    _category: Option<String>,
    #[serde(rename = "shared")]
    _shared: Option<bool>,
}

#[derive(Deserialize)]
struct Segment {
    media: String,
    segment_index: u32,
}

#[derive(Deserialize)]
struct Described {
    id: String,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    alt_text: Alt,
}

#[derive(Deserialize)]
struct Alt {
    text: String,
}

impl Media {
    fn bytes(&self) -> u64 {
        self.segments.values().sum()
    }

    /// What X calls its kind: the number before its key, and the name.
    fn kind(&self) -> (u8, &'static str) {
        match self.media_type.as_str() {
            "image/gif" => (16, "animated_gif"),
            video if video.starts_with("video/") => (7, "video"),
            _ => (3, "photo"),
        }
    }

    pub(super) fn key(&self, id: Number) -> String {
        format!("{}_{id}", self.kind().0)
    }

    /// Whether a post of this account can have it.
    pub(super) fn is_ready(&self, account: &str) -> bool {
        self.is_final && self.checks == 0 && !self.fails && self.owner.eq_ignore_ascii_case(account)
    }

    /// As it is told beside a post.
    pub(super) fn told(&self, id: Number, fields: &[&str]) -> Value {
        let mut told = json!({ "media_key": self.key(id), "type": self.kind().1 });
        if let Some(alt) = self.alt.as_ref().filter(|_| fields.contains(&"alt_text")) {
            told["alt_text"] = json!(alt);
        }
        told
    }

    /// How far it is processed; nothing is said of what needs no processing.
    fn progress(&self, checks: u32) -> Value {
        match (self.checks, self.fails) {
            (0, true) => {
                json!({ "state": "failed", "error": { "code": 1, "name": "InvalidMedia", "message": "Invalid media" } })
            }
            (0, false) => json!({ "state": "succeeded", "progress_percent": 100 }),
            (left, _) if left == checks => json!({ "state": "pending", "check_after_secs": 1 }),
            (left, _) => {
                let percent = 100 - 100 * left / checks.max(left);
                json!({ "state": "in_progress", "check_after_secs": 1, "progress_percent": percent })
            }
        }
    }
}

impl Network {
    pub(super) fn begin_media(&mut self, caller: Caller<'_>, body: &[u8], plan: &Plan) -> Reply {
        let begin: Begin = match serde_json::from_slice(body) {
            Ok(begin) => begin,
            Err(error) => return problems::invalid(error.to_string()),
        };
        let is_taken = ["image/", "video/"].iter().any(|kind| begin.media_type.starts_with(kind));
        if !is_taken || begin.total_bytes == 0 {
            return problems::invalid("media_type or total_bytes is not valid");
        }
        let id = self.next_media();
        let media = Media {
            owner: caller.account.to_owned(),
            media_type: begin.media_type,
            total_bytes: begin.total_bytes,
            segments: Default::default(),
            is_final: false,
            checks: plan.media_checks,
            fails: plan.media_fails,
            alt: None,
        };
        let key = media.key(id);
        self.media.insert(id, media);
        Reply::new(200, json!({ "data": { "id": id.to_string(), "media_key": key, "expires_after_secs": EXPIRES_S } }))
    }

    pub(super) fn append_media(&mut self, caller: Caller<'_>, id: &str, asked: &Asked) -> Reply {
        let Some(media) = self.own_media(caller, id).filter(|media| !media.is_final) else { return unknown() };
        let Some((index, bytes)) = segment(asked) else {
            return problems::invalid("media and segment_index are needed");
        };
        media.segments.insert(index, bytes);
        if media.bytes() > media.total_bytes {
            return problems::invalid("More bytes than total_bytes were sent");
        }
        Reply::new(200, json!({ "data": { "expires_at": caller.at.as_millis() / 1_000 + EXPIRES_S } }))
    }

    pub(super) fn finish_media(&mut self, caller: Caller<'_>, id: &str, plan: &Plan, record: &mut Record) -> Reply {
        let Some(media) = self.own_media(caller, id) else { return unknown() };
        let in_order = media.segments.keys().enumerate().all(|(place, index)| u32::try_from(place) == Ok(*index));
        if media.bytes() != media.total_bytes || !in_order {
            return problems::invalid("The segments are not the whole of the media");
        }
        if !std::mem::replace(&mut media.is_final, true) {
            record.done("media");
        }
        Reply::new(200, told(id, media, plan))
    }

    pub(super) fn media_status(&mut self, caller: Caller<'_>, asked: &Asked, plan: &Plan) -> Reply {
        let id = asked.query.get("media_id").map(String::as_str).unwrap_or_default();
        let Some(media) = self.own_media(caller, id).filter(|media| media.is_final) else { return unknown() };
        media.checks = media.checks.saturating_sub(1);
        Reply::new(200, told(id, media, plan))
    }

    pub(super) fn describe_media(&mut self, caller: Caller<'_>, body: &[u8]) -> Reply {
        let described: Described = match serde_json::from_slice(body) {
            Ok(described) => described,
            Err(error) => return problems::invalid(error.to_string()),
        };
        let text = described.metadata.alt_text.text;
        if text.is_empty() || text.chars().count() > LONGEST_ALT {
            return problems::invalid("alt_text has 1 to 1000 characters");
        }
        let Some(media) = self.own_media(caller, &described.id) else { return unknown() };
        media.alt = Some(text.clone());
        let associated = json!({ "alt_text": { "text": text } });
        Reply::new(200, json!({ "data": { "id": described.id, "associated_metadata": associated } }))
    }

    fn own_media(&mut self, caller: Caller<'_>, id: &str) -> Option<&mut Media> {
        self.media.get_mut(&number(id)?).filter(|media| media.owner.eq_ignore_ascii_case(caller.account))
    }

    fn next_media(&self) -> Number {
        self.media.last_key_value().map_or(1_800_000_000_000_000_000, |(last, _)| last + 1)
    }

    /// All of it, in order.
    pub(crate) fn uploads(&self) -> Vec<Value> {
        let of = |(id, media): (&Number, &Media)| {
            json!({
                "id": id.to_string(), "account": media.owner, "media_type": media.media_type, "bytes": media.bytes(),
                "is_final": media.is_final, "alt_text": media.alt,
            })
        };
        self.media.iter().map(of).collect()
    }
}

fn told(id: &str, media: &Media, plan: &Plan) -> Value {
    let key = number(id).map(|id| media.key(id));
    let mut data = json!({ "id": id, "media_key": key, "size": media.bytes(), "expires_after_secs": EXPIRES_S });
    if plan.media_checks > 0 || media.checks > 0 || media.fails {
        data["processing_info"] = media.progress(plan.media_checks);
    }
    json!({ "data": data })
}

fn unknown() -> Reply {
    problems::invalid("Your media IDs are invalid.")
}

/// Place and size of a segment: of a form in parts, or of JSON with base64.
fn segment(asked: &Asked) -> Option<(u32, u64)> {
    let kind = asked.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let Some((_, boundary)) = kind.split_once("boundary=") else {
        let segment: Segment = serde_json::from_slice(&asked.body).ok()?;
        return Some((segment.segment_index, STANDARD.decode(segment.media).ok()?.len() as u64));
    };
    let parts = parts(&asked.body, boundary.trim_matches('"'));
    let of = |name: &str| parts.iter().find(|(found, _)| found == name).map(|(_, content)| *content);
    let index = std::str::from_utf8(of("segment_index")?).ok()?.trim().parse().ok()?;
    Some((index, of("media")?.len() as u64))
}

/// Names and contents of a form in parts.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<(String, &'a [u8])> {
    let mark = format!("--{boundary}");
    let mut places = Vec::new();
    let mut from = 0;
    while let Some(at) = body.get(from..).and_then(|rest| find(rest, mark.as_bytes())) {
        places.push(from + at);
        from += at + mark.len();
    }
    let part = |place: &[usize]| {
        let [start, end] = *place else { return None };
        let part = body.get(start + mark.len()..end)?.strip_prefix(b"\r\n")?;
        let at = find(part, b"\r\n\r\n")?;
        let (head, content) = (part.get(..at)?, part.get(at + 4..)?);
        let head = String::from_utf8_lossy(head).into_owned();
        let name = head.split("name=\"").nth(1)?.split('"').next()?.to_owned();
        Some((name, content.strip_suffix(b"\r\n")?))
    };
    places.windows(2).filter_map(part).collect()
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_in_parts_is_read() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"segment_index\"\r\n\r\n2\r\n\
                     --b\r\nContent-Disposition: form-data; name=\"media\"; filename=\"blob\"\r\n\
                     Content-Type: application/octet-stream\r\n\r\n\r\n\x00\xff-\r\n--b--\r\n";
        let found = parts(body, "b");
        assert_eq!(found[0], ("segment_index".to_owned(), b"2".as_slice()));
        assert_eq!(found[1], ("media".to_owned(), b"\r\n\x00\xff-".as_slice()));
    }
}
