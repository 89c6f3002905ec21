//! What a commit does to the rows: whole documents written or deleted, so that doing it again comes to the same.

use mongodb::bson::{Bson, Document, doc};
use puppet_store::Result;

use crate::{
    fields::{Fields, corrupt},
    schema::{COMMITS, collection},
};

/// One row written or deleted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RowChange {
    pub(crate) collection: &'static str,
    pub(crate) id: String,
    /// None: it goes.
    pub(crate) row: Option<Document>,
    /// Whether there was no such row before.
    pub(crate) new: bool,
}

impl RowChange {
    /// As it stands in a commit document.
    pub(crate) fn document(self) -> Document {
        let mut document = doc! {"c": self.collection, "id": self.id, "new": self.new};
        if let Some(row) = self.row {
            document.insert("row", row);
        }
        document
    }

    /// And back.
    pub(crate) fn of(document: &Document) -> Result<Self> {
        let fields = Fields::of(COMMITS, document);
        let name = fields.text("c")?;
        let collection = collection(name).ok_or_else(|| corrupt(COMMITS, &format!("no collection {name} is known")))?;
        Ok(Self {
            collection,
            id: fields.text("id")?.to_owned(),
            row: document.get("row").and_then(Bson::as_document).cloned(),
            new: document.get_bool("new").unwrap_or(true),
        })
    }
}
