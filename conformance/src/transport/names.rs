use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};

use super::Resolver;

/// A host that nobody but these resolvers knows (RFC 6761 §6.4).
pub(crate) const HOST: &str = "idp.test";

pub(crate) const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Answers for names, in turn, and remembers what was asked for.
#[derive(Clone)]
pub(crate) struct Names {
    answers: Arc<[Vec<IpAddr>]>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Names {
    /// No name resolves.
    pub(crate) fn none() -> Self {
        Self::in_turn([])
    }

    /// Every name resolves to these, always.
    pub(crate) fn all(addresses: &[IpAddr]) -> Self {
        Self::in_turn([addresses.to_vec()])
    }

    /// The first question has the first answer, and so on; the last is repeated.
    pub(crate) fn in_turn<const N: usize>(answers: [Vec<IpAddr>; N]) -> Self {
        Self { answers: Arc::new(answers), asked: Arc::default() }
    }

    pub(crate) fn resolver(&self) -> Resolver {
        let names = self.clone();
        Resolver::new(move |name| names.answer(name))
    }

    /// What was asked for so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn answer(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = self.answers.get(asked.len()).or(self.answers.last());
        asked.push(name.to_owned());
        answer.cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}
