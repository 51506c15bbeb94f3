//! The token of an agent, which is shown once.

use vault::api::AgentAdded;

use crate::context::Context;
use crate::failure::Failure;
use crate::show::plain;

/// Prints the token alone, or with `--json` the agent with its token.
pub(super) fn print(made: &AgentAdded, context: &Context) -> Result<(), Failure> {
    let show = context.show;
    let printed =
        if show.is_json() { show.json(made) } else { show.secret_line(made.token.value().expose()) };
    printed.map_err(|failure| {
        let name = made.agent.name.as_str();
        let another = context.command(&format!("agent renew-token {name}"));
        failure.unseen(&format!("the token of agent {name}"), format!("make another with: {another}"))
    })
}

/// Says how the agent's program speaks with its token.
pub(super) fn note(made: &AgentAdded, context: &Context) {
    let (show, name) = (context.show, plain(made.agent.name.as_str()));
    show.note(
        "note: the token is shown this once; the agent's program speaks with it in AGENTICMAIL_VAULT_TOKEN,",
    );
    show.note("  or from a file of mode 0600: vaultctl --token-file FILE list");
    show.note(format_args!("  see what it may do with: vaultctl agent test {name}"));
}
