//! People who sign in, many at once.

use std::array;
use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use tokio::task::LocalSet;

use super::one_thread;
use super::process::Process;
use super::program::Served;
use super::recording::STEPS;
use super::sign_in::Person;
use super::visit::Visit;

/// Who signs in where.
#[derive(clap::Args, Clone)]
pub(crate) struct Arguments {
    #[arg(long)]
    server: String,
    #[arg(long)]
    client_id: String,
    #[arg(long)]
    sign_ins: u64,
    #[command(flatten)]
    crowd: Crowd,
}

/// Those who sign in.
#[derive(clap::Args, Clone)]
pub(crate) struct Crowd {
    /// How many at once.
    #[arg(long)]
    pub(crate) people: u64,
    #[arg(long, value_enum)]
    pub(crate) visit: Visit,
    #[arg(long, value_enum)]
    pub(crate) how: How,
}

/// How they go about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum How {
    /// To the end, at Vestibule.
    Complete,
    /// To the end, at the floor, whose answers are those of another sign-in.
    Replayed,
    /// They go to the identity provider and do not come back.
    Abandoned,
}

/// What they saw.
#[derive(Serialize, Deserialize)]
pub(crate) struct Report {
    /// Those that were complete.
    pub(crate) sign_ins: u64,
    pub(crate) seconds: f64,
    /// Bytes of each step, of all sign-ins; none of the steps that they did without.
    pub(crate) sent: [u64; STEPS.len()],
    pub(crate) received: [u64; STEPS.len()],
    /// How long it took to answer at the token endpoint, in milliseconds.
    pub(crate) token_p50: f64,
    pub(crate) token_p99: f64,
}

impl Crowd {
    /// Starts them, and waits until all are done.
    pub(crate) fn sign_in(&self, served: &Served, sign_ins: u64) -> Report {
        let visit = self.visit.to_possible_value().unwrap();
        let how = self.how.to_possible_value().unwrap();
        let process = Process::in_role(&[
            "people",
            "--server",
            &served.address,
            "--client-id",
            &served.client_id,
            "--sign-ins",
            &sign_ins.to_string(),
            "--people",
            &self.people.to_string(),
            "--visit",
            visit.get_name(),
            "--how",
            how.get_name(),
        ]);
        serde_json::from_str(&process.said()).unwrap()
    }
}

/// What one of them saw, or all of them.
#[derive(Default)]
struct Seen {
    sent: [u64; STEPS.len()],
    received: [u64; STEPS.len()],
    token: Vec<Duration>,
}

/// The process: says its report.
pub(super) fn all_sign_in(arguments: &Arguments) {
    let began = Instant::now();
    let seen = one_thread().block_on(LocalSet::new().run_until(async {
        let next = Rc::new(Cell::new(0));
        let people: Vec<_> = (0..arguments.crowd.people)
            .map(|_| tokio::task::spawn_local(one(arguments.clone(), Rc::clone(&next))))
            .collect();
        let mut all = Seen::default();
        for person in people {
            all.add(person.await.unwrap());
        }
        all
    }));
    let report = seen.report(began.elapsed());
    println!("{}", serde_json::to_string(&report).unwrap());
}

/// Signs in again and again, until as many sign-ins were begun as there shall be.
async fn one(arguments: Arguments, next: Rc<Cell<u64>>) -> Seen {
    let Crowd { visit, how, .. } = arguments.crowd;
    let replayed = how == How::Replayed;
    let mut person = Person::at(&arguments.server, &arguments.client_id, visit, replayed);
    let mut seen = Seen::default();
    while next.get() < arguments.sign_ins {
        let n = next.replace(next.get() + 1);
        if how == How::Abandoned {
            person.abandon(n).await;
            continue;
        }
        let signed_in = person.sign_in(n).await;
        seen.add(Seen {
            sent: signed_in.sent.map(|bytes| bytes as u64),
            received: signed_in.received.map(|bytes| bytes as u64),
            token: vec![signed_in.token],
        });
    }
    seen
}

impl Seen {
    fn add(&mut self, other: Self) {
        self.sent = array::from_fn(|step| self.sent[step] + other.sent[step]);
        self.received = array::from_fn(|step| self.received[step] + other.received[step]);
        self.token.extend(other.token);
    }

    fn report(mut self, took: Duration) -> Report {
        self.token.sort_unstable();
        let count = self.token.len();
        let percentile = |percent: usize| {
            let token = self.token.get((count * percent / 100).min(count.saturating_sub(1)));
            token.copied().unwrap_or_default().as_secs_f64() * 1000.0
        };
        Report {
            sign_ins: count as u64,
            seconds: took.as_secs_f64(),
            sent: self.sent,
            received: self.received,
            token_p50: percentile(50),
            token_p99: percentile(99),
        }
    }
}
