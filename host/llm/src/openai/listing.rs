//! Whether an endpoint answers and has its models: `GET /models`, which costs nothing. Asked by `puppet doctor` alone.

use std::time::Duration;

use serde_json::Value;

use crate::openai::{Endpoint, OpenAi, SetupError, attempts::Lost, chat::text_at, fault::Fault};

/// What an endpoint lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Names of models.
    pub models: Vec<String>,
    /// The model is among them.
    pub has_model: bool,
}

/// Why an endpoint cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct Trouble {
    /// What it is.
    pub cause: String,
    /// What the operator does; empty where there is nothing.
    pub remedy: String,
    /// It may pass by itself.
    pub is_passing: bool,
}

impl From<SetupError> for Trouble {
    fn from(error: SetupError) -> Self {
        let remedy = match &error {
            SetupError::NoPrice { .. } => "set `price`; 0 for a model of your own",
            _ => "correct it",
        };
        Self { cause: error.to_string(), remedy: remedy.to_owned(), is_passing: false }
    }
}

impl Endpoint {
    /// Asks for its models, once.
    ///
    /// # Errors
    /// Whatever makes it unusable: also that it has no price.
    pub async fn listed(mut self, timeout: Duration) -> Result<Listed, Trouble> {
        self.timeout = timeout;
        let model = self.model.clone();
        let provider = OpenAi::new(self)?;
        provider.list(timeout).await.map_err(|fault| {
            let (cause, remedy) = match fault {
                // `timeout_ms` is of answers: a list is waited for so long and no longer.
                Fault::TooLate => {
                    let cause = format!("it did not tell its models within {} s", timeout.as_secs_f32());
                    (cause, "see whether it is busy, and try again; for answers it has its `timeout_ms`")
                }
                _ => fault.told(&model),
            };
            Trouble { cause, remedy: remedy.to_owned(), is_passing: fault.treatment().is_passing }
        })
    }
}

impl OpenAi {
    async fn list(&self, timeout: Duration) -> Result<Listed, Fault> {
        let mut request = self.http.get(format!("{}/models", self.base));
        if let (Some(key), Some(_)) = (&self.endpoint.key, self.endpoint.preset.filter(|one| one.lists_by_own_header)) {
            request = request.header("x-api-key", key.expose()).header("anthropic-version", "2023-06-01");
        }
        let answer = async {
            let response = request.send().await.map_err(|error| Fault::of_transport(&error))?;
            self.read(response).await.map_err(|Lost { fault, .. }| fault)
        };
        let body = tokio::time::timeout(timeout, answer).await.map_err(|_| Fault::TooLate)??;
        let Some(models) = body.get("data").or_else(|| body.get("models")).and_then(Value::as_array) else {
            return Err(Fault::Unreadable);
        };
        let names = models.iter().filter_map(|one| text_at(one, "id").or_else(|| text_at(one, "name")));
        let models: Vec<String> = names.map(|name| self.endpoint.masked(&name)).collect();
        // At home a model without a tag is the latest one.
        let model = self.endpoint.model.as_str();
        let has_model = models.iter().any(|name| name == model || name.strip_suffix(":latest") == Some(model));
        Ok(Listed { models, has_model })
    }
}
