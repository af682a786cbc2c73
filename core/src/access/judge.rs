use std::fmt;

use super::{Access, Facts, ProviderAccess};
use crate::provider::User;
use crate::refusal::Refusal;

/// Somebody who may not sign in.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{subject} may not sign in: {rule}")]
#[non_exhaustive]
pub struct NotAllowed {
    /// Who: `provider:id`.
    pub subject: String,
    /// By what they know the account themselves: its address, its name, or else the provider's
    /// identifier. For the page that they read.
    pub account: String,
    /// What is not so.
    pub rule: Rule,
}

/// Without the address.
impl fmt::Debug for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotAllowed")
            .field("subject", &self.subject)
            .field("rule", &self.rule)
            .finish_non_exhaustive()
    }
}

/// A rule of [`Access`], and how it is not satisfied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rule {
    /// There are rules, and none for people of this provider.
    #[error("[access] has no rule for this provider")]
    NoRule,
    /// The provider gave no address.
    #[error("the provider gave no address, and access.emails asks for one")]
    NoEmail,
    /// The provider does not say that the address is verified.
    #[error(
        "the provider does not say that the address is verified, and access.emails asks for that"
    )]
    EmailUnverified,
    /// The address is none of those that are allowed.
    #[error("the address is none of access.emails")]
    Email,
    /// In none of the organisations.
    #[error("in none of the provider's organizations in [access]")]
    Organization,
    /// In none of the teams.
    #[error("in none of the provider's teams in [access]")]
    Team,
    /// Of another Workspace domain, or of none.
    #[error("of none of the provider's hosted_domains in [access]")]
    HostedDomain,
    /// Of another directory.
    #[error("of none of the provider's tenants in [access]")]
    Tenant,
    /// GitHub does not show us the person's organisations and teams.
    #[error(
        "the provider does not show us organisations and teams; its scopes need \"read:org\", and \
         the person has to grant it"
    )]
    MembershipsHidden,
}

/// Judges a person by all rules.
pub(crate) fn judge(access: &Access, user: &User, facts: &Facts) -> Result<(), Refusal> {
    judge_account(access, user, facts)?;
    match access.of(&user.provider).map(|rules| memberships(rules, facts)) {
        Some(Err(rule)) => Err(not_allowed(user, rule)),
        Some(Ok(())) | None => Ok(()),
    }
}

/// The same by the rules for which nothing has to be asked of the provider.
pub(crate) fn judge_account(access: &Access, user: &User, facts: &Facts) -> Result<(), Refusal> {
    account(access, user, facts).map_err(|rule| not_allowed(user, rule))
}

fn account(access: &Access, user: &User, facts: &Facts) -> Result<(), Rule> {
    if access.allows_everybody() {
        return Ok(());
    }
    if !access.emails.is_empty() {
        email(access, user)?;
    }
    match access.of(&user.provider) {
        Some(rules) => organization(rules, facts),
        // A grant of a provider that was removed comes here too.
        None if access.emails.is_empty() => Err(Rule::NoRule),
        None => Ok(()),
    }
}

fn email(access: &Access, user: &User) -> Result<(), Rule> {
    let address = user.email.as_deref().ok_or(Rule::NoEmail)?;
    if !user.email_verified {
        return Err(Rule::EmailUnverified);
    }
    let allowed = access.emails.iter().any(|pattern| pattern.matches(address));
    if allowed { Ok(()) } else { Err(Rule::Email) }
}

fn organization(rules: &ProviderAccess, facts: &Facts) -> Result<(), Rule> {
    let own = facts.organization.as_deref().unwrap_or_default();
    let outside = |list: &[String]| !list.is_empty() && !has(list, own);
    if outside(&rules.hosted_domains) {
        Err(Rule::HostedDomain)
    } else if outside(&rules.tenants) {
        Err(Rule::Tenant)
    } else if !rules.asks_for_memberships() && outside(&rules.teams) {
        Err(Rule::Team)
    } else {
        Ok(())
    }
}

/// Whoever's memberships are not known has none.
fn memberships(rules: &ProviderAccess, facts: &Facts) -> Result<(), Rule> {
    if !rules.asks_for_memberships() {
        return Ok(());
    }
    let known = facts.memberships.as_ref().ok_or(Rule::MembershipsHidden)?;
    if known.hidden {
        return Err(Rule::MembershipsHidden);
    }
    let outside =
        |list: &[String], own: &[String]| !list.is_empty() && !own.iter().any(|it| has(list, it));
    if outside(&rules.organizations, &known.organizations) {
        Err(Rule::Organization)
    } else if outside(&rules.teams, &known.teams) {
        Err(Rule::Team)
    } else {
        Ok(())
    }
}

/// Domains, logins and slugs are one whatever their case; ids have only one.
pub(super) fn has(list: &[String], name: &str) -> bool {
    list.iter().any(|entry| entry.eq_ignore_ascii_case(name))
}

fn not_allowed(user: &User, rule: Rule) -> Refusal {
    let account = user.email.as_ref().or(user.name.as_ref()).unwrap_or(&user.subject).clone();
    Refusal::NotAllowed(Box::new(NotAllowed { subject: user.key(), account, rule }))
}
