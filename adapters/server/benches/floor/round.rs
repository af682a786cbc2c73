use std::fmt;
use std::path::{Path, PathBuf};

use crate::Options;
use crate::town::connection::Connection;
use crate::town::identity_provider::IdentityProvider;
use crate::town::people::{self, Report};
use crate::town::program::{Program, Served, Store};
use crate::town::recording::{Recording, STEPS};
use crate::town::sign_in::Person;
use crate::town::{floor, one_thread};

/// Request ids are of one to five digits, and nothing else differs in length.
const BYTES_APART: u64 = 6;

/// All that rounds have in common.
pub(crate) struct Rounds<'a> {
    identity_provider: &'a IdentityProvider,
    program: &'a Program,
    options: &'a Options,
    recording: Recording,
    /// Bytes of the steps of the recorded sign-in.
    sent: [usize; STEPS.len()],
    received: [usize; STEPS.len()],
    client_id: String,
    file: PathBuf,
}

/// What was measured of one server in one round.
pub(crate) struct Round {
    server: Option<Store>,
    /// CPU time of a sign-in, in microseconds: in all, and in system mode.
    pub(crate) cpu: f64,
    pub(crate) system: f64,
    pub(crate) per_second: f64,
    /// Milliseconds.
    pub(crate) token_p50: f64,
    pub(crate) token_p99: f64,
}

impl<'a> Rounds<'a> {
    /// Records a sign-in of a program that has been running for a while, into a file.
    pub(crate) fn record(
        identity_provider: &'a IdentityProvider,
        program: &'a Program,
        options: &'a Options,
        file: &Path,
    ) -> Self {
        let served = program.start(Store::Memory);
        people::sign_in(&served, options.people, options.warm_up, false);
        let signed_in = one_thread().block_on(async {
            let connection = &mut Connection::open(&served.address).await;
            let client_id = &served.client_id;
            Person { connection, client_id, replayed: false }.sign_in(0).await
        });
        let calls = identity_provider.report().last.map(Option::unwrap);
        let recording = Recording { answers: signed_in.answers, calls };
        recording.write(file);
        let (sent, received) = (signed_in.sent, signed_in.received);
        let (client_id, file) = (served.client_id, file.to_owned());
        Self { identity_provider, program, options, recording, sent, received, client_id, file }
    }

    pub(crate) fn describe(&self) {
        let steps = STEPS.iter().zip(self.sent).zip(self.received);
        for ((step, sent), received) in steps {
            println!("{step:>10}: {sent:>5} bytes asked, {received:>5} answered");
        }
        let [token, userinfo] = self.recording.calls.each_ref().map(|call| call.size());
        println!(
            "  upstream: {token} and {userinfo} bytes asked\n    signed: {} bytes with Ed25519\n",
            self.recording.signing_input()
        );
    }

    /// `None`: the floor.
    pub(crate) fn run(&self, server: Option<Store>) -> Round {
        let served = match server {
            Some(store) => self.program.start(store),
            None => {
                let file = self.file.to_str().unwrap();
                let floor = floor::start(file, &self.identity_provider.address);
                Served::of(floor, &self.client_id)
            }
        };
        let Options { people, warm_up, sign_ins, .. } = *self.options;
        people::sign_in(&served, people, warm_up, server.is_none());

        let asked = self.identity_provider.report().asked;
        let before = served.process.cpu();
        let report = people::sign_in(&served, people, sign_ins, server.is_none());
        let after = served.process.cpu();
        self.check(asked, &report);

        let each = |after: std::time::Duration, before| {
            (after - before).as_secs_f64() * 1e6 / sign_ins as f64
        };
        Round {
            server,
            cpu: each(after.all, before.all),
            system: each(after.system, before.system),
            per_second: sign_ins as f64 / report.seconds,
            token_p50: report.token_p50,
            token_p99: report.token_p99,
        }
    }

    /// Fails where not every sign-in was complete, or was another than the recorded one.
    fn check(&self, asked_before: [u64; 2], report: &Report) {
        assert_eq!(report.sign_ins, self.options.sign_ins);
        let upstream = self.identity_provider.report();
        for (after, before) in upstream.asked.iter().zip(asked_before) {
            assert_eq!(after - before, report.sign_ins, "not two calls per sign-in");
        }
        for (call, recorded) in upstream.last.iter().flatten().zip(&self.recording.calls) {
            assert_eq!(call.size(), recorded.size(), "{call:?} is not like {recorded:?}");
        }
        let bytes = [(report.sent, self.sent), (report.received, self.received)];
        for (all, recorded) in bytes {
            for ((all, recorded), step) in all.into_iter().zip(recorded).zip(STEPS) {
                let apart = all.abs_diff(recorded as u64 * report.sign_ins) / report.sign_ins;
                assert!(apart <= BYTES_APART, "{step}: {apart} bytes more or less than recorded");
            }
        }
    }
}

/// How a server is called in what is printed.
pub(crate) fn name(server: Option<Store>) -> &'static str {
    match server {
        None => "floor",
        Some(Store::Memory) => "memory",
        Some(Store::Sqlite) => "SQLite",
    }
}

impl Round {
    pub(crate) const HEADING: &'static str =
        "pair  server  CPU µs each   user  system  sign-ins/s  token p50 ms    p99 ms";
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, cpu, system, per_second, token_p50, token_p99 } = self;
        write!(
            f,
            "{:<6} {cpu:>12.1} {:>6.1} {system:>7.1} {per_second:>11.0} {token_p50:>13.2} \
             {token_p99:>9.2}",
            name(*server),
            cpu - system,
        )
    }
}
