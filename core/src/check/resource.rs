//! Resource indicators (RFC 8707).

use crate::config::{Resource, canonical_resource};
use crate::refusal::Refusal;

/// The configured resource that is asked for, or the only one where none is. `resources` is never
/// empty: without `[[resource]]` it holds the issuer.
pub(crate) fn resource<'a>(
    resources: &'a [Resource],
    asked: Option<&str>,
) -> Result<&'a Resource, Refusal> {
    let Some(asked) = asked else {
        let [only] = resources else {
            return Err(Refusal::ResourceRequired);
        };
        return Ok(only);
    };
    // Most clients repeat what they read.
    if let Some(named) = resources.iter().find(|resource| resource.uri() == asked) {
        return Ok(named);
    }
    let canonical = canonical_resource(asked).ok_or(Refusal::UnknownResource)?;
    resources
        .iter()
        .find(|resource| resource.canonical() == canonical)
        .ok_or(Refusal::UnknownResource)
}

/// A grant's resource, which must still be configured; one named again at the token endpoint must
/// be the same (RFC 8707 §2.2).
pub(crate) fn same_resource<'a>(
    resources: &'a [Resource],
    granted: &str,
    asked: Option<&str>,
) -> Result<&'a Resource, Refusal> {
    let granted = resource(resources, Some(granted))?;
    match asked {
        Some(asked) if resource(resources, Some(asked))?.uri() != granted.uri() => {
            Err(Refusal::UnknownResource)
        }
        Some(_) | None => Ok(granted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> [Resource; 2] {
        ["https://mcp.test/mcp", "https://other.test/"]
            .map(|uri| Resource::new(uri, vec![]).unwrap())
    }

    fn found(resources: &[Resource], asked: &str) -> Result<String, Refusal> {
        resource(resources, Some(asked)).map(|resource| resource.uri().to_owned())
    }

    #[test]
    fn case_of_scheme_and_host_default_port_and_root_slash_do_not_matter() {
        let resources = two();
        for asked in ["HTTPS://MCP.TEST:443/mcp", "https://mcp.test/mcp"] {
            assert_eq!(found(&resources, asked).unwrap(), resources[0].uri());
        }
        assert_eq!(found(&resources, "https://other.test").unwrap(), resources[1].uri());
    }

    #[test]
    fn aud_02_aud_07_anything_else_is_unknown() {
        for asked in ["https://mcp.test/mcp-evil", "https://mcp.test/mcp/", "https://mcp.test/MCP"]
        {
            assert_eq!(found(&two(), asked), Err(Refusal::UnknownResource));
        }
    }

    #[test]
    fn none_asked_is_the_only_one_or_refused() {
        assert_eq!(resource(&two(), None).unwrap_err(), Refusal::ResourceRequired);
        assert!(resource(&two()[..1], None).is_ok());
    }
}
