//! What a detector found against what is there.
