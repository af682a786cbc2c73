//! Access tokens of a sign-in that was walked to its end.

use bytes::Bytes;
use http::Request;
use http::header::{CONTENT_TYPE, LOCATION};
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use tower_service::Service;
use vestibule_hyper::Vestibule;

use crate::gate::Gate;
use crate::sign_in::{VERIFIER, between, coming_back_from};

pub(crate) type Body = Full<Bytes>;

/// The access token that comes of what a client asked beside the usual.
pub(crate) async fn access_token(vestibule: &Vestibule<Gate>, asked: &str) -> String {
    let mut service = vestibule.clone();
    let back = coming_back_from(vestibule.server(), asked).map(Full::new);
    let back = service.call(back).await.unwrap();
    let location = format!("{}&", back.headers()[LOCATION].to_str().unwrap());
    let code = between(&location, "code=", "&");
    let form = format!(
        "grant_type=authorization_code&client_id=app&redirect_uri=https%3A%2F%2Fapp.test%2Fcb\
         &code={code}&code_verifier={VERIFIER}"
    );
    let redemption = Request::post("/oauth/token")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form));
    let tokens = json_of(service.call(redemption.unwrap()).await.unwrap()).await;
    tokens["access_token"].as_str().unwrap().to_owned()
}

pub(crate) async fn json_of<B>(response: http::Response<B>) -> Value
where
    B: http_body::Body,
    B::Error: std::fmt::Debug,
{
    serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
}
