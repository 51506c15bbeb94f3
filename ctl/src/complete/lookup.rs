//! Asking the daemon for names, within a moment, as whoever types.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::time::Duration;

use clap::Parser;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use vault::api::{AgentList, Discovered, Secret, SecretList};

use crate::cli::Global;
use crate::context::Context;
use crate::env;
use crate::show::Show;

/// The longest that a shell waits for names.
const PATIENCE: Duration = Duration::from_secs(1);
/// The most secrets that one question looks at.
const LIMIT: u32 = 500;

/// Names, each with a word about it.
pub(super) type Names = Vec<(String, String)>;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// Secrets by name.
    Secrets,
    /// Secrets by name, and their platforms.
    Keys,
    /// Platforms of which something is stored.
    Platforms,
    /// Agents.
    Agents,
    /// Orgs that have secrets.
    Orgs,
}

/// Where the daemon is and which org is meant, as far as the words say.
#[derive(Debug, Clone)]
pub(super) struct Place(Vec<String>);

/// The options of the words so far, read by themselves.
#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
struct Options {
    #[command(flatten)]
    global: Global,
}

impl Place {
    /// Takes the options that say where the daemon is out of the words so far.
    pub(super) fn of(words: &[String]) -> Self {
        let mut taken = Vec::new();
        let before = words.split_last().map_or(words, |(_, before)| before);
        let mut before = before.iter().take_while(|word| *word != "--");
        while let Some(word) = before.next() {
            let (option, value) = match word.split_once('=') {
                Some((option, value)) => (option, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            if ["--home", "--socket", "--token-file", "--org"].contains(&option)
                && let Some(value) = value.or_else(|| before.next().cloned())
            {
                taken.push(format!("{option}={}", at_home(value)));
            }
        }
        Self(taken)
    }

    /// Asks the daemon; gives nothing where it does not answer in time, or refuses.
    pub(super) fn ask(&self, question: Question, sought: &str) -> Names {
        let (sender, answer) = channel();
        let (place, sought) = (self.clone(), sought.to_owned());
        // Whoever does not answer is left behind: this process ends soon.
        std::thread::spawn(move || sender.send(place.names(question, &sought)));
        answer.recv_timeout(PATIENCE).ok().flatten().unwrap_or_default()
    }

    fn names(&self, question: Question, sought: &str) -> Option<Names> {
        let options = Options::try_parse_from(&self.0).ok()?;
        let context = Context::new(options.global, Show::before_parsing(false)).ok()?;
        let org =
            context.orgs().map_or_else(String::new, |org| format!("&orgId={}", encoded(&String::from(org))));
        let search = if sought.is_empty() { String::new() } else { format!("&search={}", encoded(sought)) };
        let secrets = || get(&context, &format!("/vault/secrets?limit={LIMIT}{org}{search}"));
        match question {
            Question::Secrets => secrets().as_ref().map(of_secrets),
            Question::Keys => secrets().as_ref().map(of_keys),
            Question::Platforms => {
                get(&context, &format!("/vault/discover?{}", org.trim_start_matches('&'))).map(of_platforms)
            }
            Question::Agents => get(&context, "/vault/agents").map(of_agents),
            Question::Orgs => get(&context, &format!("/vault/secrets?limit={LIMIT}&orgId=*")).map(of_orgs),
        }
    }
}

/// Puts the user's folder in the place of a `~`, which a shell has not done yet.
fn at_home(value: String) -> String {
    let Some(rest) = value.strip_prefix("~/") else { return value };
    let path: Option<PathBuf> = env::user_folder().map(|home| home.join(rest));
    path.map_or(value.clone(), |path| OsString::from(path).to_string_lossy().into_owned())
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Asks over HTTP, where a caller can say what it is: the log then tells completion from a person's question.
fn get<A: DeserializeOwned>(context: &Context, target: &str) -> Option<A> {
    let mut answer = String::new();
    context.get(target, "X-Vault-Client: completion\r\n").ok()?.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let is_fine = head.split(' ').nth(1) == Some("200");
    is_fine.then(|| serde_json::from_str(body).ok()).flatten()
}

fn of_secret(secret: &Secret) -> (String, String) {
    (secret.name.to_string(), secret.category.label().to_owned())
}

fn of_secrets(list: &SecretList) -> Names {
    list.secrets.iter().map(of_secret).collect()
}

fn of_keys(list: &SecretList) -> Names {
    let mut names: BTreeMap<_, _> = list.secrets.iter().map(of_secret).collect();
    let platforms = list.secrets.iter().filter_map(|secret| secret.name.skill());
    for (platform, _) in platforms {
        names.entry(platform.to_owned()).or_insert_with(|| "platform".to_owned());
    }
    names.into_iter().collect()
}

fn of_platforms(found: Discovered) -> Names {
    found.platforms.into_iter().map(|platform| (platform.platform.to_string(), platform.label)).collect()
}

fn of_agents(list: AgentList) -> Names {
    list.agents.into_iter().map(|agent| (agent.name.to_string(), "agent".to_owned())).collect()
}

fn of_orgs(list: SecretList) -> Names {
    let orgs: BTreeMap<_, _> =
        list.secrets.into_iter().map(|secret| (secret.org_id.to_string(), "org".to_owned())).collect();
    orgs.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(words: &[&str]) -> Vec<String> {
        Place::of(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()).0
    }

    #[test]
    fn options_say_where_the_daemon_is_in_either_form() {
        let words = ["vaultctl", "--home", "/a b", "get", "--socket=/s", "--org", "one", ""];
        assert_eq!(["--home=/a b", "--socket=/s", "--org=one"], taken(&words)[..]);
    }

    #[test]
    fn what_is_not_whole_yet_or_belongs_to_another_command_says_nothing() {
        assert!(taken(&["vaultctl", "get", "--home", "/half"]).len() < 2);
        assert!(taken(&["vaultctl", "run", "--", "other", "--home", "/x", ""]).is_empty());
    }
}
