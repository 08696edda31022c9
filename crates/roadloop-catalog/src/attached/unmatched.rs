//! Why no frame found a row: what the file has and what the frames have.

use std::collections::BTreeSet;

use roadloop_base::Nanos;

use super::instant::in_words;
use super::join::Joiner;
use super::joining::{Key, Nearest};
use super::on::{On, image};
use crate::CatalogError;
use crate::rows::{Columns, date_of};

/// Values looked at of each side; more than a few are not shown anyway.
const LOOKED_AT: usize = 10_000;
const SHOWN: usize = 3;

impl Joiner {
    /// In the words of the one who joined.
    pub async fn unmatched(&self) -> Result<String, CatalogError> {
        let context = self.catalog.session(None).await?;
        let query = "SELECT count(*) AS n, count(latitude) AS placed, min(taken_at_ns) AS first, \
                     max(taken_at_ns) AS last, min(latitude) AS south, max(latitude) AS north, \
                     min(longitude) AS west, max(longitude) AS east FROM frames";
        let frames = self.catalog.query(&context, query).await?;
        let Some(frames) = frames.first().map(Columns) else { return Ok(String::new()) };
        if frames.longs("n")?.value(0) == 0 {
            return Ok(
                "there are no frames yet; those that come are joined by themselves".to_owned()
            );
        }
        let (rows, _) = self.rows().await?;
        let rows = Columns(rows);
        let mut reasons = Vec::new();
        match self.card.joining.nearest {
            Some(Nearest::TimeWithinNs(_)) => {
                let times = rows.longs(&On::Time.stored())?;
                let first = times.iter().flatten().min().unwrap_or_default();
                let last = times.iter().flatten().max().unwrap_or_default();
                reasons.push(format!(
                    "the file's times are {} to {}, the frames' {} to {}",
                    in_words(first),
                    in_words(last),
                    in_words(frames.longs("first")?.value(0)),
                    in_words(frames.longs("last")?.value(0)),
                ));
            }
            Some(Nearest::PositionWithinM(_)) if frames.longs("placed")?.value(0) == 0 => {
                reasons.push("no frame has a position".to_owned());
            }
            Some(Nearest::PositionWithinM(_)) => {
                let range = |on: On| -> Result<String, CatalogError> {
                    let degrees = rows.doubles(&on.stored())?;
                    let least = degrees.iter().flatten().fold(f64::INFINITY, f64::min);
                    let most = degrees.iter().flatten().fold(f64::NEG_INFINITY, f64::max);
                    Ok(format!("{least:.4} to {most:.4}"))
                };
                let of_frames = |least: &str, most: &str| -> Result<String, CatalogError> {
                    let (least, most) = (frames.doubles(least)?, frames.doubles(most)?);
                    Ok(format!("{:.4} to {:.4}", least.value(0), most.value(0)))
                };
                reasons.push(format!(
                    "the file's places are {} north and {} east, the frames' {} and {}",
                    range(On::Latitude)?,
                    range(On::Longitude)?,
                    of_frames("south", "north")?,
                    of_frames("west", "east")?,
                ));
            }
            None => {}
        }
        for key in &self.card.joining.keys {
            let in_file = rows.texts(&On::Key(*key).stored())?;
            let in_file: BTreeSet<String> =
                in_file.iter().flatten().take(LOOKED_AT).map(str::to_owned).collect();
            let of_frames = self.values_of_frames(*key).await?;
            if in_file.is_disjoint(&of_frames) {
                reasons.push(format!(
                    "the file's {} is {}, the frames' {}",
                    key.name(),
                    shown(&in_file),
                    shown(&of_frames)
                ));
            }
        }
        if reasons.is_empty() {
            let keys = self.card.joining.on().join(", ");
            reasons.push(format!("each {keys} is there, but none together in one row"));
        }
        Ok(reasons.join("; "))
    }

    /// As a file has them.
    async fn values_of_frames(&self, key: Key) -> Result<BTreeSet<String>, CatalogError> {
        let column = match key {
            Key::Date => "taken_at_ns",
            _ => key.name(),
        };
        let context = self.catalog.session(None).await?;
        let query = match key {
            Key::Date => {
                "SELECT min(taken_at_ns) AS taken_at_ns FROM frames GROUP BY date".to_owned()
            }
            _ => format!("SELECT DISTINCT {column} FROM frames LIMIT {LOOKED_AT}"),
        };
        let mut values = BTreeSet::new();
        for batch in self.catalog.query(&context, &query).await? {
            let columns = Columns(&batch);
            match key {
                Key::Date => {
                    let times = columns.longs(column)?;
                    values.extend(times.values().iter().map(|nanos| date_of(Nanos(*nanos))));
                }
                _ => values.extend(columns.texts(column)?.iter().flatten().map(|text| match key {
                    Key::Image => image(text),
                    _ => text.to_owned(),
                })),
            }
        }
        Ok(values)
    }
}

fn shown(values: &BTreeSet<String>) -> String {
    let few: Vec<&str> = values.iter().take(SHOWN).map(String::as_str).collect();
    let more = if values.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", few.join(", "))
}
