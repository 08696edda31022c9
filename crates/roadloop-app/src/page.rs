//! The one page a demo ends in: before and after, hits, videos, counts, times. All
//! travel inside it, so the file can be sent to somebody.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::render::counted;

#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) recording: String,
    pub(crate) source: String,
    pub(crate) stages: Vec<StageLine>,
    pub(crate) pairs: Vec<BeforeAfter>,
    /// Cameras and their videos, as MP4.
    pub(crate) videos: Vec<(String, Vec<u8>)>,
    pub(crate) searches: Vec<SearchShown>,
    /// Labels with the number of their detections, most first.
    pub(crate) label_counts: Vec<(String, u64)>,
}

#[derive(Debug)]
pub(crate) struct StageLine {
    pub(crate) name: String,
    pub(crate) frames: u64,
    pub(crate) already_done: u64,
    pub(crate) skipped: usize,
    pub(crate) seconds: f64,
}

#[derive(Debug)]
pub(crate) struct BeforeAfter {
    pub(crate) caption: String,
    /// Faces, plates and texts hidden.
    pub(crate) hidden: usize,
    pub(crate) before_jpeg: Vec<u8>,
    pub(crate) after_jpeg: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct SearchShown {
    pub(crate) filter: String,
    pub(crate) meaning: String,
    pub(crate) frames: u64,
    pub(crate) sheet_jpeg: Vec<u8>,
}

pub(crate) const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5c6878;--line:#d8dde4;--card:#fff;\
--paper:#f4f6f8;--accent:#0b6bcb}\
@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#98a4b3;--line:#2c3541;\
--card:#171d25;--paper:#0f1319;--accent:#5aa9f5}}\
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);\
font:16px/1.5 system-ui,sans-serif}main{max-width:1180px;margin:0 auto;padding:32px 20px 64px}\
h1{font-size:28px;margin:0 0 4px}h2{font-size:20px;margin:40px 0 12px}\
h1,code,td,figcaption,.soft{overflow-wrap:anywhere}\
.soft{color:var(--soft)}code{font:14px ui-monospace,monospace;background:var(--card);\
border:1px solid var(--line);border-radius:5px;padding:1px 6px;\
-webkit-box-decoration-break:clone;box-decoration-break:clone}\
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px;\
margin-bottom:16px;overflow-x:auto}.card p{margin:0 0 12px}.card p .soft{display:block;\
margin-top:4px}img,video{width:100%;display:block;border-radius:6px}\
.pair{display:grid;grid-template-columns:1fr 1fr;gap:12px}figure{margin:0}\
figcaption{font-size:14px;color:var(--soft);margin-top:6px}\
table{border-collapse:collapse;width:100%}th,td{text-align:right;padding:6px 10px;\
border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums}\
th:first-child,td:first-child{text-align:left}th{font-weight:600;color:var(--soft)}\
.bar{display:grid;grid-template-columns:130px 1fr 64px;gap:10px;align-items:center;\
font-size:14px;margin:4px 0}.bar i{display:block;height:14px;border-radius:4px;\
background:var(--accent)}.bar b{font-weight:400;text-align:right}\
@media(max-width:700px){.pair{grid-template-columns:1fr}main{padding:20px 12px 48px}\
.card{padding:12px}table{font-size:13px}th,td{padding:6px 4px}\
.bar{grid-template-columns:110px 1fr 44px}}";

pub(crate) fn render(page: &Page) -> String {
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>roadloop: {recording}</title><style>{STYLE}</style><main>\
         <h1>{recording}</h1><p class=\"soft\">{source}</p>",
        recording = escape(&page.recording),
        source = escape(&page.source),
    );
    html += &before_after(page);
    html += &searches(page);
    html += &videos(page);
    html += &counts(page);
    html += &times(page);
    html += "<p class=\"soft\">Made by <code>roadloop quickstart</code>. Faces and vehicles \
             were placed into the street video for this demo; NOTICE says where they are from.</p>\
             </main></html>\n";
    html
}

fn before_after(page: &Page) -> String {
    let mut html = "<h2>Before and after</h2>".to_owned();
    if page.pairs.is_empty() {
        html += "<p class=\"soft\">Nothing was found that had to be hidden.</p>";
    }
    for pair in &page.pairs {
        html += &format!(
            "<div class=\"card pair\"><figure>{}<figcaption>{}</figcaption></figure>\
             <figure>{}<figcaption>{} hidden</figcaption></figure></div>",
            image(&pair.before_jpeg, "the frame as recorded"),
            escape(&pair.caption),
            image(&pair.after_jpeg, "the anonymised copy"),
            pair.hidden,
        );
    }
    html
}

fn searches(page: &Page) -> String {
    let mut html = "<h2>Found</h2>".to_owned();
    for search in &page.searches {
        html += &format!(
            "<div class=\"card\"><p><code>roadloop search '{}'</code> \
             <span class=\"soft\">{}: {}</span></p>{}</div>",
            escape(&search.filter),
            escape(&search.meaning),
            counted(search.frames, "frame"),
            image(&search.sheet_jpeg, &search.meaning),
        );
    }
    html
}

fn videos(page: &Page) -> String {
    if page.videos.is_empty() {
        return String::new();
    }
    let mut html = "<h2>As videos</h2><div class=\"card pair\">".to_owned();
    for (camera, mp4) in &page.videos {
        let data = STANDARD.encode(mp4);
        html += &format!(
            "<figure><video controls muted src=\"data:video/mp4;base64,{data}\"></video>\
             <figcaption>{}, as recorded</figcaption></figure>",
            escape(camera),
        );
    }
    html + "</div>"
}

fn counts(page: &Page) -> String {
    let most = page.label_counts.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1);
    let mut html = "<h2>What is on the frames</h2><div class=\"card\">".to_owned();
    for (label, count) in &page.label_counts {
        let percent = 100.0 * *count as f64 / most as f64;
        html += &format!(
            "<div class=\"bar\"><span>{}</span><i style=\"width:{percent:.1}%\"></i>\
             <b>{count}</b></div>",
            escape(label),
        );
    }
    html + "</div>"
}

fn times(page: &Page) -> String {
    let mut html = "<h2>How long it took</h2><div class=\"card\"><table><tr><th>Stage</th>\
                    <th>Frames or rows</th><th>Already done</th><th>Skipped</th><th>Seconds</th>\
                    <th>A second</th></tr>"
        .to_owned();
    for stage in &page.stages {
        let rate = if stage.frames > 0 && stage.seconds > 0.0 {
            format!("{:.1}", stage.frames as f64 / stage.seconds)
        } else {
            "–".to_owned()
        };
        html += &format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{:.1}</td><td>{rate}</td></tr>",
            escape(&stage.name),
            stage.frames,
            stage.already_done,
            stage.skipped,
            stage.seconds,
        );
    }
    html + "</table></div>"
}

pub(crate) fn image(jpeg: &[u8], alt: &str) -> String {
    let data = STANDARD.encode(jpeg);
    format!("<img alt=\"{}\" src=\"data:image/jpeg;base64,{data}\">", escape(alt))
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_stays_text() {
        let page = Page {
            recording: "<script>alert(1)</script>".to_owned(),
            source: "a\"b".to_owned(),
            stages: Vec::new(),
            pairs: Vec::new(),
            videos: vec![("<i>front".to_owned(), Vec::new())],
            searches: Vec::new(),
            label_counts: vec![("<b>car</b>".to_owned(), 3)],
        };
        let html = render(&page);
        assert!(!html.contains("<script>") && !html.contains("<b>car"));
        assert!(!html.contains("<i>front"));
        assert!(html.contains("&lt;script&gt;"));
    }
}
