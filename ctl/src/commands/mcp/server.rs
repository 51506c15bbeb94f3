//! The protocol: the list of tools, and calls handed on to threads that may wait.

use std::sync::mpsc::Sender;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};
use tokio::sync::oneshot;

use super::tools::{Answer, Job, Tool};
use crate::failure::Failure;

const INSTRUCTIONS: &str = "\
Secrets (API keys, passwords) of this machine's user, kept by AgenticMail Vault. You never see a value. Find what there \
is with discover_secrets or list_secrets, then use run_command: it puts values into the environment of the command \
that needs them, and masks them in its output. Where a secret is missing, request_secret gives the command that your \
user runs to add it. Never ask your user to paste a secret into the conversation.";

/// The server.
struct Server {
    jobs: Sender<Job>,
}

/// Serves on stdin and stdout until stdin is closed.
pub(super) fn serve(jobs: Sender<Job>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        let service = Server { jobs }.serve(rmcp::transport::stdio()).await.map_err(|_| unspoken())?;
        service.waiting().await.map(drop).map_err(|_| unspoken())
    });
    // Reading stdin cannot be interrupted; nobody waits for it.
    runtime.shutdown_background();
    ended
}

fn unspoken() -> Failure {
    Failure::usage(
        "whoever started this does not speak MCP",
        "an agent's program starts it; set that up with: vaultctl integrate",
    )
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let program = Implementation::new("agenticmail-vault", env!("CARGO_PKG_VERSION"));
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        ServerConfig::new(capabilities).with_server_info(program).with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(Tool::ALL.iter().map(|tool| tool.described()).collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let tool = Tool::named(&request.name)
            .ok_or_else(|| ErrorData::invalid_params("there is no such tool", None))?;
        let (reply, answer) = oneshot::channel();
        let arguments = request.arguments.unwrap_or_default();
        let cancelled = context.ct.clone();
        let gone = || ErrorData::internal_error("the server is ending", None);
        let job = Job::new(tool, arguments, reply);
        let stop = job.stop();
        self.jobs.send(job).map_err(|_| gone())?;
        let answer = tokio::select! {
            answer = answer => answer.map_err(|_| gone())?,
            () = cancelled.cancelled() => {
                stop.now();
                return Err(ErrorData::internal_error("the call was cancelled", None));
            }
        };
        Ok(match answer {
            Answer::Done(value) => CallToolResult::structured(value).into(),
            Answer::Refused(words) => CallToolResult::error(vec![ContentBlock::text(words)]).into(),
        })
    }
}
