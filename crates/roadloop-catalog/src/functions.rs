//! Functions of our own in SQL, for filters and for `roadloop sql`:
//!
//! - `sun_elevation(latitude, longitude, taken_at_ns)`: degrees above the horizon
//! - `tod(sun_elevation)`: `day`, `dusk` or `night`
//! - `distance_m(latitude, longitude, latitude, longitude)`: metres over ground
//!
//! What is not known makes their value unknown, and so do numbers that are no
//! place.

use std::sync::Arc;

use deltalake::arrow::array::{
    Array, ArrayRef, AsArray, Float32Array, Float64Array, StringViewArray,
};
use deltalake::arrow::datatypes::{DataType, Float64Type, Int64Type};
use deltalake::datafusion::error::Result;
use deltalake::datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};

use roadloop_base::{Nanos, Position};

use crate::filter::distance_m;
use crate::sun::{self, Tod};

pub(crate) fn all() -> [ScalarUDF; 3] {
    let degrees = DataType::Float64;
    [
        function(
            "sun_elevation",
            vec![degrees.clone(), degrees.clone(), DataType::Int64],
            DataType::Float32,
            |arrays| {
                let position = position(&arrays[0], &arrays[1]);
                let times = arrays[2].as_primitive::<Int64Type>();
                let sun = |row| {
                    let time = times.is_valid(row).then(|| Nanos(times.value(row)))?;
                    sun::elevation(&position(row)?, time)
                };
                Arc::new((0..times.len()).map(sun).collect::<Float32Array>())
            },
        ),
        // Plain numbers in SQL are doubles; the column's values stay what they are.
        function("tod", vec![degrees.clone()], DataType::Utf8View, |arrays| {
            let elevations = arrays[0].as_primitive::<Float64Type>();
            let tod = |elevation: Option<f64>| Some(Tod::of(elevation? as f32).name());
            Arc::new(elevations.iter().map(tod).collect::<StringViewArray>())
        }),
        function("distance_m", vec![degrees; 4], DataType::Float64, |arrays| {
            let (from, to) = (position(&arrays[0], &arrays[1]), position(&arrays[2], &arrays[3]));
            let degrees = |place: Position| [place.latitude(), place.longitude()];
            let distance = |row| Some(distance_m(degrees(from(row)?), degrees(to(row)?)));
            Arc::new((0..arrays[0].len()).map(distance).collect::<Float64Array>())
        }),
    ]
}

fn function(
    name: &str,
    takes: Vec<DataType>,
    gives: DataType,
    compute: fn(&[ArrayRef]) -> ArrayRef,
) -> ScalarUDF {
    let on_columns = move |values: &[ColumnarValue]| -> Result<ColumnarValue> {
        Ok(ColumnarValue::Array(compute(&ColumnarValue::values_to_arrays(values)?)))
    };
    create_udf(name, takes, gives, Volatility::Immutable, Arc::new(on_columns))
}

fn position<'a>(
    latitudes: &'a ArrayRef,
    longitudes: &'a ArrayRef,
) -> impl Fn(usize) -> Option<Position> + 'a {
    let latitudes = latitudes.as_primitive::<Float64Type>();
    let longitudes = longitudes.as_primitive::<Float64Type>();
    move |row| {
        let is_there = latitudes.is_valid(row) && longitudes.is_valid(row);
        is_there.then(|| Position::new(latitudes.value(row), longitudes.value(row), None))?
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use crate::testing::{frame_shard, open, run, text};
    use crate::{Format, SqlLimits};

    #[test]
    fn functions_in_sql() {
        run(async {
            let folder = TempDir::new().unwrap();
            let catalog = open(&folder).await;
            let mut shard = frame_shard("front", 2, 7);
            shard.rows[1].position = None;
            catalog.put_frames(&[shard]).await.unwrap();
            for (value, expected) in [
                ("round(sun_elevation(48.1, 11.5, 1605823200000000000), 3)", "-59.172"),
                ("sun_elevation(48.1, NULL, 0)", "\"\""),
                ("sun_elevation(90.5, 0, 0)", "\"\""),
                ("tod(-0.8)", "day"),
                ("tod(-5)", "dusk"),
                ("tod(sun_elevation(48.1, 11.5, 1605823200000000000))", "night"),
                ("tod(NULL)", "\"\""),
                ("round(distance_m(48.1, 11.5, 49.1, 11.5))", "111195.0"),
                ("distance_m(48.1, 11.5, NULL, 11.5)", "\"\""),
                ("(select count(sun_elevation) from frames)", "1"),
                ("(select max(tod(sun_elevation)) from frames)", "night"),
                (
                    "(select max(abs(sun_elevation - \
                     sun_elevation(latitude, longitude, taken_at_ns))) from frames)",
                    "0.0",
                ),
            ] {
                let query = format!("select {value} as value");
                let rows = catalog.sql(&query, &SqlLimits::default()).await.unwrap();
                let got = text(&rows, Format::Csv);
                assert_eq!(got.trim_end().trim_start_matches("value\n"), expected, "{value}");
            }
        });
    }
}
