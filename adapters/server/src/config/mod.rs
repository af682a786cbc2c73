//! The configuration file: read to its end whatever is wrong with it, so that every fault is named
//! at once, with its key, its line and its mend.

mod access;
mod client;
mod consent;
mod elsewhere;
mod faults;
mod limits;
mod notes;
mod page;
mod paths;
mod provider;
mod registration;
mod resource;
mod sealing;
mod secret;
mod signing_key;
mod store;
mod table;
mod tokens;
mod value;

pub(crate) use faults::Faults;
pub(crate) use provider::Preset;
pub(crate) use store::StoreUrl;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use toml::de::DeTable;
use vestibule_core::{Algorithm, Config, ConfigFault, Issuer, Server};

use self::faults::Fault;
use self::notes::Notes;
use self::table::Table;
use crate::keys;
use crate::limits::Limits;

const KEYS: &[&str] = &[
    "issuer",
    "listen",
    "secrets",
    "store",
    "paths",
    "signing_key",
    "tokens",
    "registration",
    "consent",
    "access",
    "page",
    "limits",
    "client",
    "provider",
    "resource",
];

/// What a configuration file says, without a fault.
pub(crate) struct Settings {
    /// The server that it describes. Nothing is wrong with it.
    pub(crate) config: Config,
    /// The preset of each of its providers.
    pub(crate) presets: Vec<&'static Preset>,
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// Where grants are kept.
    pub(crate) store: StoreUrl,
    /// What may be done how often.
    pub(crate) limits: Limits,
    /// Whether no signing key was given, so that one is kept in the store and the one of `config`
    /// stands in for it.
    pub(crate) kept_signing_key: bool,
    /// How much there is of what, for `check`.
    pub(crate) counts: Counts,
}

impl Settings {
    /// What is no fault, and may all the same not be what is meant.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let providers = self.config.providers.iter().zip(&self.presets);
        let entra = providers.filter(|(_, preset)| preset.name == "azure");
        let names: Vec<_> = entra.map(|(provider, _)| provider.id.as_str()).collect();
        if names.is_empty() || self.config.access.emails.is_empty() {
            return Vec::new();
        }
        let names = names.join(", ");
        vec![format!(
            "`emails` in [access] lets in verified addresses only, and Entra (provider {names}) \
             says that one is verified by the claim xms_edov alone; have the app registration ask \
             for it (Token configuration, optional claims), or nobody gets in from there"
        )]
    }
}

/// How much there is of what: `2 providers, 1 client, 1 resource`; and, as `serve` says too, where
/// there are no rules of access: `everybody may sign in`.
pub(crate) struct Counts {
    everybody: bool,
    providers: usize,
    clients: usize,
    resources: usize,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { everybody, providers, clients, resources } = *self;
        let plural = |count| if count == 1 { "" } else { "s" };
        write!(
            f,
            "{providers} provider{}, {clients} client{}, ",
            plural(providers),
            plural(clients)
        )?;
        let everybody = if everybody { "; everybody may sign in" } else { "" };
        write!(f, "{resources} resource{}{everybody}", plural(resources))
    }
}

/// Reads a configuration file.
pub(crate) fn read(file: &Path) -> Result<Settings, Faults> {
    let fail = |text| {
        let fault = Fault { line: None, key: String::new(), text };
        Faults::new(file.display().to_string(), vec![fault])
    };
    let text = fs::read_to_string(file)
        .map_err(|error| fail(format!("cannot be read: {error}; --config names the file")))?;
    let notes = Notes::new(file, &text);
    let (document, errors) = DeTable::parse_recoverable(&text);
    if !errors.is_empty() {
        add_syntax_errors(&notes, &errors);
        return Err(notes.into_faults());
    }
    match read_document(&notes, document.get_ref()) {
        Some(settings) if notes.is_good() => Ok(settings),
        Some(_) | None => Err(notes.into_faults()),
    }
}

/// The first of each line: the others follow from it.
fn add_syntax_errors(notes: &Notes, errors: &[toml::de::Error]) {
    let mut lines = BTreeSet::new();
    for error in errors {
        let line = notes.line_at(error.span().map_or(0, |span| span.start));
        if lines.insert(line) {
            // Only the message: the error's own rendering quotes the line, which may hold a secret.
            notes.fault("", line, format_args!("is not TOML: {}", error.message()));
        }
    }
}

fn read_document<'d>(notes: &'d Notes, document: &'d DeTable<'d>) -> Option<Settings> {
    let file = Table::file(notes, document, KEYS);
    let issuer = file
        .require("issuer", "write issuer = \"https://…\", the URL that clients know this server by")
        .and_then(|value| value.parsed(Issuer::parse));
    let listen = match file.find("listen") {
        Some(value) => value.parsed(listen_address),
        None => Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 3000))),
    };
    let secrets = file.require("secrets", "write secrets = [{ env = \"VESTIBULE_SECRET\" }]");
    let secrets = secrets.map(|value| sealing::read(&value)).unwrap_or_default();
    let store = match file.find("store") {
        Some(value) => store::read(&value),
        None => Some(store::default(notes.folder())),
    };

    // Core judges what follows even where the issuer cannot be read; none of it depends on the
    // issuer.
    let stand_in = || Issuer::parse("https://unread.invalid").ok();
    let mut config = Config::new(issuer.clone().or_else(stand_in)?, secrets, Vec::new());
    let presets = read_tables(&file, &mut config);
    let limits = file.find("limits").and_then(|v| v.table(limits::TITLE, limits::KEYS));
    let limits = limits.map(|table| limits::read(&table)).unwrap_or_default();
    let signing_keys = read_signing_keys(&file, &mut config);
    let counts = Counts {
        everybody: config.access.allows_everybody(),
        providers: config.providers.len(),
        clients: config.clients.len(),
        resources: config.resources.len(),
    };
    if let Err(invalid) = Server::new(config.clone()) {
        notes.add(invalid.faults.into_iter().map(|fault| signing_keys.locate(fault)).collect());
        return None;
    }
    issuer?;
    Some(Settings {
        config,
        presets,
        listen: listen?,
        store: store?,
        limits,
        kept_signing_key: signing_keys.kept,
        counts,
    })
}

fn listen_address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "must be an IP address and a port, like \"127.0.0.1:3000\" or \"[::]:443\"")
}

/// Answers with the preset of each provider.
fn read_tables(file: &Table<'_>, config: &mut Config) -> Vec<&'static Preset> {
    if let Some(table) = file.find("paths").and_then(|v| v.table(paths::TITLE, paths::KEYS)) {
        config.paths = paths::read(&table);
    }
    if let Some(table) = file.find("tokens").and_then(|v| v.table(tokens::TITLE, tokens::KEYS)) {
        config.lifetimes = tokens::read(&table);
    }
    let table = file.find("registration");
    if let Some(table) = table.and_then(|v| v.table(registration::TITLE, registration::KEYS)) {
        config.registration = registration::read(&table);
    }
    if let Some(table) = file.find("consent").and_then(|v| v.table(consent::TITLE, consent::KEYS)) {
        config.consent = consent::read(&table);
    }
    if let Some(table) = file.find("access").and_then(|v| v.table(access::TITLE, access::KEYS)) {
        config.access = access::read(&table);
    }
    if let Some(table) = file.find("page").and_then(|v| v.table(page::TITLE, page::KEYS)) {
        config.look = page::read(&table);
    }
    if let Some(value) = file.find("client") {
        let tables = value.tables(client::TITLE, client::KEYS);
        config.clients = tables.iter().enumerate().map(|(n, t)| client::read(n, t)).collect();
    }
    let providers = file.require("provider", "write a [[provider]], where people sign in");
    let tables = providers.map(|value| value.tables(provider::TITLE, provider::KEYS));
    let tables = tables.unwrap_or_default();
    let presets;
    (config.providers, presets) =
        tables.iter().enumerate().filter_map(|(n, t)| provider::read(n, t)).unzip();
    if let Some(value) = file.find("resource") {
        let tables = value.tables(resource::TITLE, resource::KEYS);
        config.resources =
            tables.iter().enumerate().filter_map(|(n, t)| resource::read(n, t)).collect();
    }
    presets
}

/// Which `[[signing_key]]` of the file became which key of the configuration: nothing stands in for
/// a key.
struct SigningKeys {
    places: Vec<usize>,
    kept: bool,
}

fn read_signing_keys(file: &Table<'_>, config: &mut Config) -> SigningKeys {
    let Some(value) = file.find("signing_key") else {
        // A stand-in for the one in the store, which is opened by who needs it.
        match keys::signing_key(Algorithm::EdDsa) {
            Ok(key) => config.signing_keys.push(key),
            Err(error) => file.fault("signing_key", error),
        }
        return SigningKeys { places: Vec::new(), kept: true };
    };
    let mut places = Vec::new();
    for (n, table) in value.tables(signing_key::TITLE, signing_key::KEYS).iter().enumerate() {
        if let Some(key) = signing_key::read(table) {
            config.signing_keys.push(key);
            places.push(n);
        }
    }
    SigningKeys { places, kept: false }
}

impl SigningKeys {
    /// The fault under the key that the file has.
    fn locate(&self, mut fault: ConfigFault) -> ConfigFault {
        let rest = fault.key.strip_prefix("signing_key[").and_then(|rest| rest.split_once(']'));
        let place =
            rest.and_then(|(n, rest)| Some((self.places.get(n.parse::<usize>().ok()?)?, rest)));
        if let Some((place, rest)) = place {
            fault.key = format!("signing_key[{place}]{rest}");
        }
        fault
    }
}
