use askama::Template;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use url::Url;

use super::people::{EXAMPLES, Person};
use super::{DevProvider, Shared};
use crate::dev::pages;

/// What a code stands for.
pub(super) struct Code {
    pub(super) person: Person,
    pub(super) redirect_uri: String,
    pub(super) code_challenge: String,
}

/// An authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3). What is not there is empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AuthorizeRequest {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    state: String,
    code_challenge: String,
    code_challenge_method: String,
}

impl AuthorizeRequest {
    /// What the page carries along in its forms.
    fn fields(&self) -> [(&'static str, &str); 6] {
        [
            ("response_type", &self.response_type),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("state", &self.state),
            ("code_challenge", &self.code_challenge),
            ("code_challenge_method", &self.code_challenge_method),
        ]
    }

    /// Why this request is not answered, if it is not.
    fn refused(&self, provider: &Shared) -> Option<&'static str> {
        let rules = [
            (self.client_id == DevProvider::CLIENT_ID, "client_id is not Vestibule's."),
            (self.redirect_uri == provider.redirect_uri, "redirect_uri is not Vestibule's."),
            (self.response_type == "code", "response_type must be code."),
            (!self.state.is_empty(), "state is missing."),
            // 32 bytes in base64url (RFC 7636 §4.2).
            (self.code_challenge.len() == 43, "code_challenge must be that of S256."),
            (self.code_challenge_method == "S256", "code_challenge_method must be S256."),
        ];
        rules.into_iter().find_map(|(kept, text)| (!kept).then_some(text))
    }

    /// Back to Vestibule, with an answer and who answers (RFC 9207 §2).
    fn answer(&self, provider: &Shared, name: &str, value: &str) -> Response {
        let Ok(mut url) = Url::parse(&self.redirect_uri) else {
            unreachable!("it equals Vestibule's own, which is a URL");
        };
        url.query_pairs_mut()
            .append_pair(name, value)
            .append_pair("state", &self.state)
            .append_pair("iss", &provider.issuer);
        let headers = [
            (header::LOCATION, url.as_str()),
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "no-referrer"),
        ];
        (StatusCode::SEE_OTHER, headers).into_response()
    }
}

/// Who was picked, or typed in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Decision {
    #[serde(flatten)]
    request: AuthorizeRequest,
    person: String,
    name: String,
    email: String,
    cancel: String,
}

impl Decision {
    fn person(&self) -> Option<Person> {
        match self.person.as_str() {
            "" => Person::typed(&self.name, &self.email),
            sub => EXAMPLES.iter().find(|person| person.sub == sub).cloned(),
        }
    }
}

/// `GET /authorize`: the page.
pub(super) async fn page(
    State(provider): State<DevProvider>,
    request: Result<Query<AuthorizeRequest>, QueryRejection>,
) -> Response {
    let Ok(Query(request)) = request else {
        return unreadable(&provider);
    };
    if let Some(text) = request.refused(&provider.shared) {
        return message(&provider, StatusCode::BAD_REQUEST, "This sign-in cannot go on", text);
    }
    rendered(StatusCode::OK, &SignIn { request: &request, people: &EXAMPLES })
}

/// `POST /authorize`: somebody was picked.
pub(super) async fn decide(
    State(provider): State<DevProvider>,
    decision: Result<Form<Decision>, FormRejection>,
) -> Response {
    let Ok(Form(decision)) = decision else {
        return unreadable(&provider);
    };
    let request = &decision.request;
    if let Some(text) = request.refused(&provider.shared) {
        return message(&provider, StatusCode::BAD_REQUEST, "This sign-in cannot go on", text);
    }
    if !decision.cancel.is_empty() {
        return request.answer(&provider.shared, "error", "access_denied");
    }
    let Some(person) = decision.person() else {
        let text = "A person has a name and an e-mail address. Go back and fill in both.";
        return message(&provider, StatusCode::BAD_REQUEST, "Who is that?", text);
    };
    let code = Code {
        person,
        redirect_uri: request.redirect_uri.clone(),
        code_challenge: request.code_challenge.clone(),
    };
    match provider.issued(|issued| issued.codes.issue(code)) {
        Ok(code) => request.answer(&provider.shared, "code", &code),
        Err(_) => request.answer(&provider.shared, "error", "server_error"),
    }
}

/// A page with one thing to say.
pub(super) fn message(
    provider: &DevProvider,
    status: StatusCode,
    title: &str,
    text: &str,
) -> Response {
    rendered(status, &Message { title, text, vestibule: &provider.shared.vestibule })
}

fn unreadable(provider: &DevProvider) -> Response {
    let text = "Its parameters cannot be read, or one of them stands there twice.";
    message(provider, StatusCode::BAD_REQUEST, "This sign-in cannot go on", text)
}

fn rendered(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => pages::page(status, html),
        // Rendering writes into a String, which takes everything.
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

#[derive(Template)]
#[template(path = "dev/sign_in.html")]
struct SignIn<'a> {
    request: &'a AuthorizeRequest,
    people: &'a [Person],
}

#[derive(Template)]
#[template(path = "dev/message.html")]
struct Message<'a> {
    title: &'a str,
    text: &'a str,
    vestibule: &'a str,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn web_what_came_with_the_request_is_escaped_on_the_page() {
        let request = AuthorizeRequest {
            state: "\"><script>alert(1)</script>".to_owned(),
            ..AuthorizeRequest::default()
        };
        let html = SignIn { request: &request, people: &EXAMPLES }.render().unwrap();
        assert!(!html.contains("<script>") && html.contains("&#60;script&#62;"));
    }
}
