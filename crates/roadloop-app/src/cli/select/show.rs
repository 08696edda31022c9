//! Samples and saved selections as people and programs read them.

use anyhow::Result;
use roadloop_engine::catalog::{Draw, Sampling, SelectionCard, SelectionRef, Stratum};
use serde_json::{Value, json};

use crate::cli::Outcome;
use crate::command::command;
use crate::render::{self, counted};
use crate::session::Session;

/// Strata a person is shown; JSON has all.
const SHOWN_STRATA: usize = 50;

pub(super) async fn list(session: &Session, json: bool) -> Result<Outcome> {
    let cards = session.reader().await?.catalog.selections().await?;
    if json {
        render::print_json(&cards)?;
        return Ok(Outcome::Done);
    }
    if cards.is_empty() {
        session.note(&format!(
            "nothing is saved yet; save with: {} select 'has(car)' --sample 100 --save NAME",
            command()
        ));
        return Ok(Outcome::Done);
    }
    let mut rows = vec![["name", "frames", "saved", "filter"].map(str::to_owned)];
    for card in &cards {
        rows.push([
            format!("{}@{}", card.name, card.version),
            card.frames.to_string(),
            card.saved_at.clone(),
            words_of(card),
        ]);
    }
    let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
    render::print(&render::columns(&rows))?;
    Ok(Outcome::Done)
}

pub(super) async fn one(session: &Session, wanted: &SelectionRef, json: bool) -> Result<Outcome> {
    let catalog = session.reader().await?.catalog;
    let card = catalog.selection(wanted).await?;
    if json {
        let rows = catalog.selected(&card).await?;
        let frame = |row: &roadloop_base::FrameRow| {
            json!({"recording": row.id.recording, "camera": row.id.camera,
                "sequence": row.id.sequence, "taken_at": row.taken_at.iso(), "image": row.image})
        };
        let mut shown = json!(card);
        shown["images"] = rows.iter().map(frame).collect();
        render::print_json(&shown)?;
        return Ok(Outcome::Done);
    }
    let versions = catalog.selection_versions(&card.name).await?;
    let tables: Vec<String> =
        card.tables.iter().map(|(table, version)| format!("{table} {version}")).collect();
    let mut text = format!(
        "{}@{}  {}\n  filter     {}\n  sample     {}\n  matched    {}\n  saved      {}\n  \
         tables     {}\n",
        card.name,
        card.version,
        counted(card.frames, "frame"),
        words_of(&card),
        sampling_in_words(&card.sampling),
        counted(card.matched, "frame"),
        card.saved_at,
        tables.join(", "),
    );
    if card.not_looked_at > 0 {
        text += &format!("  not looked at then: {}\n", counted(card.not_looked_at, "frame"));
    }
    if versions.len() > 1 {
        let all: Vec<String> = versions.iter().map(u32::to_string).collect();
        text += &format!("  versions   {}\n", all.join(", "));
    }
    text += &strata_as_text(&card.sampling.by, &card.strata);
    render::print(&text)?;
    Ok(Outcome::Done)
}

/// What a sample holds.
pub(super) fn drawn(draw: &Draw) -> String {
    let (frames, matched) = (draw.frames(), draw.count().total);
    let filter = draw.filter().to_string();
    let of = if filter.is_empty() { String::new() } else { format!(" that match {filter}") };
    let mut text = format!("{frames} of {}{of}\n", counted(matched, "frame"));
    if draw.sampling().spread.is_some() {
        text +=
            &format!("passed over as near-duplicates: {}\n", counted(draw.too_alike(), "frame"));
    }
    text + &strata_as_text(&draw.sampling().by, &draw.strata())
}

fn words_of(card: &SelectionCard) -> String {
    if card.filter.is_empty() { "every frame".to_owned() } else { card.filter.clone() }
}

fn sampling_in_words(sampling: &Sampling) -> String {
    let Sampling { frames, by, spread, seed } = sampling;
    let mut words = match frames {
        Some(frames) => format!("at most {}", counted(*frames, "frame")),
        None => "all".to_owned(),
    };
    if !by.is_empty() {
        words += &format!(", by {}", by.join(", "));
    }
    if let Some(bits) = spread {
        words += &format!(", at least {} apart", counted(u64::from(*bits), "bit"));
    }
    if frames.is_some() || spread.is_some() { format!("{words}, seed {seed}") } else { words }
}

/// A table of strata; nothing where all frames are one.
fn strata_as_text(words: &[String], strata: &[Stratum]) -> String {
    if words.is_empty() || strata.is_empty() {
        return String::new();
    }
    let mut rows = vec![[words, &["frames".to_owned(), "of".to_owned()]].concat()];
    for stratum in strata.iter().take(SHOWN_STRATA) {
        let counts = [stratum.taken.to_string(), stratum.matched.to_string()];
        rows.push([&stratum.is[..], &counts].concat());
    }
    let mut text = render::columns(&rows);
    if strata.len() > SHOWN_STRATA {
        let others = &strata[SHOWN_STRATA..];
        let taken = others.iter().map(|stratum| stratum.taken).sum();
        let groups = counted(others.len() as u64, "more group");
        text += &format!("  and {groups} with {}; --json has all\n", counted(taken, "frame"));
    }
    text
}

pub(super) fn strata_as_json(words: &[String], strata: &[Stratum]) -> Value {
    let as_json = |stratum: &Stratum| {
        let is = words.iter().cloned().zip(stratum.is.iter().cloned().map(Value::from));
        let is: serde_json::Map<String, Value> = is.collect();
        json!({"is": is, "frames": stratum.taken, "matched": stratum.matched})
    };
    strata.iter().map(as_json).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stratum(is: &[&str], taken: u64, matched: u64) -> Stratum {
        Stratum { is: is.iter().map(|word| (*word).to_owned()).collect(), matched, taken }
    }

    #[test]
    fn strata_are_a_table() {
        let words = ["camera".to_owned(), "hour".to_owned()];
        let strata = [stratum(&["front", "09"], 5, 100), stratum(&["rear", "unknown"], 12, 12)];
        assert_eq!(
            strata_as_text(&words, &strata),
            "  camera  hour     frames   of\n  front   09            5  100\n  \
             rear    unknown      12   12\n"
        );
        assert_eq!(strata_as_text(&[], &[stratum(&[""], 1, 1)]), "");
        let json = strata_as_json(&words, &strata);
        assert_eq!(json[1]["is"]["hour"], "unknown");
        let many: Vec<Stratum> = (0..60).map(|_| stratum(&["a"], 2, 3)).collect();
        let text = strata_as_text(&words[..1], &many);
        assert!(text.ends_with("and 10 more groups with 20 frames; --json has all\n"), "{text}");
    }

    #[test]
    fn samplings_in_words() {
        let sampling =
            Sampling { frames: Some(10), by: vec!["camera".to_owned()], spread: Some(16), seed: 3 };
        let words = "at most 10 frames, by camera, at least 16 bits apart, seed 3";
        assert_eq!(sampling_in_words(&sampling), words);
        assert_eq!(sampling_in_words(&Sampling::default()), "all");
    }
}
