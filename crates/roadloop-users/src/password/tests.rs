//! Which passwords may be chosen, and what a hash is good for.

use super::*;

#[track_caller]
fn check(password: &str, expected: &str) {
    let name = UserName::new("Ada.Lovelace@example.org").unwrap();
    let got = match check_password(password, &name) {
        Ok(()) => "good".to_owned(),
        Err(error) => error.to_string(),
    };
    let expected = match expected {
        "common" => {
            "it is among the first that are guessed; several words that do not belong \
             together are good"
        }
        "name" => "it is the name; several words that do not belong together are good",
        other => other,
    };
    assert_eq!(got.strip_prefix("this password cannot be used: ").unwrap_or(&got), expected);
}

#[test]
fn passwords_that_may_be_chosen() {
    check("seven bridges of", "good");
    check("gleis neun regen", "good");
    check("Tr0ub4dor&3xyzzy", "good");
    check("пять мостов реки", "good");
    check("my dog is called Password", "good");
    check(&"an ordinary text. ".repeat(56), "good");
}

#[test]
fn passwords_that_may_not() {
    check("elf lang 11", "it has 11 characters, use 12 or more");
    check("äöüäöüäöüäö", "it has 11 characters, use 12 or more");
    check(&"long and longer ".repeat(65), "use 1024 characters or fewer");
    check("ada.lovelace@EXAMPLE.org", "name");
    check("Ada.Lovelace", "name");
    for common in [
        "password1234",
        "Password2026!",
        "P@ssw0rd!!12",
        "passwordpassword",
        "123456789012",
        "098765432109",
        "qwerty123456",
        "qwertyuiop12",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "aaaaaaaaaaaa",
        "abababababab",
        "abcdefghijkl",
        "lkjihgfedcba",
        "Admin1234567",
        "iloveyou12345",
        "letmeinletmein",
        "correct horse battery staple",
        "changeme!!!!",
        "roadloop2026",
        "Welcome12345!",
        "            ",
        "qwertzuiopasdf",
        "abcd1234abcd1234",
        "password\u{0}\u{0}\u{0}\u{0}",
    ] {
        check(common, "common");
    }
}

#[test]
fn a_hash_fits_its_password_only() {
    let hashing = Hashing::new(Cost::NEARLY_NOTHING).unwrap();
    let hash = hashing.hash("seven bridges").unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
    assert_ne!(hash, hashing.hash("seven bridges").unwrap());
    let check = |password: &str, hash: Option<&str>| hashing.verify(password, hash).unwrap();
    assert_eq!(check("seven bridges", Some(&hash)), Verdict::Right);
    assert_eq!(check("seven bridgeS", Some(&hash)), Verdict::Wrong);
    assert_eq!(check("", Some(&hash)), Verdict::Wrong);
    assert_eq!(check("seven bridges", None), Verdict::Wrong);
    assert_eq!(check(&"seven bridges".repeat(100), Some(&hash)), Verdict::Wrong);
    // What is cut off to nothing is not the empty password.
    let empty = hashing.hash("").unwrap();
    assert_eq!(check(&"x".repeat(2000), Some(&empty)), Verdict::Wrong);
}

#[test]
fn an_old_hash_is_told() {
    let old = Hashing::new(Cost { memory_kib: 16, passes: 1 }).unwrap();
    let today = Hashing::new(Cost::NEARLY_NOTHING).unwrap();
    let hash = old.hash("seven bridges").unwrap();
    assert_eq!(today.verify("seven bridges", Some(&hash)).unwrap(), Verdict::RightButOld);
    assert_eq!(today.verify("eight bridges", Some(&hash)).unwrap(), Verdict::Wrong);
}

#[test]
fn a_hash_that_is_none_is_an_error() {
    let hashing = Hashing::new(Cost::NEARLY_NOTHING).unwrap();
    let dear = "$argon2id$v=19$m=4000000,t=2,p=1$c29tZXNhbHQ$\
                RdescudvJCsgt3ub+b4dWRWJTmaaJObG";
    for hash in ["", "x", "$argon2id$", "$argon2id$v=19$m=0,t=0,p=0$$", "$md5$x$y", dear] {
        let error = hashing.verify("seven bridges", Some(hash)).unwrap_err();
        assert!(matches!(error, UsersError::DamagedHash { .. }), "{hash:?}: {error}");
    }
}

#[test]
fn the_full_cost_is_that_of_owasp() {
    let hash = Hashing::new(Cost::FULL).unwrap().hash("seven bridges").unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
}

#[test]
fn places_are_bounded_and_given_back() {
    let hashing = Hashing::new(Cost::NEARLY_NOTHING).unwrap();
    let places: Vec<_> = (0..HASHINGS_AT_ONCE).map(|_| hashing.place().unwrap()).collect();
    std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..MOST_WAITING)
            .map(|_| scope.spawn(|| hashing.hash("seven bridges").unwrap()))
            .collect();
        while hashing.queue.lock().unwrap().waiting < MOST_WAITING {
            std::thread::yield_now();
        }
        let error = hashing.hash("seven bridges").unwrap_err();
        assert!(matches!(error, UsersError::Overloaded), "{error}");
        drop(places);
        for waiting in waiting {
            waiting.join().unwrap();
        }
    });
    let queue = hashing.queue.lock().unwrap();
    assert_eq!((queue.at_work, queue.waiting), (0, 0));
}

proptest::proptest! {
    #[test]
    fn any_password_is_judged(password in ".{0,40}|[a-z0-9]{12,1100}") {
        let _ = check_password(&password, &UserName::new("ada").unwrap());
    }
}
