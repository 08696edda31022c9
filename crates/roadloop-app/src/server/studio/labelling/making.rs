//! A new labelling job.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roadloop_engine::catalog::Sampling;
use roadloop_engine::labels::{JobSettings, NewJob, Picture, PreLabel, Purpose, ReviewRule};
use roadloop_engine::stages::label::{self, Tasks};
use roadloop_engine::stages::select;
use roadloop_users::Permission;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::job_named;
use super::model::{ConsolidationItem, JobItem, JobLabel, JobPurpose, JobReview};
use crate::server::problem::Problem;
use crate::server::studio::Studio;
use crate::server::studio::filters::parsed;
use crate::server::studio::guard::Caller;

const DAY: u64 = 24 * 3600;

/// A picture of the instructions.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::server::studio) struct NewPicture {
    /// As the Markdown names it.
    name: String,
    /// A JPEG, PNG or WebP of at most 5 MiB, in Base64.
    base64: String,
}

/// A job to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::server::studio) struct NewJobAsked {
    /// Letters, digits and `-`, at most 63.
    name: String,
    purpose: JobPurpose,
    /// The job that is verified or adjusted.
    of: Option<String>,
    /// Which frames; of those only the anonymised ones. Empty where it is of an earlier job.
    filter: String,
    #[schema(min_items = 1, max_items = 50)]
    labels: Vec<JobLabel>,
    #[schema(minimum = 1, maximum = 9)]
    workers: u32,
    #[schema(minimum = 30, maximum = 28_800)]
    task_seconds: u32,
    #[schema(minimum = 1, maximum = 365)]
    lifetime_days: u32,
    /// Markdown; what stands before a line `---` is always visible.
    instructions: String,
    #[serde(default)]
    #[schema(max_items = 20)]
    pictures: Vec<NewPicture>,
    /// Whether boxes of models are proposed.
    pre_label: bool,
    #[schema(minimum = 0, maximum = 1)]
    min_confidence: f32,
    review: JobReview,
    review_below: Option<f64>,
    consolidation: ConsolidationItem,
    /// What the label is called in manifests; the job's name where nothing is said.
    attribute: Option<String>,
    /// Frames at which people's work is measured: those of them that have boxes of people.
    gold_filter: Option<String>,
    #[schema(maximum = 1000)]
    gold_every: u32,
}

/// What was made.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct MadeJob {
    job: JobItem,
    /// Frames that are not in it, as they have no anonymised copy.
    left_out: u64,
}

impl NewJobAsked {
    fn job(self, by: &str) -> Result<NewJob, Problem> {
        let invalid =
            |error: roadloop_engine::labels::LabelError| Problem::invalid(error.to_string());
        let of = || match &self.of {
            Some(of) => job_named(of),
            None => Err(Problem::invalid("say which job is verified or adjusted")),
        };
        let purpose = match self.purpose {
            JobPurpose::Draw => Purpose::Draw,
            JobPurpose::Verify => Purpose::Verify { of: of()? },
            JobPurpose::Adjust => Purpose::Adjust { of: of()? },
        };
        let review = match (self.review, self.review_below) {
            (JobReview::None, _) => ReviewRule::None,
            (JobReview::All, _) => ReviewRule::All,
            (JobReview::Disagreements, Some(below)) => ReviewRule::Below(below),
            (JobReview::Disagreements, None) => {
                return Err(Problem::invalid("say below which agreement results are reviewed"));
            }
        };
        let labels = self.labels.into_iter().map(JobLabel::class);
        let pictures = self.pictures.into_iter().map(|picture| {
            let bytes = STANDARD.decode(picture.base64).map_err(|error| {
                Problem::invalid(format!("{}: this is no Base64: {error}", picture.name))
            })?;
            Picture::new(&picture.name, bytes).map_err(invalid)
        });
        let settings = JobSettings {
            labels: labels.collect::<Result<_, _>>()?,
            workers: self.workers,
            task_seconds: self.task_seconds,
            lifetime_seconds: u64::from(self.lifetime_days) * DAY,
            consolidation: self.consolidation.settings(),
            review,
            attribute: self.attribute.unwrap_or_else(|| self.name.clone()),
            gold_every: if self.gold_filter.is_some() { self.gold_every } else { 0 },
            pre_label: self.pre_label.then_some(PreLabel { min_confidence: self.min_confidence }),
        };
        Ok(NewJob {
            name: self.name.parse().map_err(invalid)?,
            purpose,
            settings,
            instructions: self.instructions,
            pictures: pictures.collect::<Result<_, _>>()?,
            created_by: by.to_owned(),
        })
    }
}

/// Makes a labelling job
#[utoipa::path(post, operation_id = "make_job", path = "/api/v1/jobs", tag = "labelling",
    request_body = NewJobAsked,
    responses((status = 200, body = MadeJob), (status = 409, description = "a job has that name")))]
pub(in crate::server::studio) async fn make(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    asked: Result<Json<NewJobAsked>, JsonRejection>,
) -> Result<Json<MadeJob>, Problem> {
    caller.must(Permission::Edit)?;
    let Json(asked) = asked?;
    let filter = parsed(&asked.filter)?;
    let gold = asked.gold_filter.as_deref().map(parsed).transpose()?;
    let job = asked.job(caller.name())?;
    let tasks = match job.purpose.of() {
        Some(_) => Tasks::OfEarlier,
        None => {
            let (draw, _) = select::draw(&studio.ctx, &filter, Sampling::default()).await?;
            Tasks::Of(draw.rows(&studio.ctx.catalog).await?)
        }
    };
    // Made to the end, or not at all, also where who asked has hung up meanwhile.
    let work = async move {
        let made = label::create(&studio.ctx, &studio.labels, job, tasks, gold.as_ref()).await;
        let (job, report) = made?;
        studio.note(&caller, "make job", job.name.to_string()).await;
        Ok(MadeJob { job: JobItem::of(&job), left_out: report.skipped.len() as u64 })
    };
    Studio::to_the_end(work).await.map(Json)
}
