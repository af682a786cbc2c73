//! Who may sign in.

mod judge;
mod memberships;
mod pattern;

pub use judge::{NotAllowed, Rule};
pub use pattern::{EmailPattern, InvalidEmailPattern};

pub(crate) use judge::{judge, judge_account};
pub(crate) use memberships::{ASKING, Kind, Memberships, fetch};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::ProviderId;

/// Who may sign in. Without any rule: everybody whom a provider lets in.
///
/// With rules, all of them count: a person's address must be one of `emails` if there are any, *and*
/// they must satisfy each list of their own provider. In a list one entry suffices; a list without
/// entries is no rule.
///
/// Rules of one provider alone would leave the door open at the others. So, where there are no
/// `emails`, every provider needs rules of its own; [`Server::new`](crate::Server::new) says which
/// has none.
///
/// People are judged when they sign in and again at every refresh, against the configuration of
/// that moment. What is judged is what the provider said at the sign-in; organisations and teams of
/// GitHub are asked for again. Whoever is no longer allowed loses the grant, and what access token
/// they hold ends within [`Lifetimes::access`](crate::Lifetimes::access).
///
/// An address says less than it seems to: a provider verifies it once, and may show it long after
/// its owner left. At Google add `hosted_domains`, since anybody may have a private account under
/// an address that they once had. Microsoft Entra says that an address is verified only where the
/// application's registration asks for the claim `xms_edov`; otherwise `emails` let nobody in from
/// there: use `tenants`.
///
/// ```
/// use vestibule_core::{Access, EmailPattern, ProviderAccess, ProviderId};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut github = ProviderAccess::default();
/// github.organizations = vec!["acme".to_owned()];
/// let mut access = Access::default();
/// access.emails = vec![EmailPattern::parse("*@example.com")?];
/// access.providers.insert(ProviderId::parse("github")?, github);
/// assert!(!access.allows_everybody());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Access {
    /// Addresses and domains, of people of every provider. An address counts only where the
    /// provider says that it is verified.
    pub emails: Vec<EmailPattern>,
    /// What is asked of the people of one provider beside that.
    pub providers: BTreeMap<ProviderId, ProviderAccess>,
}

impl Access {
    /// Whether there is no rule.
    #[must_use]
    pub fn allows_everybody(&self) -> bool {
        self.emails.is_empty() && self.providers.is_empty()
    }

    /// The rules of one provider.
    pub(crate) fn of(&self, provider: &ProviderId) -> Option<&ProviderAccess> {
        self.providers.get(provider)
    }
}

/// What is asked of the people of one provider: of every list that has entries, one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProviderAccess {
    /// GitHub organisations, by their login: `acme`.
    pub organizations: Vec<String>,
    /// GitHub teams, by organisation and slug: `acme/platform`. At Slack teams (workspaces), by
    /// their id: `T0123ABCD`.
    pub teams: Vec<String>,
    /// Domains of Google Workspace: `example.com`. Not the domain of the address, but of the
    /// organisation that the account is managed by.
    pub hosted_domains: Vec<String>,
    /// Directories of Microsoft Entra, by their id (a UUID in lower case).
    pub tenants: Vec<String>,
}

impl ProviderAccess {
    /// Whether a person's organisations and teams have to be asked for: a team of GitHub has a slash
    /// in its name, an id of Slack has none.
    pub(crate) fn asks_for_memberships(&self) -> bool {
        !self.organizations.is_empty() || self.teams.iter().any(|team| team.contains('/'))
    }

    /// Whether no list has entries.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { organizations, teams, hosted_domains, tenants } = self;
        [organizations, teams, hosted_domains, tenants].into_iter().all(Vec::is_empty)
    }
}

/// Which organisation a person signed in for, as one claim of the ID token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrganizationClaim {
    /// Google: the Workspace domain that the account belongs to.
    HostedDomain,
    /// Entra: the directory.
    Tenant,
    /// Slack: the workspace.
    SlackTeam,
}

impl OrganizationClaim {
    /// The claim's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::HostedDomain => "hd",
            Self::Tenant => "tid",
            Self::SlackTeam => "https://slack.com/team_id",
        }
    }
}

/// What a grant keeps of a person to judge them again: a change of the rules must find what they
/// ask for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// What the provider's [`OrganizationClaim`] says.
    pub(crate) organization: Option<String>,
    /// Where rules ask for them.
    pub(crate) memberships: Option<Memberships>,
}
