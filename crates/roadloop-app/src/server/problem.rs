//! What went wrong, as who asked is told: a JSON object as RFC 9457 has it.

use axum::extract::rejection::{BytesRejection, JsonRejection, PathRejection, QueryRejection};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use roadloop_base::ErrorKind;
use roadloop_engine::EngineError;
use roadloop_engine::catalog::CatalogError;
use serde_json::json;

use crate::render::in_words;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
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
        Problem { status: status_of(kind), detail: detail.into() }
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

    pub(super) fn unauthorized() -> Problem {
        let detail = "the token is missing or another one".to_owned();
        Problem { status: StatusCode::UNAUTHORIZED, detail }
    }

    pub(super) fn forbidden(detail: impl Into<String>) -> Problem {
        Problem { status: StatusCode::FORBIDDEN, detail: detail.into() }
    }

    /// A change that does not say what it changes (RFC 6585).
    pub(super) fn needs_condition() -> Problem {
        let detail = "say which revision is changed: If-Match with its tag, or If-None-Match: * \
                      where there is none";
        Problem { status: StatusCode::PRECONDITION_REQUIRED, detail: detail.to_owned() }
    }

    /// What was asked for is there, and no use.
    pub(super) fn unprocessable(detail: impl Into<String>) -> Problem {
        Problem { status: StatusCode::UNPROCESSABLE_ENTITY, detail: detail.into() }
    }

    pub(super) fn method_not_allowed() -> Problem {
        let detail = "this is not done here".to_owned();
        Problem { status: StatusCode::METHOD_NOT_ALLOWED, detail }
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Problem {
        Problem::of(error.kind(), in_words(&error))
    }
}

impl From<CatalogError> for Problem {
    fn from(error: CatalogError) -> Problem {
        Problem::from(EngineError::from(error))
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Problem {
        Problem { status: rejection.status(), detail: rejection.body_text() }
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Problem {
        Problem::invalid(rejection.body_text())
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Problem {
        Problem { status: rejection.status(), detail: rejection.body_text() }
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Problem {
        Problem::invalid(rejection.body_text())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Problem { status, detail } = self;
        let title = status.canonical_reason().unwrap_or("Error");
        let body = json!({"type": "about:blank", "title": title, "status": status.as_u16(),
            "detail": detail});
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (status, kind, body.to_string()).into_response()
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
