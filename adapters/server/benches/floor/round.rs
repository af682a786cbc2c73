use std::fmt;
use std::path::{Path, PathBuf};

use crate::Options;
use crate::town::identity_provider::{IdentityProvider, Report as Upstream};
use crate::town::measured::Measured;
use crate::town::people::{Crowd, How, Report};
use crate::town::program::{Program, Served, Store};
use crate::town::recording::{Recording, STEPS};
use crate::town::sign_in::Person;
use crate::town::visit::Visit;
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

/// What was measured of one server; `None`: the floor.
pub(crate) struct Round {
    pub(crate) server: Option<Store>,
    pub(crate) measured: Measured,
}

impl<'a> Rounds<'a> {
    /// Records a first sign-in of a program that has been running for a while, into a file.
    pub(crate) fn record(
        identity_provider: &'a IdentityProvider,
        program: &'a Program,
        options: &'a Options,
        file: &Path,
    ) -> Self {
        let mut served = program.start(Store::Memory);
        served.register();
        let (people, visit, how) = (options.common.people, Visit::First, How::Complete);
        Crowd { people, visit, how }.sign_in(&served, options.warm_up);
        let signed_in = one_thread().block_on(async {
            Person::at(&served.address, &served.client_id, visit, false).sign_in(0).await
        });
        let calls = identity_provider.report().last.map(Option::unwrap);
        let recording = Recording { answers: signed_in.answers.try_into().unwrap(), calls };
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

    pub(crate) fn run(&self, server: Option<Store>, visit: Visit) -> Round {
        let (served, how) = match server {
            Some(store) => {
                let mut served = self.program.start(store);
                served.register();
                (served, How::Complete)
            }
            None => {
                let file = self.file.to_str().unwrap();
                let floor = floor::start(file, &self.identity_provider.address);
                (Served::of(floor, &self.client_id), How::Replayed)
            }
        };
        let Options { warm_up, sign_ins, .. } = *self.options;
        let people = self.options.common.people;
        let crowd = Crowd { people, visit, how };
        crowd.sign_in(&served, warm_up);
        let before = self.identity_provider.report();
        let measured = Measured::of(&served, &crowd, sign_ins);
        self.check(visit, &before, &self.identity_provider.report(), &measured.report);
        Round { server, measured }
    }

    /// Fails where a sign-in was another than the recorded one, of what people saw and of what the
    /// identity provider was asked.
    fn check(&self, visit: Visit, before: &Upstream, after: &Upstream, report: &Report) {
        for (after, before) in after.asked.iter().zip(before.asked) {
            assert_eq!(after - before, report.sign_ins, "not two calls per sign-in");
        }
        // Who asks for a report takes a connection, too, and one or another may be given up.
        let (opened, few) = (after.connections - before.connections, report.sign_ins / 20 + 32);
        assert!(opened <= few, "{opened} connections to the identity provider were not kept");
        for (call, recorded) in after.last.iter().flatten().zip(&self.recording.calls) {
            assert_eq!(call.size(), recorded.size(), "{call:?} is not like {recorded:?}");
        }
        let bytes = [(report.sent, self.sent), (report.received, self.received)];
        for (all, recorded) in bytes {
            for ((all, recorded), step) in
                all.into_iter().zip(recorded).zip(STEPS).skip(visit.begins())
            {
                let apart = all.abs_diff(recorded as u64 * report.sign_ins) / report.sign_ins;
                assert!(apart <= BYTES_APART, "{step}: {apart} bytes more or less than recorded");
            }
        }
    }
}

/// How a server is called in what is printed.
pub(crate) fn name(server: Option<Store>) -> &'static str {
    server.map_or("floor", Store::name)
}

impl Round {
    pub(crate) const HEADING: &'static str =
        "pair  server  CPU µs each   user  system  sign-ins/s  token p50 ms    p99 ms";
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Measured { cpu, system, per_second, ref report } = self.measured;
        write!(
            f,
            "{:<6} {cpu:>12.1} {:>6.1} {system:>7.1} {per_second:>11.0} {:>13.2} {:>9.2}",
            name(self.server),
            self.measured.user(),
            report.token_p50,
            report.token_p99,
        )
    }
}
