//! Where a cluster of NATS servers is, and who we are there.
//!
//! `nats://[USER:PASSWORD@ | TOKEN@]HOST[:PORT][,HOST…][/NAME][?replicas=N][&creds=FILE]`

use std::fmt;
use std::path::PathBuf;

use async_nats::ServerAddr;
use percent_encoding::percent_decode_str;

/// What everything of a project is called in a cluster where the address does
/// not say so.
const NAME: &str = "roadloop";

/// Servers of one cluster, and the project's name there. What is secret in it is
/// not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct NatsAddress {
    /// As the client takes them, without user and password.
    pub(super) servers: Vec<ServerAddr>,
    pub(super) login: Login,
    pub(super) name: String,
    pub(super) replicas: Option<usize>,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Login {
    Nobody,
    Token(String),
    User {
        name: String,
        password: String,
    },
    /// A file with a JWT and the seed that signs for it.
    Credentials(PathBuf),
}

impl NatsAddress {
    /// Reads what follows the scheme.
    pub(crate) fn parse(scheme: &str, rest: &str) -> Result<NatsAddress, String> {
        let (rest, options) = rest.split_once('?').unwrap_or((rest, ""));
        // A password may have a slash in it, a name has no @.
        let (login, rest) = match rest.rsplit_once('@') {
            Some((login, rest)) => (Some(login), rest),
            None => (None, rest),
        };
        let (hosts, name) = rest.split_once('/').unwrap_or((rest, ""));
        let name = if name.is_empty() { NAME } else { name };
        let is_usable = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.len() > 40 || !name.chars().all(is_usable) {
            return Err("the name after the servers has 1 to 40 letters, digits, _ or -".into());
        }
        let server = |host: &str| -> Result<ServerAddr, String> {
            let parsed = format!("{scheme}://{host}").parse::<ServerAddr>();
            parsed
                .ok()
                .filter(|server| !server.host().is_empty())
                .ok_or_else(|| format!("{host:?} is no server: HOST or HOST:PORT"))
        };
        let servers = hosts.split(',').map(server).collect::<Result<_, _>>()?;
        let mut login = match login {
            Some(login) => Login::parse(login)?,
            None => Login::Nobody,
        };
        let mut replicas = None;
        for option in options.split('&').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("replicas", number)) => {
                    let number = number.parse().ok().filter(|number| (1..=5).contains(number));
                    replicas = Some(number.ok_or("replicas are 1 to 5")?);
                }
                Some(("creds", file)) => login = Login::Credentials(PathBuf::from(decode(file)?)),
                // Not the value: it may be a secret that was put in the wrong place.
                option => {
                    let name = option.map_or("", |(name, _)| name);
                    return Err(format!(
                        "{name:?} is no option of it: there are replicas=N and creds=FILE"
                    ));
                }
            }
        }
        Ok(NatsAddress { servers, login, name: name.to_owned(), replicas })
    }
}

impl Login {
    fn parse(text: &str) -> Result<Login, String> {
        Ok(match text.split_once(':') {
            Some((name, password)) => {
                Login::User { name: decode(name)?, password: decode(password)? }
            }
            None => Login::Token(decode(text)?),
        })
    }
}

fn decode(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(String::from).map_err(|_| "what is escaped in it is no UTF-8".to_owned())
}

/// Without what is secret; the servers, the name and the number of replicas.
impl fmt::Display for NatsAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, server) in self.servers.iter().enumerate() {
            match number {
                0 => write!(f, "{}://", server.scheme())?,
                _ => f.write_str(",")?,
            }
            let host = server.host();
            let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
            write!(f, "{host}:{}", server.port())?;
        }
        write!(f, "/{}", self.name)?;
        self.replicas.map_or(Ok(()), |replicas| write!(f, "?replicas={replicas}"))
    }
}

impl fmt::Debug for NatsAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NatsAddress({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rest: &str, expected: &str) {
        let got = match NatsAddress::parse("nats", rest) {
            Ok(address) => {
                let login = match &address.login {
                    Login::Nobody => String::new(),
                    Login::Token(token) => format!(" by token {token}"),
                    Login::User { name, password } => format!(" as {name}:{password}"),
                    Login::Credentials(file) => format!(" by file {}", file.display()),
                };
                format!("{address}{login}")
            }
            Err(reason) => format!("error: {reason}"),
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn servers_and_a_name() {
        check("a", "nats://a:4222/roadloop");
        check("a/", "nats://a:4222/roadloop");
        check("a:1,b,[::1]:2/fleet-7?replicas=1", "nats://a:1,b:4222,[::1]:2/fleet-7?replicas=1");
    }

    #[test]
    fn who_we_are_there() {
        check("u:p%40/x@a,b/n", "nats://a:4222,b:4222/n as u:p@/x");
        check("t0ken@a", "nats://a:4222/roadloop by token t0ken");
        check("a?creds=/run/nats%20creds", "nats://a:4222/roadloop by file /run/nats creds");
    }

    #[test]
    fn secrets_are_not_shown() {
        let address = NatsAddress::parse("tls", "me:secret@a?creds=/secret").unwrap();
        let shown = format!("{address} {address:?}");
        assert_eq!(shown, "tls://a:4222/roadloop NatsAddress(tls://a:4222/roadloop)");
    }

    #[test]
    fn what_is_wrong_is_said() {
        check("", "error: \"\" is no server: HOST or HOST:PORT");
        check("a,,b", "error: \"\" is no server: HOST or HOST:PORT");
        check("a:port", "error: \"a:port\" is no server: HOST or HOST:PORT");
        let name = "error: the name after the servers has 1 to 40 letters, digits, _ or -";
        check("a/x.y", name);
        check("a/x/y", name);
        check("a?replicas=0", "error: replicas are 1 to 5");
        let option = "is no option of it: there are replicas=N and creds=FILE";
        check("a?token=secret", &format!("error: \"token\" {option}"));
        check("a?secret", &format!("error: \"\" {option}"));
    }
}
