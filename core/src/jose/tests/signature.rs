use p256::ecdsa::Signature;

use super::id_tokens::base64url;
use super::*;

/// The token with another signature.
fn with(token: &IdToken, signature: impl AsRef<[u8]>) -> String {
    format!("{}.{}", token.message(), base64url(signature))
}

#[test]
fn jwt_15_zero_and_der_signatures_are_refused() {
    let token = of("ec", Key::P256(7));
    let genuine = Key::P256(7).sign(token.message().as_bytes());
    let (r, s) = genuine.split_at(32);
    let order = p256_order();
    let der = Signature::from_slice(&genuine).unwrap().to_der();
    let forged: [Vec<u8>; 9] = [
        vec![0; 64],
        [r, &[0; 32]].concat(),
        [&[0; 32], s].concat(),
        [r, &order].concat(),
        [&order, s].concat(),
        [&order[..], &order].concat(),
        der.as_bytes().to_vec(),
        [&genuine[..], &[0]].concat(),
        [&[0; 8], r, &[0; 8], s].concat(),
    ];
    for signature in forged {
        assert_refused(&with(&token, signature), JwtFault::Signature);
    }
}

/// Providers sign without regard to the size of s, so both are theirs.
#[test]
fn jwt_15_a_large_s_of_a_provider_is_accepted() {
    let token = of("ec", Key::P256(7));
    let genuine = Signature::from_slice(&Key::P256(7).sign(token.message().as_bytes())).unwrap();
    let mirrored = Signature::from_scalars(genuine.r(), -genuine.s()).unwrap();
    for signature in [genuine, mirrored] {
        assert!(verified(&with(&token, signature.to_bytes())).is_ok());
    }
}

#[test]
fn an_rsa_signature_has_the_modulus_length_and_is_less_than_it() {
    let token = of("rsa", Key::Rsa);
    let genuine = Key::Rsa.sign(token.message().as_bytes());
    let mut wrong = genuine.clone();
    wrong[255] ^= 1;
    let forged: [Vec<u8>; 7] = [
        vec![],
        vec![0; 256],
        vec![0xff; 256],
        [&[0], &genuine[..]].concat(),
        [&genuine[..], &[0]].concat(),
        genuine[1..].to_vec(),
        wrong,
    ];
    for signature in forged {
        assert_refused(&with(&token, signature), JwtFault::Signature);
    }
}

#[test]
fn an_eddsa_signature_is_reduced_and_has_64_bytes() {
    let token = token();
    let genuine = Key::Ed25519(7).sign(token.message().as_bytes());
    // s + L is the same signature to whoever does not look (RFC 8032 §5.1.7).
    let mut larger = genuine.clone();
    let mut carry = 0;
    for (byte, add) in larger[32..].iter_mut().zip(ED25519_ORDER) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    for signature in
        [vec![], vec![0; 64], larger, genuine[1..].to_vec(), [&genuine[..], &[0]].concat()]
    {
        assert_refused(&with(&token, signature), JwtFault::Signature);
    }
}

#[test]
fn ups_10_a_signature_of_another_key_or_text_is_refused() {
    assert_refused(&token().signed_by(Key::Ed25519(8)).text(), JwtFault::Signature);
    assert_refused(&of("ec", Key::P256(8)).text(), JwtFault::Signature);
    let signature = Key::Ed25519(7).sign(token().message().as_bytes());
    assert_refused(&with(&token().claim("sub", "bob"), signature), JwtFault::Signature);
    assert_refused(&token().claim("exp", NOW - 3600).text(), JwtFault::Expired);
}

/// The order of P-256's group (FIPS 186-4 D.1.2.3).
fn p256_order() -> [u8; 32] {
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    crate::encoding::from_hex(order).unwrap()
}

/// L of RFC 8032 §5.1, the smallest byte first.
const ED25519_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];
