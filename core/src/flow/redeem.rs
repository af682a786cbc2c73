//! `grant_type=authorization_code` (RFC 6749 §4.1.3, RFC 7636 §4.5).

use serde::{Deserialize, Serialize};

use super::issue::Tokens;
use super::revoke::Revoked;
use super::rotate::TokenGrant;
use super::token::{Outcome, open_token};
use super::transact::{Decision, transact};
use crate::check::client_auth::AuthenticatedClient;
use crate::check::pkce::CodeVerifier;
use crate::check::resource::same_resource;
use crate::check::scope::remaining;
use crate::config::Resource;
use crate::event::{Ended, Event};
use crate::grant::{Allowed, Binding, CodeData, Grant, TokenData};
use crate::ids::GrantId;
use crate::keys::Purpose;
use crate::params::Params;
use crate::refusal::Refusal;
use crate::seal::Sealable;
use crate::secret::redacted_debug;
use crate::setup::Setup;
use crate::step::Step;
use crate::tick::{Tick, Timestamp};

/// What is inside an authorization code.
#[derive(Serialize, Deserialize)]
pub(super) struct Code {
    pub(super) grant_id: GrantId,
    pub(super) generation: u64,
    pub(super) expires_at: Timestamp,
}

impl Sealable for Code {
    const PURPOSE: Purpose = Purpose::Code;
    const PREFIX: &'static str = "vac1_";
    /// It tells neither an id nor a time (COD-18).
    const PRIVATE: bool = true;
    fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

/// A grant whose code has not been redeemed.
pub struct IssuedCode {
    pub(crate) id: GrantId,
    pub(crate) data: CodeData,
}

/// What a client shows to redeem a code: itself, authenticated, and a code that opened and is
/// alive.
#[derive(Debug)]
pub struct Redemption {
    setup: Setup,
    client: AuthenticatedClient,
    redirect_uri: Option<String>,
    code_verifier: Verifier,
    resource: Option<String>,
}

struct Verifier(String);

redacted_debug!(Verifier);

impl Redemption {
    /// Whether everything fits. An omitted `redirect_uri` is what OAuth 2.1 §4.1.3 asks for; a
    /// different one is theft.
    fn fits(&self, allowed: &Allowed, binding: &Binding) -> Result<&Resource, Refusal> {
        self.client.may_use(allowed)?;
        if self.redirect_uri.as_ref().is_some_and(|uri| *uri != binding.redirect_uri) {
            return Err(Refusal::RedirectUriChanged);
        }
        if !CodeVerifier::parse(&self.code_verifier.0)?.fits(&binding.code_challenge) {
            return Err(Refusal::CodeVerifier);
        }
        let (resources, asked) = (self.setup.resources(), self.resource.as_deref());
        same_resource(resources, &allowed.resource, asked)
    }
}

impl IssuedCode {
    /// The grant's id.
    #[must_use]
    pub fn id(&self) -> GrantId {
        self.id
    }

    /// Spends the code.
    ///
    /// # Errors
    /// A [`Refusal`] where the redemption does not fit; the record stays as it is, so that whoever
    /// guesses does not burn another's code.
    pub fn redeem(
        self,
        redemption: &Redemption,
        now: Timestamp,
    ) -> Result<(TokenGrant, Tokens), Refusal> {
        let Self { id, data } = self;
        let resource = redemption.fits(&data.allowed, &data.binding)?;
        // As far as the resource still has it.
        let scope = remaining(&data.allowed.scope, &resource.scopes);
        let mut grant = TokenGrant {
            id,
            data: TokenData {
                allowed: data.allowed,
                binding: data.binding,
                refreshes: data.refreshes,
                granted_at: now,
                generation: 1,
                rotated_at: now,
                kept_until: data.kept_until,
                lease: None,
            },
        };
        let tokens = Tokens::issue(&grant, scope, data.mapping, redemption.setup.lifetimes());
        grant.keep_for(&tokens);
        Ok((grant, tokens))
    }

    pub(crate) fn end(self, now: Timestamp) -> Revoked {
        Revoked::new(self.id, self.data.allowed, now, self.data.kept_until)
    }
}

impl TokenGrant {
    /// The code came again while it was alive. If everything fits, two parties hold it, and the
    /// grant ends with all that came of it (RFC 6749 §4.1.2).
    ///
    /// # Errors
    /// A [`Refusal`] where the redemption does not fit: then nothing changes, or anybody could end
    /// anybody's grant.
    pub fn replayed(self, redemption: &Redemption, now: Timestamp) -> Result<Revoked, Refusal> {
        redemption.fits(&self.data.allowed, &self.data.binding)?;
        Ok(self.end(now))
    }
}

/// The grant type at the token endpoint.
pub(super) fn redeem<const N: usize>(
    setup: &Setup,
    client: AuthenticatedClient,
    params: &mut Params<'_, N>,
    tick: &mut Tick,
) -> Step<Outcome> {
    let (code, redemption) = match read(setup, client, params, tick.now) {
        Ok(read) => read,
        Err(refusal) => return Step::Done(Outcome::refused(refusal)),
    };
    transact(setup, code.grant_id, tick, move |grant, tick| {
        Step::Done(decide(grant, &redemption, tick.now))
    })
    .then(tick, |transacted, _| Step::Done(Outcome::of(transacted)))
}

fn read<const N: usize>(
    setup: &Setup,
    client: AuthenticatedClient,
    params: &mut Params<'_, N>,
    now: Timestamp,
) -> Result<(Code, Redemption), Refusal> {
    let code = params.required("code")?;
    let code_verifier = Verifier(params.required("code_verifier")?.into_owned());
    CodeVerifier::parse(&code_verifier.0)?;
    let redemption = Redemption {
        setup: setup.clone(),
        client,
        redirect_uri: params.optional("redirect_uri")?.map(String::from),
        code_verifier,
        resource: params.optional("resource")?.map(String::from),
    };
    Ok((open_token(setup, &code, now)?, redemption))
}

fn decide(grant: Option<Grant>, redemption: &Redemption, now: Timestamp) -> Decision<Outcome> {
    let refused = |refusal| Decision::Keep(Outcome::refused(refusal));
    match grant {
        None => refused(Refusal::GrantUnknown),
        Some(Grant::Revoked(revoked)) => Decision::Keep(Outcome::over(&revoked)),
        Some(Grant::IssuedCode(code)) => {
            let minted = code
                .redeem(redemption, now)
                .and_then(|(grant, tokens)| Ok((grant, tokens.mint(&redemption.setup, now)?)));
            match minted {
                Ok((grant, tokens)) => {
                    let event = Event::CodeRedeemed { grant_id: grant.id };
                    Decision::Write(Grant::Tokens(grant), Outcome::minted(tokens, event))
                }
                Err(refusal) => refused(refusal),
            }
        }
        Some(Grant::Tokens(grant)) => match grant.replayed(redemption, now) {
            Ok(revoked) => {
                let (id, refusal) = (revoked.id, Refusal::CodeReplayed);
                let outcome = Outcome::ended(id, Ended::CodeReplayed, refusal);
                Decision::Write(Grant::Revoked(revoked), outcome)
            }
            Err(refusal) => refused(refusal),
        },
    }
}

impl std::fmt::Debug for IssuedCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedCode").field("id", &self.id).finish_non_exhaustive()
    }
}
