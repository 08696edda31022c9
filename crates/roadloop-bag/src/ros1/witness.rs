//! A connection is described twice: in the index at the end of a bag, and in
//! the chunk with its first message. Nothing in the format says whether a byte
//! of either was changed, so the two are compared.

use roadloop_base::Skip;

use super::index::{self, Ros1Index};
use super::reader::Ros1Reader;
use crate::BagError;
use crate::channel::Channel;
use crate::image::image_type;
use crate::input::Input;
use crate::part::Places;
use crate::tally::Tally;

/// Cameras speak up in the first moments of a recording. What first occurs
/// later is compared when it is met.
const CHUNKS: usize = 4;

/// Reads an index and compares its connections with those of the first chunks.
/// Where they differ, the chunk is believed, unless it alone knows no camera there.
pub(crate) fn read_index(input: &Input, damage: &mut Vec<Skip>) -> Result<Ros1Index, BagError> {
    let mut index = index::read_index(input, damage)?;
    if !index.is_sound {
        return Ok(index);
    }
    let end = index.chunks.keys().nth(CHUNKS).copied().unwrap_or(index.starts_at);
    let start = Ros1Index { is_sound: true, starts_at: end, ..Ros1Index::default() };
    let mut tally = Tally::learning();
    let mut reader = Ros1Reader::open(input, &start, &mut tally)?;
    // Damage is named when frames are read.
    while reader.next(&mut tally).is_some() {}
    for (connection, in_chunk) in reader.described() {
        let Some(reason) = index.contradicted_by(*connection, in_chunk) else { continue };
        damage.push(Places::in_input(input).file(reason));
        if let Some(in_index) = index.connections.get_mut(connection)
            && (is_camera(in_chunk) || !is_camera(in_index))
        {
            in_index.clone_from(in_chunk);
        }
    }
    Ok(index)
}

fn is_camera(channel: &Channel) -> bool {
    image_type(channel).is_some()
}
