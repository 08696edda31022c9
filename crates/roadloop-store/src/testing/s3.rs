//! The requests of S3, after <https://docs.aws.amazon.com/AmazonS3/latest/API/>.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::SystemTime;

use bytes::Bytes;

use super::http::{Answer, Request, dates};
use super::{Habit, Kept, Object};

/// Less than this are only last parts.
const LEAST_PART: usize = 5 << 20;

/// Keys of one listing.
const PAGE: usize = 1000;

impl Kept {
    /// Puts an object and gives its new tag.
    pub(super) fn put(&mut self, path: &str, bytes: Bytes) -> String {
        let tag = format!("\"{}\"", self.number());
        let object = Object { bytes, tag: tag.clone(), put_at: SystemTime::now() };
        self.objects.insert(path.to_owned(), object);
        tag
    }

    fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }
}

pub(super) fn answer(kept: &mut Kept, request: &Request, habit: Habit) -> Answer {
    let (bucket, key) = request.path.split_once('/').unwrap_or((&request.path, ""));
    if habit == Habit::Refuses {
        return error("403 Forbidden", "AccessDenied");
    }
    if !kept.buckets.contains(bucket) {
        return error("404 Not Found", "NoSuchBucket");
    }
    match (request.method.as_str(), request.query("uploadId")) {
        ("GET", None) if request.query("list-type").is_some() => list(kept, bucket, request),
        ("GET" | "HEAD", None) => get(kept, request, habit),
        ("PUT", None) => put(kept, request, habit),
        ("PUT", Some(upload)) => put_part(kept, request, upload),
        ("POST", None) if request.query("uploads").is_some() => {
            let upload = format!("upload-{}", kept.number());
            kept.uploads.insert(upload.clone(), (request.path.clone(), BTreeMap::new()));
            xml("InitiateMultipartUploadResult", &format!("<UploadId>{upload}</UploadId>"))
        }
        ("POST", None) if request.query("delete").is_some() => delete_many(kept, bucket, request),
        ("POST", Some(upload)) => complete(kept, upload),
        ("DELETE", Some(upload)) => {
            kept.uploads.remove(upload);
            Answer::new("204 No Content")
        }
        ("DELETE", None) if !key.is_empty() => {
            kept.objects.remove(&request.path);
            Answer::new("204 No Content")
        }
        _ => error("501 Not Implemented", "NotImplemented"),
    }
}

fn get(kept: &Kept, request: &Request, habit: Habit) -> Answer {
    let Some(object) = kept.objects.get(&request.path) else {
        return error("404 Not Found", "NoSuchKey");
    };
    let Object { bytes, tag, put_at } = object;
    if request.header("if-match").is_some_and(|wanted| wanted != tag) {
        return error("412 Precondition Failed", "PreconditionFailed");
    }
    let range = request.range(bytes.len()).filter(|_| habit != Habit::GivesNoParts);
    let answer = match range {
        None => Answer::new("200 OK").body(bytes.clone()),
        Some((from, to)) if from < to => Answer::new("206 Partial Content")
            .with("Content-Range", &format!("bytes {from}-{}/{}", to - 1, bytes.len()))
            .body(bytes.slice(from..to)),
        Some(_) => return error("416 Range Not Satisfiable", "InvalidRange"),
    };
    answer.with("ETag", tag).with("Last-Modified", &dates(*put_at).0)
}

fn put(kept: &mut Kept, request: &Request, habit: Habit) -> Answer {
    let there = kept.objects.get(&request.path).map(|object| object.tag.as_str());
    let wants_none = request.header("if-none-match").is_some();
    let wanted = request.header("if-match");
    if habit != Habit::IgnoresConditions {
        if wanted.is_some() && there.is_none() {
            return error("404 Not Found", "NoSuchKey");
        }
        if (wants_none && there.is_some()) || (wanted.is_some() && wanted != there) {
            return error("412 Precondition Failed", "PreconditionFailed");
        }
    }
    let tag = kept.put(&request.path, request.body.clone());
    Answer::new("200 OK").with("ETag", &tag)
}

fn put_part(kept: &mut Kept, request: &Request, upload: &str) -> Answer {
    let number = request.query("partNumber").and_then(|text| text.parse().ok());
    match (kept.uploads.get_mut(upload), number) {
        (Some((_, parts)), Some(number)) => {
            parts.insert(number, request.body.clone());
            Answer::new("200 OK").with("ETag", &format!("\"part-{number}\""))
        }
        _ => error("404 Not Found", "NoSuchUpload"),
    }
}

fn complete(kept: &mut Kept, upload: &str) -> Answer {
    let Some((path, parts)) = kept.uploads.get(upload).cloned() else {
        return error("404 Not Found", "NoSuchUpload");
    };
    let last = parts.keys().next_back().copied();
    if parts.iter().any(|(number, part)| Some(*number) != last && part.len() < LEAST_PART) {
        return error("400 Bad Request", "EntityTooSmall");
    }
    kept.uploads.remove(upload);
    let whole: Vec<u8> = parts.into_values().flatten().collect();
    let tag = kept.put(&path, whole.into());
    xml("CompleteMultipartUploadResult", &format!("<ETag>{}</ETag>", escaped(&tag)))
}

fn delete_many(kept: &mut Kept, bucket: &str, request: &Request) -> Answer {
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let mut deleted = String::new();
    for piece in body.split("<Key>").skip(1) {
        let key = piece.split("</Key>").next().unwrap_or_default();
        kept.objects.remove(&format!("{bucket}/{}", unescaped(key)));
        let _ = write!(deleted, "<Deleted><Key>{key}</Key></Deleted>");
    }
    xml("DeleteResult", &deleted)
}

fn list(kept: &Kept, bucket: &str, request: &Request) -> Answer {
    let of_bucket = format!("{bucket}/");
    let prefix = request.query("prefix").unwrap_or_default();
    let delimiter = request.query("delimiter").filter(|text| !text.is_empty());
    // A page ends with a key, or with what keys begin with that are shown as one.
    let after = request.query("continuation-token").or(request.query("start-after"));
    let after = after.unwrap_or_default();
    let page = request.query("max-keys").and_then(|text| text.parse().ok()).unwrap_or(PAGE);
    let (mut shown, mut last, mut count) = (String::new(), String::new(), 0);
    for (path, object) in &kept.objects {
        let Some(key) = path.strip_prefix(&of_bucket) else { continue };
        let Some(rest) = key.strip_prefix(prefix) else { continue };
        let group = delimiter.and_then(|delimiter| rest.split_once(delimiter).zip(Some(delimiter)));
        let group = group.map(|((head, _), delimiter)| format!("{prefix}{head}{delimiter}"));
        let name = group.as_deref().unwrap_or(key);
        if name <= after || name == last {
            continue;
        }
        if count == page {
            let token = escaped(&last);
            shown += &format!("<NextContinuationToken>{token}</NextContinuationToken>");
            break;
        }
        (count, last) = (count + 1, name.to_owned());
        let name = escaped(name);
        shown += &match group {
            Some(_) => format!("<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>"),
            None => format!(
                "<Contents><Key>{name}</Key><Size>{}</Size><ETag>{}</ETag>\
                 <LastModified>{}</LastModified></Contents>",
                object.bytes.len(),
                escaped(&object.tag),
                dates(object.put_at).1,
            ),
        };
    }
    xml("ListBucketResult", &shown)
}

fn xml(root: &str, inside: &str) -> Answer {
    Answer::new("200 OK").body(format!("<{root}>{inside}</{root}>"))
}

pub(super) fn error(status: &'static str, code: &str) -> Answer {
    Answer::new(status).body(format!("<Error><Code>{code}</Code></Error>"))
}

const ENTITIES: [(&str, &str); 4] =
    [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;")];

fn escaped(text: &str) -> String {
    ENTITIES.iter().fold(text.to_owned(), |text, (plain, coded)| text.replace(plain, coded))
}

fn unescaped(text: &str) -> String {
    let all = ENTITIES.iter().rev().chain([&("'", "&apos;")]);
    all.fold(text.to_owned(), |text, (plain, coded)| text.replace(coded, plain))
}
