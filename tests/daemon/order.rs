//! The order of lists: by the bytes of names, then of orgs, and the same at every entrance.

use serde_json::{Value, json};
use vault_testkit::{Daemon, Home};

use crate::list::list;

/// Names and their orgs, as they are listed.
const LISTED: [(&str, &str); 12] = [
    ("10", "default"),
    ("9", "default"),
    ("Zebra", "default"),
    ("a b", "default"),
    ("a-b", "default"),
    ("a_b", "default"),
    ("apple", "Org"),
    ("apple", "default"),
    ("apple", "org"),
    ("skill:slack:token", "default"),
    ("zebra", "default"),
    ("Äpfel", "default"),
];

/// What an MCP client says to list the secrets.
const MCP: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_secrets","arguments":{}}}
"#;

/// A vault in which they were stored in another order.
fn stocked() -> (Home, Daemon) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    for (name, org) in LISTED.iter().rev() {
        daemon.create_with(json!({ "name": name, "value": "a value", "orgId": org, "category": "custom" }));
    }
    (home, daemon)
}

/// Returns the names of a list, each with its org.
fn pairs(secrets: &Value) -> Vec<(&str, &str)> {
    let secrets = secrets.as_array().unwrap();
    secrets.iter().map(|one| (one["name"].as_str().unwrap(), one["orgId"].as_str().unwrap())).collect()
}

#[test]
fn a_list_of_every_org_has_one_order_at_every_entrance() {
    let (home, daemon) = stocked();
    let everything = json!({ "orgId": "*" });
    for answer in
        [daemon.rpc("vault.list", everything.clone()), daemon.stream("vault.list", everything.clone())]
    {
        assert_eq!(LISTED[..], pairs(&answer["result"]["secrets"]));
    }
    assert_eq!(LISTED[..], pairs(&list(&daemon, "orgId=*")["secrets"]));
    assert_eq!(LISTED[..], pairs(&list(&daemon, "orgId=*&sort=name")["secrets"]));
    let run = home.ctl(&["list", "--all-orgs", "--json"], "").succeeded();
    assert_eq!(LISTED[..], pairs(&run.json()["secrets"]));
    let run = home.ctl(&["export", "--reveal", "--org", "*"], "").succeeded();
    assert_eq!(LISTED[..], pairs(&run.json()["entries"]));
}

#[test]
fn an_agents_program_lists_in_the_same_order() {
    let (home, _daemon) = stocked();
    let run = home.ctl(&["mcp"], MCP).succeeded();
    let answer: Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
    let secrets = answer["result"]["structuredContent"]["secrets"].as_array().unwrap();
    let names: Vec<_> = secrets.iter().map(|one| one["name"].as_str().unwrap()).collect();
    let own = LISTED.iter().filter(|(_, org)| *org == "default").map(|(name, _)| *name);
    assert_eq!(own.collect::<Vec<_>>(), names);
}

#[test]
fn what_is_equal_by_another_key_is_in_the_order_of_names_and_reversed_with_it() {
    let (_home, daemon) = stocked();
    let reversed: Vec<_> = LISTED.iter().copied().rev().collect();
    for key in ["category", "expiresAt"] {
        assert_eq!(LISTED[..], pairs(&list(&daemon, &format!("orgId=*&sort={key}"))["secrets"]), "{key}");
        assert_eq!(reversed, pairs(&list(&daemon, &format!("orgId=*&sort=-{key}"))["secrets"]), "{key}");
    }
    assert_eq!(reversed, pairs(&list(&daemon, "orgId=*&sort=-name")["secrets"]));
}

#[test]
fn pages_of_a_list_have_its_order() {
    let (_home, daemon) = stocked();
    for size in [1, 5, 11] {
        let pages = (0..LISTED.len()).step_by(size);
        let pages: Vec<_> = pages
            .map(|from| list(&daemon, &format!("orgId=*&limit={size}&offset={from}"))["secrets"].clone())
            .collect();
        assert_eq!(LISTED[..], pages.iter().flat_map(pairs).collect::<Vec<_>>(), "{size}");
    }
}
