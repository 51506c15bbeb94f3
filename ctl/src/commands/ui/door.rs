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

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    /// Asks with a head of this form: a line `VERB target`, and headers.
    fn ask(line: &str, headers: &[(&str, &str)]) -> Result<(), Refusal> {
        let (verb, target) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(verb).uri(target);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "127.0.0.1:7777");
        }
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        Door::of(7777).check(&request.body(()).unwrap().into_parts().0)
    }

    fn code(result: Result<(), Refusal>) -> Option<Code> {
        match result {
            Ok(()) => None,
            Err(Refusal::Fault(fault)) => Some(fault.code),
            Err(Refusal::Misdirected) => panic!("misdirected"),
        }
    }

    const OWN: (&str, &str) = ("origin", "http://127.0.0.1:7777");
    const JSON: (&str, &str) = ("content-type", "application/json");

    #[test]
    fn only_the_three_names_of_this_machine_with_the_port_are_ours() {
        for host in ["127.0.0.1:7777", "[::1]:7777", "localhost:7777"] {
            assert_eq!(Ok(()), ask("GET /", &[("host", host)]), "{host}");
        }
        for host in [
            "",
            "127.0.0.1",
            "127.0.0.1:7778",
            "127.0.0.1:07777",
            "localhost.:7777",
            "LOCALHOST:7777",
            "evil.example:7777",
            "127.0.0.1:7777.evil.example",
            "user@127.0.0.1:7777",
            "127.1:7777",
            "0.0.0.0:7777",
            "::1:7777",
        ] {
            assert_eq!(Err(Refusal::Misdirected), ask("GET /", &[("host", host)]), "{host}");
        }
    }

    #[test]
    fn two_hosts_are_none() {
        let twice = [("host", "127.0.0.1:7777"), ("host", "127.0.0.1:7777")];
        assert_eq!(Err(Refusal::Misdirected), ask("GET /", &twice));
    }

    #[test]
    fn a_target_for_a_proxy_is_not_for_us() {
        for target in ["http://127.0.0.1:7777/", "http://evil.example/vault/secrets"] {
            assert_eq!(Err(Refusal::Misdirected), ask(&format!("GET {target}"), &[]), "{target}");
        }
        assert_eq!(Err(Refusal::Misdirected), ask("CONNECT 127.0.0.1:7777", &[]));
    }

    #[test]
    fn an_origin_is_that_of_the_host_that_was_asked() {
        for (host, origin) in [
            ("127.0.0.1:7777", "http://127.0.0.1:7777"),
            ("[::1]:7777", "http://[::1]:7777"),
            ("localhost:7777", "http://localhost:7777"),
        ] {
            assert_eq!(Ok(()), ask("POST /session", &[("host", host), ("origin", origin)]));
        }
        for origin in [
            "null",
            "https://127.0.0.1:7777",
            "http://127.0.0.1:8080",
            "http://localhost:7777",
            "http://evil.example",
            "",
        ] {
            for verb in ["GET /vault/secrets", "GET /", "POST /session", "PUT /a", "DELETE /session"] {
                assert_eq!(Some(Code::Forbidden), code(ask(verb, &[("origin", origin)])), "{verb} {origin}");
            }
        }
    }

    #[test]
    fn what_changes_something_names_its_origin() {
        assert_eq!(Ok(()), ask("GET /vault/status", &[]));
        for verb in ["POST /session", "PUT /vault/secrets/1", "DELETE /session"] {
            assert_eq!(Some(Code::Forbidden), code(ask(verb, &[])), "{verb}");
        }
    }

    #[test]
    fn another_site_gets_nothing_but_to_lead_the_browser_to_the_page() {
        let leading =
            |site| [("sec-fetch-site", site), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        for site in ["none", "cross-site", "same-site"] {
            assert_eq!(Ok(()), ask("GET /", &leading(site)), "{site}");
            for path in ["/vault/secrets", "/app/main.js", "/?", "/session"] {
                let led = code(ask(&format!("GET {path}"), &leading(site)));
                assert_eq!((path != "/?").then_some(Code::Forbidden), led, "{site} {path}");
            }
            assert_eq!(Some(Code::Forbidden), code(ask("GET /", &[("sec-fetch-site", site)])), "{site}");
            let framed =
                [("sec-fetch-site", site), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")];
            assert_eq!(Some(Code::Forbidden), code(ask("GET /", &framed)), "{site}");
            let posted = [
                OWN,
                ("sec-fetch-site", site),
                ("sec-fetch-mode", "navigate"),
                ("sec-fetch-dest", "document"),
            ];
            assert_eq!(Some(Code::Forbidden), code(ask("POST /session", &posted)), "{site}");
        }
        assert_eq!(Ok(()), ask("GET /vault/secrets", &[("sec-fetch-site", "same-origin")]));
    }

    #[test]
    fn other_verbs_are_not_answered() {
        for verb in ["OPTIONS", "HEAD", "PATCH", "TRACE", "BREW"] {
            assert_eq!(Some(Code::MethodNotAllowed), code(ask(&format!("{verb} /"), &[OWN])), "{verb}");
        }
    }

    #[test]
    fn a_body_is_json() {
        let sent =
            |kind| code(ask("POST /vault/secrets", &[OWN, ("content-length", "2"), ("content-type", kind)]));
        for kind in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
            assert_eq!(None, sent(kind), "{kind}");
        }
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "application/jsonp",
            "",
        ] {
            assert_eq!(Some(Code::InvalidRequest), sent(kind), "{kind}");
        }
        assert_eq!(Some(Code::InvalidRequest), code(ask("POST /a", &[OWN, ("content-length", "2")])));
        assert_eq!(None, code(ask("POST /vault/lock", &[OWN])));
    }

    #[test]
    fn a_body_in_pieces_is_refused_whatever_else_is_said() {
        for headers in [
            &[OWN, JSON, ("transfer-encoding", "chunked")][..],
            &[OWN, JSON, ("transfer-encoding", "chunked"), ("content-length", "4")],
            &[OWN, JSON, ("transfer-encoding", "identity")],
        ] {
            assert_eq!(Some(Code::InvalidRequest), code(ask("POST /session", headers)));
        }
    }
}
