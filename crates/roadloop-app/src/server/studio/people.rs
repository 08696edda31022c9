//! Users: logging in and out, invitations, roles, API tokens, and the log of what was
//! done.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use roadloop_base::Nanos;
use roadloop_users::{
    ApiToken, AuditEntry, AuditId, By, INVITATION_FOR, Invitation, InvitationId, InvitationState,
    NewToken, Permission, Permissions, Role, SESSION_AT_MOST, TokenId, User, UserId, UserName,
    UsersError, check_password,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Studio;
use super::api::Me;
use super::guard::{Caller, blocking, cookie_of, now};
use super::proxy::Origin;
use crate::server::problem::Problem;

/// A name and a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    name: String,
    password: String,
}

/// Logs in
///
/// The session's secret is in a cookie from then on; its word for changes is in the answer.
#[utoipa::path(post, operation_id = "log_in", path = "/api/v1/session", tag = "people",
    request_body = Login,
    responses((status = 200, body = Me), (status = 401, description = "wrong name or password"),
        (status = 429, description = "too many tries; Retry-After says for how long")))]
pub(super) async fn log_in(
    State(studio): State<Arc<Studio>>,
    Extension(origin): Extension<Origin>,
    login: Result<Json<Login>, JsonRejection>,
) -> Result<Response, Problem> {
    let people = studio.guard.users()?.clone();
    let Json(Login { name, password }) = login?;
    let session = blocking(move || people.log_in(&name, &password, origin.from, now())).await??;
    let seconds = SESSION_AT_MOST.as_secs();
    let cookie = cookie(&studio, &origin, &session.secret.reveal(), seconds);
    let me = Me::of_user(&session.who, session.csrf.reveal());
    Ok(([cookie], Json(me)).into_response())
}

/// Out of the reach of scripts, and of pages of other sites.
fn cookie(studio: &Studio, origin: &Origin, value: &str, seconds: u64) -> (HeaderName, String) {
    let secure = if origin.is_secure { "; Secure" } else { "" };
    let name = studio.guard.cookie(origin);
    let cookie =
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    (header::SET_COOKIE, cookie)
}

/// Logs out
#[utoipa::path(delete, operation_id = "log_out", path = "/api/v1/session", tag = "people",
    responses((status = 204)))]
pub(super) async fn log_out(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let people = studio.guard.users()?.clone();
    let origin = caller.origin;
    if let Some(secret) = cookie_of(&headers, studio.guard.cookie(&origin)).map(str::to_owned) {
        blocking(move || people.log_out(&secret, origin.from, now())).await??;
    }
    Ok((StatusCode::NO_CONTENT, [cookie(&studio, &origin, "", 0)]).into_response())
}

/// A link's secret: what stands behind its `#`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InvitationLink {
    secret: String,
}

/// What an invitation gives.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InvitedAs {
    /// `viewer`, `worker`, `reviewer`, `admin`.
    role: String,
}

/// Looks at an invitation
#[utoipa::path(post, operation_id = "invited_as", path = "/api/v1/invitation", tag = "people",
    request_body = InvitationLink,
    responses((status = 200, body = InvitedAs), (status = 404, description = "no such invitation")))]
pub(super) async fn invited_as(
    State(studio): State<Arc<Studio>>,
    link: Result<Json<InvitationLink>, JsonRejection>,
) -> Result<Json<InvitedAs>, Problem> {
    let people = studio.guard.users()?.clone();
    let Json(InvitationLink { secret }) = link?;
    let role = blocking(move || people.invited_as(&secret, now())).await??;
    Ok(Json(InvitedAs { role: role.name().to_owned() }))
}

/// An invitation that is taken.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Acceptance {
    secret: String,
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    #[schema(min_length = 12, max_length = 1024)]
    password: String,
}

/// Takes an invitation
///
/// Makes a user, who can log in then. An invitation is taken once.
#[utoipa::path(post, operation_id = "accept_invitation", path = "/api/v1/invitation/accept",
    tag = "people", request_body = Acceptance,
    responses((status = 204), (status = 404, description = "no such invitation"),
        (status = 409, description = "somebody has that name")))]
pub(super) async fn accept(
    State(studio): State<Arc<Studio>>,
    Extension(origin): Extension<Origin>,
    acceptance: Result<Json<Acceptance>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let people = studio.guard.users()?.clone();
    let Json(Acceptance { secret, name, password }) = acceptance?;
    let name = UserName::new(&name)?;
    let accept = move || people.accept(&secret, &name, &password, origin.from, now()).map(drop);
    blocking(accept).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserItem {
    id: i64,
    name: String,
    role: String,
    made_at: String,
    logged_in_at: Option<String>,
    is_disabled: bool,
}

impl UserItem {
    fn of(user: &User) -> UserItem {
        UserItem {
            id: user.id.0,
            name: user.name.to_string(),
            role: user.role.name().to_owned(),
            made_at: user.made_at.iso(),
            logged_in_at: user.logged_in_at.map(Nanos::iso),
            is_disabled: user.disabled_at.is_some(),
        }
    }
}

/// All users
#[utoipa::path(get, operation_id = "users", path = "/api/v1/users", tag = "people",
    responses((status = 200, body = Vec<UserItem>)))]
pub(super) async fn users(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
) -> Result<Json<Vec<UserItem>>, Problem> {
    caller.user()?.needs(Permission::Administer)?;
    let people = studio.guard.users()?.clone();
    let users = blocking(move || people.users()).await??;
    Ok(Json(users.iter().map(UserItem::of).collect()))
}

/// What is changed about a user; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserChange {
    /// `viewer`, `worker`, `reviewer`, `admin`.
    role: Option<String>,
    is_disabled: Option<bool>,
    /// In the place of one that was forgotten.
    password: Option<String>,
}

/// Changes a user
#[utoipa::path(patch, operation_id = "change_user", path = "/api/v1/users/{id}", tag = "people",
    params(("id" = i64, Path)), request_body = UserChange,
    responses((status = 200, body = UserItem), (status = 404, description = "no such user"),
        (status = 409, description = "the last administrator stays one")))]
pub(super) async fn change_user(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    id: Result<Path<i64>, PathRejection>,
    change: Result<Json<UserChange>, JsonRejection>,
) -> Result<Json<UserItem>, Problem> {
    let (people, who) = (studio.guard.users()?.clone(), caller.user()?.clone());
    who.needs(Permission::Administer)?;
    let (Path(id), Json(change)) = (id?, change?);
    let UserChange { role, is_disabled, password } = change;
    let role = role.map(|role| role.parse::<Role>()).transpose()?;
    let from = caller.origin.from;
    let work = move || -> Result<User, UsersError> {
        let (by, id) = (By::Who(&who, from), UserId(id));
        // What can be wrong with it is found out before any of it is done.
        let user = people.user(id)?;
        if let Some(password) = &password {
            check_password(password, &user.name)?;
        }
        if let Some(role) = role {
            people.set_role(by, id, role, now())?;
        }
        match is_disabled {
            Some(true) => people.disable(by, id, now())?,
            Some(false) => people.enable(by, id, now())?,
            None => {}
        }
        if let Some(password) = password {
            people.reset_password(by, id, &password, now())?;
        }
        people.user(id)
    };
    Ok(Json(UserItem::of(&blocking(work).await??)))
}

/// The old password and the new one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordChange {
    old: String,
    #[schema(min_length = 12, max_length = 1024)]
    new: String,
}

/// Changes one's own password
///
/// All sessions of the user end, this one too.
#[utoipa::path(post, operation_id = "change_password", path = "/api/v1/me/password",
    tag = "people", request_body = PasswordChange,
    responses((status = 204), (status = 401, description = "the old password is wrong")))]
pub(super) async fn change_password(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    change: Result<Json<PasswordChange>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let (people, who) = (studio.guard.users()?.clone(), caller.user()?.clone());
    let Json(PasswordChange { old, new }) = change?;
    let from = caller.origin.from;
    blocking(move || people.change_password(&who, &old, &new, from, now())).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Who is to be invited.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewInvitation {
    /// `viewer`, `worker`, `reviewer`, `admin`.
    role: String,
    /// How long it can be taken; a week where nothing is said, at most 90 days.
    #[schema(minimum = 1, maximum = 90)]
    days: Option<u32>,
}

/// An invitation that was made. Its secret is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeInvitation {
    id: i64,
    /// The link is `/invite#` and this.
    secret: String,
}

/// An invitation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InvitationItem {
    id: i64,
    role: String,
    made_at: String,
    expires_at: String,
    /// `open`, `taken`, `revoked`, `expired`.
    state: String,
}

impl InvitationItem {
    fn of(invitation: &Invitation) -> InvitationItem {
        let state = match invitation.state {
            InvitationState::Open => "open",
            InvitationState::TakenBy(_) => "taken",
            InvitationState::Revoked => "revoked",
            InvitationState::Expired => "expired",
        };
        InvitationItem {
            id: invitation.id.0,
            role: invitation.role.name().to_owned(),
            made_at: invitation.made_at.iso(),
            expires_at: invitation.expires_at.iso(),
            state: state.to_owned(),
        }
    }
}

/// Invites somebody
#[utoipa::path(post, operation_id = "invite", path = "/api/v1/invitations", tag = "people",
    request_body = NewInvitation, responses((status = 200, body = MadeInvitation)))]
pub(super) async fn invite(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    new: Result<Json<NewInvitation>, JsonRejection>,
) -> Result<Json<MadeInvitation>, Problem> {
    let (people, who) = (studio.guard.users()?.clone(), caller.user()?.clone());
    let Json(NewInvitation { role, days }) = new?;
    let (role, from) = (role.parse::<Role>()?, caller.origin.from);
    let span = days.map_or(INVITATION_FOR, in_days);
    let invite = move || people.invite(By::Who(&who, from), role, span, now());
    let (InvitationId(id), secret) = blocking(invite).await??;
    Ok(Json(MadeInvitation { id, secret: secret.reveal() }))
}

fn in_days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 3600)
}

/// Invitations of the last months, the newest first
#[utoipa::path(get, operation_id = "invitations", path = "/api/v1/invitations", tag = "people",
    responses((status = 200, body = Vec<InvitationItem>)))]
pub(super) async fn invitations(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
) -> Result<Json<Vec<InvitationItem>>, Problem> {
    caller.user()?.needs(Permission::Administer)?;
    let people = studio.guard.users()?.clone();
    let invitations = blocking(move || people.invitations(now())).await??;
    Ok(Json(invitations.iter().map(InvitationItem::of).collect()))
}

/// Closes an invitation
#[utoipa::path(delete, operation_id = "revoke_invitation", path = "/api/v1/invitations/{id}",
    tag = "people", params(("id" = i64, Path)), responses((status = 204)))]
pub(super) async fn revoke_invitation(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    id: Result<Path<i64>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let (people, who) = (studio.guard.users()?.clone(), caller.user()?.clone());
    let (Path(id), from) = (id?, caller.origin.from);
    let revoke = move || people.revoke_invitation(By::Who(&who, from), InvitationId(id), now());
    blocking(revoke).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// A token for a program.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenAsked {
    /// What uses it.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    /// `read`, `read-raw`, `label`, `write`, `export`, `admin`.
    scopes: Vec<String>,
    /// How long it is good for, at most 366 days.
    #[schema(minimum = 1, maximum = 366)]
    days: u32,
}

/// A token that was made. It is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeToken {
    /// To be sent as `Authorization: Bearer …`.
    token: String,
}

/// A token of one's own.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenItem {
    id: i64,
    name: String,
    scopes: Vec<String>,
    made_at: String,
    expires_at: String,
    /// To the minute.
    used_at: Option<String>,
    is_revoked: bool,
}

impl TokenItem {
    fn of(token: &ApiToken) -> TokenItem {
        let scopes = token.scopes.iter().map(|permission| permission.scope().to_owned());
        TokenItem {
            id: token.id.0,
            name: token.name.clone(),
            scopes: scopes.collect(),
            made_at: token.made_at.iso(),
            expires_at: token.expires_at.iso(),
            used_at: token.used_at.map(Nanos::iso),
            is_revoked: token.revoked_at.is_some(),
        }
    }
}

/// Makes a token for oneself
#[utoipa::path(post, operation_id = "make_token", path = "/api/v1/tokens", tag = "people",
    request_body = TokenAsked, responses((status = 200, body = MadeToken)))]
pub(super) async fn make_token(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    asked: Result<Json<TokenAsked>, JsonRejection>,
) -> Result<Json<MadeToken>, Problem> {
    let (people, who) = (studio.guard.users()?.clone(), caller.user()?.clone());
    let Json(TokenAsked { name, scopes, days }) = asked?;
    let scopes = scopes.iter().map(|scope| scope.parse::<Permission>());
    let scopes = Permissions::of(&scopes.collect::<Result<Vec<_>, _>>()?);
    let (new, from) = (NewToken { name, scopes, good_for: in_days(days) }, caller.origin.from);
    let make = move || people.create_token(By::Who(&who, from), who.user(), &new, now());
    let token = blocking(make).await??;
    Ok(Json(MadeToken { token: token.reveal() }))
}

/// One's own tokens
#[utoipa::path(get, operation_id = "tokens", path = "/api/v1/tokens", tag = "people",
    responses((status = 200, body = Vec<TokenItem>)))]
pub(super) async fn tokens(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
) -> Result<Json<Vec<TokenItem>>, Problem> {
    let (people, user) = (studio.guard.users()?.clone(), caller.user()?.user());
    let tokens = blocking(move || people.tokens(Some(user))).await??;
    Ok(Json(tokens.iter().map(TokenItem::of).collect()))
}

/// Revokes a token
#[utoipa::path(delete, operation_id = "revoke_token", path = "/api/v1/tokens/{id}", tag = "people",
    params(("id" = i64, Path)), responses((status = 204), (status = 404, description = "no such token")))]
pub(super) async fn revoke_token(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    id: Result<Path<i64>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let (people, who) = (studio.guard.users()?.clone(), caller.user()?.clone());
    let (Path(id), from) = (id?, caller.origin.from);
    blocking(move || people.revoke_token(By::Who(&who, from), TokenId(id), now())).await??;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditAsked {
    /// Lines older than the one with this number.
    before: Option<i64>,
    /// At most 1000; a hundred where nothing is said.
    #[param(minimum = 0, maximum = 1000)]
    limit: Option<usize>,
}

/// What somebody did.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditItem {
    id: i64,
    at: String,
    /// `operator` for the command line, nothing for who did not log in.
    name: String,
    from: Option<String>,
    action: String,
    about: String,
    outcome: String,
}

impl AuditItem {
    fn of(AuditEntry { id, line }: AuditEntry) -> AuditItem {
        AuditItem {
            id: id.0,
            at: line.at.iso(),
            name: line.name,
            from: line.from.map(|from| from.to_string()),
            action: line.action,
            about: line.about,
            outcome: line.outcome,
        }
    }
}

/// What was done, the newest first
#[utoipa::path(get, operation_id = "audit", path = "/api/v1/audit", tag = "people",
    params(AuditAsked), responses((status = 200, body = Vec<AuditItem>)))]
pub(super) async fn audit(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    asked: Result<Query<AuditAsked>, QueryRejection>,
) -> Result<Json<Vec<AuditItem>>, Problem> {
    caller.user()?.needs(Permission::Administer)?;
    let people = studio.guard.users()?.clone();
    let Query(AuditAsked { before, limit }) = asked?;
    let limit = limit.unwrap_or(100);
    if limit > 1000 {
        return Err(Problem::invalid("at most 1000 lines are given at once"));
    }
    let entries = blocking(move || people.audit(before.map(AuditId), limit)).await??;
    Ok(Json(entries.into_iter().map(AuditItem::of).collect()))
}
