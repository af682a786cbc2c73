//! Tenants: the directories of Microsoft Entra, each of which is an issuer of its own.

/// What stands for the tenant in the issuer of all of them, as Entra's discovery document writes it.
pub(crate) const TENANT: &str = "{tenantid}";

/// The issuer of all tenants: one text, but for the tenant in it.
#[derive(Clone, Copy)]
pub(crate) struct IssuerOfTenants<'a> {
    before: &'a str,
    behind: &'a str,
}

impl<'a> IssuerOfTenants<'a> {
    /// `None`: an issuer like any other, which names itself exactly.
    pub(crate) fn parse(issuer: &'a str) -> Option<Self> {
        let (before, behind) = issuer.split_once(TENANT)?;
        Some(Self { before, behind })
    }

    /// What an issuer says where the tenant belongs; `None`: it is an issuer of somebody else's.
    /// Whether that is a tenant is for the caller to judge.
    pub(crate) fn tenant_of<'b>(&self, issuer: &'b str) -> Option<&'b str> {
        issuer.strip_prefix(self.before)?.strip_suffix(self.behind)
    }
}

/// A directory's id: a UUID, as Entra and its portal write it.
pub(crate) fn is_tenant_id(text: &str) -> bool {
    is_uuid(text) && !text.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// RFC 9562 §4: 8-4-4-4-12 hexadecimal digits, of either case.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
