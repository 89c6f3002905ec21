//! Answers of the server that are given once more, in MongoDB.

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use puppet_store::{ApiAnswer, ApiQuestion, Result};
use puppet_types::Timestamp;

use crate::{
    api::{STEP, drop_rows},
    fields::{Fields, blob, corrupt, json, key, says},
    queries,
    schema::API_ANSWERS,
    store::Reading,
    tx::{Tx, Wanted},
    writer::Work,
};

fn id_of(question: &ApiQuestion) -> String {
    key(&[&question.principal, &question.route, &question.key])
}

fn answer(row: &Document) -> Result<ApiAnswer> {
    let fields = Fields::of(API_ANSWERS, row);
    let status = u16::try_from(fields.small("status")?);
    Ok(ApiAnswer {
        asked: fields.digest("asked")?,
        status: status.map_err(|error| corrupt(API_ANSWERS, &error))?,
        headers: fields.json("headers")?,
        body: fields.blob("body")?.to_vec(),
        expires_at: fields.time("expires")?,
    })
}

pub(crate) async fn one(reading: &Reading<'_>, question: &ApiQuestion, at: Timestamp) -> Result<Option<ApiAnswer>> {
    let found = reading.row(API_ANSWERS, &id_of(question)).await?.as_ref().map(answer).transpose()?;
    Ok(found.filter(|answer| answer.expires_at > at))
}

/// Keeps one in the place of what was there, and at most so many of its principal.
pub(crate) struct Keep {
    pub(crate) question: ApiQuestion,
    pub(crate) answer: ApiAnswer,
    pub(crate) most: u64,
}

#[async_trait]
impl Work for Keep {
    type Answer = ();

    fn wants(&self, wanted: &mut Wanted) {
        wanted.row(API_ANSWERS, id_of(&self.question));
    }

    async fn run(self, tx: &mut Tx) -> Result<()> {
        let ApiQuestion { principal, route, key } = &self.question;
        let ApiAnswer { asked, status, headers, body, expires_at } = &self.answer;
        if tx.get(API_ANSWERS, &id_of(&self.question)).await?.is_none() {
            let is_theirs = |row: &Document| says(row, "principal", principal);
            let filter = doc! {"principal": principal};
            let count = tx.count(&queries::API_ANSWERS_OF, filter.clone(), is_theirs).await?;
            let beyond = usize::try_from((count + 1).saturating_sub(self.most)).unwrap_or(STEP).min(STEP);
            if beyond > 0 {
                let first = tx.first(&queries::API_ANSWERS_OF, filter, is_theirs, beyond).await?;
                drop_rows(tx, API_ANSWERS, &first).await?;
            }
        }
        let row = doc! {
            "principal": principal,
            "route": route,
            "key": key,
            "asked": blob(asked.as_bytes()),
            "status": i64::from(*status),
            "headers": json(headers)?,
            "body": blob(body),
            "expires": expires_at.as_millis(),
        };
        tx.put(API_ANSWERS, &id_of(&self.question), row).await
    }
}

/// Drops those that are over.
pub(crate) struct Forget {
    pub(crate) before: Timestamp,
}

#[async_trait]
impl Work for Forget {
    type Answer = usize;

    async fn run(self, tx: &mut Tx) -> Result<usize> {
        let before = self.before.as_millis();
        let is_over = |row: &Document| row.get_i64("expires").is_ok_and(|at| at < before);
        let filter = doc! {"expires": {"$lt": before}};
        let over = tx.first(&queries::API_ANSWERS_BY_END, filter, is_over, STEP).await?;
        drop_rows(tx, API_ANSWERS, &over).await
    }
}
