use super::{ErrorPage, Reader};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::setup::Setup;
use crate::tick::Tick;

/// How a request of a browser ends.
pub(crate) enum Answer {
    Reply(Reply),
    /// An error page, written last of all: only here it is known who reads it.
    Page(ErrorPage),
}

impl Answer {
    pub(crate) fn refused(refusal: Refusal) -> Self {
        ErrorPage::new(refusal).into()
    }

    /// Adds a cookie, or the end of one.
    pub(crate) fn and_cookie(mut self, cookie: Option<http::HeaderValue>) -> Self {
        let headers = match &mut self {
            Self::Reply(reply) => &mut reply.response.headers,
            Self::Page(page) => page.headers_mut(),
        };
        if let Some(cookie) = cookie {
            headers.append(http::header::SET_COOKIE, cookie);
        }
        self
    }

    pub(crate) fn written(self, setup: &Setup, reader: &Reader, tick: &mut Tick) -> Reply {
        match self {
            Self::Reply(reply) => reply,
            Self::Page(page) => page.written(setup, reader, tick),
        }
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self::Reply(reply)
    }
}

impl From<ErrorPage> for Answer {
    fn from(page: ErrorPage) -> Self {
        Self::Page(page)
    }
}
