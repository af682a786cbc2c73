//! Who takes part in a sign-in besides the server: a person's browser and the application. Neither
//! knows anything of Vestibule but what the standards and its pages say.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
#![allow(dead_code, unused_imports, reason = "each test file uses a part of it")]

mod application;
mod browser;

pub(crate) use application::{Answer, Application, Asked, discover, register};
pub(crate) use browser::{Browser, Page};
