//! What an operator does with grants: list a person's, end one, end many. No endpoint leads here:
//! whoever holds the keys and the store may.

mod end;
mod grants;
mod mark;

pub use end::Wiped;
pub use grants::{GrantSummary, Grants};

pub(crate) use end::{end, end_grant};
pub(crate) use grants::grants;
pub(crate) use mark::{knows_store, mark_store};
