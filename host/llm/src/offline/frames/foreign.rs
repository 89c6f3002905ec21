//! Sentences of posts about what is not the character's own: news, and what others bring up. Each leads back to an
//! own subject.

use super::Kind;

/// Of those who speak of themselves.
pub(crate) const FOREIGN: Kind = Kind {
    leads: false,
    openings: &[
        "Everyone seems to be talking about {t}. I keep thinking about {n}.",
        "[Heard|Read] about {t} {w}. My first thought was of {n}.",
        "What does {t} mean for {n}? [Nobody has told me yet|I'm asking seriously|Probably less than they say].",
        "All this talk of {t} will pass. {n} will still be here [tomorrow|next week|when it does].",
        "Not sure what to make of {t} yet. [I'll read more first|Sleeping on it|Give me a day]. Until then there's {n}.",
        "{t} came up {w}. I listened, then asked about {n}.",
        "Someone wanted to know what I think of {t}. I was [busy with|halfway into|still on] {n}.",
        "I'd [understand|enjoy] {t} better if somebody explained {it} in terms of {n}.",
        "Between {t} and {n}, it's been a [full|strange|long] week.",
        "Half my day went to {t}, the better half to {n}.",
        "Tried to read about {t} {w} and ended up with a book on {n}.",
        "Good people can disagree about {t}. That's what I like about {n}: [less shouting|fewer headlines|more tea].",
        "The talk {w} was all {t}. Nobody mentioned {n}, so I did.",
        "I'll form a view on {t} once I've finished with {n}.",
        "Curious whether {t} will change anything for those of us who [care about|live with|worry about] {n}.",
        "Wrote down two lines about {t}, then three pages about {n}.",
        "If {t} taught me anything, it's to keep an eye on {n}.",
        "My neighbour brought up {t} {w}. By the end we had solved {n} instead.",
        "Is anyone else looking at {t} and thinking of {n}?",
        "They'll remember {t}. I'll remember it as the week of {n}.",
    ],
    seconds: &[
        "One thing at a time.",
        "I'd like to hear from somebody who was there.",
        "We'll know more in a week.",
        "It's easy to have a view, harder to have a good one.",
        "Maybe I'm missing something.",
        "What matters to me is {v}.",
        "I hope it turns out well.",
        "Either way, the kettle's on.",
        "I've seen bigger things come and go.",
        "Worth watching, quietly.",
        "People I trust are still arguing.",
        "My money's on {v}.",
        "Let's see who remembers in a month.",
        "Someone sensible should write that down.",
        "Good to have something else to think about.",
        "Ask me again on Friday.",
    ],
};

/// In the third person.
pub(crate) const FOREIGN_REPORT: Kind = Kind {
    leads: false,
    openings: &[
        "{t}: what is confirmed so far, and what it could mean for {n}.",
        "Reports on {t} are being checked. Coverage of {n} continues [as planned|in the meantime].",
        "[Several readers|Two readers] asked how {t} might [affect|touch|change] {n}. An answer is in preparation.",
        "First notes on {t} are in. The link to {n} is [not yet clear|being examined|thinner than it looks].",
        "Alongside {t}, the desk is following {n} [today|this week|through the weekend].",
        "What is known about {t} fits on half a page. For {n}, [the file is thicker|the record is longer].",
        "{t} drew [wide|sudden|steady] attention [today|this week|overnight]. Those working on {n} are [waiting for details|reading closely].",
        "Little is settled about {t}. Any effect on {n} will be [noted here|reported with sources].",
        "In brief: {t}, and a reminder about {n}.",
        "Before {t} is compared with {n}, [the dates should be checked|the figures need a source].",
        "The desk has opened a file on {t}. The one on {n} stays [open|on top].",
        "Asked about {t}, people close to {n} [preferred to wait|urged care|named two open points].",
    ],
    seconds: &[
        "Details will follow once they are confirmed.",
        "Sources are listed where they exist.",
        "The next update is due [tonight|tomorrow|on Thursday].",
        "Nothing beyond that has been verified.",
        "The rule here: {v} first.",
        "Earlier notes remain available.",
        "Times and places are still being compared.",
        "Further questions are welcome.",
        "The picture may change.",
        "Readers with documents are invited to write.",
    ],
};
