//! Reports of small runs by hand, of a long one, and of a hostile one.

mod files;
mod hostile;
mod long;
mod made;
mod numbers;
