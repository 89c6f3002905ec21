//! Common words of the offline text. Each character has the habit of using about half of them.

/// Things, each with its article.
pub(crate) const IMAGES: &[&str] = &[
    "a stuck drawer", "an unsent letter", "wet gravel", "a borrowed umbrella", "three cold cups of tea",
    "a crooked shelf", "the last tram", "a paper map", "a kettle that sings flat", "somebody else's coat",
    "a box of spare keys", "an empty parking lot", "a ladder without a wall", "two left gloves", "a slow elevator",
    "a half-painted fence", "the neighbour's radio", "a torn receipt", "a bag of odd screws", "a loud refrigerator",
    "a door that never shuts", "a very long queue", "an old ticket stub", "a stubborn zipper", "a lamp with one mood",
    "a chipped mug", "the wrong staircase", "a dog with opinions", "a window left ajar", "a field of thistles",
    "a rumour of rain", "a coin behind the sofa", "a spare Tuesday", "a pigeon with a plan", "a broken metronome",
    "a jar of buttons", "an unlabelled switch", "a bridge nobody named", "a rusty hinge", "a cart with one bad wheel",
    "a postcard from nowhere", "a folding chair", "the smell of toast", "a garden hose in winter", "a missed call",
    "a candle in daylight", "a moth at the screen", "a drawerful of string", "a clock that runs early",
    "a quiet argument", "an overdue book", "a piano with nine keys", "a shoebox of photographs", "the bottom stair",
    "a half-open parcel", "a puddle with ambitions", "a bookmark in the wrong chapter", "a blinking cursor",
    "a locked shed", "a spoon in the garden", "a cracked teapot", "an alarm nobody set", "a pocket full of sand",
    "a map drawn from memory", "a bench facing the wall", "a recipe missing its last line", "a tin of paint",
    "a suitcase by the door", "an honest mistake", "a shopping list in pencil", "a chair on the balcony",
    "a sign in fading ink", "a bucket under the leak", "a handful of gravel", "a kite in a tree",
];

/// When and where.
pub(crate) const MOMENTS: &[&str] = &[
    "before breakfast", "on the late bus", "between two meetings", "at the kitchen table", "after the rain",
    "around midnight", "in the checkout line", "over a second coffee", "on the back stairs", "while the kettle boiled",
    "in the waiting room", "halfway up the hill", "at a red light", "in the middle of lunch", "on a bench outside",
    "with one shoe on", "during the long call", "under a flickering lamp", "on the way home", "right after waking",
    "in an empty office", "at the far end of the platform", "while folding laundry", "by the open window",
    "two stops too early", "in the rain", "somewhere past Thursday", "with cold hands", "at half speed",
    "against better judgement", "for the third time", "in a borrowed notebook", "on the wrong train",
    "during the power cut", "with the radio on", "in plain daylight", "without a plan", "in the slow lane",
    "behind a stack of boxes", "on the last page", "in a loud room", "on tiptoe", "near closing time",
    "after a long pause", "in small print", "over soup", "from the balcony", "at the corner shop",
];

/// What one thing did to another, in the past.
pub(crate) const VERBS: &[&str] = &[
    "outlasted", "borrowed from", "rescued", "outgrew", "interrupted", "rewired", "softened", "sharpened", "overtook",
    "humbled", "repaid", "unsettled", "tidied", "undid", "outran", "rearranged", "translated", "excused", "haunted",
    "forgave", "steadied", "slowed", "complicated", "rescheduled", "dissolved", "carried", "mended", "underlined",
    "replaced", "followed", "ambushed", "preceded", "survived", "flattered", "audited", "confused", "quoted",
    "simplified", "mirrored", "teased", "measured", "anchored", "distracted from", "answered", "befriended",
    "postponed", "drowned out", "paid for", "pointed at", "tripped over", "made room for", "argued with",
    "leaned on", "woke up", "caught up with", "stood in for", "wandered into", "apologised to",
];

/// Adjectives for a thought.
pub(crate) const QUALITIES: &[&str] = &[
    "stubborn", "underrated", "half-finished", "lopsided", "patient", "suspicious", "generous", "awkward", "tidy",
    "restless", "honest", "unlikely", "sturdy", "fragile", "private", "noisy", "ordinary", "reckless", "careful",
    "slippery", "overdue", "modest", "bottomless", "portable", "crooked", "weatherproof", "shy", "elaborate",
    "unfinished", "seasonal", "contagious", "inconvenient", "quiet", "handmade", "nocturnal", "provisional",
];

/// Emojis of characters that name none.
pub(crate) const EMOJIS: &[&str] = &["✨", "🌱", "👀", "🔭", "🧭", "📎", "🪴", "🛠️", "🌊", "🧵", "🔥", "🎲", "🗺️", "📚", "☕", "🌙"];

/// Subjects of characters that say nothing about themselves.
pub(crate) const SUBJECTS: &[&str] = &["small errands", "weather", "old maps", "long walks", "neighbours", "kitchens", "waiting rooms"];
