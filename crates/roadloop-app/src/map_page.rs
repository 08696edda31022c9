//! Hits on a map, as one page that can be sent to somebody: nothing in it is
//! fetched from anywhere, so there are no streets, only where the vehicles went.
//!
//! The drawing is there without its script too; that adds zoom, texts under the
//! pointer and another colouring.

mod projection;

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roadloop_base::Position;
use serde_json::{Value, json};

use self::projection::Projection;
use crate::page::{STYLE, escape};
use crate::render::counted;

/// Cameras with a colour of their own; the others share the last.
const COLOURS: usize = 8;

/// Things on a frame, as steps of a colour: from this many on.
const STEPS: [usize; 5] = [0, 1, 2, 5, 10];

#[derive(Debug)]
pub(crate) struct MapPage {
    /// What was looked for.
    pub(crate) filter: String,
    /// Frames that match, drawn or not.
    pub(crate) total: u64,
    pub(crate) points: Vec<MapPoint>,
    /// The ways of recordings.
    pub(crate) trails: Vec<Vec<Position>>,
    /// Hits that nobody knows the place of.
    pub(crate) without_position: u64,
}

#[derive(Debug)]
pub(crate) struct MapPoint {
    pub(crate) position: Position,
    pub(crate) camera: String,
    /// The frame, its time, what is on it.
    pub(crate) caption: String,
    pub(crate) things: usize,
    pub(crate) thumbnail_jpeg: Option<Vec<u8>>,
}

/// Nothing may be loaded, from anywhere.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; \
                      script-src 'unsafe-inline'";

const MAP_STYLE: &str = "\
#map{width:100%;height:70vh;min-height:320px;display:block;touch-action:none;cursor:grab;\
user-select:none}\
.t{fill:none;stroke:var(--soft);stroke-opacity:.45;stroke-width:2.5px;stroke-linejoin:round;\
vector-effect:non-scaling-stroke}\
.p{fill:none;stroke-width:10px;stroke-linecap:round;stroke-opacity:.8;\
vector-effect:non-scaling-stroke;pointer-events:stroke}.p.on,.p:hover{stroke-width:17px;\
stroke-opacity:1}\
.k0{--k:#0b6bcb}.k1{--k:#d9480f}.k2{--k:#2b8a3e}.k3{--k:#9c36b5}.k4{--k:#c2255c}.k5{--k:#0c8599}\
.k6{--k:#e67700}.k7{--k:#868e96}\
.n0{--n:#a5b4c3}.n1{--n:#ffd43b}.n2{--n:#ff922b}.n3{--n:#f03e3e}.n4{--n:#a61e4d}\
.p,.dot{stroke:var(--k);background:var(--k)}\
.things .p,.things .dot{stroke:var(--n);background:var(--n)}\
.bar-row{display:flex;flex-wrap:wrap;gap:8px 18px;align-items:center;margin:10px 0 0;\
font-size:14px}.dot{display:inline-block;width:11px;height:11px;border-radius:50%;\
margin-right:6px}.by-things{display:none}.things .by-things{display:inline}\
.things .by-camera{display:none}button{font:inherit;color:inherit;background:var(--card);\
border:1px solid var(--line);border-radius:6px;padding:2px 10px;cursor:pointer}\
#scale{margin-left:auto;text-align:center;color:var(--soft)}#scale i{display:block;height:5px;\
border:2px solid var(--soft);border-top:0;margin-top:2px}\
#tip{position:fixed;display:none;max-width:260px;background:var(--card);color:var(--ink);\
border:1px solid var(--line);border-radius:8px;padding:8px;font-size:13px;pointer-events:none;\
box-shadow:0 4px 18px #0003;overflow-wrap:anywhere;white-space:pre-line;z-index:2}\
#tip img{margin-bottom:6px}\
.thumbs{display:grid;grid-template-columns:repeat(auto-fill,minmax(170px,1fr));gap:12px}\
.thumbs figure{border-top:5px solid var(--k);border-radius:6px;overflow:hidden}\
.things .thumbs figure{border-color:var(--n)}.thumbs figcaption{font-size:12px;\
white-space:pre-line}";

const SCRIPT: &str = "\
const map=document.getElementById('map'),page=document.querySelector('main'),\
tip=document.getElementById('tip'),bar=document.querySelector('#scale i'),\
length=document.querySelector('#scale span'),texts=JSON.parse(\
document.getElementById('texts').textContent),full=map.viewBox.baseVal,\
all={x:full.x,y:full.y,width:full.width,height:full.height},metres=+map.dataset.metres;\
let view={...all};\
function pixel(){const box=map.getBoundingClientRect();\
return Math.max(view.width/box.width,view.height/box.height)}\
function show(){map.setAttribute('viewBox',[view.x,view.y,view.width,view.height].join(' '));\
const most=140*pixel()*metres,ten=10**Math.floor(Math.log10(most)),\
round=[5,2,1].map(n=>n*ten).find(n=>n<=most);\
bar.style.width=round/metres/pixel()+'px';\
length.textContent=round>=1000?round/1000+' km':round>=1?round+' m':round*100+' cm'}\
function at(event){const point=map.createSVGPoint();point.x=event.clientX;\
point.y=event.clientY;return point.matrixTransform(map.getScreenCTM().inverse())}\
map.addEventListener('wheel',event=>{event.preventDefault();const here=at(event),\
by=Math.min(4,Math.max(.25,1.0015**event.deltaY)),\
width=Math.min(all.width*4,Math.max(all.width/2000,view.width*by)),share=width/view.width;\
view={x:here.x-(here.x-view.x)*share,y:here.y-(here.y-view.y)*share,width,\
height:view.height*share};show()},{passive:false});\
let held=null;\
map.addEventListener('pointerdown',event=>{held={x:event.clientX,y:event.clientY};\
map.setPointerCapture(event.pointerId);map.style.cursor='grabbing'});\
map.addEventListener('pointermove',event=>{if(!held)return;const unit=pixel();\
view.x-=(event.clientX-held.x)*unit;view.y-=(event.clientY-held.y)*unit;\
held={x:event.clientX,y:event.clientY};show()});\
for(const name of ['pointerup','pointercancel'])map.addEventListener(name,()=>{held=null;\
map.style.cursor=''});\
map.addEventListener('dblclick',()=>{view={...all};show()});\
function point(number){return map.querySelector('[data-i=\"'+number+'\"]')}\
function thumb(number){return document.querySelector('figure[data-i=\"'+number+'\"] img')}\
map.addEventListener('pointerover',event=>{const number=event.target.dataset.i;\
if(number===undefined)return;tip.textContent=texts[number];const image=thumb(number);\
if(image)tip.prepend(image.cloneNode());tip.style.display='block';\
const left=Math.min(event.clientX+14,innerWidth-280);\
tip.style.left=left+'px';tip.style.top=event.clientY+14+'px';\
const over=event.clientY+14+tip.offsetHeight-innerHeight;\
if(over>0)tip.style.top=Math.max(4,event.clientY-14-tip.offsetHeight)+'px'});\
map.addEventListener('pointerout',()=>{tip.style.display='none'});\
for(const figure of document.querySelectorAll('figure[data-i]')){\
figure.addEventListener('pointerenter',()=>{const dot=point(figure.dataset.i);\
dot.classList.add('on');dot.parentNode.append(dot)});\
figure.addEventListener('pointerleave',()=>point(figure.dataset.i).classList.remove('on'))}\
document.getElementById('colour').addEventListener('click',()=>\
page.classList.toggle('things'));\
addEventListener('resize',show);show()";

pub(crate) fn render(page: &MapPage) -> String {
    let filter = if page.filter.is_empty() { "every frame" } else { &page.filter };
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>roadloop: {title}</title><style>{STYLE}{MAP_STYLE}</style><main>\
         <h1>{title}</h1><p class=\"soft\">{what}</p>",
        title = escape(filter),
        what = escape(&what_is_shown(page)),
    );
    let places = page.points.iter().map(|point| &point.position);
    let places = places.chain(page.trails.iter().flatten());
    match Projection::of(places).filter(|_| !page.points.is_empty()) {
        Some(plane) => {
            html += &drawing(page, &plane);
            html += &thumbnails(page);
            let texts: Vec<&str> = page.points.iter().map(|point| &*point.caption).collect();
            html += &format!(
                "<div id=\"tip\"></div><script type=\"application/json\" id=\"texts\">{}</script>\
                 <script>{SCRIPT}</script>",
                in_script(&json!(texts)),
            );
        }
        None => {
            html += "<div class=\"card\">No place is known of any of these frames: their \
                     recordings carry no GPS fixes, so there is no map to draw.</div>";
        }
    }
    html += "<p class=\"soft\">Made by <code>roadloop search … --map</code>. Grey: where the \
             recordings went. North is up; there are no streets, for nothing is loaded from \
             anywhere.</p></main></html>\n";
    html
}

fn what_is_shown(page: &MapPage) -> String {
    let drawn = page.points.len() as u64;
    let mut text = format!("{} match", counted(page.total, "frame"));
    if page.total == 1 {
        text += "es";
    }
    if drawn + page.without_position < page.total {
        text += &format!("; {drawn} of them, chosen at random, are on the map");
    } else if drawn < page.total {
        text += &format!("; {drawn} of them are on the map");
    }
    if page.without_position > 0 {
        text += &format!("; of {} no place is known", counted(page.without_position, "frame"));
    }
    text + "."
}

/// The number of each camera's colour.
fn colours(page: &MapPage) -> BTreeMap<&str, usize> {
    let cameras: BTreeSet<&str> = page.points.iter().map(|point| point.camera.as_str()).collect();
    cameras
        .into_iter()
        .enumerate()
        .map(|(place, camera)| (camera, place.min(COLOURS - 1)))
        .collect()
}

fn drawing(page: &MapPage, plane: &Projection) -> String {
    let colours = colours(page);
    let mut svg = format!(
        "<div class=\"card\"><svg id=\"map\" viewBox=\"0 0 {:.0} {:.0}\" data-metres=\"{}\" \
         role=\"img\" aria-label=\"Map of the frames found\">",
        plane.width,
        plane.height,
        plane.metres_a_unit(),
    );
    for trail in &page.trails {
        svg += &line(trail, plane);
    }
    for (number, point) in page.points.iter().enumerate() {
        let (x, y) = plane.place(&point.position);
        svg += &format!(
            "<path class=\"p {}\" data-i=\"{number}\" d=\"M{x:.1} {y:.1}h0\"/>",
            classes(point, &colours),
        );
    }
    svg += "</svg><div class=\"bar-row\"><span class=\"by-camera\">";
    for (camera, colour) in &colours {
        svg += &format!(
            "<span style=\"margin-right:14px\"><i class=\"dot k{colour}\"></i>{}</span>",
            escape(camera)
        );
    }
    svg += "</span><span class=\"by-things\">";
    for (step, least) in STEPS.iter().enumerate() {
        let name = match STEPS.get(step + 1) {
            Some(next) if next - 1 == *least => least.to_string(),
            Some(next) => format!("{least} to {}", next - 1),
            None => format!("{least} and more"),
        };
        svg += &format!(
            "<span style=\"margin-right:14px\"><i class=\"dot n{step}\"></i>{name}</span>"
        );
    }
    svg += "things</span><button id=\"colour\" type=\"button\"><span class=\"by-camera\">colour by \
            things found</span><span class=\"by-things\">colour by camera</span></button>\
            <span>N ↑</span><span id=\"scale\"><span></span><i></i></span></div></div>";
    svg
}

fn classes(point: &MapPoint, colours: &BTreeMap<&str, usize>) -> String {
    let colour = colours.get(point.camera.as_str()).copied().unwrap_or(COLOURS - 1);
    let step = STEPS.iter().rposition(|least| point.things >= *least).unwrap_or(0);
    format!("k{colour} n{step}")
}

fn line(trail: &[Position], plane: &Projection) -> String {
    let mut points = String::new();
    for place in trail {
        let (x, y) = plane.place(place);
        points += &format!("{x:.1},{y:.1} ");
    }
    format!("<polyline class=\"t\" points=\"{}\"/>", points.trim_end())
}

fn thumbnails(page: &MapPage) -> String {
    let colours = colours(page);
    let mut html = String::new();
    for (number, point) in page.points.iter().enumerate() {
        let Some(jpeg) = &point.thumbnail_jpeg else { continue };
        html += &format!(
            "<figure class=\"{}\" data-i=\"{number}\">{}<figcaption>{}</figcaption></figure>",
            classes(point, &colours),
            format_args!("<img alt=\"\" src=\"data:image/jpeg;base64,{}\">", STANDARD.encode(jpeg)),
            escape(&point.caption),
        );
    }
    if html.is_empty() { html } else { format!("<div class=\"thumbs\">{html}</div>") }
}

/// JSON that cannot end the script it stands in.
fn in_script(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(number: usize, camera: &str, caption: &str) -> MapPoint {
        MapPoint {
            position: Position::new(48.0 + number as f64 / 1e4, 11.5, None).unwrap(),
            camera: camera.to_owned(),
            caption: caption.to_owned(),
            things: number,
            thumbnail_jpeg: (number == 1).then(|| vec![0xff, 0xd8]),
        }
    }

    fn page() -> MapPage {
        MapPage {
            filter: "has(car)".to_owned(),
            total: 4,
            points: vec![point(0, "front", "a"), point(1, "rear", "b"), point(12, "front", "c")],
            trails: vec![(0..9).map(|number| point(number, "", "").position).collect()],
            without_position: 1,
        }
    }

    #[test]
    fn points_trails_and_pictures_are_drawn() {
        let html = render(&page());
        assert_eq!(html.matches("<path class=\"p ").count(), 3);
        assert_eq!(html.matches("<polyline").count(), 1);
        assert_eq!(html.matches("<figure class=\"k1 n1\" data-i=\"1\">").count(), 1);
        assert!(html.contains("class=\"p k0 n4\" data-i=\"2\""), "12 things are many");
        assert!(html.contains("4 frames match; 3 of them are on the map; of 1 frame no place is"));
        assert!(html.contains("[\"a\",\"b\",\"c\"]</script>"));
    }

    #[test]
    fn nothing_is_loaded_and_text_stays_text() {
        let hostile = "</script><script>alert(1)</script>\" onload=\"x";
        let points = vec![point(1, hostile, hostile)];
        let html = render(&MapPage { filter: hostile.to_owned(), points, ..page() });
        assert_eq!(html.matches("<script").count(), 2);
        assert_eq!(html.matches("</script>").count(), 2);
        assert!(!html.contains("\" onload=\"x\""));
        assert!(!html.contains("http://") && !html.contains("https://") && !html.contains("url("));
    }

    #[test]
    fn without_places_the_page_says_so() {
        let html = render(&MapPage {
            points: Vec::new(),
            trails: Vec::new(),
            without_position: 4,
            ..page()
        });
        assert!(html.contains("No place is known of any of these frames"));
        assert!(html.contains("4 frames match; 0 of them are on the map; of 4 frames no place is"));
        assert!(!html.contains("<svg"));
    }
}
