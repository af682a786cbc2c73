//! Does a store hold to [the storage contract](vestibule_core::store)?
//!
//! Say how your store is opened, as a [`Subject`], and let
//! [`store_contract!`](crate::store_contract) make a test of each [clause]:
//!
//! ```
//! use std::sync::Arc;
//! use vestibule_conformance::store::{Children, Subject, check};
//! use vestibule_core::{MemoryStore, Timestamp};
//!
//! struct InMemory(Arc<MemoryStore>);
//!
//! impl Subject for InMemory {
//!     type Store = Arc<MemoryStore>;
//!
//!     fn fresh() -> Self {
//!         Self(Arc::default())
//!     }
//!
//!     fn open(&self) -> Arc<MemoryStore> {
//!         Arc::clone(&self.0)
//!     }
//!
//!     fn sweep(store: &Arc<MemoryStore>, now: Timestamp) -> bool {
//!         store.sweep(now);
//!         true
//!     }
//! }
//!
//! vestibule_conformance::store_contract! { in_memory: InMemory }
//!
//! // The same from a program:
//! let report = check::<InMemory>(&Children::none());
//! assert!(report.holds(), "{report}");
//! assert_eq!(report.not_asked().count(), 3);
//! ```
//!
//! That is a store whose data ends with its process, so three clauses are not asked: with
//! [`Subject::address`] and [`Subject::at`] they start processes of their own, and kill some. An
//! async store is asked through [`Blocking`] and its own runtime.
//!
//! Two more tools for tests of one's own: [`Faulty`] makes any store fail on demand, and [`Folder`]
//! is a temporary place for stores that write files.

pub mod clause;

mod ask;
mod blocking;
mod children;
mod faulty;
mod folder;
mod report;
mod subject;

pub use blocking::{Blocking, Task, block_on};
pub use children::Children;
pub use faulty::{Fault, Faulty};
pub use folder::Folder;
#[doc(hidden)]
pub use report::as_test;
pub use report::{Objection, Report, Verdict, check};
pub use subject::Subject;

/// Makes a module with one test for each [clause](crate::store::clause): `name: Type`, where the
/// type is a [`Subject`].
///
/// A clause that cannot be asked of the subject passes and says so in its output. With
/// `name: Type, all` it fails: for stores that leave nothing out.
///
/// Clauses about processes run their test again, by the options of the harness that comes with
/// Rust. Under another one they fail, and say that a child process did not come; a program asks
/// with [`check`](crate::store::check) instead.
#[macro_export]
macro_rules! store_contract {
    ($name:ident: $subject:ty) => {
        $crate::__each_store_clause! { [$crate::__store_tests] { $name $subject, false } }
    };
    ($name:ident: $subject:ty, all) => {
        $crate::__each_store_clause! { [$crate::__store_tests] { $name $subject, true } }
    };
}

// Whatever the crate that this is written into has under the same names: all paths are whole.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_tests {
    ({ $name:ident $subject:ty, $all:literal } $($clause:ident)*) => {
        mod $name {
            #[allow(unused_imports, reason = "the subject may be named by its whole path")]
            use super::*;

            $(
                #[::core::prelude::v1::test]
                fn $clause() -> ::core::result::Result<(), $crate::store::Objection> {
                    let children = $crate::store::Children::of_test(
                        ::core::module_path!(),
                        ::core::stringify!($clause),
                    );
                    let verdict = $crate::store::clause::$clause::<$subject>(&children);
                    $crate::store::as_test(verdict, $all)
                }
            )*
        }
    };
}
