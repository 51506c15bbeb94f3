//! The primitives against what their standards publish.
//!
//! Where RFC 5869 and RFC 8018 give no vector of the lengths that the vault uses, the expected bytes were
//! computed with two other implementations, OpenSSL and Python's `hashlib`, which agreed.

use data_encoding::HEXLOWER;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha512};

use super::*;

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn hex32(text: &str) -> Bytes32 {
    hex(text).try_into().unwrap()
}

fn to_hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

fn counting() -> Bytes32 {
    std::array::from_fn(|at| u8::try_from(at).unwrap())
}

fn master(passphrase: &[u8], rounds: u32) -> String {
    let passphrase = Passphrase::new(passphrase.to_vec()).unwrap();
    to_hex(derive_master(&passphrase, &counting(), Iterations(rounds)).expose())
}

#[test]
fn pbkdf2_gives_the_bytes_of_rfc_7914_section_11() {
    let cases: [(&[u8], &[u8], u32, &str); 2] = [
        (
            b"passwd",
            b"salt",
            1,
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc\
             49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783",
        ),
        (
            b"Password",
            b"NaCl",
            80_000,
            "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56\
             a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d",
        ),
    ];
    for (passphrase, salt, rounds, expected) in cases {
        let mut out = [0; 64];
        pbkdf2::pbkdf2_hmac::<Sha256>(passphrase, salt, rounds, &mut out);
        assert_eq!(expected, to_hex(&out));
    }
}

#[test]
fn pbkdf2_with_sha512_gives_the_published_bytes() {
    let (long, salt): (&[u8], &[u8]) = (b"passwordPASSWORDpassword", b"saltSALTsaltSALTsaltSALTsaltSALTsalt");
    let cases: [(&[u8], &[u8], u32, &str); 4] = [
        (
            b"password",
            b"salt",
            1,
            "867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252\
             c02d470a285a0501bad999bfe943c08f050235d7d68b1da55e63f73b60a57fce",
        ),
        (
            b"password",
            b"salt",
            2,
            "e1d9c16aa681708a45f5c7c4e215ceb66e011a2e9f0040713f18aefdb866d53c\
             f76cab2868a39b9f7840edce4fef5a82be67335c77a6068e04112754f27ccf4e",
        ),
        (
            b"password",
            b"salt",
            4096,
            "d197b1b33db0143e018b12f3d1d1479e6cdebdcc97c5c0f87f6902e072f457b5\
             143f30602641b3d55cd335988cb36b84376060ecd532e039b742a239434af2d5",
        ),
        (
            long,
            salt,
            4096,
            "8c0511f4c6e597c6ac6315d8f0362e225f3c501495ba23b868c005174dc4ee71\
             115b59f9e60cd9532fa33e0f75aefe30225c583a186cd82bd4daea9724a3d3b8",
        ),
    ];
    for (passphrase, salt, rounds, expected) in cases {
        let mut out = [0; 64];
        pbkdf2::pbkdf2_hmac::<Sha512>(passphrase, salt, rounds, &mut out);
        assert_eq!(expected, to_hex(&out));
    }
}

#[test]
fn the_master_key_is_what_other_implementations_derive() {
    let phrase = b"correct horse battery staple";
    assert_eq!("f05d3125dec269b2f9913a32bc943bbdef07e02c774d9f77459d1bde752a5ecf", master(phrase, 1));
    assert_eq!("88aa99bab648e0a15a6dcfd127cb7d9f17d1a3fa0caa6ca9cc97e2a09600bbc0", master(phrase, 100_000));
}

#[test]
fn a_passphrase_is_bytes_of_any_kind_and_length() {
    let any = "69ae81d87206c6f82ba26fa11cdf7508c5b85481c6f6ae7eae464a16e2851406";
    assert_eq!(any, master(&[0x00, 0xff, 0x80], 3));
    // Longer than a block of SHA-512, so HMAC hashes it first.
    let long = "70918f02eefacfb3265ec4ee69df884acf42f467cd2ac45274263f2900e3fc86";
    assert_eq!(long, master(&[b'x'; 200], 3));
}

#[test]
fn hkdf_gives_the_bytes_of_rfc_5869_a1_to_a3() {
    let range = |from: u8, to: u8| (from..=to).collect::<Vec<u8>>();
    let cases = [
        (
            vec![0x0b; 22],
            range(0x00, 0x0c),
            range(0xf0, 0xf9),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            range(0x00, 0x4f),
            range(0x60, 0xaf),
            range(0xb0, 0xff),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c\
             59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71\
             cc30c58179ec3e87c14c01d5c1f3434f1d87",
        ),
        (
            vec![0x0b; 22],
            Vec::new(),
            Vec::new(),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ];
    for (ikm, salt, info, expected) in cases {
        let mut out = vec![0; expected.len() / 2];
        Hkdf::<Sha256>::new(Some(&salt), &ikm).expand(&info, &mut out).unwrap();
        assert_eq!(expected, to_hex(&out));
    }
}

#[test]
fn a_derived_key_is_extracted_and_expanded_as_rfc_5869_says() {
    let (ikm, salt) = (counting(), [0x0b; 32]);
    let unsalted = "cb99a23c734e2e6c59225835cd555ed11fde01bd755a350fb089cf4ede041fde";
    assert_eq!(unsalted, to_hex(derive(&ikm, None, "vault/row/v1").expose()));
    let salted = "2293a631b43f0ff51fe3e080685a88d0d23788e9f524e086e85ab1ced486252c";
    assert_eq!(salted, to_hex(derive(&ikm, Some(&salt), "vault/secret/v1").expose()));
    let extracted = mac(&salt, &[&ikm]);
    assert_eq!(salted, to_hex(&mac(&extracted, &[b"vault/secret/v1", &[1]])));
}

#[test]
fn hmac_gives_the_bytes_of_rfc_4231() {
    let counted: Vec<u8> = (1..=25).collect();
    let cases: [(&[u8], &[u8], &str); 5] = [
        (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (&[0xaa; 20], &[0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        (&counted, &[0xcd; 50], "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        (&[0x0c; 20], b"Test With Truncation", "a3b6167473100ee06e0c796c2955552b"),
    ];
    for (short, data, expected) in cases {
        // RFC 2104 fills a key up with zeros to a block, so a shorter key is the same key with zeros after it.
        let mut key = [0; 32];
        key[..short.len()].copy_from_slice(short);
        let (head, tail) = data.split_at(data.len() / 2);
        assert_eq!(mac(&key, &[data]), mac(&key, &[head, &[], tail]));
        assert_eq!(expected, &to_hex(&mac(&key, &[data]))[..expected.len()]);
    }
}

#[test]
fn hmac_hashes_a_key_beyond_a_block_as_rfc_4231_shows() {
    let cases: [(&[u8], &str); 2] = [
        (
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            b"This is a test using a larger than block-size key and a larger than block-size data. \
              The key needs to be hashed before being used by the HMAC algorithm.",
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        ),
    ];
    for (data, expected) in cases {
        let mut hmac = <Hmac<Sha256> as KeyInit>::new_from_slice(&[0xaa; 131]).unwrap();
        hmac.update(data);
        assert_eq!(expected, to_hex(&hmac.finalize().into_bytes()));
        assert_eq!(expected, to_hex(&mac(&sha256(&[0xaa; 131]), &[data])));
    }
}

#[test]
fn a_mac_fits_only_whole() {
    let expected = mac(&[1; 32], &[b"data"]);
    assert!(mac_fits(&expected, &expected));
    assert!(!mac_fits(&expected, &expected[..31]));
    assert!(!mac_fits(&expected, &[]));
}

#[test]
fn sha256_gives_the_bytes_of_fips_180() {
    assert_eq!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", to_hex(&sha256(b"abc")));
    assert_eq!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", to_hex(&sha256(b"")));
}

struct GcmCase {
    key: Bytes32,
    iv: [u8; IV_BYTES],
    aad: Vec<u8>,
    plain: Vec<u8>,
    cipher: Vec<u8>,
    tag: Vec<u8>,
}

/// Gives test cases 13 to 16 of the GCM specification: those with a 256-bit key and a 96-bit IV.
fn gcm_cases() -> [GcmCase; 4] {
    let key = hex32("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
    let iv: [u8; IV_BYTES] = hex("cafebabefacedbaddecaf888").try_into().unwrap();
    let plain = hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                     1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255");
    let cipher = hex("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                      8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad");
    let zero = |plain: &[u8], cipher: &str, tag: &str| GcmCase {
        key: [0; 32],
        iv: [0; IV_BYTES],
        aad: Vec::new(),
        plain: plain.to_vec(),
        cipher: hex(cipher),
        tag: hex(tag),
    };
    [
        zero(&[], "", "530f8afbc74536b9a963b4f1c4cb738b"),
        zero(&[0; 16], "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"),
        GcmCase {
            key,
            iv,
            aad: Vec::new(),
            plain: plain.clone(),
            cipher: cipher.clone(),
            tag: hex("b094dac5d93471bdec1a502270e3cc6c"),
        },
        GcmCase {
            key,
            iv,
            aad: hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
            plain: plain[..60].to_vec(),
            cipher: cipher[..60].to_vec(),
            tag: hex("76fc6ece0f4e1768cddf8853bb2d551b"),
        },
    ]
}

#[test]
fn aes_256_gcm_gives_the_bytes_of_test_cases_13_to_16() {
    for case in gcm_cases() {
        let mut buffer = case.plain.clone();
        let tag = gcm_encrypt(&case.key, &case.iv, &case.aad, &mut buffer).unwrap();
        assert_eq!((to_hex(&case.cipher), to_hex(&case.tag)), (to_hex(&buffer), to_hex(&tag)));
        buffer.extend_from_slice(&tag);
        gcm_decrypt(&case.key, &case.iv, &case.aad, &mut buffer).unwrap();
        assert_eq!(case.plain, buffer);
    }
}

#[test]
fn a_wrong_tag_leaves_no_plaintext() {
    for case in gcm_cases().into_iter().filter(|case| !case.plain.is_empty()) {
        let mut buffer = [case.cipher.as_slice(), &case.tag].concat();
        *buffer.last_mut().unwrap() ^= 1;
        let as_it_was = buffer.clone();
        assert_eq!(Err(CryptoError::NotAuthentic), gcm_decrypt(&case.key, &case.iv, &case.aad, &mut buffer));
        assert_eq!(as_it_was, buffer);
    }
}

#[test]
fn a_shorter_tag_is_no_tag() {
    let case = &gcm_cases()[3];
    for kept in 0..TAG_BYTES {
        let mut buffer = [case.cipher.as_slice(), &case.tag[..kept]].concat();
        assert_eq!(Err(CryptoError::NotAuthentic), gcm_decrypt(&case.key, &case.iv, &case.aad, &mut buffer));
        let mut tag_alone = case.tag[..kept].to_vec();
        assert_eq!(Err(CryptoError::Malformed), gcm_decrypt(&case.key, &case.iv, &case.aad, &mut tag_alone));
    }
}

#[test]
fn iterations_have_a_floor_and_a_ceiling() {
    assert!(Iterations::new(99_999).is_err());
    assert!(Iterations::new(100_000).is_ok());
    assert!(Iterations::new(10_000_000).is_ok());
    assert!(Iterations::new(10_000_001).is_err());
    assert_eq!(600_000, Iterations::DEFAULT.get());
}
