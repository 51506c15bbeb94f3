//! What holds for the presets that are built in.

use std::collections::BTreeSet;

use super::*;

/// The sixteen of the contract: platform, label, category, fields as `name=label`, `*` if optional.
///
/// What tools ask for beyond them comes after, and is optional.
const SIXTEEN: [(&str, &str, Category, &str); 16] = {
    use Category::{CloudStorage, Deploy, SkillCredential as Skill};
    [
        ("openai", "OpenAI", Skill, "access_token=API Key"),
        ("anthropic", "Anthropic", Skill, "access_token=API Key"),
        (
            "google",
            "Google Cloud / Gemini",
            Skill,
            "access_token=API Key, client_id*=OAuth Client ID, client_secret*=OAuth Client Secret",
        ),
        ("elevenlabs", "ElevenLabs", Skill, "access_token=API Key"),
        ("telegram", "Telegram Bot", Skill, "access_token=Bot Token"),
        ("slack", "Slack", Skill, "access_token=Bot Token, signing_secret*=Signing Secret"),
        ("github", "GitHub", Skill, "access_token=Personal Access Token"),
        ("stripe", "Stripe", Skill, "access_token=Secret Key, webhook_secret*=Webhook Secret"),
        ("sendgrid", "SendGrid", Skill, "access_token=API Key"),
        ("twilio", "Twilio", Skill, "account_sid=Account SID, access_token=Auth Token"),
        (
            "aws",
            "AWS",
            CloudStorage,
            "access_key_id=Access Key ID, secret_access_key=Secret Access Key, region*=Region",
        ),
        ("cloudflare", "Cloudflare", Skill, "access_token=API Token, account_id*=Account ID"),
        ("notion", "Notion", Skill, "access_token=Integration Token"),
        ("hubspot", "HubSpot", Skill, "access_token=Private App Token"),
        ("smtp", "SMTP / Email", Deploy, "host=Host, port*=Port, username=Username, password=App Password"),
        ("database", "Database", Deploy, "connection_string=Connection String"),
    ]
};

const HEX: &str = "0123456789abcdef0123456789abcdef";
const MIXED: &str = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789";
const DASHED: &str = "01234567-89ab-cdef-0123-456789abcdef";

/// Made-up values of the right form, in parts so that nothing takes them for real ones.
const RIGHT: [(&str, &str, &[&str]); 35] = [
    ("openai", "access_token", &["sk", "-proj-", MIXED, "_", MIXED]),
    ("anthropic", "access_token", &["sk", "-ant-", "api03-", MIXED, MIXED, "AA"]),
    ("google", "access_token", &["AI", "za", "Sy", "0123456789_-AbCdEfGhIjKlMnOpQrStU"]),
    ("google", "access_token", &["AQ", ".Ab8", MIXED]),
    ("elevenlabs", "access_token", &["sk", "_", HEX, "0123456789abcdef"]),
    ("telegram", "access_token", &["123456789", ":", "AA", "0123456789_-AbCdEfGhIjKlMnOpQrStU"]),
    ("slack", "access_token", &["xo", "xb", "-12345678901-12345678901-", MIXED]),
    ("slack", "access_token", &["xo", "xe.", "xo", "xb-1-", MIXED]),
    ("github", "access_token", &["gh", "p_", MIXED]),
    ("github", "access_token", &["gh", "s_1234_", "eyJhbGci", ".", MIXED, ".", MIXED]),
    ("github", "access_token", &["github", "_pat_", "11AAAAAAA0123456789abc_", MIXED, MIXED]),
    ("stripe", "access_token", &["sk", "_live_", MIXED]),
    ("stripe", "access_token", &["rk", "_test_", MIXED]),
    ("stripe", "webhook_secret", &["wh", "sec_", MIXED]),
    ("sendgrid", "access_token", &["SG", ".", "0123456789_-AbCdEfGhIj", ".", MIXED, "0123456"]),
    ("twilio", "account_sid", &["AC", HEX]),
    ("aws", "access_key_id", &["AK", "IA", "ABCDEFGHIJKLMNOP"]),
    ("aws", "secret_access_key", &["abcd/", MIXED, "+"]),
    ("aws", "region", &["us-gov-west-1"]),
    ("cloudflare", "access_token", &["cf", "ut_", MIXED, MIXED]),
    ("notion", "access_token", &["nt", "n_", "1234", MIXED, "AbCdEf"]),
    ("hubspot", "access_token", &["pat", "-na1-", DASHED]),
    ("smtp", "host", &["smtp.example.com"]),
    ("database", "connection_string", &["postgres", "://user:word@localhost:5432/app?sslmode=require"]),
    ("database", "connection_string", &["Server=db;", "User Id=app"]),
    ("groq", "access_token", &["gs", "k_", MIXED]),
    ("huggingface", "access_token", &["h", "f_", MIXED]),
    ("digitalocean", "access_token", &["dop", "_v1_", HEX, HEX]),
    ("discord", "access_token", &["MTIzNDU2Nzg5MDEyMzQ1Njc4", ".", "AbCdEf", ".", MIXED]),
    ("airtable", "access_token", &["pat", "0123456789AbCd", ".", HEX, HEX]),
    ("mailchimp", "access_token", &[HEX, "-us", "21"]),
    ("square", "access_token", &["sandbox", "-sq0", "atb-", MIXED]),
    ("slack", "app_token", &["xa", "pp-1-A0123456789-1234567890123-", HEX]),
    ("dockerhub", "username", &["some_body"]),
    ("fal", "access_token", &[DASHED, ":", HEX]),
];

const WRONG: [(&str, &str, &str); 14] = [
    ("openai", "access_token", "pk-0123456789abcdefghij"),
    ("anthropic", "access_token", "sk-0123456789abcdefghij"),
    ("google", "client_id", "me@example.com"),
    ("telegram", "access_token", "@my_bot"),
    ("slack", "signing_secret", "not hexadecimal"),
    ("github", "access_token", "https://github.com"),
    ("stripe", "access_token", "pk_live_0123456789"),
    ("sendgrid", "access_token", "SG.one-part-alone"),
    ("twilio", "account_sid", "SK0123456789abcdef0123456789abcdef"),
    ("aws", "region", "Frankfurt"),
    ("hubspot", "access_token", "01234567-89ab-cdef-0123-456789abcdef"),
    ("smtp", "host", "smtp://smtp.example.com"),
    ("smtp", "port", "smtps"),
    ("database", "connection_string", "localhost"),
];

/// Runs a check on every field of every preset.
fn each_field(check: impl Fn(&Preset, &PresetField)) {
    for preset in Presets::builtin().all() {
        preset.fields.iter().for_each(|field| check(preset, field));
    }
}

fn field(platform: &str, field: &str) -> &'static PresetField {
    Presets::builtin().field(platform, field).unwrap()
}

#[test]
fn the_sixteen_have_exactly_the_contracts_fields() {
    for (platform, label, category, fields) in SIXTEEN {
        let preset = Presets::builtin().get(platform).unwrap();
        let mark = |field: &PresetField| if field.optional { "*" } else { "" };
        let line = |field: &PresetField| format!("{}{}={}", field.field, mark(field), field.label);
        let found: Vec<String> = preset.fields.iter().map(line).collect();
        assert_eq!((preset.label.as_str(), preset.category), (label, category), "{platform}");
        let (stated, beyond) = found.split_at(fields.split(", ").count());
        assert_eq!(stated.join(", "), fields, "{platform}");
        assert!(beyond.iter().all(|field| field.contains("*=")), "{platform}: {beyond:?}");
    }
}

#[test]
fn a_setting_is_known_as_one_by_every_name_of_its_field() {
    for name in [
        "skill:twilio:account_sid",
        "skill:twilio-sms:accountSid",
        "skill:algolia:appId",
        "skill:jira:username",
    ] {
        assert!(!Presets::builtin().is_secret(name), "{name}");
    }
    for name in ["skill:twilio-sms:authToken", "skill:trello:accountSid", "skill:twilio:other", "accountSid"]
    {
        assert!(Presets::builtin().is_secret(name), "{name}");
    }
}

#[test]
fn the_placeholders_that_the_contract_states_are_kept() {
    let stated = [
        ("openai", "access_token", "sk-..."),
        ("anthropic", "access_token", "sk-ant-..."),
        ("elevenlabs", "access_token", "xi_..."),
        ("slack", "access_token", "xoxb-..."),
        ("github", "access_token", "ghp_..."),
        ("stripe", "access_token", "sk_live_..."),
        ("sendgrid", "access_token", "SG..."),
        ("twilio", "account_sid", "AC..."),
        ("aws", "access_key_id", "AKIA..."),
        ("notion", "access_token", "secret_..."),
        ("hubspot", "access_token", "pat-..."),
    ];
    for (platform, name, placeholder) in stated {
        assert_eq!(field(platform, name).placeholder, placeholder, "{platform}.{name}");
    }
}

#[test]
fn at_least_forty_platforms_are_known_and_sorted() {
    let platforms: Vec<&str> =
        Presets::builtin().all().iter().map(|preset| preset.platform.as_str()).collect();
    assert!(platforms.len() >= 40);
    assert!(platforms.is_sorted());
}

#[test]
fn every_pattern_compiles_and_is_anchored() {
    each_field(|preset, field| {
        let Some(pattern) = &field.pattern else { return };
        assert!(pattern.starts_with('^') && pattern.ends_with('$'), "{}.{}", preset.platform, field.field);
        Regex::new(pattern).unwrap();
    });
}

#[test]
fn a_placeholder_or_an_empty_value_is_judged_without_a_crash() {
    each_field(|preset, field| {
        assert!(!field.placeholder.is_empty(), "{}.{}", preset.platform, field.field);
        field.matches(&field.placeholder);
        assert_eq!(field.matches(""), field.pattern.is_none(), "{}.{}", preset.platform, field.field);
    });
}

#[test]
fn no_name_stands_for_two_platforms() {
    let names: Vec<&str> = Presets::builtin().all().iter().flat_map(Preset::names).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
}

#[test]
fn no_name_of_a_field_stands_for_two() {
    for preset in Presets::builtin().all() {
        let names: Vec<&str> = preset.fields.iter().flat_map(PresetField::names).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{}", preset.platform);
        for name in names {
            assert!(
                preset.field(name).unwrap().names().any(|known| known == name),
                "{}.{name}",
                preset.platform
            );
        }
    }
}

#[test]
fn no_variable_fills_two_fields() {
    let fields = Presets::builtin().all().iter().flat_map(|preset| &preset.fields);
    let variables: Vec<&String> = fields.flat_map(|field| &field.env).collect();
    assert_eq!(variables.iter().collect::<BTreeSet<_>>().len(), variables.len());
}

#[test]
fn every_preset_names_its_source_and_requires_a_field() {
    for preset in Presets::builtin().all() {
        assert!(preset.source.starts_with("https://"), "{}", preset.platform);
        assert!(preset.fields.iter().any(|field| !field.optional), "{}", preset.platform);
    }
}

#[test]
fn a_value_of_the_right_form_matches() {
    for (platform, name, parts) in RIGHT {
        assert!(field(platform, name).matches(&parts.concat()), "{platform}.{name}");
    }
}

#[test]
fn a_value_with_something_around_it_does_not_match() {
    for (platform, name, parts) in RIGHT {
        let value = parts.concat();
        for wrong in
            [format!(" {value}"), format!("{value}\n"), format!("\"{value}\""), format!("KEY={value}")]
        {
            assert!(!field(platform, name).matches(&wrong), "{platform}.{name}");
        }
    }
}

#[test]
fn an_obviously_wrong_value_does_not_match() {
    for (platform, name, wrong) in WRONG {
        assert!(!field(platform, name).matches(wrong), "{platform}.{name}");
    }
}

#[test]
fn a_field_without_a_pattern_takes_any_value() {
    assert!(field("smtp", "password").matches("four words of it"));
}

#[test]
fn a_pattern_from_elsewhere_that_does_not_compile_takes_any_value() {
    let mut broken = field("openai", "access_token").clone();
    (broken.pattern, broken.compiled) = (Some("(".to_owned()), OnceLock::new());
    assert!(broken.matches("anything"));
}

#[test]
fn an_alias_finds_its_platform() {
    let aliases = [
        ("telegram-bot", "telegram"),
        ("aws-services", "aws"),
        ("twilio-sms", "twilio"),
        ("sendgrid-email", "sendgrid"),
        ("cloudflare-cdn", "cloudflare"),
        ("hubspot-crm", "hubspot"),
        ("google-cloud", "google"),
        ("gemini", "google"),
        ("github-actions", "github"),
        ("gitlab-ci", "gitlab"),
        ("docker-containers", "dockerhub"),
        ("zoom-meetings", "zoom"),
    ];
    for (alias, platform) in aliases {
        assert_eq!(Presets::builtin().canonical(alias), Some(platform));
    }
}

#[test]
fn a_name_that_only_resembles_a_platform_finds_nothing() {
    for name in ["slackbot", "OpenAI", "openai ", ""] {
        assert_eq!(Presets::builtin().canonical(name), None);
    }
}

#[test]
fn a_variable_finds_its_field() {
    let (preset, field) = Presets::builtin().by_variable("AWS_DEFAULT_REGION").unwrap();
    assert_eq!((preset.platform.as_str(), field.field.as_str()), ("aws", "region"));
    assert!(Presets::builtin().by_variable("PATH").is_none());
}

#[test]
fn a_typo_finds_its_neighbour() {
    let typos = [
        ("opnai", "openai"),
        ("antropic", "anthropic"),
        ("gihtub", "github"),
        ("Sendgird", "sendgrid"),
        ("hugging", "hugging-face"),
        ("telegram-bt", "telegram-bot"),
    ];
    for (typo, neighbour) in typos {
        assert_eq!(Presets::builtin().nearest(typo, 1), [neighbour]);
    }
}

#[test]
fn nothing_is_near_to_what_resembles_nothing() {
    for far in ["", "zzzzzzzz", &"o".repeat(10_000)] {
        assert_eq!(Presets::builtin().nearest(far, 3), Vec::<&str>::new());
    }
}

#[test]
fn at_most_as_many_neighbours_come_as_were_asked_for() {
    assert_eq!(Presets::builtin().nearest("lang", 2), ["langchain", "langfuse"]);
}

#[test]
fn an_answer_leaves_out_the_source_and_can_be_read_back() {
    let preset = Presets::builtin().get("slack").unwrap();
    let answer = serde_json::to_value(preset).unwrap();
    assert!(answer.get("source").is_none());
    let read: Preset = serde_json::from_value(answer.clone()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), answer);
}

#[test]
fn a_word_that_is_another_is_no_typing_error() {
    let likely = |word: &str| Presets::builtin().likely(word, 2);
    for (word, platform) in
        [("opnai", "openai"), ("OPENAI", "openai"), ("githbu", "github"), ("strpie", "stripe")]
    {
        assert_eq!([platform], likely(word)[..1], "{word}");
    }
    for word in ["nothing", "nowhere", "session-secret", "db-url", "production"] {
        assert!(likely(word).is_empty(), "{word}: {:?}", likely(word));
    }
}
