//! Clauses of posts. `[a|b]` is a choice; `{t}` the topic, `{n}` and `{m}` own noun phrases, `{v}` a value, `{a}` a
//! trait, `{i}` `{j}` things, `{w}` a moment, `{vb}` a verb in the past, `{q}` an adjective, `{k}` a liked word,
//! `{g}` a goal. Verbs after a noun phrase are in the past or follow a modal: a phrase may be one thing or many.

/// First clauses of those who speak of themselves.
pub(crate) const OPEN: &[&str] = &[
    "[Lost|Gave|Surrendered] [an hour|the morning|most of lunch|a whole evening] to {t} and [kept|found|got] {i} in return.",
    "{w}, {t} [made|talked|nudged] me [laugh|pause|start over|sit down].",
    "[Nobody|No one I know|Not one person here] warned me that {t} [could|would|might] feel like {i}.",
    "My [entire|whole|current] theory of {t} [fits on|rests on|leans against] {i}.",
    "[Somewhere|Someplace] between {t} and {n} there [hid|was|sat] {i}.",
    "[Asked|Pressed] about {t}, I [talked about|changed the subject to|drew a diagram of] {n}.",
    "If {t} [had|came with] a [door|smell|waiting list|user manual], {n} would [guard|spoil|rewrite|sell] it.",
    "[Reread|Reopened|Dusted off] my notes on {t} {w}; {q} stuff.",
    "{t} [taught|lent|sold|showed] me {i}. {n} [took|wanted|broke] it [right back|by noon|before dinner].",
    "[Tried|Attempted] {t} without {n} {w}. [Never again|Would not repeat|Strangely restful|Two stars].",
    "[Half|A third|Most] of {t} [turned out to be|was always|was secretly] {n} wearing {i}.",
    "[Woke up|Walked home|Ate lunch] arguing with {t}, [lost|won|settled] it {w}.",
    "What [if|happens when] {t} [only wanted|quietly wanted|settled for] {i}?",
    "[Every|Each] conversation about {t} [drifts|slides|tilts] toward {n} [sooner or later|within minutes|eventually].",
    "[Today|Tonight|This week]: {t}, {i}, and [too little|just enough|a hint of] {v}.",
    "[There was|Found] a {q} [corner|side|version] of {t} {w}.",
    "{t} {vb} {n} {w}, [and I missed it|and I took notes|and nobody clapped|and I applauded].",
    "[Hot|Cold|Lukewarm|Room temperature] take: {t} [needed|deserved|owed us] {i}, not {m}.",
    "[Do|Does anyone] [else|around here] [keep|store|file] {t} next to {n}? Mine [spilled|overlapped|eloped] {w}.",
    "[Rule one|First lesson|Step zero] of {t}: [bring|hide|respect|never lend] {i}.",
    "[Still|Already|Once more] {q} about {t}, [blame|thank|ask] {n}.",
    "[Explained|Described|Sketched] {t} to [a stranger|my mother|the barista|a pigeon] {w} using only {i}.",
    "I [trust|mistrust|forgive|owe] {t} the way [others|sailors|cats|librarians] [trust|treat|forgive] {i}.",
    "[Ten|Five|Twenty] minutes of {t} [cured|replaced|outweighed] a [week|month|winter] of {n}.",
    "[Someone|A friend|A stranger] called {t} {q} {w} and I [took it personally|nodded too fast|bought them soup].",
    "[Started|Began] with {t}, ended [up holding|beside|underneath] {i}.",
    "[Overheard|Misheard] {w}: \"{t} [can|could|should] [wait|swim|vote|heal]\". [Poetry|Nonsense|Agreed|Citation needed].",
    "{n} [asked|texted] for {t}; [all I had was|I offered|I mailed] {i}.",
    "[Why|How come|Since when] [did|would] {t} [need|demand|attract] so much {q} [attention|paperwork|weather]?",
    "[Filed|Shelved|Listed] under {t}: {i}, {j}, [myself|my sleep|a grudge].",
    "[Once|Long ago] {t} [meant|was] {i}. [Now|Lately] [I hear|I suspect] {n} [in it|behind it|everywhere].",
    "A [museum|bakery|choir|shortcut] devoted to {t} would [surely|probably|obviously] [smell of|open with|charge for] {i}.",
    "[Confession|Admission|Footnote]: {t} [got|kept] me [through|past] {w2}, not {m}.",
    "[Picture|Imagine] {t} {w}, then [add|subtract|apologise to] {n}.",
    "[Never|Seldom] [bet|bring {n}|knock] against {t} {w}.",
];

/// First clauses with a raised eyebrow.
pub(crate) const OPEN_WRY: &[&str] = &[
    "[Breaking|Update|Minutes of the meeting]: {t} [declined to comment|has left the chat|brought snacks] {w}.",
    "{t} walks into a bar. [Bartender|{n}] says [not this again|we only serve {m}|mind the step].",
    "[Plot twist|Spoiler]: {t} was {i} [all along|the whole time|in a trench coat].",
    "I'd [explain|defend|insult] {t}, but {n} [already did|charges less|is listening].",
    "[Congratulations|Condolences] to {t} on [becoming|surviving|outselling] {i}.",
    "They [promised|advertised] {t}. We [got|received] {i} with [a logo|a login screen|terms of service].",
    "[Of course|Naturally|Predictably] {t} [crashed|tripped|sighed] {w}; {n} [held the ladder|drew the map|wrote the manual].",
    "[Dear|Beloved] {t}: [blink twice|text back|stop it] if {n} [wrote|approved|haunted] this.",
    "[Petition|Motion] to [rename|knight|unplug] {t} \"{i}\".",
    "My [therapist|toaster|horoscope] says {t} [counts as|is cheaper than|beats] {n}.",
    "[Nothing|Few things] [ages|sours|sparkles] like {t} {w}.",
    "[Ranked|Scored]: {t}, {i}, [daylight|a gap|tax season], then {n}.",
];

/// First clauses with a soft spot.
pub(crate) const OPEN_WARM: &[&str] = &[
    "[Sat|Stayed|Lingered] with {t} {w}, [and the room|and everything] [softened|slowed|listened].",
    "[Some|Certain] evenings {t} [sounds|feels] [exactly|almost] like {i}.",
    "[Bless|Here's to|A small thanks to] whoever [left|folded] {t} into {n}.",
    "[Maybe|Perhaps] {t} was only ever {i}, [waiting|humming|kept warm] {w}.",
    "[Let|May] {t} [be|stay] {q} a little longer; {n} [can wait|will keep].",
    "I [carry|carried] {t} [like|the way one carries] {i}, [with both hands|carefully|without hurry].",
    "[Someone|An old hand] once [gave|taught] me {t} {w}. [I still|I yet] [set|leave] {n} out for them.",
    "There [is|was] {v} in {t}, [faint|plain|bright] as {i}.",
    "[Listen|Look] closely: under {t} [runs|breathes|glows] {n}.",
    "[Morning|Evening] came {w} [and brought|smelling of|carrying] {t}.",
    "[Gathered|Collected] today: {t}, {i}, one {q} [breath|hour|sky].",
    "How [gently|slowly|faithfully] {t} {vb} {n} {w}.",
];

/// First clauses of those who speak of neither.
pub(crate) const OPEN_PLAIN: &[&str] = &[
    "[Tested|Checked|Measured] {t} against {n} {w}. [Result|Verdict|Outcome]: {q}.",
    "[Quick|Short|Rough] note on {t}: [start from|drop|count] {n}, [keep|question|log] {m}.",
    "[Been|Kept] [poking at|circling|working through] {t} {w}. {n} [explained|predicted|hid] [more|half|less] than expected.",
    "[Assume|Suppose] {t} [breaks|scales|drifts]. [Where|How far] does {n} [bend|follow|stop]?",
    "[Two|Three] [inputs|clues|constraints] for {t}: {n}, {m}, {i}.",
    "[Changed|Flipped] one [variable|setting|assumption] in {t} and {n} {vb} {m}.",
    "[Honest|Open|Practical] question about {t}: who [checks|owns|pays for] {n}?",
    "[Curious|Odd] how {t} [behaves|looks] {w} [once|after] {n} [shows up|gets involved].",
    "[Wrote|Built|Traced] {t} from scratch {w}. [Learned|Kept|Broke] {n}.",
    "[Draft|Version] two of my view on {t}: less {m}, [more|same] {n}.",
    "The [gap|distance|handoff] between {t} and {n} [shrank|widened|moved] {w}.",
    "[Noted|Logged] {w}: {t} [tolerates|rewards|punishes] {q} {n}.",
];

/// First clauses in the third person.
pub(crate) const OPEN_REPORT: &[&str] = &[
    "[In focus|On the agenda|Under review] {d}: {t}, [with context on|read alongside|set against] {n}.",
    "{t}: [what to watch|where attention goes|what is known so far], [from|starting with] {n} to {m}.",
    "[Observers|Analysts|Readers|Teams] following {t} [turned|looked|shifted] to {n} {d}.",
    "[Questions|Notes|Comparisons] around {t} [continued|returned|grew] {d}; {n} [remained|stayed|became] the [reference|measure|open point].",
    "[A closer look at|Background on|A timeline for|The record on] {t} [begins|opens|starts] with {n}.",
    "[Three|Two|Four] [points|threads|markers] on {t} {d}: {n}, {m}, {v}.",
    "[How|Why] {t} [intersects|overlaps|competes] with {n}, [in brief|step by step|without the noise].",
    "[Coverage|Discussion|Reporting] of {t} {vb2} {n} {d}.",
    "[The link|The line|The balance] between {t} and {n} [drew|attracted|rewarded] [scrutiny|interest|a second reading] {d}.",
    "[Developers|Vendors|Researchers|Regulators] [weighing|tracking|mapping] {t} [cited|compared|listed] {n}.",
    "[Schedules|Budgets|Roadmaps|Standards] tied to {t} [moved|firmed|narrowed] {d}, [alongside|ahead of|behind] {n}.",
    "[For the record|By the numbers|In summary]: {t} [entered|closed|marked] the [week|cycle|quarter] [near|beside|above] {n}.",
    "[Signals|Filings|Schedules|Sources] on {t} [point|pointed] toward {n}, [pending|awaiting|subject to] {v}.",
    "[Next|Ahead|Later] in {t}: [a deadline for|a review of|an update on] {n}.",
    "[Definition|Primer|Terminology]: {t} [describes|covers|includes] [work|activity|change] at the [edge|core|intersection] of {n}.",
    "[Early|Mixed|Steady|Uneven] [momentum|progress|demand] for {t} {d}, [according to|judging by|measured in] {n}.",
    "[Readers asked|One reader asked|The desk asked] [how|whether] {t} [affects|reshapes|depends on] {n}; [short answer|context] below.",
    "{t} [overtook|trailed|joined|displaced] {n} [among|on the list of] [topics|priorities|items] to [follow|verify|archive] {d}.",
    "[Correction|Clarification|Addendum]: {t} [concerns|precedes|extends] {n}, not {m}.",
    "[Calendar|Docket|Checklist] for {t}: {n} [first|mid week|by Friday], {m} [after|second|to follow].",
    "[What|Which part of] {t} [changed|held|slipped] {d}? [Mainly|Chiefly|Largely] {n}.",
    "[Attribution|Sourcing|Verification] [mattered|came first|shaped the day] in {t}, [notably|particularly] around {n}.",
];

/// Second clauses of those who speak of themselves.
pub(crate) const MORE: &[&str] = &[
    "{n} [would|could] never.",
    "[Meanwhile|Elsewhere], {n} {vb} {j}.",
    "[Call|File|Score] it {v}, [minus|plus|despite] the [paperwork|weather|applause].",
    "[Also|Related]: {j}.",
    "My {a} side [voted for|blames|adores] {n}.",
    "[Send|Bring|Trade me] {n} and {j}.",
    "[Somehow|Apparently] that [was|counts as] {v}.",
    "[More|Less] {n}, [fewer|no more] [meetings|slogans|alarms].",
    "{v} [first|before anything|above all], {m} [second|later|on weekends].",
    "[Keep|Leave] {n} [unlocked|on the counter|out of it].",
    "[Ask|Remind] me again [once|after] {n} [settles|cools|returns].",
    "[It|That] {vb} {n}, [frankly|quietly|twice].",
    "[Which|And that] is [how|why] {n} [got|earned|kept] {j}.",
    "[Nothing|Not much] a bit of {v} [can't|couldn't] [mend|ruin|season].",
    "[Being|Staying] {a} [helps|costs extra|isn't a plan].",
    "[Between|Among] {n} and {m}, I [choose|lean toward|distrust] the [first|second|noisier] one.",
    "{n}: [still|forever|barely] {q}.",
    "[Tomorrow|Next time|Later]: {m}, [probably|hopefully|rain or shine].",
    "[Turns out|Word is] {n} {vb} {m}.",
    "[Worth|Not worth] {j}.",
    "The {q} part? {n}.",
    "[I'd|I would] [swap|pawn|frame] {j} for {n}.",
    "[Somebody|Anyone], [hand|pass|mail] {n} a [chair|towel|medal].",
    "{j} [agreed|objected|said nothing].",
    "[Big|Small|Odd] day for {n}.",
    "[Points|Credit|Flowers] to {n} for [trying|showing up|the {q} timing].",
    "[Proof|Evidence] of {v}: {j}.",
    "[Until|Unless] {n} [objects|calls|improves], [carry on|I'm in|no notes].",
    "[No|Zero] {v}, no {m}.",
    "{k}, [always|again|as ever].",
    "[Sounds|Smells|Looks] like {k} to me.",
    "[Filed|Noted] as {k}.",
    "[One|A] step nearer to where I {g}.",
    "[Plan|Goal]: {g}.",
    "[First|Someday], {g}.",
];

/// Second clauses in the third person.
pub(crate) const MORE_REPORT: &[&str] = &[
    "[Context|Background]: {n}, {m}.",
    "{v} [comes|came] first.",
    "[Next|Expected next]: {n}.",
    "[Details|Figures|Dates] on {n} [to follow|pending|as they arrive].",
    "[Key|Open|Central] [term|question|variable]: {n}.",
    "[Compare|See also|Related]: {m}.",
    "{n} [remains|stays] [unconfirmed|on schedule|in progress].",
    "[Method|Standard|Criterion]: {v}.",
    "{a} [reading|sourcing|wording] [advised|applies].",
    "[More|Further notes] on {m} [later|Thursday|after the close].",
    "[Impact|Relevance] for {n}: [limited|gradual|worth tracking].",
    "[Timeline|Scope|Cost]: [open|unchanged|under discussion], [given|pending] {m}.",
    "{n} [preceded|followed|framed] {m}.",
    "[Primary|Secondary] [thread|source|angle]: {n}.",
    "[Summary|In short]: {v} over speed.",
    "{k}: [defined|explained|in context].",
    "[Also|Elsewhere] {d}: {n}, {m}.",
];

/// Days and desks, for the third person.
pub(crate) const DATES: &[&str] = &[
    "this week", "today", "this morning", "overnight", "this quarter", "in the latest cycle", "since Monday",
    "at midweek", "ahead of the weekend", "over the past days", "this afternoon", "at the close",
];

/// Verbs of coverage.
pub(crate) const COVERED: &[&str] = &["shifted toward", "returned to", "widened beyond", "centred on", "narrowed to", "moved past"];

/// Whole replies: `{s}` is what the other one spoke of.
pub(crate) const REPLIES: &[&str] = &[
    "{s}, [huh|really|of all things]? [I'd have guessed|My money was on|I expected] {n}.",
    "[Fair|Good] point on {s}. {n} [taught|sold|showed] me [the opposite|the same|half of it].",
    "[See|Look], {s} [makes|made] more sense {w}.",
    "[You|Now you] [got|have] me [thinking|wondering] about {s} and {n}.",
    "[Not|Never] [sure|certain] about {s}, but {v} [helps|counts|wins].",
    "{s} [always|usually] [ends|starts] with {n}, [no|right]?",
    "[Same|Likewise]. {s} {vb} {n} [for me|over here] too.",
    "[Tell|Ask] me [more|again] about {s}, [I brought|I have] {j}.",
    "[Careful|Easy], {s} [leads|led] me straight to {n}.",
    "[Yes|Sure|True], and {s} [needs|needed] {j}.",
    "[Would|Could] {n} [change|fix|spoil] {s} for you?",
    "[Respect|Applause] for {s}. My {a} side [wants|prefers] {n}.",
    "[Funny|Strange], {s} [reminds|reminded] me of {j}.",
    "[Hm|Well], {s} [sounds|feels] {q}. {n} [less so|even more].",
    "[Count|Sign] me [in|up] for {s}, [minus|plus] {n}.",
    "[Half|Most] of what I know about {s} came from {n}.",
    "[Where|When] did {s} [start|begin] for you? Mine [was|began] {w}.",
    "{s} {w}: [bold|brave|tempting]. {v} [permitting|aside|included].",
    "[That|This] is {v} with {s} on top.",
    "[Okay|Right], {s}. [Then|And] {n} [next|after that|obviously].",
    "[I keep|I kept] {s} in the same drawer as {n}.",
    "{n} [says|said] hello to {s}.",
    "[What|Which part] of {s} [surprised|bothered|won over] you?",
    "[Trade|Swap] you {s} for {n}.",
];

/// Whole replies in the third person.
pub(crate) const REPLIES_REPORT: &[&str] = &[
    "[Noted|Added to the file]: {s}. [Relevant|Useful] context for {n}.",
    "[On|Regarding] {s}: [sources|figures|dates] on {n} [would help|are pending].",
    "{s} [bears|borders] on {n}; {v} [applies|comes first].",
    "[Thanks|Appreciated]. {s} [joins|goes on] the list beside {n}.",
    "[Worth|Needs] [checking|verifying]: {s}, [then|before] {n}.",
    "[Is|Are there] [primary|further] [sources|records] on {s}?",
    "[Background|Context] for {s}: {n}, {m}.",
    "{s} [matches|complicates] [earlier|recent] [notes|coverage] of {n}.",
    "[A fair|An open] question: {s} [against|without] {n}.",
    "[Tracking|Following] {s} {d}, [with|via] {n}.",
];
