//! Which images really lie in the store. The catalog says which should; a
//! person may have deleted some, or a disk lost them.

use std::collections::HashSet;

use crate::{Ctx, EngineError};

/// Keys below a prefix that hold something: an empty file is no image.
pub(crate) async fn images(ctx: &Ctx, prefix: &str) -> Result<HashSet<String>, EngineError> {
    let listed = ctx.store.list(prefix).await?;
    Ok(listed.into_iter().filter(|object| object.bytes > 0).map(|object| object.key).collect())
}
