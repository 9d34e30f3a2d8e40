//! Fits a power law to a cost, with least squares over logarithms.

/// `y ≈ factor · x^exponent`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// 1 is linear, 0 is constant.
    pub exponent: f64,
    /// The cost at x = 1 on the line.
    pub factor: f64,
}

impl Fit {
    /// Fits a line to points, whose coordinates must all be above zero; `None` if the points have fewer than two
    /// different x.
    pub fn of(points: &[(f64, f64)]) -> Option<Self> {
        let logs: Vec<_> = points.iter().filter(|(x, y)| *x > 0.0 && *y > 0.0).map(|(x, y)| (x.ln(), y.ln())).collect();
        #[expect(clippy::cast_precision_loss, reason = "a handful of points")]
        let n = logs.len() as f64;
        let mean = |pick: fn(&(f64, f64)) -> f64| logs.iter().map(pick).sum::<f64>() / n;
        let (x, y) = (mean(|point| point.0), mean(|point| point.1));
        let spread: f64 = logs.iter().map(|point| (point.0 - x).powi(2)).sum();
        if logs.len() < 2 || spread < 1e-12 {
            return None;
        }
        let together: f64 = logs.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
        let exponent = together / spread;
        Some(Self { exponent, factor: (y - exponent * x).exp() })
    }

    /// Fits a line to the last two points only, because faster growth shows there first.
    pub fn of_the_end(points: &[(f64, f64)]) -> Option<Self> {
        Self::of(&points[points.len().saturating_sub(2)..])
    }

    /// The value of the line at `x`.
    pub fn at(&self, x: f64) -> f64 {
        self.factor * x.powf(self.exponent)
    }
}

/// The median of some figures; 0 if there are none.
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => f64::midpoint(sorted[even / 2 - 1], sorted[even / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-9
    }

    #[test]
    fn a_power_law_is_found_again() {
        for exponent in [0.0, 0.5, 1.0, 1.7] {
            let points: Vec<_> = [1.0, 3.0, 10.0, 250.0].map(|x: f64| (x, 3.5 * x.powf(exponent))).into();
            let fit = Fit::of(&points).unwrap();
            assert!(close(fit.exponent, exponent) && close(fit.factor, 3.5), "{fit:?}");
            assert!(close(fit.at(7.0), 3.5 * 7.0_f64.powf(exponent)));
        }
    }

    #[test]
    fn a_tail_that_bends_up_shows_at_the_end() {
        let points = [(1.0, 1.0), (10.0, 10.0), (100.0, 100.0), (1000.0, 10_000.0)];
        assert!(Fit::of(&points).unwrap().exponent < 1.4);
        assert!(close(Fit::of_the_end(&points).unwrap().exponent, 2.0));
    }

    #[test]
    fn there_is_no_line_through_less_than_two_places() {
        assert_eq!(Fit::of(&[]), None);
        assert_eq!(Fit::of(&[(2.0, 1.0)]), None);
        assert_eq!(Fit::of(&[(2.0, 1.0), (2.0, 5.0)]), None);
        assert_eq!(Fit::of(&[(0.0, 1.0), (2.0, 5.0)]), None, "no logarithm of zero");
        assert_eq!(Fit::of_the_end(&[]), None);
    }

    #[test]
    fn a_median_is_the_middle_or_between_the_two() {
        assert!(close(median(&[3.0, 1.0, 2.0]), 2.0));
        assert!(close(median(&[4.0, 1.0, 2.0, 3.0]), 2.5));
        assert!(close(median(&[]), 0.0));
    }
}
