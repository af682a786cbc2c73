//! What people see: the sign-in page and the error page. No script, nothing loaded from elsewhere.

mod answer;
mod error;
mod imitation;
mod sign_in;
mod style;

pub(crate) use answer::Answer;
pub(crate) use error::{ErrorPage, Reader};
pub(crate) use imitation::KnownNames;
pub(crate) use sign_in::{Shown, sign_in};
pub(crate) use style::Style;

use http::{HeaderValue, StatusCode, header};

use crate::language::Language;
use crate::refusal::Refusal;
use crate::reply::Response;
use crate::setup::Setup;

/// What stands around every page.
struct Frame<'a> {
    language: &'a dyn Language,
    style: &'a str,
    operator: &'a str,
    logo: Option<&'a str>,
}

impl<'a> Frame<'a> {
    fn of(setup: &'a Setup, language: &'a dyn Language) -> Self {
        let logo = setup.config().look.logo.as_ref().map(|logo| logo.url());
        Self { language, style: setup.style().text(), operator: setup.operator(), logo }
    }

    fn direction(&self) -> &'static str {
        if self.language.is_right_to_left() { "rtl" } else { "ltr" }
    }
}

fn html(
    setup: &Setup,
    status: StatusCode,
    page: Result<String, askama::Error>,
    form_action: &str,
) -> Response {
    let Ok(page) = page else {
        return Refusal::Overloaded.to_json();
    };
    let images = if setup.config().look.logo.is_some() { "img-src data:; " } else { "" };
    let policy = format!(
        "default-src 'none'; style-src '{}'; {images}form-action {form_action}; \
         frame-ancestors 'none'; base-uri 'none'",
        setup.style().hash()
    );
    let response = Response::json(status, page)
        .with(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))
        .with(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"))
        .with(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // Hashes are base64 and origins are ASCII; were it otherwise, a page without a policy must not
    // go out.
    match HeaderValue::try_from(policy) {
        Ok(policy) => response.with(header::CONTENT_SECURITY_POLICY, policy),
        Err(_) => Refusal::Overloaded.to_json(),
    }
}
