//! What is evaluated: images, what is true of them, and what a detector found on them.

use roadloop_base::Nanos;
use serde::{Deserialize, Serialize};

use crate::EvaluateError;

/// Arrays of COCO's metrics are 12 120 numbers a class; LVIS has 1 203 classes.
pub(crate) const MOST_CLASSES: usize = 2_000;
/// Of images, truths and finds each: places are counted in 32 bits, and a find takes some
/// 500 bytes while it is evaluated.
pub(crate) const MOST_IN_ALL: usize = 20_000_000;
/// Boxes of an image, true or found: all pairs are looked at. COCO's fullest has 93, and
/// a detector gives 100 to 300.
pub(crate) const MOST_ON_IMAGE: usize = 3_000;

/// An image's name and size, and what it can be told apart by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Image {
    pub name: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// The recording (or folder) it is of; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<Nanos>,
    /// By what else results are broken down: `("tod", "night")`, `("camera", "front")`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facets: Vec<(String, String)>,
}

/// A box in pixels of its image, from its top left corner. It may reach beyond the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Corners {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

/// What is there.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// Place in the list of images.
    pub image: u32,
    /// Place in the list of classes.
    pub class: u32,
    #[serde(flatten)]
    pub corners: Corners,
    /// COCO's crowd, VOC's difficult: to find it is neither right nor wrong, and to miss it
    /// is no miss.
    #[serde(default)]
    pub crowd: bool,
}

/// What a detector says is there.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Place in the list of images.
    pub image: u32,
    /// Place in the list of classes.
    pub class: u32,
    /// How sure the detector is, 0 to 1.
    pub score: f32,
    #[serde(flatten)]
    pub corners: Corners,
}

impl Corners {
    pub fn new(left: f64, top: f64, right: f64, bottom: f64) -> Corners {
        Corners { left, top, right, bottom }
    }

    pub fn width(self) -> f64 {
        self.right - self.left
    }

    pub fn height(self) -> f64 {
        self.bottom - self.top
    }

    /// Pixels, square.
    pub fn area(self) -> f64 {
        self.width() * self.height()
    }

    /// Square pixels in both.
    pub fn intersection(self, other: Corners) -> f64 {
        let width = self.right.min(other.right) - self.left.max(other.left);
        let height = self.bottom.min(other.bottom) - self.top.max(other.top);
        if width <= 0.0 || height <= 0.0 { 0.0 } else { width * height }
    }

    /// Intersection over union, 0 to 1; 0 where neither has an inside.
    pub fn iou(self, other: Corners) -> f64 {
        let both = self.intersection(other);
        let either = self.area() + other.area() - both;
        if either > 0.0 { both / either } else { 0.0 }
    }

    /// How much of this box lies in another, 0 to 1.
    pub fn share_in(self, other: Corners) -> f64 {
        let area = self.area();
        if area > 0.0 { self.intersection(other) / area } else { 0.0 }
    }

    fn is_box(self) -> bool {
        let Corners { left, top, right, bottom } = self;
        // What is beyond has no area that is a number.
        let is_near = |side: f64| side.abs() <= 1e12;
        [left, top, right, bottom].into_iter().all(is_near) && left <= right && top <= bottom
    }
}

/// That all that is said can be, or what cannot.
pub(crate) fn check(
    classes: &[String],
    images: &[Image],
    truths: &[Truth],
    found: &[Found],
) -> Result<(), EvaluateError> {
    let few = |what, found: usize, most: usize| {
        let err = EvaluateError::TooMany { what, found: found as u64, most: most as u64 };
        if found > most { Err(err) } else { Ok(()) }
    };
    few("classes", classes.len(), MOST_CLASSES)?;
    few("images", images.len(), MOST_IN_ALL)?;
    few("truths", truths.len(), MOST_IN_ALL)?;
    few("finds", found.len(), MOST_IN_ALL)?;
    let place_of = |what, place, image: u32, class: u32, corners: Corners| {
        if image as usize >= images.len() {
            let images = images.len();
            return Err(EvaluateError::NoSuchImage { what, place, found: image, images });
        }
        if class as usize >= classes.len() {
            let classes = classes.len();
            return Err(EvaluateError::NoSuchClass { what, place, found: class, classes });
        }
        if !corners.is_box() {
            let Corners { left, top, right, bottom } = corners;
            return Err(EvaluateError::NotABox { what, place, left, top, right, bottom });
        }
        Ok(())
    };
    for (place, truth) in truths.iter().enumerate() {
        place_of("truth", place, truth.image, truth.class, truth.corners)?;
    }
    for (place, find) in found.iter().enumerate() {
        place_of("find", place, find.image, find.class, find.corners)?;
        if !(0.0..=1.0).contains(&find.score) {
            return Err(EvaluateError::NotAScore { place, found: find.score });
        }
    }
    let few_on_images = |what, of: &mut dyn Iterator<Item = u32>| {
        let mut counts = vec![0usize; images.len()];
        for image in of {
            counts[image as usize] += 1;
        }
        match counts.iter().position(|count| *count > MOST_ON_IMAGE) {
            None => Ok(()),
            Some(image) => Err(EvaluateError::TooManyOnImage {
                image: images[image].name.clone(),
                what,
                found: counts[image] as u64,
                most: MOST_ON_IMAGE as u64,
            }),
        }
    };
    few_on_images("truths", &mut truths.iter().map(|truth| truth.image))?;
    few_on_images("finds", &mut found.iter().map(|find| find.image))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_pair(one: [f64; 4], other: [f64; 4], iou: f64, share: f64) {
        let [one, other] = [one, other].map(|[l, t, r, b]| Corners::new(l, t, r, b));
        assert!((one.iou(other) - iou).abs() < 1e-12, "{} is not {iou}", one.iou(other));
        assert_eq!(one.iou(other), other.iou(one));
        assert!((one.share_in(other) - share).abs() < 1e-12);
    }

    #[test]
    fn overlaps() {
        check_pair([0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 10.0], 1.0, 1.0);
        check_pair([0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 5.0], 0.5, 0.5);
        check_pair([0.0, 0.0, 10.0, 5.0], [0.0, 0.0, 10.0, 10.0], 0.5, 1.0);
        check_pair([0.0, 0.0, 10.0, 10.0], [10.0, 0.0, 20.0, 10.0], 0.0, 0.0);
        check_pair([3.0, 3.0, 3.0, 3.0], [3.0, 3.0, 3.0, 3.0], 0.0, 0.0);
    }

    #[track_caller]
    fn check_refused(truth: Truth, find: Found, expected: &str) {
        let images = vec![Image { name: "a.jpg".to_owned(), ..Image::default() }];
        let err = check(&["car".to_owned()], &images, &[truth], &[find]);
        assert_eq!(err.map_err(|err| err.to_string()), Err(expected.to_owned()));
    }

    #[test]
    fn what_cannot_be_is_named() {
        let corners = Corners::new(0.0, 0.0, 4.0, 4.0);
        let truth = Truth { image: 0, class: 0, corners, crowd: false };
        let find = Found { image: 0, class: 0, score: 0.5, corners };
        check_refused(
            Truth { image: 1, ..truth },
            find,
            "truth 0 is on image 1, but there are 1 images, from 0",
        );
        check_refused(
            truth,
            Found { class: 7, ..find },
            "find 0 is of class 7, but there are 1 classes, from 0",
        );
        check_refused(
            truth,
            Found { score: f32::NAN, ..find },
            "find 0 has the score NaN; a score is a number from 0 to 1",
        );
        check_refused(
            truth,
            Found { corners: Corners::new(5.0, 0.0, 4.0, f64::INFINITY), ..find },
            "find 0 has left 5, top 0, right 4, bottom inf: a box has finite sides, of which \
             right is not before left, nor bottom above top",
        );
    }

    #[test]
    fn an_image_has_a_bounded_number_of_boxes() {
        let corners = Corners::new(0.0, 0.0, 4.0, 4.0);
        let images = vec![Image { name: "full.jpg".to_owned(), ..Image::default() }];
        let found = vec![Found { image: 0, class: 0, score: 0.5, corners }; MOST_ON_IMAGE + 1];
        let err = check(&["car".to_owned()], &images, &[], &found).expect_err("too many");
        assert_eq!(
            err.to_string(),
            "image \"full.jpg\" has 3001 finds, and at most 3000 can be evaluated"
        );
    }
}
