//! In which language the pages speak: the seam between what is said and how.

mod english;

pub use english::English;

use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;

use crate::refusal::Refusal;

/// A language of the pages. [`English`](crate::English) is one; others are an application's own, in
/// [`Config::languages`](crate::Config::languages).
///
/// What it says is text: it is escaped when it gets into a page.
///
/// ```
/// use vestibule_core::{English, Language, Phrase};
///
/// #[derive(Debug)]
/// struct German;
///
/// impl Language for German {
///     fn tag(&self) -> &str {
///         "de"
///     }
///
///     fn say(&self, phrase: &Phrase<'_>) -> String {
///         match phrase {
///             Phrase::Asks { client } => format!("{client} bittet um Zugriff"),
///             Phrase::Cancel => "Abbrechen".to_owned(),
///             // What is not translated yet, and phrases of a later version.
///             _ => English.say(phrase),
///         }
///     }
/// }
/// ```
pub trait Language: fmt::Debug + Send + Sync {
    /// Its language tag (RFC 5646): `en`, `pt-BR`.
    fn tag(&self) -> &str;

    /// Whether it is written from right to left.
    fn is_right_to_left(&self) -> bool {
        false
    }

    /// Says it.
    fn say(&self, phrase: &Phrase<'_>) -> String;
}

/// A name that a stranger may have chosen, for the middle of a sentence: whatever the direction of
/// its script, it does not change that of what stands around it (Unicode UAX #9, isolates).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a>(&'a str);

impl<'a> Name<'a> {
    pub(crate) fn new(name: &'a str) -> Self {
        Self(name)
    }

    /// The name alone.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.0
    }
}

/// Between isolates.
impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\u{2068}{}\u{2069}", self.0)
    }
}

/// Everything that the pages say.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Phrase<'a> {
    /// The title of the sign-in page.
    SignIn,
    /// Who asks: the page's heading.
    Asks {
        /// The client's name.
        client: Name<'a>,
    },
    /// A client that gave itself no name, or none that can be read.
    Unnamed,
    /// The client registered itself.
    NameUnchecked,
    /// The client's name looks like another's.
    NameImitates {
        /// Whose.
        other: Name<'a>,
    },
    /// The client's name has letters of several scripts in one word, such as a Cyrillic `а` among
    /// Latin letters.
    NameMixesScripts,
    /// Stands before the host at which the application publishes a document about itself, which is
    /// its client_id.
    PublishedBy,
    /// Stands before the host, or the scheme with its colon, that the answer is sent to.
    AnswerGoesTo,
    /// What access is asked to.
    AccessTo,
    /// The answer goes to a program on the person's own computer.
    Loopback,
    /// The answer goes to whatever app of the person's device opens this kind of address.
    AppOnDevice,
    /// What stands before the list of scopes.
    WillBeAllowed,
    /// A button.
    AllowAndSignIn {
        /// The provider's name.
        provider: Name<'a>,
    },
    /// What the provider is asked for, in words.
    AskedOf {
        /// The provider's name.
        provider: Name<'a>,
        /// What: [`Phrase::UpstreamScope`] and the like.
        what: Vec<String>,
    },
    /// A scope that is asked of a provider.
    UpstreamScope {
        /// The scope; those of OpenID Connect Core §5.4 have words.
        scope: &'a str,
    },
    /// The box that makes the server remember.
    Remember {
        /// For how many days at most.
        days: u64,
    },
    /// The button that refuses.
    Cancel,
    /// The title of an error page.
    Title(Situation),
    /// What happened.
    Happened(&'a Refusal),
    /// What a person can do about it.
    Mend(Situation),
    /// Stands before the link to a client that nobody has checked.
    BackWarning,
    /// Stands before the link to a client that the person has agreed to.
    BackTells,
    /// That link.
    Back {
        /// The host that it leads to, or the scheme with its colon.
        host: Name<'a>,
    },
    /// What to say to whoever runs the server.
    Reference {
        /// The text by which the log's line is found.
        reference: &'a str,
        /// What the client would be told; for whoever develops it.
        detail: &'a str,
    },
}

/// What kind of error page it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Situation {
    /// Our own trouble: the same request succeeds later.
    TryAgain,
    /// The provider's answer was no help.
    ProviderFailed,
    /// The client is unknown: it was never registered here, or has been ended.
    UnknownClient,
    /// The client is unknown, and none can register itself here.
    UnknownClientForGood,
    /// The answer may not go where the client wants it.
    UnknownRedirect,
    /// The sign-in was completed before.
    SignedInAlready,
    /// The sign-in belongs to no cookie of this browser: it is over, or was begun in another one.
    OverOrElsewhere,
    /// The person took too long.
    TookTooLong,
    /// Another site sent the form.
    OtherSite,
    /// The person may not sign in here.
    NotAllowed,
    /// Anything else that cannot go on.
    CannotGoOn,
}

impl Situation {
    /// The kind of page for a reason.
    #[must_use]
    pub fn of(refusal: &Refusal) -> Self {
        match refusal.wire().status.as_u16() {
            503 | 429 => return Self::TryAgain,
            502 => return Self::ProviderFailed,
            _ => {}
        }
        let is = |all: &[Refusal]| all.contains(refusal);
        if is(&[Refusal::UnknownClient, Refusal::ClientEnded]) {
            Self::UnknownClient
        } else if is(&[Refusal::RedirectUriNotRegistered])
            || matches!(refusal, Refusal::RedirectUri(_))
        {
            Self::UnknownRedirect
        } else if is(&[Refusal::AlreadyCompleted]) {
            Self::SignedInAlready
        } else if is(&[Refusal::OtherBrowser, Refusal::FormForged]) {
            Self::OverOrElsewhere
        } else if is(&[Refusal::StateExpired, Refusal::FormExpired]) {
            Self::TookTooLong
        } else if is(&[Refusal::CrossSite]) {
            Self::OtherSite
        } else if matches!(refusal, Refusal::NotAllowed(_)) {
            Self::NotAllowed
        } else {
            Self::CannotGoOn
        }
    }
}

/// The language that a browser prefers among those that there are, by the "lookup" of RFC 4647
/// §3.4, by its place; the first where none fits.
pub(crate) fn preferred(languages: &[Arc<dyn Language>], headers: &HeaderMap) -> usize {
    if languages.len() < 2 {
        return 0;
    }
    /// More than anybody lists, and few enough for a request that nobody signed.
    const MOST: usize = 16;
    let fields = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
    let ranges = fields.flat_map(|field| field.split(',')).take(MOST);
    let mut ranges: Vec<(&str, f32)> = ranges
        .filter_map(|range| Some((range.split(';').next()?.trim(), weight(range)?)))
        .collect();
    // Stable: what weighs alike stays in the order of the header field.
    ranges.sort_by(|one, other| other.1.total_cmp(&one.1));
    ranges.into_iter().find_map(|(range, _)| lookup(languages, range)).unwrap_or(0)
}

/// The weight of an element of a header field of preferences (RFC 9110 §12.4.2); `None` where it is
/// zero, which means "not this", or is none.
pub(crate) fn weight(element: &str) -> Option<f32> {
    let parameters = element.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let mut weights = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    let weight = weights.next().map_or(Ok(1.0), |(_, value)| value.trim().parse::<f32>()).ok()?;
    (weight > 0.0).then_some(weight)
}

/// The language of a range, its last subtag left out until one fits: `de-CH`, then `de`. A language
/// of one region serves the whole language: `pt-BR` for `pt`.
fn lookup(languages: &[Arc<dyn Language>], range: &str) -> Option<usize> {
    let mut range = range;
    loop {
        let fits = |tag: &str| {
            let start = tag.get(..range.len()).unwrap_or_default();
            start.eq_ignore_ascii_case(range)
                && matches!(tag.as_bytes().get(range.len()), None | Some(b'-'))
        };
        if let Some(found) = languages.iter().position(|language| fits(language.tag())) {
            return Some(found);
        }
        range = range.rsplit_once('-')?.0;
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[derive(Debug)]
    struct Tagged(&'static str);

    impl Language for Tagged {
        fn tag(&self) -> &str {
            self.0
        }

        fn say(&self, phrase: &Phrase<'_>) -> String {
            English.say(phrase)
        }
    }

    fn chosen(accepted: &'static str) -> String {
        let languages: Vec<Arc<dyn Language>> =
            vec![Arc::new(English), Arc::new(Tagged("de")), Arc::new(Tagged("pt-BR"))];
        let accepted = [(ACCEPT_LANGUAGE, HeaderValue::from_static(accepted))];
        languages[preferred(&languages, &HeaderMap::from_iter(accepted))].tag().to_owned()
    }

    #[test]
    fn a_browser_gets_the_language_it_likes_best() {
        for (accepted, tag) in [
            ("de-CH, en;q=0.5", "de"),
            ("en;q=0.3, DE;q=0.7", "de"),
            ("pt", "pt-BR"),
            ("fr, pt-BR;q=0.9", "pt-BR"),
            ("en; q=0.3, de ;Q=0.9", "de"),
        ] {
            assert_eq!(chosen(accepted), tag, "{accepted}");
        }
    }

    #[test]
    fn whoever_likes_none_gets_the_first() {
        for accepted in ["", "fr", "*", "de;q=0", "d", "de;q=x", "de;q=NaN", ",;q=;,", "-"] {
            assert_eq!(chosen(accepted), "en", "{accepted}");
        }
    }
}
