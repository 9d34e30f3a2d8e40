//! What single tests, and scripts that start a stack, forgive of what AWS does not (`tests/local/README.md`), and why. All others have
//! everything on.

use local::{fidelity::Behaviour, stack::Options};

/// Tests that have one behaviour off.
#[derive(Clone, Copy, Debug)]
pub struct Forgiven {
    /// The name of the test, or of its module; or the path of a script, such as `tests/openapi/run`.
    pub tests: &'static str,
    /// What is off.
    pub behaviour: Behaviour,
    /// Why, as a sentence without its full stop.
    pub reason: &'static str,
}

/// All of them. A test compares this list with the tests and with `tests/README.md`.
pub const FORGIVEN: [Forgiven; 3] = [
    Forgiven {
        tests: "batches::costs",
        behaviour: Behaviour::SesRate,
        reason: "The calls of a batch are counted, and a mail that SES refuses costs further calls",
    },
    Forgiven {
        tests: "faults::providers",
        behaviour: Behaviour::ClockSkew,
        reason: "It measures the time between two calls of a provider, and one worker writes when another may call again",
    },
    Forgiven {
        tests: "isolation::while_one_provider_hangs_the_others_get_their_messages_as_soon_as_ever",
        behaviour: Behaviour::SesRate,
        reason: "It measures how long mails wait because of pushes, and they would also wait for SES",
    },
];

/// The options without what the tests of this name forgive. The name has to be in [`FORGIVEN`].
#[must_use]
pub fn forgiving(tests: &str, options: Options) -> Options {
    let off: Vec<_> = FORGIVEN.iter().filter(|row| row.tests == tests).collect();
    assert!(!off.is_empty(), "{tests} has no row in FORGIVEN");
    let fidelity = off.iter().fold(options.fidelity, |fidelity, row| fidelity.without(row.behaviour));
    Options { fidelity, ..options }
}
