//! Images of frames, thumbnails of them, and the films of cameras, by parts.

use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use roadloop_engine::EngineError;
use roadloop_engine::pictures::{self, Fetched, ImageName, THUMBNAIL_SIDES, Which};
use roadloop_users::Permission;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Studio;
use super::guard::Caller;
use super::model::{camera, quoted, recording, tags_in};
use crate::server::problem::Problem;

/// Bytes of a film that one answer gives; a player asks for the next ones.
const PART_BYTES: u64 = 4 << 20;

/// How long a browser shows an image without asking whether it is the same.
const FRESH: HeaderValue = HeaderValue::from_static("private, max-age=60");

/// Which of the two images of a frame.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum WhichAsked {
    #[default]
    Anonymized,
    /// As it was recorded; not for everybody.
    Raw,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ImageAsked {
    #[serde(default)]
    #[param(inline)]
    which: WhichAsked,
    /// Pixels of the longer side, rounded up to 160, 320, 480 or 960: a thumbnail, as a
    /// JPEG. The whole image as it lies where nothing is said.
    #[param(minimum = 1, maximum = 960)]
    side: Option<u32>,
}

/// An image of a frame
#[utoipa::path(get, operation_id = "image", path = "/api/v1/images/{recording}/{camera}/{file}", tag = "frames",
    params(("recording" = String, Path), ("camera" = String, Path),
        ("file" = String, Path, description = "as a frame's `image` has it"), ImageAsked),
    responses(
        (status = 200, content_type = "image/jpeg", body = String),
        (status = 304, description = "the one with that entity tag"),
        (status = 403, description = "raw images are not for everybody"),
        (status = 404, description = "there is no such image, or no anonymised copy of it")))]
pub(super) async fn image(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    path: Result<Path<(String, String, String)>, PathRejection>,
    asked: Result<Query<ImageAsked>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.must(Permission::See)?;
    let (Path((of, by, file)), Query(ImageAsked { which, side })) = (path?, asked?);
    let which = match which {
        WhichAsked::Anonymized => Which::Anonymized,
        WhichAsked::Raw => {
            caller.must(Permission::SeeRaw)?;
            Which::Raw
        }
    };
    let name = ImageName::new(recording(&of)?, camera(&by)?, &file);
    let name = name.ok_or_else(|| Problem::not_found(format!("no image is called {file:?}")))?;
    if side.is_some_and(|side| !(1..=THUMBNAIL_SIDES[THUMBNAIL_SIDES.len() - 1]).contains(&side)) {
        return Err(Problem::invalid("a side of a thumbnail has 1 to 960 pixels"));
    }
    let known = tags_in(&headers, header::IF_NONE_MATCH);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let fetched = match side {
        Some(side) => studio.thumbnails.get(&studio.ctx, &name, which, side, &known).await,
        None => pictures::image(&studio.ctx, &name, which, &known).await,
    };
    match fetched {
        Ok(Fetched::Same) => {
            Ok((StatusCode::NOT_MODIFIED, [(header::CACHE_CONTROL, FRESH)]).into_response())
        }
        Ok(Fetched::New(picture)) => {
            if which == Which::Raw {
                studio.saw_raw(&caller, "see raw images", of).await;
            }
            let headers = [
                (header::CONTENT_TYPE, picture.media_type.to_owned()),
                (header::ETAG, quoted(&picture.tag)),
            ];
            Ok((headers, [(header::CACHE_CONTROL, FRESH)], picture.bytes).into_response())
        }
        Err(error) if pictures::is_missing(&error) => Err(Problem::not_found(match which {
            Which::Anonymized => "there is no anonymised copy of this image yet",
            Which::Raw => "there is no such image",
        })),
        Err(EngineError::Vision(error)) => {
            Err(Problem::unprocessable(format!("the image cannot be decoded: {error}")))
        }
        Err(error) => Err(error.into()),
    }
}

/// The film of a camera, as it was recorded
#[utoipa::path(get, operation_id = "film", path = "/api/v1/recordings/{recording}/films/{camera}", tag = "recordings",
    params(("recording" = String, Path), ("camera" = String, Path)),
    responses(
        (status = 200, content_type = "video/mp4", body = String),
        (status = 206, description = "the bytes of the header Range"),
        (status = 403, description = "films show what was recorded"),
        (status = 404, description = "there is no film"),
        (status = 416, description = "no such bytes")))]
pub(super) async fn film(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    path: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.must(Permission::SeeRaw)?;
    let Path((of, by)) = path?;
    let key = pictures::film_key(&recording(&of)?, &camera(&by)?);
    let store = &studio.ctx.store;
    let film = store.glance(&key).await.map_err(EngineError::from);
    let film = match film {
        Err(error) if pictures::is_missing(&error) => {
            return Err(Problem::not_found(format!(
                "there is no film of {by}; the stage video makes one: roadloop run"
            )));
        }
        film => film?,
    };
    studio.saw_raw(&caller, "see film", format!("{of}/{by}")).await;
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("video/mp4"));
    let common = [kind, (header::ACCEPT_RANGES, HeaderValue::from_static("bytes"))];
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let part = match range.map(|range| part_of(range, film.bytes)) {
        None => {
            let store = store.clone();
            let parts = (0..film.bytes).step_by(PART_BYTES as usize);
            let parts = parts.map(move |from| {
                let (store, key) = (store.clone(), key.clone());
                let part = from..(from + PART_BYTES).min(film.bytes);
                async move { store.get_part(&key, part).await }
            });
            let body =
                Body::from_stream(futures::StreamExt::buffered(futures::stream::iter(parts), 1));
            return Ok(
                (common, [(header::CONTENT_LENGTH, film.bytes.to_string())], body).into_response()
            );
        }
        Some(None) => {
            let whole = [(header::CONTENT_RANGE, format!("bytes */{}", film.bytes))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, whole).into_response());
        }
        Some(Some(part)) => part,
    };
    let range = format!("bytes {}-{}/{}", part.start, part.end - 1, film.bytes);
    let bytes = store.get_part(&key, part).await.map_err(EngineError::from)?;
    Ok((StatusCode::PARTIAL_CONTENT, common, [(header::CONTENT_RANGE, range)], bytes)
        .into_response())
}

/// The bytes that a header `Range` asks for first, as many as an answer gives; `None`
/// where there are none such (RFC 9110, section 14).
fn part_of(range: &str, bytes: u64) -> Option<Range<u64>> {
    let first = range.strip_prefix("bytes=")?.split(',').next()?.trim();
    let (from, to) = first.split_once('-')?;
    let part = match (from, to) {
        ("", last) => bytes.checked_sub(last.parse::<u64>().ok()?.min(bytes))?..bytes,
        (from, "") => from.parse().ok()?..bytes,
        (from, to) => from.parse().ok()?..to.parse::<u64>().ok()?.saturating_add(1).min(bytes),
    };
    (part.start < part.end).then(|| part.start..part.end.min(part.start + PART_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_within_the_film() {
        for (range, expected) in [
            ("bytes=0-", Some(0..1000)),
            ("bytes=10-19", Some(10..20)),
            ("bytes=990-2000", Some(990..1000)),
            ("bytes=-5", Some(995..1000)),
            ("bytes=-5000", Some(0..1000)),
            ("bytes=0-1,5-6", Some(0..2)),
            ("bytes=1000-", None),
            ("bytes=-0", None),
            ("bytes=5-1", None),
            ("bytes=99999999999999999999-", None),
            ("bytes=0-18446744073709551615", Some(0..1000)),
            ("lines=1-2", None),
            ("bytes=", None),
            ("", None),
        ] {
            assert_eq!(part_of(range, 1000), expected, "{range}");
        }
        assert_eq!(part_of("bytes=0-", 100 << 20), Some(0..PART_BYTES));
        assert_eq!(part_of("bytes=0-", 0), None);
    }
}
