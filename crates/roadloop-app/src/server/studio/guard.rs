//! Who asks, and what they may do; and what every answer says about itself.
//!
//! On loopback without users everybody who reaches the port is the person at this
//! machine, and may do anything. A page of another site that this person has open may
//! not: it cannot send the word that changes ask for, which only our own pages can read,
//! and a name of its own that leads here is refused. With users, who asks shows the cookie
//! of a session or an API token, and changes by a cookie need the session's word.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use roadloop_base::Nanos;
use roadloop_users::{Audit, By, People, Permission, UsersError, Who};
use tokio::task::spawn_blocking;

use super::Studio;
use super::model::{quoted, tags_in};
use super::proxy::{Origin, Proxy};
use crate::server::Peer;
use crate::server::problem::Problem;

/// What a page of ours may load: itself. No script and no style that stands in a page is
/// taken: only files of ours.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob:; font-src 'self'; media-src 'self' blob:; connect-src 'self'; \
    manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// A browser that came by TLS once comes by nothing else.
const ONLY_SECURE: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The header in which pages send the word that changes ask for.
const CSRF: HeaderName = HeaderName::from_static("x-roadloop-csrf");

/// Who may come in.
#[derive(Debug)]
pub(crate) struct Guard {
    doors: Doors,
    line: Line,
}

/// How who asks is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) proxy: Proxy,
    /// This program speaks TLS itself.
    pub(crate) is_tls: bool,
}

impl Line {
    const PLAIN: Line = Line { proxy: Proxy::None, is_tls: false };
}

#[derive(Debug)]
enum Doors {
    /// Whoever sits at this machine.
    Local { name: String, csrf: String },
    /// Who has a name here.
    People(People),
}

impl Guard {
    pub(crate) fn local() -> Result<Guard, UsersError> {
        let name = std::env::var("USER").or_else(|_| std::env::var("USERNAME"));
        let name = name.ok().filter(|name| !name.trim().is_empty() && name.len() <= 64);
        let name = name.unwrap_or_else(|| "local".to_owned());
        let doors = Doors::Local { name, csrf: roadloop_users::fresh_word()? };
        Ok(Guard { doors, line: Line::PLAIN })
    }

    pub(crate) fn people(people: People, line: Line) -> Guard {
        Guard { doors: Doors::People(people), line }
    }

    /// The users, where there are any.
    pub(super) fn users(&self) -> Result<&People, Problem> {
        match &self.doors {
            Doors::People(people) => Ok(people),
            Doors::Local { .. } => Err(Problem::not_found(
                "this studio has no users: it is for who sits at this machine",
            )),
        }
    }

    /// The cookie of sessions. Over TLS its name says that nobody else can have set it.
    pub(super) fn cookie(&self, origin: &Origin) -> &'static str {
        if origin.is_secure { "__Host-roadloop" } else { "roadloop" }
    }

    /// Finds out who asks, unless nobody need be known.
    async fn admit(&self, request: &mut Request) -> Result<Origin, Problem> {
        let peer = request.extensions().get::<ConnectInfo<Peer>>();
        let peer = peer.map(|ConnectInfo(peer)| peer.address.ip());
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let Line { proxy, is_tls } = self.line;
        let origin = proxy.origin(request.headers(), peer, is_tls);
        let changes = ![Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
        let caller = match &self.doors {
            Doors::Local { name, csrf } => {
                if !is_this_machine(request.headers()) {
                    return Err(Problem::forbidden(
                        "this studio is for who sits at this machine: open it as \
                         http://127.0.0.1:PORT",
                    ));
                }
                if changes && !is_word(request.headers(), |given| is_same(given, csrf)) {
                    return Err(no_word());
                }
                Some(Caller { who: Known::Local(name.clone()), csrf: csrf.clone(), origin })
            }
            Doors::People(people) => {
                let cookie = self.cookie(&origin);
                known(people, request.headers(), cookie, origin, changes).await?
            }
        };
        let extensions = request.extensions_mut();
        extensions.insert(origin);
        if let Some(caller) = caller {
            extensions.insert(caller);
        }
        Ok(origin)
    }
}

/// Who a cookie or a token belongs to; nobody where there is neither.
async fn known(
    people: &People,
    headers: &HeaderMap,
    cookie: &str,
    origin: Origin,
    changes: bool,
) -> Result<Option<Caller>, Problem> {
    let now = now();
    if let Some(token) = bearer(headers) {
        let (people, token) = (people.clone(), token.to_owned());
        let who = blocking(move || people.token(&token, now)).await??;
        return Ok(Some(Caller { who: Known::User(who), csrf: String::new(), origin }));
    }
    let Some(secret) = cookie_of(headers, cookie) else { return Ok(None) };
    let (people, secret) = (people.clone(), secret.to_owned());
    let session = match blocking(move || people.session(&secret, now)).await? {
        Ok(session) => session,
        // A cookie of a session that is over is none.
        Err(UsersError::NoSession) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if changes && !is_word(headers, |given| session.csrf.matches(given)) {
        return Err(no_word());
    }
    let csrf = session.csrf.reveal();
    Ok(Some(Caller { who: Known::User(session.who), csrf, origin }))
}

/// Runs what blocks: hashing, and the file of users.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    spawn_blocking(work).await.map_err(|_| Problem::busy("the work was stopped; try again"))
}

pub(super) fn now() -> Nanos {
    Nanos(chrono::Utc::now().timestamp_nanos_opt().unwrap_or_default())
}

fn no_word() -> Problem {
    Problem::forbidden("a change needs the header x-roadloop-csrf with the word of /api/v1/me")
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

pub(super) fn cookie_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';'));
    pairs
        .find_map(|pair| pair.trim().split_once('=').filter(|(key, _)| *key == name))
        .map(|(_, value)| value)
}

/// Who asks.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    who: Known,
    /// The word that changes ask for; none for who comes with a token.
    pub(super) csrf: String,
    pub(super) origin: Origin,
}

#[derive(Clone, Debug)]
enum Known {
    Local(String),
    User(Who),
}

impl Caller {
    pub(super) fn name(&self) -> &str {
        match &self.who {
            Known::Local(name) => name,
            Known::User(who) => who.name().as_str(),
        }
    }

    /// `viewer`, `worker`, `reviewer`, `admin`; who sits at this machine has none.
    pub(super) fn role(&self) -> Option<&'static str> {
        match &self.who {
            Known::Local(_) => None,
            Known::User(who) => Some(who.role().name()),
        }
    }

    pub(super) fn may(&self, permission: Permission) -> bool {
        match &self.who {
            // There is nobody to be administered.
            Known::Local(_) => permission != Permission::Administer,
            Known::User(who) => who.may(permission),
        }
    }

    pub(super) fn must(&self, permission: Permission) -> Result<(), Problem> {
        match &self.who {
            Known::User(who) => Ok(who.needs(permission)?),
            Known::Local(_) => Ok(()),
        }
    }

    /// The user, where there are users.
    pub(super) fn user(&self) -> Result<&Who, Problem> {
        match &self.who {
            Known::User(who) => Ok(who),
            Known::Local(_) => Err(Problem::not_found("this studio has no users")),
        }
    }
}

impl Studio {
    /// Writes down what somebody did, and says whether it could. Where not, it was done all
    /// the same, and the log of the program says so.
    pub(super) async fn note(&self, caller: &Caller, action: &'static str, about: String) -> bool {
        let (Ok(people), Known::User(who)) = (self.guard.users(), &caller.who) else {
            return true;
        };
        let line = Audit::done(By::Who(who, caller.origin.from), action, about, now());
        let people = people.clone();
        match blocking(move || people.note(&line)).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!("the audit log was not written: {error}");
                false
            }
            Err(_) => false,
        }
    }
}

/// Who saw raw images of a recording is written down this often.
const RAW_EVERY: Duration = Duration::from_secs(600);

/// More who look at more recordings are written down more often.
const MOST_RAW: usize = 10_000;

/// Who saw raw images of which recording, and when that was written down last.
#[derive(Debug, Default)]
pub(super) struct RawSeen(Mutex<HashMap<(String, String), Instant>>);

impl RawSeen {
    fn seen(&self) -> MutexGuard<'_, HashMap<(String, String), Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is to be written down now.
    fn is_new(&self, key: &(String, String)) -> bool {
        self.seen().get(key).is_none_or(|at| at.elapsed() >= RAW_EVERY)
    }

    fn keep(&self, key: (String, String)) {
        let mut seen = self.seen();
        if seen.len() >= MOST_RAW {
            seen.clear();
        }
        seen.insert(key, Instant::now());
    }
}

impl Studio {
    /// Somebody sees images or a film as they were recorded: written down now and then, as
    /// they do it many times a minute.
    pub(super) async fn saw_raw(&self, caller: &Caller, what: &'static str, about: String) {
        let key = (caller.name().to_owned(), format!("{what} {about}"));
        if caller.role().is_some()
            && self.raw_seen.is_new(&key)
            && self.note(caller, what, about).await
        {
            self.raw_seen.keep(key);
        }
    }

    /// Does something that changes what is kept, and writes it down, also where who asked
    /// has hung up meanwhile.
    pub(super) async fn to_the_end<T: Send + 'static>(
        work: impl Future<Output = Result<T, Problem>> + Send + 'static,
    ) -> Result<T, Problem> {
        let done = tokio::spawn(work).await;
        done.map_err(|_| Problem::busy("the work was stopped; look whether it was done"))?
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Caller, Problem> {
        let caller = parts.extensions.get::<Caller>().cloned();
        caller.ok_or_else(|| UsersError::NoSession.into())
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
    let known = tags_in(request.headers(), header::IF_NONE_MATCH);
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    let (mut response, is_secure) = match studio.guard.admit(&mut request).await {
        Ok(origin) => (next.run(request).await, origin.is_secure),
        Err(problem) => (problem.into_response(), false),
    };
    if is_read && response.status() == StatusCode::OK && is_known(&response, &known) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    let headers = response.headers_mut();
    if is_secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, ONLY_SECURE);
    }
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

/// Whether who asked has this very answer already.
fn is_known(response: &Response, known: &[String]) -> bool {
    let tag = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
    tag.is_some_and(|tag| known.iter().any(|known| quoted(known) == tag))
}

fn is_word(headers: &HeaderMap, is_it: impl FnOnce(&str) -> bool) -> bool {
    headers.get(CSRF).and_then(|given| given.to_str().ok()).is_some_and(is_it)
}

/// In a time that does not tell how much of it was right.
fn is_same(given: &str, word: &str) -> bool {
    use sha2::{Digest, Sha256};
    Sha256::digest(given) == Sha256::digest(word)
}

/// Whether somebody asks for this machine by a name that only this machine has.
fn is_this_machine(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let Ok(host) = host.to_str() else { return false };
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, "")) => (name, None),
        Some((name, rest)) => (name, Some(rest.strip_prefix(':').unwrap_or("no port"))),
        None => host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port))),
    };
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    port.is_none_or(is_port)
        && (name.eq_ignore_ascii_case("localhost")
            || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use roadloop_users::{Role, UserName};

    async fn admitted(guard: &Guard, method: Method, headers: &[(&str, &str)]) -> Option<Caller> {
        let mut request = Request::builder().method(method);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        guard.admit(&mut request).await.ok()?;
        request.extensions().get::<Caller>().cloned()
    }

    fn local() -> Guard {
        let doors = Doors::Local { name: "ann".to_owned(), csrf: "word".to_owned() };
        Guard { doors, line: Line::PLAIN }
    }

    #[tokio::test]
    async fn only_this_machine_is_let_in() {
        for host in ["127.0.0.1:4000", "localhost", "LOCALHOST:1", "[::1]:80", "127.3.4.5"] {
            assert!(admitted(&local(), Method::GET, &[("host", host)]).await.is_some(), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example:80",
            "[::2]:80",
            "",
            "10.0.0.1",
            "[::1]evil.example",
            "[::1",
            "127.0.0.1:evil.example",
            "127.0.0.1:80@evil.example",
        ] {
            assert!(admitted(&local(), Method::GET, &[("host", host)]).await.is_none(), "{host}");
        }
        assert!(admitted(&local(), Method::GET, &[]).await.is_none());
        let two = [("host", "localhost"), ("host", "evil.example")];
        assert!(admitted(&local(), Method::GET, &two).await.is_none());
    }

    #[tokio::test]
    async fn changes_need_the_word() {
        let host = ("host", "localhost");
        let word = [host, ("x-roadloop-csrf", "word")];
        assert!(admitted(&local(), Method::POST, &word).await.is_some());
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            assert!(admitted(&local(), method.clone(), &[host]).await.is_none());
            let other = [host, ("x-roadloop-csrf", "words")];
            assert!(admitted(&local(), method, &other).await.is_none());
        }
    }

    #[tokio::test]
    async fn who_has_a_name_shows_a_cookie_or_a_token() {
        let folder = tempfile::tempdir().unwrap();
        let people = People::open(&folder.path().join("studio.db")).unwrap();
        let name = UserName::new("ann").unwrap();
        let password = "a long enough sentence";
        people.create_user(By::Operator, &name, password, Role::Viewer, now()).unwrap();
        let from = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let session = people.log_in("ann", password, from, now()).unwrap();
        let guard = Guard::people(people, Line::PLAIN);
        let cookie = format!("a=b; roadloop={}", session.secret.reveal());
        let cookie = ("cookie", cookie.as_str());
        let caller = admitted(&guard, Method::GET, &[cookie]).await.unwrap();
        assert_eq!((caller.name(), caller.role()), ("ann", Some("viewer")));
        assert!(caller.must(Permission::See).is_ok() && caller.must(Permission::SeeRaw).is_err());
        assert!(admitted(&guard, Method::GET, &[]).await.is_none());
        let made_up = format!("roadloop={}", "0".repeat(64));
        assert!(admitted(&guard, Method::GET, &[("cookie", &made_up)]).await.is_none());
        // The word of the session, and of no other.
        let word = session.csrf.reveal();
        let changed = [cookie, ("x-roadloop-csrf", word.as_str())];
        assert!(admitted(&guard, Method::POST, &changed).await.is_some());
        assert!(admitted(&guard, Method::POST, &[cookie]).await.is_none());
        let other = roadloop_users::fresh_word().unwrap();
        let forged = [cookie, ("x-roadloop-csrf", other.as_str())];
        assert!(admitted(&guard, Method::POST, &forged).await.is_none());
        let bad = ("authorization", "Bearer rl_1_0000");
        assert!(admitted(&guard, Method::GET, &[bad, cookie]).await.is_none());
    }
}
