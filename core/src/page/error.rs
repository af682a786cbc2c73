//! The error page: what happened, what to do, and by what the log's line is found.

use askama::Template;
use http::{HeaderMap, StatusCode, header};

use super::{Frame, html};
use crate::encoding::push_hex;
use crate::event::Event;
use crate::flow::Rejected;
use crate::language::{self, Language, Name, Phrase, Situation};
use crate::refusal::Refusal;
use crate::reply::{Reply, Response};
use crate::setup::Setup;
use crate::tick::Tick;

/// A page that is still to be written: in the language of whoever reads it, with a reference that
/// is drawn for it.
#[derive(Debug)]
pub(crate) struct ErrorPage {
    refusal: Refusal,
    /// The client that sent the person here and cannot be told at once.
    back: Option<Box<Rejected>>,
    /// What the page's answer sets beside itself: cookies.
    headers: HeaderMap,
}

impl ErrorPage {
    pub(crate) fn new(refusal: Refusal) -> Self {
        Self { refusal, back: None, headers: HeaderMap::new() }
    }

    /// With a link back for a client that cannot be redirected to at once (RFC 9700 §4.11.2).
    pub(crate) fn with_way_back(rejected: Rejected) -> Self {
        let refusal = rejected.refusal.clone();
        Self { refusal, back: Some(Box::new(rejected)), headers: HeaderMap::new() }
    }

    pub(crate) fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    pub(crate) fn written(self, setup: &Setup, reader: &Reader, tick: &mut Tick) -> Reply {
        let Self { refusal, back, headers } = self;
        let (mut response, shown) = if reader.wants_json {
            let mut response = refusal.to_client(setup);
            response.status = status(&refusal);
            response.headers.remove(header::WWW_AUTHENTICATE);
            (response, None)
        } else {
            let reference = reference(tick);
            let language = setup.language(reader.language);
            let response = page(setup, &refusal, back.as_deref(), language, &reference);
            (response, Some(Event::ErrorPageShown { reference }))
        };
        response.headers.extend(headers);
        let mut reply = Reply::new(response, Event::Refused { refusal });
        reply.events.extend(shown);
        reply
    }
}

/// What the pages must know of whoever reads them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader {
    /// Which of the configuration's languages.
    pub(super) language: usize,
    /// Whether it is a program.
    wants_json: bool,
}

impl Reader {
    pub(crate) fn of(setup: &Setup, headers: &HeaderMap) -> Self {
        let language = language::preferred(&setup.config().languages, headers);
        Self { language, wants_json: wants_json(headers) }
    }
}

/// Whether JSON is asked for by name, and no page: every browser asks for `text/html`, and what
/// takes anything may be one (RFC 9110 §12.5.1).
fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut json = false;
    for range in accepted.flat_map(|value| value.split(',')) {
        if language::weight(range).is_none() {
            continue;
        }
        let range = range.split(';').next().unwrap_or_default().trim();
        if range.eq_ignore_ascii_case("text/html") {
            return false;
        }
        json |= range.eq_ignore_ascii_case("application/json");
    }
    json
}

#[derive(Template)]
#[template(path = "error.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: String,
    happened: String,
    mend: String,
    back: Option<Back>,
    reference: String,
}

struct Back {
    warning: String,
    text: String,
    href: String,
}

fn page(
    setup: &Setup,
    refusal: &Refusal,
    rejected: Option<&Rejected>,
    language: &dyn Language,
    reference: &str,
) -> Response {
    let say = |phrase: Phrase<'_>| language.say(&phrase);
    let back = rejected.and_then(|rejected| {
        let location = rejected.location(setup)?;
        Some(Back {
            // Whoever has signed in upstream has agreed to the client before.
            warning: say(if let Refusal::NotAllowed(_) = refusal {
                Phrase::BackTells
            } else {
                Phrase::BackWarning
            }),
            text: say(Phrase::Back { host: Name::new(rejected.redirect.destination()) }),
            href: location.to_str().ok()?.to_owned(),
        })
    });
    let mut situation = Situation::of(refusal);
    if situation == Situation::UnknownClient && !setup.registration().is_open() {
        situation = Situation::UnknownClientForGood;
    }
    let page = Page {
        frame: Frame::of(setup, language),
        title: say(Phrase::Title(situation)),
        happened: say(Phrase::Happened(refusal)),
        mend: say(Phrase::Mend(situation)),
        back,
        reference: say(Phrase::Reference { reference, detail: &refusal.wire().description }),
    };
    refusal.with_headers(html(setup, status(refusal), page.render(), "'none'"))
}

/// What stands for a failed sign-in is not an authentication challenge: 401 would need one (RFC 9110
/// §15.5.2).
fn status(refusal: &Refusal) -> StatusCode {
    match refusal.wire().status {
        StatusCode::UNAUTHORIZED => StatusCode::BAD_REQUEST,
        other => other,
    }
}

/// Eight digits that can be read out: `3f9a-0c21`. It tells nothing and opens nothing.
fn reference(tick: &mut Tick) -> String {
    let drawn: [u8; 4] = tick.entropy.draw("reference");
    let mut reference = String::with_capacity(9);
    push_hex(&mut reference, &drawn[..2]);
    reference.push('-');
    push_hex(&mut reference, &drawn[2..]);
    reference
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_who_asks_for_json_gets_it() {
        for (accept, json) in [
            ("application/json", true),
            ("application/json;q=0.9, text/plain", true),
            ("application/json, text/html;q=0", true),
            ("application/json;q=0", false),
            ("text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8", false),
            ("*/*", false),
            ("", false),
        ] {
            let headers = [(header::ACCEPT, HeaderValue::from_static(accept))];
            assert_eq!(wants_json(&HeaderMap::from_iter(headers)), json, "{accept}");
        }
    }
}
