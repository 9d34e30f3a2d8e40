//! What the stack does as AWS does, although a plain emulator would forgive it. Everything is on unless it is switched off, by
//! `--forgive` or by the variable [`VARIABLE`]. [`SWITCHES`] is the one list: the command line's help is made of it, and a test
//! compares the README with it.

use std::collections::BTreeSet;
use std::time::Duration;

/// The variable that names what is switched off: names of [`SWITCHES`] with commas between them, or [`EVERYTHING`].
pub const VARIABLE: &str = "TIDINGS_LOCAL_FORGIVE";
/// The name that stands for all switches.
pub const EVERYTHING: &str = "everything";

/// How far the clocks of two processes of a function are apart.
pub const CLOCK_SKEW: Duration = Duration::from_secs(2);

/// Something that AWS does not forgive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Behaviour {
    /// A process does not run between two invocations, and its idle connections are closed meanwhile.
    FrozenProcesses,
    /// A transaction and another write of the same item get in each other's way.
    TransactionConflicts,
    /// A query of an index does not find the newest writes.
    LateIndex,
    /// A partition takes only so many write units, and a full partition of the index holds back the table.
    PartitionLimits,
    /// TTL removes items late.
    LateExpiry,
    /// Lambda turns a batch away if a function has no concurrency left.
    LambdaThrottles,
    /// The environment of a function is limited.
    EnvironmentLimit,
    /// The number of messages in flight is limited.
    InFlightLimit,
    /// SES takes only so many emails a second.
    SesRate,
    /// SES has a list of suppressed addresses for the account.
    SesAccountList,
    /// The clocks of two processes differ.
    ClockSkew,
}

/// One switch.
#[derive(Debug, Clone, Copy)]
pub struct Switch {
    /// What it switches.
    pub behaviour: Behaviour,
    /// Its name on the command line and in [`VARIABLE`].
    pub name: &'static str,
    /// What the stack does while it is on, as a sentence without its full stop.
    pub text: &'static str,
    /// AWS's page about it.
    pub page: &'static str,
}

/// All switches.
pub const SWITCHES: [Switch; 11] = [
    Switch {
        behaviour: Behaviour::FrozenProcesses,
        name: "frozen-processes",
        text: "A function's process is stopped between two invocations, and after a second its connections are closed",
        page: "https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html",
    },
    Switch {
        behaviour: Behaviour::TransactionConflicts,
        name: "transaction-conflicts",
        text: "A write is refused while a transaction has its item, and a transaction while another write has one of its items",
        page: "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html",
    },
    Switch {
        behaviour: Behaviour::LateIndex,
        name: "late-index",
        text: "A query of the index does not see what was written in the last 200 ms",
        page: "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html",
    },
    Switch {
        behaviour: Behaviour::PartitionLimits,
        name: "partition-limits",
        text: "A partition of the table or of the index takes 1,000 write units a second, and a full partition of the index \
               holds back the table's writes",
        page: "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/gsi-throttling.html",
    },
    Switch {
        behaviour: Behaviour::LateExpiry,
        name: "late-expiry",
        text: "Items whose TTL is over are removed every ten minutes only",
        page: "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ttl-expired-items.html",
    },
    Switch {
        behaviour: Behaviour::LambdaThrottles,
        name: "lambda-throttles",
        text: "A batch for a function without free concurrency comes back after its visibility time-out, and its receive counts",
        page: "https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html",
    },
    Switch {
        behaviour: Behaviour::EnvironmentLimit,
        name: "environment-limit",
        text: "A function whose variables take more than 4 KB does not start",
        page: "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
    },
    Switch {
        behaviour: Behaviour::InFlightLimit,
        name: "in-flight-limit",
        text: "A queue with 120,000 messages in flight gives out no more",
        page: "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html",
    },
    Switch {
        behaviour: Behaviour::SesRate,
        name: "ses-rate",
        text: "SES takes 14 emails a second, and refuses more",
        page: "https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html",
    },
    Switch {
        behaviour: Behaviour::SesAccountList,
        name: "ses-account-list",
        text: "SES accepts email for an address of the account's suppression list, and does not send it",
        page: "https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html",
    },
    Switch {
        behaviour: Behaviour::ClockSkew,
        name: "clock-skew",
        text: "The clock of every second process of a function is two seconds ahead",
        page: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/set-time.html",
    },
];

/// What is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fidelity(BTreeSet<Behaviour>);

/// A name that no switch has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{VARIABLE} names {name:?}, and no switch has that name; there are: {EVERYTHING}, {known}")]
pub struct UnknownSwitch {
    /// The name.
    pub name: String,
    /// The names that there are.
    pub known: String,
}

impl Fidelity {
    /// Everything is on.
    pub fn full() -> Self {
        Self(SWITCHES.iter().map(|switch| switch.behaviour).collect())
    }

    /// Everything is off: the emulators as they are.
    pub fn none() -> Self {
        Self(BTreeSet::new())
    }

    /// Everything except what the variable [`VARIABLE`] switches off.
    pub fn from_env() -> Result<Self, UnknownSwitch> {
        Self::full().without_all(&std::env::var(VARIABLE).unwrap_or_default())
    }

    /// Whether it is on.
    pub fn has(&self, behaviour: Behaviour) -> bool {
        self.0.contains(&behaviour)
    }

    /// The same with one behaviour more.
    #[must_use]
    pub fn with(mut self, behaviour: Behaviour) -> Self {
        self.0.insert(behaviour);
        self
    }

    /// The same without one behaviour.
    #[must_use]
    pub fn without(mut self, behaviour: Behaviour) -> Self {
        self.0.remove(&behaviour);
        self
    }

    /// The same without the behaviours whose names stand in the text, with commas between them.
    pub fn without_all(self, names: &str) -> Result<Self, UnknownSwitch> {
        let mut left = self;
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if name == EVERYTHING {
                return Ok(Self::none());
            }
            let Some(switch) = SWITCHES.iter().find(|switch| switch.name == name) else {
                let known = SWITCHES.map(|switch| switch.name).join(", ");
                return Err(UnknownSwitch { name: name.to_owned(), known });
            };
            left = left.without(switch.behaviour);
        }
        Ok(left)
    }
}

impl Default for Fidelity {
    /// As [`Fidelity::from_env`]. A name in the variable that no switch has forgives nothing here; the command line refuses it.
    fn default() -> Self {
        Self::from_env().unwrap_or_else(|_| Self::full())
    }
}

/// The rows of the README's table.
#[cfg(test)]
fn rows() -> String {
    let row = |switch: &Switch| format!("| `{}` | {} | [AWS]({}) |\n", switch.name, switch.text, switch.page);
    SWITCHES.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_on_except_what_is_named() {
        assert_eq!(Fidelity::full().without_all(""), Ok(Fidelity::full()));
        let left = Fidelity::full().without_all("late-index, ses-rate").unwrap();
        for switch in SWITCHES {
            assert_eq!(
                left.has(switch.behaviour),
                !["late-index", "ses-rate"].contains(&switch.name),
                "{}",
                switch.name
            );
        }
        assert_eq!(Fidelity::full().without_all("everything"), Ok(Fidelity::none()));
        let error = Fidelity::full().without_all("late-indx").unwrap_err().to_string();
        assert!(error.contains("\"late-indx\"") && error.contains("late-index, partition-limits"), "{error}");
    }

    #[test]
    fn each_switch_has_its_own_behaviour_and_name() {
        let behaviours: BTreeSet<_> = SWITCHES.iter().map(|switch| switch.behaviour).collect();
        let names: BTreeSet<_> = SWITCHES.iter().map(|switch| switch.name).collect();
        assert_eq!((behaviours.len(), names.len()), (SWITCHES.len(), SWITCHES.len()));
    }

    #[test]
    fn the_readme_has_the_same_table() {
        let readme = include_str!("../README.md");
        assert!(readme.contains(&rows()), "the table of tests/local/README.md has to be:\n{}", rows());
        assert!(readme.contains(VARIABLE) && readme.contains("--forgive"));
    }
}
