//! Taking the words out of a record: its shape, ids and numbers stay, what somebody said does not.

use serde_json::json;

use crate::{Decision, Json, LogLine, Memory, NumberedDecision, Read, RelationshipChange, StateBytes};

/// What stands where words were that had to be forgotten.
pub const FORGOTTEN: &str = "[forgotten]";

/// Something that holds words.
pub trait ForgetWords {
    /// Puts [`FORGOTTEN`] in the place of every word that is not an id, a kind or a time.
    fn forget_words(&mut self);
}

impl<T: ForgetWords> ForgetWords for Vec<T> {
    fn forget_words(&mut self) {
        self.iter_mut().for_each(ForgetWords::forget_words);
    }
}

impl ForgetWords for String {
    fn forget_words(&mut self) {
        FORGOTTEN.clone_into(self);
    }
}

impl ForgetWords for Memory {
    fn forget_words(&mut self) {
        self.content.forget_words();
        self.metadata.clear();
        self.author = None;
    }
}

impl ForgetWords for RelationshipChange {
    fn forget_words(&mut self) {
        self.interaction.iter_mut().chain(&mut self.note).for_each(ForgetWords::forget_words);
    }
}

impl ForgetWords for Read {
    fn forget_words(&mut self) {
        self.request = Json::of(FORGOTTEN);
        self.answer = Json::of(FORGOTTEN);
    }
}

impl ForgetWords for LogLine {
    fn forget_words(&mut self) {
        self.message.forget_words();
        self.fields.clear();
    }
}

impl ForgetWords for NumberedDecision {
    fn forget_words(&mut self) {
        self.decision.forget_words();
    }
}

impl ForgetWords for Decision {
    fn forget_words(&mut self) {
        match self {
            Self::Post { text, images } | Self::Reply { text, images, .. } => {
                text.forget_words();
                images.clear();
            }
            Self::Thread { parts } => parts.forget_words(),
            Self::Quote { text, .. } => text.forget_words(),
            Self::Remember { memory } | Self::Supersede { memory, .. } => memory.forget_words(),
            Self::ShiftMood { cause, .. } => cause.forget_words(),
            Self::AdjustRelationship { target, change } => {
                target.forget_words();
                change.forget_words();
            }
            Self::SetTimer { name, payload, .. } => {
                name.forget_words();
                *payload = json!({});
            }
            Self::CancelTimer { name } => name.forget_words(),
            Self::PutState { data, .. } => *data = StateBytes::Text(FORGOTTEN.to_owned()),
            Self::Emit { payload, .. } => *payload = json!({}),
            // Who gave what for what is a matter of accounts.
            Self::Swap { intent, .. } => intent.reason.forget_words(),
            Self::Like { .. } | Self::Delete { .. } | Self::Forget { .. } | Self::Pin { .. } | Self::ClearState {} => {}
        }
    }
}

impl Decision {
    /// Whether words that it had were forgotten: nobody says it any more.
    pub fn is_forgotten(&self) -> bool {
        match self {
            Self::Post { text, .. } | Self::Reply { text, .. } | Self::Quote { text, .. } => text == FORGOTTEN,
            Self::Thread { parts } => parts.iter().any(|part| part == FORGOTTEN),
            _ => false,
        }
    }
}
