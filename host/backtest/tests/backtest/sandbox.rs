//! The component `sma-cross` in the sandbox beside the same strategy in native Rust: equal bar for bar.

use std::path::Path;
use std::sync::Arc;

use puppet_backtest::{Backtest, History, Sandboxed};
use puppet_sandbox::{Pool, Sandbox, SandboxConfig};

use crate::native::sma::Sma;
use crate::native::walk::bars;
use crate::runs::backtest;

#[test]
fn a_component_trades_as_its_native_twin_bar_for_bar() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins/wasm32-wasip2/guest/sma_cross.wasm");
    let Ok(bytes) = std::fs::read(&path) else {
        println!(
            "skipped: a_component_trades_as_its_native_twin_bar_for_bar: the plugins are not built (docs/testing.md)"
        );
        return;
    };
    let config = SandboxConfig { pool: Pool { slots: 8, ..Pool::default() }, ..SandboxConfig::default() };
    let sandbox = Sandbox::new(config).unwrap();
    let prepared = Arc::new(sandbox.prepare_strategy(&sandbox.compile(&bytes).unwrap()).unwrap());
    let sandboxed = Sandboxed::new(prepared, sandbox.strategy_stack_bytes());
    let bars = bars(11, 20_000);
    let history = History::new(&bars, 1).unwrap();
    for parameters in [vec![], vec![("fast".to_owned(), 3), ("slow".to_owned(), 200), ("size".to_owned(), 9_000)]] {
        let of = |strategies| {
            let run = Backtest { parameters: parameters.clone(), ..backtest(strategies) };
            run.run(history, &mut |_| {}).unwrap()
        };
        let (mut ours, native) = (of(&sandboxed), of(&Sma::default));
        assert!(ours.fuel > 0 && ours.trades.len() > 50, "{}", ours.trades.len());
        ours.fuel = 0;
        assert_eq!(ours, native);
    }
}
