//! Pixels: decode, encode, detect, suppress, redact, draw.
//!
//! Detection is a row of small steps: a [`Layout`] says where a picture lies in
//! a model's input, [`prepare`] makes the tensor, a [`Model`] is run, a decoder
//! reads its outputs into [`Candidate`]s, [`suppress`] keeps the best of those
//! that overlap. [`open_detector`], [`open_tagger`] and the finders put the
//! steps together for one model file; all are [`Detector`]s. [`open_text_reader`]
//! joins two files, one that finds lines of text and one that reads them.

mod bars;
mod cosine;
mod decode;
mod detector;
mod draw;
mod encode;
mod error;
mod exif;
mod finders;
mod letterbox;
mod model;
mod model_error;
mod nms;
mod pack;
mod panels;
mod picture;
mod picture_hash;
mod pixels;
mod quality;
mod reader;
mod redact;
mod resize;
pub mod runtime;
mod sheet;
mod tagger;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod thumbnail;
mod vector;
mod video;

pub use bars::{BarRow, Measure, bar_chart};
pub use decode::{MAX_PIXELS, decode, decode_bytes, decode_whole, image_size};
pub use detector::{DecoderKind, Detector, DetectorOptions, open_detector};
pub use draw::{PlateText, draw_boxes, draw_boxes_with};
pub use encode::{encode_jpeg, encode_png, encode_small_png, encode_webp};
pub use error::VisionError;
pub use finders::{FinderOptions, open_face_finder, open_plate_finder, open_text_finder};
pub use letterbox::{ColorOrder, Fit, Layout, Normalize, prepare, prepare_into};
pub use model::{Element, Model, ModelSource, Port, SessionOptions, Tensor, Values, open_model};
pub use model_error::ModelError;
pub use nms::{Candidate, Suppression, suppress};
pub use pack::{PackForm, PackSettings, Packed, pack};
pub use panels::{MAX_PANELS, Panel, PanelBody, Series, panels};
pub use picture::{DeepPixels, PairPixels, Picture};
pub use picture_hash::picture_hash;
pub use pixels::{Channels, Pixels};
pub use quality::{Quality, measure};
pub use reader::{ReaderOptions, TextLine, TextReader, TextWord, open_text_reader};
pub use redact::{RedactStyle, redact};
pub use resize::{Resampling, resize_part};
pub use sheet::{MAX_TILES, TILE_SIDE, Tile, contact_sheet, contact_sheet_with};
pub use tagger::open_tagger;
pub use thumbnail::thumbnail;
pub use video::{VideoDecoder, VideoRemuxer, VideoWriter, video_size};
