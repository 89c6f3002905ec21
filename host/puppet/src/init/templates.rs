//! What `puppet init` writes. Settings are commented out as `#key`, prose as `# Text`: tests read both ways.

/// Path in the folder, and text.
pub const FILES: &[(&str, &str)] = &[
    ("puppet.toml", PUPPET),
    ("grants.toml", GRANTS),
    ("agents/ember/pack.toml", PACK),
    ("agents/ember/persona.toml", PERSONA),
];

const PUPPET: &str = r#"# Configuration of puppet. Every line below is optional: what is commented out is the default, unless it says
# "for example". Unknown keys are errors. `puppet config` shows what is in effect and where it comes from.
# The environment wins over this file, and a file `.env` beside it is read too (chmod 600 .env).

[host]
# Where everything is kept, relative to this file.
#data = "./.puppet"
# Time zone of agents that have none of their own.
#timezone = "UTC"
# off, error, warn, info, debug or trace.
#log_level = "info"
# Events under way at the same time, each of another agent. Most of them wait for a model.
#workers = 256
# How long what is under way may take to end once the host is told to stop. What has not ended then is left to the next start.
#stop_timeout_ms = 10000

# Names for values that are kept elsewhere: in a variable, in a file (chmod 600), or printed by a program. For example:
#[credentials]
#folder-key = { env = "PUPPET_FOLDER_KEY" }

[store]
# The credential under which secrets.toml of the data folder is encrypted. For example:
#key = "folder-key"
# The credential that is the address of a MongoDB database (mongodb://HOST/DATABASE): the rows are there, and not in the
# data folder. For example:
#mongodb = "folder-key"

# The server: API and dashboard (docs/api.md). On another address than loopback it needs [api.tls], or a proxy before it.
[api]
#enabled = true
#listen = "127.0.0.1:3000"
#legacy_open = false
#wait = "2m"
#cors_origins = []
#behind_proxy = false
#open_metrics = false
#rate_per_minute = 600
#rate_per_minute_per_address = 1200
#burst = 100
#max_body = 1048576
#max_upload = 67108864
#connections = 2048
#live_readers = 1024
#backlog = 100000

# Certificate and key in PEM. For example:
#[api.tls]
#certificate = "certificate.pem"
#key = "key.pem"

[llm]
# Who writes. `offline` needs no key and no network. With OPENAI_API_KEY or GROK_API_KEY set (in the environment or in
# `.env`) the providers `openai` and `grok` exist and can be named here.
#default = "offline"

# Who is asked, in this order, where a model cannot answer. `offline` as the last always answers. For example:
#fallback = ["offline"]
# Who looks at texts before they leave: off, or a provider that has /moderations. For example:
#moderation = "openai"
# Requests that one provider is asked at a time.
#concurrency = 16

# The same for one agent. For example:
#[llm.agents.ember]
#fallback = ["offline"]

# After so many failures in a row a provider is left alone for a while; 0: never.
[llm.breaker]
#failures = 5
#open = "30s"

# Answers kept for requests at temperature 0 that are asked again word for word; entries = 0: none.
[llm.cache]
#entries = 0
#bytes = 16777216
#ttl = "1h"

# What tokens cost, so that dollars can be counted. For example:
#[llm.providers.openai.price]
#prompt_usd_per_million = "2.50"
#completion_usd_per_million = "10.00"

# A provider that is known: openrouter, anthropic, ollama, llamacpp or vllm (openai and grok have it by their names):
#[llm.providers.home]
#preset = "ollama"
#model = "my-model"

# Any other endpoint that speaks OpenAI's chat completions or responses, for example one on this machine:
#[llm.providers.local]
#base_url = "http://127.0.0.1:8080/v1"
#model = "my-model"
#api = "chat"
#stream = true
#idle_timeout_ms = 30000
# The variable that holds the key, where one is needed; the key itself never stands here. For example:
#key_env = "OPENAI_API_KEY"
# The model that makes vectors for [memory], where it has one. For example:
#embedding_model = "my-embedding-model"
#timeout_ms = 60000
#retries = 2

[memory]
# Who makes the vectors by which recall finds what is said in other words. `offline` hashes words, and nothing leaves
# this machine; a provider with an embedding_model is sent every memory and every question.
#embeddings = "offline"

# Pages of the web, for packs that were granted hosts (docs/capabilities/http.md).
[http]
#timeout_ms = 10000
#response_bytes = 1048576
#request_bytes = 65536
#redirects = 3
# Requests of one pack to one host.
#per_host_per_minute = 30
#content_types = ["text/*", "application/json", "application/*+json", "application/xml", "application/*+xml"]
# Hosts that may be at private addresses, with their ports. For example: ["feeds.lan:8080"]
#allow_private = []
#cache_bytes = 67108864

# A key that the host adds to requests, for its own hosts alone; packs name it. For example:
#[http.credentials.weather]
#hosts = ["api.example.org"]
#key_secret = "http/weather"

[tweet]
# Where posts go: `local`, a timeline in the data folder, or `x`, which needs a token for each account.
#provider = "local"

[tweet.x]
# X, or what stands for it: `puppet emulate` prints an address.
#endpoint = "https://api.x.com"
# Time for one request, and how long after it a post may still appear.
#timeout_ms = 30000
#settle_ms = 30000

# What is said to accounts on X reaches their agents, by a stream or by asking: `auto`, `poll`, `stream` or `none`. How often
# is asked, from when on the first time, and how many posts before a mention are read with it.
[tweet.x.mentions]
#by = "auto"
#every = "60s"
#backfill = "0s"
#context = 3
#context_per_day = 200

# What X takes of an account under the plan of its app, and what it charges, in dollars. See docs/x.md.
[tweet.x.plan]
#name = "self-serve"
#summoned_replies_only = true
#no_quotes = true
#no_likes = true
#one_cashtag = true
#renews_on = 1
#usd_per_day = "2.50"
#posts_per_month = 500
#reads_per_month = 10000

[tweet.x.prices]
#post = "0.015"
#post_with_link = "0.2"
#summoned_reply = "0.01"
#post_read = "0.005"
#user_read = "0.01"
#own_read = "0.001"

# Whom accounts on X hear and answer, what their texts may hold, and when nothing leaves.
[tweet.policy]
#allow = []
#deny = []
#friends = []
#never_reply_to_strangers = false
#duplicate_days = 1
#quiet_hours = "23:00-07:00"
#links = "allow"
#mentions = "allow"

# Your app at X. Keys never stand here: each is named by where it is (…_env, …_secret or …_credential). For example:
#[tweet.x.apps.main]
#consumer_key_secret = "x/main/api_key"
#consumer_secret_secret = "x/main/api_key_secret"
#client_id = "the-client-id-of-your-app"
#redirect = "http://127.0.0.1:8731/callback"

# How an account signs: by OAuth 1.0a, or with what `puppet x login` keeps (oauth2 = true), or with a token as it is.
#[tweet.x.accounts.ember]
#access_token_secret = "x/ember/access_token"
#access_secret_secret = "x/ember/access_token_secret"
# The keys of [tweet.policy], for this account alone.
#[tweet.x.accounts.ember.policy]
#links = "strip"

# Events that come by themselves.
[generators.news]
#enabled = true
#interval = "6h"

[generators.mood-swings]
#enabled = true
#interval = "4h"

[generators.encounters]
#enabled = true
#interval = "8h"

[approvals]
# How long an effect waits for `puppet approvals approve`, where a pack's mode asks for that.
#expires = "24h"

[mailbox]
# Events of an agent that are kept while its plugin may not run, and which of the least important makes way for more.
#waiting = 10000
#overflow = "oldest"

[outbox]
# Tries before an effect fails for good, the first wait and the longest, and the least time between two of an account.
#attempts = 5
#backoff_ms = 2000
#backoff_most_ms = 300000
#min_gap_ms = 0
# How long after an attempt whose answer was lost its provider is asked what became of it.
#look_after_ms = 30000
# So many failures in a row to reach a provider, and it is left alone for so long. See docs/outbox.md.
#breaker_failures = 5
#breaker_probe_ms = 60000
# An account that its provider does not let in is tried once in so long.
#held_probe_ms = 900000

[packs]
# Versions of each installed pack that are kept and do not run, and bytes of all installed versions together.
#keep = 3
#bytes = 1073741824

[swap]
# What a new version of a plugin must show before it serves, and what takes it back. See docs/reloading.md.
#shadow = 20
#shadow_most = 2000
#fuel_percent = 200
#same_decisions = false
#canary_percent = 10
#canary_invocations = 20
#canary_success_percent = 95
#canary_error_percent = 5
#watch_invocations = 100
#watch_ms = 600000
#watch_strikes = 0
#compile_ms = 60000
#compile_bytes = 2147483648

[invocation]
# Calls per capability, decisions, time, bytes of questions and answers in the journal, and lines of log with bytes of
# each, of one event handled by one plugin.
#host_calls = 1000
#decisions = 256
#deadline_ms = 120000
#journal_bytes = 4194304
#log_lines = 200
#log_line_bytes = 4096
#log_fields = 16
# Events of our own between an event and the outside, and others that an agent knows.
#hops = 8
#relationships = 1000

[journal]
# Records of each agent are kept for so many days, and up to so many bytes. 0: for ever, and all.
#keep_days = 0
#keep_bytes = 0
# Values that are never kept in the journal; what lost one cannot be run again. For example:
#redact = ["event.payload.post.text", "reads.llm.complete.answer", "decisions.remember.body.memory.content"]

[log]
# The log as JSON, an object on each line: `puppet --log json`.
#json = false

[trace]
# A collector of OpenTelemetry that is told what becomes of each event. For example:
#otlp = "http://127.0.0.1:4318"

[trading]
# Which chain: mainnet-beta (real money), testnet, devnet or localnet. See docs/trading/wallets.md.
#network = "devnet"
# Where the address of its RPC endpoint is: rpc_env, rpc_secret, rpc_credential, or rpc_url for one that holds no key.
# Without any of them the network's public endpoint is asked. For example:
#rpc_secret = "solana/rpc"
# A file with markets beside those that the program knows (docs/trading/data.md). For example:
#markets = "markets.toml"
# Between two looks at prices, and who sends a signed swap: `jupiter` or `own-node`.
#poll_ms = 5000
#via = "jupiter"
# A swap that gives more than so much of a mint, or any of another, waits so long for `puppet wallet approve`. For example:
#approve_above = { "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v" = 25000000 }
#approve_within = "10m"

[trading.jupiter]
# Jupiter, or what stands for it, and where its key is: key_env, key_secret or key_credential. For example:
#endpoint = "https://api.jup.ag/swap/v2"
#key_secret = "jupiter/key"

# Another source of a market's price, where the rules compare two (max_deviation_bps, docs/trading/risk.md). For example:
#[trading.second_prices."SOL/USDC"]
#url = "https://prices.example.com/sol-usdc"
#pointer = "/price"

# What tells which tokens many trade (docs/capabilities/market.md): nobody, where this table is not there. For example:
#[trading.trending]
#url = "https://public-api.birdeye.so/defi/token_trending?sort_by=rank&sort_type=asc&offset=0&limit=20"
#tokens = "/data/tokens"
#key_secret = "birdeye/api_key"
#key_header = "x-api-key"
#timeout_ms = 10000

# A wallet of `puppet wallet new NAME` needs no entry; for others it says where the key is. It never stands here. For example:
#[trading.wallets.main]
#key_secret = "wallet/main"

[trading.paper]
# What a paper desk begins with, in whole quote tokens, and what trading costs there. See docs/trading/backtest.md.
#balance = "1000"
#fee_bps = 30
#slippage = "fixed:10"
#participation_bps = 1000
# Always so long until an order is there. For example:
#latency_ms = 1000

# What `puppet run` trades; without `wallet` on paper. For example:
#[trading.desks.trend]
#strategy = "sma-cross"
#markets = ["SOL/USDC"]
#bar = "1m"

# What may be traded, by whom and how much: nothing, where this table is not there (docs/trading/risk.md). For example:
#[trading.risk]
#enabled = true
#quote = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"

# Limits of the sandbox go under [sandbox.limits], [sandbox.pool] and [sandbox.strikes]: `puppet doctor --limits` lists
# them.
"#;

const GRANTS: &str = r#"# What packs may do: `puppet grants show` says it in words, `puppet grants set` changes it, and this file is made for
# review: keep it under version control. A pack requests in its pack.toml; this is the most that it gets of that. A
# capability that is not named is not granted. A built-in pack without an entry has what it requests, up to the
# ceiling that `puppet grants show` tells.
#
# Amounts are per agent and per hour or day (UTC): tokens, usd, posts, replies, likes, deletes, events, rows, bytes,
# timers. Dollars are texts ("0.50"). 0 forbids. What is left out stays as requested.

[packs.ember]
# What becomes of what it decides: "live"; "approve": each effect waits for `puppet approvals`; or "dry-run": journaled
# and shown, and nothing leaves.
#mode = "live"
# When all of this ends, and for which agents it is. For example:
#expires = "2027-12-31T00:00:00Z"
#agents = ["ember"]

[packs.ember.llm]
amounts = { "tokens/day" = 200000, "usd/day" = "0.50" }

[packs.ember.tweet]
# Only these operations; left out, all that are requested.
#operations = ["post", "reply", "like"]
amounts = { "posts/hour" = 4, "replies/hour" = 20, "likes/hour" = 20 }
# What becomes of links, and of names with `@`, in its texts: "allow", "strip" or "refuse".
#links = "allow"
#mentions = "allow"

[packs.ember.memory]
[packs.ember.schedule]
[packs.ember.state]
"#;

const PACK: &str = r#"# A pack: a character, and the plugin that gives it behaviour.
id = "ember"
version = "0.1.0"
name = "Ember"
description = "Keeps a small workshop and mends what others throw away."
# A plugin that comes with puppet.
plugin = "standard-personality"
persona = "persona.toml"
"#;

const PERSONA: &str = r#"# The data of the character. Every field is optional; a 0 is a 0.
goals = ["show that most broken things can be mended", "learn one new repair a week"]

# Lines it might have written. The offline model learns its voice from them.
sample_lines = [
    "Opened a radio from the sixties today. Someone had already mended it once, with care and a hairpin.",
    "A kettle that rattles is a kettle that wants to tell you which screw is loose.",
    "Three hours for a hinge. The door closes like a held breath now.",
    "People bring me lamps and leave with stories about their grandmothers.",
    "The cheapest part in the machine is always the one you cannot buy.",
    "Sharpened every chisel in the shop. The wood noticed before I did.",
]

[personality]
traits = ["patient", "curious", "dry humour"]
values = ["repair before replacing", "honest work"]
interests = ["old radios", "bicycles", "hand tools", "clocks", "sewing machines"]
speaking_style = "short sentences, concrete things, now and then a joke with a straight face"

[style_guide]
voice = "first person"
tone = "warm and matter-of-fact"
topics_to_avoid = ["politics"]

[style_guide.formatting]
uses_hashtags = false
uses_emojis = false

[style_guide.vocabulary]
avoid_terms = ["game changer"]

[initial_memory]
core_memories = ["I learned to solder from my aunt, who mended televisions."]
recent_events = ["A neighbour brought in a clock that runs backwards."]

[behavior.post_frequency]
min_hours_between_posts = 3
max_hours_between_posts = 8
peak_posting_hours = [8, 12, 19]

[behavior.interaction_patterns]
reply_probability = 0.6
quote_tweet_probability = 0.2
like_probability = 0.7

[behavior.content_preferences]
max_thread_length = 2
typical_post_length = 160
link_sharing_frequency = 0
"#;
