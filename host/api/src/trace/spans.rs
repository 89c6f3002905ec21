//! Takes down the spans of `puppet_engine::trace` as they end, and hands them to whoever exports them. It never waits: where
//! that one is behind, a span is dropped and counted.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use puppet_types::TRACED;
use tokio::sync::mpsc;
use tracing::{
    Metadata, Subscriber,
    field::{Field, Visit},
    span,
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

/// Spans that wait to be exported at most: some megabytes.
pub const ROOM: usize = 8_192;

/// Spans that were exported, and that were dropped: the export was behind, or nobody took them. Of this process.
#[derive(Debug, Default)]
pub struct Counts {
    /// Taken by the collector.
    pub sent: AtomicU64,
    /// By nobody.
    pub dropped: AtomicU64,
}

/// Of this process.
pub static COUNTS: Counts = Counts { sent: AtomicU64::new(0), dropped: AtomicU64::new(0) };

/// A value of a span.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
    /// Yes or no.
    Is(bool),
}

/// What is told of a span, by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fields(pub Vec<(&'static str, Value)>);

impl Fields {
    /// A text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find_map(|(of, value)| match value {
            Value::Text(text) if *of == name => Some(text.as_str()),
            _ => None,
        })
    }

    /// A number; 0 where there is none.
    pub fn number(&self, name: &str) -> u64 {
        let number = self.0.iter().find_map(|(of, value)| match value {
            Value::Number(number) if *of == name => u64::try_from(*number).ok(),
            _ => None,
        });
        number.unwrap_or(0)
    }

    fn put(&mut self, field: &Field, value: Value) {
        self.0.retain(|(name, _)| *name != field.name());
        self.0.push((field.name(), value));
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, Value::Text(value.to_owned()));
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::Number(value));
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::Number(i64::try_from(value).unwrap_or(i64::MAX)));
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::Is(value));
    }
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.put(field, Value::Text(format!("{value:?}")));
    }
}

/// What a span is within.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Within {
    /// The event.
    pub event: Option<Arc<EventOf>>,
    /// The invocation of it.
    pub invocation: Option<Arc<str>>,
}

/// The event that a span is of.
#[derive(Debug, PartialEq)]
pub struct EventOf {
    /// Its id.
    pub id: String,
    /// What led to it.
    pub cause: Option<String>,
    /// How often it was tried before.
    pub attempt: u64,
}

/// A span that has ended.
#[derive(Debug)]
pub struct Ended {
    /// `event`, `invocation`, `read`, `commit`, `effect`.
    pub name: &'static str,
    /// When it began, after 1970.
    pub began: Duration,
    /// How long it was.
    pub took: Duration,
    /// What is told of it.
    pub fields: Fields,
    /// What it is within.
    pub within: Within,
}

/// A span under way.
struct Open {
    began: Duration,
    since: Instant,
    fields: Fields,
    within: Within,
}

/// Takes spans down.
pub struct Recorder(mpsc::Sender<Ended>);

/// What was taken down, to be exported.
pub struct Recorded(pub(super) mpsc::Receiver<Ended>);

/// Both ends. There is room for so many spans between them.
pub fn recorder(room: usize) -> (Recorder, Recorded) {
    let (sender, receiver) = mpsc::channel(room);
    (Recorder(sender), Recorded(receiver))
}

/// Whether something is a span of ours: for `Layer::with_filter`.
pub fn is_traced(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target() == TRACED
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        let Some(span) = context.span(id).filter(|span| is_traced(span.metadata())) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let around = span.parent().and_then(|parent| parent.extensions().get::<Open>().map(|open| open.within.clone()));
        let mut within = around.unwrap_or_default();
        match span.name() {
            // A cause is told later.
            "event" => within = Within::default(),
            "invocation" => within.invocation = fields.text("invocation").map(Arc::from),
            _ => {}
        }
        let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        span.extensions_mut().insert(Open { began, since: Instant::now(), fields, within });
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(open) = span.extensions_mut().get_mut::<Open>()
        {
            values.record(&mut open.fields);
        }
    }

    fn on_enter(&self, id: &span::Id, context: Context<'_, S>) {
        let Some(span) = context.span(id).filter(|span| span.name() == "event") else { return };
        if let Some(open) = span.extensions_mut().get_mut::<Open>()
            && open.within.event.is_none()
        {
            open.within.event = event_of(&open.fields);
        }
    }

    fn on_close(&self, id: span::Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(Open { began, since, fields, mut within }) = span.extensions_mut().remove::<Open>() else { return };
        if span.name() == "event" && within.event.is_none() {
            within.event = event_of(&fields);
        }
        // It was put off, and nothing was tried.
        if span.name() == "effect" && fields.text("state").is_none() {
            return;
        }
        let ended = Ended { name: span.name(), began, took: since.elapsed(), fields, within };
        if self.0.try_send(ended).is_err() {
            COUNTS.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn event_of(fields: &Fields) -> Option<Arc<EventOf>> {
    let id = fields.text("event")?.to_owned();
    let cause = fields.text("cause").map(str::to_owned);
    Some(Arc::new(EventOf { id, cause, attempt: fields.number("attempt") }))
}
