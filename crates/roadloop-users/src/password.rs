//! Passwords: which may be chosen, and how they are hashed.
//!
//! Argon2id with the parameters of OWASP's Password Storage Cheat Sheet (19 MiB,
//! 2 passes, 1 lane), kept as PHC strings, which name their own parameters: a hash
//! of older ones is made anew at the next login. Passwords are taken as the bytes
//! they are, without Unicode normalisation.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, PoisonError};

use argon2::password_hash::{PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};

use crate::{UserName, UsersError};

/// Of a password somebody chooses, in characters.
pub const SHORTEST_PASSWORD: usize = 12;
pub const LONGEST_PASSWORD: usize = 1024;

/// Hashings at once: 19 MiB each. Others wait for them.
pub const HASHINGS_AT_ONCE: usize = 4;

/// Who waits besides: half a second's work or so. More are told to come again.
const MOST_WAITING: usize = 32;

/// Most that a hash in the file may ask for: 64 MiB, 16 passes.
const MOST_MEMORY_KIB: u32 = 64 * 1024;
const MOST_PASSES: u32 = 16;

/// What is left of the commonest passwords once all but letters is taken away.
/// Sources: the lists of the commonest in leaks, less what is too short, and what
/// people call this program.
const COMMON: [&str; 34] = [
    "admin",
    "administrator",
    "changeme",
    "changemenow",
    "computer",
    "correcthorsebatterystaple",
    "default",
    "dragon",
    "football",
    "geheim",
    "hallo",
    "iloveyou",
    "letmein",
    "login",
    "master",
    "monkey",
    "motdepasse",
    "p@ssw0rd",
    "passphrase",
    "passwd",
    "password",
    "passwort",
    "princess",
    "qazwsxedc",
    "qwerty",
    "qwertz",
    "roadloop",
    "secret",
    "starwars",
    "sunshine",
    "superman",
    "trustno",
    "welcome",
    "whatever",
];

/// Rows of keyboards and the like; any run of them is one.
const RUNS: [&str; 9] = [
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "q1w2e3r4t5y6u7i8o9p0",
    "zaq12wsxcde34rfvbgt56yhnmju78",
];

/// Refuses, with words, a password that is too short or too easily guessed.
pub fn check_password(password: &str, name: &UserName) -> Result<(), UsersError> {
    let refused = |reason: String| Err(UsersError::BadPassword { reason });
    let length = password.chars().take(LONGEST_PASSWORD + 1).count();
    if length < SHORTEST_PASSWORD {
        return refused(format!("it has {length} characters, use {SHORTEST_PASSWORD} or more"));
    }
    if length > LONGEST_PASSWORD {
        return refused(format!("use {LONGEST_PASSWORD} characters or fewer"));
    }
    let folded: String = password.chars().flat_map(char::to_lowercase).collect();
    let folded = folded.trim();
    let of_name = name.folded();
    let before_at = of_name.split_once('@').map_or(of_name, |(before, _)| before);
    if folded == of_name || folded == before_at {
        return refused(
            "it is the name; several words that do not belong together are good".into(),
        );
    }
    if is_common(folded) {
        return refused(
            "it is among the first that are guessed; several words that do not belong together \
             are good"
                .into(),
        );
    }
    Ok(())
}

fn is_common(folded: &str) -> bool {
    let different: BTreeSet<char> = folded.chars().collect();
    if different.len() < 4 {
        return true;
    }
    let letters: String = folded.chars().filter(|c| c.is_alphabetic()).collect();
    // `password2024!`, `passwordpassword`, `P@ssw0rd!!12`.
    let plain: String = folded
        .trim_matches(|c: char| !c.is_alphabetic())
        .chars()
        .map(|c| match c {
            '@' | '4' => 'a',
            '0' => 'o',
            '1' => 'i',
            '3' => 'e',
            '$' | '5' => 's',
            c => c,
        })
        .filter(|c| c.is_alphabetic())
        .collect();
    let is_word = |text: &str| {
        COMMON.iter().any(|word| {
            let rest = text.replace(word, "");
            rest.len() < text.len() && rest.chars().count() < 3
        })
    };
    if is_word(&letters) || is_word(&plain) || is_word(folded) {
        return true;
    }
    // One run, forwards or backwards, or one run after another: `qwerty123456`.
    let backwards: String = folded.chars().rev().collect();
    is_runs(folded) || is_runs(&backwards)
}

/// Whether a text is nothing but runs of four characters or more, and at most three
/// others.
fn is_runs(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let (mut at, mut others) = (0, 0);
    while at < characters.len() {
        let longest = (4..=characters.len() - at)
            .take_while(|length| {
                let run: String = characters[at..at + length].iter().collect();
                RUNS.iter().any(|row| row.contains(&run))
            })
            .last();
        match longest {
            Some(length) => at += length,
            None => (at, others) = (at + 1, others + 1),
        }
        if others > 3 {
            return false;
        }
    }
    true
}

/// What a hashing costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    memory_kib: u32,
    passes: u32,
}

impl Cost {
    /// OWASP's.
    pub(crate) const FULL: Cost = Cost { memory_kib: 19 * 1024, passes: 2 };
    #[cfg(any(test, feature = "testing"))]
    pub(crate) const NEARLY_NOTHING: Cost = Cost { memory_kib: 8, passes: 1 };
}

/// Hashes passwords, a few at a time.
pub(crate) struct Hashing {
    argon2: Argon2<'static>,
    queue: Mutex<Queued>,
    freed: Condvar,
}

#[derive(Default)]
struct Queued {
    at_work: usize,
    waiting: usize,
}

/// One of the places to hash at.
struct Place<'a>(&'a Hashing);

/// Whether a password fits a hash, and whether that hash is of today's parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Wrong,
    Right,
    RightButOld,
}

impl Hashing {
    pub(crate) fn new(cost: Cost) -> Result<Hashing, UsersError> {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(failed)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        Ok(Hashing { argon2, queue: Mutex::default(), freed: Condvar::new() })
    }

    /// A PHC string, with 16 random bytes of salt.
    pub(crate) fn hash(&self, password: &str) -> Result<String, UsersError> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt)?;
        let salt = SaltString::encode_b64(&salt).map_err(failed)?;
        let _place = self.place()?;
        let hash = self.argon2.hash_password(password.as_bytes(), &salt).map_err(failed)?;
        Ok(hash.to_string())
    }

    /// Without a hash, for a name that nobody has, it costs the same and is wrong.
    pub(crate) fn verify(&self, password: &str, hash: Option<&str>) -> Result<Verdict, UsersError> {
        // Longer than any that was ever taken; its length is no secret of ours.
        let is_too_long = password.chars().nth(LONGEST_PASSWORD).is_some();
        let password = if is_too_long { "" } else { password };
        let Some(hash) = hash.filter(|_| !is_too_long) else {
            let _place = self.place()?;
            let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
            let hashed = self.argon2.hash_password_into(password.as_bytes(), &[0; 16], &mut out);
            hashed.map_err(failed)?;
            // Kept, or the work could be left out.
            std::hint::black_box(out);
            return Ok(Verdict::Wrong);
        };
        let hash = PasswordHash::new(hash).map_err(damaged)?;
        let params = Params::try_from(&hash).map_err(damaged)?;
        if params.m_cost() > MOST_MEMORY_KIB || params.t_cost() > MOST_PASSES {
            return Err(damaged("it costs more than any of ours"));
        }
        let _place = self.place()?;
        match self.argon2.verify_password(password.as_bytes(), &hash) {
            Ok(()) => {
                let today = self.argon2.params();
                let is_todays = hash.algorithm == Algorithm::Argon2id.ident()
                    && (params.m_cost(), params.t_cost(), params.p_cost())
                        == (today.m_cost(), today.t_cost(), today.p_cost());
                Ok(if is_todays { Verdict::Right } else { Verdict::RightButOld })
            }
            Err(argon2::password_hash::Error::Password) => Ok(Verdict::Wrong),
            Err(error) => Err(damaged(error)),
        }
    }

    /// Waits for one, unless too many wait already.
    fn place(&self) -> Result<Place<'_>, UsersError> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.at_work >= HASHINGS_AT_ONCE && queue.waiting >= MOST_WAITING {
            return Err(UsersError::Overloaded);
        }
        queue.waiting += 1;
        while queue.at_work >= HASHINGS_AT_ONCE {
            queue = self.freed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.waiting -= 1;
        queue.at_work += 1;
        Ok(Place(self))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.at_work -= 1;
        self.0.freed.notify_one();
    }
}

fn damaged(reason: impl ToString) -> UsersError {
    UsersError::DamagedHash { reason: reason.to_string() }
}

fn failed(reason: impl ToString) -> UsersError {
    UsersError::Hashing { reason: reason.to_string() }
}

#[cfg(test)]
mod tests;
