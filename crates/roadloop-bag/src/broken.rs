//! Why no record could be read at some place of a file.

use std::io;

#[derive(Debug)]
pub(crate) enum Broken<Placed> {
    Io(io::Error),
    /// No record can begin like this.
    Garbage(String),
    /// A sound header whose content goes on behind the end.
    Cut(Placed),
    /// The end is in the middle of the header.
    CutHeader,
}

impl<Placed> From<io::Error> for Broken<Placed> {
    fn from(error: io::Error) -> Broken<Placed> {
        Broken::Io(error)
    }
}
