//! Secrets given out once: of sessions, invitations and API tokens.
//!
//! Each is 256 random bits, written as 64 hexadecimal digits. The file keeps only
//! its SHA-256, which needs no salt and no slow hashing: nobody guesses 256 bits.
//! None of the types here shows its secret in `Debug`.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{TokenId, UsersError};

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// 256 random bits.
#[derive(Clone)]
pub(crate) struct Secret([u8; 32]);

/// What the file keeps of a secret.
#[derive(Clone, Copy)]
pub(crate) struct Fingerprint(pub(crate) [u8; 32]);

impl Secret {
    pub(crate) fn random() -> Result<Secret, UsersError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Secret(bytes))
    }

    /// Takes the text of [`Secret::text`] and no other one.
    pub(crate) fn parse(text: &str) -> Option<Secret> {
        fn half(digit: u8) -> Option<u8> {
            match digit {
                b'0'..=b'9' => Some(digit - b'0'),
                b'a'..=b'f' => Some(digit - b'a' + 10),
                _ => None,
            }
        }
        let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = half(pair[0])? << 4 | half(pair[1])?;
        }
        Some(Secret(bytes))
    }

    pub(crate) fn text(&self) -> String {
        let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
        self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint(Sha256::digest(self.0).into())
    }
}

impl Fingerprint {
    /// Takes as long for any other.
    pub(crate) fn is(&self, other: &Fingerprint) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// 64 digits that nobody guesses, for whatever else needs some.
pub fn fresh_word() -> Result<String, UsersError> {
    Ok(Secret::random()?.text())
}

macro_rules! secret_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(pub(crate) Secret);

        impl $name {
            /// The secret itself: show it once, write it nowhere else.
            pub fn reveal(&self) -> String {
                self.0.text()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

secret_type! {
    /// What the cookie of a session holds.
    SessionSecret
}
secret_type! {
    /// What the link of an invitation ends with.
    InvitationSecret
}

/// What a form of a session sends along, so that a page of somebody else cannot
/// send it. It follows from the secret of the session, and says nothing of it.
#[derive(Clone)]
pub struct CsrfToken([u8; 32]);

impl SessionSecret {
    pub(crate) fn csrf(&self) -> CsrfToken {
        let hash = Sha256::new().chain_update(b"roadloop csrf\0").chain_update(self.0.0);
        CsrfToken(hash.finalize().into())
    }
}

impl CsrfToken {
    /// Takes as long for any 64 digits.
    pub fn matches(&self, given: &str) -> bool {
        Secret::parse(given).is_some_and(|given| self.0.ct_eq(&given.0).into())
    }

    /// For the page of the session it belongs to.
    pub fn reveal(&self) -> String {
        Secret(self.0).text()
    }
}

impl fmt::Debug for CsrfToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CsrfToken(..)")
    }
}

/// An API token as programs send it: `rl_<id>_<secret>`.
#[derive(Clone)]
pub struct TokenSecret {
    pub(crate) id: TokenId,
    pub(crate) secret: Secret,
}

impl TokenSecret {
    /// Takes the text of [`TokenSecret::reveal`] and no other one.
    pub(crate) fn parse(text: &str) -> Option<TokenSecret> {
        let (id, secret) = text.strip_prefix("rl_")?.split_once('_')?;
        let token = TokenSecret { id: TokenId(id.parse().ok()?), secret: Secret::parse(secret)? };
        // One text for each token: no `+7`, no `007`.
        let is_plain = token.id.0 > 0 && token.id.to_string() == id;
        is_plain.then_some(token)
    }

    /// The token itself: show it once, write it nowhere else.
    pub fn reveal(&self) -> String {
        format!("rl_{}_{}", self.id, self.secret.text())
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenSecret(rl_{}_..)", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(token: &str, expected: Option<i64>) {
        assert_eq!(TokenSecret::parse(token).map(|token| token.id.0), expected, "{token:?}");
    }

    #[test]
    fn tokens_have_one_text() {
        let secret = "0123456789abcdef".repeat(4);
        check(&format!("rl_7_{secret}"), Some(7));
        check(&format!("rl_{}_{secret}", i64::MAX), Some(i64::MAX));
        for id in ["07", "+7", "-7", "0", "", " 7", "7 ", "9223372036854775808", "7_", "7\0"] {
            check(&format!("rl_{id}_{secret}"), None);
        }
        let upper = secret.to_uppercase();
        for bad in ["", &secret[1..], &upper, &secret.replace('0', "é")[..64], "' OR 1=1"] {
            check(&format!("rl_7_{bad}"), None);
        }
        check(&format!("RL_7_{secret}"), None);
        check(&format!("rl_7_{secret}\n"), None);
    }

    #[test]
    fn secrets_are_not_shown_by_debug() {
        let secret = Secret::random().unwrap();
        let text = secret.text();
        let session = SessionSecret(secret.clone());
        let token = TokenSecret { id: TokenId(7), secret: secret.clone() };
        let all = format!("{session:?} {:?} {token:?}", session.csrf());
        assert_eq!(all, "SessionSecret(..) CsrfToken(..) TokenSecret(rl_7_..)");
        assert!(session.reveal() == text && !session.csrf().reveal().contains(&text));
    }

    #[test]
    fn csrf_belongs_to_its_session() {
        let one = SessionSecret(Secret::random().unwrap());
        let other = SessionSecret(Secret::random().unwrap());
        assert!(one.csrf().matches(&one.csrf().reveal()));
        for wrong in [other.csrf().reveal(), one.reveal(), String::new(), "x".repeat(64)] {
            assert!(!one.csrf().matches(&wrong));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_token_or_none(
            text in ".{0,90}|rl_[0-9]{0,20}_[0-9a-f]{62,66}|rl_[^_]{0,5}_?[0-9a-f]{64}"
        ) {
            if let Some(token) = TokenSecret::parse(&text) {
                assert_eq!(token.reveal(), text);
            }
            if let Some(secret) = Secret::parse(&text) {
                assert_eq!(secret.text(), text);
            }
        }

        #[test]
        fn tokens_round_trip(id in 1..=i64::MAX, bytes in proptest::array::uniform32(0..=255u8)) {
            let token = TokenSecret { id: TokenId(id), secret: Secret(bytes) };
            let again = TokenSecret::parse(&token.reveal()).unwrap();
            assert_eq!((again.id, again.secret.0), (token.id, bytes));
            assert!(again.secret.fingerprint().is(&token.secret.fingerprint()));
        }
    }
}
