//! Statistics of samples, and figures as text.

/// The quantile: the value that this part of the samples does not exceed, by the nearest rank; 0 if there are no
/// samples.
pub fn quantile(samples: &[f64], part: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "a rank")]
    let rank = (part * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// `ours` as a part of `theirs`, such as `1/12.3`. If ours is larger, the text is `2.5 times`.
pub fn part_of(ours: f64, theirs: f64) -> String {
    if ours <= 0.0 || theirs <= 0.0 {
        return "unknown".to_owned();
    }
    if ours <= theirs { format!("1/{:.1}", theirs / ours) } else { format!("{:.1} times", ours / theirs) }
}

/// A number with thousands separators.
pub fn thousands(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let apart = digits.bytes().rev().enumerate().flat_map(|(place, digit)| {
        let comma = (place > 0 && place % 3 == 0).then_some(',');
        comma.into_iter().chain([char::from(digit)])
    });
    let text: String = apart.collect::<Vec<_>>().into_iter().rev().collect();
    if number < 0.0 { format!("-{text}") } else { text }
}

/// Bytes as megabytes of 10^6 bytes. That is stricter for the goals than 2^20 bytes.
pub fn megabytes(bytes: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let bytes = bytes as f64;
    bytes / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_one_of_the_samples() {
        let samples: Vec<_> = (1..=20).rev().map(f64::from).collect();
        for (part, expected) in [(0.95, 19.0), (1.0, 20.0), (0.5, 10.0), (0.0, 1.0)] {
            assert!((quantile(&samples, part) - expected).abs() < 1e-9, "{part}");
        }
        assert!(quantile(&[], 0.95).abs() < 1e-9);
    }

    #[test]
    fn a_part_is_read_as_one() {
        assert_eq!(part_of(2.0, 25.0), "1/12.5");
        assert_eq!(part_of(5.0, 2.0), "2.5 times");
        assert_eq!(part_of(0.0, 2.0), "unknown");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(
            ["0", "999", "1,000", "12,345,678"],
            [0.0, 999.4, 999.5, 12_345_678.0].map(thousands).each_ref().map(String::as_str)
        );
        assert_eq!(thousands(-1234.0), "-1,234");
    }

    #[test]
    fn a_megabyte_is_a_million() {
        assert!((megabytes(1_500_000) - 1.5).abs() < 1e-9);
    }
}
