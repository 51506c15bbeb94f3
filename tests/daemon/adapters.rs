//! The tools of `AgenticMail`: each asks for the fields of a platform by the names that they are stored under there.

use serde_json::json;
use vault::domain::snake_case;
use vault::presets::{Preset, Presets};
use vault_testkit::{Daemon, Home};

/// A tool a line: the platform as it is called there, and the fields that the tool and its form of settings ask for.
const ADAPTERS: &str = include_str!("../fixtures/adapters.txt");
/// What a tool gets by signing in, and what is only a part of a value that its preset has.
const OF_NO_PRESET: [(&str, &str); 4] = [
    ("paypal", "access_token"),
    ("shopify", "storeName"),
    ("supabase", "projectRef"),
    ("zoom-meetings", "access_token"),
];
/// The most names that are read at once.
const AT_ONCE: usize = 100;

/// Lists each tool's platform and field.
fn asked() -> impl Iterator<Item = (&'static str, &'static str)> {
    ADAPTERS.lines().flat_map(|line| {
        let (platform, fields) = line.split_once(' ').unwrap();
        fields.split(' ').map(move |field| (platform, field))
    })
}

fn name((platform, field): (&str, &str)) -> String {
    format!("skill:{platform}:{field}")
}

/// Starts a vault in which each name's value is the name itself.
fn holding(names: &[String]) -> (Home, Daemon) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let entries: Vec<_> = names.iter().map(|name| json!({ "name": name, "value": name })).collect();
    let imported = daemon.http("POST", "/vault/import", json!({ "entries": entries }));
    assert_eq!(200, imported.status, "{}", imported.text);
    (home, daemon)
}

/// Asks for all names, and returns the values.
fn found(daemon: &Daemon, names: &[String]) -> Vec<String> {
    let mut values = Vec::new();
    for names in names.chunks(AT_ONCE) {
        let answer = daemon.http("POST", "/vault/resolve", json!({ "names": names }));
        assert_eq!(200, answer.status, "{}", answer.text);
        let found = answer.body["values"].as_array().unwrap().iter();
        values.extend(found.map(|value| value["value"].as_str().unwrap().to_owned()));
    }
    values
}

#[test]
fn each_tool_finds_its_fields_as_it_names_them() {
    let names: Vec<_> = asked().map(name).collect();
    assert_eq!(144, ADAPTERS.lines().count());
    let (_home, daemon) = holding(&names);
    assert_eq!(names, found(&daemon, &names));
}

#[test]
fn each_tool_finds_its_fields_in_snake_case() {
    assert_eq!(144, ADAPTERS.lines().count());
    let twins: Vec<_> = asked().map(|(platform, field)| name((platform, &snake_case(field)))).collect();
    let (_home, daemon) = holding(&twins);
    assert_eq!(twins, found(&daemon, &asked().map(name).collect::<Vec<_>>()));
}

#[test]
fn each_tool_of_a_platform_with_a_preset_finds_what_is_stored_for_the_platform() {
    let presets = Presets::builtin();
    let fields = |preset: &'static Preset| {
        preset.fields.iter().map(move |field| name((preset.platform.as_str(), &field.field)))
    };
    let (_home, daemon) = holding(&presets.all().iter().flat_map(fields).collect::<Vec<_>>());
    let of_preset: Vec<_> = asked().filter(|(platform, _)| presets.get(platform).is_some()).collect();
    let (missing, known): (Vec<_>, Vec<_>) =
        of_preset.into_iter().partition(|one| OF_NO_PRESET.contains(one));
    assert!(known.len() >= 50, "{} of them have a preset", known.len());
    for one in missing {
        assert_eq!(404, daemon.resolve(&name(one)).status, "{one:?}");
    }
    let values = found(&daemon, &known.iter().copied().map(name).collect::<Vec<_>>());
    for ((platform, field), value) in known.into_iter().zip(values) {
        // What its preset calls otherwise is the key of the platform.
        let expected = presets.field(platform, field).map_or("access_token", |field| field.field.as_str());
        assert_eq!(name((presets.canonical(platform).unwrap(), expected)), value, "{platform} {field}");
    }
}
