//! A report with invented figures.

use super::*;
use crate::plot::{Axis, Plot, Series, Shape};
use crate::table::Table;

fn machine() -> Machine {
    let facts = vec![("cores", "2".to_owned())];
    Machine { date: "today".to_owned(), commit: "c0ffee".to_owned(), profile: "debug", facts }
}

fn ran(result: Result<Section, NotRun>) -> Report {
    let run = Run { name: Name::Calls, result, took: Duration::from_secs(3) };
    Report { machine: machine(), runs: vec![run], earlier: Earlier::default() }
}

#[test]
fn a_goal_stands_beside_its_figure_met_or_missed() {
    let [first, second, ..] = Name::Calls.aims() else { panic!("too few goals") };
    let mut section = Section::new("What it says.");
    section.measured(first, "1 call", true);
    section.measured(second, "21 calls", false);
    let report = ran(Ok(section));
    let rows = report.goals().rows;
    assert_eq!(rows[0], [first.what, first.goal, "1 call", "met"]);
    assert_eq!(rows[1], [second.what, second.goal, "21 calls", "missed"]);
    assert_eq!(rows.len(), Name::Calls.aims().len());
    assert!(rows[2..].iter().all(|row| row[3] == "not measured: its section gave no figure"), "{rows:?}");
    let markdown = report.markdown();
    assert!(markdown.find("## Goals") < markdown.find("What it says."), "{markdown}");
    assert!(markdown.contains("calls 3 s") && markdown.contains("c0ffee") && markdown.contains("not those of"));
}

#[test]
fn a_section_that_was_not_run_says_why_and_keeps_its_goals() {
    let cases = [
        (NotRun::NotAskedFor, "not asked for in this run"),
        (NotRun::Unavailable("there is no node here".to_owned()), "there is no node here"),
        (NotRun::Failed("the stack does not start".into()), "it failed: the stack does not start"),
    ];
    for (reason, why) in cases {
        let report = ran(Err(reason));
        let goals = report.goals().rows;
        assert_eq!(goals.len(), Name::Calls.aims().len());
        assert!(goals.iter().all(|row| row[2].is_empty() && row[3] == format!("not measured: {why}")), "{goals:?}");
        assert!(report.markdown().contains(&format!("\nNot measured: {why}.\n")));
    }
}

#[test]
fn a_run_s_files_take_the_place_of_an_earlier_one_s() {
    let folder = std::env::temp_dir().join(format!("bench-report-{}", std::process::id()));
    fs::create_dir_all(folder.join("plots")).unwrap();
    fs::write(folder.join("plots/old.svg"), "old").unwrap();
    let mut section = Section::new("");
    section.tables.push(Table::new("t", &["a"]));
    let series = vec![Series::points("s", vec![(1.0, 2.0), (10.0, 20.0)])];
    let shape = Shape::LogLog { x: Axis::new("x", "items"), y: Axis::new("y", "calls"), series };
    section.plots.push(Plot { file: "new".to_owned(), title: "New".to_owned(), shape });
    ran(Ok(section)).write(&folder).unwrap();
    let markdown = fs::read_to_string(folder.join("RESULTS.md")).unwrap();
    let there = |name: &str| folder.join("plots").join(name).is_file();
    let (old, new) = (there("old.svg"), there("new.svg"));
    fs::remove_dir_all(&folder).unwrap();
    assert!(markdown.contains("![New](plots/new.svg)") && new && !old);
}

/// A report of `calls`, and then one of another section that keeps it.
#[test]
fn a_section_that_is_not_run_again_keeps_its_text_its_goals_and_its_plots() {
    let folder = std::env::temp_dir().join(format!("bench-kept-{}", std::process::id()));
    let plot = |file: &str| {
        let shape = Shape::Bars { x: Axis::new("x", ""), bars: Vec::new() };
        Plot { file: file.to_owned(), title: "A plot".to_owned(), shape }
    };
    let [first, second, ..] = Name::Calls.aims() else { panic!("too few goals") };
    let mut section = Section::new("What was said.");
    section.measured(first, "1 call", true);
    section.measured(second, "21 calls | or so", false);
    section.plots.push(plot("calls"));
    ran(Ok(section)).write(&folder).unwrap();
    let markdown = fs::read_to_string(folder.join("RESULTS.md")).unwrap();

    let mut section = Section::new("What the model says.");
    section.plots.push(plot("scale"));
    section.files.push(("measured.json".to_owned(), "{}".to_owned()));
    let scale = Run { name: Name::Scale, result: Ok(section), took: Duration::from_secs(1) };
    let runs = vec![Run::not_asked_for(Name::Calls), scale];
    let machine = Machine { commit: "cafe".to_owned(), ..machine() };
    let renewed = Report { machine, runs, earlier: Earlier::new(markdown) };
    renewed.write(&folder).unwrap();
    let text = fs::read_to_string(folder.join("RESULTS.md")).unwrap();
    let has = |file: &str| folder.join(file).is_file();
    let files = ["plots/calls.svg", "plots/scale.svg", "measured.json"].map(has);
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(files, [true; 3]);
    let calls = text.split("\n## Calls and capacity units\n").nth(1).unwrap().split("\n## ").next().unwrap();
    assert!(
        calls.contains("commit c0ffee") && calls.contains("What was said.") && calls.contains("(plots/calls.svg)"),
        "{text}"
    );
    assert!(
        text.contains("commit cafe") && text.contains("What the model says.") && !text.contains("Not measured"),
        "{text}"
    );
    let rows = renewed.goals().rows;
    assert_eq!(rows[0], [first.what, first.goal, "1 call", "met"]);
    assert_eq!(rows[1][3], "missed", "{:?}", rows[1]);
}
