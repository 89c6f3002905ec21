//! Every question is answered by an index that the host makes.

use crate::{queries, schema::INDEXES};

#[test]
fn every_question_has_its_index() {
    for query in queries::ALL {
        let id = [("_id", 1)];
        let keys: &[(&str, i32)] = match query.index {
            "_id_" => &id,
            name => {
                let index = INDEXES.iter().find(|index| index.collection == query.collection && index.name == name);
                index.unwrap_or_else(|| panic!("{}: there is no index {name} of {}", query.name, query.collection)).keys
            }
        };
        let fields: Vec<&str> = keys.iter().map(|(field, _)| *field).collect();
        let (equal, rest) = fields.split_at(query.equal.len().min(fields.len()));
        assert_eq!(equal, query.equal, "{}: what is equal comes first in the index", query.name);
        if let Some(first) = query.compared.first() {
            assert_eq!(rest.first(), Some(first), "{}: then what is compared", query.name);
        }
        // The order is the index's after what is equal, all the same way round or all the other.
        let ordered = &keys[query.equal.len()..];
        for turned in [1, -1] {
            let same = query.sort.iter().zip(ordered).all(|(sort, key)| sort.0 == key.0 && sort.1 == key.1 * turned);
            if same && query.sort.len() <= ordered.len() {
                break;
            }
            let by_equal = query.sort.iter().all(|(field, _)| query.equal.contains(field));
            assert!(turned == 1 || by_equal, "{}: {:?} is not the order of {keys:?}", query.name, query.sort);
        }
    }
}

#[test]
fn every_index_has_its_question() {
    for index in INDEXES {
        let asked = |query: &&&queries::Query| query.collection == index.collection && query.index == index.name;
        let asks = queries::ALL.iter().find(asked).is_some();
        assert!(asks || index.unique, "nobody asks {}.{}", index.collection, index.name);
    }
}

#[test]
fn a_question_that_was_not_declared_shows() {
    use mongodb::bson::doc;
    assert!(queries::EVENTS_WAITING.allows(&doc! {"state": "waiting", "seq": {"$gt": 1}}));
    assert!(!queries::EVENTS_WAITING.allows(&doc! {"state": "waiting", "kind": "a"}));
    assert!(!queries::ROWS_MOODS.allows(&doc! {"$or": [{"_id": "a"}, {"at": 5}]}));
}
