//! One axis of growth: its table of points, its exponents and its plots.

use super::MAX;
use crate::fit::Fit;
use crate::harness::Cost;
use crate::plot::{self, Plot, Series, Shape};
use crate::section::{Aim, Section};
use crate::table::Table;

/// A size that is varied, and the actions that are measured at each size.
pub struct Axis {
    /// Its goal.
    pub aim: &'static Aim,
    /// The name of the plots' files.
    pub file: &'static str,
    /// The name of the varied size.
    pub over: &'static str,
    /// The limits of the size, and other notes.
    pub note: &'static str,
    /// The measured actions.
    pub lines: Vec<Line>,
}

/// One action, measured at each size.
pub struct Line {
    /// The name of the action.
    pub name: String,
    /// Sizes and costs.
    pub points: Vec<(f64, Cost)>,
}

/// A kind of cost.
struct Kind {
    name: &'static str,
    of: fn(&Cost) -> f64,
}

const KINDS: [Kind; 4] = [
    Kind { name: "calls", of: calls },
    Kind { name: "units", of: |cost| cost.counts.table().read + cost.counts.table().write },
    Kind { name: "bytes", of: bytes },
    Kind { name: "CPU", of: |cost| cost.cpu_us / 1000.0 },
];

#[expect(clippy::cast_precision_loss, reason = "a few thousand calls")]
fn calls(cost: &Cost) -> f64 {
    (cost.counts.table().calls + cost.counts.queue().calls) as f64
}

#[expect(clippy::cast_precision_loss, reason = "a few million bytes")]
fn bytes(cost: &Cost) -> f64 {
    let (table, queue) = (cost.counts.table(), cost.counts.queue());
    (table.sent + table.answered + queue.sent + queue.answered) as f64
}

impl Axis {
    /// Adds the table, the plots and the goal to the section.
    pub fn tell(&self, section: &mut Section) {
        let title = format!("Cost by {}", self.over);
        let columns = ["", self.over, "calls", "read units", "write units", "bytes", "CPU, ms"];
        let mut points = Table::new(title, &columns);
        let mut fits = Table::new(
            format!("Exponents by {}", self.over),
            &["", "calls", "end", "units", "end", "bytes", "end", "CPU", "end"],
        );
        for line in &self.lines {
            for (size, cost) in &line.points {
                let table = cost.counts.table();
                points.row([
                    line.name.clone(),
                    format!("{size}"),
                    format!("{}", calls(cost)),
                    format!("{}", table.read),
                    format!("{}", table.write),
                    format!("{}", bytes(cost)),
                    format!("{:.2}", cost.cpu_us / 1000.0),
                ]);
            }
            let mut row = vec![line.name.clone()];
            for kind in &KINDS {
                let (whole, end) = (line.whole(kind), line.end(kind));
                row.extend([format!("{whole:.2}"), format!("{end:.2}")]);
            }
            fits.row(row);
        }
        section.tables.push(points.note(self.note));
        section.tables.push(fits);
        section.plots.push(self.plot("units", "capacity units", &KINDS[1]));
        section.plots.push(self.plot("cpu", "processor time, ms", &KINDS[3]));
        // Between two sizes only, differences of processor time are mostly noise.
        let counted = KINDS.iter().filter(|kind| kind.name != "CPU");
        match (self.steepest(KINDS.iter(), Line::whole), self.steepest(counted, Line::end)) {
            (Some((exponent, whole)), Some((_, end))) => {
                section.measured(self.aim, format!("at most {whole}; counts at the end {end}"), exponent <= MAX);
            }
            _ => section.not_measured(self.aim, "nothing was measured along this axis"),
        }
    }

    /// The highest exponent of these kinds of cost over all lines, and its line and kind.
    fn steepest<'k>(
        &self,
        kinds: impl Iterator<Item = &'k Kind> + Clone,
        exponent: fn(&Line, &Kind) -> f64,
    ) -> Option<(f64, String)> {
        let all = self.lines.iter().flat_map(|line| kinds.clone().map(move |kind| (exponent(line, kind), kind, line)));
        let (most, kind, line) = all.max_by(|one, other| one.0.total_cmp(&other.0))?;
        Some((most, format!("{most:.2} ({} of \"{}\")", kind.name, line.name)))
    }

    fn plot(&self, suffix: &str, unit: &str, kind: &Kind) -> Plot {
        let mut series = Vec::new();
        for line in &self.lines {
            let points = line.of(kind);
            series.push(Series::points(line.name.clone(), points.clone()));
            if let (Some(fit), Some(first), Some(last)) = (Fit::of(&points), points.first(), points.last()) {
                let ends = [first.0, last.0].map(|x| (x, fit.at(x)));
                series.push(Series::line(format!("fitted, exponent {:.2}", fit.exponent), ends.into()));
            }
        }
        let (x, y) = (plot::Axis::new(self.over, ""), plot::Axis::new(unit, ""));
        let title = format!("{} by {}", if suffix == "cpu" { "Processor time" } else { "Capacity units" }, self.over);
        Plot { file: format!("growth-{}-{suffix}", self.file), title, shape: Shape::LogLog { x, y, series } }
    }
}

impl Line {
    fn of(&self, kind: &Kind) -> Vec<(f64, f64)> {
        self.points.iter().map(|(size, cost)| (*size, (kind.of)(cost))).collect()
    }

    /// The exponent over all sizes; 0 if there is no cost at all.
    fn whole(&self, kind: &Kind) -> f64 {
        Fit::of(&self.of(kind)).map_or(0.0, |fit| fit.exponent)
    }

    /// The exponent between the last two sizes.
    fn end(&self, kind: &Kind) -> f64 {
        Fit::of_the_end(&self.of(kind)).map_or(0.0, |fit| fit.exponent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{Counts, Operation};
    use crate::section::Figure;

    const AIM: Aim = Aim { what: "growth", goal: "exponent ≤ 1.05" };

    /// The section of an axis with one line, which has these write units and this processor time.
    fn told(units: fn(f64) -> f64, cpu: fn(f64) -> f64) -> Section {
        let cost = |size| {
            let write = Operation { write: units(size), ..Operation::default() };
            let counts = Counts { dynamodb: [("PutItem".to_owned(), write)].into(), ..Counts::default() };
            (size, Cost { counts, cpu_us: cpu(size) })
        };
        let lines = vec![Line { name: "doing".to_owned(), points: [1.0, 10.0, 100.0].map(cost).into() }];
        let mut section = Section::default();
        Axis { aim: &AIM, file: "f", over: "things", note: "", lines }.tell(&mut section);
        section
    }

    #[test]
    fn the_steepest_cost_decides_and_a_tail_is_told() {
        for (units, cpu, met, figure) in [
            (
                (|_| 1.0) as fn(f64) -> f64,
                (|size| 3.0 * size) as fn(f64) -> f64,
                true,
                "at most 1.00 (CPU of \"doing\"); counts at the end 0.00 (bytes of \"doing\")",
            ),
            (
                |size| if size < 100.0 { 1.0 } else { 100.0 },
                |size| size.powf(1.2),
                false,
                "at most 1.20 (CPU of \"doing\"); counts at the end 2.00 (units of \"doing\")",
            ),
        ] {
            let section = told(units, cpu);
            let expected = Figure::Measured { figure: figure.to_owned(), met };
            assert_eq!(section.goals[0].figure, expected);
            assert_eq!((section.tables[0].rows.len(), section.tables[1].rows.len()), (3, 1));
            let files: Vec<_> = section.plots.iter().map(|plot| plot.file.as_str()).collect();
            assert_eq!(files, ["growth-f-units", "growth-f-cpu"]);
        }
    }
}
