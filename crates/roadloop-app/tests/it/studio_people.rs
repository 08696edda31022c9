//! The studio where people log in: roles, sessions, tokens, invitations, TLS.

use std::process::Command;

use serde_json::{Value, json};

use crate::studio::{Answer, Open, with_frames};
use crate::workspace::Workspace;

const PASSWORD: &str = "a long enough sentence";

/// Somebody who is logged in.
pub(crate) struct User {
    cookie: String,
    word: String,
}

impl User {
    pub(crate) fn get(&self, studio: &Open, path: &str) -> Answer {
        studio.ask("GET", path, &[("Cookie", &self.cookie)], b"")
    }

    pub(crate) fn send(&self, studio: &Open, method: &str, path: &str, body: &Value) -> Answer {
        let headers = [
            ("Cookie", self.cookie.as_str()),
            ("x-roadloop-csrf", self.word.as_str()),
            ("Content-Type", "application/json"),
        ];
        studio.ask(method, path, &headers, body.to_string().as_bytes())
    }
}

fn post(studio: &Open, path: &str, body: &Value) -> Answer {
    let kind = [("Content-Type", "application/json")];
    studio.ask("POST", path, &kind, body.to_string().as_bytes())
}

fn log_in(studio: &Open, name: &str) -> User {
    let answer = post(studio, "/api/v1/session", &json!({"name": name, "password": PASSWORD}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let cookie = answer.header("set-cookie").unwrap().to_owned();
    assert!(cookie.contains("; httponly; samesite=strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    User { cookie, word: answer.json()["csrf"].as_str().unwrap().to_owned() }
}

/// Takes an invitation of the command line.
pub(crate) fn invited(workspace: &Workspace, studio: &Open, role: &str, name: &str) -> User {
    let link = workspace.ok(&["users", "invite", "--role", role]);
    let secret = link.trim().split_once('#').unwrap().1.to_owned();
    let look = post(studio, "/api/v1/invitation", &json!({"secret": secret}));
    assert_eq!(look.json()["role"], role);
    let taken = json!({"secret": secret, "name": name, "password": PASSWORD});
    assert_eq!(post(studio, "/api/v1/invitation/accept", &taken).status, 204);
    // Once.
    assert_eq!(post(studio, "/api/v1/invitation/accept", &taken).status, 404);
    log_in(studio, name)
}

/// A studio with an administrator.
fn studio_of_people() -> (Workspace, String, Open, User) {
    let (workspace, recording) = with_frames();
    let refused = workspace.run(&["studio", "--login", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("users invite --role admin"), "{}", refused.stderr);
    let link = workspace.ok(&["users", "invite", "--role", "admin"]);
    let secret = link.trim().split_once('#').unwrap().1.to_owned();
    // Nobody can log in yet, but somebody is invited.
    let studio = Open::start(&workspace, &["--login"]);
    let taken = json!({"secret": secret, "name": "ada", "password": PASSWORD});
    assert_eq!(post(&studio, "/api/v1/invitation/accept", &taken).status, 204);
    let admin = log_in(&studio, "ada");
    (workspace, recording, studio, admin)
}

#[test]
fn each_role_may_what_it_may() {
    let (workspace, recording, studio, admin) = studio_of_people();
    assert_eq!(studio.get("/api/v1/frames").status, 401);
    assert_eq!(studio.get("/").status, 200, "the page that asks who it is");
    let viewer = invited(&workspace, &studio, "viewer", "vera");
    let worker = invited(&workspace, &studio, "worker", "wim");
    let reviewer = invited(&workspace, &studio, "reviewer", "rita");
    let frames = viewer.get(&studio, "/api/v1/frames?limit=1").json();
    let frame = &frames["frames"][0];
    let (camera, file) = (frame["camera"].as_str().unwrap(), frame["image"].as_str().unwrap());
    let raw = format!("/api/v1/images/{recording}/{camera}/{file}?which=raw");
    let film = format!("/api/v1/recordings/{recording}/films/{camera}");
    let export = "/api/v1/export?form=csv";
    for (path, expected) in [
        ("/api/v1/frames", [200, 403, 200, 200]),
        (raw.as_str(), [403, 403, 200, 200]),
        (film.as_str(), [403, 403, 200, 200]),
        (export, [403, 403, 200, 200]),
        ("/api/v1/users", [403, 403, 403, 200]),
        ("/api/v1/audit", [403, 403, 403, 200]),
        ("/api/v1/invitations", [403, 403, 403, 200]),
        ("/api/v1/me", [200, 200, 200, 200]),
        ("/api/v1/events", [200, 403, 200, 200]),
    ] {
        if path.ends_with("events") {
            continue; // which never ends
        }
        let got = [&viewer, &worker, &reviewer, &admin].map(|user| user.get(&studio, path).status);
        assert_eq!(got, expected, "{path}");
    }
    let tag = json!({"tag": "night", "action": "add", "filter": ""});
    let tagged = [&viewer, &worker, &reviewer, &admin]
        .map(|user| user.send(&studio, "POST", "/api/v1/tags", &tag).status);
    assert_eq!(tagged, [403, 403, 200, 200]);
    let invite = json!({"role": "admin"});
    let invited = [&viewer, &worker, &reviewer, &admin]
        .map(|user| user.send(&studio, "POST", "/api/v1/invitations", &invite).status);
    assert_eq!(invited, [403, 403, 403, 200]);

    // What was done is written down, and by whom.
    let lines = admin.get(&studio, "/api/v1/audit?limit=1000").json();
    let done = |name: &str, action: &str| {
        let mut lines = lines.as_array().unwrap().iter();
        lines.any(|line| line["name"] == name && line["action"] == action)
    };
    for (name, action) in
        [("rita", "export"), ("rita", "tag"), ("rita", "see raw images"), ("rita", "see film")]
    {
        assert!(done(name, action), "{name} {action}: {lines}");
    }
    assert!(!done("vera", "export"));
    assert!(workspace.ok(&["users", "log"]).contains("see raw images"));
    // Who changes somebody's role ends their sessions.
    let users = admin.get(&studio, "/api/v1/users").json();
    let id = |name: &str| {
        let mut users = users.as_array().unwrap().iter();
        users.find(|user| user["name"] == name).unwrap()["id"].as_i64().unwrap()
    };
    let path = format!("/api/v1/users/{}", id("rita"));
    assert_eq!(admin.send(&studio, "PATCH", &path, &json!({"role": "viewer"})).status, 200);
    assert_eq!(reviewer.get(&studio, "/api/v1/frames").status, 401);
    let last = format!("/api/v1/users/{}", id("ada"));
    let locked_out = admin.send(&studio, "PATCH", &last, &json!({"is_disabled": true}));
    assert_eq!(locked_out.status, 409, "{}", locked_out.text());
}

#[test]
fn sessions_are_nobody_elses() {
    let (_workspace, _, studio, admin) = studio_of_people();
    // A change without the session's word, or with that of another session.
    let tag = json!({"tag": "night", "action": "add", "filter": ""}).to_string();
    let kind = ("Content-Type", "application/json");
    let cookie = ("Cookie", admin.cookie.as_str());
    assert_eq!(studio.ask("POST", "/api/v1/tags", &[kind, cookie], tag.as_bytes()).status, 403);
    let other = log_in(&studio, "ada");
    assert_ne!(other.cookie, admin.cookie);
    let word = ("x-roadloop-csrf", other.word.as_str());
    let forged = studio.ask("POST", "/api/v1/tags", &[kind, cookie, word], tag.as_bytes());
    assert_eq!(forged.status, 403);
    // A secret that somebody brings along does not become a session.
    let mine = format!("roadloop={}", "a".repeat(64));
    let body = json!({"name": "ada", "password": PASSWORD}).to_string();
    let fixed = studio.ask("POST", "/api/v1/session", &[kind, ("Cookie", &mine)], body.as_bytes());
    assert_eq!(fixed.status, 200);
    assert!(!fixed.header("set-cookie").unwrap().contains(&"a".repeat(64)));
    assert_eq!(studio.ask("GET", "/api/v1/me", &[("Cookie", &mine)], b"").status, 401);
    // Who logs out is out.
    assert_eq!(admin.send(&studio, "DELETE", "/api/v1/session", &json!({})).status, 204);
    assert_eq!(admin.get(&studio, "/api/v1/me").status, 401);
    assert_eq!(other.get(&studio, "/api/v1/me").status, 200);
    // Guessing ends soon.
    let wrong = json!({"name": "ada", "password": "not the right sentence"});
    let tries: Vec<Answer> = (0..7).map(|_| post(&studio, "/api/v1/session", &wrong)).collect();
    assert_eq!(tries[0].status, 401);
    let last = tries.last().unwrap();
    assert_eq!(last.status, 429, "{}", last.text());
    assert!(last.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
}

#[test]
fn tokens_do_what_they_are_for() {
    let (workspace, recording, studio, admin) = studio_of_people();
    let asked = json!({"name": "nightly", "scopes": ["read"], "days": 1});
    let made = admin.send(&studio, "POST", "/api/v1/tokens", &asked);
    let token = made.json()["token"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {token}");
    let ask = |method: &str, path: &str, body: &[u8]| {
        let kind = ("Content-Type", "application/json");
        studio.ask(method, path, &[("Authorization", &bearer), kind], body)
    };
    let frames = ask("GET", "/api/v1/frames?limit=1", b"").json();
    let frame = &frames["frames"][0];
    let (camera, file) = (frame["camera"].as_str().unwrap(), frame["image"].as_str().unwrap());
    let raw = format!("/api/v1/images/{recording}/{camera}/{file}?which=raw");
    assert_eq!(ask("GET", &raw, b"").status, 403);
    assert_eq!(ask("GET", "/api/v1/export?form=csv", b"").status, 403);
    let tag = br#"{"tag": "x", "action": "add", "filter": ""}"#;
    assert_eq!(ask("POST", "/api/v1/tags", tag).status, 403);
    assert_eq!(ask("GET", "/api/v1/users", b"").status, 403);
    // A token makes no other ones.
    assert_eq!(ask("POST", "/api/v1/tokens", asked.to_string().as_bytes()).status, 403);
    // One that may write needs no word: no browser sends it by itself.
    let command = ["users", "token", "ada", "--name", "ci", "--scopes", "read,write"];
    let writes = format!("Bearer {}", workspace.ok(&command).trim());
    let kind = ("Content-Type", "application/json");
    let wrote = studio.ask("POST", "/api/v1/tags", &[("Authorization", &writes), kind], tag);
    assert_eq!(wrote.status, 200, "{}", wrote.text());
    let mine = admin.get(&studio, "/api/v1/tokens").json();
    let id =
        mine.as_array().unwrap().iter().find(|one| one["name"] == "nightly").unwrap()["id"].clone();
    assert_eq!(
        admin.send(&studio, "DELETE", &format!("/api/v1/tokens/{id}"), &json!({})).status,
        204
    );
    assert_eq!(ask("GET", "/api/v1/frames", b"").status, 401);
}

#[test]
fn what_a_proxy_says_is_believed_where_there_is_one() {
    let (workspace, _, studio, _) = studio_of_people();
    let claimed = [("X-Forwarded-Proto", "https"), ("Content-Type", "application/json")];
    let body = json!({"name": "ada", "password": PASSWORD}).to_string();
    let plain = studio.ask("POST", "/api/v1/session", &claimed, body.as_bytes());
    assert!(!plain.header("set-cookie").unwrap().contains("secure"));
    drop(studio);
    let behind = Open::start(&workspace, &["--login", "--behind-proxy"]);
    let secure = behind.ask("POST", "/api/v1/session", &claimed, body.as_bytes());
    let cookie = secure.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__host-roadloop=") && cookie.ends_with("; secure"), "{cookie}");
}

#[test]
fn tls_is_spoken_where_there_is_a_certificate() {
    let (workspace, _, studio, _) = studio_of_people();
    drop(studio);
    let (cert, key) = (workspace.path("cert.pem"), workspace.path("key.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-nodes", "-days", "1", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&cert)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let (cert, key) = (cert.display().to_string(), key.display().to_string());
    let studio = Open::start(&workspace, &["--tls-cert", &cert, "--tls-key", &key]);
    let url = format!("https://{}/api/v1/session", studio.address);
    let asked = json!({"name": "ada", "password": PASSWORD}).to_string();
    let curl = Command::new("curl")
        .args(["--silent", "--include", "--noproxy", "*", "--cacert", &cert, "--json", &asked])
        .arg(&url)
        .output()
        .unwrap();
    let answer = String::from_utf8_lossy(&curl.stdout).into_owned();
    assert!(answer.contains("200 OK") && answer.contains("__Host-roadloop="), "{curl:?}");
    assert!(answer.contains("; Secure"), "{answer}");
    // Who does not speak it is hung up on.
    let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| studio.get("/")));
    assert!(refused.is_err());
    let wrong = workspace.run(&["studio", "--tls-cert", &key, "--tls-key", &key]);
    assert_eq!(wrong.code, 1);
    assert!(wrong.stderr.contains("holds no certificate"), "{}", wrong.stderr);
}
