//! Whole replies: `{t}` is what the other one spoke of, `{n}` an own subject.

/// To a question.
pub(crate) const TO_QUESTION: &[&str] = &[
    "For me it began with {n}, and {t} followed [years later|on its own|soon after].",
    "Honest answer about {t}: I [still don't know|change my mind weekly|would ask someone older].",
    "I've wondered about {t} too. My best guess is [habit|good luck|stubbornness].",
    "With {t} I'd start small, [then see|and take notes|and stay patient].",
    "Good question. Whatever {t} {is}, {they} reminded me of {n} from the first day.",
    "Depends who you ask about {t}. [I'd say yes|I'd say slowly|I've heard three answers this week].",
    "Most people get the beginning of {t} wrong, me included.",
    "Ask me about {t} on a [good day|Sunday] and I'd talk until dark. Short version: {v}.",
    "My answer on {t}: [less hurry|more listening|a good teacher|plenty of practice].",
    "I'd keep {t}, no question about it.",
    "I learned about {t} [from a neighbour|the slow way|by getting it wrong], and I'd do it again.",
    "{t}? [Early, before anyone else is up|With company, always|One evening at a time].",
    "When it comes to {t}, I trust {v} more than cleverness.",
    "Never had a straight answer about {t} myself. If you find one, tell me.",
    "I can tell you more about {n} than about {t}, but I'd say [go for it|wait a little|trust your nose].",
];

/// To something sad.
pub(crate) const TO_SAD: &[&str] = &[
    "Sorry to hear it. {t} can be [cruel|unkind|a lot] some weeks.",
    "That sounds rough. I hope {t} turn{s} around [soon|for you|by the weekend].",
    "Oh no, not {t}. Anything [I can do|that would help]?",
    "I've had weeks like that with {n}. Be kind to yourself, and give {t} some time.",
    "That's a hard one. I wouldn't wish {t} like that on anybody.",
    "What happened with {t} isn't your fault. Get some rest.",
    "Same thing happened here with {n} once. {t} will look [different|better] in a week.",
    "I'm sorry about {t}. [Tea helps a little|Tell me about it if you like|It does get better].",
    "Bad luck with {t}. Is there a way to [fix it|start again|soften the blow]?",
    "{t} again? You deserve a quiet week.",
    "Nobody tells you how much {t} can hurt. I'm listening.",
    "I'd be upset too, if it were {n}. How bad is it with {t}?",
    "Oof. {t}, of all things. Take the evening off if you can.",
    "Some weeks it's {n}, some weeks it's {t}. This one will end as well.",
    "That would have ruined my day as well. What will you do about {t}?",
    "Don't let {t} spoil the rest of the day, if you can help it.",
];

/// To something glad.
pub(crate) const TO_GLAD: &[&str] = &[
    "Lovely to read. {t} should have more days like that.",
    "Good news about {t} [made my morning|is always welcome|travels too slowly].",
    "That's wonderful. How long have you been at {t}?",
    "Well done. {t} clearly suit{s} you.",
    "Glad {t} went your way. Over here it was [a good day for|all about] {n}.",
    "You make {t} sound [easy|like a holiday|worth getting up for].",
    "This made me want to [drop everything for|read up on|try] {t}.",
    "I'm happy for you, and a little jealous about {t}.",
    "More of this, please. The world is short of {t}.",
    "Nice. If I had half your luck with {t} I'd be insufferable.",
    "A good word for {t} is rare these days. Thank you.",
    "Keep going. {t} and a cheerful mood are hard to beat.",
];

/// Agreeing, asking back, adding an example, disagreeing mildly.
pub(crate) const TO_ANYTHING: &[&str] = &[
    "Agreed. {t} get{s} too little credit.",
    "Agreed, and I'd add that {t} take{s} more patience than people expect.",
    "I feel the same about {t}, though I came to {it} [late|by accident|through {n}].",
    "That's {t} in one sentence. [Stealing it|Well put|Nothing to add].",
    "You put into words what I've thought about {t} for years.",
    "How did you end up with {t} in the first place?",
    "What would you tell someone just starting with {t}?",
    "How long did it take you to feel at home with {t}?",
    "{is} {t} something you [share with others|keep to yourself|talk about at home]?",
    "Do you think {t} will look the same in ten years?",
    "I'd say the same of {n}. Maybe {t} {is} not so different.",
    "It's like that with {n}, too. {t} just hide{s} it better.",
    "Last [week|month|spring] I had the same thought about {t}, on the way to {n}.",
    "My neighbour swears by {t}. I've stayed with {n}, but you make a good case.",
    "I'm not so sure. {t} can wait, I think, and {v} can't.",
    "Mostly yes, but I'd give {t} a little more [time|room|benefit of the doubt].",
    "I see {t} a bit differently: [slower|with fewer rules|from the other end]. Still, good point.",
    "Hm, I'd have said the opposite about {t} [a year ago|until this week]. Keep talking.",
    "Never looked at {t} from that side. I'll think it over [tonight|on the way home|at supper].",
    "Every time I hear about {t} I learn something. Thanks.",
    "Now I want to spend the [evening|weekend] on {t}.",
    "I'll remember that the next time {t} come{s} up.",
    "Somebody told me the exact same thing about {t} last week. There must be something in it.",
    "I once knew someone who talked of {t} the way you do. Good company.",
    "Put me down as curious about {t}. [Where do I start|What should I read first|Who should I ask]?",
    "Saving this. {t} and {n} would make a fine evening.",
    "Fair point about {t}. {n} taught me something similar.",
    "Would you say {t} {is} harder than {n}? I go back and forth.",
    "The bit about {t} made me nod out loud, if that's possible.",
    "Not a word against {t} from me.",
];

/// Where the other one speaks of what is an own subject too.
pub(crate) const TO_SHARED: &[&str] = &[
    "You had me at {t}.",
    "At last, somebody else who cares about {t}.",
    "{t}? Pull up a chair.",
    "I could talk about {t} all night. Don't tempt me.",
    "Wait until you hear my stories about {t}.",
    "Same here. {t} kept me busy most of [this week|last winter|the weekend].",
    "We should compare notes on {t} some time.",
    "My own rule for {t}: [never rush|write everything down|ask first, then act].",
    "With {t} I've made every mistake there is, so feel free to ask.",
    "Someone has been reading my diary. {t} {was} on every page.",
];

/// With a raised eyebrow.
pub(crate) const TO_WRY: &[&str] = &[
    "Bold of you to bring up {t} before [noon|coffee|the weekend].",
    "{t}, you say. My doctor told me to avoid the subject.",
    "I had an opinion on {t} once. It didn't survive the meeting.",
    "Careful, that's how it started with me and {n}. Now look. {t} could be next.",
    "Tell {t} I said hello, and that I want my weekend back.",
    "So we're all just going to be reasonable about {t} now? Fine.",
    "I'd argue, but you're right about {t}, which is annoying.",
    "Five stars for the bit about {t}. The rest of my day gets two.",
    "I give it a week before somebody sells {t} as a subscription.",
    "Ah, {t}. Like {n}, but with better excuses.",
];

/// With a soft spot.
pub(crate) const TO_WARM: &[&str] = &[
    "That's a kind way to talk about {t}. Thank you.",
    "I read this twice. {t} {was} lucky to have you notice.",
    "You'd have got on with my aunt. She felt the same about {t}.",
    "Come by some evening and tell me more about {t}.",
    "There's a warmth in how you talk about {t}. Don't lose it.",
    "Take your time with {t}. Nobody is counting.",
    "I'm glad someone is looking after {t}.",
    "This made me think of {n}, and of you, and of {t}, in that order.",
];

/// Those who ask.
pub(crate) const TO_CURIOUS: &[&str] = &[
    "What surprised you most about {t}?",
    "Tell me more: what {does} {t} look like on a bad day?",
    "When you say {t}, do you mean the start of it or the whole story?",
    "Who taught you about {t}? I'd like to hear that part.",
    "How would you measure {t}, if you had to?",
    "What would have to happen for you to give up on {t}?",
    "{does} {t} have anything in common with {n}, do you think?",
];

/// In the third person.
pub(crate) const REPORTED: &[&str] = &[
    "Noted. {t} will be on the list beside {n}.",
    "Thank you. Is there a source on {t} that can be quoted?",
    "On {t}: figures would help. Are any public?",
    "A fair point about {t}. The notes on {n} show something similar.",
    "Added to the file on {t}. More as it is confirmed.",
    "{t} may be connected with {n}. That is worth checking.",
    "Does that hold for {t} in general, or for this case?",
    "Good question on {t}. Short answer: the record is mixed.",
    "Earlier notes on {t} point the same way.",
    "Others have said the opposite about {t}. Both versions are on file.",
    "Since when {has} {t} looked like that? A date would help.",
    "That matches what is known about {t}. {n} may be next.",
    "Useful context for {n}. Who keeps the records on {t}?",
    "With {t}, the first account is rarely the whole one. Still, noted with thanks.",
    "This deserves a longer look. {t} and {n} are seldom compared.",
    "One question back: what would change the view on {t}?",
    "Readers ask about {t} often. This will be passed on.",
    "Worth a line on {t} {f}, beside {n}.",
    "{p} said much the same about {t}. It adds up.",
    "Would {p} agree about {t}? The question will be put.",
    "Then {t} belong{s} on the list, for a note {f}.",
    "Is this about {t} alone, or about {n} as well?",
    "Last time {t} came up, {p} asked for dates. The same applies here.",
    "An answer on {t} is due {f}. Until then, caution.",
    "For {t}, the older records at hand say [less|something else|the same in fewer words].",
    "Understood. {t} first, {n} after.",
    "That is one reading of {t}. Another comes from {p}.",
    "{t} again. Third mention this week, and not the last.",
    "What would {p} make of {t}? Worth asking.",
    "The file on {t} grows. {n} was added for comparison.",
    "On {t}, {p} can say more than this desk.",
    "How common is this with {t}? A rough count would do.",
    "The desk will look into {t} before the end of the week.",
];

/// Where nothing can be taken up.
pub(crate) const TO_NOTHING: &[&str] = &[
    "I hear you. Over here it's all {n} today.",
    "Fair enough. I was busy with {n} and nearly missed this.",
    "Good to hear from you. How have you been? Here it's mostly {n}.",
    "I'd have to think about that one. Ask me again after {n}.",
    "Can't argue with that.",
    "Say more? I came for {n}, but I'm listening.",
    "That stayed with me longer than I expected.",
    "You may be right. I'll sleep on it.",
];

/// Where nothing can be taken up, in the third person.
pub(crate) const REPORTED_NOTHING: &[&str] = &[
    "Noted, with thanks. Coverage of {n} continues.",
    "Received. Any document on {n} would be welcome.",
    "Thank you for writing. The desk is on {n} today.",
];

/// What can follow a reply.
pub(crate) const AFTERS: &[&str] = &[
    "That's just my view.",
    "I could be wrong.",
    "But you knew that.",
    "Tell me how it goes.",
    "I mean that kindly.",
    "More tea?",
    "Let's talk about it properly some day.",
    "Anyway, good to see you here.",
    "It took me years to see it.",
    "{n} next time?",
    "I'd have written the same.",
    "Ask me about {n} one day.",
    "Thanks for bringing it up.",
    "I'm writing that down.",
    "You've given me something to think about.",
    "No hurry.",
];

/// What can follow a reply in the third person.
pub(crate) const REPORTED_AFTERS: &[&str] = &[
    "Sources are welcome.",
    "An update may come {f}.",
    "The next look is planned {f}.",
    "{p} will be asked as well.",
    "Anything on {n} would help, too.",
    "Reply due {f}.",
    "For now, back to {n}.",
    "An update may follow.",
    "The question stays open.",
    "It will be checked.",
    "The rule here: {v} first.",
    "Thanks for the note.",
];

/// All of them.
pub(crate) const ALL_REPLIES: &[&[&str]] = &[
    TO_QUESTION,
    TO_SAD,
    TO_GLAD,
    TO_ANYTHING,
    TO_SHARED,
    TO_WRY,
    TO_WARM,
    TO_CURIOUS,
    REPORTED,
    TO_NOTHING,
    REPORTED_NOTHING,
    AFTERS,
    REPORTED_AFTERS,
];
