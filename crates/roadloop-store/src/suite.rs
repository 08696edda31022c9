//! The promises of a store, run by every implementation.

use bytes::Bytes;
use object_store::path::Path as Key;
use object_store::{ObjectStoreExt, PutPayload};

use crate::{Listed, Store, StoreError};

pub(crate) async fn store_keeps_its_promises(mut fresh: impl FnMut() -> Store) {
    put_is_read_back(&fresh()).await;
    put_replaces_whole(&fresh()).await;
    a_glance_tells_what_was_replaced(&fresh()).await;
    put_new_refuses_a_taken_name(&fresh()).await;
    staged_is_invisible_until_published(&fresh()).await;
    no_key_leads_outside(&fresh()).await;
    missing_is_named(&fresh()).await;
    writers_of_one_key_leave_one_whole_object(&fresh()).await;
    a_file_is_put_whole(&fresh()).await;
    an_upload_in_parts_is_there_whole_or_not_at_all(&fresh()).await;
    a_lock_has_one_holder(&fresh()).await;
    updates_lose_nothing(&fresh()).await;
    what_is_removed_is_gone(&fresh()).await;
}

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

async fn put_is_read_back(store: &Store) {
    store.put("images/a/b.png", bytes("one")).await.unwrap();
    assert_eq!(store.get("images/a/b.png").await.unwrap(), bytes("one"));
    let listed = Listed { key: "images/a/b.png".to_owned(), bytes: 3 };
    assert_eq!(store.list("images").await.unwrap(), [listed]);
    assert_eq!(store.list("nothing/here").await.unwrap(), []);
}

async fn put_replaces_whole(store: &Store) {
    store.put("k", bytes("a longer first value")).await.unwrap();
    store.put("k", bytes("short")).await.unwrap();
    assert_eq!(store.get("k").await.unwrap(), bytes("short"));
}

async fn a_glance_tells_what_was_replaced(store: &Store) {
    store.put("k", bytes("0123456789")).await.unwrap();
    let first = store.glance("k").await.unwrap();
    assert_eq!((first.bytes, store.glance("k").await.unwrap()), (10, first.clone()));
    assert_eq!(store.get_part("k", 3..6).await.unwrap(), bytes("345"));
    assert_eq!(store.get_part("k", 8..20).await.unwrap(), bytes("89"));
    store.put("k", bytes("9876543210")).await.unwrap();
    assert_ne!(store.glance("k").await.unwrap().tag, first.tag);
    let missing = store.glance("nothing").await.unwrap_err();
    assert!(matches!(missing, StoreError::NotFound { .. }), "{missing}");
    assert!(store.glance("../k").await.is_err());
}

async fn put_new_refuses_a_taken_name(store: &Store) {
    store.put_new("k", bytes("first")).await.unwrap();
    let error = store.put_new("k", bytes("second")).await.unwrap_err();
    assert!(matches!(error, StoreError::AlreadyExists { .. }), "{error}");
    assert_eq!(store.get("k").await.unwrap(), bytes("first"));
}

async fn staged_is_invisible_until_published(store: &Store) {
    store.put("x/1", bytes("old")).await.unwrap();
    let staged = vec![
        store.stage("x/1", bytes("new")).await.unwrap(),
        store.stage("x/2", bytes("two")).await.unwrap(),
    ];
    let keys: Vec<String> =
        store.list("x").await.unwrap().into_iter().map(|listed| listed.key).collect();
    assert_eq!(keys, ["x/1"]);
    assert_eq!(store.get("x/1").await.unwrap(), bytes("old"));
    store.publish(staged).await.unwrap();
    assert_eq!(store.get("x/1").await.unwrap(), bytes("new"));
    assert_eq!(store.get("x/2").await.unwrap(), bytes("two"));
}

async fn no_key_leads_outside(store: &Store) {
    for key in ["../evil", "a/../../evil", "/etc/passwd", "a//b", "", "a/./b", "a\0b"] {
        let error = store.put(key, bytes("x")).await.unwrap_err();
        assert!(matches!(error, StoreError::BadKey { .. }), "{key:?}: {error}");
        assert!(store.get(key).await.is_err() && store.local_path(key).is_none());
    }
}

async fn missing_is_named(store: &Store) {
    let error = store.get("not/there").await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
    assert!(error.to_string().contains("not/there"));
}

async fn writers_of_one_key_leave_one_whole_object(store: &Store) {
    let values = [Bytes::from(vec![1u8; 100_000]), Bytes::from(vec![2u8; 50_000])];
    let writers = (0..8).map(|i| store.put("k", values[i % 2].clone()));
    for written in futures::future::join_all(writers).await {
        written.unwrap();
    }
    assert!(values.contains(&store.get("k").await.unwrap()));
}

async fn a_file_is_put_whole(store: &Store) {
    let file = tempfile::NamedTempFile::new().unwrap();
    for size in [0, 3, 20 << 20] {
        let bytes: Vec<u8> = (0..size).map(|at: u32| (at % 251) as u8).collect();
        std::fs::write(file.path(), &bytes).unwrap();
        store.put_file("video/front.mp4", file.path()).await.unwrap();
        assert!(store.get("video/front.mp4").await.unwrap() == bytes, "{size}");
    }
    let error = store.put_file("video/rear.mp4", &file.path().join("none")).await.unwrap_err();
    assert!(error.to_string().contains("video/rear.mp4"), "{error}");
    assert_eq!(store.list("video").await.unwrap().len(), 1);
}

/// As the tables write what is larger than memory.
async fn an_upload_in_parts_is_there_whole_or_not_at_all(store: &Store) {
    let objects = store.object_store();
    let key = Key::from("tables/large");
    let part = |byte: u8| PutPayload::from(vec![byte; 5 << 20]);
    let mut upload = objects.put_multipart(&key).await.unwrap();
    let parts = [upload.put_part(part(1)), upload.put_part(part(2)), upload.put_part("3".into())];
    assert_eq!(store.list("tables").await.unwrap(), []);
    for part in futures::future::join_all(parts).await {
        part.unwrap();
    }
    upload.complete().await.unwrap();
    let bytes = store.get("tables/large").await.unwrap();
    assert_eq!(bytes.len(), (10 << 20) + 1);
    assert!((bytes[0], bytes[5 << 20], bytes[10 << 20]) == (1, 2, b'3'));

    let mut upload = objects.put_multipart(&Key::from("tables/none")).await.unwrap();
    upload.put_part(part(1)).await.unwrap();
    upload.abort().await.unwrap();
    assert_eq!(store.list("tables").await.unwrap().len(), 1);
}

async fn a_lock_has_one_holder(store: &Store) {
    let tries = (0..8).map(|_| store.lock("upkeep"));
    let tries = futures::future::join_all(tries).await;
    let (mut locks, refused): (Vec<_>, Vec<_>) = tries.into_iter().partition(Result::is_ok);
    assert_eq!((locks.len(), refused.len()), (1, 7));
    for error in refused {
        assert!(matches!(error, Err(StoreError::Locked { .. })), "{error:?}");
    }
    store.lock("another").await.unwrap().release().await;
    locks.pop().unwrap().unwrap().release().await;
    store.lock("upkeep").await.unwrap().release().await;
}

async fn updates_lose_nothing(store: &Store) {
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..8_u8 {
        let store = store.clone();
        writers.spawn(async move {
            let add = |found: Option<Bytes>| {
                let mut kept = found.unwrap_or_default().to_vec();
                kept.push(number);
                Ok::<_, StoreError>(Some(Bytes::from(kept)))
            };
            store.update("work/list", add).await.unwrap();
        });
    }
    while let Some(written) = writers.join_next().await {
        written.unwrap();
    }
    let mut kept = store.get("work/list").await.unwrap().to_vec();
    kept.sort_unstable();
    assert_eq!(kept, [0, 1, 2, 3, 4, 5, 6, 7]);
    // Nothing to change is nothing written; what cannot be decided changes nothing.
    store.update("work/other", |_| Ok::<_, StoreError>(None)).await.unwrap();
    assert!(matches!(store.get("work/other").await, Err(StoreError::NotFound { .. })));
    let refuse = |_| Err(StoreError::BadKey { key: "refused".to_owned() });
    assert!(store.update("work/list", refuse).await.is_err());
    assert_eq!(store.get("work/list").await.unwrap().len(), 8);
}

async fn what_is_removed_is_gone(store: &Store) {
    store.put("work/a", bytes("a")).await.unwrap();
    store.remove("work/a").await.unwrap();
    assert!(matches!(store.get("work/a").await, Err(StoreError::NotFound { .. })));
    // It may have been another's turn before.
    store.remove("work/a").await.unwrap();
    assert!(store.remove("../a").await.is_err());
}
