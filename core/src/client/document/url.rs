use url::{Position, Url};

use crate::effect::Reach;
use crate::ids::ClientId;

/// The longest, in characters: it must fit into a cookie with the rest of a flow.
const LONGEST: usize = 512;

/// A client_id that is the URL of a document: `https`, with a path, and spelled as a URL is written
/// out (Client ID Metadata Document §3). It is compared byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DocumentUrl {
    id: ClientId,
    url: Url,
}

impl DocumentUrl {
    /// Whether a client_id is meant to be one, well written or not.
    pub(crate) fn is_meant(client_id: &str) -> bool {
        let begins = |scheme: &str| {
            client_id.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        begins("https:") || begins("http:")
    }

    /// Reads a client_id.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(client_id: &str) -> Result<Self, &'static str> {
        if client_id.len() > LONGEST {
            return Err("must have at most 512 characters");
        }
        let url = Url::parse(client_id).map_err(|_| "is no URL")?;
        if url.scheme() != "https" {
            return Err("must begin with https://");
        }
        if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
            return Err("must have neither a fragment nor a user name");
        }
        // CIM-02, CIM-03: dot segments, control characters, missing slashes, capitals in the host and
        // default ports are what `Url` repairs. Two spellings of one client would be two clients.
        if url.as_str() != client_id {
            return Err("must be written as the URL of its document is, with nothing to normalise");
        }
        if &url[Position::BeforePath..Position::AfterPath] == "/" {
            return Err("must have a path");
        }
        // CIM-04, CIM-06: asked again of every address that the host resolves to.
        if !Reach::PublicAddresses.permits_url(&url) {
            return Err("must be at a public host");
        }
        Ok(Self { id: ClientId::new(client_id), url })
    }

    pub(crate) fn id(&self) -> &ClientId {
        &self.id
    }

    pub(crate) fn as_url(&self) -> &Url {
        &self.url
    }

    /// Who publishes the document: the host.
    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(client_id: &str) -> &'static str {
        DocumentUrl::parse(client_id).expect_err(client_id)
    }

    #[test]
    fn what_real_clients_are_called_is_read() {
        for id in [
            "https://claude.ai/oauth/claude-code-client-metadata",
            "https://vscode.dev/oauth/client-metadata.json",
            "https://app.example.com:8443/client.json?v=2",
        ] {
            assert_eq!(DocumentUrl::parse(id).unwrap().id().as_str(), id);
        }
    }

    #[test]
    fn cim_01_plain_http_and_a_bare_host_are_none() {
        assert_eq!(problem("http://app.example.com/client.json"), "must begin with https://");
        assert_eq!(problem("https://app.example.com/"), "must have a path");
        assert_eq!(problem("https://app.example.com/?client"), "must have a path");
        assert!(DocumentUrl::parse("https://app.example.com").is_err());
    }

    #[test]
    fn cim_02_dot_segments_fragments_and_user_names_are_refused() {
        for id in [
            "https://app.example.com/a/../b",
            "https://app.example.com/a/./b",
            "https://app.example.com/%2e/b",
            "https://app.example.com/a/%2E%2e/b",
            "https://app.example.com/b#",
            "https://app.example.com/b#c",
            "https://user@app.example.com/b",
            "https://:secret@app.example.com/b",
            "https://@app.example.com/b",
        ] {
            assert!(DocumentUrl::parse(id).is_err(), "{id}");
        }
    }

    #[test]
    fn cim_03_nothing_is_repaired() {
        for id in [
            "https:/app.example.com/b",
            "https:app.example.com/b",
            "https:\\\\app.example.com\\b",
            "https://app.example.com\\b",
            "https://app.exam\tple.com/b",
            "https://app.example.com/b\n",
            " https://app.example.com/b",
            "HTTPS://app.example.com/b",
            "https://App.example.com/b",
            "https://app.example.com:443/b",
            "https://app.example.com:/b",
            "https://äpp.example.com/b",
            "https://app.example.com/b c",
        ] {
            assert!(DocumentUrl::parse(id).is_err(), "{id}");
        }
    }

    #[test]
    fn cim_04_cim_06_hosts_inside_are_refused() {
        for id in [
            "https://127.0.0.1/b",
            "https://10.0.0.1/b",
            "https://169.254.169.254/b",
            "https://[::1]/b",
            "https://[::ffff:10.0.0.1]/b",
            "https://[64:ff9b::7f00:1]/b",
            "https://localhost/b",
            "https://a.localhost/b",
            "https://app.example.com./b",
            "https://2130706433/b",
            "https://0x7f.1/b",
        ] {
            assert!(DocumentUrl::parse(id).is_err(), "{id}");
        }
    }

    #[test]
    fn a_long_one_is_refused() {
        let id = format!("https://app.example.com/{}", "b".repeat(LONGEST));
        assert_eq!(problem(&id), "must have at most 512 characters");
    }

    #[test]
    fn what_is_meant_as_one_is_told_from_other_ids() {
        assert!(["HTTP://a", "https:b", "https://c/d"].iter().all(|id| DocumentUrl::is_meant(id)));
        assert!(!["", "vc1_abc", "http", "my-app", "é"].iter().any(|id| DocumentUrl::is_meant(id)));
    }
}
