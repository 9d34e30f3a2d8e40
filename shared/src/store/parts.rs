//! Lists of the whole deployment: all users, all dead letters, all that waits.
//!
//! A partition takes 1,000 write units and 3,000 read units a second
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>). DynamoDB splits a partition that
//! is hot, but that does not help where sort keys rise with time: all new items are in the last half again
//! (<https://aws.amazon.com/blogs/database/part-3-scaling-dynamodb-how-partitions-hot-keys-and-split-for-heat-impact-performance/>).
//! And an index that is full holds back the writes of the table, also those that have nothing to do with the list
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/gsi-throttling.html>). So each such list stands in [`PARTS`]
//! partitions, and a hash of an entry's id says in which one. Who reads the list merges them.

/// The number of the partitions of each list: together they take 16,000 writes a second.
pub const PARTS: usize = 16;

/// The part in which the entry with this id stands. It must never change: an entry is looked for there.
pub(super) fn part_of(id: &[u8]) -> usize {
    part_among(id, PARTS)
}

/// The same for a list of so many parts, at most 256.
pub(super) fn part_among(id: &[u8], parts: usize) -> usize {
    // FNV-1a, 32 bits. Ids may be a caller's own, and count upwards or begin with a time: so each byte has its say.
    let hash = id.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    // The lowest bits of this hash know only the lowest bits of each byte.
    usize::from(((hash >> 16) ^ hash).to_be_bytes()[3]) % parts
}

/// The partition of this part of a list, for example `USERS#7`.
pub(super) fn partition(list: &str, part: usize) -> String {
    format!("{list}#{part}")
}

/// All partitions of a list that once stood in one partition: that one, which has its old entries, and the parts.
pub(super) fn with_old(list: &str) -> Vec<String> {
    [list.to_owned()].into_iter().chain((0..PARTS).map(|part| partition(list, part))).collect()
}

/// How many entries to ask a part for first, so that all parts together most likely have the first `wanted` ones. The share of one
/// part is about as far from the mean as the mean's root; three times as far is rare, and costs one more call.
pub(super) fn share(wanted: usize) -> usize {
    share_among(wanted, PARTS)
}

/// The same for a list of so many parts.
pub(super) fn share_among(wanted: usize, parts: usize) -> usize {
    let mean = wanted.div_ceil(parts);
    wanted.min(mean + 3 * mean.isqrt() + 2)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use uuid::Uuid;

    use super::*;
    use crate::store::table;

    #[track_caller]
    fn are_spread(ids: impl Iterator<Item = Vec<u8>>) {
        let ids: Vec<_> = ids.collect();
        for wanted in [PARTS, table::RECENT_PARTS] {
            let mut counts = HashMap::<_, usize>::new();
            ids.iter().for_each(|id| *counts.entry(part_among(id, wanted)).or_default() += 1);
            let (all, parts) = (counts.values().sum::<usize>(), counts.len());
            let (least, most) = (counts.values().min().copied(), counts.values().max().copied());
            assert_eq!(parts, wanted);
            assert!(least > Some(all / wanted / 2) && most < Some(all / wanted * 2), "{least:?} to {most:?} of {all}");
        }
    }

    #[test]
    fn ids_of_every_kind_are_spread_over_all_parts() {
        let bytes = |uuid: Uuid| uuid.into_bytes().to_vec();
        are_spread((0..16_000).map(|_| bytes(Uuid::new_v4())));
        are_spread((0..16_000).map(|n: u32| bytes(Uuid::new_v5(&Uuid::NAMESPACE_URL, &n.to_be_bytes()))));
        are_spread((0..16_000).map(|n: u128| bytes(Uuid::from_u128(n))));
        are_spread((0..16_000).map(|n: u128| bytes(Uuid::from_u128((n << 96) | 0x8000))));
        are_spread((0..16_000).map(|n| format!("2026-11-29T07:00:00.{:03}Z#{n}", n % 1000).into_bytes()));
    }

    #[test]
    fn an_id_stays_in_its_part() {
        // Found by this code: another hash would not find what is stored.
        let id = Uuid::from_u128(0x1380_bd43_7363_4adb_9d34_714b_a754_c8e0);
        assert_eq!(part_of(id.as_bytes()), 12);
        assert_eq!(part_of(b"2026-11-28T18:50:42.904Z#d2d556f3-bf9c-46b9-a605-9d07d3029b05"), 12);
        assert_eq!((partition("HELD", 7), with_old("USERS").len()), ("HELD#7".to_owned(), 1 + PARTS));
    }

    #[test]
    fn a_part_is_asked_for_its_share_and_some_more() {
        assert_eq!([1, 2, 12, 52, 1002].map(share), [1, 2, 6, 12, 86]);
        assert_eq!([1, 27, 1002].map(|wanted| share_among(wanted, table::RECENT_PARTS)), [1, 6, 30]);
    }
}
