//! Scopes that contain others (MCP authorization, Scope Challenge Handling: a server accounts for
//! hierarchies when it judges a token).

use std::collections::{BTreeMap, BTreeSet};

/// For each scope that implies others, all that it implies, however far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hierarchy(BTreeMap<String, BTreeSet<String>>);

impl Hierarchy {
    /// Of what each scope implies by itself. A circle makes its scopes one, and is no harm.
    pub(super) fn of(implies: &BTreeMap<String, Vec<String>>) -> Self {
        let all = |scope: &String| {
            let mut found = BTreeSet::new();
            let mut left = vec![scope];
            while let Some(scope) = left.pop() {
                for implied in implies.get(scope).into_iter().flatten() {
                    if found.insert(implied.clone()) {
                        left.push(implied);
                    }
                }
            }
            found
        };
        Self(implies.keys().map(|scope| (scope.clone(), all(scope))).collect())
    }

    /// Whether `granted`, scopes separated by spaces, contain a scope.
    pub(super) fn contain(&self, granted: &str, scope: &str) -> bool {
        granted.split(' ').any(|granted| {
            granted == scope || self.0.get(granted).is_some_and(|implied| implied.contains(scope))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hierarchy(implies: &[(&str, &[&str])]) -> Hierarchy {
        let owned = |(scope, implied): &(&str, &[&str])| {
            ((*scope).to_owned(), implied.iter().map(|it| (*it).to_owned()).collect())
        };
        Hierarchy::of(&implies.iter().map(owned).collect())
    }

    #[test]
    fn what_is_implied_is_granted_however_far() {
        let scopes = hierarchy(&[("admin", &["write"]), ("write", &["read"])]);
        assert!(["admin", "write", "read"].iter().all(|it| scopes.contain("admin", it)));
        assert!(scopes.contain("other write", "read"));
        assert!(!scopes.contain("write", "admin") && !scopes.contain("read", "write"));
        assert!(!scopes.contain("", "read") && !scopes.contain("rea", "read"));
    }

    #[test]
    fn a_circle_makes_its_scopes_one() {
        let scopes = hierarchy(&[("a", &["b"]), ("b", &["c"]), ("c", &["a", "c"])]);
        for granted in ["a", "b", "c"] {
            assert!(["a", "b", "c"].iter().all(|scope| scopes.contain(granted, scope)));
        }
        assert!(!scopes.contain("a", "d"));
    }
}
