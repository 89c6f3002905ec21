//! What an account's posts on X carry beside their words: labels, who may answer, in which community they appear.

use serde_json::{Value, json};

use super::Draft;

/// How an account posts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manner {
    /// Its posts are labelled as made by a machine.
    pub made_with_ai: bool,
    /// And as paid for by somebody.
    pub paid_partnership: bool,
    /// Who may answer what it begins; none: everybody.
    pub reply_settings: Option<ReplySettings>,
    /// The id of the community in which what it begins appears.
    pub community: Option<String>,
}

/// Who may answer a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplySettings {
    /// Whom the account follows.
    Following,
    /// Whom the post names.
    MentionedUsers,
    /// Who subscribes to the account.
    Subscribers,
    /// Who is verified.
    Verified,
}

impl ReplySettings {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Following, Self::MentionedUsers, Self::Subscribers, Self::Verified];
    /// As X writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Following => "following",
            Self::MentionedUsers => "mentionedUsers",
            Self::Subscribers => "subscribers",
            Self::Verified => "verified",
        }
    }
}

impl Manner {
    /// Adds it to the body of a post. An answer stands where what it answers stands, by the rules of that.
    pub(super) fn put(&self, body: &mut Value, draft: &Draft<'_>) {
        if self.made_with_ai {
            body["made_with_ai"] = json!(true);
        }
        if self.paid_partnership {
            body["paid_partnership"] = json!(true);
        }
        if draft.in_reply_to.is_some() {
            return;
        }
        if let Some(settings) = self.reply_settings {
            body["reply_settings"] = json!(settings.name());
        }
        if let Some(community) = &self.community {
            body["community_id"] = json!(community);
        }
    }
}
