//! The routes of the API and their description, which follows from them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use roadloop_users::{Permission, Who};
use serde::Serialize;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::guard::Caller;
use super::labelling::{jobs, making, results, tasks, work};
use super::{
    Studio, annotations, counts, datasets, evaluation, events, export, filters, frames, images,
    lineage, people, recordings, selections, tags, timeline,
};

/// Bytes of an annotation: two thousand boxes, each with its tags.
const ANNOTATION_BYTES: usize = 2 << 20;

/// Bytes of a new job: its instructions with some pictures, in Base64.
const JOB_BYTES: usize = 32 << 20;

#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "roadloop studio",
        description = "What the studio's site asks, and any other program may. Errors are \
                       `application/problem+json` (RFC 9457); their `detail` says what to do.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "frames", description = "Frames, their images, what is on them"),
        (name = "filters", description = "The filter language, and what filters find"),
        (name = "recordings", description = "Recordings, their stages and their damage"),
        (name = "selections", description = "Frames that were chosen, kept as they were"),
        (name = "labelling", description = "Labelling jobs: tasks, answers, what they come to"),
        (name = "datasets", description = "Frozen samples to learn from"),
        (name = "tags", description = "Words that people put on frames"),
        (name = "events", description = "What changes while somebody looks"),
        (name = "people", description = "Who asks, and who may do what"),
    ),
    modifiers(&Csrf)
)]
struct Description;

struct Csrf;

impl Modify for Csrf {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let csrf = ApiKeyValue::with_description(
            "x-roadloop-csrf",
            "The word of `/api/v1/me`, with every change.",
        );
        let components = description.components.get_or_insert_default();
        components.add_security_scheme("csrf", SecurityScheme::ApiKey(ApiKey::Header(csrf)));
    }
}

/// Who asks, and what they may do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
    name: String,
    /// Nothing for who sits at this machine.
    role: Option<String>,
    /// `see`, `see_raw`, `label`, `edit`, `export`, `administer`.
    permissions: Vec<String>,
    /// To be sent with every change, as the header `x-roadloop-csrf`; nothing for who comes
    /// with a token, which needs none.
    csrf: String,
    /// Of this program.
    version: String,
}

impl Me {
    fn new(name: &str, role: Option<&str>, may: impl Fn(Permission) -> bool, csrf: String) -> Me {
        let permissions = Permission::ALL.into_iter().filter(|permission| may(*permission));
        Me {
            name: name.to_owned(),
            role: role.map(str::to_owned),
            permissions: permissions.map(|permission| name_of(permission).to_owned()).collect(),
            csrf,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    pub(super) fn of_user(who: &Who, csrf: String) -> Me {
        let may = |permission| who.may(permission);
        Me::new(who.name().as_str(), Some(who.role().name()), may, csrf)
    }
}

/// What the site calls a permission.
fn name_of(permission: Permission) -> &'static str {
    match permission {
        Permission::See => "see",
        Permission::SeeRaw => "see_raw",
        Permission::Label => "label",
        Permission::Edit => "edit",
        Permission::Export => "export",
        Permission::Administer => "administer",
    }
}

/// Who asks
#[utoipa::path(get, operation_id = "me", path = "/api/v1/me", tag = "people", responses((status = 200, body = Me)))]
async fn me(caller: Caller) -> Json<Me> {
    let may = |permission| caller.may(permission);
    Json(Me::new(caller.name(), caller.role(), may, caller.csrf.clone()))
}

/// What the catalog has, in a few numbers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Overview {
    recordings: u64,
    frames: u64,
    /// Frames a detector looked at.
    looked_at: u64,
    /// Frames with an anonymised copy.
    anonymized: u64,
    /// Where images and tables are kept.
    store: String,
}

/// What the catalog has
#[utoipa::path(get, operation_id = "overview", path = "/api/v1/overview", tag = "recordings",
    responses((status = 200, body = Overview)))]
async fn overview(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
) -> Result<Json<Overview>, crate::server::problem::Problem> {
    caller.must(Permission::See)?;
    let recordings = studio.ctx.catalog.recordings().await?;
    Ok(Json(Overview {
        recordings: recordings.len() as u64,
        frames: recordings.iter().map(|recording| recording.frames).sum(),
        looked_at: recordings.iter().map(|recording| recording.looked).sum(),
        anonymized: recordings.iter().map(|recording| recording.anonymized).sum(),
        store: studio.ctx.store.place(),
    }))
}

pub(super) fn routes() -> OpenApiRouter<Arc<Studio>> {
    let annotations = OpenApiRouter::new()
        .routes(routes!(annotations::save, annotations::take_back))
        .routes(routes!(tasks::decide))
        .routes(routes!(work::draft))
        .routes(routes!(work::answer))
        .layer(DefaultBodyLimit::max(ANNOTATION_BYTES));
    let making = OpenApiRouter::new()
        .routes(routes!(jobs::all, making::make))
        .layer(DefaultBodyLimit::max(JOB_BYTES));
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(me))
        .routes(routes!(people::log_in, people::log_out))
        .routes(routes!(people::invited_as))
        .routes(routes!(people::accept))
        .routes(routes!(people::users))
        .routes(routes!(people::change_user))
        .routes(routes!(people::change_password))
        .routes(routes!(people::invite, people::invitations))
        .routes(routes!(people::revoke_invitation))
        .routes(routes!(people::make_token, people::tokens))
        .routes(routes!(people::revoke_token))
        .routes(routes!(people::audit))
        .routes(routes!(overview))
        .routes(routes!(frames::page))
        .routes(routes!(frames::one))
        .routes(routes!(lineage::of_frame))
        .routes(routes!(images::image))
        .routes(routes!(images::film))
        .routes(routes!(filters::check))
        .routes(routes!(filters::vocabulary))
        .routes(routes!(counts::by))
        .routes(routes!(counts::confidences))
        .routes(routes!(evaluation::evaluation))
        .routes(routes!(timeline::timeline))
        .routes(routes!(timeline::track))
        .routes(routes!(tags::change))
        .routes(routes!(selections::all, selections::save))
        .routes(routes!(recordings::all))
        .routes(routes!(recordings::one))
        .routes(routes!(recordings::activity))
        .routes(routes!(recordings::risks))
        .routes(routes!(export::export))
        .routes(routes!(events::events))
        .routes(routes!(jobs::one))
        .routes(routes!(jobs::picture))
        .routes(routes!(jobs::set_state))
        .routes(routes!(jobs::set_consolidation))
        .routes(routes!(results::statistics))
        .routes(routes!(results::manifest))
        .routes(routes!(results::sheet))
        .routes(routes!(tasks::all))
        .routes(routes!(tasks::one))
        .routes(routes!(tasks::image))
        .routes(routes!(datasets::all))
        .routes(routes!(datasets::one))
        .routes(routes!(datasets::statistics))
        .routes(routes!(datasets::checks))
        .routes(routes!(datasets::diff))
        .routes(routes!(datasets::samples::page))
        .routes(routes!(datasets::samples::image))
        .routes(routes!(work::all))
        .routes(routes!(work::next))
        .routes(routes!(work::about))
        .routes(routes!(work::one))
        .routes(routes!(work::image))
        .routes(routes!(work::skip))
        .routes(routes!(work::flag))
        .routes(routes!(work::release))
        .merge(annotations)
        .merge(making)
}
