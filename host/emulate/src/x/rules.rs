//! Rules of the filtered stream, by app: what it wants to hear.

use puppet_types::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Caller,
    network::{Network, Number},
    problems,
    query::Query,
};
use crate::{asked::Asked, faults::Plan, reply::Reply};

/// Longest rule, in characters.
const LONGEST: usize = 512;

/// One rule.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    id: Number,
    value: String,
    tag: Option<String>,
    pub(super) query: Query,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
enum Change {
    Add(Vec<New>),
    Delete(Gone),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    value: String,
    tag: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Gone {
    #[serde(default)]
    ids: Vec<String>,
    #[serde(default)]
    values: Vec<String>,
}

impl Rule {
    pub(super) fn told(&self) -> Value {
        let mut told = json!({ "id": self.id.to_string(), "value": self.value });
        if let Some(tag) = &self.tag {
            told["tag"] = json!(tag);
        }
        told
    }

    /// As it is told beside a post.
    pub(super) fn matched(&self) -> Value {
        let mut told = self.told();
        if let Some(told) = told.as_object_mut() {
            told.remove("value");
        }
        told
    }
}

impl Network {
    pub(super) fn rules(&self, caller: Caller<'_>, asked: &Asked) -> Reply {
        let wanted = asked.query.get("ids").map(|_| asked.list("ids"));
        let rules = self.streams.get(caller.account).map(|filtered| filtered.rules.as_slice()).unwrap_or_default();
        let is_meant = |rule: &&Rule| wanted.as_ref().is_none_or(|ids| ids.contains(&rule.id.to_string().as_str()));
        let rules: Vec<Value> = rules.iter().filter(is_meant).map(Rule::told).collect();
        let mut answer = json!({ "meta": { "sent": sent(caller), "result_count": rules.len() } });
        if !rules.is_empty() {
            answer["data"] = json!(rules);
        }
        Reply::new(200, answer)
    }

    pub(super) fn change_rules(&mut self, caller: Caller<'_>, asked: &Asked, plan: &Plan) -> Reply {
        let change: Change = match serde_json::from_slice(&asked.body) {
            Ok(change) => change,
            Err(error) => return problems::invalid(error.to_string()),
        };
        let is_dry = asked.query.get("dry_run").is_some_and(|text| text == "true");
        let mut rules = self.streams.get(caller.account).map(|filtered| filtered.rules.clone()).unwrap_or_default();
        let answer = match change {
            Change::Add(new) if new.is_empty() => return problems::invalid("There are no rules to add"),
            Change::Delete(gone) if gone.ids.is_empty() && gone.values.is_empty() => {
                return problems::invalid("There are no rules to delete");
            }
            Change::Add(new) => self.added(&mut rules, new, caller, plan),
            Change::Delete(gone) => deleted(&mut rules, &gone, caller),
        };
        if !is_dry && answer.status < 300 {
            self.streams.entry(caller.account.to_owned()).or_default().rules = rules;
        }
        answer
    }

    fn added(&mut self, rules: &mut Vec<Rule>, new: Vec<New>, caller: Caller<'_>, plan: &Plan) -> Reply {
        let (mut created, mut errors, mut invalid) = (Vec::new(), Vec::new(), 0);
        let wanted = new.len();
        for New { value, tag } in new {
            if let Some(same) = rules.iter().find(|rule| rule.value == value) {
                errors.push(json!({
                    "value": value, "id": same.id.to_string(), "title": "DuplicateRule",
                    "type": "https://api.x.com/2/problems/duplicate-rules",
                }));
                continue;
            }
            let Some(query) = Query::parse(&value).filter(|_| value.chars().count() <= LONGEST) else {
                invalid += 1;
                errors.push(json!({
                    "value": value, "title": "UnprocessableEntity", "details": ["It is no rule."],
                    "type": "https://api.x.com/2/problems/invalid-rules",
                }));
                continue;
            };
            let rule = Rule { id: self.next_rule(), value, tag, query };
            created.push(rule.told());
            rules.push(rule);
        }
        if rules.len() as u64 > u64::from(plan.rules) {
            let detail = format!("Your plan has {} rules.", plan.rules);
            let title = "RulesCapExceeded";
            return Reply::new(
                422,
                json!({ "title": title, "detail": detail, "type": "https://api.x.com/2/problems/rule-cap" }),
            );
        }
        let summary = json!({
            "created": created.len(), "not_created": wanted - created.len(), "valid": wanted - invalid, "invalid": invalid,
        });
        let mut answer = json!({ "meta": { "sent": sent(caller), "summary": summary } });
        let status = if created.is_empty() { if invalid > 0 { 400 } else { 200 } } else { 201 };
        if !created.is_empty() {
            answer["data"] = json!(created);
        }
        if !errors.is_empty() {
            answer["errors"] = json!(errors);
        }
        Reply::new(status, answer)
    }

    /// The same id never comes twice.
    fn next_rule(&mut self) -> Number {
        self.rules_made += 1;
        1_700_000_000_000_000_000 + self.rules_made
    }
}

fn deleted(rules: &mut Vec<Rule>, gone: &Gone, caller: Caller<'_>) -> Reply {
    let wanted = gone.ids.len() + gone.values.len();
    let no_id = gone.ids.iter().filter(|id| !rules.iter().any(|rule| rule.id.to_string() == **id));
    let no_value = gone.values.iter().filter(|value| !rules.iter().any(|rule| rule.value == **value));
    let missing = no_id.count() + no_value.count();
    let before = rules.len();
    rules.retain(|rule| !gone.ids.contains(&rule.id.to_string()) && !gone.values.contains(&rule.value));
    let deleted = before - rules.len();
    let summary = json!({ "deleted": deleted, "not_deleted": wanted.saturating_sub(deleted) });
    let mut answer = json!({ "meta": { "sent": sent(caller), "summary": summary } });
    if missing > 0 {
        // A rule is none of the kinds of resources that X's description lets be not found.
        answer["errors"] = json!(vec![problems::invalid_request("Rule does not exist"); missing]);
    }
    Reply::new(200, answer)
}

fn sent(caller: Caller<'_>) -> Value {
    json!(Timestamp::from_millis(caller.at.as_millis()))
}
