//! Who asks, and what they may do; and what every answer says about itself.
//!
//! On loopback without users everybody who reaches the port is the person at this
//! machine, and may do anything. A page of another site that this person has open may
//! not: it cannot send the word that changes ask for, which only our own pages can read,
//! and a name of its own that leads here is refused.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::Studio;
use crate::server::problem::Problem;

/// What a page of ours may load: itself. The style of an element is set by scripts of
/// ours, and a script of anybody else is never run.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' \
    'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; media-src 'self' blob:; \
    connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

/// The header in which pages send the word that changes ask for.
const CSRF: HeaderName = HeaderName::from_static("x-roadloop-csrf");

/// What may be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Permission {
    /// The catalog, and anonymised images.
    See,
    /// Images as they were recorded.
    SeeRaw,
    /// Boxes, tags, saved selections.
    Edit,
    /// Taking hits away as files.
    Export,
}

impl Permission {
    pub(super) const ALL: [Permission; 4] =
        [Permission::See, Permission::SeeRaw, Permission::Edit, Permission::Export];

    pub(super) fn name(self) -> &'static str {
        match self {
            Permission::See => "see",
            Permission::SeeRaw => "see_raw",
            Permission::Edit => "edit",
            Permission::Export => "export",
        }
    }
}

/// Who may come in.
#[derive(Debug)]
pub(crate) enum Guard {
    /// Whoever sits at this machine.
    Local { name: String, csrf: String },
}

impl Guard {
    pub(crate) fn local() -> Guard {
        let name = std::env::var("USER").or_else(|_| std::env::var("USERNAME"));
        let name = name.ok().filter(|name| !name.trim().is_empty() && name.len() <= 64);
        Guard::Local { name: name.unwrap_or_else(|| "local".to_owned()), csrf: fresh_word() }
    }
}

/// Nobody guesses it: from the seed of the hasher that the system gives each process.
fn fresh_word() -> String {
    use std::hash::{BuildHasher, RandomState};
    let mut hash = Sha256::new();
    for _ in 0..4 {
        hash.update(RandomState::new().hash_one(std::process::id()).to_be_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Who asks.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) name: String,
    /// The word that changes ask for.
    pub(super) csrf: String,
}

impl Caller {
    pub(super) fn may(&self, _permission: Permission) -> bool {
        true
    }

    pub(super) fn must(&self, permission: Permission) -> Result<(), Problem> {
        if self.may(permission) {
            return Ok(());
        }
        let words = match permission {
            Permission::See => "looking at the catalog",
            Permission::SeeRaw => "looking at images as they were recorded",
            Permission::Edit => "changing boxes, tags and selections",
            Permission::Export => "taking files away",
        };
        Err(Problem::forbidden(format!("{words} is not allowed for {}", self.name)))
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Caller, Problem> {
        parts.extensions.get::<Caller>().cloned().ok_or_else(Problem::unauthorized)
    }
}

/// Puts the guard before all routes.
pub(super) fn around(routes: Router, studio: Arc<Studio>) -> Router {
    routes.layer(from_fn_with_state(studio, guarded))
}

async fn guarded(
    State(studio): State<Arc<Studio>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Infallible> {
    let mut response = match admit(&studio.guard, &mut request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    Ok(response)
}

fn admit(guard: &Guard, request: &mut Request) -> Result<(), Problem> {
    let Guard::Local { name, csrf } = guard;
    if !is_this_machine(request.headers()) {
        return Err(Problem::forbidden(
            "this studio is for who sits at this machine: open it as http://127.0.0.1:PORT",
        ));
    }
    let changes = ![Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if changes && !is_same(request.headers().get(CSRF), csrf) {
        return Err(Problem::forbidden(
            "a change needs the header x-roadloop-csrf with the word of /api/v1/me",
        ));
    }
    request.extensions_mut().insert(Caller { name: name.clone(), csrf: csrf.clone() });
    Ok(())
}

/// Whether a header holds a word, in a time that does not tell how much of it was right.
fn is_same(given: Option<&HeaderValue>, word: &str) -> bool {
    given.is_some_and(|given| Sha256::digest(given.as_bytes()) == Sha256::digest(word))
}

/// Whether somebody asks for this machine by a name that only this machine has.
fn is_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn admitted(method: Method, headers: &[(&str, &str)]) -> bool {
        let guard = Guard::Local { name: "ann".to_owned(), csrf: "word".to_owned() };
        let mut request = Request::builder().method(method);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        admit(&guard, &mut request.body(Body::empty()).unwrap()).is_ok()
    }

    #[test]
    fn only_this_machine_is_let_in() {
        for host in ["127.0.0.1:4000", "localhost", "LOCALHOST:1", "[::1]:80", "127.3.4.5"] {
            assert!(admitted(Method::GET, &[("host", host)]), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example:80", "[::2]:80", "", "10.0.0.1"] {
            assert!(!admitted(Method::GET, &[("host", host)]), "{host}");
        }
        assert!(!admitted(Method::GET, &[]));
    }

    #[test]
    fn changes_need_the_word() {
        let host = ("host", "localhost");
        assert!(admitted(Method::POST, &[host, ("x-roadloop-csrf", "word")]));
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            assert!(!admitted(method.clone(), &[host]));
            assert!(!admitted(method, &[host, ("x-roadloop-csrf", "words")]));
        }
    }

    #[test]
    fn words_differ() {
        assert_ne!(fresh_word(), fresh_word());
        assert_eq!(fresh_word().len(), 64);
    }
}
