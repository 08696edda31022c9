//! The nouns of roadloop: what a recording, a frame and a detection are.
//!
//! In order of meeting them: a [`RecordingId`] names a drive; its [`Topic`]s
//! that carry images are [`Camera`]s; each image is a [`Frame`], known by its
//! [`FrameId`] and handled in [`ShardId`]s of 16, a [`Part`] at a time; what a model says about it
//! is a [`Detection`], whose [`BBox`] is a fraction of the image; what a person says, an
//! [`Annotation`] in pixels. Work that is
//! mostly done comes back as a [`Report`] that names every [`Skip`].
//!
//! Nothing here does I/O or knows a file format, and nothing waits but [`Ahead`], which makes
//! items on threads before they are asked for, for whoever reads them.

mod ahead;
mod annotation;
mod detection;
mod error;
mod frame;
mod geometry;
mod ids;
mod keys;
mod part;
mod picture_hash;
mod pixel_encoding;
mod plain_name;
mod position;
mod report;
mod suggest;
mod time;
mod words;

pub use ahead::{Ahead, AheadSettings, Items, shuffled};
pub use annotation::{Annotation, AnnotationRevision, DrawnBox, PixelBox};
pub use detection::{Detection, Kind};
pub use error::{ErrorKind, is_disk_full};
pub use frame::{
    CompressedDepth, DepthCodec, EncodedImage, Frame, FrameRow, InverseDepth, RawImage, Topic,
    VideoCodec, VideoPicture,
};
pub use geometry::BBox;
pub use ids::{
    BadId, Camera, FrameId, MAX_SEQUENCE, ModelId, RecordingId, SHARD_FRAMES, ShardId, Stage,
    name_cameras, name_topics,
};
pub use keys::{anonymized_key, anonymized_of, image_key, images_of};
pub use part::{Part, ShardRun};
pub use picture_hash::PictureHash;
pub use pixel_encoding::PixelEncoding;
pub use plain_name::{LONGEST_NAME, is_plain_name, split_version};
pub use position::Position;
pub use report::{Report, Skip};
pub use suggest::nearest;
pub use time::Nanos;
pub use words::counted;
