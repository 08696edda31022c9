//! The tables and the questions: which frames there are, and what models said
//! about them.
//!
//! A [`Catalog`] keeps two Delta Lake tables, `frames` and `detections`, on an
//! object store, and answers with DataFusion. What goes in comes in shards,
//! exactly once; what comes out answers a [`Filter`] (the small language of
//! `search`) or read-only SQL, and is written as a table, JSON lines, CSV or
//! Parquet ([`Rows`]).
//!
//! Planning a query recurses deeply: the threads that poll a catalog's futures
//! need 8 MiB of stack (`tokio::runtime::Builder::thread_stack_size`).
//!
//! Knows nothing of pictures, models or recordings' formats, and nothing of
//! the engines behind it leaks out.

mod annotated;
mod attached;
mod catalog;
mod deliver;
mod error;
pub mod export;
mod facets;
mod files;
mod filter;
mod functions;
mod grouping;
mod histogram;
mod join_order;
mod maintain;
mod one_date;
mod output;
mod read;
mod rows;
mod scan;
mod schema;
mod search;
mod select;
mod session;
mod sql;
mod sun;
mod table;
#[cfg(test)]
mod testing;
mod trails;
mod transactions;

pub use annotated::MAX_BOXES;
pub use attached::{
    AttachError, Attached, Attachment, JoinGroup, Joined, Joiner, Joining, Key, MAX_FILE_BYTES,
    Nearest, On, Source, SourceColumn, SourceName, SourceSettings, Tag, TagCount, Tagged, Tagging,
    ValueType, Waiting,
};
pub use catalog::{Catalog, CatalogOptions};
pub use deliver::{Delivery, DetectionShard, FrameShard, LookedAt, Revision};
pub use error::CatalogError;
pub use export::ExportShape;
pub use facets::{Activity, CONFIDENCE_BINS, FrameDetections, Places};
pub use filter::{Filter, FilterError, MAX_FILTER_BYTES, Period};
pub use histogram::{Counted, Group, Histogram, MAX_GROUPS, Others};
pub use maintain::{
    CatalogStats, Change, CompactOptions, Compaction, TableHistory, TableStats, VacuumOptions,
    Vacuumed,
};
pub use output::{Format, Rows};
pub use read::RecordingSummary;
pub use search::{Count, Found, Hit, Matches, SearchOptions};
pub use select::{
    BadSelectionName, Draw, Sampling, Saved, SelectionCard, SelectionName, SelectionRef, Stratum,
};
pub use sql::SqlLimits;
pub use trails::Trail;
