//! A strategy over recorded candles: batches in, orders out, fills by a model, and what came of it as figures and a report.
