//! Answers of a shape: held to the schema of their request, with one more try where they are not. Both are part of one
//! call: reserved together, paid together, one line of the journal.

use puppet_grants::{Answer, Failure, Used};
use puppet_types::{CallError, Code};

use crate::{CallContext, Completion, LlmProvider, Message, Request, Role, Schema, Worst};

/// Most bytes of a wrong answer that the model is shown again.
const SHOWN_BYTES: u64 = 16 << 10;
/// Most bytes of what is said about it, with the framing of two messages.
const SAID_BYTES: u64 = 2 << 10;

/// Asks; an answer that does not hold to the schema goes back once, with what is wrong. `worst` is the most that one
/// of the two can use.
pub(crate) async fn complete(
    provider: &dyn LlmProvider,
    request: &Request,
    context: &CallContext,
    worst: impl Fn(&Request) -> Worst,
) -> Result<Answer<Completion>, Failure> {
    let schema = request.response_schema.as_deref().map(Schema::new).transpose()?;
    let mut first = provider.complete(request, context).await?;
    let Some(schema) = schema else { return Ok(first) };
    let Err(wrong) = hold(&schema, &mut first.value).await else { return Ok(first) };
    tracing::debug!(agent = %context.agent, wrong, "an answer does not hold to its schema: asked once more");
    let again = repair(request, &first.value.text, &wrong);
    let spent = Worst::taken(Used::Told(first.used), worst(request));
    let mut tried = first.value.tried;
    let mut second = provider.complete(&again, context).await.map_err(|Failure { mut error, used }| {
        error.tried.splice(..0, tried.clone());
        Failure::told(error, spent.plus(Worst::taken(used, worst(&again))).charges().to_vec())
    })?;
    let spent = spent.plus(Worst::taken(Used::Told(second.used), worst(&again))).charges().to_vec();
    if let Err(wrong) = hold(&schema, &mut second.value).await {
        let message = format!("the answer does not hold to response-schema, and was asked for twice: {wrong}");
        tried.append(&mut second.value.tried);
        return Err(Failure::told(CallError { tried, ..CallError::new(Code::InvalidAnswer, message) }, spent));
    }
    second.value.tried.splice(..0, tried);
    second.value.usage = second.value.usage.plus(first.value.usage);
    Ok(Answer { value: second.value, used: spent, latency: first.latency + second.latency })
}

/// The most bytes that the second try holds beside those of the first.
pub(crate) fn repair_bytes(request: &Request) -> u64 {
    shown_bytes(request) + SAID_BYTES
}

fn shown_bytes(request: &Request) -> u64 {
    // A token is a few bytes of text.
    (u64::from(request.max_tokens) * 8).min(SHOWN_BYTES)
}

/// Leaves the JSON of an answer alone; or says what is wrong with it. A model that asks for tools has not answered yet.
/// The schema is a guest's: its check holds up nobody else.
async fn hold(schema: &Schema, completion: &mut Completion) -> Result<(), String> {
    if completion.tool_calls.is_empty() {
        let (schema, text) = (schema.clone(), completion.text.clone());
        let read = tokio::task::spawn_blocking(move || schema.read(&text).map(str::to_owned)).await;
        completion.text = read.unwrap_or_else(|_| Err("it could not be checked".to_owned()))?;
    }
    Ok(())
}

/// The request with the answer and what is wrong with it.
fn repair(request: &Request, answer: &str, wrong: &str) -> Request {
    let most = usize::try_from(shown_bytes(request)).unwrap_or(usize::MAX);
    let shown = answer.get(..answer.floor_char_boundary(most)).unwrap_or_default();
    let ask = format!(
        "That does not hold to the JSON schema that was asked for: {wrong}\n\
         Answer again, with the JSON alone and nothing around it."
    );
    let mut again = request.clone();
    again.messages.extend([Message::new(Role::Assistant, shown), Message::new(Role::User, ask)]);
    again
}

#[cfg(test)]
mod tests {
    use puppet_grants::{Amount, Charge};

    use super::*;
    use crate::{
        Terms,
        testing::{Scripted, context, request},
    };

    const SCHEMA: &str = r#"{"type": "object", "required": ["mood"]}"#;

    fn asked() -> Request {
        Request { response_schema: Some(SCHEMA.to_owned()), ..request("How are you?") }
    }

    fn terms() -> Terms {
        Scripted::terms()
    }

    async fn complete(provider: &Scripted, request: &Request) -> Result<Answer<Completion>, Failure> {
        let worst = |request: &Request| terms().worst(request.prompt_bytes(), request.max_tokens);
        super::complete(provider, request, &context("ann"), worst).await
    }

    fn tokens(used: &[Charge]) -> u64 {
        used.iter().find(|charge| charge.amount == Amount::Tokens).unwrap().quantity
    }

    #[tokio::test]
    async fn a_good_answer_is_asked_for_once_and_is_the_json_alone() {
        let provider = Scripted::new([Ok("```json\n{\"mood\": 1}\n```")]);
        let answer = complete(&provider, &asked()).await.unwrap();
        assert_eq!((answer.value.text.as_str(), tokens(&answer.used)), (r#"{"mood": 1}"#, Scripted::TOKENS));
        assert_eq!(provider.asked().len(), 1);
    }

    #[tokio::test]
    async fn a_wrong_answer_goes_back_once_with_what_is_wrong_and_both_are_paid() {
        let provider = Scripted::new([Ok("I am fine"), Ok(r#"{"mood": "fine"}"#)]);
        let answer = complete(&provider, &asked()).await.unwrap();
        assert_eq!(answer.value.text, r#"{"mood": "fine"}"#);
        assert_eq!(tokens(&answer.used), 2 * Scripted::TOKENS);
        assert_eq!(u64::from(answer.value.usage.prompt_tokens), 2 * (Scripted::TOKENS - 1));
        let requests = provider.asked();
        let [first, second] = &requests[..] else { panic!("{requests:?}") };
        assert_eq!(*first, asked());
        let [question, wrong, ask] = &second.messages[..] else { panic!("{second:?}") };
        assert_eq!((question, wrong), (&first.messages[0], &Message::new(Role::Assistant, "I am fine")));
        assert!(ask.role == Role::User && ask.content.contains("it is no JSON"), "{ask:?}");
    }

    #[tokio::test]
    async fn an_answer_that_stays_wrong_is_an_error_of_its_own_that_tells_what_both_took() {
        let provider = Scripted::new([Ok("fine"), Ok("{}"), Ok(r#"{"mood": 1}"#)]);
        let Failure { error, used } = complete(&provider, &asked()).await.unwrap_err();
        assert_eq!(error.code, Code::InvalidAnswer);
        assert!(error.message.contains("\"mood\" is a required property"), "{error}");
        let Used::Told(used) = used else { panic!("{used:?}") };
        assert_eq!((tokens(&used), provider.asked().len()), (2 * Scripted::TOKENS, 2));

        let gone = || CallError::new(Code::ProviderUnavailable, "gone");
        let provider = Scripted::new([Ok("fine"), Err(Failure { error: gone(), used: Used::Unknown })]);
        let Failure { error, used } = complete(&provider, &asked()).await.unwrap_err();
        let Used::Told(used) = used else { panic!("{used:?}") };
        let again = &provider.asked()[1];
        let worst = terms().worst(again.prompt_bytes(), again.max_tokens).tokens;
        assert_eq!((error, tokens(&used)), (gone(), Scripted::TOKENS + worst));
    }

    #[tokio::test]
    async fn prose_and_calls_of_tools_are_held_to_nothing() {
        let provider = Scripted::new([Ok("fine")]);
        assert_eq!(complete(&provider, &request("How are you?")).await.unwrap().value.text, "fine");
        let call = crate::ToolCall { id: "c1".to_owned(), name: "look".to_owned(), arguments: "{}".to_owned() };
        let mut called = Completion { tool_calls: vec![call], ..Completion::default() };
        assert_eq!(hold(&Schema::new(SCHEMA).unwrap(), &mut called).await, Ok(()));
    }

    #[test]
    fn the_second_try_fits_what_is_reserved_for_it() {
        for max_tokens in [1, 100, 16_384] {
            let request = Request { max_tokens, ..asked() };
            let wrong = "é".repeat(300);
            let again = repair(&request, &"ß".repeat(100_000), &wrong);
            assert!(again.prompt_bytes() <= request.prompt_bytes() + repair_bytes(&request), "{max_tokens}");
        }
    }
}
