//! Plots for the README.

use std::path::Path;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

/// Of a panel.
const SIZE: (u32, u32) = (760, 380);
/// Told apart by people who see colours otherwise, too.
const COLOURS: [RGBColor; 3] = [RGBColor(0, 114, 178), RGBColor(213, 94, 0), RGBColor(0, 158, 115)];

/// Series over a common axis: a panel of a picture.
pub(crate) struct Plot<'a> {
    pub(crate) title: &'a str,
    pub(crate) x: &'a str,
    pub(crate) y: &'a str,
    /// Each step along the axis is so many times the one before.
    pub(crate) logarithmic: bool,
    pub(crate) series: Vec<Series>,
    /// Values that are asked for or compared with, the lowest first.
    pub(crate) lines: Vec<(f64, String)>,
}

pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// One below the other.
pub(crate) fn draw(plots: &[Plot<'_>], file: &Path) {
    let (width, height) = SIZE;
    let root = SVGBackend::new(file, (width, height * plots.len() as u32)).into_drawing_area();
    root.fill(&WHITE).unwrap();
    for (plot, area) in plots.iter().zip(root.split_evenly((plots.len(), 1))) {
        plot.draw(&area);
    }
    root.present().unwrap();
}

impl Plot<'_> {
    fn draw(&self, area: &Area<'_>) {
        let values = |axis: fn(&(f64, f64)) -> f64| {
            self.series.iter().flat_map(|it| &it.points).map(axis).collect::<Vec<_>>()
        };
        let xs = values(|(x, _)| *x);
        let least = xs.iter().copied().fold(f64::INFINITY, f64::min);
        let most = xs.iter().copied().fold(least, f64::max);
        if self.logarithmic {
            self.draw_over(area, (least * 0.8..most * 1.25).log_scale(), thousands);
        } else {
            self.draw_over(area, least - 0.5..most + 0.5, whole);
        }
    }

    fn draw_over<X>(&self, area: &Area<'_>, x: X, label: fn(&f64) -> String)
    where
        X: AsRangedCoord<Value = f64>,
        X::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        let points = self.series.iter().flat_map(|series| &series.points).map(|(_, y)| *y);
        let highest = points.chain(self.lines.iter().map(|(y, _)| *y)).fold(0.0, f64::max) * 1.25;
        let mut chart = ChartBuilder::on(area)
            .caption(self.title, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(56)
            .build_cartesian_2d(x, 0.0..highest)
            .unwrap();
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .x_desc(self.x)
            .y_desc(self.y)
            .x_label_formatter(&label)
            .y_label_formatter(&f64::to_string)
            .label_style(("sans-serif", 13))
            .draw()
            .unwrap();
        for (series, colour) in self.series.iter().zip(COLOURS.iter().cycle()) {
            let points = series.points.iter().copied();
            chart
                .draw_series(LineSeries::new(points, colour.stroke_width(2)).point_size(4))
                .unwrap()
                .label(&series.name)
                .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        }
        let (left, right) = {
            let range = chart.x_range();
            (range.start, range.end)
        };
        for (n, (y, name)) in self.lines.iter().enumerate() {
            // The lowest line's name is below it, the others' above theirs.
            let offset = if n == 0 { 4 } else { -16 };
            let ends = [(left, *y), (right, *y)];
            chart.draw_series(DashedLineSeries::new(ends, 6, 4, BLACK.into())).unwrap();
            let place = (left, *y);
            let text =
                EmptyElement::at(place) + Text::new(name.clone(), (6, offset), ("sans-serif", 13));
            chart.draw_series([text]).unwrap();
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE.mix(0.8))
            .label_font(("sans-serif", 13))
            .draw()
            .unwrap();
    }
}

/// Nothing between whole numbers.
fn whole(x: &f64) -> String {
    if (x - x.round()).abs() < 1e-6 { format!("{x:.0}") } else { String::new() }
}

fn thousands(x: &f64) -> String {
    match *x {
        x if x >= 1e6 => format!("{} M", x / 1e6),
        x if x >= 1e3 => format!("{} k", x / 1e3),
        x => x.to_string(),
    }
}
