use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use tower_service::Service;
use vestibule_hyper::{RequestId, Vestibule};

use crate::requests::Ids;
use crate::running::Driver;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What connections ask: the program's own routes, and Vestibule behind them. It gives each request
/// its id and says it in the answer.
#[derive(Clone)]
pub(crate) struct Front {
    ids: Ids,
    /// All of it.
    app: Router,
    /// The way past the routes, where nothing but these paths stands before Vestibule: a router
    /// costs as much as many an answer.
    straight: Option<(&'static [&'static str], Vestibule<Driver>)>,
}

impl Front {
    pub(crate) fn new(
        app: Router,
        straight: Option<(&'static [&'static str], Vestibule<Driver>)>,
    ) -> Self {
        Self { ids: Ids::new(), app, straight }
    }
}

impl Service<Request<Incoming>> for Front {
    type Response = Response<Either<Full<Bytes>, Body>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Neither is ever busy.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Incoming>) -> Self::Future {
        let id = self.ids.next();
        request.extensions_mut().insert(RequestId::new(&*id));
        let header = HeaderValue::try_from(id);
        let said = |mut response: Self::Response| {
            if let Ok(id) = header {
                response.headers_mut().insert(X_REQUEST_ID, id);
            }
            response
        };
        let path = request.uri().path();
        match &mut self.straight {
            Some((before, vestibule)) if !before.contains(&path) => {
                let answer = vestibule.call(request);
                Box::pin(async move { Ok(said(answer.await?.map(Either::Left))) })
            }
            Some(_) | None => {
                let answer = self.app.call(request);
                Box::pin(async move { Ok(said(answer.await?.map(Either::Right))) })
            }
        }
    }
}
