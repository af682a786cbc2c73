use super::{Language, Name, Phrase, Situation};
use crate::access::{NotAllowed, Rule};
use crate::refusal::Refusal;

/// English.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing to set")]
pub struct English;

impl Language for English {
    fn tag(&self) -> &str {
        "en"
    }

    fn say(&self, phrase: &Phrase<'_>) -> String {
        let text = match phrase {
            Phrase::Asks { client } => return format!("{client} asks for access"),
            Phrase::NameImitates { other } => {
                return format!(
                    "Its name looks like {other}, but nobody here knows it to be that. If you are \
                     not sure, cancel."
                );
            }
            Phrase::AllowAndSignIn { provider } => {
                return format!("Allow and sign in with {provider}");
            }
            Phrase::AskedOf { what, .. } => return format!("There we ask for {}.", listed(what)),
            Phrase::UpstreamScope { scope } => return upstream_scope(scope),
            Phrase::Remember { days } => {
                return format!(
                    "In this browser, do not ask me again about this for {days} {}",
                    if *days == 1 { "day" } else { "days" }
                );
            }
            Phrase::Happened(refusal) => return happened(refusal),
            Phrase::Back { host } => return format!("Go back to {host}"),
            Phrase::Reference { reference, detail } => {
                return format!("For whoever helps you: {reference} ({detail})");
            }
            Phrase::Title(situation) => title(*situation),
            Phrase::Mend(situation) => mend(*situation),
            Phrase::SignIn => "Sign in",
            Phrase::Unnamed => "An application without a name",
            Phrase::NameUnchecked => {
                "The application gave itself this name; nobody here has checked it."
            }
            Phrase::NameMixesScripts => {
                "Its name mixes letters of several alphabets, which may look like another name. If \
                 you are not sure, cancel."
            }
            Phrase::PublishedBy => "It is published by",
            Phrase::AnswerGoesTo => "Your answer goes to",
            Phrase::AccessTo => "It asks for access to",
            Phrase::Loopback => {
                "This goes to a program on your own computer. Go on only if you have just started \
                 it yourself."
            }
            Phrase::AppOnDevice => {
                "This goes to an app on your own device, whichever has claimed such addresses. Go \
                 on only if you have just started it yourself."
            }
            Phrase::WillBeAllowed => "It will be allowed",
            Phrase::Cancel => "Cancel",
            Phrase::BackWarning => {
                "Nobody here has checked the application that sent you here. If you follow this \
                 link, it is told that this did not work; go on only if you know the address."
            }
            Phrase::BackTells => "By this link the application is told that this did not work.",
        };
        text.to_owned()
    }
}

/// Without the words of the protocol, where people come often.
fn happened(refusal: &Refusal) -> String {
    if let Refusal::NotAllowed(person) = refusal {
        return not_allowed(person);
    }
    match Situation::of(refusal) {
        Situation::UnknownClient => {
            "It has never registered here, or its registration has ended.".to_owned()
        }
        Situation::UnknownRedirect => {
            "It wants your answer sent to an address that it has not registered.".to_owned()
        }
        Situation::TryAgain
        | Situation::ProviderFailed
        | Situation::SignedInAlready
        | Situation::UnknownClientForGood
        | Situation::OverOrElsewhere
        | Situation::TookTooLong
        | Situation::OtherSite
        | Situation::NotAllowed
        | Situation::CannotGoOn => refusal.wire().description.into_owned(),
    }
}

/// As much as helps the person, and nothing of who else may.
fn not_allowed(person: &NotAllowed) -> String {
    let account = Name::new(&person.account);
    let why = match person.rule {
        Rule::NoEmail => "The provider gave us no e-mail address for it, and one is needed here.",
        Rule::EmailUnverified => {
            "The provider does not say that its e-mail address is yours, and that is needed here."
        }
        Rule::MembershipsHidden => {
            "The provider does not show us which organizations and teams it belongs to, and that is \
             needed here."
        }
        Rule::Organization | Rule::Team | Rule::HostedDomain | Rule::Tenant => {
            "It belongs to no organization or team that is allowed here."
        }
        Rule::NoRule | Rule::Email => "It is not among those that are allowed here.",
    };
    format!("You signed in as {account}. {why}")
}

fn title(situation: Situation) -> &'static str {
    match situation {
        Situation::TryAgain => "Something is out of order here",
        Situation::ProviderFailed => "The provider did not help",
        Situation::UnknownClient | Situation::UnknownClientForGood => {
            "This application is not known here"
        }
        Situation::UnknownRedirect => "This application uses an unknown address",
        Situation::SignedInAlready => "You have signed in already",
        Situation::OverOrElsewhere => "This sign-in is over",
        Situation::TookTooLong => "This took too long",
        Situation::OtherSite => "This came from another site",
        Situation::NotAllowed => "This account may not sign in here",
        Situation::CannotGoOn => "This sign-in cannot go on",
    }
}

fn mend(situation: Situation) -> &'static str {
    match situation {
        Situation::TryAgain => "Nothing was lost: load this page again then.",
        Situation::UnknownClient => {
            "Remove the connection in the application and add it again, so that it registers anew."
        }
        Situation::UnknownClientForGood => {
            "Applications cannot register themselves here: ask whoever runs this server to add it."
        }
        Situation::UnknownRedirect => {
            "If you have just updated the application, remove the connection in it and add it \
             again. If a link brought you here, do not trust it."
        }
        Situation::SignedInAlready => {
            "Go back to the application. If it still waits, connect again from there."
        }
        Situation::OverOrElsewhere => {
            "If you have signed in, go back to the application: you are done. If it still waits, \
             connect again from there, in one browser that takes cookies."
        }
        Situation::OtherSite => {
            "If you wanted to sign in, connect again from the application. If not, close this page: \
             nothing has happened."
        }
        Situation::NotAllowed => {
            "Connect again from the application with another account, or ask whoever runs this \
             server to allow this one."
        }
        Situation::ProviderFailed | Situation::TookTooLong | Situation::CannotGoOn => {
            "Go back to the application and connect again."
        }
    }
}

/// OpenID Connect Core §5.4 and §11; others are the provider's own and have no words here.
fn upstream_scope(scope: &str) -> String {
    match scope {
        "openid" => "who you are",
        "profile" => "your name and picture",
        "email" => "your e-mail address",
        "address" => "your postal address",
        "phone" => "your phone number",
        "offline_access" => "access while you are away",
        own => own,
    }
    .to_owned()
}

/// `a`, `a and b`, `a, b and c`.
fn listed(what: &[String]) -> String {
    match what {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_sentences() {
        let what =
            |scopes: &[&str]| listed(&scopes.iter().map(|s| upstream_scope(s)).collect::<Vec<_>>());
        assert_eq!(what(&["openid"]), "who you are");
        assert_eq!(
            what(&["openid", "email", "read:org"]),
            "who you are, your e-mail address and read:org"
        );
    }
}
