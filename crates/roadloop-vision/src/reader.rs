//! Readers of text: what is written in a picture, line by line.
//!
//! A text finder's map says where lines are, at any angle; each is cut out, turned
//! to lie, and read by a recogniser. What the text means is not known here.

mod places;
mod recogniser;
mod slant;
mod strip;

use roadloop_base::{BBox, ModelId};
use sha2::{Digest, Sha256};

use crate::detector::Opened;
use crate::finders::FinderOptions;
use crate::finders::text::TextFinder;
use crate::model::ModelSource;
use crate::{ModelError, Pixels};
use places::places;
use recogniser::{Letter, Recogniser};
use slant::Quad;

/// The most lines that are read in one picture, the surest to be text first.
const MOST_LINES: usize = 200;

/// Smaller pictures are looked at larger, up to this shorter side.
const SHORTER_SIDE: f64 = 736.0;

/// A line that is read no better is tried from its other end too.
const DOUBTFUL: f32 = 0.8;

/// What the other end must be better by: what is no text reads badly both ways.
const BETTER: f32 = 0.1;

/// Letters a line has at least for each time it is as long as high; the narrowest
/// have six, ideographs one.
const LEAST_LETTERS: f32 = 0.5;

/// How carefully text is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReaderOptions {
    /// Lines that are read with less are left out, in 0 to 1.
    pub confidence: f32,
    /// How lines are looked for. Its `session` is how both models are run.
    pub finder: FinderOptions,
}

impl Default for ReaderOptions {
    /// 0.5 is what the authors of the shipped models leave out from.
    fn default() -> ReaderOptions {
        ReaderOptions { confidence: 0.5, finder: FinderOptions::default() }
    }
}

/// A line of text.
///
/// Corners are fractions of the picture, clockwise from the top left as the text is
/// read; a line at the picture's edge may have some a little outside of it.
#[derive(Clone, Debug, PartialEq)]
pub struct TextLine {
    /// Without white space around it, never empty.
    pub text: String,
    /// The mean over its letters, 0 to 1.
    pub confidence: f32,
    pub corners: [[f32; 2]; 4],
    /// Around the corners, clamped to the picture.
    pub bbox: BBox,
    /// What white space divides the text into, in the order it is read.
    pub words: Vec<TextWord>,
}

/// A word of a line, placed along it; its corners are as high as the line.
#[derive(Clone, Debug, PartialEq)]
pub struct TextWord {
    pub text: String,
    /// The mean over its letters, 0 to 1.
    pub confidence: f32,
    pub corners: [[f32; 2]; 4],
    pub bbox: BBox,
}

/// Reads what is written in pictures.
///
/// Promises: the same picture gives the same lines, from top to bottom, and from
/// left to right where they are beside each other; any number of threads may call.
#[derive(Debug)]
pub struct TextReader {
    finder: TextFinder,
    recogniser: Recogniser,
    id: ModelId,
    confidence: f32,
}

/// Opens the models that find lines of text and read them.
pub fn open_text_reader(
    finder: &ModelSource,
    recogniser: &ModelSource,
    options: &ReaderOptions,
) -> Result<TextReader, ModelError> {
    let Opened { model, id, .. } = Opened::open(finder, options.finder.session)?;
    let finder = TextFinder::new(model, id, &options.finder)?;
    let recogniser = Recogniser::new(Opened::open(recogniser, options.finder.session)?)?;
    Ok(TextReader::new(finder, recogniser, options.confidence))
}

impl TextReader {
    fn new(finder: TextFinder, recogniser: Recogniser, confidence: f32) -> TextReader {
        let id = joined(finder.id(), &recogniser.id);
        TextReader { finder, recogniser, id, confidence }
    }

    /// The stems of both files, and a hash over what both ids say of their content.
    pub fn model(&self) -> &ModelId {
        &self.id
    }

    pub fn read(&self, image: &Pixels) -> Result<Vec<TextLine>, ModelError> {
        let shorter = f64::from(image.width().min(image.height()));
        let map = self.finder.look(image, (SHORTER_SIDE / shorter).max(1.0))?;
        let x_factor = image.width() as f32 / map.layout.resized_width as f32;
        let y_factor = image.height() as f32 / map.layout.resized_height as f32;
        let mut lines = Vec::new();
        for place in places(&map, self.finder.confidence(), MOST_LINES) {
            let (letters, quad) = self.letters(image, place.quad(x_factor, y_factor))?;
            let line = line(&letters, &quad, image);
            lines.extend(line.filter(|line| line.confidence >= self.confidence));
        }
        Ok(in_reading_order(lines, image))
    }

    /// What stands at a place, and the place as it is read: a line may lie on its
    /// head, or stand and be read upwards.
    fn letters(&self, image: &Pixels, quad: Quad) -> Result<(Vec<Letter>, Quad), ModelError> {
        let letters = self.recogniser.read(image, &quad)?;
        let quality = quality(&letters, &quad);
        if quality >= DOUBTFUL {
            return Ok((letters, quad));
        }
        let turned = quad.turned_round();
        let other = self.recogniser.read(image, &turned)?;
        let is_better = self::quality(&other, &turned) >= DOUBTFUL.max(quality + BETTER);
        Ok(if is_better { (other, turned) } else { (letters, quad) })
    }
}

/// How well a line was read, 0 to 1: a letter or two on a long line are none.
fn quality(letters: &[Letter], quad: &Quad) -> f32 {
    let expected = LEAST_LETTERS * quad.wide() / quad.high();
    let count = letters.iter().filter(|letter| !is_space(letter)).count();
    mean(letters) * (count as f32 / expected).min(1.0)
}

fn joined(finder: &ModelId, recogniser: &ModelId) -> ModelId {
    let stem = |id: &ModelId| id.as_str().rsplit_once('-').map_or("", |(stem, _)| stem).to_owned();
    let mut hasher = Sha256::new();
    hasher.update(format!("{finder}\n{recogniser}"));
    let hash = hasher.finalize();
    let stems = format!("{}.{}", stem(finder), stem(recogniser));
    ModelId::from_content(&stems, [hash[0], hash[1], hash[2], hash[3]])
}

/// Of what is no white space; 0 for none.
fn mean(letters: &[Letter]) -> f32 {
    let (sum, count) = letters
        .iter()
        .filter(|letter| !is_space(letter))
        .fold((0.0, 0), |(sum, count), letter| (sum + letter.confidence, count + 1));
    if count == 0 { 0.0 } else { sum / count as f32 }
}

fn is_space(letter: &Letter) -> bool {
    letter.text.chars().all(char::is_whitespace)
}

fn text_of(letters: &[Letter]) -> String {
    letters.iter().map(|letter| letter.text.as_str()).collect()
}

/// `None` when nothing is written there, or nothing of it lies in the picture.
fn line(letters: &[Letter], quad: &Quad, image: &Pixels) -> Option<TextLine> {
    let first = letters.iter().position(|letter| !is_space(letter))?;
    let last = letters.iter().rposition(|letter| !is_space(letter))?;
    let letters = &letters[first..=last];
    let (corners, bbox) = placed(quad, image);
    let bbox = bbox?;
    let words = words(letters)
        .map(|Word { letters, from, to }| {
            let (corners, inside) = placed(&quad.part(from, to), image);
            let bbox = inside.unwrap_or(bbox);
            TextWord { text: text_of(letters), confidence: mean(letters), corners, bbox }
        })
        .collect();
    Some(TextLine { text: text_of(letters), confidence: mean(letters), corners, bbox, words })
}

/// Some letters of a line, and from where to where along it they stand.
struct Word<'l> {
    letters: &'l [Letter],
    from: f32,
    to: f32,
}

/// The first begins and the last ends with the line; between two, each ends half a
/// letter from the middle of its own.
fn words(letters: &[Letter]) -> impl Iterator<Item = Word<'_>> {
    let half = half_letter(letters);
    let mut words: Vec<Word<'_>> = Vec::new();
    for word in letters.split(is_space).filter(|word| !word.is_empty()) {
        let mut from = 0.0;
        if let Some(before) = words.last_mut() {
            let (end, begin) = (before.letters[before.letters.len() - 1].place, word[0].place);
            let middle = (end + begin) / 2.0;
            before.to = (end + half).min(middle);
            from = (begin - half).max(middle);
        }
        words.push(Word { letters: word, from, to: 1.0 });
    }
    words.into_iter()
}

/// Half of the usual way from a letter to the next; infinite where no two touch.
fn half_letter(letters: &[Letter]) -> f32 {
    let pairs = letters.windows(2).filter(|pair| !pair.iter().any(is_space));
    let ways = pairs.map(|pair| pair[1].place - pair[0].place);
    let (sum, count) = ways.fold((0.0, 0), |(sum, count), way| (sum + way, count + 1));
    if count == 0 { f32::INFINITY } else { sum / count as f32 / 2.0 }
}

/// Corners and box in fractions.
fn placed(quad: &Quad, image: &Pixels) -> ([[f32; 2]; 4], Option<BBox>) {
    let (width, height) = (image.width() as f32, image.height() as f32);
    let corners = quad.corners().map(|[x, y]| [x / width, y / height]);
    let bounds = |axis: usize| {
        let sides = corners.map(|corner| corner[axis]);
        (
            sides.into_iter().fold(f32::INFINITY, f32::min),
            sides.into_iter().fold(f32::NEG_INFINITY, f32::max),
        )
    };
    let ((left, right), (top, bottom)) = (bounds(0), bounds(1));
    (corners, BBox::clamped(left, top, right, bottom))
}

/// Lines whose middles are less than half a line apart in height are one row.
fn in_reading_order(mut lines: Vec<TextLine>, image: &Pixels) -> Vec<TextLine> {
    let middle = |line: &TextLine| {
        let [a, _, c, _] = line.corners;
        [(a[0] + c[0]) / 2.0, (a[1] + c[1]) / 2.0]
    };
    // From corner to corner across the line, as a fraction of the picture's height.
    let shape = image.width() as f32 / image.height() as f32;
    let high = |line: &TextLine| {
        let [a, _, _, d] = line.corners;
        ((a[0] - d[0]) * shape).hypot(a[1] - d[1])
    };
    lines.sort_by(|a, b| middle(a)[1].total_cmp(&middle(b)[1]));
    let mut start = 0;
    for end in 1..=lines.len() {
        let goes_on = lines.get(end).is_some_and(|line| {
            let first = &lines[start];
            middle(line)[1] - middle(first)[1] < high(first).min(high(line)) / 2.0
        });
        if !goes_on {
            lines[start..end].sort_by(|a, b| middle(a)[0].total_cmp(&middle(b)[0]));
            start = end;
        }
    }
    lines
}

#[cfg(test)]
mod tests;
