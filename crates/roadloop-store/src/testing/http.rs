//! As much of HTTP as clients of a store speak.

use std::io::{BufRead, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;

/// What is asked.
pub(super) struct Request {
    pub(super) line: String,
    pub(super) method: String,
    /// Bucket and key, decoded.
    pub(super) path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Request {
    /// `None` where the connection is at its end.
    pub(super) fn read(reader: &mut impl BufRead) -> Option<Request> {
        let mut lines = std::iter::from_fn(|| {
            let mut line = String::new();
            let length = reader.read_line(&mut line).ok()?;
            (length > 0).then(|| line.trim_end().to_owned())
        });
        let line = lines.next()?;
        let headers = lines.take_while(|line| !line.is_empty());
        let headers: Vec<(String, String)> = headers
            .filter_map(|line| {
                let (name, value) = line.split_once(':')?;
                Some((name.to_ascii_lowercase(), value.trim().to_owned()))
            })
            .collect();
        let (method, target) = line.split_once(' ')?;
        let target = target.split(' ').next()?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(&value.replace('+', " ")))
        };
        let (method, path) = (method.to_owned(), decoded(path.trim_start_matches('/')));
        let query = pairs.map(pair).collect();
        let mut request = Request { line, method, path, query, headers, body: Bytes::new() };
        let length = request.header("content-length").and_then(|text| text.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).ok()?;
        request.body = body.into();
        Some(request)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(named, _)| named == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(named, _)| named == name).map(|(_, value)| value.as_str())
    }

    /// The bytes that are wanted of so many: from here to before there.
    pub(super) fn range(&self, length: usize) -> Option<(usize, usize)> {
        let (from, to) = self.header("range")?.strip_prefix("bytes=")?.split_once('-')?;
        Some(match (from.parse::<usize>(), to.parse::<usize>()) {
            (Ok(from), Ok(to)) => (from, length.min(to + 1)),
            (Ok(from), Err(_)) => (from, length),
            (Err(_), to) => (length.saturating_sub(to.ok()?), length),
        })
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let coded = (*first == b'%').then(|| after.get(..2)).flatten();
        let byte =
            coded.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What is answered.
pub(super) struct Answer {
    status: &'static str,
    headers: String,
    body: Bytes,
}

impl Answer {
    pub(super) fn new(status: &'static str) -> Answer {
        Answer { status, headers: String::new(), body: Bytes::new() }
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Answer {
        self.headers += &format!("{name}: {value}\r\n");
        self
    }

    pub(super) fn body(mut self, body: impl Into<Bytes>) -> Answer {
        self.body = body.into();
        self
    }

    /// `None` where nobody listens any more.
    pub(super) fn write(&self, stream: &mut impl Write, method: &str) -> Option<()> {
        let Answer { status, headers, body } = self;
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
        stream.write_all(head.as_bytes()).ok()?;
        if method != "HEAD" {
            stream.write_all(body).ok()?;
        }
        Some(())
    }
}

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A time as headers have it, `Mon, 04 May 2026 09:30:00 GMT`, and as bodies do,
/// `2026-05-04T09:30:00Z`.
pub(super) fn dates(time: SystemTime) -> (String, String) {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
    // Years of 366 days are those that 4 divides, until 2099.
    let (mut year, mut day) = (1970, days);
    let is_leap = |year: u64| year.is_multiple_of(4);
    while day >= 365 + u64::from(is_leap(year)) {
        day -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while day >= lengths[month] {
        day -= lengths[month];
        month += 1;
    }
    let (weekday, name) = (DAYS[(days % 7) as usize], MONTHS[month]);
    let day = day + 1;
    (
        format!("{weekday}, {day:02} {name} {year} {clock} GMT"),
        format!("{year}-{:02}-{day:02}T{clock}Z", month + 1),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let at = |seconds| dates(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(1_777_887_000).0, "Mon, 04 May 2026 09:30:00 GMT");
        assert_eq!(at(1_777_887_000).1, "2026-05-04T09:30:00Z");
        assert_eq!(at(1_709_164_800).1, "2024-02-29T00:00:00Z");
        assert_eq!(at(0).0, "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn requests_are_read_one_after_the_other() {
        let text = b"PUT /fleet/a%20b?x=1&y HTTP/1.1\r\nContent-Length: 3\r\n\r\nonePOST /f HTTP/1.1\r\n\r\n";
        let mut reader = &text[..];
        let first = Request::read(&mut reader).unwrap();
        assert_eq!((first.path.as_str(), &first.body[..]), ("fleet/a b", &b"one"[..]));
        assert_eq!(
            (first.query("x"), first.query("y"), first.query("z")),
            (Some("1"), Some(""), None)
        );
        assert_eq!(Request::read(&mut reader).unwrap().method, "POST");
        assert!(Request::read(&mut reader).is_none());
    }
}
