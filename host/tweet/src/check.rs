//! What a decision must satisfy before it is recorded.

use std::ops::RangeInclusive;

use puppet_types::{AccountId, Code, Decision, Image, NumberedDecision, PostId, PostRef, Refusal};

use crate::weight::{MAX_WEIGHT, weighted_length};

/// Images of one post.
pub const IMAGES: usize = 4;
/// Longest description of an image, in characters.
pub const ALT_TEXT_CHARS: usize = 1_000;
/// Parts of a thread.
pub const PARTS: RangeInclusive<usize> = 2..=25;

/// Longest id of a post in digits.
const ID_DIGITS: usize = 32;
/// Longest name of an account in bytes.
const ACCOUNT_BYTES: usize = 64;

/// How own posts of the same call are named.
pub(crate) const DECISION_ID: &str = "decision:";

/// The text of a post.
pub(crate) fn text(text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return Err(invalid("the text is blank"));
    }
    // What X refuses in any text.
    if text.contains(['\u{feff}', '\u{fffe}', '\u{ffff}']) {
        return Err(invalid("the text holds a byte order mark or a character that is none"));
    }
    if text.contains(|c: char| c.is_control() && !"\n\r\t".contains(c)) {
        return Err(invalid("the text holds a control character"));
    }
    let weight = weighted_length(text);
    if weight > MAX_WEIGHT {
        return Err(Refusal::call(Code::TooLong, format!("the text weighs {weight}: at most {MAX_WEIGHT}")));
    }
    Ok(())
}

/// The parts of a thread.
pub(crate) fn parts(parts: &[String]) -> Result<(), Refusal> {
    if !PARTS.contains(&parts.len()) {
        let (least, most) = PARTS.into_inner();
        return Err(invalid(format!("a thread of {}: it takes {least} to {most} parts", parts.len())));
    }
    for (part, n) in parts.iter().zip(1..) {
        text(part).map_err(|refusal| match refusal {
            Refusal::Call(error) => Refusal::call(error.code, format!("part {n}: {}", error.message)),
            breach @ Refusal::Breach(..) => breach,
        })?;
    }
    Ok(())
}

/// Images of the pack's assets.
pub(crate) fn images(images: &[Image], assets: &[String]) -> Result<(), Refusal> {
    for image in images {
        let asset = image.asset.as_str();
        let leaves = asset.split(['/', '\\']).any(|part| part == "..");
        if asset.is_empty() || asset.starts_with(['/', '\\']) || leaves {
            return Err(invalid(format!("`{asset}` is not a path below the pack's assets")));
        }
        if !assets.iter().any(|known| known == asset) {
            return Err(Refusal::call(Code::NotFound, format!("the pack has no asset `{asset}`")));
        }
    }
    described(images)
}

/// Images, wherever they lie: how many, and what is said of each.
pub(crate) fn described(images: &[Image]) -> Result<(), Refusal> {
    if images.len() > IMAGES {
        return Err(invalid(format!("{} images: at most {IMAGES}", images.len())));
    }
    for Image { asset, alt_text } in images {
        let chars = alt_text.chars().count();
        if alt_text.trim().is_empty() {
            return Err(invalid(format!("`{asset}` has no description")));
        }
        if chars > ALT_TEXT_CHARS {
            let message = format!("the description of `{asset}` has {chars} characters: at most {ALT_TEXT_CHARS}");
            return Err(Refusal::call(Code::TooLong, message));
        }
    }
    Ok(())
}

/// A reference to a post: an id, or an earlier decision of this call that makes a post. The name that
/// `own-posts` gives to the latter is taken for it.
pub(crate) fn reference(reference: PostRef, decided: &[NumberedDecision]) -> Result<PostRef, Refusal> {
    let n = match reference {
        PostRef::Decision(n) => n,
        PostRef::Id(id) => match id.as_str().strip_prefix(DECISION_ID).and_then(|n| n.parse().ok()) {
            Some(n) => n,
            None => return self::id(id).map(PostRef::Id),
        },
    };
    let earlier = decided.iter().find(|numbered| numbered.n == n).map(|numbered| &numbered.decision);
    match earlier {
        Some(Decision::Post { .. } | Decision::Thread { .. } | Decision::Reply { .. } | Decision::Quote { .. }) => {
            Ok(PostRef::Decision(n))
        }
        Some(other) => Err(invalid(format!("decision {n} is a `{}` and makes no post", other.kind()))),
        None => Err(invalid(format!("there is no decision {n} in this call"))),
    }
}

/// An id of a post.
pub(crate) fn id(id: PostId) -> Result<PostId, Refusal> {
    let text = id.as_str();
    if text.is_empty() || text.len() > ID_DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid(format!("`{}` is not the id of a post", shown(text))));
    }
    Ok(id)
}

/// The name of an account, with or without `@`.
pub(crate) fn account(name: &str) -> Result<AccountId, Refusal> {
    let bare = name.strip_prefix('@').unwrap_or(name);
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if bare.is_empty() || bare.len() > ACCOUNT_BYTES || !bare.chars().all(known) {
        return Err(invalid(format!("`{}` is not the name of an account", shown(name))));
    }
    Ok(AccountId::new(bare))
}

/// The beginning of a text that may be of any length.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

pub(crate) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::call(Code::InvalidInput, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<A: std::fmt::Debug>(result: Result<A, Refusal>) -> Code {
        match result.unwrap_err() {
            Refusal::Call(error) => error.code,
            Refusal::Breach(..) => panic!("a breach"),
        }
    }

    #[test]
    fn texts() {
        assert!(text(&"a".repeat(280)).is_ok());
        assert_eq!(code(text(&"a".repeat(281))), Code::TooLong);
        assert!(text(&"字".repeat(141)).unwrap_err().to_string().contains("282"));
        assert!(text("two\r\n\tlines").is_ok());
        for bad in ["", " \n\t", "a\u{feff}", "a\0", "\x1b[2Ja", "a\u{85}"] {
            assert_eq!(code(text(bad)), Code::InvalidInput, "{bad:?}");
        }
    }

    #[test]
    fn threads() {
        let of = |count: usize| vec!["part".to_owned(); count];
        assert!(parts(&of(2)).is_ok() && parts(&of(25)).is_ok());
        for count in [0, 1, 26] {
            assert_eq!(code(parts(&of(count))), Code::InvalidInput, "{count}");
        }
        let long = ["short".to_owned(), "a".repeat(300)];
        assert!(parts(&long).unwrap_err().to_string().contains("part 2: the text weighs 300"));
    }

    #[test]
    fn images_come_from_the_pack_and_are_described() {
        let assets = ["cat.png".to_owned(), "in/dog.png".to_owned()];
        let of = |asset: &str, alt: &str| Image { asset: asset.to_owned(), alt_text: alt.to_owned() };
        let check = |list: &[Image]| super::images(list, &assets);
        assert!(check(&[of("cat.png", "a cat"), of("in/dog.png", "a dog")]).is_ok());
        assert_eq!(code(check(&vec![of("cat.png", "a cat"); 5])), Code::InvalidInput);
        assert_eq!(code(check(&[of("bird.png", "a bird")])), Code::NotFound);
        assert_eq!(code(check(&[of("cat.png", " ")])), Code::InvalidInput);
        assert!(check(&[of("cat.png", &"ü".repeat(1_000))]).is_ok());
        assert_eq!(code(check(&[of("cat.png", &"ü".repeat(1_001))])), Code::TooLong);
        for path in ["", "/etc/passwd", "../cat.png", "in/../cat.png", "..\\cat.png"] {
            assert_eq!(code(check(&[of(path, "x")])), Code::InvalidInput, "{path}");
        }
    }

    #[test]
    fn references_point_to_posts() {
        let like = Decision::Like { of: PostRef::Id("1".into()) };
        let post = Decision::Post { text: "x".to_owned(), images: Vec::new() };
        let decided: Vec<_> =
            [like, post].into_iter().zip(0..).map(|(decision, n)| NumberedDecision { n, decision }).collect();
        let check = |of: PostRef| super::reference(of, &decided);
        assert_eq!(check(PostRef::Decision(1)), Ok(PostRef::Decision(1)));
        assert_eq!(check(PostRef::Id("decision:1".into())), Ok(PostRef::Decision(1)));
        assert_eq!(check(PostRef::Id("123".into())), Ok(PostRef::Id("123".into())));
        assert!(check(PostRef::Id("9".repeat(32).into())).is_ok());
        for bad in ["", "12a", "-1", "decision:x", "decision:0", "decision:2", &"9".repeat(33)] {
            assert_eq!(code(check(PostRef::Id(bad.into()))), Code::InvalidInput, "{bad}");
        }
        for bad in [0, 2] {
            assert_eq!(code(check(PostRef::Decision(bad))), Code::InvalidInput, "{bad}");
        }
    }

    #[test]
    fn accounts() {
        assert_eq!(account("@Ada"), Ok("Ada".into()));
        assert_eq!(account("news-bot.2"), Ok("news-bot.2".into()));
        for bad in ["", "@", "a b", "@@a", "ä", &"a".repeat(65)] {
            assert_eq!(code(account(bad)), Code::InvalidInput, "{bad}");
        }
    }
}
