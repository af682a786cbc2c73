//! The clauses, a file for each concern.

mod connections;
mod environment;
mod exchange;
mod limits;
mod reach;
mod tls;

use std::time::Duration;

use http::Method;
use vestibule_core::drive::blocking::Transport;
use vestibule_core::{HttpCall, Purpose, Response, Unreachable};

use super::names::Names;
use super::{Broken, Given, Subject};

/// A part of the contract.
#[derive(Clone, Copy, Debug)]
pub struct Clause {
    name: &'static str,
    run: fn(&Trial<'_>) -> Result<(), Broken>,
}

impl Clause {
    /// What the clause says, in words joined by underscores.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Puts a transport under the clause. `test` is the full name of the test that does so, without
    /// its crate; `None` comes back where the clause can only be shown by a test and there is none.
    pub fn check(&self, subject: &dyn Subject, test: Option<&str>) -> Option<Result<(), Broken>> {
        if test.is_none() && self.name == environment::CLAUSE {
            return None;
        }
        Some((self.run)(&Trial { subject, test }))
    }

    /// For [`transport_contract!`](crate::transport_contract): the same by name, in a test.
    #[doc(hidden)]
    pub fn test(name: &str, test: &str, subject: &dyn Subject) -> Result<(), Broken> {
        let clause = CLAUSES.iter().find(|clause| clause.name == name);
        let test = test.split_once("::").map_or(test, |(_, test)| test);
        clause
            .and_then(|clause| clause.check(subject, Some(test)))
            .unwrap_or_else(|| Err(Broken::new("there is no such clause")))
    }
}

/// Lists the clauses, and writes the macro that makes a test of each. `$` comes as an argument,
/// since it cannot be written inside.
macro_rules! clauses {
    ($dollar:tt $($module:ident: $($clause:ident),* $(,)?;)*) => {
        /// All clauses.
        pub const CLAUSES: &[Clause] = &[$($(
            Clause { name: stringify!($clause), run: $module::$clause },
        )*)*];

        /// Makes a `#[test]` of each clause of [the contract of transports](crate::transport). The
        /// argument is a [`Subject`](crate::transport::Subject).
        ///
        /// The clause about the environment runs its test again, by the options of the harness that
        /// comes with Rust; under another one it fails.
        #[macro_export]
        macro_rules! transport_contract {
            ($dollar subject:expr) => {$($(
                #[::core::prelude::v1::test]
                fn $clause() -> ::core::result::Result<(), $dollar crate::transport::Broken> {
                    $dollar crate::transport::Clause::test(
                        ::core::stringify!($clause),
                        ::core::concat!(::core::module_path!(), "::", ::core::stringify!($clause)),
                        &$dollar subject,
                    )
                }
            )*)*};
        }
    };
}

clauses! { $
    exchange:
        what_is_sent_and_what_comes_back,
        ups_03_redirects_are_not_followed,
        content_codings_are_not_decoded,
        a_body_that_breaks_off_is_no_response,
        a_refused_connection,
        what_is_no_tls_and_what_is_no_http;
    limits:
        a_body_of_exactly_the_cap_is_accepted,
        a_body_that_announces_to_be_too_long_is_not_waited_for,
        a_body_that_turns_out_too_long_is_read_no_further,
        a_server_that_never_answers_meets_the_deadline,
        a_body_that_never_ends_meets_the_deadline,
        a_head_that_drips_meets_the_deadline,
        a_body_that_drips_meets_the_deadline,
        a_name_that_is_never_resolved_meets_the_deadline;
    connections:
        a_post_is_sent_once_when_the_connection_breaks,
        a_post_is_sent_once_when_a_kept_connection_breaks,
        connections_are_kept_and_cookies_are_not,
        what_a_name_resolves_to_is_connected_to;
    environment:
        proxies_of_the_environment_are_ignored;
    tls:
        a_certificate_of_a_trusted_authority_is_accepted,
        ups_26_a_certificate_of_an_unknown_authority_is_refused,
        ups_26_a_certificate_of_nobody_is_refused,
        ups_26_a_certificate_of_another_host_is_refused,
        ups_26_an_expired_certificate_is_refused,
        ups_26_a_certificate_that_is_not_yet_valid_is_refused;
    reach:
        cim_04_names_that_resolve_inside_are_refused,
        cim_05_addresses_that_carry_one_inside_are_refused,
        cim_06_hosts_that_are_addresses_or_this_machine_are_refused,
        cim_07_an_answer_with_one_address_inside_is_refused,
        cim_07_an_answer_is_not_asked_for_again,
        a_connection_to_a_configured_host_serves_no_call_from_outside,
        a_call_from_outside_needs_tls;
}

/// A clause being run.
struct Trial<'a> {
    subject: &'a dyn Subject,
    test: Option<&'a str>,
}

impl Trial<'_> {
    /// A transport for which no name resolves.
    fn transport(&self) -> Box<dyn Transport> {
        self.with_names(&Names::none())
    }

    fn with_names(&self, names: &Names) -> Box<dyn Transport> {
        self.subject.transport(Given::new(names.resolver(), None))
    }

    fn trusting(&self, names: &Names, certificate: &str) -> Box<dyn Transport> {
        self.subject.transport(Given::new(names.resolver(), Some(certificate)))
    }
}

/// A deadline for calls that do not wait for it: so long that it is seen when one does.
const FAR: Duration = Duration::from_secs(20);

/// A deadline for calls that wait for it.
const NEAR: Duration = Duration::from_millis(100);

/// A deadline for calls that wait for it, and for which something has to happen before it: a busy
/// machine may stall for longer than [`NEAR`].
const SOON: Duration = Duration::from_secs(1);

fn get(url: &str) -> Result<HttpCall, Broken> {
    call(Method::GET, url, "")
}

fn post(url: &str, body: &'static str) -> Result<HttpCall, Broken> {
    call(Method::POST, url, body)
}

fn call(method: Method, url: &str, body: &'static str) -> Result<HttpCall, Broken> {
    let url = url.parse().map_err(|_| Broken::new(format!("{url} is no URL")))?;
    let mut call = HttpCall::new(method, url, Purpose::ExchangeCode);
    call.body = body.into();
    call.deadline = FAR;
    Ok(call)
}

/// The transport made the right one of the failures.
fn expect_failure(
    outcome: Result<Response, Unreachable>,
    right: Unreachable,
    of: &str,
) -> Result<(), Broken> {
    if outcome.as_ref().err() == Some(&right) {
        return Ok(());
    }
    Err(Broken::new(format!("{of}: {outcome:?} instead of {right:?}")))
}

fn expect_body(outcome: Result<Response, Unreachable>, body: &str) -> Result<Response, Broken> {
    let response = outcome?;
    if response.body == body.as_bytes() {
        Ok(response)
    } else {
        Err(Broken::new(format!("{response:?} without the body that was sent")))
    }
}
