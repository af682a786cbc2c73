//! What is wrong with a provider.

use super::EndpointUrl;
use super::fault::{Fault, Faults};
use crate::provider::{IdToken, Metadata, Provider, TokenAuth, discovery_url};

pub(super) fn check_provider(n: usize, provider: &Provider, faults: &mut Faults) {
    let has_secret = provider.client_secret.is_some() || provider.way.is_posted();
    if !has_secret && provider.token_auth != TokenAuth::None {
        faults.add(format_args!("provider[{n}].client_secret"), Fault::NoClientSecret);
    }
    let given = provider.metadata.given();
    if given.is_some_and(|given| given.iss_parameter && given.issuer.is_none()) {
        faults.add(format_args!("provider[{n}].issuer"), Fault::NoIssuer);
    }
    if let Metadata::Published(issuer) = &provider.metadata
        && discovery_url(issuer).is_none()
    {
        faults.add(format_args!("provider[{n}].issuer"), Fault::ProviderIssuer);
    }
    check_id_token(n, provider, faults);
    faults.check_scopes(format_args!("provider[{n}].scopes"), &provider.scopes);
    let mut check_params = |key: &str, given: &[(String, String)], reserved: &[&str]| {
        for (name, _) in given.iter().filter(|(name, _)| reserved.contains(&name.as_str())) {
            let fault = Fault::ReservedParameter { name: name.clone() };
            faults.add(format_args!("provider[{n}].{key}"), fault);
        }
    };
    let Provider { authorization_params, token_params, .. } = provider;
    check_params("authorization_params", authorization_params, Provider::AUTHORIZATION_PARAMETERS);
    check_params("token_params", token_params, Provider::TOKEN_PARAMETERS);
    let query_is_free = |endpoint: &EndpointUrl| {
        endpoint.url().query_pairs().find_map(|(name, _)| {
            Provider::AUTHORIZATION_PARAMETERS.contains(&&*name).then(|| name.into_owned())
        })
    };
    if let Some(name) = given.and_then(|given| query_is_free(&given.authorization_endpoint)) {
        let fault = Fault::ReservedParameter { name };
        faults.add(format_args!("provider[{n}].authorization_endpoint"), fault);
    }
}

/// RFC 7518 §3.2: a key of HS256 is as long as its hash, in bytes.
const SHORTEST_HS256: usize = 32;

/// An ID token is held against an issuer, and its signature against keys.
fn check_id_token(n: usize, provider: &Provider, faults: &mut Faults) {
    if provider.id_token == IdToken::Ignored {
        if provider.metadata.given().is_none_or(|given| given.userinfo_endpoint.is_none()) {
            faults.add(format_args!("provider[{n}].userinfo_endpoint"), Fault::NobodySays);
        }
        return;
    }
    if provider.metadata.issuer().is_none() {
        faults.add(format_args!("provider[{n}].issuer"), Fault::NoIssuerOfIdTokens);
    }
    if let (IdToken::RequiredWithSecret, Some(secret)) =
        (provider.id_token, &provider.client_secret)
        && secret.expose().len() < SHORTEST_HS256
    {
        let fault = Fault::ShortSecret { least: SHORTEST_HS256 };
        faults.add(format_args!("provider[{n}].client_secret"), fault);
    }
    let keys = match provider.id_token {
        IdToken::RequiredWithSecret => provider.client_secret.is_some(),
        IdToken::Required | IdToken::Ignored => {
            provider.metadata.given().is_none_or(|given| given.jwks_uri.is_some())
        }
    };
    if !keys {
        faults.add(format_args!("provider[{n}].jwks_uri"), Fault::NoKeys);
    }
    // Apple's ID token comes without being asked for.
    if !provider.way.is_posted() && !provider.scopes.iter().any(|scope| scope == "openid") {
        faults.add(format_args!("provider[{n}].scopes"), Fault::NoOpenid);
    }
}
