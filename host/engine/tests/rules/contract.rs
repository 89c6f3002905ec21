//! The contract as component text: the functions that the tests' guests call, in the shape that the WIT gives them.

/// Types that every personality knows.
pub const TYPES: &str = r#"
  (import "puppet:types/types@0.1.0" (instance $types
    (type $p (enum "low" "normal" "high" "critical"))
    (export "priority" (type $priority (eq $p)))
    (type $e (record (field "id" string) (field "kind" string) (field "source" string) (field "author" (option string))
      (field "priority" $priority) (field "at" u64) (field "payload" string) (field "hops" u32)
      (field "cause" (option string)) (field "extra" (list (tuple string string)))))
    (export "event" (type (eq $e)))
    (type $x (record (field "code" string) (field "message" string) (field "retry-after-ms" (option u64))))
    (export "error" (type (eq $x)))))
  (alias export $types "event" (type $event))
  (alias export $types "priority" (type $priority))
  (alias export $types "error" (type $error))
  (import "puppet:plugin/outcome@0.1.0" (instance $outcome
    (type $d (record (field "code" string) (field "message" string) (field "retry-at" (option u64))))
    (export "decline" (type $decline (eq $d)))
    (type $f (variant (case "declined" $decline) (case "failed" string)))
    (export "failure" (type (eq $f)))))
  (alias export $outcome "failure" (type $failure))
"#;

/// The first page is for results and constants; what the host hands over is put behind it.
pub const LIBC: &str = r#"
  (core module $libc
    (memory (export "memory") 4)
    (global $top (mut i32) (i32.const 65536))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
      (global.set $top (i32.add (local.get $at) (local.get 3)))
      (if (i32.gt_u (global.get $top) (i32.shl (memory.size) (i32.const 16)))
        (then (drop (memory.grow (i32.shr_u (i32.add (local.get 3) (i32.const 65536)) (i32.const 16))))))
      (local.get $at)))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))
"#;

/// What a personality exports.
pub const HANDLER: &str = r#"
  (func $handle (param "event" $event) (result (result (error $failure)))
    (canon lift (core func $m "handle") (memory (core memory $memory)) (realloc (core func $realloc))))
  (instance $handler (export "handle" (func $handle)))
  (export "puppet:plugin/handler@0.1.0" (instance $handler))
"#;

/// A function of the contract as a component imports it.
pub struct Import {
    /// Of the package and its interface.
    pub capability: &'static str,
    /// Types and the function, inside the instance.
    pub instance: &'static str,
    /// Its name in the contract.
    pub function: &'static str,
    /// Its name and type in the core module.
    pub core: (&'static str, &'static str),
}

/// `log.log` of 0.1.0.
pub const LOG: Import = Import {
    capability: "log",
    instance: r#"(type $l (enum "debug" "info" "warn" "error")) (export "level" (type $level (eq $l)))
      (export "log" (func (param "level" $level) (param "message" string)))"#,
    function: "log",
    core: ("log", "(param i32 i32 i32)"),
};

/// `log.log` of 0.2.0.
const LOG_FIELDS: Import = Import {
    capability: "log-fields",
    instance: r#"(type $l (enum "debug" "info" "warn" "error")) (export "level" (type $level (eq $l)))
      (export "log" (func (param "level" $level) (param "message" string)
        (param "fields" (list (tuple string string)))))"#,
    function: "log",
    core: ("log-fields", "(param i32 i32 i32 i32 i32)"),
};

/// The shared error, inside an instance.
pub const ERROR: &str = r#"(alias outer 1 $error (type $x)) (export "error" (type $error (eq $x)))"#;

/// The functions of one interface stand in one instance: a guest imports all that are listed for a capability it uses.
pub const IMPORTS: &[Import] = &[
    LOG_FIELDS,
    Import {
        capability: "tweet",
        instance: r#"(type $i (record (field "asset" string) (field "alt-text" string)))
          (export "image" (type $image (eq $i)))
          (export "post" (func (param "text" string) (param "images" (list $image)) (result (result u32 (error $error)))))"#,
        function: "post",
        core: ("post", "(param i32 i32 i32 i32 i32)"),
    },
    Import {
        capability: "tweet",
        instance: r#"(type $v (variant (case "id" string) (case "decision" u32))) (export "post-ref" (type $ref (eq $v)))
          (export "reply" (func (param "to" $ref) (param "text" string) (param "images" (list $image))
            (result (result u32 (error $error)))))"#,
        function: "reply",
        core: ("reply", "(param i32 i32 i32 i32 i32 i32 i32 i32)"),
    },
    Import {
        capability: "tweet",
        instance: r#"(export "thread" (func (param "parts" (list string)) (result (result u32 (error $error)))))"#,
        function: "thread",
        core: ("thread", "(param i32 i32 i32)"),
    },
    Import {
        capability: "tweet",
        instance: r#"(export "quote" (func (param "of" $ref) (param "text" string) (result (result u32 (error $error)))))"#,
        function: "quote",
        core: ("quote", "(param i32 i32 i32 i32 i32 i32)"),
    },
    Import {
        capability: "tweet",
        instance: r#"(export "like" (func (param "of" $ref) (result (result u32 (error $error)))))"#,
        function: "like",
        core: ("like", "(param i32 i32 i32 i32)"),
    },
    Import {
        capability: "tweet",
        instance: r#"(export "delete" (func (param "of" $ref) (result (result u32 (error $error)))))"#,
        function: "delete",
        core: ("delete", "(param i32 i32 i32 i32)"),
    },
    Import {
        capability: "tweet",
        instance: r#"(type $t (record (field "id" string) (field "author" string) (field "text" string) (field "at" u64)
            (field "in-reply-to" (option string)) (field "quotes" (option string)) (field "conversation" string)
            (field "likes" u32) (field "replies" u32) (field "quoted" u32)))
          (export "post-item" (type $item (eq $t)))
          (export "timeline" (func (param "limit" u32) (result (result (list $item) (error $error)))))"#,
        function: "timeline",
        core: ("timeline", "(param i32 i32)"),
    },
    Import {
        capability: "tweet",
        instance: r#"(export "own-posts" (func (param "limit" u32) (result (result (list $item) (error $error)))))"#,
        function: "own-posts",
        core: ("own-posts", "(param i32 i32)"),
    },
    Import {
        capability: "tweet-found",
        instance: r#"(type $t (record (field "id" string) (field "author" string) (field "text" string) (field "at" u64)
            (field "in-reply-to" (option string)) (field "quotes" (option string)) (field "conversation" string)
            (field "likes" u32) (field "replies" u32) (field "quoted" u32)))
          (export "post-item" (type $item (eq $t)))
          (export "search" (func (param "query" string) (param "limit" u32) (result (result (list $item) (error $error)))))"#,
        function: "search",
        core: ("search", "(param i32 i32 i32 i32)"),
    },
    Import {
        capability: "tweet-found",
        instance: r#"(export "conversation" (func (param "id" string) (param "limit" u32)
          (result (result (list $item) (error $error)))))"#,
        function: "conversation",
        core: ("conversation", "(param i32 i32 i32 i32)"),
    },
    Import {
        capability: "memory",
        instance: r#"(type $k (enum "core" "event" "interaction" "general" "post" "tweet")) (export "kind" (type $kind (eq $k)))
          (type $s (enum "own" "host" "stranger")) (export "trust" (type $trust (eq $s)))
          (type $n (record (field "kind" $kind) (field "content" string) (field "importance" f64) (field "valence" f64)
            (field "associations" (list string)) (field "metadata" (list (tuple string string)))
            (field "author" (option string)) (field "trust" $trust)))
          (export "new-memory" (type $new (eq $n)))
          (export "remember" (func (param "memory" $new) (result (result string (error $error)))))"#,
        function: "remember",
        core: ("remember", "(param i32 i32 i32 f64 f64 i32 i32 i32 i32 i32 i32 i32 i32 i32)"),
    },
    Import {
        capability: "memory",
        instance: r#"(export "forget" (func (param "id" string) (result (result (error $error)))))"#,
        function: "forget",
        core: ("forget", "(param i32 i32 i32)"),
    },
    Import {
        capability: "memory",
        instance: r#"(type $i (record (field "id" string) (field "kind" $kind) (field "content" string) (field "at" u64)
            (field "importance" f64) (field "valence" f64) (field "associations" (list string))
            (field "metadata" (list (tuple string string))) (field "author" (option string)) (field "trust" $trust)
            (field "pinned" bool)))
          (export "item" (type $item (eq $i)))
          (type $m (enum "blended" "keyword")) (export "method" (type $method (eq $m)))
          (type $q (record (field "text" string) (field "kinds" (list $kind)) (field "limit" u32) (field "method" $method)
            (field "follow" bool)))
          (export "query" (type $query (eq $q)))
          (type $h (record (field "item" $item) (field "score" f64) (field "text-score" f64) (field "likeness" f64)
            (field "importance" f64) (field "recency" f64) (field "via" (option string))))
          (export "scored" (type $scored (eq $h)))
          (export "recall" (func (param "query" $query) (result (result (list $scored) (error $error)))))"#,
        function: "recall",
        core: ("recall", "(param i32 i32 i32 i32 i32 i32 i32 i32)"),
    },
    Import {
        capability: "agent",
        instance: r#"(type $m (record (field "valence" f64) (field "arousal" f64) (field "dominance" f64)))
          (export "mood" (type $mood (eq $m)))
          (export "shift-mood" (func (param "shift" $mood) (param "cause" string) (result (result (error $error)))))"#,
        function: "shift-mood",
        core: ("shift-mood", "(param f64 f64 f64 i32 i32 i32)"),
    },
    Import {
        capability: "agent",
        instance: r#"(type $c (record (field "sentiment" f64) (field "familiarity" f64) (field "trust" f64)
            (field "interaction" (option string)) (field "note" (option string))))
          (export "relationship-change" (type $change (eq $c)))
          (export "adjust-relationship" (func (param "target" string) (param "change" $change)
            (result (result (error $error)))))"#,
        function: "adjust-relationship",
        core: ("befriend", "(param i32 i32 f64 f64 f64 i32 i32 i32 i32 i32 i32 i32)"),
    },
    Import {
        capability: "schedule",
        instance: r#"(export "after" (func (param "name" string) (param "delay-ms" u64) (param "payload" string)
            (result (result (error $error)))))"#,
        function: "after",
        core: ("after", "(param i32 i32 i64 i32 i32 i32)"),
    },
    Import {
        capability: "schedule",
        instance: r#"(export "every" (func (param "name" string) (param "interval-ms" u64) (param "payload" string)
            (result (result (error $error)))))"#,
        function: "every",
        core: ("every", "(param i32 i32 i64 i32 i32 i32)"),
    },
    Import {
        capability: "state",
        instance: r#"(type $b (record (field "version" u32) (field "data" (list u8)))) (export "blob" (type $blob (eq $b)))
          (export "get" (func (result (result (option $blob) (error $error)))))"#,
        function: "get",
        core: ("get", "(param i32)"),
    },
    Import {
        capability: "state",
        instance: r#"(export "put" (func (param "blob" $blob) (result (result (error $error)))))"#,
        function: "put",
        core: ("put", "(param i32 i32 i32 i32)"),
    },
    Import {
        capability: "events",
        instance: r#"(alias outer 1 $priority (type $p)) (export "priority" (type $priority (eq $p)))
          (type $t (variant (case "me") (case "agents" (list string)) (case "all"))) (export "target" (type $target (eq $t)))
          (type $n (record (field "kind" string) (field "target" $target) (field "priority" $priority)
            (field "payload" string) (field "delay-ms" u64)))
          (export "new-event" (type $new (eq $n)))
          (export "emit" (func (param "event" $new) (result (result (error $error)))))"#,
        function: "emit",
        core: ("emit", "(param i32 i32 i32 i32 i32 i32 i32 i32 i64 i32)"),
    },
    Import {
        capability: "wallet",
        instance: r#"(type $i (record (field "in-mint" string) (field "out-mint" string) (field "amount" u64)
            (field "max-slippage-bps" u32) (field "reason" string)))
          (export "swap-intent" (type $intent (eq $i)))
          (export "swap" (func (param "intent" $intent) (result (result u32 (error $error)))))"#,
        function: "swap",
        core: ("swap", "(param i32 i32 i32 i32 i64 i32 i32 i32 i32)"),
    },
    Import {
        capability: "wallet",
        instance: r#"(type $b (record (field "mint" string) (field "symbol" string) (field "amount" u64) (field "decimals" u8)))
          (export "balance" (type $balance (eq $b)))
          (export "balances" (func (result (result (list $balance) (error $error)))))"#,
        function: "balances",
        core: ("balances", "(param i32)"),
    },
    Import {
        capability: "market",
        instance: r#"(type $p (record (field "market" string) (field "price" u64) (field "price-decimals" u8)
            (field "at" u64) (field "change-bps" s32)))
          (export "price" (type $price (eq $p)))
          (export "quote" (func (param "market" string) (result (result $price (error $error)))))"#,
        function: "quote",
        core: ("price", "(param i32 i32 i32)"),
    },
    Import {
        capability: "llm",
        instance: r#"(type $r (enum "system" "user" "assistant")) (export "role" (type $role (eq $r)))
          (type $m (record (field "role" $role) (field "name" (option string)) (field "content" string)))
          (export "message" (type $message (eq $m)))
          (type $s (record (field "temperature" (option f32)) (field "top-p" (option f32))
            (field "presence-penalty" (option f32)) (field "frequency-penalty" (option f32)) (field "stop" (list string))))
          (export "sampling" (type $sampling (eq $s)))
          (type $q (record (field "purpose" string) (field "messages" (list $message)) (field "max-tokens" u32)
            (field "sampling" $sampling) (field "extra" (list (tuple string string)))))
          (export "request" (type $request (eq $q)))
          (type $u (record (field "prompt-tokens" u32) (field "completion-tokens" u32))) (export "usage" (type $usage (eq $u)))
          (type $c (record (field "text" string) (field "model" string) (field "usage" $usage) (field "finish" string)))
          (export "completion" (type $completion (eq $c)))
          (export "complete" (func (param "request" $request) (result (result $completion (error $error)))))"#,
        function: "complete",
        core: ("complete", "(param i32 i32)"),
    },
];
