//! Keys that no vault stores, found by their public formats.

use vault_testkit::TestEnvironment;

/// Keys in public formats that have no digit, or none where a rule of chance would look.
const FORMATS: [(&str, &str); 14] = [
    ("Airtable", "patQwErTzUiOpLkJh.deadcafefeedfacebadedecadefacedafadeaccededbeadafeedbeadcabfabde"),
    ("Apify", "apify_api_QwErTzUiOpLkJhGfDsAyXcVbNmQwErTzUiOp"),
    ("Azure", "abC8Q~QwErTzUiOpLkJhGfDsAyXcVbNmQwErTzUi"),
    (
        "AWS",
        concat!(
            "ABSK",
            "QmVkcm9ja0FQSUtleVFXRVJUWlVJT1BMS0pIR0ZEU0FZWENWQk5NcXdlcnR6dWlvcGxramhnZmRzYXl4Y3Zibm1RV0VSVFpVSU9QTEtKSEdGRFNB"
        ),
    ),
    ("crates.io", "cioQwErTzUiOpLkJhGfDsAyXcVbNmQwErTz"),
    ("Discord", "MTIzNDU2Nzg5MDEyMzQ1Njc4.GhTzUq.QwErTzUiOpLkJhGfDsAyXcVbNmQwErTzUiOpLk"),
    ("Mailchimp", "fedcabfeedfacebadedecadefacedafa-us12"),
    ("Pinecone", "pcsk_QwErTz_UiOpLkJhGfDsAyXcVbNmQwErTzUiOpLkJhGfDsAyXcVbNmQwErTzUiOpLkJ"),
    ("PostHog", "phx_QwErTzUiLkJhGfDsAyXcVbNmQwErTzUiLkJhGfDsAyXcVbNm"),
    ("Postman", "PMAT-QWERTZUIOPLKJHGFDSAYXCVBNM"),
    ("Resend", "re_QwErTzUi_OpLkJhGfDsAyXcVbNmQwErTz"),
    ("Square", "EAAAQwErTzUiOpLkJhGfDsAyXcVbNmQwErTzUiOpLkJhGfDsAyXcVbNmQwErTzUi"),
    ("Twilio", "SKfedcabfeedfacebadedecadefacedafa"),
    ("Vercel", "vercel_blob_rw_QwErTzUiOpLkJhGf_DsAyXcVbNmQwErTzUiOpLkJhGfDsAy"),
];

#[test]
fn keys_in_public_formats_are_found_with_their_platform() {
    let home = TestEnvironment::served();
    let text = FORMATS.map(|(_, key)| format!("KEY=\"{key}\"\n")).concat();
    let run = home.ctl_with(&["scan", "-"], text).ended_with(9);
    for (line, (platform, _)) in FORMATS.iter().enumerate() {
        let expected = format!("-:{}:6: looks like a key of {platform}\n", line + 1);
        assert!(run.stdout.contains(&expected), "{expected}{run}");
    }
}

#[test]
fn a_long_token_is_found_wherever_it_lies_in_a_large_file() {
    let home = TestEnvironment::served();
    let encode = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
    let claims = format!(r#"{{"sub":"42","roles":"{}"}}"#, "reader writer ".repeat(150));
    let signature = "QwErTzUiOpLkJhGfDsAyXcVbNmQwErTzUiOpLkJhGfD";
    let token = format!("{}.{}.{signature}", encode(r#"{"alg":"HS256"}"#), encode(&claims));
    for before in [1024 * 1024 - 1100, 1024 * 1024 - 20, 1024 * 1024 - token.len()] {
        let text = format!("{}{token} {}", "\n".repeat(before), ".".repeat(9000));
        let run = home.ctl_with(&["scan", "-"], text).ended_with(9);
        assert_eq!(1, run.stdout.matches("looks like a JSON Web Token").count(), "{before}: {run}");
    }
}

#[test]
fn what_is_public_by_design_and_plain_code_are_no_findings() {
    let home = TestEnvironment::served();
    let text = "POSTHOG=phc_A1b2C3d4E5f6G7h8J9k0L1m2N3p4Q5r6S7t8U9v0W1x2\n\
        server = http.createServer(8080, A1, 'B2C3D4E5')\nhost = '', PORT = 5432, PATH = x[1]\n\
        Authorization: Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6Ikpv\
        aG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c\n";
    home.ctl_with(&["scan", "-"], text).succeeded();
}
