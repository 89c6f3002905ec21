//! Generated from `wit/`: the latest version of each package. All imports once; each world's exports in a module of its
//! own, so that a plugin carries the description of the one world it is of. The worlds are written out here, since those
//! of `puppet:plugin@0.1.0` name the versions of their time; what is exported is the same.

pub mod imports {
    wit_bindgen::generate!({
        path: [
            "../../wit/types", "../../wit/agent", "../../wit/log", "../../wit/llm", "../../wit/tweet",
            "../../wit/memory", "../../wit/schedule", "../../wit/state", "../../wit/events", "../../wit/market",
            "../../wit/wallet", "../../wit/http",
        ],
        inline: "
            package puppet:sdk;
            world imports {
                import puppet:types/types@0.1.0;
                import puppet:agent/agent@0.1.0;
                import puppet:log/log@0.2.0;
                import puppet:llm/llm@0.2.0;
                import puppet:tweet/tweet@0.1.1;
                import puppet:memory/memory@0.1.0;
                import puppet:schedule/schedule@0.1.0;
                import puppet:state/state@0.1.0;
                import puppet:events/events@0.1.0;
                import puppet:market/market@0.1.0;
                import puppet:wallet/wallet@0.1.0;
                import puppet:http/http@0.1.0;
            }
        ",
        world: "puppet:sdk/imports",
        generate_all,
        generate_unused_types: true,
        additional_derives: [PartialEq],
    });
}

macro_rules! world {
    ($module:ident, $inline:literal, $world:literal, $export:literal, { $($own:tt)* }) => {
        pub mod $module {
            wit_bindgen::generate!({
                path: [
                    "../../wit/types", "../../wit/agent", "../../wit/log", "../../wit/llm", "../../wit/tweet",
                    "../../wit/memory", "../../wit/schedule", "../../wit/state", "../../wit/events",
                    "../../wit/market", "../../wit/wallet", "../../wit/http",
                    "../../wit/frozen/log-0.1.0",
                    "../../wit/frozen/llm-0.1.0", "../../wit/frozen/tweet-0.1.0", "../../wit/plugin",
                ],
                inline: $inline,
                world: $world,
                pub_export_macro: true,
                export_macro_name: $export,
                default_bindings_module: "puppet_sdk::bindings",
                additional_derives: [PartialEq],
                with: {
                    "puppet:types/types@0.1.0": crate::bindings::imports::puppet::types::types,
                    "puppet:agent/agent@0.1.0": crate::bindings::imports::puppet::agent::agent,
                    "puppet:log/log@0.2.0": crate::bindings::imports::puppet::log::log,
                    "puppet:llm/llm@0.2.0": crate::bindings::imports::puppet::llm::llm,
                    "puppet:schedule/schedule@0.1.0": crate::bindings::imports::puppet::schedule::schedule,
                    "puppet:state/state@0.1.0": crate::bindings::imports::puppet::state::state,
                    "puppet:http/http@0.1.0": crate::bindings::imports::puppet::http::http,
                    "puppet:plugin/outcome@0.1.0": generate,
                    $($own)*
                },
            });
        }
    };
}

world!(personality, "
    package puppet:sdk-personality;
    world personality {
        import puppet:agent/agent@0.1.0;
        import puppet:log/log@0.2.0;
        import puppet:llm/llm@0.2.0;
        import puppet:tweet/tweet@0.1.1;
        import puppet:memory/memory@0.1.0;
        import puppet:schedule/schedule@0.1.0;
        import puppet:state/state@0.1.0;
        import puppet:events/events@0.1.0;
        import puppet:market/market@0.1.0;
        import puppet:wallet/wallet@0.1.0;
        import puppet:http/http@0.1.0;
        export puppet:plugin/handler@0.1.0;
    }
", "puppet:sdk-personality/personality", "export_personality", {
    "puppet:tweet/tweet@0.1.1": crate::bindings::imports::puppet::tweet::tweet,
    "puppet:memory/memory@0.1.0": crate::bindings::imports::puppet::memory::memory,
    "puppet:events/events@0.1.0": crate::bindings::imports::puppet::events::events,
    "puppet:market/market@0.1.0": crate::bindings::imports::puppet::market::market,
    "puppet:wallet/wallet@0.1.0": crate::bindings::imports::puppet::wallet::wallet,
});
world!(
    generator,
    "
    package puppet:sdk-generator;
    world event-generator {
        import puppet:agent/agent@0.1.0;
        import puppet:log/log@0.2.0;
        import puppet:llm/llm@0.2.0;
        import puppet:schedule/schedule@0.1.0;
        import puppet:state/state@0.1.0;
        import puppet:http/http@0.1.0;
        export puppet:plugin/generator@0.1.0;
    }
",
    "puppet:sdk-generator/event-generator",
    "export_generator",
    {}
);

/// A world of its own: a strategy has a portfolio and a log, and nothing of what characters have.
pub mod strategy {
    wit_bindgen::generate!({
        path: ["../../wit/types", "../../wit/log", "../../wit/trading"],
        inline: "
            package puppet:sdk-strategy;
            world trading-strategy {
                import puppet:log/log@0.2.0;
                import puppet:trading/portfolio@0.1.0;
                export puppet:trading/strategy@0.1.0;
            }
        ",
        world: "puppet:sdk-strategy/trading-strategy",
        pub_export_macro: true,
        export_macro_name: "export_strategy",
        default_bindings_module: "puppet_sdk::bindings",
        additional_derives: [PartialEq],
        with: {
            "puppet:types/types@0.1.0": crate::bindings::imports::puppet::types::types,
            "puppet:log/log@0.2.0": crate::bindings::imports::puppet::log::log,
            "puppet:trading/types@0.1.0": generate,
            "puppet:trading/portfolio@0.1.0": generate,
        },
    });
}

/// What a plugin exports beside its handler where its author asks for it.
pub mod migration {
    wit_bindgen::generate!({
        path: ["../../wit/migration"],
        inline: "
            package puppet:sdk-migration;
            world migration { export puppet:migration/migration@0.1.0; }
        ",
        world: "puppet:sdk-migration/migration",
        pub_export_macro: true,
        export_macro_name: "export_migration",
        default_bindings_module: "puppet_sdk::bindings",
    });
}
