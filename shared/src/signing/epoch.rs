//! A [`LinkEpoch`] among the bytes of a token. Links in sent mail carry such bytes, so never change the form.

use std::time::Duration;

use crate::domain::{LinkBinding, LinkEpoch, Timestamp};

/// The first byte before an epoch. No token of an earlier version has it there.
const MARK: u8 = b'2';

/// The bytes of an epoch: the mark, the creation time in epoch milliseconds (6 bytes), and how often links have been ended
/// (3 bytes), both big-endian. They are few, because a header of SES has few characters.
pub fn encode(epoch: LinkEpoch) -> [u8; 10] {
    let [_, _, a, b, c, d, e, f] = epoch.created_at.millis().to_be_bytes();
    // Nobody ends links 16 million times.
    let [_, x, y, z] = epoch.ended.min(0xff_ffff).to_be_bytes();
    [MARK, a, b, c, d, e, f, x, y, z]
}

/// The epoch at the beginning of a token's own bytes, and what follows. Tokens of earlier versions have no epoch. `None` if
/// an epoch begins and is not complete.
pub fn decode(bytes: &[u8]) -> Option<(Option<LinkEpoch>, &[u8])> {
    let Some(rest) = bytes.strip_prefix(&[MARK]) else { return Some((None, bytes)) };
    let ([a, b, c, d, e, f, x, y, z], rest) = rest.split_first_chunk()?;
    let created_at = i64::from_be_bytes([0, 0, *a, *b, *c, *d, *e, *f]);
    let ended = u32::from_be_bytes([0, *x, *y, *z]);
    Some((Some(LinkEpoch { created_at: Timestamp::from_millis(created_at), ended }), rest))
}

/// A token says its end in whole seconds, so it was made up to this much later than its end tells.
const SECOND: Duration = Duration::from_millis(999);

/// What a link is bound to. A link without an epoch was made in the second of `earliest` or later. Its user was there by then,
/// or nobody can tell whether the link is for that user.
pub fn binding(epoch: Option<LinkEpoch>, earliest: Timestamp) -> LinkBinding {
    epoch.map_or(LinkBinding::CreatedBy(earliest.plus(SECOND)), LinkBinding::Epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_read_as_it_was_written() {
        let epoch = LinkEpoch { created_at: Timestamp::from_millis(1_795_891_836_246), ended: 258 };
        let bytes = encode(epoch);
        assert_eq!(hex::encode(bytes), "3201a2237eb556000102");
        assert_eq!(decode(&[bytes.as_slice(), b"enews"].concat()), Some((Some(epoch), b"enews".as_slice())));
        assert_eq!(decode(b"enews"), Some((None, b"enews".as_slice())));
        assert_eq!(decode(b""), Some((None, b"".as_slice())));
        for length in 1..bytes.len() {
            assert_eq!(decode(&bytes[..length]), None, "{length}");
        }
    }
}
