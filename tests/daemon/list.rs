//! Lists: their filters, their order, their pages; and the same for the audit log.

use serde_json::{Value, json};
use vault_testkit::{Daemon, Home, NONE, encoded};

/// Starts a vault with six secrets in two orgs.
fn stocked() -> (Home, Daemon) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    for (name, org, category, expires) in [
        ("skill:slack:token", "default", "skill_credential", None),
        ("skill:slackbot:token", "default", "skill_credential", None),
        ("skill:slack", "default", "skill_credential", Some("2098-01-01T00:00:00.000Z")),
        ("Zebra", "default", "custom", Some("2097-01-01T00:00:00.000Z")),
        ("apple 100%_", "default", "api_key", Some("2099-01-01T00:00:00.000Z")),
        ("apple 100%_", "other", "deploy", None),
    ] {
        daemon.create_with(
            json!({ "name": name, "value": "v", "orgId": org, "category": category, "expiresAt": expires }),
        );
    }
    (home, daemon)
}

pub(crate) fn names(list: &Value) -> Vec<&str> {
    list["secrets"].as_array().unwrap().iter().map(|secret| secret["name"].as_str().unwrap()).collect()
}

pub(crate) fn list(daemon: &Daemon, query: &str) -> Value {
    daemon.get(&format!("/vault/secrets?{query}"))
}

#[test]
fn without_an_org_the_default_one_is_listed_and_a_star_lists_all() {
    let (_home, daemon) = stocked();
    assert_eq!(json!(5), list(&daemon, "")["total"]);
    assert_eq!(json!(6), list(&daemon, "orgId=*")["total"]);
    assert_eq!(json!(0), list(&daemon, "orgId=nobody")["total"]);
}

#[test]
fn an_exact_name_finds_one() {
    let (_home, daemon) = stocked();
    assert_eq!(vec!["skill:slack"], names(&list(&daemon, "name=skill%3Aslack")));
}

#[test]
fn a_category_narrows_and_an_unknown_one_is_refused() {
    let (_home, daemon) = stocked();
    assert_eq!(vec!["apple 100%_"], names(&list(&daemon, "category=api_key")));
    assert_eq!(400, daemon.http("GET", "/vault/secrets?category=nope", NONE).status);
}

#[test]
fn a_platform_finds_its_fields_and_itself_but_never_one_that_begins_alike() {
    let (_home, daemon) = stocked();
    assert_eq!(vec!["skill:slack", "skill:slack:token"], names(&list(&daemon, "platform=slack")));
}

#[test]
fn a_platform_is_found_by_any_of_its_names() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    for name in ["skill:telegram:bot_token", "skill:telegram-bot:chat", "skill:slack:token"] {
        daemon.create(name, "value");
    }
    for platform in ["telegram", "telegram-bot"] {
        let found = list(&daemon, &format!("platform={platform}"));
        assert_eq!(vec!["skill:telegram-bot:chat", "skill:telegram:bot_token"], names(&found), "{platform}");
        assert_eq!(json!(2), found["total"]);
    }
    assert!(names(&list(&daemon, "platform=tele")).is_empty());
}

#[test]
fn a_search_finds_text_whatever_the_case_and_takes_no_wildcards() {
    let (_home, daemon) = stocked();
    assert_eq!(vec!["Zebra"], names(&list(&daemon, "search=zEB")));
    assert_eq!(vec!["apple 100%_"], names(&list(&daemon, &format!("search={}", encoded("100%_")))));
    assert!(names(&list(&daemon, "search=%25")).len() == 1 && names(&list(&daemon, "search=S_A")).is_empty());
}

#[test]
fn filters_narrow_together() {
    let (_home, daemon) = stocked();
    assert_eq!(
        vec!["skill:slackbot:token"],
        names(&list(&daemon, "category=skill_credential&search=bot&orgId=default"))
    );
}

#[test]
fn a_list_is_sorted_as_asked_and_by_name_otherwise() {
    let (_home, daemon) = stocked();
    let by_name = ["Zebra", "apple 100%_", "skill:slack", "skill:slack:token", "skill:slackbot:token"];
    assert_eq!(by_name[..], names(&list(&daemon, ""))[..]);
    assert_eq!("skill:slackbot:token", names(&list(&daemon, "sort=-name"))[0]);
    assert_eq!("apple 100%_", names(&list(&daemon, "sort=-createdAt"))[0]);
    assert_eq!("apple 100%_", names(&list(&daemon, "sort=-expiresAt"))[0]);
    assert_eq!("apple 100%_", names(&list(&daemon, "sort=category"))[0]);
}

#[test]
fn pages_join_to_the_whole_and_each_knows_the_total() {
    let (_home, daemon) = stocked();
    let whole = list(&daemon, "orgId=*");
    let mut joined = Vec::new();
    for offset in [0, 2, 4, 6] {
        let page = list(&daemon, &format!("orgId=*&limit=2&offset={offset}"));
        assert_eq!(json!(6), page["total"]);
        joined.extend(page["secrets"].as_array().unwrap().clone());
    }
    assert_eq!(whole["secrets"], Value::Array(joined));
}

#[test]
fn a_limit_of_nothing_is_an_empty_page() {
    let (_home, daemon) = stocked();
    let page = list(&daemon, "limit=0");
    assert_eq!((json!([]), json!(5)), (page["secrets"].clone(), page["total"].clone()));
}

#[test]
fn a_bad_filter_is_refused_with_its_name() {
    let (_home, daemon) = stocked();
    for query in [
        "limit=-1",
        "limit=many",
        "offset=1.5",
        "sort=value",
        "platform=A",
        "category=oauth",
        "orgId=%20",
        "limit=1&limit=2",
    ] {
        let answer = daemon.http("GET", &format!("/vault/secrets?{query}"), NONE);
        assert_eq!((400, "invalid_request"), (answer.status, answer.code()), "{query}");
        let field = query.split('=').next().unwrap();
        assert!(answer.error().contains(field), "{query}: {}", answer.error());
    }
}

#[test]
fn an_empty_parameter_is_absent_and_one_that_is_not_known_is_ignored() {
    let (_home, daemon) = stocked();
    let whole = list(&daemon, "");
    for query in
        ["category=", "orgId=", "search=&sort=&platform=&name=&limit=&offset=", "_t=1", "colour=red&v=2"]
    {
        assert_eq!(whole, list(&daemon, query), "{query}");
    }
    assert_eq!(json!(1), list(&daemon, "orgId=&search=zeb&_t=1732&category=")["total"]);
    for path in [
        "/vault/status",
        "/vault/presets",
        "/vault/audit-log",
        "/vault/agents",
        "/vault/openapi.json",
        "/metrics",
    ] {
        assert_eq!(200, daemon.http("GET", &format!("{path}?_t=1&orgId="), NONE).status, "{path}");
    }
    assert_eq!(daemon.get("/vault/audit-log?action=create")["total"], json!(6));
    assert_eq!(
        daemon.get("/vault/audit-log?action=create&actor=&outcome=&since=&entryId=&search=")["total"],
        json!(6)
    );
}

#[test]
fn what_changes_something_still_refuses_a_parameter_that_it_does_not_know() {
    let (_home, daemon) = stocked();
    let id = list(&daemon, "name=Zebra")["secrets"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(400, daemon.http("DELETE", &format!("/vault/secrets/{id}?force=1"), NONE).status);
    for (path, body) in [
        ("/vault/secrets", json!({ "name": "a", "value": "v", "colour": "red" })),
        ("/vault/rotate-all", json!({ "orgId": "default", "colour": "red" })),
    ] {
        assert_eq!(400, daemon.http("POST", path, body).status, "{path}");
    }
    assert_eq!(6, daemon.total());
}

#[test]
fn a_limit_beyond_the_most_gives_the_most() {
    let (_home, daemon) = stocked();
    for limit in ["1001", "5000", "4294967296", "18446744073709551615"] {
        let page = daemon.get(&format!("/vault/audit-log?limit={limit}"));
        assert_eq!(page["total"], page["entries"].as_array().unwrap().len(), "{limit}");
        assert_eq!(
            5,
            list(&daemon, &format!("limit={limit}"))["secrets"].as_array().unwrap().len(),
            "{limit}"
        );
        let limit: u64 = limit.parse().unwrap();
        assert!(
            daemon.rpc("vault.auditLog", json!({ "limit": limit }))["result"]["entries"].is_array(),
            "{limit}"
        );
    }
}

#[test]
fn the_log_shows_25_entries_newest_first_and_more_where_asked() {
    let (_home, daemon) = stocked();
    for _ in 0..30 {
        list(&daemon, "");
    }
    let usual = daemon.get("/vault/audit-log");
    let seq = |at: usize| usual["entries"][at]["seq"].as_u64().unwrap();
    assert_eq!((25, seq(24) + 24), (usual["entries"].as_array().unwrap().len(), seq(0)));
    assert!(daemon.audit().len() > 36);
}

#[test]
fn the_log_is_narrowed_by_action_actor_outcome_secret_org_time_and_text() {
    let (_home, daemon) = stocked();
    let total = |query: &str| daemon.get(&format!("/vault/audit-log?{query}"))["total"].as_u64().unwrap();
    daemon.resolve("missing");
    let id = list(&daemon, "name=Zebra")["secrets"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(6, total("action=create"));
    assert_eq!(1, total("actor=system"));
    assert_eq!(1, total("outcome=failed"));
    assert_eq!(1, total(&format!("entryId={id}")));
    assert_eq!(1, total("orgId=other&action=create"));
    assert_eq!(0, total("until=2020-01-01T00%3A00%3A00Z"));
    assert_eq!(total(""), total("since=2020-01-01T00%3A00%3A00Z"));
    assert_eq!(1, total("search=ZEBRA"));
}

#[test]
fn the_name_of_a_deleted_secret_stays_readable_in_the_log() {
    let (_home, daemon) = stocked();
    let id = list(&daemon, "name=Zebra")["secrets"][0]["id"].as_str().unwrap().to_owned();
    daemon.http("DELETE", &format!("/vault/secrets/{id}"), NONE);
    let entry = &daemon.audit()[0];
    assert_eq!(
        (json!("delete"), json!("Zebra"), json!(id)),
        (entry["action"].clone(), entry["entryName"].clone(), entry["vaultEntryId"].clone())
    );
}

#[test]
fn a_search_of_the_log_finds_text_whatever_the_case_and_takes_no_wildcards() {
    let (_home, daemon) = stocked();
    let total = |text: &str| {
        let answer = daemon.rpc("vault.auditLog", json!({ "orgId": "*", "search": text }));
        answer["result"]["total"].as_u64().unwrap()
    };
    assert_eq!(1, total("zEB"));
    assert_eq!(2, total("100%_"));
    assert_eq!((2, 0, 0), (total("%"), total("s_a"), total("\\")));
    assert!(total("UID:") >= 6, "who acted is looked for too");
    let rotated = daemon.http("POST", "/vault/rotate-all", json!({}));
    assert_eq!(json!(5), rotated.body["rotated"]);
    for text in ["rotate", "ROTATE", "otat"] {
        assert_eq!(6, total(text), "{text}: what was done is looked for too");
    }
    assert_eq!((0, 0, 0), (total("ze\0bra"), total("\0"), total(&"x".repeat(100_000))));
}

#[test]
fn a_search_for_what_many_entries_have_is_counted_to_ten_thousand_and_paged_in_order() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let entries: Vec<_> =
        (0..600).map(|number| json!({ "name": format!("common-{number:03}"), "value": "v" })).collect();
    assert_eq!(200, daemon.http("POST", "/vault/import", json!({ "entries": entries })).status);
    for _ in 0..16 {
        assert_eq!(200, daemon.http("POST", "/vault/rotate-all", json!({})).status);
    }
    let page = |text: &str, limit: u64, offset: u64| {
        let question = json!({ "orgId": "*", "search": text, "limit": limit, "offset": offset });
        daemon.rpc("vault.auditLog", question)["result"].clone()
    };
    let places = |page: &Value| {
        let entries = page["entries"].as_array().unwrap();
        entries.iter().map(|entry| entry["seq"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    // Six hundred names, and one actor: of each there are more entries than are counted.
    for text in ["COMMON-", "uid:"] {
        let both = page(text, 100, 9_000);
        assert_eq!(
            (json!(10_000), json!(true)),
            (both["total"].clone(), both["totalCapped"].clone()),
            "{text}"
        );
        assert_eq!(100, places(&both).len());
        assert!(places(&both).is_sorted_by(|newer, older| newer > older), "{text}: newest first");
    }
    let (first, second) = (places(&page("common-", 50, 0)), places(&page("common-", 50, 50)));
    assert_eq!(places(&page("common-", 100, 0)), [first, second].concat());
    let few = page("common-007", 100, 0);
    assert_eq!((json!(17), Value::Null), (few["total"].clone(), few["totalCapped"].clone()));
    assert_eq!(17, places(&few).len());
    let rotated = page("common-59", 5, 0);
    assert_eq!(json!(170), rotated["total"]);
    assert!(rotated["entries"].as_array().unwrap().iter().all(|entry| entry["action"] == "rotate"));
}
