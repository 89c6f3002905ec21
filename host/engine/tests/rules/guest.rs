//! Personalities written as component text: a list of calls, one after the other, and an end.
//! Each refusal is written to the plugin's log by its code, so that a test reads in the journal what the guest saw.

use std::fmt::Write as _;

use puppet_types::trade::Mint;

use super::contract::{ERROR, HANDLER, IMPORTS, Import, LIBC, LOG, TYPES};

/// One call of a capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// `tweet.post` of a text.
    Post(&'static str),
    /// `tweet.post` of the event's id.
    PostEventId,
    /// `tweet.thread` of a text, twice.
    Thread(&'static str),
    /// `tweet.thread` of the event's id, three times.
    ThreadEventId,
    /// `tweet.reply` to the post of an id.
    Reply(&'static str),
    /// `tweet.reply` to what an earlier decision of the same call becomes.
    ReplyDecision(u32),
    /// `tweet.quote` of the post of an id.
    Quote(&'static str),
    /// `tweet.like` of the post of an id.
    Like(&'static str),
    /// `tweet.delete` of the post of an id.
    Delete(&'static str),
    /// `llm.complete`, then `tweet.post` of the answer.
    PostAnswer,
    /// `llm.complete`.
    Complete,
    /// `tweet.timeline`.
    Timeline,
    /// `tweet.own-posts`.
    OwnPosts,
    /// `tweet.search` of 0.1.1.
    Search(&'static str),
    /// `tweet.conversation` of 0.1.1, of the post of an id.
    Conversation(&'static str),
    /// `memory.remember` of a text.
    Remember(&'static str),
    /// `memory.remember` of the event's id.
    RememberEventId,
    /// `memory.forget` of an id.
    Forget(&'static str),
    /// `memory.recall` of a text, blended.
    Recall(&'static str),
    /// `agent.shift-mood`.
    ShiftMood,
    /// `agent.adjust-relationship` to somebody.
    Befriend(&'static str),
    /// `schedule.after` with a name: an hour from now.
    After(&'static str),
    /// `schedule.every` with a name: each second.
    Every(&'static str),
    /// `state.get`.
    GetState,
    /// `state.get`, then `tweet.post` of what is in it.
    PostState,
    /// `state.put` of a few bytes.
    PutState(&'static str),
    /// `events.emit` of a kind, to the agent itself.
    Emit(&'static str),
    /// `events.emit` of a kind, to everybody.
    EmitAll(&'static str),
    /// `wallet.swap` of so much USDC, in its smallest unit, for SOL.
    Swap(i64),
    /// The same, for this reason.
    SwapBecause(i64, &'static str),
    /// `wallet.balances`.
    Balances,
    /// `market.quote`.
    Price,
    /// `log.log`, as it was before lines had fields.
    Log(&'static str),
    /// Nothing more, and well, at an event whose kind is as long as this one.
    EndAtKind(&'static str),
    /// `log.log` with so many fields, all alike.
    LogFields(&'static str, u32),
    /// No call: so many turns of an empty loop.
    Burn(u32),
}

/// How the call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Well.
    Ok,
    /// With an error of the plugin's own.
    Failed,
    /// With an answer.
    Declined,
    /// With an answer that asks for the event again, in 1970.
    Again,
    /// The same while the event's time, in seconds, is one of the first three of seven; else well.
    AgainForAWhile,
    /// By `unreachable`.
    Trap,
    /// Never: it spins until its fuel is gone.
    Spin,
    /// Never: its steps come again and again.
    Repeat,
    /// By the event's priority: low is ok, normal fails, high traps, critical spins.
    ByPriority,
}

/// Where results of host calls are written.
const RET: u32 = 256;
/// Where constants begin.
const DATA: u32 = 4_096;

/// Constants of the core module.
#[derive(Default)]
struct Constants {
    text: String,
    used: u32,
}

impl Constants {
    /// Puts bytes down; answers address and length as two constants.
    fn put(&mut self, text: &str) -> String {
        let at = DATA + self.used;
        let _ = write!(self.text, "(data (i32.const {at}) {text:?}) ");
        self.used += u32::try_from(text.len()).unwrap().next_multiple_of(8);
        format!("(i32.const {at}) (i32.const {})", text.len())
    }
}

const OUT: &str = "(i32.const 256)";
const NONE: &str = "(i32.const 0) (i32.const 0)";

fn swap(amount: i64, reason: &str, constants: &mut Constants) -> String {
    let [gives, takes, reason] = [Mint::USDC, Mint::SOL, reason].map(|text| constants.put(text));
    format!("(call $swap {gives} {takes} (i64.const {amount}) (i32.const 50) {reason} {OUT})")
}

impl Step {
    pub fn capability(self) -> &'static str {
        match self {
            Self::Post(_) | Self::PostEventId | Self::Timeline | Self::PostAnswer | Self::PostState => "tweet",
            Self::OwnPosts
            | Self::Thread(_)
            | Self::ThreadEventId
            | Self::Reply(_)
            | Self::ReplyDecision(_)
            | Self::Quote(_)
            | Self::Like(_)
            | Self::Delete(_) => "tweet",
            Self::Search(_) | Self::Conversation(_) => "tweet-found",
            Self::Complete => "llm",
            Self::Remember(_) | Self::RememberEventId | Self::Forget(_) | Self::Recall(_) => "memory",
            Self::ShiftMood | Self::Befriend(_) => "agent",
            Self::After(_) | Self::Every(_) => "schedule",
            Self::GetState | Self::PutState(_) => "state",
            Self::Emit(_) | Self::EmitAll(_) => "events",
            Self::Swap(_) | Self::SwapBecause(..) | Self::Balances => "wallet",
            Self::Price => "market",
            Self::Log(_) | Self::Burn(_) => "log",
            Self::LogFields(..) => "log-fields",
            Self::EndAtKind(_) => "log",
        }
    }

    /// The call, and a look at what came of it.
    fn code(self, constants: &mut Constants) -> String {
        let call = match self {
            Self::Post(text) => format!("(call $post {} {NONE} {OUT})", constants.put(text)),
            Self::PostEventId => {
                format!("(call $post (i32.load (local.get 0)) (i32.load offset=4 (local.get 0)) {NONE} {OUT})")
            }
            Self::Thread(text) => {
                let part = constants.put(text);
                let parts = stored(512, &part) + &stored(520, &part);
                format!("{parts} (call $thread (i32.const 512) (i32.const 2) {OUT})")
            }
            Self::ThreadEventId => {
                let part = "(i32.load (local.get 0)) (i32.load offset=4 (local.get 0))";
                let parts: String = [512, 520, 528].map(|at| stored(at, part)).concat();
                format!("{parts} (call $thread (i32.const 512) (i32.const 3) {OUT})")
            }
            Self::Reply(id) => {
                let (id, text) = (constants.put(id), constants.put("a reply"));
                format!("(call $reply (i32.const 0) {id} {text} {NONE} {OUT})")
            }
            Self::ReplyDecision(n) => {
                let text = constants.put("a reply");
                format!("(call $reply (i32.const 1) (i32.const {n}) (i32.const 0) {text} {NONE} {OUT})")
            }
            Self::Quote(id) => {
                let (id, text) = (constants.put(id), constants.put("a quote"));
                format!("(call $quote (i32.const 0) {id} {text} {OUT})")
            }
            Self::Like(id) => format!("(call $like (i32.const 0) {} {OUT})", constants.put(id)),
            Self::Delete(id) => format!("(call $delete (i32.const 0) {} {OUT})", constants.put(id)),
            Self::PostAnswer => {
                let ask = Self::Complete.code(constants);
                let post = format!(
                    "(call $post (i32.load (i32.const {})) (i32.load (i32.const {})) {NONE} {OUT})",
                    RET + 8,
                    RET + 12
                );
                format!("{ask} (if (i32.eqz (i32.load8_u {OUT})) (then {post}))")
            }
            Self::Complete => {
                // A request at 512 with one message at 640: purpose, messages, max-tokens; the rest is zero.
                let (purpose, prompt) = (constants.put("post"), constants.put("say something"));
                format!(
                    "{} {} (i32.store (i32.const 520) (i32.const 640)) (i32.store (i32.const 524) (i32.const 1))
                     (i32.store (i32.const 528) (i32.const 20)) (i32.store8 (i32.const 640) (i32.const 1))
                     (call $complete (i32.const 512) {OUT})",
                    stored(512, &purpose),
                    stored(656, &prompt)
                )
            }
            Self::Timeline => format!("(call $timeline (i32.const 10) {OUT})"),
            Self::OwnPosts => format!("(call $own-posts (i32.const 10) {OUT})"),
            Self::Search(query) => format!("(call $search {} (i32.const 10) {OUT})", constants.put(query)),
            Self::Conversation(id) => format!("(call $conversation {} (i32.const 10) {OUT})", constants.put(id)),
            Self::Remember(text) => remember(&constants.put(text)),
            Self::RememberEventId => remember("(i32.load (local.get 0)) (i32.load offset=4 (local.get 0))"),
            Self::Forget(id) => format!("(call $forget {} {OUT})", constants.put(id)),
            Self::Recall(text) => {
                format!("(call $recall {} {NONE} (i32.const 9) (i32.const 0) (i32.const 0) {OUT})", constants.put(text))
            }
            Self::ShiftMood => {
                format!(
                    "(call $shift-mood (f64.const 0.25) (f64.const 0.125) (f64.const 0) {} {OUT})",
                    constants.put("a test")
                )
            }
            Self::Befriend(whom) => format!(
                "(call $befriend {} (f64.const 0.1) (f64.const 0.1) (f64.const 0.1) (i32.const 0) {NONE} (i32.const 0) {NONE} {OUT})",
                constants.put(whom)
            ),
            Self::After(name) => {
                format!("(call $after {} (i64.const 3600000) {} {OUT})", constants.put(name), constants.put("{}"))
            }
            Self::Every(name) => {
                format!("(call $every {} (i64.const 1000) {} {OUT})", constants.put(name), constants.put("{}"))
            }
            Self::GetState => format!("(call $get {OUT})"),
            Self::PostState => {
                let data = "(i32.load (i32.const 272)) (i32.load (i32.const 276))";
                let has = "(i32.and (i32.eqz (i32.load8_u (i32.const 256))) (i32.load8_u (i32.const 264)))";
                format!("(call $get {OUT}) (if {has} (then (call $post {data} {NONE} {OUT})))")
            }
            Self::PutState(data) => format!("(call $put (i32.const 1) {} {OUT})", constants.put(data)),
            Self::Swap(amount) => swap(amount, "a good moment", constants),
            Self::SwapBecause(amount, reason) => swap(amount, reason, constants),
            Self::Balances => format!("(call $balances {OUT})"),
            Self::Price => format!("(call $price {} {OUT})", constants.put("SOL/USDC")),
            Self::Emit(kind) => emit(0, kind, constants),
            Self::EmitAll(kind) => emit(2, kind, constants),
            Self::Burn(turns) => {
                return format!(
                    "(local.set $n (i32.const {turns}))
                     (loop $burn (br_if $burn (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))"
                );
            }
            Self::LogFields(line, many) => {
                let (line, name, value) = (constants.put(line), constants.put("key"), constants.put("value"));
                let field = |n: u32| stored(512 + n * 16, &name) + &stored(520 + n * 16, &value);
                let fields: String = (0..many).map(field).collect();
                return format!("{fields} (call $log-fields (i32.const 1) {line} (i32.const 512) (i32.const {many}))");
            }
            Self::EndAtKind(kind) => {
                let is_it = format!("(i32.eq (i32.load offset=12 (local.get 0)) (i32.const {}))", kind.len());
                return format!("(if {is_it} (then (return (i32.const 16))))");
            }
            Self::Log(line) => return format!("(call $log (i32.const 1) {})", constants.put(line)),
        };
        format!("{call} (call $note)")
    }
}

/// `memory.remember` of a text at an address.
fn remember(text: &str) -> String {
    format!(
        "(call $remember (i32.const 0) {text} (f64.const 0.5) (f64.const 0) {NONE} {NONE} (i32.const 0) {NONE} (i32.const 0) {OUT})"
    )
}

/// `events.emit` to a case of `target` that names nobody.
fn emit(target: u32, kind: &str, constants: &mut Constants) -> String {
    let (kind, payload) = (constants.put(kind), constants.put("{}"));
    format!("(call $emit {kind} (i32.const {target}) {NONE} (i32.const 1) {payload} (i64.const 0) {OUT})")
}

/// Two constants written to an address, one after the other.
fn stored(at: u32, pair: &str) -> String {
    let (one, two) = pair.split_once(") ").unwrap();
    format!("(i32.store (i32.const {at}) {one})) (i32.store (i32.const {}) {two})", at + 4)
}

fn ended(end: End, constants: &mut Constants) -> String {
    let no = constants.put("not today");
    match end {
        End::Ok => String::new(),
        End::Failed => format!(
            "(i32.store8 (i32.const 16) (i32.const 1)) (i32.store8 (i32.const 24) (i32.const 1)) {}",
            stored(32, &no)
        ),
        End::Declined => format!(
            "(i32.store8 (i32.const 16) (i32.const 1)) (i32.store8 (i32.const 24) (i32.const 0)) {} {}",
            stored(32, &no),
            stored(40, &no)
        ),
        End::Again => format!("{} (i32.store8 (i32.const 48) (i32.const 1))", ended(End::Declined, constants)),
        End::AgainForAWhile => {
            let second = "(i64.rem_u (i64.div_u (i64.load offset=40 (local.get 0)) (i64.const 1000)) (i64.const 7))";
            format!("(if (i64.lt_u {second} (i64.const 3)) (then {}))", ended(End::Again, constants))
        }
        End::Trap => "unreachable".to_owned(),
        End::Spin => "(loop $spin (br $spin))".to_owned(),
        End::Repeat => "(br $again)".to_owned(),
        End::ByPriority => {
            let one = |priority: u32, end: &str| {
                format!("(if (i32.eq (i32.load8_u offset=36 (local.get 0)) (i32.const {priority})) (then {end}))")
            };
            let [failed, trap, spin] = [End::Failed, End::Trap, End::Spin].map(|end| ended(end, constants));
            [one(1, &failed), one(2, &trap), one(3, &spin)].concat()
        }
    }
}

/// A generator that makes one event per agent, in the agents' order. The first is a `news`; the others have no kind.
pub fn generator() -> Vec<u8> {
    let text = format!(
        r#"(component {TYPES} {LIBC}
          (type $a (record (field "id" string) (field "name" string) (field "handle" string)))
          (type $n (record (field "kind" string) (field "targets" (list string)) (field "priority" $priority)
            (field "payload" string) (field "delay-ms" u64)))
          (type $t (record (field "id" string) (field "kind" string) (field "at" u64) (field "payload" string)
            (field "agents" (list $a))))
          (core module $m
            (import "libc" "memory" (memory 1))
            (data (i32.const 600) "news{{}}")
            (func (export "generate") (param i32 i32 i32 i32 i64 i32 i32 i32 i32) (result i32)
              (i32.store (i32.const 112) (i32.const 200)) (i32.store (i32.const 116) (local.get 8))
              (i32.store (i32.const 200) (i32.const 600)) (i32.store (i32.const 204) (i32.const 4))
              (i32.store (i32.const 220) (i32.const 604)) (i32.store (i32.const 224) (i32.const 2))
              (i32.const 104)))
          (core instance $m (instantiate $m (with "libc" (instance $libc))))
          (func $generate (param "trigger" $t) (result (result (list $n) (error $failure)))
            (canon lift (core func $m "generate") (memory (core memory $memory)) (realloc (core func $realloc))))
          (instance $generator (export "agent-ref" (type $a)) (export "new-event" (type $n)) (export "trigger" (type $t))
            (export "generate" (func $generate)))
          (export "puppet:plugin/generator@0.1.0" (instance $generator)))"#
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// The interface of a capability, in the version that guests are built against.
fn interface(capability: &str) -> String {
    match capability {
        "log-fields" => "puppet:log/log@0.2.0".to_owned(),
        "tweet-found" => "puppet:tweet/tweet@0.1.1".to_owned(),
        other => format!("puppet:{other}/{other}@0.1.0"),
    }
}

/// What `migrate` makes of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Migrate {
    /// The next version of it: the same data and an exclamation mark.
    Next,
    /// The name of the error that a call answers, or `allowed`.
    Asks(Step),
    /// So many zeros.
    Zeros(u32),
    /// Nothing: it says why.
    Says(&'static str),
    /// Nothing: it traps.
    Trap,
    /// Nothing: it spins.
    Spin,
}

/// Where `migrate` writes its result, and its data.
const MIGRATED: u32 = 3_000;

impl Migrate {
    /// The body of a function from version, address and length to the address of a result.
    fn code(self, constants: &mut Constants) -> String {
        let answer = |version: &str, data: &str, length: &str| {
            format!(
                "(i32.store (i32.const {}) {version}) (i32.store (i32.const {}) {data}) (i32.store (i32.const {}) {length})",
                MIGRATED + 4,
                MIGRATED + 8,
                MIGRATED + 12
            )
        };
        match self {
            Self::Next => {
                let (next, data) = ("(i32.add (local.get 0) (i32.const 1))", MIGRATED + 16);
                let longer = "(i32.add (local.get 2) (i32.const 1))";
                let answer = answer(next, &format!("(i32.const {data})"), longer);
                format!(
                    "(memory.copy (i32.const {data}) (local.get 1) (local.get 2))
                     (i32.store8 (i32.add (i32.const {data}) (local.get 2)) (i32.const 33)) {answer}"
                )
            }
            Self::Asks(step) => {
                let (allowed, code) = (constants.put("allowed"), step.code(constants));
                let (at, length) = allowed.split_once(") ").unwrap();
                let is_error = "(i32.load8_u (i32.const 256))";
                let data = format!("(select (i32.load (i32.const 264)) {at}) {is_error})");
                let length = format!("(select (i32.load (i32.const 268)) {length} {is_error})");
                format!("{code} {}", answer("(local.get 0)", &data, &length))
            }
            Self::Zeros(many) => {
                let pages = "(drop (memory.grow (i32.const 2)))";
                format!("{pages} {}", answer("(local.get 0)", "(i32.const 131072)", &format!("(i32.const {many})")))
            }
            Self::Says(why) => {
                let why = stored(MIGRATED + 4, &constants.put(why));
                format!("(i32.store8 (i32.const {MIGRATED}) (i32.const 1)) {why}")
            }
            Self::Trap => "unreachable".to_owned(),
            Self::Spin => "(loop $spin (br $spin))".to_owned(),
        }
    }

    fn step(self) -> Option<Step> {
        match self {
            Self::Asks(step) => Some(step),
            _ => None,
        }
    }
}

/// What a component that migrates exports beside its handler.
const MIGRATION: &str = r#"
  (type $sb (record (field "version" u32) (field "data" (list u8))))
  (func $migrate (param "old" $sb) (result (result $sb (error string)))
    (canon lift (core func $m "migrate") (memory (core memory $memory)) (realloc (core func $realloc))))
  (instance $migration (export "blob" (type $sb)) (export "migrate" (func $migrate)))
  (export "puppet:migration/migration@0.1.0" (instance $migration))
"#;

/// A personality that makes these calls and ends so.
pub fn component(steps: &[Step], end: End) -> Vec<u8> {
    made(steps, end, None)
}

/// The same, which carries over what another version kept.
pub fn migrating(steps: &[Step], end: End, migrate: Migrate) -> Vec<u8> {
    made(steps, end, Some(migrate))
}

fn made(steps: &[Step], end: End, migrate: Option<Migrate>) -> Vec<u8> {
    let asked = migrate.and_then(Migrate::step);
    let mut capabilities: Vec<&str> = steps.iter().chain(&asked).map(|step| step.capability()).collect();
    if steps.contains(&Step::PostAnswer) {
        capabilities.push("llm");
    }
    if steps.contains(&Step::PostState) {
        capabilities.push("state");
    }
    capabilities.push("log");
    capabilities.sort_unstable();
    capabilities.dedup();

    let mut constants = Constants::default();
    let code: String = steps.iter().map(|step| step.code(&mut constants) + "\n").collect();
    let end = ended(end, &mut constants);
    let migrate = migrate.map(|migrate| migrate.code(&mut constants));
    let migration = if migrate.is_some() { MIGRATION } else { "" };
    let migrate = migrate.map_or_else(String::new, |code| {
        format!(
            "(func (export \"migrate\") (param i32 i32 i32) (result i32) (local $n i32) {code} (i32.const {MIGRATED}))"
        )
    });
    let (mut imports, mut lowered, mut uses) = (String::new(), String::new(), String::new());
    for capability in capabilities {
        let all = std::iter::once(&LOG).chain(IMPORTS).filter(|import| import.capability == capability);
        let (mut body, mut with) = (String::new(), String::new());
        for Import { instance, function, core: (name, shape), .. } in all {
            body += instance;
            let _ = write!(
                lowered,
                "(core func ${name} (canon lower (func ${capability} {function:?}) (memory (core memory $memory)) \
                 (realloc (core func $realloc)))) "
            );
            let _ = write!(with, "(export {name:?} (func ${name})) ");
            let _ = write!(uses, "(import {capability:?} {name:?} (func ${name} {shape})) ");
        }
        let error = if capability.starts_with("log") { "" } else { ERROR };
        let interface = interface(capability);
        let _ = write!(imports, "(import \"{interface}\" (instance ${capability} {error} {body})) ");
        let _ = write!(lowered, "(core instance $with-{capability} {with}) ");
    }
    let with: String = uses
        .split("(import \"")
        .filter_map(|part| part.split_once('"'))
        .map(|(capability, _)| format!("(with \"{capability}\" (instance $with-{capability})) "))
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    let text = format!(
        r#"(component {TYPES} {imports} {LIBC} {lowered}
          (core module $m (import "libc" "memory" (memory 1)) {uses} {constants}
            (func $note (if (i32.load8_u {OUT}) (then
              (call $log (i32.const 2) (i32.load (i32.const 264)) (i32.load (i32.const 268))))))
            (func (export "handle") (param i32) (result i32) (local $n i32) (loop $again {code} {end}) (i32.const 16)) {migrate})
          (core instance $m (instantiate $m (with "libc" (instance $libc)) {with})) {HANDLER} {migration})"#,
        constants = constants.text,
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
}
