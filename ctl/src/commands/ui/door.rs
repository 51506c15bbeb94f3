//! The door: each request, static files too, shows where it comes from before anything is done.

use hyper::Method;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, ORIGIN, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use vault::api::{Code, Fault};

/// Where a request comes from, as the browser says.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const DESTINATION: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Why a request does not come in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is for another server; it learns nothing of this one.
    Misdirected,
    /// It is for us, and may not be.
    Fault(Fault),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// The names under which the server may be asked.
#[derive(Debug)]
pub(super) struct Door {
    hosts: [String; 3],
}

impl Door {
    /// Makes the door of a port.
    pub(super) fn of(port: u16) -> Self {
        Self { hosts: ["127.0.0.1", "[::1]", "localhost"].map(|name| format!("{name}:{port}")) }
    }

    /// Lets a request in by its head.
    ///
    /// # Errors
    /// `Misdirected` for another host; a fault for another origin, another verb, or a body that is no JSON.
    pub(super) fn check(&self, head: &Parts) -> Result<(), Refusal> {
        let host = self.host(head)?;
        if ![Method::GET, Method::POST, Method::PUT, Method::DELETE].contains(&head.method) {
            return Err(Fault::new(Code::MethodNotAllowed, "this method is not answered here").into());
        }
        check_site(head)?;
        check_origin(head, host)?;
        check_body(&head.headers)?;
        Ok(())
    }

    /// Gives the name under which we are asked; a page that made its own name point here is turned away.
    fn host<'r>(&self, head: &'r Parts) -> Result<&'r str, Refusal> {
        let host = only(&head.headers, &HOST).ok().flatten();
        // A target with a scheme or a host is meant for a proxy.
        let is_ours = head.uri.authority().is_none() && head.uri.scheme().is_none();
        host.filter(|host| is_ours && self.hosts.iter().any(|own| own == host)).ok_or(Refusal::Misdirected)
    }
}

/// Another site may do one thing: lead the browser to the page itself.
fn check_site(head: &Parts) -> Result<(), Fault> {
    let site = only(&head.headers, &SITE)?;
    let is_navigation = head.method == Method::GET
        && head.uri.path() == "/"
        && only(&head.headers, &MODE)? == Some("navigate")
        && only(&head.headers, &DESTINATION)? == Some("document");
    match site {
        None | Some("same-origin") => Ok(()),
        Some(_) if is_navigation => Ok(()),
        Some(_) => Err(foreign()),
    }
}

/// An origin is ours, and stands on everything that changes something.
fn check_origin(head: &Parts, host: &str) -> Result<(), Fault> {
    match only(&head.headers, &ORIGIN)? {
        Some(origin) if origin.strip_prefix("http://") == Some(host) => Ok(()),
        None if head.method == Method::GET => Ok(()),
        _ => Err(foreign()),
    }
}

fn foreign() -> Fault {
    Fault::new(Code::Forbidden, "this request comes from another page").hint("use the dashboard's own page")
}

/// A body is JSON, and says how long it is.
fn check_body(headers: &HeaderMap) -> Result<(), Fault> {
    if headers.contains_key(TRANSFER_ENCODING) {
        let fault = Fault::new(Code::InvalidRequest, "a body in pieces is not taken");
        return Err(fault.hint("send it whole, with a Content-Length"));
    }
    let length = only(headers, &CONTENT_LENGTH)?;
    let kind = only(headers, &CONTENT_TYPE)?;
    let is_json = |kind: &str| {
        let essence = kind.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/json")
    };
    match (kind, length) {
        (Some(kind), _) if is_json(kind) => Ok(()),
        (None, None | Some("0")) => Ok(()),
        _ => Err(Fault::new(Code::InvalidRequest, "a body is application/json, and says so")
            .hint("send it with: Content-Type: application/json")),
    }
}

/// Gives the one value of a header; one that stands there twice is not guessed at.
///
/// # Errors
/// `invalid_request` where it stands there twice, or is no text.
pub(super) fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, Fault> {
    let mut values = headers.get_all(name).iter();
    let garbled = || Fault::new(Code::InvalidRequest, format!("the header {name} is garbled"));
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| garbled()),
        (Some(_), Some(_)) => Err(garbled()),
    }
}
