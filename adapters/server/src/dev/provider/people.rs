use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// Somebody who signs in.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) sub: Cow<'static, str>,
    pub(super) name: Cow<'static, str>,
    pub(super) email: Cow<'static, str>,
    pub(super) email_verified: bool,
}

/// The people to pick from. One has an e-mail address that nobody verified: a server that trusts it
/// is worth noticing.
pub(super) static EXAMPLES: [Person; 3] = [
    example("ada", "Ada Lindqvist", "ada@example.com", true),
    example("bashir", "Bashir Okafor", "bashir@example.com", true),
    example("chen", "Chen Mei", "chen@example.org", false),
];

const fn example(
    sub: &'static str,
    name: &'static str,
    email: &'static str,
    email_verified: bool,
) -> Person {
    Person {
        sub: Cow::Borrowed(sub),
        name: Cow::Borrowed(name),
        email: Cow::Borrowed(email),
        email_verified,
    }
}

impl Person {
    /// Whoever was typed in. The same e-mail address is the same person, in whatever case it is
    /// written.
    pub(super) fn typed(name: &str, email: &str) -> Option<Self> {
        const LONGEST: usize = 200;
        let (name, email) = (name.trim(), email.trim());
        let fits = |text: &str| {
            !text.is_empty() && text.len() <= LONGEST && !text.contains(char::is_control)
        };
        if !fits(name) || !fits(email) || !email.contains('@') {
            return None;
        }
        let digest = Sha256::digest(email.to_lowercase());
        Some(Self {
            sub: URL_SAFE_NO_PAD.encode(&digest[..12]).into(),
            name: name.to_owned().into(),
            email: email.to_owned().into(),
            email_verified: true,
        })
    }

    /// What stands in the circle beside the name.
    pub(super) fn initial(&self) -> String {
        self.name.chars().take(1).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_is_one_person() {
        let sub = |email| Person::typed("Dana", email).map(|person| person.sub);
        assert!(sub("dana@example.com").is_some());
        assert_eq!(sub("dana@example.com"), sub(" Dana@Example.com "));
        assert_ne!(sub("dana@example.com"), sub("dana@example.org"));
    }

    #[test]
    fn nobody_is_no_person() {
        assert!(
            ["", "no address", "a\n@b"]
                .into_iter()
                .all(|email| Person::typed("D", email).is_none())
        );
        assert!(Person::typed(" ", "dana@example.com").is_none());
    }
}
