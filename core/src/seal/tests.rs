use serde::Deserialize;

use super::*;
use crate::config::Issuer;
use crate::secret::SealingSecret;

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct State(u64);

impl Sealable for State {
    const PURPOSE: Purpose = Purpose::UpstreamState;
    const PREFIX: &'static str = "";
    const PRIVATE: bool = false;
    fn expires_at(&self) -> Timestamp {
        Timestamp::from_seconds(self.0)
    }
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Code(u64);

impl Sealable for Code {
    const PURPOSE: Purpose = Purpose::Code;
    const PREFIX: &'static str = "";
    const PRIVATE: bool = true;
    fn expires_at(&self) -> Timestamp {
        Timestamp::from_seconds(self.0)
    }
}

fn ring(secrets: &[u8], issuer: &str) -> KeyRing {
    let secrets: Vec<_> = secrets.iter().map(|n| SealingSecret::new([*n; 32]).unwrap()).collect();
    KeyRing::new(&secrets, &Issuer::parse(issuer).unwrap()).unwrap()
}

const NOW: Timestamp = Timestamp::from_seconds(50);

fn opens(ring: &KeyRing, text: &str) -> bool {
    open::<State>(ring, text, NOW).is_ok()
}

#[test]
fn sbb_04_flipping_truncating_or_appending_any_byte_is_refused() {
    let ring = ring(&[1], "https://as.test");
    let text = seal(ring.first(), &State(100));
    assert!(opens(&ring, &text));
    for at in 0..text.len() {
        let mut flipped = text.clone().into_bytes();
        flipped[at] = if flipped[at] == b'A' { b'B' } else { b'A' };
        assert!(!opens(&ring, std::str::from_utf8(&flipped).unwrap()), "flipped at {at}");
        assert!(!opens(&ring, &text[..at]), "truncated at {at}");
    }
    for appended in ["A", "=", "AAAA", "\n"] {
        assert!(!opens(&ring, &format!("{text}{appended}")), "appended {appended:?}");
    }
}

#[test]
fn sbb_05_clk_04_dead_at_the_second_of_expiry() {
    let ring = ring(&[1], "https://as.test");
    let at = |expiry| open::<State>(&ring, &seal(ring.first(), &State(expiry)), NOW).err();
    assert_eq!([at(49), at(50), at(51)], [Some(Unopened::Expired), Some(Unopened::Expired), None]);
}

#[test]
fn sbb_08_unknown_retired_or_swapped_keys_are_refused() {
    let both = ring(&[1, 2], "https://as.test");
    let text = seal(both.first(), &State(100));
    assert!(opens(&ring(&[2, 1], "https://as.test"), &text), "moved to second place");
    assert!(!opens(&ring(&[2], "https://as.test"), &text), "retired");
    let mut swapped = from_base64url(&text).unwrap();
    swapped[..KEY_ID].copy_from_slice(&ring(&[2], "https://as.test").first().id());
    assert!(!opens(&both, &crate::encoding::base64url(swapped)), "key id of another key");
}

#[test]
fn sbb_09_iss_06_another_issuers_text_is_refused_under_the_same_secret() {
    let text = seal(ring(&[1], "https://a.test").first(), &State(100));
    assert!(!opens(&ring(&[1], "https://b.test"), &text));
}

#[test]
fn sbb_11_jwt_23_a_text_of_another_purpose_is_refused() {
    let ring = ring(&[1], "https://as.test");
    let code = seal(ring.first(), &Code(100));
    assert!(!opens(&ring, &code));
    let tagged = tag(ring.first(), Purpose::ConsentForm, "", b"", &State(100));
    assert!(!opens(&ring, &tagged));
}

#[test]
fn a_tagged_text_is_bound_to_its_context() {
    let ring = ring(&[1], "https://as.test");
    let text = tag(ring.first(), Purpose::ConsentForm, "", b"browser", &State(1));
    let read = |context| untag::<State>(&ring, Purpose::ConsentForm, "", context, &text).is_some();
    assert_eq!([read(b"browser".as_slice()), read(b"other")], [true, false]);
}

#[test]
fn a_record_opens_under_its_own_key_and_version_only() {
    let ring = ring(&[1], "https://as.test");
    let bytes = seal_record(ring.first(), Purpose::GrantRecord, "grant/1", &[7; 16], &State(1));
    let read = |key, version: [u8; 16]| {
        open_record::<State>(&ring, Purpose::GrantRecord, key, &version, &bytes).is_some()
    };
    assert!(read("grant/1", [7; 16]));
    assert!(!read("grant/2", [7; 16]));
    assert!(!read("grant/1", [8; 16]));
}
