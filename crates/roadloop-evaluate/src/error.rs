//! What can be wrong with what is to be evaluated.

use roadloop_base::ErrorKind;

#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    #[error("there are {found} {what}, and at most {most} can be evaluated")]
    TooMany { what: &'static str, found: u64, most: u64 },
    #[error("image {image:?} has {found} {what}, and at most {most} can be evaluated")]
    TooManyOnImage { image: String, what: &'static str, found: u64, most: u64 },
    #[error("{what} {place} is of class {found}, but there are {classes} classes, from 0")]
    NoSuchClass { what: &'static str, place: usize, found: u32, classes: usize },
    #[error("{what} {place} is on image {found}, but there are {images} images, from 0")]
    NoSuchImage { what: &'static str, place: usize, found: u32, images: usize },
    #[error(
        "{what} {place} has left {left}, top {top}, right {right}, bottom {bottom}: a box has \
         finite sides, of which right is not before left, nor bottom above top"
    )]
    NotABox { what: &'static str, place: usize, left: f64, top: f64, right: f64, bottom: f64 },
    #[error("find {place} has the score {found}; a score is a number from 0 to 1")]
    NotAScore { place: usize, found: f32 },
    #[error("{setting} is {found}; it is {expected}")]
    Setting { setting: &'static str, found: String, expected: &'static str },
    #[error("two models are compared on the same {what}, and these differ")]
    NotTheSame { what: &'static str },
    #[error("COCO's numbers could not be computed")]
    Coco { source: hotcoco::Error },
}

impl EvaluateError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            EvaluateError::Coco { .. } => ErrorKind::Internal,
            _ => ErrorKind::Invalid,
        }
    }
}
