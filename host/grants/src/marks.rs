//! What becomes of links and of names in the texts that a pack posts.

/// What becomes of links, or of names, in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Marks {
    /// They stay.
    #[default]
    Allow,
    /// They are taken out of the text.
    Strip,
    /// Such a text is refused.
    Refuse,
}

impl Marks {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Allow, Self::Strip, Self::Refuse];
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Strip => "strip",
            Self::Refuse => "refuse",
        }
    }
    /// Of its name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|marks| marks.name() == name)
    }
}

/// What a grant of `tweet` says of texts. It narrows what the operator's policy lets through, and widens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TextMarks {
    /// Links.
    pub links: Marks,
    /// Names with `@`.
    pub mentions: Marks,
}

impl TextMarks {
    /// Whether it says nothing.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }
    /// Of each the stricter one.
    #[must_use]
    pub fn both(self, other: Self) -> Self {
        Self { links: self.links.max(other.links), mentions: self.mentions.max(other.mentions) }
    }
}
