//! `[requests.<capability>]` of a manifest. What a request may name comes from the ceilings of the gate.

use puppet_grants::{
    Amount, CEILINGS, Ceiling, HostPattern, METHODS, MOST_HOSTS, Period, Request, Requests, ceiling, is_credential,
};
use puppet_types::Capability;
use serde_json::{Map, Value, json};

use crate::{
    document::below,
    error::{ErrorKind, Problem},
    schema::{text, texts},
};

/// Reads the table of requests.
pub(crate) fn read(path: &str, value: &Value) -> Result<Requests, Problem> {
    let table = value.as_object().ok_or_else(|| Problem::wrong_type(path, "a table", value))?;
    let mut requests = Requests::new();
    for (name, value) in table {
        let at = below(path, name);
        let bad = |message: String, remedy: &str| Problem::new(ErrorKind::BadValue, &at, message, remedy);
        let Some(capability) = Capability::parse(name) else {
            let known: Vec<&str> = CEILINGS.iter().map(|ceiling| ceiling.capability.name()).collect();
            return Err(Problem::unknown_key(&at, name, &known));
        };
        if capability.comes_with_every_plugin() {
            return Err(bad(format!("`{name}` comes with every plugin"), "leave it out"));
        }
        let Some(most) = ceiling(capability) else {
            return Err(bad(format!("`{name}` cannot be requested in this version"), "leave it out"));
        };
        requests.insert(capability, request(&at, value, most)?);
    }
    Ok(requests)
}

fn request(path: &str, value: &Value, most: &Ceiling) -> Result<Request, Problem> {
    let table = value.as_object().ok_or_else(|| Problem::wrong_type(path, "a table", value))?;
    let mut known = vec!["operations", "amounts", "reason", "optional"];
    if most.capability == Capability::Events {
        known.push("kinds");
    }
    if most.capability == Capability::Http {
        known.extend(WEB);
    }
    let mut request = Request::default();
    for (key, value) in table {
        let at = below(path, key);
        match key.as_str() {
            "operations" => {
                for (n, operation) in texts(&at, value)?.into_iter().enumerate() {
                    if !most.operations.contains(&operation.as_str()) {
                        let message = format!("`{operation}` is not an operation of `{}`", most.capability);
                        let remedy = crate::error::suggest(&operation, most.operations);
                        return Err(Problem::new(ErrorKind::BadValue, &format!("{at}[{n}]"), message, remedy));
                    }
                    request.operations.insert(operation);
                }
                if request.operations.is_empty() {
                    let remedy = "name at least one, or leave `operations` out for all of them";
                    return Err(Problem::new(ErrorKind::BadValue, &at, "no operation", remedy));
                }
            }
            "amounts" => {
                let table = value.as_object().ok_or_else(|| Problem::wrong_type(&at, "a table of amounts", value))?;
                for (key, value) in table {
                    let at = below(&at, key);
                    let (amount, period) = amount(&at, key, most)?;
                    request.amounts.insert((amount, period), quantity(&at, amount, value)?);
                }
            }
            "kinds" if known.contains(&"kinds") => {
                for (n, kind) in texts(&at, value)?.into_iter().enumerate() {
                    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.');
                    if kind.is_empty() || kind.len() > 64 || !kind.chars().all(fine) {
                        let message = "expected an event kind: 1 to 64 lower-case letters, digits, `_`, `-` or `.`";
                        return Err(Problem::new(ErrorKind::BadValue, &format!("{at}[{n}]"), message, ""));
                    }
                    request.kinds.insert(kind);
                }
            }
            key if known.contains(&key) && WEB.contains(&key) => web(&mut request, key, &at, value)?,
            "reason" => request.reason = text(&at, value)?,
            "optional" => {
                request.optional = value.as_bool().ok_or_else(|| Problem::wrong_type(&at, "true or false", value))?;
            }
            _ => return Err(Problem::unknown_key(&at, key, &known)),
        }
    }
    if most.capability == Capability::Http {
        if request.web.hosts.is_empty() {
            let remedy = "name the hosts that it asks: hosts = [\"api.example.org\"]";
            return Err(Problem::new(ErrorKind::BadValue, &below(path, "hosts"), "no host is named", remedy));
        }
        if request.web.methods.is_empty() {
            request.web.methods.insert(METHODS[0].to_owned());
        }
    }
    Ok(request)
}

/// Keys of `[requests.http]` alone.
const WEB: [&str; 3] = ["hosts", "methods", "credentials"];

/// What is asked of the web.
fn web(request: &mut Request, key: &str, path: &str, value: &Value) -> Result<(), Problem> {
    let web = &mut request.web;
    for (n, text) in texts(path, value)?.into_iter().enumerate() {
        let at = format!("{path}[{n}]");
        let bad = |message: String, remedy: String| Problem::new(ErrorKind::BadValue, &at, message, remedy);
        match key {
            "hosts" => {
                let host = HostPattern::parse(&text)
                    .map_err(|error| bad(error.to_string(), "write it as `api.example.org`".to_owned()))?;
                web.hosts.insert(host);
                if web.hosts.len() > MOST_HOSTS {
                    return Err(bad(format!("more than {MOST_HOSTS} hosts"), "name fewer".to_owned()));
                }
            }
            "methods" => {
                if !METHODS.contains(&text.as_str()) {
                    return Err(bad(format!("`{text}` is no method here"), crate::error::suggest(&text, &METHODS)));
                }
                web.methods.insert(text);
            }
            _ => {
                if !is_credential(&text) {
                    let remedy = "write a name of small letters, digits, `-` and `_`: never a key";
                    return Err(bad("it is no name of a credential".to_owned(), remedy.to_owned()));
                }
                web.credentials.insert(text);
            }
        }
    }
    Ok(())
}

/// Requests as they stand in a manifest: what [`read`] reads.
fn write(requests: &Requests) -> Value {
    let written = requests.iter().map(|(capability, request)| {
        let amounts = request.amounts.iter().map(|((amount, period), quantity)| {
            let quantity = match amount {
                Amount::Usd => Value::from(format!("{}.{:06}", quantity / 1_000_000, quantity % 1_000_000)),
                _ => Value::from(*quantity),
            };
            (amount.key(*period), quantity)
        });
        let mut table = Map::new();
        if !request.operations.is_empty() {
            table.insert("operations".to_owned(), json!(request.operations));
        }
        table.insert("amounts".to_owned(), Value::Object(amounts.collect()));
        if !request.kinds.is_empty() {
            table.insert("kinds".to_owned(), json!(request.kinds));
        }
        if !request.web.is_empty() {
            let web = &request.web;
            table.insert("hosts".to_owned(), json!(web.hosts));
            table.insert("methods".to_owned(), json!(web.methods));
            if !web.credentials.is_empty() {
                table.insert("credentials".to_owned(), json!(web.credentials));
            }
        }
        table.insert("reason".to_owned(), json!(request.reason));
        table.insert("optional".to_owned(), json!(request.optional));
        (capability.name().to_owned(), Value::Object(table))
    });
    Value::Object(written.collect())
}

/// For `#[serde(with)]`: requests in the form of a manifest.
pub(crate) mod as_written {
    use puppet_grants::Requests;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(requests: &Requests, serializer: S) -> Result<S::Ok, S::Error> {
        super::write(requests).serialize(serializer)
    }
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Requests, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        super::read("requests", &value)
            .map_err(|problem| D::Error::custom(format!("{}: {}", problem.field, problem.message)))
    }
}

/// What a plugin asks for, cut to what a pack that runs it asks for. A capability that the pack does not name, and
/// what it leaves open of one, stays as the plugin has it; nothing is ever added.
pub(crate) fn narrowed(plugin: &Requests, pack: &Requests) -> Requests {
    let mut requests = plugin.clone();
    requests.retain(|capability, request| {
        let Some(by) = pack.get(capability) else { return true };
        if !by.kinds.is_empty() {
            request.kinds.retain(|kind| by.kinds.contains(kind));
        }
        if *capability == Capability::Http {
            request.web = request.web.both(&by.web);
            if request.web.is_empty() {
                return false;
            }
        }
        let named = (!by.operations.is_empty()).then_some(&by.operations);
        request.cut(*capability, named, &by.amounts)
    });
    requests
}

/// An amount that this capability counts.
fn amount(path: &str, key: &str, most: &Ceiling) -> Result<(Amount, Period), Problem> {
    most.amount(key).ok_or_else(|| {
        let known = most.keys();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let message = format!("`{key}` is not an amount of `{}`", most.capability);
        let remedy = if known.is_empty() {
            "nothing is counted there: leave it out".to_owned()
        } else {
            crate::error::suggest(key, &known)
        };
        Problem::new(ErrorKind::UnknownKey, path, message, remedy)
    })
}

fn quantity(path: &str, amount: Amount, value: &Value) -> Result<u64, Problem> {
    if amount == Amount::Usd {
        let expected = "dollars as a text with at most six decimals, like \"0.50\"";
        let text = value.as_str().ok_or_else(|| Problem::wrong_type(path, expected, value))?;
        return usd_micros(text)
            .ok_or_else(|| Problem::new(ErrorKind::BadValue, path, format!("expected {expected}"), ""));
    }
    value.as_u64().ok_or_else(|| match value {
        Value::Number(found) => {
            Problem::new(ErrorKind::BadValue, path, format!("expected a whole number from 0, found {found}"), "")
        }
        other => Problem::wrong_type(path, "a whole number from 0", other),
    })
}

/// A decimal text in millionths of a dollar: `"0.50"` is 500 000. `None` for anything else, and beyond 64 bits.
pub fn usd_micros(text: &str) -> Option<u64> {
    let (whole, decimals) = text.split_once('.').map_or((text, ""), |(whole, decimals)| (whole, decimals));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(decimals) || decimals.len() > 6 || text.ends_with('.') {
        return None;
    }
    let micros: u64 = format!("{decimals:0<6}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_counted_in_millionths_without_floats() {
        let table = [("0.50", 500_000), ("5", 5_000_000), ("0.000001", 1), ("0", 0), ("12.345678", 12_345_678)];
        for (text, micros) in table {
            assert_eq!(usd_micros(text), Some(micros), "{text}");
        }
        for bad in
            ["", ".5", "5.", "-1", "+1", "1e3", "0.0000001", "1,5", "99999999999999999999", "18446744073710", " 1"]
        {
            assert_eq!(usd_micros(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_request_is_read_whole() {
        let requests = read(
            "requests",
            &json!({
                "llm": {"operations": ["complete"], "amounts": {"tokens/day": 200_000, "usd/day": "0.50"},
                    "reason": "to write", "optional": true},
                "events": {"kinds": ["news"]},
                "state": {},
            }),
        )
        .unwrap();
        let llm = &requests[&Capability::Llm];
        assert_eq!(llm.operations, ["complete".to_owned()].into());
        assert_eq!(llm.amounts[&(Amount::Tokens, Period::Day)], 200_000);
        assert_eq!(llm.amounts[&(Amount::Usd, Period::Day)], 500_000);
        assert_eq!((llm.reason.as_str(), llm.optional), ("to write", true));
        assert_eq!(requests[&Capability::Events].kinds, ["news".to_owned()].into());
        assert_eq!(requests[&Capability::State], Request::default());
    }

    #[test]
    fn what_cannot_be_requested_is_named() {
        let table = [
            (json!({"llms": {}}), "requests.llms", "did you mean `llm`?"),
            (json!({"log": {}}), "requests.log", "leave it out"),
            (json!({"http": {}}), "requests.http.hosts", "name the hosts that it asks: hosts = [\"api.example.org\"]"),
            (json!({"http": {"hosts": ["10.0.0.1"]}}), "requests.http.hosts[0]", "write it as `api.example.org`"),
            (json!({"http": {"hosts": ["a.test", "*"]}}), "requests.http.hosts[1]", "write it as `api.example.org`"),
            (
                json!({"http": {"hosts": ["a.test"], "methods": ["get"]}}),
                "requests.http.methods[0]",
                "use one of GET, POST",
            ),
            (
                json!({"http": {"hosts": ["a.test"], "credentials": ["sk-ABC/123"]}}),
                "requests.http.credentials[0]",
                "write a name of small letters, digits, `-` and `_`: never a key",
            ),
            (
                json!({"llm": {"hosts": ["a.test"]}}),
                "requests.llm.hosts",
                "use one of operations, amounts, reason, optional",
            ),
            (json!({"llm": {"operations": ["compleet"]}}), "requests.llm.operations[0]", "did you mean `complete`?"),
            (
                json!({"llm": {"operations": []}}),
                "requests.llm.operations",
                "name at least one, or leave `operations` out for all of them",
            ),
            (
                json!({"llm": {"amounts": {"token/day": 1}}}),
                "requests.llm.amounts.token/day",
                "did you mean `tokens/day`?",
            ),
            (
                json!({"state": {"amounts": {"posts/day": 1}}}),
                "requests.state.amounts.posts/day",
                "nothing is counted there: leave it out",
            ),
            (
                json!({"llm": {"kinds": ["news"]}}),
                "requests.llm.kinds",
                "use one of operations, amounts, reason, optional",
            ),
            (json!({"llm": {"amounts": {"usd/day": 0.5}}}), "requests.llm.amounts.usd/day", ""),
            (json!({"llm": {"amounts": {"tokens/day": -1}}}), "requests.llm.amounts.tokens/day", ""),
            (json!({"events": {"kinds": ["News!"]}}), "requests.events.kinds[0]", ""),
        ];
        for (value, field, remedy) in table {
            let problem = read("requests", &value).unwrap_err();
            assert_eq!((problem.field.as_str(), problem.remedy.as_str()), (field, remedy), "{}", problem.message);
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let value = json!({
            "llm": {"operations": ["complete"], "amounts": {"tokens/day": 5, "usd/day": "12.000001"}, "reason": "r"},
            "events": {"kinds": ["news"], "optional": true},
            "http": {"hosts": ["a.test", "*.b.test:8443"], "methods": ["GET", "POST"], "credentials": ["key"],
                "amounts": {"requests/hour": 4}},
        });
        let requests = read("requests", &value).unwrap();
        assert_eq!(read("requests", &write(&requests)).unwrap(), requests);
    }

    #[test]
    fn a_pack_only_narrows_its_plugin() {
        let plugin = json!({
            "llm": {"operations": ["complete"], "amounts": {"tokens/day": 100}},
            "tweet": {"amounts": {"posts/hour": 4}},
            "memory": {"operations": ["recall"]},
            "http": {"hosts": ["*.a.test", "b.test"], "methods": ["GET", "POST"]},
        });
        let pack = json!({
            "llm": {"operations": ["complete", "embed"], "amounts": {"tokens/day": 200, "usd/day": "1"}},
            "tweet": {"operations": ["post"], "amounts": {"posts/hour": 2}},
            "memory": {"operations": ["forget"]},
            "schedule": {},
            "http": {"hosts": ["api.a.test", "c.test"]},
        });
        let requests = narrowed(&read("requests", &plugin).unwrap(), &read("requests", &pack).unwrap());
        let expected = json!({
            "llm": {"operations": ["complete"], "amounts": {"tokens/day": 100, "usd/day": "1"}},
            "tweet": {"operations": ["post"], "amounts": {"posts/hour": 2}},
            "http": {"hosts": ["api.a.test"]},
        });
        assert_eq!(requests, read("requests", &expected).unwrap());
    }
}
