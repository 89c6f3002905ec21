//! Pages of lists: how long one is, and where the next begins.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    fault::{Fault, Result},
    v1::asked::Page,
};

/// Items of a page where nothing else is asked for.
pub const LIMIT: usize = 50;
/// Most items of a page.
pub const LIMIT_MOST: usize = 200;
/// Longest cursor in bytes.
const CURSOR_BYTES: usize = 1_024;
/// Of the checksum before a cursor's content, in bytes.
const CHECK: usize = 6;

/// A list, as `docs/schemas` has it.
#[derive(Debug, Serialize)]
pub struct List<T> {
    /// `puppet.<name>/1`.
    pub schema: &'static str,
    /// This page.
    pub items: Vec<T>,
    /// Where the next page begins; none on the last.
    pub next: Option<String>,
}

/// The parameter `limit`.
///
/// # Errors
/// It is not within 1 to [`LIMIT_MOST`].
pub fn limit(asked: Option<u32>) -> Result<usize> {
    match asked.map(|asked| usize::try_from(asked).unwrap_or(usize::MAX)) {
        None => Ok(LIMIT),
        Some(asked) if (1..=LIMIT_MOST).contains(&asked) => Ok(asked),
        Some(asked) => {
            let remedy = format!("ask for 1 to {LIMIT_MOST}");
            Err(Fault::input("bad-value", format!("`limit` is {asked}"), remedy).of_field("limit"))
        }
    }
}

/// A page of rows, of which one more than `limit` was asked for, and the place where the next begins: that of its last.
pub fn cut<T, P>(mut rows: Vec<T>, limit: usize, place: impl Fn(&T) -> P) -> (Vec<T>, Option<P>) {
    let is_last = rows.len() <= limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| !is_last).map(place);
    (rows, next)
}

/// A page of a list that comes whole, in an order of its own: `schema` and what stands beside `items` stay. A page begins after the
/// last item of the one before, by what `names` it; where that has gone meanwhile, at its place.
///
/// # Errors
/// `limit` or `cursor` is none of this list, or the value has no items.
pub fn of_whole(list: &str, mut whole: Value, asked: &Page, names: &[&str]) -> Result<Value> {
    let limit = limit(asked.limit)?;
    let after: Option<(usize, Value)> = place(list, asked.cursor.as_deref())?;
    let Value::Array(mut items) = whole["items"].take() else { return Err(Fault::internal("a list without items")) };
    let name = |item: &Value| names.iter().map(|name| item[*name].clone()).collect::<Value>();
    let begin = match &after {
        None => 0,
        Some((at, last)) if items.get(*at).is_some_and(|item| name(item) == *last) => at + 1,
        Some((at, last)) => items.iter().position(|item| name(item) == *last).map_or(*at, |at| at + 1),
    };
    items.drain(..begin.min(items.len()));
    let is_last = items.len() <= limit;
    items.truncate(limit);
    let next = items.last().filter(|_| !is_last).map(|last| cursor(list, &(begin + limit - 1, name(last))));
    whole["next"] = json!(next);
    whole["items"] = Value::Array(items);
    Ok(whole)
}

/// Where a page of the list `list` begins. `list` is the route's own word, so that a cursor of another list is refused.
pub fn cursor<T: Serialize>(list: &str, place: &T) -> String {
    let place = serde_json::to_vec(place).unwrap_or_default();
    let mut bytes = check(list, &place).to_vec();
    bytes.extend(place);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads what [`cursor`] wrote.
///
/// # Errors
/// It is damaged, or of another list.
pub fn place<T: DeserializeOwned>(list: &str, cursor: Option<&str>) -> Result<Option<T>> {
    let Some(cursor) = cursor else { return Ok(None) };
    let read = || {
        let bytes = (cursor.len() <= CURSOR_BYTES).then(|| URL_SAFE_NO_PAD.decode(cursor).ok()).flatten()?;
        let (sum, place) = bytes.split_at_checked(CHECK)?;
        (sum == check(list, place)).then(|| serde_json::from_slice(place).ok()).flatten()
    };
    match read() {
        Some(place) => Ok(Some(place)),
        None => {
            let remedy = "take `next` of the page before, or leave `cursor` out to begin anew";
            Err(Fault::input("bad-cursor", "`cursor` is not one of this list", remedy).of_field("cursor"))
        }
    }
}

fn check(list: &str, place: &[u8]) -> [u8; CHECK] {
    let digest = Sha256::new().chain_update(list).chain_update([0]).chain_update(place).finalize();
    let mut check = [0; CHECK];
    check.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    check
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_by_its_own_list_and_by_no_other() {
        let text = cursor("journal", &(7_u64, "x"));
        assert_eq!(place::<(u64, String)>("journal", Some(&text)).unwrap(), Some((7, "x".to_owned())));
        assert_eq!(place::<u64>("journal", None).unwrap(), None);
        for (list, text) in [("outbox", text.as_str()), ("journal", &text[1..]), ("journal", "%"), ("journal", "")] {
            assert_eq!(place::<(u64, String)>(list, Some(text)).unwrap_err().code, "bad-cursor");
        }
    }

    #[test]
    fn a_page_that_is_not_the_last_ends_with_the_place_of_its_last_row() {
        let cut = |rows: &[u64]| super::cut(rows.to_vec(), 2, |row| row * 10);
        assert_eq!(cut(&[3, 2, 1]), (vec![3, 2], Some(20)));
        assert_eq!(cut(&[3, 2]), (vec![3, 2], None));
        assert_eq!(cut(&[]), (vec![], None));
    }

    #[test]
    fn a_whole_list_is_told_in_pages_whatever_comes_and_goes_between_them() {
        let whole = |ids: &[u64]| {
            let items: Vec<Value> = ids.iter().map(|id| json!({ "id": id, "it's": "x" })).collect();
            json!({ "schema": "puppet.x/1", "halted": null, "items": items, "next": null })
        };
        let page = |ids: &[u64], cursor: &Value| {
            let asked = Page { limit: Some(2), cursor: cursor.as_str().map(str::to_owned) };
            let page = of_whole("x", whole(ids), &asked, &["id"]).unwrap();
            let ids: Vec<u64> =
                page["items"].as_array().unwrap().iter().map(|item| item["id"].as_u64().unwrap()).collect();
            (ids, page["next"].clone())
        };
        let (first, next) = page(&[1, 2, 3, 4, 5], &Value::Null);
        assert_eq!(first, [1, 2]);
        assert_eq!(page(&[1, 2, 3, 4], &next), (vec![3, 4], Value::Null));
        assert_eq!(page(&[0, 1, 2, 3, 4], &next).0, [3, 4], "one came before");
        assert_eq!(page(&[2, 3, 4], &next).0, [3, 4], "one before has gone");
        assert_eq!(page(&[1, 3, 4], &next).0, [3, 4], "the last of the page has gone");
        assert_eq!(page(&[], &next), (vec![], Value::Null));
        let (second, next) = page(&[1, 2, 3, 4, 5], &next);
        assert_eq!((second, page(&[1, 2, 3, 4, 5], &next)), (vec![3, 4], (vec![5], Value::Null)));
        let asked = Page { limit: None, cursor: next.as_str().map(str::to_owned) };
        assert_eq!(of_whole("y", whole(&[1]), &asked, &["id"]).unwrap_err().code, "bad-cursor");
        let all = of_whole("x", whole(&[1, 2]), &Page::default(), &["id"]).unwrap();
        assert_eq!(all, whole(&[1, 2]), "what stands beside the items stays");
    }

    #[test]
    fn a_page_has_1_to_200_items() {
        assert_eq!((limit(None).unwrap(), limit(Some(200)).unwrap()), (50, 200));
        assert!(limit(Some(0)).is_err() && limit(Some(201)).is_err());
    }
}
