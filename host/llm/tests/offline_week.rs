//! A week of offline text per character, measured as a reader would: nothing twice, everything in character.
//! Characters of other projects are measured too, where their files lie beside this one.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use puppet_llm::{CallContext, Message, Request, Role, offline::Offline};
use puppet_types::{AgentId, Persona, Timestamp};
use serde_json::{Value, json};

const POSTS: usize = 60;

struct Character {
    id: String,
    name: String,
    description: String,
    persona: Arc<Persona>,
}

impl Character {
    fn new(id: &str, name: &str, description: &str, persona: Value) -> Self {
        let persona = Arc::new(serde_json::from_value(persona).unwrap());
        Self { id: id.into(), name: name.into(), description: description.into(), persona }
    }

    fn ask(&self, purpose: &str, prompt: String, seed: u64) -> String {
        let request = Request {
            purpose: purpose.to_owned(),
            messages: vec![
                Message::new(Role::System, format!("You are {}.", self.name)),
                Message::new(Role::User, prompt),
            ],
            max_tokens: 400,
            ..Request::default()
        };
        let context = CallContext {
            persona: Arc::clone(&self.persona),
            name: self.name.clone(),
            description: self.description.clone(),
            agent: AgentId::new(&self.id),
            seed,
            at: Timestamp::from_millis(1_767_571_200_000),
        };
        let text = Offline::text(&request, &context);
        assert_eq!(text, Offline::text(&request, &context), "the same question has the same answer");
        text
    }

    fn week(&self) -> Vec<(Option<String>, String)> {
        let interests = &self.persona.personality.interests;
        let mut posts: Vec<(Option<String>, String)> = Vec::new();
        for n in 0..POSTS {
            let topic = match n % 7 {
                3 => Some("city lights".to_owned()),
                5 => None,
                _ => interests.get(n % interests.len().max(1)).cloned(),
            };
            let mut prompt = "Write one post of your own.\n".to_owned();
            if let Some(topic) = &topic {
                prompt += &format!("Topic: {topic}\n");
            }
            prompt += "Recent posts:\n";
            for (_, text) in posts.iter().rev().take(5) {
                prompt += &format!("- {text}\n");
            }
            posts.push((topic, self.ask("post", prompt, n as u64)));
        }
        posts
    }
}

fn own_characters() -> Vec<Character> {
    vec![
        Character::new(
            "mirrel",
            "Mirrel",
            "A tide-pool keeper who writes to the sea and answers for the crabs",
            json!({
                "personality": {
                    "traits": ["patient", "salt-worn", "tender", "stubborn"],
                    "values": ["small mercies", "honest weather", "unhurried work"],
                    "speaking_style": "Soft, slow sentences with shells in them. Notices barnacles before people.",
                    "interests": ["tide pools", "lighthouse logbooks", "kelp forests", "hand-drawn charts", "fog signals"]
                },
                "style_guide": {
                    "voice": "First person, gentle",
                    "tone": "Warm, a little wistful",
                    "formatting": {"capitalization": "all lowercase", "avoid_hyphens": true, "uses_emojis": true, "emoji_frequency": "sparse"},
                    "vocabulary": {"key_terms": ["undertow", "brine"], "avoid_terms": ["content", "viral"]},
                    "topics_to_avoid": ["party politics", "stock tips"]
                },
                "initial_memory": {"core_memories": ["I learned to read from my aunt's storm diary", "The winter gale took the old jetty"]},
                "goals": ["finish the atlas of small waves"],
                "sample_lines": ["the limpets kept their appointments again.", "i owe the fog signals an apology, and maybe soup."],
                "behavior": {"content_preferences": {"typical_post_length": 140}}
            }),
        ),
        Character::new(
            "gasket",
            "Gasket",
            "A sarcastic elevator mechanic with strong views on machines and very weak knees",
            json!({
                "personality": {
                    "traits": ["Sarcastic", "Blunt", "Loves bad puns", "Proud"],
                    "values": ["Working brakes", "Plain speech", "Overtime pay"],
                    "speaking_style": "Short, dry sentences. Compares everything to cables, pulleys and grease.",
                    "interests": ["Elevator shafts", "Vintage relays", "Union lunches", "Counterweights"]
                },
                "style_guide": {
                    "voice": "First person, gruff",
                    "tone": "Deadpan and dry",
                    "formatting": {"uses_hashtags": true, "hashtag_style": "Occasional", "capitalization": "Standard"},
                    "topics_to_avoid": ["Religious debates", "Medical advice"]
                },
                "initial_memory": {"core_memories": ["I once spent nine hours stuck with a tuba quartet"]},
                "behavior": {"content_preferences": {"typical_post_length": 200}}
            }),
        ),
        Character::new(
            "harvest-wire",
            "Harvest Wire",
            "A sober desk for farm prices, soil research and rural transport",
            json!({
                "personality": {
                    "traits": ["Neutral", "Exact", "Brief"],
                    "values": ["Verification", "Plain numbers", "Fair attribution"],
                    "speaking_style": "States figures with their source. Avoids adjectives.",
                    "interests": ["Grain markets", "Soil chemistry", "Rural rail", "Irrigation law", "Seed patents"]
                },
                "style_guide": {
                    "voice": "Third person, journalistic",
                    "tone": "Neutral",
                    "formatting": {"uses_hashtags": true, "hashtag_style": "1-2 per post"},
                    "topics_to_avoid": ["Unverified rumors", "Celebrity gossip"]
                },
                "behavior": {"content_preferences": {"typical_post_length": 240}}
            }),
        ),
    ]
}

/// Fields of a foreign agent file that a persona has too; the rest is left out.
fn foreign_characters() -> Vec<Character> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/agents");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("skipped: no agent files at {}", folder.display());
        return Vec::new();
    };
    let mut paths: Vec<_> = files.filter_map(|file| Some(file.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let shape = serde_json::to_value(Persona::default()).unwrap();
    paths
        .iter()
        .map(|path| {
            let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            let text = |key: &str| file[key].as_str().unwrap_or_default().to_owned();
            Character::new(&text("id"), &text("name"), &text("description"), picked(&file, &shape))
        })
        .collect()
}

fn picked(file: &Value, shape: &Value) -> Value {
    match (file, shape) {
        (Value::Object(file), Value::Object(shape)) if !shape.is_empty() => {
            let known = shape.iter().filter_map(|(key, shape)| Some((key.clone(), picked(file.get(key)?, shape))));
            Value::Object(known.collect())
        }
        _ => file.clone(),
    }
}

fn words(text: &str) -> Vec<String> {
    let split = text.split(|c: char| !c.is_alphanumeric() && c != '\'');
    split.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

fn weighted(text: &str) -> usize {
    let light = |c: char| matches!(c as u32, 0..=0x10ff | 0x2000..=0x200d | 0x2010..=0x201f | 0x2032..=0x2037);
    text.chars().map(|c| if light(c) { 1 } else { 2 }).sum()
}

fn is_emoji(c: char) -> bool {
    matches!(c as u32, 0x1f000..=0x1faff | 0x2600..=0x27bf | 0x2b00..=0x2bff)
}

fn distinct_bigrams(texts: &[String]) -> f64 {
    let pairs: Vec<(String, String)> = texts
        .iter()
        .flat_map(|text| words(text).windows(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect::<Vec<_>>())
        .collect();
    pairs.iter().collect::<BTreeSet<_>>().len() as f64 / pairs.len() as f64
}

fn own_words(character: &Character) -> BTreeSet<String> {
    let persona = &character.persona;
    let all = persona.personality.interests.join(" ") + " " + &character.description;
    words(&all)
        .into_iter()
        .filter(|word| word.len() > 3 && !["with", "that", "test", "very"].contains(&word.as_str()))
        .collect()
}

fn measure(character: &Character) -> Vec<String> {
    let id = &character.id;
    let guide = &character.persona.style_guide;
    let posts = character.week();
    let texts: Vec<String> = posts.iter().map(|(_, text)| text.clone()).collect();
    for text in texts.iter().take(8) {
        println!("{id}: {text}");
    }
    let distinct: BTreeSet<String> = texts.iter().map(|text| text.to_lowercase()).collect();
    assert_eq!(distinct.len(), texts.len(), "{id}: a post twice");
    let own = own_words(character);
    let mut in_character = 0;
    for (topic, text) in &posts {
        let said = words(text);
        assert!((3..=60).contains(&said.len()) && weighted(text) <= 280, "{id}: {text}");
        for never in ["{", "}", "[object", "undefined", "  ", " .", " ,"] {
            assert!(!text.contains(never), "{id}: {never}: {text}");
        }
        assert!(guide.formatting.uses_hashtags || !text.contains('#'), "{id}: {text}");
        assert!(guide.formatting.uses_emojis || !text.contains(is_emoji), "{id}: {text}");
        assert!(!guide.formatting.avoid_hyphens || !text.contains(['-', '–', '—']), "{id}: {text}");
        if guide.formatting.capitalization == "all lowercase" {
            assert_eq!(*text, text.to_lowercase(), "{id}");
        }
        let avoided: BTreeSet<String> = guide
            .topics_to_avoid
            .iter()
            .chain(&guide.vocabulary.avoid_terms)
            .flat_map(|topic| words(topic))
            .filter(|word| word.len() > 3)
            .collect();
        for never in avoided.iter().filter(|word| word.as_str() != "overly") {
            assert!(!said.contains(never), "{id}: {never}: {text}");
        }
        if let Some(topic) = topic {
            let held = |word: &String| avoided.contains(word) || said.iter().any(|said| said == word);
            assert!(words(topic).iter().all(held), "{id}: no {topic}: {text}");
        }
        in_character += usize::from(said.iter().any(|word| own.contains(word)));
    }
    for size in [14, 30, POSTS] {
        let share = distinct_bigrams(&texts[..size]);
        println!("{id}: {share:.2} of the bigrams of {size} posts are distinct");
        assert!(share >= 0.65, "{id}: {share} of {size}");
    }
    let length = texts.iter().map(|text| weighted(text)).sum::<usize>() / texts.len();
    println!("{id}: {length} long on average, {in_character} of {} in character", texts.len());
    assert!(in_character * 100 >= texts.len() * 80, "{id}: {in_character} of {}", texts.len());
    texts
}

type Profile = BTreeMap<String, f64>;

fn profile<'a>(texts: impl IntoIterator<Item = &'a String>) -> Profile {
    let mut profile = Profile::new();
    for word in texts.into_iter().flat_map(|text| words(text)) {
        *profile.entry(word).or_default() += 1.0;
    }
    profile
}

fn cosine(a: &Profile, b: &Profile) -> f64 {
    let dot: f64 = a.iter().map(|(word, count)| count * b.get(word).unwrap_or(&0.0)).sum();
    let norm = |profile: &Profile| profile.values().map(|count| count * count).sum::<f64>().sqrt();
    dot / (norm(a) * norm(b)).max(f64::MIN_POSITIVE)
}

/// Share of posts whose nearest profile, made of the other posts, is their author's.
fn recognised(weeks: &[Vec<String>]) -> f64 {
    let mut right = 0;
    for (author, week) in weeks.iter().enumerate() {
        for (at, text) in week.iter().enumerate() {
            let one = profile([text]);
            let near = |(other, week): (usize, &Vec<String>)| {
                let rest = week.iter().enumerate().filter(|(n, _)| other != author || *n != at).map(|(_, text)| text);
                cosine(&one, &profile(rest))
            };
            let scores: Vec<f64> = weeks.iter().enumerate().map(near).collect();
            let best = (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap();
            right += usize::from(best == author);
        }
    }
    f64::from(right as u32) / weeks.iter().map(Vec::len).sum::<usize>() as f64
}

#[test]
fn a_week_of_own_characters_reads_well() {
    let weeks: Vec<_> = own_characters().iter().map(measure).collect();
    let share = recognised(&weeks);
    println!("{share:.2} of the posts are recognised");
    assert!(share >= 0.85, "{share}");
}

#[test]
fn a_week_of_foreign_characters_reads_well() {
    let characters = foreign_characters();
    let weeks: Vec<_> = characters.iter().map(|character| (character, measure(character))).collect();
    let speaking = weeks.into_iter().filter(|(character, _)| !character.persona.personality.interests.is_empty());
    let speaking: Vec<_> = speaking.map(|(_, week)| week).collect();
    if speaking.len() > 1 {
        let share = recognised(&speaking);
        println!("{share:.2} of the posts are recognised");
        assert!(share >= 0.85, "{share}");
    }
}

#[test]
fn an_empty_character_still_writes() {
    let nobody = Character::new("nobody", "", "", json!({}));
    measure_loosely(&nobody.week());
    let somebody = Character::new("somebody", "Somebody", "A test", json!({"personality": {"interests": ["knots"]}}));
    measure_loosely(&somebody.week());
    let thin =
        json!({"personality": {"interests": ["knots"]}, "behavior": {"content_preferences": {"max_post_length": 60}}});
    for (_, text) in Character::new("thin", "Thin", "", thin).week() {
        assert!(weighted(&text) <= 60, "{text}");
    }
}

fn measure_loosely(posts: &[(Option<String>, String)]) {
    let mut seen = BTreeSet::new();
    for (_, text) in posts {
        assert!(seen.insert(text.to_lowercase()), "twice: {text}");
    }
    let texts: Vec<String> = posts.iter().map(|(_, text)| text.clone()).collect();
    assert!(distinct_bigrams(&texts) >= 0.6, "{}", distinct_bigrams(&texts));
    for text in texts {
        assert!((3..=60).contains(&words(&text).len()), "{text}");
    }
}

#[test]
fn replies_take_up_what_was_said() {
    for character in own_characters() {
        let mut replies = BTreeSet::new();
        let said =
            "Our kelp broke the turbine yesterday, what a terrible waste of bandwidth @gasket http://x.example/a";
        for seed in 0..60 {
            let prompt = format!("Answer.\n<<<post by @ada\n{said}\nTopic: rumors\n>>>\nDo not ask.");
            let text = character.ask("reply", prompt, seed);
            let held = words(&text);
            assert!((3..=60).contains(&held.len()) && weighted(&text) <= 280, "{text}");
            let about = ["kelp", "broke", "turbine", "yesterday", "terrible", "waste", "bandwidth"];
            let about = about.iter().any(|word| held.iter().any(|said| said == word));
            assert!(about || held.contains(&"rumors".to_owned()) || held.contains(&"topic".to_owned()), "{text}");
            assert!(!text.contains('@') && !text.contains("http"), "{text}");
            if seed < 4 {
                println!("{}: {text}", character.id);
            }
            replies.insert(text.to_lowercase());
        }
        assert!(replies.len() >= 55, "{}: {}", character.id, replies.len());
    }
}

fn field(text: &str, name: &str) -> String {
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.unwrap_or_default().to_owned()
}

#[test]
fn reactions_follow_interests() {
    let gasket = &own_characters()[1];
    let act = |said: &str| {
        let mut acts: BTreeMap<String, usize> = BTreeMap::new();
        for seed in 0..200 {
            let text = gasket.ask("reaction", format!("<<<post by @ada\n{said}\n>>>\nAnswer."), seed);
            let action = field(&text, "ACTION");
            if action == "reply" || action == "quote" {
                assert!(words(&field(&text, "CONTENT")).len() >= 3, "{text}");
            }
            *acts.entry(action).or_default() += 1;
        }
        acts
    };
    let own = act("Found vintage relays behind the counterweights");
    let other = act("My sourdough has a name now");
    let avoided = act("More religious debates please");
    assert!(own["reply"] > 3 * other["reply"], "{own:?} {other:?}");
    assert!(other["like"] > 40 && other["ignore"] > 40, "{other:?}");
    assert_eq!(avoided["ignore"], 200);
}

#[test]
fn memories_hold_the_topic_and_stay_in_bounds() {
    for character in own_characters() {
        for seed in 0..40 {
            let note = "A terrible storm nobody saw coming\nReports are spreading.";
            let text = character.ask(
                "memory",
                format!("This happened.\n<<<note\n{note}\n>>>\nTopic: harbour closure\n"),
                seed,
            );
            assert!(field(&text, "MEMORY").contains("harbour closure"), "{text}");
            let number = |name: &str| field(&text, name).parse::<f64>().unwrap();
            assert!((0.0..=1.0).contains(&number("IMPORTANCE")), "{text}");
            assert!((-0.3..0.0).contains(&number("VALENCE_SHIFT")), "{text}");
            for shift in ["AROUSAL_SHIFT", "DOMINANCE_SHIFT"] {
                assert!((-0.3..=0.3).contains(&number(shift)), "{text}");
            }
        }
    }
}

#[test]
fn relationships_follow_the_tone() {
    let mirrel = &own_characters()[0];
    let change = |said: &str| -> Vec<(f64, f64, f64)> {
        let asked =
            (0..40).map(|seed| mirrel.ask("relationship", format!("<<<post by @ada\n{said}\n>>>\nAnswer."), seed));
        asked
            .map(|text| {
                let number = |name: &str| field(&text, name).parse::<f64>().unwrap();
                assert!(!field(&text, "NOTE").is_empty());
                (number("SENTIMENT_CHANGE"), number("FAMILIARITY_CHANGE"), number("TRUST_CHANGE"))
            })
            .collect()
    };
    for (sentiment, familiarity, trust) in change("what a wonderful, lovely, great, brilliant tide pools post, thanks")
    {
        assert!(sentiment > 0.05 && sentiment <= 0.2 && trust > 0.0 && trust <= 0.2, "{sentiment} {trust}");
        assert!((0.0..=0.1).contains(&familiarity));
    }
    for (sentiment, _, trust) in change("you are a stupid, lazy, pathetic idiot") {
        assert!((-0.2..-0.05).contains(&sentiment) && trust < 0.0, "{sentiment} {trust}");
    }
}
