//! An object looked at from outside, and read in parts.

use std::ops::Range;

use bytes::Bytes;
use object_store::ObjectStoreExt;

use crate::objects::parse_key;
use crate::{Store, StoreError};

/// What is known of an object that was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    pub bytes: u64,
    /// Another one whenever the object was replaced.
    pub tag: String,
}

impl Store {
    /// What an object is, without its bytes.
    pub async fn glance(&self, key: &str) -> Result<Glance, StoreError> {
        let location = parse_key(key)?;
        let failed = |source| StoreError::backend("read", key, source);
        let meta = self.object_store().head(&location).await.map_err(failed)?;
        let time = meta.last_modified.timestamp_micros();
        let tag = meta.e_tag.unwrap_or_else(|| format!("{time:x}-{:x}", meta.size));
        Ok(Glance { bytes: meta.size, tag })
    }

    /// Some of an object's bytes; those beyond its end are left out.
    pub async fn get_part(&self, key: &str, part: Range<u64>) -> Result<Bytes, StoreError> {
        let location = parse_key(key)?;
        let failed = |source| StoreError::backend("read", key, source);
        self.object_store().get_range(&location, part).await.map_err(failed)
    }
}
