//! Moments, and what characters without any words of their own have.

/// When and where something is, was or will be.
pub(crate) const MOMENTS: &[&str] = &[
    "before breakfast",
    "on the late bus",
    "between two errands",
    "at the kitchen table",
    "after the rain",
    "around midnight",
    "in the checkout line",
    "over a second coffee",
    "on the back stairs",
    "in the waiting room",
    "halfway up the hill",
    "at a red light",
    "during lunch",
    "on a bench outside",
    "on the way home",
    "at the far end of the platform",
    "while folding laundry",
    "by the open window",
    "with the radio on",
    "near closing time",
    "over soup",
    "from the balcony",
    "at the corner shop",
    "long after supper",
    "on a slow afternoon",
    "at the bus stop",
    "between showers",
    "in a very quiet room",
    "at the barber's",
    "over toast",
    "on the first cold day",
    "just before dark",
    "on market day",
    "at the back of the library",
    "over a late lunch",
    "by candlelight",
    "on the ferry",
    "in the garden",
    "at the front door",
    "on a cold platform",
    "between two phone calls",
    "on the stairs",
    "in the back of a taxi",
];

/// When something was.
pub(crate) const PAST_MOMENTS: &[&str] = &[
    "last night",
    "earlier today",
    "this morning",
    "while the kettle boiled",
    "on Tuesday of all days",
    "during a long phone call",
    "while waiting for paint to dry",
    "right after waking",
    "two stops before mine",
    "before anyone else was up",
    "on Sunday",
    "two days ago",
    "yesterday",
    "the other day",
    "last week",
    "on my way back from town",
    "while it rained",
    "the moment I sat down",
];

/// Who a desk hears from.
pub(crate) const PEOPLE: &[&str] = &[
    "two readers",
    "an engineer",
    "a retired surveyor",
    "the night shift",
    "a former inspector",
    "local staff",
    "a student",
    "several teachers",
    "one longtime subscriber",
    "a reader from the coast",
    "an archivist",
    "a small team",
    "three colleagues",
    "a visiting researcher",
    "a careful critic",
    "the evening class",
    "someone close to the work",
    "a translator",
    "an early witness",
    "the records office",
];

/// Days of a desk, gone by.
pub(crate) const DATES: &[&str] = &[
    "overnight",
    "this morning",
    "on Tuesday",
    "at midday",
    "on Wednesday evening",
    "early today",
    "late on Friday",
    "shortly after noon",
    "during the first session",
    "over the weekend",
    "yesterday",
    "between two meetings",
    "at the start of the week",
];

/// Days of a desk, to come.
pub(crate) const DATES_AHEAD: &[&str] = &[
    "before the weekend",
    "at the end of the month",
    "within ten days",
    "on Thursday",
    "in the second half of the week",
    "by Monday",
    "tomorrow",
    "next week",
    "before noon tomorrow",
    "in the coming days",
];

/// Emojis of characters that name none.
pub(crate) const EMOJIS: &[&str] =
    &["✨", "🌱", "👀", "🔭", "🧭", "📎", "🪴", "🛠️", "🌊", "🧵", "🔥", "🎲", "🗺️", "📚", "☕", "🌙"];

/// Subjects of characters that say nothing about themselves.
pub(crate) const SUBJECTS: &[&str] = &[
    "small errands",
    "the weather",
    "old maps",
    "long walks",
    "good neighbours",
    "kitchen shelves",
    "waiting rooms",
    "second hand books",
    "morning trains",
    "handwriting",
];
