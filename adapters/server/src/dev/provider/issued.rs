use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::keys::{NoRandomness, random_text};

/// Texts that were handed out, each with what it stands for: few at a time, and each for a while.
pub(super) struct Issued<T> {
    lifetime: Duration,
    list: VecDeque<One<T>>,
}

struct One<T> {
    text: String,
    stands_for: T,
    until: Instant,
}

impl<T> Issued<T> {
    /// More than one person at one keyboard needs; the oldest goes first.
    const AT_MOST: usize = 1000;

    pub(super) fn new(lifetime: Duration) -> Self {
        Self { lifetime, list: VecDeque::new() }
    }

    /// A fresh text.
    pub(super) fn issue(&mut self, stands_for: T) -> Result<String, NoRandomness> {
        let text = random_text()?;
        while self.list.len() >= Self::AT_MOST {
            self.list.pop_front();
        }
        let until = Instant::now() + self.lifetime;
        self.list.push_back(One { text: text.clone(), stands_for, until });
        Ok(text)
    }

    /// What a text stands for; from then on it stands for nothing.
    pub(super) fn take(&mut self, text: &str) -> Option<T> {
        self.forget_expired();
        let at = self.list.iter().position(|one| one.text == text)?;
        self.list.remove(at).map(|one| one.stands_for)
    }

    /// What a text stands for.
    pub(super) fn find(&mut self, text: &str) -> Option<&T> {
        self.forget_expired();
        self.list.iter().find(|one| one.text == text).map(|one| &one.stands_for)
    }

    fn forget_expired(&mut self) {
        let now = Instant::now();
        while self.list.front().is_some_and(|one| now >= one.until) {
            self.list.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_code_is_taken_once() {
        let mut issued = Issued::new(Duration::from_secs(60));
        let text = issued.issue(7).unwrap();
        assert_eq!([issued.take(&text), issued.take(&text)], [Some(7), None]);
    }

    #[test]
    fn what_has_expired_stands_for_nothing() {
        let mut issued = Issued::new(Duration::ZERO);
        let text = issued.issue(7).unwrap();
        assert_eq!(issued.find(&text), None);
    }

    #[test]
    fn the_list_is_bounded() {
        let mut issued = Issued::new(Duration::from_secs(60));
        let first = issued.issue(0).unwrap();
        for n in 1..=Issued::<usize>::AT_MOST {
            issued.issue(n).unwrap();
        }
        assert_eq!((issued.list.len(), issued.find(&first)), (Issued::<usize>::AT_MOST, None));
    }
}
