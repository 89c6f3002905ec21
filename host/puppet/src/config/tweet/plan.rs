//! `[tweet.x.plan]` and `[tweet.x.prices]`: what X takes of an account, by the plan of its app, and for how much.

use puppet_tweet::{
    XSettings,
    caps::{Cap, Caps},
    plan::{Priced, Prices},
    platform::PlatformRules,
};
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use crate::{
    config::{money::parse_usd_micros, read::Section, suggest},
    trouble::Result,
};

/// The most posts, or reads, that a cap may be of.
const MOST_PER_MONTH: u64 = 1_000_000_000;

/// `[tweet.x.plan]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Where the rules begin.
    pub name: PlanName,
    /// Answers go to those alone who summoned the account, or into its own threads.
    pub summoned_replies_only: bool,
    /// No quotes.
    pub no_quotes: bool,
    /// No likes.
    pub no_likes: bool,
    /// At most one cashtag in a post.
    pub one_cashtag: bool,
    /// The day of the month on which what the plan allows begins anew.
    pub renews_on: i8,
    /// What may be used of it at most.
    #[serde(flatten, serialize_with = "of_caps")]
    pub caps: Caps,
}

fn of_caps<S: Serializer>(caps: &Caps, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    for cap in Cap::ALL {
        map.serialize_entry(cap.name(), &caps.limit(cap))?;
    }
    map.end()
}

/// A plan of X.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanName {
    /// All rules hold.
    SelfServe,
    /// None does that is not named.
    Custom,
}

impl PlanName {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::SelfServe, Self::Custom];
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SelfServe => "self-serve",
            Self::Custom => "custom",
        }
    }
}

impl Default for Plan {
    fn default() -> Self {
        Self::named(PlanName::SelfServe)
    }
}

impl Plan {
    fn named(name: PlanName) -> Self {
        let PlatformRules { summoned_replies_only, no_quotes, no_likes, one_cashtag } = match name {
            PlanName::SelfServe => PlatformRules::SELF_SERVE,
            PlanName::Custom => PlatformRules::NONE,
        };
        let (renews_on, caps) = (XSettings::RENEWS_ON, Caps::default());
        Self { name, summoned_replies_only, no_quotes, no_likes, one_cashtag, renews_on, caps }
    }

    /// Which rules of X hold.
    pub fn rules(&self) -> PlatformRules {
        let Self { summoned_replies_only, no_quotes, no_likes, one_cashtag, .. } = *self;
        PlatformRules { summoned_replies_only, no_quotes, no_likes, one_cashtag }
    }

    /// Reads the section.
    pub(super) fn read(section: &Section<'_>) -> Result<Self> {
        let mut plan = Self::default();
        if let Some(found) = section.text("name", "`self-serve` or `custom`")? {
            let named = PlanName::ALL.into_iter().find(|name| name.name() == found.value);
            plan = Self::named(named.ok_or_else(|| {
                let remedy = suggest::remedy(&found.value, &PlanName::ALL.map(PlanName::name));
                section.wrong("name", found.line, format!("`{}` is no such word", found.value), remedy)
            })?);
        }
        let rules = [
            ("summoned_replies_only", &mut plan.summoned_replies_only),
            ("no_quotes", &mut plan.no_quotes),
            ("no_likes", &mut plan.no_likes),
            ("one_cashtag", &mut plan.one_cashtag),
        ];
        for (key, rule) in rules {
            if let Some(found) = section.boolean(key)? {
                *rule = found.value;
            }
        }
        if let Some(day) = section.integer("renews_on", 1..=28)? {
            plan.renews_on = i8::try_from(day.value).unwrap_or(XSettings::RENEWS_ON);
        }
        let dollars = "dollars of a day as a text, for example \"2.50\"";
        let number = |cap: Cap| -> Result<Option<u64>> {
            Ok(section.integer(cap.name(), 0..=MOST_PER_MONTH)?.map(|found| found.value))
        };
        plan.caps = Caps {
            usd_micros_per_day: section
                .parsed(Cap::UsdPerDay.name(), dollars, parse_usd_micros)?
                .map(|found| found.value),
            posts_per_month: number(Cap::PostsPerMonth)?,
            reads_per_month: number(Cap::ReadsPerMonth)?,
        };
        Ok(plan)
    }
}

/// `[tweet.x.prices]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct XPrices(pub Prices);

impl Serialize for XPrices {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(Priced::ALL.len()))?;
        for of in Priced::ALL {
            map.serialize_entry(of.name(), &self.0.price_of(of))?;
        }
        map.end()
    }
}

impl XPrices {
    /// Reads the section.
    pub(super) fn read(section: &Section<'_>) -> Result<Self> {
        let mut prices = Self::default();
        for of in Priced::ALL {
            let expected = "dollars as a text, for example \"0.015\"";
            if let Some(price) = section.parsed(of.name(), expected, parse_usd_micros)? {
                prices.0.set(of, price.value);
            }
        }
        Ok(prices)
    }
}
