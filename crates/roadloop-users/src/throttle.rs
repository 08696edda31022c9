//! How often a login may be tried: per name and per address.
//!
//! It is kept in memory, of this process, and not in the file: a try that is
//! refused costs no write, so a flood of them neither wears the disk nor waits for
//! it. A restart gives the first tries back, which nobody can cause from outside;
//! several processes on one file count each for itself. Its size is bounded.
//!
//! Each try counts as failed from its start, so that many at once do not slip
//! through together; one that succeeds is taken back.
//!
//! Where somebody has logged in from before, tries are counted apart from those of
//! strangers: who tries names from elsewhere does not keep their owners out.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};

use roadloop_base::Nanos;

use crate::time::{HOUR, MINUTE, SECOND, after};
use crate::{UserName, UsersError};

/// Tries that fail without a wait. An address is often a whole office.
const FREE_PER_NAME: u32 = 5;
const FREE_PER_ADDRESS: u32 = 20;

/// The first wait; each failure more doubles it, up to the longest.
const FIRST_WAIT: i64 = 5 * SECOND;
const LONGEST_WAIT: i64 = 15 * MINUTE;

/// After so long without a failure nothing is held against a name or an address.
const FORGOTTEN_AFTER: i64 = HOUR;

/// Names remembered, and addresses, and homes. Where more fail within an hour, those
/// with the fewest failures are forgotten.
const MOST: usize = 10_000;

#[derive(Default)]
pub(crate) struct Throttle {
    names: Failures<Origin>,
    addresses: Failures<IpAddr>,
    /// Where names have logged in from, and when last.
    homes: HashMap<(UserName, IpAddr), Nanos>,
}

/// A name, and its home where it is tried from there.
type Origin = (UserName, Option<IpAddr>);

/// One try, counted as failed.
#[derive(Clone)]
pub(crate) struct Try {
    origin: Option<Origin>,
    address: IpAddr,
    at: Nanos,
}

impl Throttle {
    /// Counts a try, or says how long to wait. Text that is no name has none.
    pub(crate) fn begin(
        &mut self,
        name: Option<&UserName>,
        from: IpAddr,
        now: Nanos,
    ) -> Result<Try, UsersError> {
        let address = network(from);
        let origin = name.map(|name| {
            let is_home = self.homes.contains_key(&(name.clone(), address));
            (name.clone(), is_home.then_some(address))
        });
        let of_name = origin.as_ref().map_or(0, |origin| self.names.wait(origin, now));
        let wait = of_name.max(self.addresses.wait(&address, now));
        if wait > 0 {
            // Up: who comes back after so many seconds is not told "0 s".
            return Err(UsersError::TooManyTries {
                seconds: (wait as u64).div_ceil(SECOND as u64),
            });
        }
        if let Some(origin) = &origin {
            self.names.add(origin.clone(), FREE_PER_NAME, now);
        }
        self.addresses.add(address, FREE_PER_ADDRESS, now);
        Ok(Try { origin, address, at: now })
    }

    /// The password was right: the name starts anew. The address does not, or who
    /// has one account could try all the others.
    pub(crate) fn succeeded(&mut self, tried: &Try) {
        self.addresses.take_back(&tried.address);
        let Some(origin) = &tried.origin else { return };
        self.names.0.remove(origin);
        if self.homes.len() >= MOST {
            let mut times: Vec<Nanos> = self.homes.values().copied().collect();
            let (_, middle, _) = times.select_nth_unstable(MOST / 2);
            let middle = *middle;
            self.homes.retain(|_, at| *at > middle);
        }
        self.homes.insert((origin.0.clone(), tried.address), tried.at);
    }

    /// The password was not looked at.
    pub(crate) fn take_back(&mut self, tried: &Try) {
        if let Some(origin) = &tried.origin {
            self.names.take_back(origin);
        }
        self.addresses.take_back(&tried.address);
    }
}

/// Whoever has one address of IPv6 has its network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let bits = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(bits))
        }
        address @ IpAddr::V4(_) => address,
    }
}

struct Failures<K>(HashMap<K, Failed>);

#[derive(Clone, Copy)]
struct Failed {
    count: u32,
    last: Nanos,
    free_at: Nanos,
}

impl Failed {
    /// A clock that was set back makes no wait longer, and remembers nothing longer.
    fn is_forgotten(&self, now: Nanos) -> bool {
        let since = now.0.saturating_sub(self.last.0);
        !(-FORGOTTEN_AFTER..FORGOTTEN_AFTER).contains(&since)
    }
}

impl<K> Default for Failures<K> {
    fn default() -> Failures<K> {
        Failures(HashMap::new())
    }
}

impl<K: Clone + Eq + Hash> Failures<K> {
    fn wait(&self, key: &K, now: Nanos) -> i64 {
        let failed = self.0.get(key).filter(|failed| !failed.is_forgotten(now));
        failed.map_or(0, |failed| failed.free_at.0.saturating_sub(now.0).clamp(0, LONGEST_WAIT))
    }

    fn add(&mut self, key: K, free: u32, now: Nanos) {
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            self.make_room(now);
        }
        let before = self.0.get(&key).filter(|failed| !failed.is_forgotten(now));
        let count = before.map_or(0, |failed| failed.count).saturating_add(1);
        let wait = match count.checked_sub(free) {
            None => 0,
            // 2^8 times the first is beyond the longest.
            Some(beyond) => (FIRST_WAIT << beyond.min(8)).min(LONGEST_WAIT),
        };
        self.0.insert(key, Failed { count, last: now, free_at: after(now, wait) });
    }

    fn take_back(&mut self, key: &K) {
        let Some(failed) = self.0.get_mut(key) else { return };
        failed.count -= 1;
        failed.free_at = failed.last;
        if failed.count == 0 {
            self.0.remove(key);
        }
    }

    /// A tenth goes at once, so that this is seldom.
    fn make_room(&mut self, now: Nanos) {
        self.0.retain(|_, failed| !failed.is_forgotten(now));
        if self.0.len() < MOST {
            return;
        }
        let mut all: Vec<(K, Failed)> =
            self.0.iter().map(|(key, failed)| (key.clone(), *failed)).collect();
        all.sort_by_key(|(_, failed)| (failed.count, failed.last));
        for (key, _) in all.iter().take(MOST / 10) {
            self.0.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn name(text: &str) -> UserName {
        UserName::new(text).unwrap()
    }

    fn seconds(seconds: i64) -> Nanos {
        Nanos(seconds * SECOND)
    }

    /// Seconds to wait at each of these seconds; a wait of 0 is a failed try.
    #[track_caller]
    fn check(at: &[i64], expected: &[u64]) {
        let mut throttle = Throttle::default();
        let waits =
            at.iter().map(|at| match throttle.begin(Some(&name("ada")), HOME, seconds(*at)) {
                Ok(_) => 0,
                Err(UsersError::TooManyTries { seconds }) => seconds,
                Err(error) => panic!("{error}"),
            });
        assert_eq!(waits.collect::<Vec<u64>>(), expected);
    }

    #[test]
    fn waits_grow() {
        check(&[0; 7], &[0, 0, 0, 0, 0, 5, 5]);
        check(&[0, 0, 0, 0, 0, 5, 5, 15, 15, 35], &[0, 0, 0, 0, 0, 0, 10, 0, 20, 0]);
        // After an hour nothing is left of it; before, the wait is doubled.
        check(&[0, 0, 0, 0, 0, 3599, 3599], &[0, 0, 0, 0, 0, 0, 10]);
        check(&[0, 0, 0, 0, 0, 3600, 3600, 3600], &[0; 8]);
        // A clock set back by a day, or by a second.
        check(&[90_000, 90_000, 90_000, 90_000, 90_000, 3600], &[0; 6]);
        check(&[9, 9, 9, 9, 9, 8], &[0, 0, 0, 0, 0, 6]);
    }

    #[test]
    fn the_longest_wait_is_a_quarter_of_an_hour() {
        let (mut throttle, mut now, mut longest) = (Throttle::default(), 0, 0);
        for _ in 0..60 {
            match throttle.begin(Some(&name("ada")), HOME, seconds(now)) {
                Ok(_) => {}
                Err(UsersError::TooManyTries { seconds }) => {
                    longest = longest.max(seconds);
                    now += seconds as i64;
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(longest, 900);
    }

    #[test]
    fn an_address_waits_whatever_the_names() {
        let mut throttle = Throttle::default();
        let mine: IpAddr = "2001:db8::1".parse().unwrap();
        for n in 0..20 {
            // One network, one name of mine that is right in between.
            let from = format!("2001:db8::{n:x}:1").parse().unwrap();
            throttle.begin(Some(&name(&n.to_string())), from, seconds(0)).unwrap();
            if n < 19 {
                let tried = throttle.begin(Some(&name("eve")), mine, seconds(0)).unwrap();
                throttle.succeeded(&tried);
            }
        }
        assert!(throttle.begin(Some(&name("ada")), mine, seconds(0)).is_err());
        assert!(throttle.begin(None, mine, seconds(0)).is_err());
        let elsewhere = "2001:db8:0:1::1".parse().unwrap();
        assert!(throttle.begin(Some(&name("ada")), elsewhere, seconds(0)).is_ok());
        let mapped = "::ffff:192.0.2.1".parse().unwrap();
        assert_eq!(network(mapped), HOME);
    }

    #[test]
    fn what_succeeds_or_is_not_looked_at_counts_nothing() {
        let mut throttle = Throttle::default();
        let ada = name("ada");
        for _ in 0..100 {
            let tried = throttle.begin(Some(&ada), HOME, seconds(0)).unwrap();
            throttle.take_back(&tried);
        }
        for _ in 0..4 {
            throttle.begin(Some(&ada), HOME, seconds(0)).unwrap();
        }
        let tried = throttle.begin(Some(&ada), HOME, seconds(0)).unwrap();
        throttle.succeeded(&tried);
        for _ in 0..5 {
            throttle.begin(Some(&ada), HOME, seconds(0)).unwrap();
        }
        assert!(throttle.begin(Some(&ada), HOME, seconds(0)).is_err());
    }

    #[test]
    fn a_flood_is_bounded_and_does_not_free_who_waits() {
        let mut throttle = Throttle::default();
        let at = |n: u32| IpAddr::from((n << 8).to_be_bytes());
        for _ in 0..5 {
            throttle.begin(Some(&name("ada")), HOME, seconds(0)).unwrap();
        }
        for n in 0..25_000 {
            throttle.begin(Some(&name(&format!("n{n}"))), at(n), seconds(1)).unwrap();
        }
        assert!(throttle.names.0.len() <= MOST && throttle.addresses.0.len() <= MOST);
        assert!(throttle.begin(Some(&name("ada")), at(30_000), seconds(2)).is_err());
    }

    #[test]
    fn strangers_do_not_keep_out_who_was_here_before() {
        let mut throttle = Throttle::default();
        let (ada, elsewhere) = (name("ada"), IpAddr::from([198, 51, 100, 1]));
        let tried = throttle.begin(Some(&ada), HOME, seconds(0)).unwrap();
        throttle.succeeded(&tried);
        for _ in 0..5 {
            throttle.begin(Some(&ada), elsewhere, seconds(1)).unwrap();
        }
        assert!(throttle.begin(Some(&ada), elsewhere, seconds(1)).is_err());
        let tried = throttle.begin(Some(&ada), HOME, seconds(1)).unwrap();
        throttle.succeeded(&tried);
        // Which does not let the strangers in.
        assert!(throttle.begin(Some(&ada), elsewhere, seconds(1)).is_err());
        // Nor does a home mean no limit, or one for other names.
        for _ in 0..5 {
            throttle.begin(Some(&ada), HOME, seconds(1)).unwrap();
        }
        assert!(throttle.begin(Some(&ada), HOME, seconds(1)).is_err());
    }

    #[test]
    fn homes_are_bounded() {
        let mut throttle = Throttle::default();
        for n in 0..25_000_u32 {
            let from = IpAddr::from((n << 8).to_be_bytes());
            let tried =
                throttle.begin(Some(&name("ada")), from, seconds(i64::from(n) / 7)).unwrap();
            throttle.succeeded(&tried);
        }
        assert!(throttle.homes.len() <= MOST && throttle.homes.len() > MOST / 4);
    }
}
