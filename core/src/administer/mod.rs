//! What an operator does with grants: list a person's, end one, end many. No endpoint leads here:
//! whoever holds the keys and the store may.

mod end;
mod grants;

pub use grants::GrantSummary;

pub(crate) use end::{end, end_grant};
pub(crate) use grants::grants;
