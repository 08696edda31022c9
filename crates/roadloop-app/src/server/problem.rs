//! What went wrong, as who asked is told: a JSON object as RFC 9457 has it.

use axum::extract::rejection::{BytesRejection, JsonRejection, PathRejection, QueryRejection};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use roadloop_base::ErrorKind;
use roadloop_engine::EngineError;
use roadloop_engine::catalog::CatalogError;
use roadloop_users::UsersError;
use serde_json::json;

use crate::render::in_words;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    /// After so many seconds it may be asked again.
    retry_after: Option<u64>,
}

/// The only place that says which status an error has.
pub(super) fn status_of(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid => StatusCode::BAD_REQUEST,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::Busy => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl Problem {
    fn of(kind: ErrorKind, detail: impl Into<String>) -> Problem {
        Problem::with(status_of(kind), detail)
    }

    fn with(status: StatusCode, detail: impl Into<String>) -> Problem {
        Problem { status, detail: detail.into(), retry_after: None }
    }

    pub(super) fn invalid(detail: impl Into<String>) -> Problem {
        Problem::of(ErrorKind::Invalid, detail)
    }

    pub(super) fn not_found(detail: impl Into<String>) -> Problem {
        Problem::of(ErrorKind::NotFound, detail)
    }

    pub(super) fn busy(detail: impl Into<String>) -> Problem {
        Problem::of(ErrorKind::Busy, detail)
    }

    pub(super) fn internal(error: impl ToString) -> Problem {
        Problem::of(ErrorKind::Internal, error.to_string())
    }

    pub(super) fn unauthorized() -> Problem {
        Problem::with(StatusCode::UNAUTHORIZED, "the token is missing or another one")
    }

    pub(super) fn forbidden(detail: impl Into<String>) -> Problem {
        Problem::with(StatusCode::FORBIDDEN, detail)
    }

    /// A change that does not say what it changes (RFC 6585).
    pub(super) fn needs_condition() -> Problem {
        let detail = "say which revision is changed: If-Match with its tag, or If-None-Match: * \
                      where there is none";
        Problem::with(StatusCode::PRECONDITION_REQUIRED, detail)
    }

    /// What was asked for is there, and no use.
    pub(super) fn unprocessable(detail: impl Into<String>) -> Problem {
        Problem::with(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    pub(super) fn method_not_allowed() -> Problem {
        Problem::with(StatusCode::METHOD_NOT_ALLOWED, "this is not done here")
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Problem {
        Problem::of(error.kind(), in_words(&error))
    }
}

impl From<UsersError> for Problem {
    fn from(error: UsersError) -> Problem {
        let detail = in_words(&error);
        match error {
            UsersError::BadLogin | UsersError::NoSession | UsersError::BadToken => {
                Problem::with(StatusCode::UNAUTHORIZED, detail)
            }
            UsersError::NotAllowed { .. } | UsersError::NeedsSession | UsersError::OnlyOneself => {
                Problem::forbidden(detail)
            }
            UsersError::TooManyTries { seconds } => Problem {
                retry_after: Some(seconds),
                ..Problem::with(StatusCode::TOO_MANY_REQUESTS, detail)
            },
            UsersError::NoInvitation => Problem::not_found(detail),
            error => Problem::of(error.kind(), detail),
        }
    }
}

impl From<CatalogError> for Problem {
    fn from(error: CatalogError) -> Problem {
        Problem::from(EngineError::from(error))
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Problem {
        Problem::with(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Problem {
        Problem::invalid(rejection.body_text())
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Problem {
        Problem::with(rejection.status(), rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Problem {
        Problem::invalid(rejection.body_text())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Problem { status, detail, retry_after } = self;
        let title = status.canonical_reason().unwrap_or("Error");
        let body = json!({"type": "about:blank", "title": title, "status": status.as_u16(),
            "detail": detail});
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let after = retry_after.map(|seconds| [(header::RETRY_AFTER, seconds.to_string())]);
        let mut response = (status, kind, body.to_string()).into_response();
        if let Some([(name, seconds)]) = after
            && let Ok(seconds) = seconds.parse()
        {
            response.headers_mut().insert(name, seconds);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_status() {
        let status = |kind| status_of(kind).as_u16();
        assert_eq!(status(ErrorKind::Invalid), 400);
        assert_eq!(status(ErrorKind::NotFound), 404);
        assert_eq!(status(ErrorKind::Conflict), 409);
        assert_eq!(status(ErrorKind::Busy), 503);
        assert_eq!(status(ErrorKind::Internal), 500);
        let problem = Problem::from(EngineError::BadLetter { job: "x".to_owned() });
        assert_eq!(problem.status, StatusCode::BAD_REQUEST);
        assert!(problem.detail.contains("the job x"), "{problem:?}");
    }
}
