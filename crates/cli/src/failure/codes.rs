//! The register of user-visible errors. A code is never given to another error.

/// A kind of user-visible error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    ConfigUnreadable,
    ConfigUnknownKey,
    ConfigValue,
    Genesis,
    Secret,
    DataFolder,
    PortTaken,
    Bind,
    ForeignData,
    NewerData,
    StoreInUse,
    StoreDamaged,
    Disk,
    Snapshot,
    NodeFailed,
    NodeStart,
    Unreachable,
    Refused,
    Input,
    Check,
    Unexpected,
}

/// What is known about a kind of error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Explanation {
    pub(crate) code: &'static str,
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
    pub(crate) exit_code: u8,
}

/// Exit codes.
const FAILED: u8 = 1;
const USAGE: u8 = 2;
const PORT: u8 = 3;
const FOREIGN: u8 = 4;
const DISK: u8 = 5;

impl Code {
    pub(crate) const ALL: [Self; 21] = [
        Self::ConfigUnreadable,
        Self::ConfigUnknownKey,
        Self::ConfigValue,
        Self::Genesis,
        Self::Secret,
        Self::DataFolder,
        Self::PortTaken,
        Self::Bind,
        Self::ForeignData,
        Self::NewerData,
        Self::StoreInUse,
        Self::StoreDamaged,
        Self::Disk,
        Self::Snapshot,
        Self::NodeFailed,
        Self::NodeStart,
        Self::Unreachable,
        Self::Refused,
        Self::Input,
        Self::Check,
        Self::Unexpected,
    ];

    /// The code called `text`, such as `E0107`; upper or lower case.
    pub(crate) fn find(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|code| code.explanation().code.eq_ignore_ascii_case(text))
    }

    // tidy: a table
    pub(crate) const fn explanation(self) -> Explanation {
        let (code, title, text, exit_code) = match self {
            Self::ConfigUnreadable => (
                "E0101",
                "a configuration file cannot be read",
                "The file does not exist, may not be read, or is not TOML. The message names the \
                 file and, for bad TOML, the line.",
                USAGE,
            ),
            Self::ConfigUnknownKey => (
                "E0102",
                "a configuration key is unknown",
                "Keys are never ignored, because a misspelt key would silently leave the default \
                 in force. `tangle config schema` lists all keys of a node, `tangle config schema \
                 --dev` those of a dev network.",
                USAGE,
            ),
            Self::ConfigValue => (
                "E0103",
                "a configuration value does not fit",
                "The value has the wrong type, is out of range, or contradicts another one. \
                 `tangle config show --origin` says where each value comes from.",
                USAGE,
            ),
            Self::Genesis => (
                "E0104",
                "the genesis is refused",
                "The genesis file is not valid: an address has another network's prefix, the \
                 allocations do not sum to the supply, or the milestone keys do not suffice.",
                USAGE,
            ),
            Self::Secret => (
                "E0105",
                "a secret cannot be used",
                "Secrets are given as files: `{ file = \"path\" }`. The file must exist, hold \
                 what is expected, and be readable by its owner only (mode 0600).",
                USAGE,
            ),
            Self::DataFolder => (
                "E0106",
                "the data folder is not one of ours",
                "`--reset` deletes only what Tangle has made. The folder holds no genesis file of \
                 Tangle, so nothing was deleted.",
                USAGE,
            ),
            Self::PortTaken => (
                "E0107",
                "a port is already in use",
                "Another process listens on the port, often another Tangle. Stop it, choose \
                 another port, or let the system pick a free one with `--port 0`.",
                PORT,
            ),
            Self::Bind => (
                "E0108",
                "an address cannot be listened on",
                "The address is not one of this machine, or the port needs rights that the \
                 process does not have (ports below 1024).",
                USAGE,
            ),
            Self::ForeignData => (
                "E0110",
                "the data folder belongs to another network",
                "The store carries the hash of its genesis. Data and configuration disagree about \
                 what the network is: a parameter, an allocation or a milestone key was changed, \
                 or the folder is another network's. Choose another folder (`--data`), restore \
                 the configuration, or start over (`tangle dev --reset`).",
                FOREIGN,
            ),
            Self::NewerData => (
                "E0111",
                "the store has another format",
                "The store was written by a version of Tangle with another file format. Use that \
                 version, or start over from a snapshot.",
                FOREIGN,
            ),
            Self::StoreInUse => (
                "E0112",
                "the data folder is in use",
                "Another process has the store open. Only one may write it.",
                DISK,
            ),
            Self::StoreDamaged => (
                "E0113",
                "the store is damaged",
                "The store holds bytes that it has not written. `tangle tool store check` says \
                 which parts; the ledger is rebuilt from blocks and the last snapshot where that \
                 is possible.",
                DISK,
            ),
            Self::Disk => (
                "E0114",
                "the disk refuses",
                "A file cannot be created, read or written: the disk is full, the folder may not \
                 be written, or the hardware fails.",
                DISK,
            ),
            Self::Snapshot => (
                "E0115",
                "a snapshot cannot be used",
                "The file is no snapshot (TIP-35), is cut off or damaged, belongs to another \
                 network, or the node has data already. The message says which.",
                FAILED,
            ),
            Self::NodeFailed => (
                "E0120",
                "the node had to stop",
                "A part of the node failed and going on would have risked the data. The message \
                 says why; the log has more. After the cause is gone, start it again: it goes on \
                 where it was.",
                DISK,
            ),
            Self::NodeStart => (
                "E0121",
                "the node does not start",
                "A part of the node could not be made; the message says which and why.",
                FAILED,
            ),
            Self::Unreachable => (
                "E0130",
                "no node answers",
                "Nothing listens at the address, or it does not answer in time. Is the node \
                 running? `tangle dev` starts one at http://127.0.0.1:14265.",
                FAILED,
            ),
            Self::Refused => (
                "E0131",
                "the node refuses",
                "The node answered with an error or with something that is not understood; the \
                 message has its words.",
                FAILED,
            ),
            Self::Input => (
                "E0140",
                "a value on the command line does not fit",
                "An address, key, number or file given to the command is not what it needs.",
                USAGE,
            ),
            Self::Check => (
                "E0150",
                "a check failed",
                "A check that was asked for found something wrong; the lines before say what.",
                FAILED,
            ),
            Self::Unexpected => (
                "E0199",
                "something unexpected went wrong",
                "The message is all that is known. If it does not help, it is worth a report.",
                FAILED,
            ),
        };
        Explanation {
            code,
            title,
            text,
            exit_code,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_sorted() {
        let codes: Vec<_> = Code::ALL.map(|code| code.explanation().code).into();
        let sorted: BTreeSet<_> = codes.iter().copied().collect();
        assert_eq!(sorted.into_iter().collect::<Vec<_>>(), codes);
    }

    #[test]
    fn code_is_found_in_any_case() {
        assert_eq!(Code::find("e0107"), Some(Code::PortTaken));
        assert_eq!(Code::find("E9999"), None);
    }
}
