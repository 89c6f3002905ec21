//! A live character is changed: versions of its plugin come and go while events keep coming, and none of them is lost.

mod folders;
mod hammer;
mod installed;
mod killed;
mod ledger;
mod load;
pub(crate) mod place;
mod stages;
