use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use ipnet::IpNet;

use super::table::Table;
use super::value::Value;
use crate::limits::{Limits, Proxies};

pub(super) const TITLE: &str = "[limits]";
pub(super) const KEYS: &[&str] = &[
    "registrations",
    "client_documents",
    "wrong_secrets",
    "trusted_proxies",
    "connections",
    "idle",
];

/// `[limits]`: what one address may do in a minute, and what connections may.
pub(super) fn read(table: &Table<'_>) -> Limits {
    let mut limits = Limits::default();
    // 0 means any number.
    let read = |key, limit: &mut _| {
        if let Some(number) = table.find(key).and_then(|value| value.number()) {
            *limit = NonZeroU32::new(number);
        }
    };
    read("registrations", &mut limits.registrations);
    read("client_documents", &mut limits.client_documents);
    read("wrong_secrets", &mut limits.wrong_secrets);
    if let Some(value) = table.find("trusted_proxies") {
        limits.trusted_proxies = Proxies::new(networks(&value));
    }
    if let Some(value) = table.find("connections") {
        let accept = |number| if number == 0 { Err("must be at least 1") } else { Ok(number) };
        if let Some(number) = value.number().and_then(|number| value.accept(accept(number))) {
            limits.connections.connections = number;
        }
    }
    if let Some(value) = table.find("idle") {
        // Beyond a day a deadline is none, and far beyond it is no point in time any more.
        const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
        let accept = |time: Duration| match time {
            Duration::ZERO => Err("must be at least \"1s\""),
            time if time > LONGEST => Err("must be at most \"1d\""),
            time => Ok(time),
        };
        if let Some(idle) = value.duration().and_then(|time| value.accept(accept(time))) {
            limits.connections.idle_deadline = idle;
        }
    }
    limits
}

/// Networks, or single addresses.
fn networks(value: &Value<'_>) -> Vec<IpNet> {
    let items = value.items("a list of networks, like [\"127.0.0.1/32\", \"10.0.0.0/8\"]");
    items.unwrap_or_default().iter().filter_map(|item| item.parsed(network)).collect()
}

fn network(text: &str) -> Result<IpNet, &'static str> {
    let address = |_| text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(address).map_err(|_| {
        "is not a network; write an address and the bits that count, like \"10.0.0.0/8\" or \
         \"2001:db8::/32\""
    })
}
