//! Every name of a place is one secret, and a word that means none is answered with what to type.

use vault_testkit::TestEnvironment;

use crate::one_name::{NEW, OLD, agent, assert_said, total, value, with};

#[test]
fn every_name_of_a_place_is_one_secret_to_set_add_and_import() {
    for (stored, other) in [
        ("skill:twilio-sms:authToken", "skill:twilio:auth_token"),
        ("skill:trello-cards:apiKey", "skill:trello:app-key"),
        ("skill:gemini:clientId", "skill:google:client_id"),
        ("skill:mine:webhook-secret", "skill:mine:webhookSecret"),
    ] {
        let test = with(stored);
        assert_eq!(OLD, value(&test, other));
        test.ctl_with(&["add", other], NEW).ended_with(7);
        assert_said(&test.ctl_with(&["set", other], NEW).succeeded(), other, stored);
        test.ctl_with(&["set", other, "--exact-name"], OLD).succeeded();
        let entries = format!(r#"{{ "{other}": "{NEW}" }}"#);
        let file = test.write("in.json", &entries);
        test.ctl(&["import", "json", file.to_str().unwrap()]).ended_with(7);
        test.ctl(&["import", "json", file.to_str().unwrap(), "--on-conflict", "overwrite"]).succeeded();
        assert_eq!((NEW.to_owned(), 1), (value(&test, stored), total(&test)));
    }
}

#[test]
fn a_file_of_variables_gets_references_to_what_is_stored_under_another_name() {
    let test = with("skill:twilio-sms:authToken");
    let file = test.write("app.env", &format!("TWILIO_AUTH_TOKEN={NEW}\n"));
    let import =
        ["import", "dotenv", file.to_str().unwrap(), "--replace-with-refs", "--on-conflict", "overwrite"];
    test.ctl(&import).succeeded();
    assert_eq!(
        "TWILIO_AUTH_TOKEN=vault://skill:twilio-sms:authToken\n",
        std::fs::read_to_string(file).unwrap()
    );
    assert_eq!(NEW, value(&test, "twilio"));
}

#[test]
fn an_agent_that_lists_nothing_hears_the_full_name_behind_a_platforms_word() {
    for (word, name) in [
        ("openai", "skill:openai:access_token"),
        ("skill:stripe", "skill:stripe:access_token"),
        ("database", "skill:database:connection_string"),
    ] {
        let test = with(name);
        let token = agent(&test, "create,encrypt,rotate,delete:*");
        let speaking =
            |arguments: &[&str]| test.ctl_with(&[&["--token-file", &token], arguments].concat(), NEW);
        let refused = speaking(&["set", word]).ended_with(2);
        assert!(refused.stderr.contains("nothing is stored that you may list"), "{refused}");
        assert!(refused.stderr.contains(&format!("vaultctl set {name};")), "{refused}");
        for arguments in [
            &["rotate", word][..],
            &["rm", word, "--yes"],
            &["rollback", word, "--to", "1"],
            &["set", word, "--keep-value", "--expires", "never"],
        ] {
            let refused = speaking(arguments).ended_with(3);
            assert!(refused.stderr.contains(&format!("`{name}`")), "{refused}");
        }
        speaking(&["set", name]).succeeded();
        speaking(&["rotate", name]).succeeded();
        assert_eq!(NEW, value(&test, word));
    }
}

#[test]
fn a_platforms_name_in_capitals_is_stored_with_a_flag_alone() {
    for (word, platform) in
        [("OPENAI", "openai"), ("Stripe", "stripe"), ("GitHub", "github"), ("Twilio-SMS", "twilio")]
    {
        let test = TestEnvironment::served();
        for command in ["set", "add"] {
            let refused = test.ctl_with(&[command, word], NEW).ended_with(2);
            assert!(refused.stderr.contains(&format!("vaultctl add {platform};")), "{refused}");
        }
        test.ctl_with(&["set", word, "--exact-name"], OLD).succeeded();
        test.ctl_with(&["set", word], NEW).succeeded();
        assert_eq!((NEW.to_owned(), 1), (value(&test, word), total(&test)));
    }
}

#[test]
fn a_mistyped_platform_is_answered_with_at_most_two_guesses() {
    let test = with("skill:openai:access_token");
    test.ctl_with(&["set", "skill:internal-billing:token"], OLD).succeeded();
    for (word, guess) in [
        ("opnai", "skill:openai:access_token"),
        ("OpenAI", "skill:openai:access_token"),
        ("Stripe", "stripe"),
        ("internal-biling", "skill:internal-billing:token"),
        ("anthropc", "anthropic"),
    ] {
        let missed = test.ctl(&["get", word]).ended_with(3);
        assert!(missed.stderr.contains(guess), "{missed}");
        assert!(missed.stderr.matches(" or ").count() + missed.stderr.matches(", ").count() <= 1, "{missed}");
    }
    for command in ["show", "history", "rotate"] {
        let missed = test.ctl(&[command, "opnai"]).ended_with(3);
        assert!(missed.stderr.contains("did you mean openai"), "{missed}");
    }
}
