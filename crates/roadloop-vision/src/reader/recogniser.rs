//! A recogniser of lines of text: which letters stand on a strip, and where.
//!
//! Its network sees a strip of height 48 and gives, for each eighth column, how
//! likely each letter is; that is read as CTC (Graves et al., 2006) by the likeliest
//! at every step. What a word is, is not known here.

use roadloop_base::ModelId;

use super::slant::Quad;
use super::strip::{Size, cut_out};
use crate::detector::{Opened, best, settled_outputs};
use crate::finders::text::NORMALIZE;
use crate::letterbox::Normalize;
use crate::model::{Element, Model, describe, expect_f32};
use crate::{ModelError, Pixels};

/// The height the network was trained on.
const HEIGHT: usize = 48;

/// Shorter lines are filled up to this width, as in the authors' settings.
const LEAST_WIDTH: usize = 320;

/// Some 150 letters; a longer line is squeezed.
const MOST_WIDTH: usize = 60 * HEIGHT;

/// The class that is no letter.
const BLANK: usize = 0;

const SPACE: &str = " ";

/// Where nothing is likeliest between two letters, a space is read from here on. The
/// network was taught mostly Chinese, and by the likeliest alone most words of Latin
/// text run together: `models/README.md` has the figures.
const LEAST_SPACE: f32 = 0.03;

#[derive(Debug)]
pub(super) struct Recogniser {
    model: Box<dyn Model>,
    pub(super) id: ModelId,
    normalize: Normalize,
    /// By class, from class 1.
    letters: Vec<String>,
    /// The class of the space.
    space: Option<usize>,
}

/// A letter that was read: a text of its own, as scripts go.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Letter {
    pub(super) text: String,
    /// 0 to 1.
    pub(super) confidence: f32,
    /// Its middle, as a fraction of the way along the line.
    pub(super) place: f32,
}

impl Recogniser {
    pub(super) fn new(opened: Opened) -> Result<Recogniser, ModelError> {
        let Opened { model, id, settings } = opened;
        let Some(classes) = classes(model.as_ref())? else {
            return Err(ModelError::WrongModel {
                model: model.name().to_owned(),
                wanted: "text recogniser",
                found: describe(model.as_ref()),
                understood: "a CTC recogniser: lines f32 [n, 3, 48, w] in, [n, steps, classes] out",
            });
        };
        let letters = letters(model.as_ref(), classes)?;
        let space = letters.iter().position(|letter| letter == SPACE).map(|place| place + 1);
        let normalize = settings.normalize_or(NORMALIZE);
        Ok(Recogniser { model, id, normalize, letters, space })
    }

    /// What stands in a part of a picture, in the order it is read.
    pub(super) fn read(&self, image: &Pixels, quad: &Quad) -> Result<Vec<Letter>, ModelError> {
        let ratio = quad.wide() / quad.high().max(f32::MIN_POSITIVE);
        let used = ((ratio * HEIGHT as f32).ceil() as usize).clamp(1, MOST_WIDTH);
        let size = Size { height: HEIGHT, used, width: used.max(LEAST_WIDTH) };
        let strip = cut_out(image, quad, size, &self.normalize);
        let outputs = self.model.run(vec![strip])?;
        let classes = self.letters.len() + 1;
        let scores = expect_f32(self.model.as_ref(), &outputs[0], &[Some(1), None, Some(classes)])?;
        Ok(self.decode(scores, size.width as f32 / size.used as f32))
    }

    /// `stretch` is how much longer the steps are, all together, than the line.
    fn decode(&self, scores: &[f32], stretch: f32) -> Vec<Letter> {
        let classes = self.letters.len() + 1;
        let steps = scores.len() / classes;
        let place = |step: f32| (step / steps as f32 * stretch).min(1.0);
        let mut found: Vec<Letter> = Vec::new();
        let mut before = BLANK;
        let mut first = 0;
        let mut gap = None;
        for (step, scores) in scores.chunks_exact(classes).enumerate() {
            let (class, score) = best(scores.iter().copied());
            // A row without a number says nothing.
            if class == BLANK || score == f32::NEG_INFINITY {
                gap = gap.or_else(|| self.space_at(scores).map(|score| (step, score)));
                before = BLANK;
                continue;
            }
            let score = score.clamp(0.0, 1.0);
            if class != before {
                if let Some((step, confidence)) = gap.take()
                    && self.space != Some(class)
                    && found.last().is_some_and(|letter| letter.text != SPACE)
                {
                    let place = place(step as f32 + 0.5);
                    found.push(Letter { text: SPACE.to_owned(), confidence, place });
                }
                first = step;
                let text = self.letters[class - 1].clone();
                found.push(Letter { text, confidence: score, place: 0.0 });
            }
            if let Some(letter) = found.last_mut() {
                letter.confidence = letter.confidence.max(score);
                letter.place = place((first + step + 1) as f32 / 2.0);
            }
            before = class;
        }
        found
    }

    /// How likely a space is where nothing is likelier, if likely enough.
    fn space_at(&self, scores: &[f32]) -> Option<f32> {
        self.space.map(|class| scores[class]).filter(|score| *score >= LEAST_SPACE)
    }
}

/// How many classes a model tells apart. `None` when it is no recogniser.
fn classes(model: &dyn Model) -> Result<Option<usize>, ModelError> {
    let takes_lines = match model.inputs() {
        [lines] => {
            lines.element == Element::F32
                && matches!(lines.shape[..], [batch, channels, height, None]
                    if batch.is_none_or(|n| n == 1)
                        && channels.is_none_or(|n| n == 3)
                        && height.is_none_or(|n| n == HEIGHT))
        }
        _ => false,
    };
    let [output] = model.outputs() else { return Ok(None) };
    let [_, _, classes] = output.shape[..] else { return Ok(None) };
    if !takes_lines || output.element != Element::F32 {
        return Ok(None);
    }
    let classes = match classes {
        Some(classes) => Some(classes),
        None => settled_outputs(model, LEAST_WIDTH, HEIGHT)?
            .and_then(|settled| settled.first()?.shape.last().copied().flatten()),
    };
    Ok(classes.filter(|classes| *classes > 1))
}

/// The letters of classes 1 and on: one a line in the note `character` of the file,
/// and a space where there is one class more.
fn letters(model: &dyn Model, classes: usize) -> Result<Vec<String>, ModelError> {
    let name = || model.name().to_owned();
    let Some(note) = model.note("character") else {
        let mend = "note its letters in the file as \"character\", one a line".to_owned();
        return Err(ModelError::NoLabels { model: name(), classes, mend });
    };
    let mut letters: Vec<String> = note.lines().map(str::to_owned).collect();
    if letters.len() + 2 == classes {
        letters.push(SPACE.to_owned());
    }
    if letters.len() + 1 != classes {
        return Err(ModelError::LabelCount { model: name(), classes, labels: letters.len() });
    }
    Ok(letters)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::detector::Settings;
    use crate::model::Port;
    use crate::model::Tensor;
    use crate::model::fake::{FakeModel, port, tensor};

    /// A model with the letters of the note.
    #[derive(Debug)]
    struct Noted {
        fake: FakeModel,
        note: Option<&'static str>,
    }

    impl Model for Noted {
        fn name(&self) -> &str {
            self.fake.name()
        }

        fn inputs(&self) -> &[Port] {
            self.fake.inputs()
        }

        fn outputs(&self) -> &[Port] {
            self.fake.outputs()
        }

        fn note(&self, key: &str) -> Option<String> {
            self.note.filter(|_| key == "character").map(str::to_owned)
        }

        fn run(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, ModelError> {
            self.fake.run(inputs)
        }
    }

    fn open(fake: FakeModel, note: Option<&'static str>) -> Result<Recogniser, ModelError> {
        Recogniser::new(Opened {
            model: Box::new(Noted { fake, note }),
            id: ModelId::from_content("letters", [0; 4]),
            settings: Settings::default(),
        })
    }

    /// Reads `-ab ` by the class of each step, at 0.5 more than its index in tenths.
    pub(crate) fn that_reads(steps: &'static [f32], answer: fn(&Tensor) -> bool) -> Recogniser {
        let fake = FakeModel {
            inputs: vec![port("x", &[0, 3, 48, 0])],
            outputs: vec![port("letters", &[0, 0, 4])],
            answer: Box::new(move |inputs| {
                let mut rows = vec![0.0; 4 * steps.len()];
                if answer(&inputs[0]) {
                    for (row, step) in rows.chunks_exact_mut(4).zip(steps) {
                        row[step.trunc() as usize] = step.fract();
                    }
                }
                vec![tensor(&[1, steps.len(), 4], rows)]
            }),
        };
        open(fake, Some("a\nb")).expect("a recogniser")
    }

    #[track_caller]
    fn check(rows: &[[f32; 4]], expected: &str) {
        let recogniser = that_reads(&[], |_| true);
        let letters = recogniser.decode(rows.as_flattened(), 2.0);
        let words: Vec<String> = letters
            .iter()
            .map(|one| format!("{}{:.2}@{:.2}", one.text, one.confidence, one.place))
            .collect();
        assert_eq!(words.join(" "), expected);
    }

    #[test]
    fn repeats_are_one_letter_and_blanks_none() {
        let (blank, a, b) = ([0.9, 0.1, 0.0, 0.0], [0.1, 0.8, 0.1, 0.0], [0.0, 0.1, 0.7, 0.2]);
        let surer = [0.0, 0.9, 0.1, 0.0];
        check(&[], "");
        check(&[blank, blank], "");
        check(
            &[a, surer, blank, a, b, b, blank, blank, blank, blank],
            "a0.90@0.20 a0.80@0.70 b0.70@1.00",
        );
        check(&[a, [0.0, 0.0, 0.0, 0.6], b, blank], "a0.80@0.25  0.60@0.75 b0.70@1.00");
    }

    #[test]
    fn a_space_is_read_where_it_is_only_likely() {
        let (blank, maybe) = ([0.99, 0.0, 0.0, 0.01], [0.9, 0.0, 0.0, 0.1]);
        let (a, b, space) = ([0.1, 0.8, 0.1, 0.0], [0.0, 0.1, 0.7, 0.2], [0.2, 0.0, 0.0, 0.8]);
        check(&[a, maybe, blank, b], "a0.80@0.25  0.10@0.75 b0.70@1.00");
        // Neither before the first letter, nor after the last, nor beside another one.
        check(&[maybe, a, blank, b, maybe], "a0.80@0.60 b0.70@1.00");
        check(&[a, maybe, space, maybe, b, b], "a0.80@0.17  0.80@0.83 b0.70@1.00");
    }

    #[test]
    fn what_is_no_number_is_no_letter() {
        let nan = f32::NAN;
        check(&[[nan; 4], [nan, 0.6, nan, nan], [f32::NEG_INFINITY; 4]], "a0.60@1.00");
        check(&[[0.0, f32::INFINITY, 0.0, 0.0], [0.0, 0.0, 7.0, 0.0]], "a1.00@0.50 b1.00@1.00");
    }

    #[track_caller]
    fn check_refused(
        input: &[usize],
        output: &[usize],
        note: Option<&'static str>,
        expected: &str,
    ) {
        let fake = FakeModel {
            inputs: vec![port("x", input)],
            outputs: vec![port("letters", output)],
            answer: Box::new(|_| vec![tensor(&[1, 2, 4], vec![0.0; 8])]),
        };
        let error = open(fake, note).expect_err("it does not fit");
        assert!(error.to_string().contains(expected), "{error}");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let understood = "fake.onnx is no text recogniser: found inputs x f32";
        check_refused(&[0, 3, 32, 0], &[0, 0, 4], Some("a\nb"), understood);
        check_refused(&[0, 3, 48, 320], &[0, 0, 4], Some("a\nb"), understood);
        check_refused(&[0, 1, 48, 0], &[0, 0, 4], Some("a\nb"), understood);
        check_refused(&[0, 3, 48, 0], &[0, 4], Some("a\nb"), understood);
        check_refused(&[0, 3, 48, 0], &[0, 0, 4], None, "has 4 classes and no labels; note");
        check_refused(&[0, 3, 48, 0], &[0, 0, 4], Some("a"), "4 classes, but there are 1 labels");
        check_refused(&[0, 3, 48, 0], &[0, 0, 0], Some("a"), "4 classes, but there are 1 labels");
    }

    #[test]
    fn an_answer_of_another_shape_is_an_error() {
        let fake = FakeModel {
            inputs: vec![port("x", &[0, 3, 48, 0])],
            outputs: vec![port("letters", &[0, 0, 3])],
            answer: Box::new(|_| vec![tensor(&[1, 2, 4], vec![0.0; 8])]),
        };
        let recogniser = open(fake, Some("a\nb")).expect("a dictionary without a space");
        let image = Pixels::new(2, 2, crate::Channels::Gray, vec![0; 4]).expect("a picture");
        let quad = Quad { corner: [0.0; 2], along: [2.0, 0.0], across: [0.0, 2.0] };
        let error = recogniser.read(&image, &quad).expect_err("four classes, not three");
        assert!(error.to_string().contains("[1, 2, 4]"), "{error}");
    }
}
