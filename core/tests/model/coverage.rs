//! What the operations of a run met: a run that never reaches an interesting state proves nothing.

use std::cell::RefCell;
use std::collections::BTreeMap;

thread_local! {
    static MET: RefCell<BTreeMap<&'static str, usize>> = const { RefCell::new(BTreeMap::new()) };
}

pub(crate) fn met(what: &'static str) {
    MET.with_borrow_mut(|met| *met.entry(what).or_default() += 1);
}

/// Fails where something was met less often than that.
pub(crate) fn assert_met(least: &[(&'static str, usize)]) {
    MET.with_borrow(|met| {
        let counted = |what| met.get(what).copied().unwrap_or_default();
        let missing: Vec<_> = least.iter().filter(|(what, least)| counted(what) < *least).collect();
        assert!(missing.is_empty(), "not met as often: {missing:?} of {met:#?}");
    });
}
