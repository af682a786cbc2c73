//! How much one address may do, and who that address is.

mod budgets;
mod proxies;

pub(crate) use proxies::Proxies;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use vestibule_core::{Charge, Parts};
use vestibule_hyper::Limiter;

use self::budgets::Budgets;

/// What an operator can set.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Registrations that an address may make in a minute; `None`: any number.
    pub(crate) registrations: Option<NonZeroU32>,
    /// Sign-ins of clients whose document has to be looked for that may begin from an address in a
    /// minute; `None`: any number.
    pub(crate) client_documents: Option<NonZeroU32>,
    /// Wrong secrets of one client that may come from an address in a minute; `None`: any number.
    pub(crate) wrong_secrets: Option<NonZeroU32>,
    /// Who may say in X-Forwarded-For from where a request came.
    pub(crate) trusted_proxies: Proxies,
    /// What a connection may do.
    pub(crate) connections: vestibule_hyper::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // Hosted clients register many people's applications from few addresses.
            registrations: NonZeroU32::new(600),
            // Each is a person who begins to sign in, and many can share an address.
            client_documents: NonZeroU32::new(600),
            // A client that is set up with the wrong secret tries a few times.
            wrong_secrets: NonZeroU32::new(60),
            trusted_proxies: Proxies::default(),
            connections: vestibule_hyper::Limits::default(),
        }
    }
}

impl Limits {
    /// Whether addresses are counted for which nobody is told apart from anybody else: connections
    /// to a loopback address come from a proxy, and none is named.
    pub(crate) fn count_nobody(&self, listening: IpAddr) -> bool {
        let any = [self.registrations, self.client_documents, self.wrong_secrets];
        any.iter().any(Option::is_some)
            && listening.is_loopback()
            && self.trusted_proxies.is_empty()
    }

    /// Who counts.
    pub(crate) fn limiter(&self) -> impl Limiter + 'static {
        ByAddress {
            registrations: self.registrations.map(Budgets::per_minute),
            client_documents: self.client_documents.map(Budgets::per_minute),
            wrong_secrets: self.wrong_secrets.map(Budgets::per_minute),
            proxies: self.trusted_proxies.clone(),
        }
    }
}

struct ByAddress {
    registrations: Option<Budgets>,
    client_documents: Option<Budgets>,
    wrong_secrets: Option<Budgets>,
    proxies: Proxies,
}

impl ByAddress {
    /// The budgets that a charge draws on, and what it is about besides the address.
    fn budgets<'c>(&self, charge: &'c Charge) -> Option<(&Budgets, &'c str)> {
        match charge {
            Charge::Registration => Some((self.registrations.as_ref()?, "")),
            Charge::ClientDocument => Some((self.client_documents.as_ref()?, "")),
            Charge::WrongSecret { client_id } => {
                Some((self.wrong_secrets.as_ref()?, client_id.as_str()))
            }
            // Core may learn of a charge that has no budget here.
            _ => None,
        }
    }
}

impl Limiter for ByAddress {
    fn payer(&self, head: &Parts) -> Option<IpAddr> {
        self.proxies.client(head)
    }

    fn wait(&self, payer: IpAddr, charge: &Charge) -> Option<Duration> {
        let (budgets, about) = self.budgets(charge)?;
        budgets.wait(payer, about)
    }

    fn charge(&self, payer: IpAddr, charge: &Charge) {
        if let Some((budgets, about)) = self.budgets(charge) {
            budgets.spend(payer, about);
        }
    }
}
