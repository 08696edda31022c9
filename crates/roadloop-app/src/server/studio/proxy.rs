//! Where a request came from, also where something stands between.
//!
//! What a proxy says of it is believed only where somebody said that there is one: else
//! anybody could say so.

use std::net::IpAddr;

use axum::http::HeaderMap;

/// Whether something stands before this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proxy {
    None,
    /// It sets `X-Forwarded-For` and `X-Forwarded-Proto`, and adds the address of who
    /// asks it behind those that were there.
    Trusted,
}

/// Where a request came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) from: IpAddr,
    /// Nobody could read along.
    pub(super) is_secure: bool,
}

impl Proxy {
    pub(super) fn origin(self, headers: &HeaderMap, peer: IpAddr, is_tls: bool) -> Origin {
        let direct = Origin { from: peer.to_canonical(), is_secure: is_tls };
        if self == Proxy::None {
            return direct;
        }
        // Each proxy adds behind: what stands last is what ours saw.
        let last = |name: &str| {
            let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
            let last = values.flat_map(|value| value.split(',')).map(str::trim).next_back();
            last.map(str::to_owned)
        };
        let from = last("x-forwarded-for").and_then(|from| from.parse::<IpAddr>().ok());
        let is_https = last("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
        Origin {
            from: from.map_or(direct.from, |from| from.to_canonical()),
            is_secure: is_tls || is_https,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(proxy: Proxy, headers: &[(&'static str, &str)], expected: (&str, bool)) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let origin = proxy.origin(&map, "10.0.0.9".parse().unwrap(), false);
        assert_eq!((origin.from.to_string().as_str(), origin.is_secure), expected);
    }

    #[test]
    fn a_proxy_is_believed_where_there_is_one() {
        let headers = [("x-forwarded-for", "6.6.6.6, 1.2.3.4"), ("x-forwarded-proto", "https")];
        check(Proxy::None, &headers, ("10.0.0.9", false));
        check(Proxy::Trusted, &headers, ("1.2.3.4", true));
        let two = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "1.2.3.4")];
        check(Proxy::Trusted, &two, ("1.2.3.4", false));
        check(Proxy::Trusted, &[("x-forwarded-for", "nonsense")], ("10.0.0.9", false));
        check(Proxy::Trusted, &[], ("10.0.0.9", false));
    }
}
