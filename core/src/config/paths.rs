/// Where the endpoints are, below the issuer's path. Each can be moved; the well-known documents
/// cannot.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Paths {
    /// The authorization endpoint (RFC 6749 §3.1). Default `/oauth/authorize`.
    pub authorize: String,
    /// Where the sign-in page's form goes. Default `/oauth/consent`.
    pub consent: String,
    /// Where providers send people back: `/oauth/callback`, with `/` and the provider's id behind
    /// it.
    pub callback: String,
    /// The token endpoint (RFC 6749 §3.2). Default `/oauth/token`.
    pub token: String,
    /// The registration endpoint (RFC 7591 §3). Default `/oauth/register`.
    pub register: String,
    /// The revocation endpoint (RFC 7009 §2). Default `/oauth/revoke`.
    pub revoke: String,
    /// The introspection endpoint (RFC 7662 §2), where some resource has
    /// [`credentials`](crate::Resource::credentials). Default `/oauth/introspect`.
    pub introspect: String,
    /// The list of providers. Default `/oauth/providers`.
    pub providers: String,
}

impl Paths {
    /// The keys of the configuration and the paths; the callback's last, since it may share its
    /// path.
    pub(crate) fn named(&self) -> [(&'static str, &str); 8] {
        [
            ("authorize", &self.authorize),
            ("consent", &self.consent),
            ("token", &self.token),
            ("register", &self.register),
            ("revoke", &self.revoke),
            ("introspect", &self.introspect),
            ("providers", &self.providers),
            ("callback", &self.callback),
        ]
    }

    /// All endpoints below one path: `/auth` gives `/auth/authorize` and so on; the empty string
    /// the bare names.
    #[must_use]
    pub fn mounted_at(mount: &str) -> Self {
        let at = |name: &str| format!("{mount}/{name}");
        Self {
            authorize: at("authorize"),
            consent: at("consent"),
            callback: at("callback"),
            token: at("token"),
            register: at("register"),
            revoke: at("revoke"),
            introspect: at("introspect"),
            providers: at("providers"),
        }
    }
}

impl Default for Paths {
    fn default() -> Self {
        Self::mounted_at("/oauth")
    }
}
