//! Trading of characters: their purses and what they see of prices.

pub mod purses;
pub mod quotes;
