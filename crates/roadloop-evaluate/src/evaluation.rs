//! Truths and finds, matched, and what is to be said of them.

use crate::breakdown::{Tally, breakdowns};
use crate::confusion::Counting;
use crate::curves::Counted;
use crate::given::check;
use crate::judge::ByImage;
use crate::matching::{self, ByClass, ClassMatches};
use crate::voc::{self, VocMatches};
use crate::{
    ClassReport, Confusion, EvaluateError, Found, Image, ImageReport, Report, Truth, coco,
};

/// What is asked where nothing is right at any confidence, so that none is best: that of
/// Ultralytics' confusion matrix.
const USUAL_CONFIDENCE: f32 = 0.25;

/// What a report looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Finds with this score or a higher one count, 0 to 1; without it, that where F1 over
    /// all classes is best.
    pub confidence: Option<f32>,
    /// Of the worst images, as many.
    pub worst: usize,
    /// Of a cell of the confusion matrix, as many images.
    pub examples: usize,
    /// Of images that are such examples, and not among the worst, as many with their boxes.
    pub shown: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { confidence: None, worst: 24, examples: 12, shown: 36 }
    }
}

/// What is there and what was found, matched.
#[derive(Debug)]
pub struct Evaluation {
    pub(crate) classes: Vec<String>,
    pub(crate) images: Vec<Image>,
    pub(crate) truths: Vec<Truth>,
    pub(crate) found: Vec<Found>,
    pub(crate) by_image: ByImage,
    pub(crate) matches: Vec<ClassMatches>,
    pub(crate) voc: Vec<VocMatches>,
    pub(crate) over_all: Counted,
}

impl Evaluation {
    /// Truths and finds name their class and image by place in these lists. At most 2 000
    /// classes, 20 million images, truths and finds each, and 3 000 of these an image.
    pub fn new(
        classes: Vec<String>,
        images: Vec<Image>,
        truths: Vec<Truth>,
        found: Vec<Found>,
    ) -> Result<Evaluation, EvaluateError> {
        check(&classes, &images, &truths, &found)?;
        let by_class = ByClass::of(&truths, &found);
        let matches = matching::match_classes(classes.len(), &by_class, &truths, &found);
        let voc = voc::match_classes(classes.len(), &by_class, &truths, &found);
        let by_image = ByImage::of(images.len(), &truths, &found);
        let over_all = Counted::of(&matches);
        Ok(Evaluation { classes, images, truths, found, by_image, matches, voc, over_all })
    }

    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    pub fn images(&self) -> &[Image] {
        &self.images
    }

    pub fn truths(&self) -> &[Truth] {
        &self.truths
    }

    pub fn found(&self) -> &[Found] {
        &self.found
    }

    /// Where F1 over all classes is best, 0 to 1; 0.25 where nothing is right anywhere.
    pub fn best_confidence(&self) -> f32 {
        self.over_all.best().map_or(USUAL_CONFIDENCE, |best| best.confidence)
    }

    pub(crate) fn confidence(&self, asked: Option<f32>) -> Result<f32, EvaluateError> {
        match asked {
            None => Ok(self.best_confidence()),
            Some(asked) if (0.0..=1.0).contains(&asked) => Ok(asked),
            Some(asked) => Err(EvaluateError::Setting {
                setting: "confidence",
                found: asked.to_string(),
                expected: "a number from 0 to 1",
            }),
        }
    }

    /// All there is to say; the title and a comparison are the caller's to add.
    pub fn report(&self, settings: &Settings) -> Result<Report, EvaluateError> {
        let confidence = self.confidence(settings.confidence)?;
        let (coco, of_classes) =
            coco::evaluate(self.classes.len(), self.images.len(), &self.truths, &self.found)?;
        let weights = vec![1; self.images.len()];
        let of_classes = self.of_classes(&of_classes, &weights, confidence);
        let mut tally = Tally::new(self.classes.len(), self.images.len());
        let mut counting = Counting::new(settings.examples);
        let mut badness: Vec<(f64, u32)> = Vec::new();
        for image in 0..self.images.len() as u32 {
            let judged = self.judge(image, confidence);
            tally.add(image, &judged, &self.truths, &self.found);
            counting.add(image, &judged, &self.truths, &self.found);
            let bad = judged.badness(&self.truths, &self.found);
            if bad > 0.0 {
                badness.push((bad, image));
            }
        }
        badness.sort_by(|a, b| b.0.total_cmp(&a.0));
        badness.truncate(settings.worst);
        let worst: Vec<ImageReport> =
            badness.iter().filter_map(|(_, image)| self.image(*image, confidence)).collect();
        let confusion = counting.finish(confidence, &self.images);
        let crowds = self.truths.iter().filter(|truth| truth.crowd).count() as u64;
        Ok(Report {
            title: String::new(),
            images: self.images.len() as u64,
            truths: self.truths.len() as u64 - crowds,
            crowds,
            found: self.found.len() as u64,
            coco,
            voc: voc::voc_metrics(&self.voc, &weights),
            confidence,
            confidence_is_best: settings.confidence.is_none(),
            at_confidence: self.over_all.at(confidence),
            best: self.over_all.best(),
            curve: self.over_all.curve(),
            counts: tally.total,
            breakdowns: breakdowns(&self.images, &self.matches, &tally, &coco, &of_classes),
            examples: self.examples(&confusion, &worst, settings.shown),
            classes: self.classes.clone(),
            of_classes,
            confusion,
            worst,
            comparison: None,
        })
    }

    fn of_classes(
        &self,
        coco: &[coco::OfClass],
        weights: &[u32],
        confidence: f32,
    ) -> Vec<ClassReport> {
        let mut found = vec![0; self.classes.len()];
        for find in &self.found {
            found[find.class as usize] += 1;
        }
        let of_class = |(class, name): (usize, &String)| {
            let counted = Counted::of([&self.matches[class]]);
            let voc = self.voc[class].average_precision(weights);
            let coco::OfClass { ap, ap50, ap75 } = coco[class];
            ClassReport {
                name: name.clone(),
                truths: counted.truths,
                found: found[class],
                ap,
                ap50,
                ap75,
                voc07: voc.map(|voc| voc.0),
                voc10: voc.map(|voc| voc.1),
                at_confidence: counted.at(confidence),
                best: counted.best(),
                curve: counted.curve(),
            }
        };
        self.classes.iter().enumerate().map(of_class).collect()
    }

    /// Of each cell that is an error the first images, the fullest cells first.
    fn examples(
        &self,
        confusion: &Confusion,
        worst: &[ImageReport],
        most: usize,
    ) -> Vec<ImageReport> {
        const OF_A_CELL: usize = 3;
        let mut errors: Vec<_> =
            confusion.cells.iter().filter(|cell| cell.truth != cell.found).collect();
        errors.sort_by_key(|cell| std::cmp::Reverse(cell.count));
        let mut examples: Vec<ImageReport> = Vec::new();
        for example in errors.iter().flat_map(|cell| cell.examples.iter().take(OF_A_CELL)) {
            if examples.len() == most {
                break;
            }
            let is_known = worst.iter().chain(&examples).any(|known| known.image == example.image);
            if !is_known {
                examples.extend(self.image(example.image, confusion.confidence));
            }
        }
        examples
    }
}

#[cfg(test)]
mod tests;
