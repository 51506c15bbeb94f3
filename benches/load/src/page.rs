//! `docs/performance.md` and its plots.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use plotters::prelude::*;

use crate::growth::Curve;
use crate::machine;
use crate::plan::{Bench, Found};
use crate::row::{number, table};

const TEMPLATE: &str = include_str!("page.md");

/// Writes the page, and the plots into the folder `plots` beside it.
pub(crate) fn write(path: &Path, bench: &Bench, found: &Found) -> Result<()> {
    let plots = path.parent().context("the page has no folder")?.join("plots");
    std::fs::create_dir_all(&plots)?;
    if !found.curves.is_empty() {
        plot(&plots.join("rate.svg"), ("resolves per second", &found.curves), |point| point.1)?;
        plot(&plots.join("p99.svg"), ("p99 in microseconds", &found.curves), |point| point.2)?;
    }
    let text = TEMPLATE
        .replace("{machine}", &list(&machine::lines()))
        .replace("{rounds}", &bench.rounds.to_string())
        .replace("{table}", &table(&found.rows))
        .replace("{skipped}", &list(&found.skipped))
        .replace("{growth}", &growth(&found.curves));
    Ok(vault::files::replace_private(path, text.as_bytes())?)
}

fn list(lines: &[String]) -> String {
    let mut text = String::new();
    for line in lines {
        let _ = writeln!(text, "- {line}");
    }
    text
}

/// Lays the curves out as a table.
fn growth(curves: &[Curve]) -> String {
    let mut text =
        "| secrets | connections | resolves per s | p99, µs |\n| --- | --- | --- | --- |\n".to_owned();
    for curve in curves {
        for (connections, rate, p99) in &curve.points {
            let secrets = number(f64::from(u32::try_from(curve.secrets).unwrap_or(u32::MAX)));
            let _ = writeln!(text, "| {secrets} | {connections} | {} | {} |", number(*rate), number(*p99));
        }
    }
    text
}

/// Draws a line for each size of a vault over the connections.
fn plot(
    path: &Path,
    (title, curves): (&str, &[Curve]),
    of: impl Fn(&(usize, f64, f64)) -> f64,
) -> Result<()> {
    let highest = curves.iter().flat_map(|curve| &curve.points).map(&of).fold(1.0, f64::max);
    let area = SVGBackend::new(path, (720, 400)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(72)
        .build_cartesian_2d((1_f64..256.0).log_scale(), 0.0..highest * 1.1)?;
    chart.configure_mesh().x_desc("connections").x_labels(9).draw()?;
    for (curve, colour) in curves.iter().zip([&BLUE, &GREEN, &RED]) {
        let place =
            |point: &(usize, f64, f64)| (f64::from(u32::try_from(point.0).unwrap_or(u32::MAX)), of(point));
        let points: Vec<_> = curve.points.iter().map(place).collect();
        let label =
            format!("{} secrets", number(f64::from(u32::try_from(curve.secrets).unwrap_or(u32::MAX))));
        chart
            .draw_series(LineSeries::new(points, colour))?
            .label(label)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour));
    }
    chart.configure_series_labels().border_style(BLACK).background_style(WHITE).draw()?;
    Ok(area.present()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_a_place_for_everything_that_is_measured() {
        for place in ["{machine}", "{rounds}", "{table}", "{skipped}", "{growth}"] {
            assert_eq!(1, TEMPLATE.matches(place).count(), "{place}");
        }
    }

    #[test]
    fn a_curve_is_a_row_a_point_and_a_plot_is_drawn() {
        let curves = [Curve { secrets: 100, points: vec![(1, 1000.0, 900.0), (8, 4000.0, 1900.5)] }];
        let rows = growth(&curves);
        assert!(rows.ends_with("| 100 | 1 | 1,000 | 900 |\n| 100 | 8 | 4,000 | 1,900 |\n"), "{rows}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.svg");
        plot(&path, ("title", &curves), |point| point.1).unwrap();
        assert!(std::fs::read_to_string(path).unwrap().contains("100 secrets"));
    }
}
