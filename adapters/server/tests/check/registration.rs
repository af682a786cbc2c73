//! `[registration]`: where documents about clients may be.

use super::{GOOD, Ran, checked};

#[test]
fn faults_of_hosts_of_documents_are_named_like_all_others() {
    let (before, rest) = GOOD.split_once("[registration]\n").unwrap();
    let (_, after) = rest.split_once("\n\n").unwrap();
    let line = before.lines().count() + 2;
    let host = "must be the name of a host, or `*.` and the name of a domain, such as \
        \"*.example.com\"";
    let faults = |table: &str| {
        let Ran { stdout, .. } = checked(&format!("{before}[registration]\n{table}\n\n{after}"));
        stdout
    };
    for (table, expected) in [
        (
            "metadata_documents = \"yes\"",
            vec!["documents: must be true or false; this is of type string".to_owned()],
        ),
        (
            "metadata_document_hosts = \"claude.ai\"",
            vec![
                "document_hosts: must be a list of hosts, like [\"claude.ai\", \
                 \"*.example.com\"]; this is of type string"
                    .to_owned(),
            ],
        ),
        (
            "metadata_document_hosts = [\"https://claude.ai\", \"*\", \"127.0.0.1\", \"a.test\", 1]",
            vec![
                format!("document_hosts[0]: {host}"),
                format!("document_hosts[1]: {host}"),
                format!("document_hosts[2]: {host}"),
                "document_hosts[4]: must be a string, like \"…\"; this is of type integer"
                    .to_owned(),
            ],
        ),
        (
            "metadata_document_hosts = []",
            vec![
                "document_hosts: has nothing in it; remove it for any host, or set \
                 `metadata_documents = false`"
                    .to_owned(),
            ],
        ),
    ] {
        let expected: Vec<_> = expected
            .iter()
            .map(|fault| format!("vestibule.toml:{line}: registration.metadata_{fault}"))
            .collect();
        assert_eq!(faults(table).lines().collect::<Vec<_>>(), expected, "{table}");
    }
    let said = faults("metadata_document_hosts = [\"claude.ai\"]\nmetadata_documents = false");
    let nothing = "means nothing where `metadata_documents` is false; remove one of them";
    assert_eq!(
        said.trim_end(),
        format!("vestibule.toml:{line}: registration.metadata_document_hosts: {nothing}")
    );
}
