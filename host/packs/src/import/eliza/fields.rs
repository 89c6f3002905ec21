//! Fields of elizaOS characters: those that give one away, and those that are known and have no place in an agent.

/// A file with one of these, and without a section of an agent file, is a character.
pub(super) const MARKS: &[&str] =
    &["bio", "lore", "adjectives", "topics", "messageExamples", "postExamples", "modelProvider", "clients"];

const MODELS: &str = "models and their parameters belong to the providers in puppet.toml";
const PLUGINS: &str = "what an agent may do is what its pack asks for and you grant: `puppet grants`";
const PLATFORM: &str = "an agent lives on X: there is no other platform";
const VOICE: &str = "there are texts and no voices";
const PICTURE: &str = "the picture of an account is set on X";

/// Known, with the reason why they are left behind. Everything below them is meant.
pub(super) const ELSEWHERE: &[(&str, &str)] = &[
    ("modelProvider", MODELS),
    ("imageModelProvider", MODELS),
    ("imageVisionModelProvider", MODELS),
    ("modelEndpointOverride", MODELS),
    ("settings.model", MODELS),
    ("settings.modelConfig", MODELS),
    ("settings.embeddingModel", MODELS),
    ("settings.imageSettings", MODELS),
    ("settings.transcription", MODELS),
    ("settings.ragKnowledge", "memories are found by the host: `[memory]` in puppet.toml"),
    ("settings.voice", VOICE),
    ("settings.avatar", PICTURE),
    ("settings.chains", "wallets are made with `puppet wallet`"),
    ("plugins", PLUGINS),
    ("clients", PLATFORM),
    ("clientConfig", PLATFORM),
    ("twitterProfile", "the profile of an account is set on X"),
    ("twitterProfile.id", "the account says its id itself when it signs in"),
    ("twitterProfile.screenName", "the shown name of an account is set on X"),
    ("twitterProfile.bio", "the profile of an account is set on X"),
    ("twitterProfile.nicknames", "a mention is one of the account's name"),
    ("instagramProfile", PLATFORM),
    ("simsaiProfile", PLATFORM),
    ("twitterSpaces", VOICE),
    ("nft", PICTURE),
    ("people", "relationships grow out of what happens: `initial_memory.relationships` of an agent file sets some"),
    ("templates", "the plugin writes its prompts itself"),
    ("extends", "characters are not put together: merge the other file into this one"),
    ("advancedPlanning", "the plugin decides what it does"),
    ("advancedMemory", "memories are found by the host: `[memory]` in puppet.toml"),
];
