//! What becomes of users, as cases.

use crate::testing::{HOME, PASSWORD, Studio, at, name, words};
use crate::{By, Permission, Role, UserId, UsersError};

const BAD: &str = "the name or the password is wrong; who has forgotten it asks an administrator";
const NEW: &str = "eight ferries over the river";

#[test]
fn users_are_made_and_listed() {
    let studio = Studio::new();
    let by = studio.by_admin();
    let made = studio.people.create_user(by, &name("Ada"), PASSWORD, Role::Viewer, at(3)).unwrap();
    assert_eq!((made.role, made.made_at, made.disabled_at), (Role::Viewer, at(3), None));
    assert_eq!(studio.people.user(made.id).unwrap(), made);
    assert_eq!(studio.people.user_named(&name("ADA")).unwrap(), Some(made.clone()));
    let names: Vec<String> =
        studio.people.users().unwrap().iter().map(|user| user.name.to_string()).collect();
    assert_eq!(names, ["root", "Ada"]);
    let again = studio.people.create_user(by, &name("aDA"), PASSWORD, Role::Viewer, at(3));
    assert_eq!(words(again), "there is a user aDA already: take another name");
    let short = studio.people.create_user(by, &name("eve"), "short", Role::Viewer, at(3));
    assert!(words(short).starts_with("this password cannot be used"));
    let none = studio.people.user(UserId(99));
    assert_eq!(words(none), "there is no user 99: look at the list of them");
    assert_eq!(studio.audit(1), ["root: create user Ada, viewer = done"]);
}

#[test]
fn names_are_data_whatever_they_say() {
    let studio = Studio::new();
    for text in ["'; DROP TABLE users; --", "\" OR \"\"=\"", "%", "a_b", "Zoë 漢字 🙂", "?1"] {
        let made = studio.user(text, Role::Viewer);
        assert_eq!(studio.people.user_named(&name(text)).unwrap().unwrap().id, made.id);
        assert_eq!(studio.log_in(text, 1).who.user(), made.id);
    }
    assert_eq!(studio.people.users().unwrap().len(), 7);
}

#[test]
fn who_is_no_administrator_changes_nobody() {
    let studio = Studio::new();
    for role in [Role::Viewer, Role::Worker, Role::Reviewer] {
        let user = studio.user(role.name(), role);
        let who = studio.log_in(role.name(), 0).who;
        let (people, by, root) = (&studio.people, By::Who(&who, HOME), studio.admin_id());
        let done = [
            people.create_user(by, &name("eve"), PASSWORD, Role::Admin, at(1)).map(drop),
            people.set_role(by, user.id, Role::Admin, at(1)),
            people.disable(by, root, at(1)),
            people.enable(by, root, at(1)),
            people.reset_password(by, root, NEW, at(1)),
            people.invite(by, role, crate::INVITATION_FOR, at(1)).map(drop),
            people.revoke_invitation(by, crate::InvitationId(1), at(1)),
            people.revoke_token(by, crate::TokenId(1), at(1)),
            people.log_out_everywhere(by, root, at(1)),
        ];
        for done in done {
            let needs_admin = |error: &UsersError| {
                matches!(error, UsersError::NotAllowed { needs: Permission::Administer })
            };
            assert!(done.as_ref().is_err_and(needs_admin), "{done:?}");
        }
    }
    // Nor who was one a moment ago.
    let eve = studio.user("eve", Role::Admin);
    let who = studio.log_in("eve", 0).who;
    studio.people.disable(studio.by_admin(), eve.id, at(1)).unwrap();
    let late = studio.people.set_role(By::Who(&who, HOME), eve.id, Role::Viewer, at(2));
    assert!(words(late).starts_with("not allowed"));
}

/// Whether a session that ada had before still is one.
#[track_caller]
fn check_session(change: impl Fn(&Studio, UserId), expected: &str) {
    let studio = Studio::new();
    let ada = studio.user("ada", Role::Reviewer);
    let session = studio.log_in("ada", 0);
    change(&studio, ada.id);
    let found = studio.people.session(&session.secret.reveal(), at(2));
    assert_eq!(words(found), expected);
    assert!(studio.people.session(&studio.log_in("root", 2).secret.reveal(), at(2)).is_ok());
}

#[test]
fn changes_end_the_sessions_of_who_is_changed() {
    let over = "not logged in, or no longer: log in again";
    let set = |role: Role| {
        move |studio: &Studio, id: UserId| {
            studio.people.set_role(studio.by_admin(), id, role, at(1)).unwrap();
        }
    };
    check_session(set(Role::Viewer), over);
    check_session(set(Role::Admin), over);
    check_session(set(Role::Reviewer), "ok");
    check_session(|studio, id| studio.people.disable(By::Operator, id, at(1)).unwrap(), over);
    check_session(
        |studio, id| {
            studio.people.disable(By::Operator, id, at(1)).unwrap();
            studio.people.enable(By::Operator, id, at(1)).unwrap();
        },
        over,
    );
    check_session(
        |studio, id| studio.people.reset_password(By::Operator, id, NEW, at(1)).unwrap(),
        over,
    );
    check_session(
        |studio, _| {
            let who = studio.log_in("ada", 1).who;
            studio.people.change_password(&who, PASSWORD, NEW, HOME, at(1)).unwrap();
        },
        over,
    );
}

#[test]
fn the_password_is_changed_by_the_old_one() {
    let studio = Studio::new();
    studio.user("ada", Role::Viewer);
    let who = studio.log_in("ada", 0).who;
    let change = |old: &str, new: &str, at_seconds| {
        words(studio.people.change_password(&who, old, new, HOME, at(at_seconds)))
    };
    assert_eq!(change("wrong", NEW, 1), BAD);
    assert_eq!(studio.audit(1), ["ada: change password ada = wrong old password"]);
    assert!(change(PASSWORD, "short", 1).contains("it has 5 characters"));
    assert_eq!(change(PASSWORD, NEW, 1), "ok");
    assert_eq!(words(studio.people.log_in("ada", PASSWORD, HOME, at(2))), BAD);
    assert!(studio.people.log_in("ada", NEW, HOME, at(2)).is_ok());
    // Guessing the old one waits as a login does.
    for _ in 0..5 {
        assert_eq!(change("wrong", PASSWORD, 3), BAD);
    }
    assert!(change(NEW, PASSWORD, 3).starts_with("too many tries"));
    studio.people.reset_password(studio.by_admin(), who.user(), PASSWORD, at(9)).unwrap();
    assert!(studio.people.log_in("ada", PASSWORD, HOME, at(9)).is_ok());
    assert_eq!(studio.audit(2)[1], "root: reset password ada = done");
}

#[test]
fn the_last_administrator_stays() {
    let studio = Studio::new();
    let root = studio.admin_id();
    let last = "root is the last administrator who can log in: make another one first";
    let by = studio.by_admin();
    assert_eq!(words(studio.people.disable(by, root, at(1))), last);
    assert_eq!(words(studio.people.set_role(By::Operator, root, Role::Viewer, at(1))), last);
    let eve = studio.user("eve", Role::Admin);
    studio.people.disable(by, eve.id, at(1)).unwrap();
    // One who is disabled does not count, and can go lower.
    assert_eq!(words(studio.people.disable(by, root, at(1))), last);
    studio.people.set_role(by, eve.id, Role::Viewer, at(1)).unwrap();
    studio.people.set_role(by, eve.id, Role::Admin, at(1)).unwrap();
    studio.people.enable(by, eve.id, at(1)).unwrap();
    studio.people.disable(by, root, at(2)).unwrap();
    assert!(studio.people.has_admin().unwrap());
}

#[test]
fn two_administrators_cannot_both_go_at_once() {
    for round in 0..5 {
        let studio = Studio::new();
        let ids = [studio.admin_id(), studio.user("eve", Role::Admin).id];
        let done: Vec<String> = std::thread::scope(|scope| {
            let both = ids.map(|id| {
                let people = studio.other();
                scope.spawn(move || match round % 2 {
                    0 => words(people.disable(By::Operator, id, at(1))),
                    _ => words(people.set_role(By::Operator, id, Role::Viewer, at(1))),
                })
            });
            both.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(done.iter().filter(|done| *done == "ok").count(), 1, "{done:?}");
        assert!(studio.people.has_admin().unwrap());
    }
}
