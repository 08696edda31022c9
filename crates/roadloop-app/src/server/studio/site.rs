//! The pages of the studio, which lie in the binary: made by `npm run build` in
//! `studio/`, committed, and compared by CI.

use std::collections::HashMap;
use std::io::Write;
use std::sync::LazyLock;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::Embed;

use super::model::{quoted, tags_in};
use crate::server::problem::Problem;

#[derive(Embed)]
#[folder = "../../studio/dist"]
struct Files;

/// The page that every address shows, but for those of files.
const PAGE: &str = "index.html";

/// Where the files are whose names change with their content.
const HASHED: &str = "assets/";

#[derive(Debug)]
struct File {
    bytes: Bytes,
    /// Where that is shorter.
    gzipped: Option<Bytes>,
    tag: String,
    media_type: &'static str,
}

static FILES: LazyLock<HashMap<String, File>> = LazyLock::new(|| {
    let file = |name: String| {
        let file = Files::get(&name)?;
        let tag =
            file.metadata.sha256_hash()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        let bytes = Bytes::from(file.data.into_owned());
        let gzipped = gzipped(&bytes).filter(|short| short.len() < bytes.len());
        Some((name.clone(), File { bytes, gzipped, tag, media_type: media_type(&name) }))
    };
    Files::iter().map(String::from).filter_map(file).collect()
});

fn gzipped(bytes: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "png" => "image/png",
        "json" | "map" => "application/json",
        _ => "application/octet-stream",
    }
}

pub(super) fn routes() -> Router {
    Router::new().route("/", get(page)).route("/{*path}", get(page))
}

async fn page(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    if path == "api" || path.starts_with("api/") {
        return Problem::not_found("nothing is here").into_response();
    }
    match FILES.get(path) {
        Some(file) => answer(file, request.headers(), path.starts_with(HASHED)),
        None if path.starts_with(HASHED) => {
            Problem::not_found("no file of the site is called that").into_response()
        }
        // What it shows, the page itself finds out from its address.
        None => match FILES.get(PAGE) {
            Some(file) => answer(file, request.headers(), false),
            None => Problem::not_found("this binary was built without its site").into_response(),
        },
    }
}

fn answer(file: &File, asked: &HeaderMap, is_hashed: bool) -> Response {
    let caching = if is_hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [
        (header::ETAG, quoted(&file.tag)),
        (header::CACHE_CONTROL, caching.to_owned()),
        (header::VARY, "Accept-Encoding".to_owned()),
    ];
    if tags_in(asked, header::IF_NONE_MATCH).contains(&file.tag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let kind = [(header::CONTENT_TYPE, file.media_type)];
    let takes_gzip = asked
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .any(|accepted| accepted.to_str().is_ok_and(|accepted| accepted.contains("gzip")));
    match &file.gzipped {
        Some(short) if takes_gzip => {
            let gzip = [(header::CONTENT_ENCODING, "gzip")];
            (headers, kind, gzip, short.clone()).into_response()
        }
        _ => (headers, kind, file.bytes.clone()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};

    async fn asked(path: &str, headers: &[(&str, &str)]) -> (Response, String) {
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = page(request.body(Body::empty()).unwrap()).await;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 8 << 20).await.unwrap();
        let text = String::from_utf8_lossy(&body).into_owned();
        (Response::from_parts(parts, Body::empty()), text)
    }

    #[tokio::test]
    async fn every_address_is_the_page_but_those_of_files() {
        for path in ["/", "/catalog", "/frames/drive-1/front/3", "/%2e%2e/etc/passwd"] {
            let (response, text) = asked(path, &[]).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            assert!(text.contains("<div id=\"root\">"), "{path}");
        }
        for path in ["/api", "/api/v1/nothing", "/assets/nothing.js"] {
            assert_eq!(asked(path, &[]).await.0.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[tokio::test]
    async fn files_are_short_and_asked_for_once() {
        let name = FILES.keys().find(|name| name.ends_with(".js")).expect("the site has a script");
        let (response, _) = asked(&format!("/{name}"), &[("accept-encoding", "gzip, br")]).await;
        assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
        assert!(response.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        let tag = response.headers()[header::ETAG].to_str().unwrap().to_owned();
        let (again, body) = asked(&format!("/{name}"), &[("if-none-match", &tag)]).await;
        assert_eq!((again.status(), body.len()), (StatusCode::NOT_MODIFIED, 0));
        let (whole, body) = asked(&format!("/{name}"), &[]).await;
        assert!(whole.headers().get(header::CONTENT_ENCODING).is_none() && !body.is_empty());
    }
}
