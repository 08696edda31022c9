//! Which store an order is for: a queue is known to whoever has its address, and a
//! worker of another store would do its jobs into that one.

use bytes::Bytes;
use roadloop_store::StoreError;
use serde::{Deserialize, Serialize};

use super::Board;
use crate::EngineError;

const KEY: &str = "board/id.json";

/// A store, by what it is known everywhere and what people call it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Home {
    pub id: String,
    /// As it was named by who gave the order, a folder by its whole path.
    pub place: String,
}

impl Home {
    /// Whether both are the same store; by how many names it is reached says nothing.
    pub fn is(&self, other: &Home) -> bool {
        self.id == other.id
    }
}

/// What lies in the store.
#[derive(Debug, Serialize, Deserialize)]
struct Identity {
    id: String,
}

impl Board {
    /// The store of this board; the first who asks gives it its id.
    pub async fn home(&self) -> Result<Home, EngineError> {
        let known = match self.load::<Identity>(KEY).await? {
            Some(known) => known,
            None => {
                let bytes = serde_json::to_vec_pretty(&Identity { id: random_id() })
                    .map_err(|source| EngineError::Record { key: KEY.to_owned(), source })?;
                match self.store().put_new(KEY, Bytes::from(bytes)).await {
                    // Somebody else was first.
                    Ok(()) | Err(StoreError::AlreadyExists { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
                let gone = || StoreError::NotFound { key: KEY.to_owned() };
                self.load(KEY).await?.ok_or_else(gone)?
            }
        };
        Ok(Home { id: known.id, place: self.store().place() })
    }
}

/// 32 hex digits, others each time.
fn random_id() -> String {
    format!("{:032x}", fastrand::u128(..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_store_has_one_id_however_it_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap().to_owned();
        let board = |uri: &str| Board::new(roadloop_store::open(uri).unwrap());
        let (first, second) = (board(&path), board(&format!("file://{path}/.")));
        let (one, other) = tokio::join!(first.home(), second.home());
        let (one, other) = (one.unwrap(), other.unwrap());
        assert!(one.is(&other), "{one:?} {other:?}");
        assert_eq!((one.id.len(), &one.place), (32, &other.place));
        let elsewhere = board("memory:").home().await.unwrap();
        assert!(!one.is(&elsewhere));
    }
}
