//! Where a network is found out about, and what a token costs on it.

use std::sync::Arc;

use puppet_emulate_chain::{SOL, USDC};
use puppet_solana::{
    Network, NetworkError,
    chain::{ChainError, RpcSetupError},
    swap::Via,
};
use puppet_trade::chain::{ChainLink, LinkError, LinkSettings};
use puppet_types::{
    Secret,
    trade::{Market, Token},
};

use crate::there::{ALL, BONK, LAMPORTS, PYUSD, There, markets, mint_of, settings, terms, wallet};

#[tokio::test]
async fn a_node_of_another_network_is_found_out_before_anything_is_asked_of_it() {
    let there = There::start().await;
    let of = |network: Network| LinkSettings {
        network: network.acknowledged(true).unwrap(),
        ..settings(&there.chain.solana(), &there.chain.jupiter())
    };
    for network in Network::ALL {
        let linked = ChainLink::connect(&of(network)).await;
        match linked {
            Ok(link) => assert_eq!(link.network(), Network::Localnet),
            Err(LinkError::Rpc(RpcSetupError::Network(NetworkError::Elsewhere { wanted, .. }))) => {
                assert_eq!(wanted, network);
                assert_ne!(network, Network::Localnet);
            }
            Err(other) => panic!("{other}"),
        }
    }
    // An address with a key in it is in no error.
    let nowhere =
        LinkSettings { rpc: Some(Secret::new("http://127.0.0.1:1/a-key-in-the-path")), ..of(Network::Devnet) };
    let error = ChainLink::connect(&nowhere).await.unwrap_err();
    assert!(!format!("{error} {error:?} {nowhere:?}").contains("a-key"), "{error}");
}

#[tokio::test]
async fn a_market_with_wrong_decimals_is_not_traded() {
    let there = There::start().await;
    let link = there.link().await;
    let [sol, ..] = markets().try_into().map(|all: [Market; 3]| all).unwrap();
    let quote = Token { decimals: 9, ..sol.quote.clone() };
    for (market, wanted) in [
        (Market { quote, ..sol.clone() }, ChainError::Decimals { mint: USDC, believed: 9, found: 6 }),
        (
            Market { base: Token { mint: mint_of(&there.chain.maker()), ..sol.base.clone() }, ..sol.clone() },
            ChainError::NoMint(there.chain.maker()),
        ),
    ] {
        let store = Arc::clone(&there.store);
        let opened = link.exchange(wallet(1), [].into(), store, terms(Via::Jupiter), &[market]).await;
        assert_eq!(opened.unwrap_err(), wanted);
    }
}

#[tokio::test]
async fn prices_are_exact_also_of_tokens_that_cost_next_to_nothing() {
    let there = There::start().await;
    let link = there.link().await;
    let [sol, bonk, pyusd] = markets().try_into().unwrap();
    let price = async |market: &Market| link.price(market).await.unwrap().0;
    assert_eq!(price(&sol).await, 150_000_000_000);
    assert_eq!(price(&pyusd).await, 1_000_000_000);
    // 0.00002 dollars, of which a whole one is twenty millionths: a thousand are quoted, at once.
    let orders = || there.chain.report()["counts"]["order"].as_u64().unwrap();
    let before = orders();
    assert_eq!(price(&bonk).await, 20_000_000);
    assert_eq!(orders() - before, 1);
    let coarse = Market { price_decimals: 9, ..bonk.clone() };
    assert_eq!((price(&coarse).await, orders() - before), (20_000, 3), "what nobody expects is asked for twice");
    there.chain.price(&BONK, 21).unwrap();
    assert_eq!(price(&bonk).await, 21_000_000);
    there.chain.price(&SOL, 149_123_457).unwrap();
    assert_eq!(price(&sol).await, 149_123_457_000);
    let turned = Market { base: sol.quote.clone(), quote: sol.base.clone(), ..sol.clone() };
    assert_eq!(price(&turned).await, 6_705_853, "of a lamport's billionths");
    let unknown = Market { base: Token { mint: mint_of(&there.chain.junk()), ..sol.base.clone() }, ..sol };
    assert!(link.price(&unknown).await.is_err());
}

#[tokio::test]
async fn balances_are_those_of_the_chain_and_free_sol_arrives() {
    let there = There::start().await;
    let link = there.link().await;
    let address = wallet(9).address();
    let mints = ALL.map(|mint| mint_of(&mint));
    assert_eq!(link.balances(&address, &mints).await.unwrap(), [0; 4]);
    link.airdrop(&address, LAMPORTS).await.unwrap();
    there.chain.mint_to(&address, &PYUSD, 77).unwrap();
    assert_eq!(link.balances(&address, &mints).await.unwrap(), [LAMPORTS, 0, 0, 77]);
}
