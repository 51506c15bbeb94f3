//! What a command works with: where the vault is, which org is meant, and how to show.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vault::agents::Token;
use vault::api::{Code, Fault, Files, Operation, Status, StatusOf};
use vault::client::{self, Client, SocketSearch};
use vault::domain::{OrgId, OrgScope};
use zeroize::Zeroizing;

use crate::cli::Global;
use crate::env;
use crate::failure::Failure;
use crate::quote::for_argument;
use crate::show::Show;
use crate::token::Credential;

/// The longest path of a Unix socket, in bytes.
pub(crate) const SOCKET_PATH_BYTES: usize = 107;

/// The answers to a user whom no daemon tells where its files are.
const NOT_TOLD: [Code; 3] = [Code::Unavailable, Code::Unauthorized, Code::Forbidden];

/// What a command works with.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    /// The vault's folder.
    pub(crate) home: PathBuf,
    /// The printer.
    pub(crate) show: Show,
    org: Option<OrgScope>,
    search: SocketSearch,
    credential: Option<Arc<Credential>>,
}

impl Context {
    /// Settles where the vault is and which org is meant.
    ///
    /// # Errors
    /// `invalid_request` where no home is named and the user has none, the named token cannot be read, or the variable of
    /// the org names none.
    pub(crate) fn new(global: Global, show: Show) -> Result<Self, Failure> {
        let home = global.home.or_else(env::home).ok_or_else(|| {
            Failure::usage(
                "there is no home folder",
                "name the vault's folder with --home or AGENTICMAIL_HOME",
            )
        })?;
        let search = SocketSearch { flag: global.socket, variable: env::socket(), home: Some(home.clone()) };
        let credential = Credential::find(global.token_file.as_deref())?.map(Arc::new);
        let org = match global.org {
            Some(org) => Some(org),
            None => env::org()?.map(OrgScope::One),
        };
        Ok(Self { home, show, org, search, credential })
    }

    /// Does an operation at the daemon.
    ///
    /// # Errors
    /// What the daemon answered; `unavailable` with what to do about it where nobody did.
    pub(crate) fn call<O: Operation>(&self, operation: &O) -> Result<O::Answer, Failure> {
        self.call_on(&mut self.connect()?, operation)
    }

    /// Connects to the daemon, as the agent whose token there is.
    ///
    /// # Errors
    /// `unavailable` with what to do about it where nobody answers, `unauthorized` for a token that is not valid.
    pub(crate) fn connect(&self) -> Result<Client, Failure> {
        let socket = self.socket();
        let mut client = Client::connect(&socket).map_err(|fault| self.advised(fault, &socket))?;
        if let Some(credential) = &self.credential {
            client.authenticate(&credential.token).map_err(|fault| credential.advised(fault))?;
        }
        Ok(client)
    }

    /// Makes sure that a daemon answers, and takes the agent's token; it may be locked.
    ///
    /// # Errors
    /// `unavailable` with what to do about it where nobody answers, `unauthorized` for a token that is not valid.
    pub(crate) fn reachable(&self) -> Result<(), Failure> {
        match self.connect() {
            Err(Failure::Fault(fault)) if fault.code == Code::Locked => Ok(()),
            connected => connected.map(drop),
        }
    }

    /// Gives the token of the agent to speak as.
    pub(crate) fn token(&self) -> Option<&Token> {
        self.credential.as_ref().map(|credential| &credential.token)
    }

    /// Does an operation as the user, whatever token there is.
    ///
    /// # Errors
    /// What the daemon answered; `unavailable` where nobody did.
    pub(crate) fn call_plainly<O: Operation>(&self, operation: &O) -> Result<O::Answer, Failure> {
        let socket = self.socket();
        let mut client = Client::connect(&socket).map_err(|fault| self.advised(fault, &socket))?;
        Ok(client.call(operation)?)
    }

    /// Asks the daemon where its files are; `None` if no daemon answers, or if the user is not one of its owners.
    ///
    /// # Errors
    /// What the daemon answered otherwise.
    pub(crate) fn served_files(&self) -> Result<Option<Files>, Failure> {
        match self.call_plainly(&StatusOf::default()) {
            Ok(status) => Ok(status.files),
            Err(Failure::Fault(fault)) if NOT_TOLD.contains(&fault.code) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Does an operation on a connection.
    ///
    /// # Errors
    /// What the daemon answered.
    pub(crate) fn call_on<O: Operation>(
        &self,
        client: &mut Client,
        operation: &O,
    ) -> Result<O::Answer, Failure> {
        Ok(client.call(operation).map_err(|fault| self.advised_as_agent(fault))?)
    }

    /// Says in a refusal that an agent's token was judged, if there is one.
    pub(crate) fn advised_as_agent(&self, fault: Fault) -> Fault {
        match &self.credential {
            Some(credential) => credential.advised(fault),
            None => fault,
        }
    }

    /// Asks over HTTP, on a connection of its own, as the agent whose token there is; the answer is to be read from it.
    ///
    /// # Errors
    /// `unavailable` if no daemon answers.
    pub(crate) fn get(&self, target: &str, headers: &str) -> Result<UnixStream, Fault> {
        let socket = self.socket();
        let mut stream = client::connect(&socket).map_err(|fault| self.advised(fault, &socket))?;
        let bearer = |token: &Token| format!("Authorization: Bearer {}\r\n", token.expose());
        let token = Zeroizing::new(self.token().map_or_else(String::new, bearer));
        // The older version has no chunks to put together.
        let request = Zeroizing::new(format!("GET {target} HTTP/1.0\r\n{headers}{}\r\n", *token));
        match stream.write_all(request.as_bytes()) {
            Ok(()) => Ok(stream),
            Err(_) => Err(self.advised(Fault::new(Code::Unavailable, "no daemon answers"), &socket)),
        }
    }

    /// Asks the daemon how it is, before a person types a value in vain.
    ///
    /// # Errors
    /// `unavailable` where nobody answers, `locked` where the vault is.
    pub(crate) fn unlocked(&self) -> Result<Status, Failure> {
        let status = self.call(&StatusOf::default())?;
        status.refusal().map_or(Ok(status), |fault| Err(fault.into()))
    }

    /// Gives the socket that is used.
    pub(crate) fn socket(&self) -> PathBuf {
        self.search.path()
    }

    /// Gives the socket that was named, by flag or variable.
    pub(crate) fn named_socket(&self) -> Option<&Path> {
        self.search.flag.as_deref().or(self.search.variable.as_deref())
    }

    /// Gives the org where one was named; `default` is the daemon's to add.
    ///
    /// # Errors
    /// `invalid_request` for `*`.
    pub(crate) fn one_org(&self) -> Result<Option<OrgId>, Failure> {
        match &self.org {
            None => Ok(None),
            Some(OrgScope::One(org)) => Ok(Some(org.clone())),
            Some(OrgScope::All) => {
                Err(Failure::usage("this command needs one org, not all of them", "name it with --org"))
            }
        }
    }

    /// Returns the same for an org, if one is given.
    pub(crate) fn in_org(&self, org: Option<&OrgId>) -> Self {
        let one = org.cloned().map(OrgScope::One);
        Self { org: one.or_else(|| self.org.clone()), ..self.clone() }
    }

    /// Gives the org or the orgs that were named.
    pub(crate) fn orgs(&self) -> Option<OrgScope> {
        self.org.clone()
    }

    /// Writes the daemon's command, with the home where it is not the usual one.
    pub(crate) fn daemon_command(&self) -> String {
        format!("vaultd{}", self.home_option())
    }

    /// Writes a command of this program, with the home where it is not the usual one.
    pub(crate) fn command(&self, words: &str) -> String {
        format!("vaultctl{} {words}", self.home_option())
    }

    /// Gives the arguments with which this program finds the same vault from anywhere, as the same agent.
    pub(crate) fn arguments(&self, command: &str) -> Vec<String> {
        let mut arguments = Vec::new();
        let mut put = |option: &str, path: &Path| {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            arguments.extend([option.to_owned(), path.to_string_lossy().into_owned()]);
        };
        if env::default_home().as_ref() != Some(&self.home) {
            put("--home", &self.home);
        }
        if let Some(socket) = self.named_socket() {
            put("--socket", socket);
        }
        if let Some(file) = self.credential.as_deref().and_then(Credential::file) {
            put("--token-file", file);
        }
        if let Some(OrgScope::One(org)) = &self.org {
            arguments.extend(["--org".to_owned(), org.to_string()]);
        }
        arguments.push(command.to_owned());
        arguments
    }

    fn home_option(&self) -> String {
        if env::home().as_ref() == Some(&self.home) {
            String::new()
        } else {
            format!(" --home {}", *for_argument(&self.home.to_string_lossy()))
        }
    }

    /// Says what to do where nobody answers.
    fn advised(&self, fault: Fault, socket: &Path) -> Fault {
        if fault.code != Code::Unavailable {
            return fault;
        }
        let fault = Fault { message: format!("no daemon answers at {}", socket.display()), ..fault };
        let daemon = self.daemon_command();
        if socket.as_os_str().len() > SOCKET_PATH_BYTES {
            let long = format!(
                "a socket's path takes at most {SOCKET_PATH_BYTES} bytes; choose a shorter one with --socket"
            );
            return fault.hint(long);
        }
        if is_forbidden(socket) {
            return fault
                .hint("your user or a sandbox may not use this socket; see which with: vaultctl doctor");
        }
        if is_socket(socket) {
            return fault.hint(format!("the daemon has ended; start it again with: {daemon}"));
        }
        if socket.exists() {
            return fault
                .hint("what is there is no socket; name the daemon's with --socket, or leave that out");
        }
        if self.home.join("vault.db").exists() || !socket.starts_with(&self.home) {
            return fault.hint(format!("start the daemon with: {daemon}"));
        }
        let init = self.command("init");
        fault.hint(format!("make a vault with: {init}; then start the daemon with: {daemon}"))
    }
}

fn is_socket(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    path.metadata().is_ok_and(|meta| meta.file_type().is_socket())
}

fn is_forbidden(socket: &Path) -> bool {
    let denied = |error: &std::io::Error| error.kind() == std::io::ErrorKind::PermissionDenied;
    std::os::unix::net::UnixStream::connect(socket).is_err_and(|error| denied(&error))
}
