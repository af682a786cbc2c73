//! `vestibule dev`: Vestibule with fresh keys, an identity provider where anybody can be anybody,
//! and a page that shows a whole sign-in. On loopback addresses only, each listener for its own
//! `Host` only.

mod pages;
mod provider;
mod try_page;

use std::net::SocketAddr;

use axum::middleware;
use tokio::net::TcpListener;
use vestibule_core::provider::custom;
use vestibule_core::{
    Algorithm, ClientSecret, Colour, Config, EndpointUrl, InvalidResource, Issuer, Logo, Look,
    ProviderId, Resource, Server,
};

use self::provider::DevProvider;
use crate::config::StoreUrl;
use crate::host::OwnHost;
use crate::limits::Limits;
use crate::store::Store;
use crate::{health, keys, requests, running};

/// What the development resource lets a client do.
const SCOPES: [(&str, &str); 2] =
    [("mcp:read", "Read what the MCP server has"), ("mcp:write", "Change what the MCP server has")];

/// Reads `--listen`: loopback addresses, and nothing that other machines could reach.
pub(crate) fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr =
        text.parse().map_err(|_| "write it like 127.0.0.1:3000 or [::1]:3000".to_owned())?;
    if !address.ip().is_loopback() {
        return Err("anybody can sign in as anybody here, so it must be a loopback address, \
            like 127.0.0.1:3000; to be reached from elsewhere use `vestibule serve`"
            .to_owned());
    }
    Ok(address)
}

/// Reads `--resource`.
pub(crate) fn resource(uri: &str) -> Result<Box<Resource>, InvalidResource> {
    Resource::new(uri, Vec::new()).map(Box::new)
}

/// Runs both servers until the process is told to end. The resource is one beside the built-in one.
pub(crate) fn run(
    listen: SocketAddr,
    idp_listen: SocketAddr,
    resource: Option<Box<Resource>>,
) -> Result<(), String> {
    running::runtime()?.block_on(dev(listen, idp_listen, resource))
}

async fn dev(
    listen: SocketAddr,
    idp_listen: SocketAddr,
    resource: Option<Box<Resource>>,
) -> Result<(), String> {
    let mend = "for any free port use `--listen 127.0.0.1:0`";
    let listener = running::listen(listen, mend).await?;
    let idp_mend = "for any free port leave `--idp-listen` out";
    let idp_listener = running::listen(idp_listen, idp_mend).await?;
    let own_host = OwnHost::of(&listener)?;
    let idp_host = OwnHost::of(&idp_listener)?;
    let (issuer, idp) = (own_host.origin(), idp_host.origin());

    let folder = tempfile::Builder::new().prefix("vestibule-dev-").tempdir();
    let folder = folder.map_err(|error| format!("cannot make a temporary folder: {error}"))?;
    let transport = running::transport()?;
    let store = Store::open(&StoreUrl::Sqlite(folder.path().join("vestibule.db")))?;
    let client_secret = keys::random_text().map_err(|error| error.to_string())?;
    let mut greeting = greeting(&issuer, &idp);
    if let Some(resource) = &resource {
        greeting.push_str(&format!("    Your resource       {}\n", resource.uri()));
    }
    let server = server(&issuer, &idp, &client_secret, resource)?;
    // Core's default: below `/oauth/callback`, the provider's id.
    let redirect_uri = format!("{issuer}/oauth/callback/{}", DevProvider::ID);
    let provider = DevProvider::new(idp.clone(), issuer.clone(), redirect_uri, client_secret);

    // It answers until Vestibule's last flow has ended.
    let serving_idp = tokio::spawn(serve_provider(idp_listener, provider, idp_host));
    let mut own = health::own();
    own.routes = own.routes.merge(try_page::routes());
    let driver = running::driver(transport, store);
    let ended =
        running::run(listener, &Limits::default(), server, driver, own, Some(own_host), &greeting)
            .await;
    serving_idp.abort();
    // The folder goes with all that is in it.
    drop(folder);
    ended
}

async fn serve_provider(listener: TcpListener, provider: DevProvider, host: OwnHost) {
    let app = provider::routes(provider)
        .layer(middleware::from_fn_with_state("development identity provider", requests::log));
    vestibule_hyper::serve(listener, host.around(app), std::future::pending()).await;
}

/// Vestibule as a configuration file with one provider and one resource would make it.
fn server(
    issuer: &str,
    idp: &str,
    client_secret: &str,
    own: Option<Box<Resource>>,
) -> Result<Server, String> {
    let secret = keys::sealing_secret().map_err(|error| error.to_string())?;
    let key = keys::signing_key(Algorithm::EdDsa).map_err(|error| error.to_string())?;
    let issuer = Issuer::parse(issuer).map_err(|error| bug("issuer", &error))?;
    let endpoint = |path: &str| {
        EndpointUrl::parse(&format!("{idp}{path}")).map_err(|error| bug("endpoint", &error))
    };
    let mut provider = custom(
        ProviderId::parse(DevProvider::ID).map_err(|error| bug("provider", &error))?,
        endpoint("/authorize")?,
        endpoint("/token")?,
        endpoint("/userinfo")?,
        DevProvider::CLIENT_ID,
        Some(ClientSecret::new(client_secret)),
    );
    "the development identity provider".clone_into(&mut provider.name);
    provider.scopes = ["openid", "profile", "email"].map(str::to_owned).into();
    if let Some(metadata) = provider.metadata_mut() {
        metadata.issuer = Some(idp.to_owned());
        metadata.iss_parameter = true;
    }

    let scopes = SCOPES.map(|(scope, _)| scope.to_owned()).into();
    let mut resource =
        Resource::new(&format!("{issuer}/mcp"), scopes).map_err(|error| bug("resource", &error))?;
    resource.name = Some("A development MCP server".to_owned());
    resource.descriptions =
        SCOPES.map(|(scope, words)| (scope.to_owned(), words.to_owned())).into();

    let mut config = Config::new(issuer, vec![secret], vec![key]);
    config.providers = vec![provider];
    config.resources = vec![resource];
    config.look = look()?;
    let Some(own) = own else {
        return Server::new(config).map_err(|error| bug("configuration", &error));
    };
    config.resources.push(*own);
    // The built-in resource is the first; whatever is wrong now is with the second.
    Server::new(config).map_err(|error| format!("--resource or --scope: {error}"))
}

/// As on the pages beside it.
fn look() -> Result<Look, String> {
    let colour = |text| Colour::parse(text).map_err(|error| bug("colour", &error));
    let mut look = Look::default();
    look.name = Some("Vestibule, development".to_owned());
    look.logo = Some(Logo::new(pages::ICON.as_bytes()).map_err(|error| bug("logo", &error))?);
    look.accent = Some(colour("#3b4cca")?);
    look.accent_dark = Some(colour("#a5b0ff")?);
    Ok(look)
}

/// The built-in configuration is good for every loopback address; where it is not, a bug report
/// needs to say why.
fn bug(what: &str, error: &dyn std::fmt::Display) -> String {
    format!("a bug: the built-in {what} is refused: {error}")
}

/// What to open, and what it is.
fn greeting(issuer: &str, idp: &str) -> String {
    format!(
        "\n\nFor development only: anybody can sign in as anybody, and nothing is kept.\n\n    \
        Open                {issuer}/\n    \
        Issuer              {issuer}\n    \
        Resource            {issuer}/mcp (in name only: nothing answers there)\n    \
        Identity provider   {idp}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::loopback;

    #[test]
    fn only_loopback_addresses_are_listened_on() {
        assert!(
            ["127.0.0.1:0", "127.9.9.9:1", "[::1]:3000"].into_iter().all(|a| loopback(a).is_ok())
        );
        assert!(
            ["0.0.0.0:0", "[::]:0", "192.0.2.1:80", "3000", "localhost"]
                .into_iter()
                .all(|a| loopback(a).is_err())
        );
    }
}
