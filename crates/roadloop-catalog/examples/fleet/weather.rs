//! The weather of the fleet's days, hour by hour, attached by time.

use std::collections::BTreeMap;
use std::fmt::Write;

use bytes::Bytes;
use roadloop_catalog::{Catalog, Joining, Source, SourceName, SourceSettings};

use crate::Failure;
use crate::dice::Dice;
use crate::drive::{Drive, Fleet};

const CONDITIONS: [&str; 5] = ["clear", "clouds", "fog", "rain", "snow"];

pub(crate) async fn attach(catalog: &Catalog, fleet: &Fleet) -> Result<(), Failure> {
    let mut dice = Dice::of(&[fleet.seed, u64::MAX]);
    let mut sheet = "time,condition,temperature\n".to_owned();
    for day in 0..=Drive::day(fleet.recordings - 1) {
        for hour in 0..24 {
            let date = Drive::date(day);
            let condition = CONDITIONS[dice.next() as usize % CONDITIONS.len()];
            let temperature = dice.between(-10.0, 30.0);
            writeln!(sheet, "{date}T{hour:02}:30:00Z,{condition},{temperature:.1}")?;
        }
    }
    let joining = Joining::parse(&["time".to_owned()], Some("30min"))?;
    let settings = SourceSettings { joining, named: BTreeMap::new(), columns: Vec::new() };
    let source = Source::read("weather.csv", Bytes::from(sheet), &settings)?;
    let name = SourceName::new("weather")?;
    catalog.attach(&name, &source).await?;
    let joiner = catalog.joiner(&name).await?;
    for group in &joiner.waiting(None).await?.groups {
        joiner.join(group).await?;
    }
    Ok(())
}
