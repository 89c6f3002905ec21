//! Makes one call of the host so many times: what that takes more than once is what the call takes.

use puppet_sdk::{CallError, prelude::*};

struct Meter;

impl Personality for Meter {
    fn handle(_: Event) -> Result<(), Failure> {
        let settings: serde_json::Value = agent::settings()?;
        let call = settings["call"].as_str().unwrap_or_default().to_owned();
        for n in 0..settings["times"].as_u64().unwrap_or_default() {
            once(&call, n)?;
        }
        Ok(())
    }
}

fn once(call: &str, n: u64) -> Result<(), CallError> {
    let name = format!("call-{n:04}");
    let blob = state::Blob { version: 1, data: vec![7; 100] };
    match call {
        "nothing" => {}
        "agent.get-profile" => drop(agent::profile()),
        "agent.now" => drop(agent::now()),
        "agent.get-mood" => drop(agent::mood()?),
        "log.log" => log::info(&name),
        "llm.complete" => drop(llm::Prompt::new("post").system("You are brief.").user(&*name).complete()?),
        "tweet.post" => drop(tweet::post(&name)?),
        "tweet.reply" => drop(tweet::reply(&PostRef::Id("1".to_owned()), &name)?),
        "tweet.timeline" => drop(tweet::timeline(10)?),
        "tweet.weighted-length" => drop(tweet::weighted_length(&name)),
        "memory.remember" => drop(memory::remember(&memory::own(memory::Kind::Event, name))?),
        "memory.recall" => drop(memory::recall("the harbour", 5)?),
        "schedule.after" => schedule::after(&name, 60_000, &json!({}))?,
        "schedule.list" => drop(schedule::list()?),
        "state.get" => drop(state::get()?),
        "state.put" => state::put(&blob)?,
        "events.emit" => events::emit(&events::NewEvent {
            kind: "fuel-meter.tick".to_owned(),
            target: events::Target::Me,
            priority: Priority::Normal,
            payload: format!("{{\"n\":{n}}}"),
            delay_ms: 0,
        })?,
        "market.quote" => drop(market::quote("SOL/USDC")?),
        "wallet.balances" => drop(wallet::balances()?),
        "http.fetch" => drop(http::get("https://example.org/")?),
        _ => panic!("{call}"),
    }
    Ok(())
}

puppet_sdk::personality!(Meter);
