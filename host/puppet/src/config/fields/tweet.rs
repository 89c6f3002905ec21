//! `[tweet]`: where posts go, and who posts on X.

use super::{Field, field};

pub(super) const TWEET: &[Field] = &[
    field(
        "tweet.provider",
        "local or x",
        "local",
        "",
        "Where posts go: to the timeline in the data folder, or to X ([how](../x.md)).",
    ),
    field(
        "tweet.x.endpoint",
        "http(s) address",
        "https://api.x.com",
        "",
        "X, or what stands for it: `puppet emulate` prints the address of its own. Plain http reaches this machine only.",
    ),
    field("tweet.x.timeout_ms", "100 to 600000", "30000", "", "Time for one request."),
    field(
        "tweet.x.settle_ms",
        "0 to 600000",
        "30000",
        "",
        "How long after a request has ended its post may still appear. A post that is not seen by then was not made.",
    ),
    field(
        "tweet.x.mentions.by",
        "auto, poll, stream or none",
        "auto",
        "",
        "How what is said to accounts on X is heard ([hearing](../x.md#hearing)): by a stream where an app has a bearer token and its plan has streams, else by asking.",
    ),
    field(
        "tweet.x.mentions.every",
        "length of time",
        "60s",
        "",
        "An account is asked for no more often; less often where the limits of X ask for that.",
    ),
    field(
        "tweet.x.mentions.backfill",
        "length of time",
        "0s",
        "",
        "The first time, an account is heard from so long ago on. After that, from where it was heard last.",
    ),
    field(
        "tweet.x.mentions.context",
        "0 to 10",
        "3",
        "",
        "So many posts before a mention are read with it. Each one that is not known here is a read that X charges.",
    ),
    field(
        "tweet.x.accounts.<name>.token_env",
        "name of a variable",
        "",
        "",
        "The environment variable that holds the token of this account (OAuth 2, user context). Each account has one of `token_env`, `token_secret` and `token_credential`.",
    ),
    field(
        "tweet.x.accounts.<name>.token_secret",
        "name of a secret",
        "",
        "",
        "The same for the secrets of the data folder.",
    ),
    field("tweet.x.accounts.<name>.token_credential", "name of a credential", "", "", "The same for `[credentials]`."),
];
