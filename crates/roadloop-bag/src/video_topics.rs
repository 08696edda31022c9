//! Topics that carry a video by what is on them, and not by their type: drivers
//! send H.264 as compressed images. A topic's first sound message decides.
//!
//! That is told before anyone selects frames, for a picture of a video needs those
//! before it.

use std::collections::BTreeSet;

use roadloop_base::{EncodedImage, Topic};

use crate::decode::Decoders;
use crate::image::{ImageType, NoImage, image_type, image_type_of, read_image};
use crate::{BagError, ReadMessage, Recording, Selection};

/// Most cameras begin together. After so many messages those topics that are left
/// are asked for alone, and the chunks in between passed over.
const MESSAGES: usize = 64;

/// The names of those topics.
pub(crate) fn find(recording: &Recording) -> Result<BTreeSet<String>, BagError> {
    let topics = recording.topics().iter().filter(|topic| may_be_video(topic));
    let mut undecided: BTreeSet<String> = topics.map(|topic| topic.name.clone()).collect();
    let mut videos = BTreeSet::new();
    let mut left = usize::MAX;
    while undecided.len() < left && !undecided.is_empty() {
        left = undecided.len();
        decide(recording, &mut undecided, &mut videos)?;
    }
    Ok(videos)
}

fn may_be_video(topic: &Topic) -> bool {
    let kind = image_type_of(&topic.message_type, &topic.encoding);
    topic.messages != Some(0) && kind.is_some_and(ImageType::may_be_video)
}

/// Looks at the first messages of the topics that are left.
fn decide(
    recording: &Recording,
    undecided: &mut BTreeSet<String>,
    videos: &mut BTreeSet<String>,
) -> Result<(), BagError> {
    let selection =
        Selection { topics: undecided.iter().cloned().collect(), ..Selection::default() };
    let mut decoders = Decoders::default();
    let mut looked_at = 0;
    for read in recording.messages(&selection)? {
        let message = match read {
            ReadMessage::Message(message) => message,
            ReadMessage::Failed(error) => return Err(error),
            _ => continue,
        };
        if undecided.contains(&*message.topic) {
            let kind = image_type(&message.channel);
            let image = kind.and_then(|kind| read_image(kind, &message, &mut decoders));
            if let Some(Ok((_, EncodedImage::Video(_)))) = image {
                videos.insert(message.topic.to_string());
            }
            if !matches!(image, Some(Err(NoImage::Damaged(_)))) {
                undecided.remove(&*message.topic);
            }
        }
        looked_at += 1;
        if undecided.is_empty() || looked_at == MESSAGES {
            break;
        }
    }
    Ok(())
}
