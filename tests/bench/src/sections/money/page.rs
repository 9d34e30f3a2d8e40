//! The table of prices in the page of costs. It is made from `RESULTS.md`, and a test fails if they differ.

use super::tables::{BILLS, OF_RUNS, RUNS};
use crate::costs::Kind;

const BEGIN: &str =
    "<!-- costs: the benchmarks write the lines up to the next comment from tests/bench/RESULTS.md -->\n";
const END: &str = "<!-- end of costs -->\n";

/// The rows that the page shows.
const SHOWN: [Kind; 11] = [
    Kind::Change,
    Kind::ChangeWithKey,
    Kind::Accept,
    Kind::AcceptWithKey,
    Kind::MailTen,
    Kind::MailOne,
    Kind::PushTen,
    Kind::SlackTen,
    Kind::InAppTen,
    Kind::HoldTen,
    Kind::Release,
];

/// The page with the prices of these results; `None` if the results have no prices, or the page no place for them.
pub fn renew(page: &str, results: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{}{END}{after}", lines(results)?))
}

/// The page's table: in cents, with both of Lambda's prices in one column.
fn lines(results: &str) -> Option<String> {
    let mut text = "| a million of | API Gateway | Lambda | DynamoDB | SQS | logs | together | kept 30 days |\n\
                    |---|---:|---:|---:|---:|---:|---:|---:|\n"
        .to_owned();
    for kind in SHOWN {
        let [api, requests, time, units, sqs, logs, together, kept] = row(results, kind)?;
        let cent = |dollars: f64| format!("{dollars:.2}");
        let or_none = |dollars: f64| if dollars < 0.0005 { String::new() } else { cent(dollars) };
        let lambda = format!("{} + {}", cent(requests), cent(time));
        text += &format!(
            "| {} | {} | {lambda} | {} | {} | {} | **${}** | {} |\n",
            kind.name(),
            or_none(api),
            cent(units),
            or_none(sqs),
            or_none(logs),
            cent(together),
            or_none(kept),
        );
    }
    text += "\n| a million recipients of a run to | write units each | accepted | expanded | delivered | together | kept 30 days |\n\
             |---|---:|---:|---:|---:|---:|---:|\n";
    for run in RUNS {
        let [write, _, _, accepted, expanded, delivered, together, kept] = cells(results, OF_RUNS, run.name)?;
        text += &format!(
            "| {} | {write:.2} | {accepted:.2} | {expanded:.2} | {delivered:.2} | **${together:.2}** | {kept:.2} |\n",
            run.name
        );
    }
    Some(text)
}

/// The dollars of one kind in the results.
fn row(results: &str, kind: Kind) -> Option<[f64; 8]> {
    cells(results, BILLS, kind.name())
}

/// The figures of the row of this name in the table of this title.
fn cells(results: &str, title: &str, name: &str) -> Option<[f64; 8]> {
    let table = results.split_once(&format!("\n### {title}\n"))?.1;
    let line = table.lines().take_while(|line| !line.starts_with('#'));
    let line = line.filter_map(|line| line.strip_prefix(&format!("| {name} |"))).next()?;
    let cells: Vec<_> =
        line.trim_end_matches('|').split('|').map(|cell| cell.trim().parse().ok()).collect::<Option<_>>()?;
    cells.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::costs::Measured;

    const README: &str = include_str!("../../../../../README.md");
    const COSTS: &str = include_str!("../../../../../functions/docs/guides/costs.md");
    const COMPARISON: &str = include_str!("../../../../../functions/docs/guides/comparison.md");
    const RESULTS: &str = include_str!("../../../RESULTS.md");

    #[test]
    fn the_prices_of_the_page_are_those_of_the_results() {
        let renewed = renew(COSTS, RESULTS).expect("both have their prices");
        assert!(renewed == COSTS, "`cargo run --release -p bench` writes these lines:\n{}", lines(RESULTS).unwrap());
    }

    /// The processor time of a debug build says nothing about what Lambda bills.
    #[test]
    fn the_figures_are_those_of_a_release_build() {
        let measured = Measured::latest().expect("measured.json is read");
        assert!(measured.release, "renew them with `cargo run --release -p bench -- --only money,scale --keep`");
    }

    /// Sentences elsewhere say "less than" these.
    #[test]
    fn what_is_said_without_a_table_is_true() {
        let together = |kind| row(RESULTS, kind).unwrap()[6];
        assert!(README.contains("a delivery by email, push or SMS costs about two millionths of a dollar"));
        assert!(COMPARISON.contains("less than $2, and less than $4 to accept each"));
        for kind in [Kind::MailTen, Kind::PushTen, Kind::SlackTen] {
            assert!(together(kind) < 2.0, "{kind:?}: {}", together(kind));
        }
        assert!(together(Kind::Accept) < 4.0);
    }

    #[test]
    fn other_results_are_other_lines_and_the_rest_stays() {
        let page = format!("before\n{BEGIN}old\n{END}after\n");
        let rows: String = SHOWN
            .map(|kind| {
                format!("| {} | 1.000 | 0.200 | 0.031 | 0.625 | 0.000 | 0.100 | 1.956 | 0.000 |\n", kind.name())
            })
            .concat();
        let of_runs: String = RUNS
            .map(|run| format!("| {} | 4.012 | 4.700 | 0.310 | 0.001 | 1.500 | 1.990 | 3.491 | 0.800 |\n", run.name))
            .concat();
        let tables = format!("\n### {BILLS}\n\n{rows}\n### {OF_RUNS}\n\n{of_runs}\n### Next\n");
        let renewed = renew(&page, &format!("# R\n{tables}")).unwrap();
        assert!(renewed.starts_with("before\n") && renewed.ends_with("after\n") && !renewed.contains("old"));
        assert!(
            renewed.contains("| preference change | 1.00 | 0.20 + 0.03 | 0.62 |  | 0.10 | **$1.96** |  |\n"),
            "{renewed}"
        );
        let name = RUNS[0].name;
        assert!(renewed.contains(&format!("| {name} | 4.01 | 0.00 | 1.50 | 1.99 | **$3.49** | 0.80 |\n")), "{renewed}");
        assert_eq!(renew(&page, "# no prices"), None);
        assert_eq!(renew(&page, &format!("\n### {BILLS}\n\n{rows}")), None, "no runs");
        assert_eq!(renew("no place", &tables), None);
    }
}
