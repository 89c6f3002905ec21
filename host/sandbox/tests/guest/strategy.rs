//! Strategies written as component text: bodies of the six functions inside the shape of the world.

use puppet_sandbox::{ClientIds, PreparedStrategy, Sandbox, StrategyError, StrategyInstance, StrategySetup};
use puppet_types::{
    Timestamp,
    trade::{Candle, Denial, Fill, Market, Mint, Side, Token},
};

use super::{LIBC, WASI, WASI_CORE, WASI_USE, WASI_WITH};

/// Types of the contract that a strategy exports functions of.
const TYPES: &str = r#"
  (import "puppet:trading/types@0.1.0" (instance $types
    (type $c (record (field "market" u32) (field "at" u64) (field "open" u64) (field "high" u64) (field "low" u64)
      (field "close" u64) (field "volume" u64)))
    (export "candle" (type $candle (eq $c)))
    (type $b (record (field "at" u64) (field "is-warm-up" bool) (field "candles" (list $candle))))
    (export "batch" (type (eq $b)))
    (type $s (enum "buy" "sell"))
    (export "side" (type $side (eq $s)))
    (type $o (record (field "client-id" string) (field "market" u32) (field "side" $side) (field "kind" string)
      (field "quantity" u64) (field "price" (option u64)) (field "trail-bps" (option u32)) (field "reduce-only" bool)
      (field "time-in-force" string) (field "expires-at" (option u64)) (field "max-slippage-bps" (option u32))
      (field "reason" string)))
    (export "order" (type (eq $o)))
    (type $f (record (field "client-id" string) (field "market" u32) (field "side" $side) (field "at" u64)
      (field "quantity" u64) (field "price" u64) (field "fee" u64) (field "remaining" u64)))
    (export "fill" (type (eq $f)))
    (type $d (record (field "client-id" string) (field "market" u32) (field "at" u64) (field "rule" string)
      (field "detail" string) (field "retry-at" (option u64))))
    (export "denial" (type (eq $d)))
    (type $m (record (field "id" string) (field "base-mint" string) (field "quote-mint" string) (field "base-decimals" u8)
      (field "quote-decimals" u8) (field "price-decimals" u8) (field "min-quantity" u64)))
    (export "market-info" (type (eq $m)))))
  (alias export $types "batch" (type $batch))
  (alias export $types "order" (type $order))
  (alias export $types "fill" (type $fill))
  (alias export $types "denial" (type $denial))
  (alias export $types "market-info" (type $market-info))
  (import "puppet:trading/portfolio@0.1.0" (instance $portfolio
    (type $p (record (field "quantity" u64) (field "entry-price" u64)))
    (export "position" (type $position (eq $p)))
    (export "position-in" (func (param "market" u32) (result $position)))
    (export "cash" (func (param "market" u32) (result u64)))
    (export "open-orders" (func (result (list string))))))
  (import "puppet:log/log@0.2.0" (instance $log
    (type $l (enum "debug" "info" "warn" "error"))
    (export "level" (type $level (eq $l)))
    (export "log" (func (param "level" $level) (param "message" string) (param "fields" (list (tuple string string)))))))
"#;

const CORE: &str = r#"
  (core func $position (canon lower (func $portfolio "position-in") (memory (core memory $memory))))
  (core func $cash (canon lower (func $portfolio "cash")))
  (core func $open (canon lower (func $portfolio "open-orders") (memory (core memory $memory)) (realloc (core func $realloc))))
  (core func $line (canon lower (func $log "log") (memory (core memory $memory))))
"#;

const WITH: &str = r#"(with "host" (instance (export "position" (func $position)) (export "cash" (func $cash))
    (export "open" (func $open)) (export "line" (func $line))))"#;

/// At 512: a description of one or two markets. At 640: `market`, `gtc`, `a`. At 704: the template of an order, 104 bytes.
const USE: &str = r#"
    (import "host" "position" (func $position (param i32 i32)))
    (import "host" "cash" (func $cash (param i32) (result i64)))
    (import "host" "open" (func $open (param i32)))
    (import "host" "line" (func $line (param i32 i32 i32 i32 i32)))
    (data (i32.const 524) "\01\00\00\00\02\00\00\00")
    (data (i32.const 640) "market__gtc_____a")
    (data (i32.const 704) "\90\02\00\00\01\00\00\00\00\00\00\00\00\00\00\00\80\02\00\00\06\00\00\00\05\00\00\00\00\00\00\00")
    (data (i32.const 764) "\88\02\00\00\03\00\00\00")
    ;; Answers a list of one order, whose client id is one byte of a letter.
    (func $one (param $letter i32) (result i32)
      (i32.store8 (i32.const 656) (local.get $letter))
      (i32.store (i32.const 1000) (i32.const 704)) (i32.store (i32.const 1004) (i32.const 1))
      (i32.const 1000))
"#;

/// The functions with their core types, and what each answers where nothing else is said: nothing, and well.
const FUNCTIONS: &[(&str, &str, &str)] = &[
    ("describe", "(result i32)", "(i32.const 512)"),
    ("init", "(param i32 i32 i32 i32 i32 i64 i32 i32 i32) (result i32)", "(i32.const 16)"),
    (
        "on-candles",
        "(param $at i64) (param $warm i32) (param $bars i32) (param $count i32) (result i32)",
        "(i32.const 16)",
    ),
    ("on-fill", "(param i32 i32 i32 i32 i64 i64 i64 i64 i64)", ""),
    ("on-denied", "(param i32 i32 i32 i64 i32 i32 i32 i32 i32 i64)", ""),
    ("save", "(result i32)", "(i32.const 16)"),
];

const EXPORTS: &str = r#"
  (type $parameter0 (record (field "name" string) (field "description" string) (field "unit" string) (field "default" s64)
    (field "min" s64) (field "max" s64)))
  (export $parameter "a-parameter" (type $parameter0))
  (type $description0 (record (field "parameters" (list $parameter)) (field "warm-up" u32) (field "min-markets" u32)
    (field "max-markets" u32) (field "bar-seconds" u32)))
  (export $description "a-description" (type $description0))
  (type $setup0 (record (field "parameters" (list (tuple string s64))) (field "markets" (list $market-info))
    (field "bar-seconds" u32) (field "seed" u64) (field "saved" (option (list u8)))))
  (export $setup "a-setup" (type $setup0))
  (func $describe (result $description) (canon lift (core func $m "describe") (memory (core memory $memory))))
  (func $init (param "setup" $setup) (result (result (error string)))
    (canon lift (core func $m "init") (memory (core memory $memory)) (realloc (core func $realloc))))
  (func $on-candles (param "batch" $batch) (result (list $order))
    (canon lift (core func $m "on-candles") (memory (core memory $memory)) (realloc (core func $realloc))
      (post-return (core func $libc "free"))))
  (func $on-fill (param "fill" $fill)
    (canon lift (core func $m "on-fill") (memory (core memory $memory)) (realloc (core func $realloc))))
  (func $on-denied (param "denial" $denial)
    (canon lift (core func $m "on-denied") (memory (core memory $memory)) (realloc (core func $realloc))))
  (func $save (result (list u8)) (canon lift (core func $m "save") (memory (core memory $memory))))
  (instance $strategy (export "parameter" (type $parameter)) (export "description" (type $description))
    (export "setup" (type $setup)) (export "describe" (func $describe)) (export "init" (func $init))
    (export "on-candles" (func $on-candles)) (export "on-fill" (func $on-fill)) (export "on-denied" (func $on-denied))
    (export "save" (func $save)))
  (export "puppet:trading/strategy@0.1.0" (instance $strategy))
"#;

/// What a strategy is made of.
pub struct Strategist<'a> {
    /// Bodies, by function; the others answer nothing, and well.
    pub bodies: &'a [(&'a str, &'a str)],
    /// More of its core module.
    pub more: &'a str,
    /// Of its memory.
    pub pages: u32,
    /// Whether it imports WASI.
    pub wasi: bool,
    /// A function that it exports by another name.
    pub misnames: &'a str,
}

impl Default for Strategist<'_> {
    fn default() -> Self {
        Self { bodies: &[], more: "", pages: 1, wasi: false, misnames: "" }
    }
}

impl Strategist<'_> {
    /// As a binary.
    pub fn bytes(&self) -> Vec<u8> {
        let functions = FUNCTIONS.iter().map(|(name, kind, well)| {
            let body = self.bodies.iter().find(|(body, _)| body == name).map_or(*well, |(_, body)| body);
            format!("(func (export \"{name}\") {kind} {body})\n")
        });
        // What the host copies in is free again when a batch was answered.
        let libc = LIBC.replace("PAGES", &self.pages.to_string()).replacen(
            "(func (export \"realloc\")",
            "(func (export \"free\") (param i32) (global.set $top (i32.const 1024)))\n (func (export \"realloc\")",
            1,
        );
        let has = |text: &'static str| if self.wasi { text } else { "" };
        let text = format!(
            "(component {TYPES} {wasi} {libc} {CORE} {wasi_core}
              (core module $m (import \"libc\" \"memory\" (memory $memory 1)) {wasi_use} {USE} {more} {functions})
              (core instance $m (instantiate $m (with \"libc\" (instance $libc)) {WITH} {wasi_with}))
              {exports})",
            exports = EXPORTS.replace(&format!("(export \"{}\" (func", self.misnames), "(export \"another\" (func"),
            wasi = has(WASI).replace("@V", "@0.2.6"),
            wasi_core = has(WASI_CORE),
            wasi_use = has(WASI_USE),
            wasi_with = has(WASI_WITH),
            more = self.more,
            functions = functions.collect::<String>(),
        );
        wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Ready for runs.
    pub fn prepare(&self, sandbox: &Sandbox) -> Result<PreparedStrategy, StrategyError> {
        sandbox.prepare_strategy(&sandbox.compile(&self.bytes())?)
    }

    /// A run in one market.
    pub fn start(&self, sandbox: &Sandbox) -> Result<StrategyInstance, StrategyError> {
        self.prepare(sandbox)?.start(&run())
    }
}

/// What the runs of these tests begin with.
pub fn run() -> StrategySetup {
    let token =
        |mint, symbol: &str, decimals| Token { mint: Mint::parse(mint).unwrap(), symbol: symbol.to_owned(), decimals };
    let (base, quote) = (token(Mint::SOL, "SOL", 9), token(Mint::USDC, "USDC", 6));
    let market = Market { id: "SOL/USDC".to_owned(), base, quote, price_decimals: 6, min_quantity: 1 };
    StrategySetup {
        parameters: Vec::new(),
        markets: vec![market],
        bar_seconds: 60,
        seed: 7,
        at: Timestamp::default(),
        saved: None,
        client_ids: ClientIds::default(),
    }
}

/// The bar of the first market that closed at a minute.
pub fn bar(minute: i64, close: u64) -> (u32, Candle) {
    (0, Candle { at: at(minute), open: close, high: close, low: close, close, volume: 1 })
}

/// A minute of the run.
pub fn at(minute: i64) -> Timestamp {
    Timestamp::from_millis(minute * 60_000)
}

/// An order that was carried out.
pub fn fill() -> Fill {
    let (client_id, side) = ("a".to_owned(), Side::Buy);
    Fill { client_id, market: 0, side, at: at(1), quantity: 5, price: 7, fee: 0, remaining: 0 }
}

/// An order that was not.
pub fn denial() -> Denial {
    let (rule, detail) = ("cool-down".to_owned(), String::new());
    Denial { client_id: "a".to_owned(), market: 0, at: at(1), rule, detail, retry_at: None }
}
