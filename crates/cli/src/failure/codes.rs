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
    Wallet,
    Password,
    Funds,
    Transaction,
    Conflict,
    Undecided,
    Signer,
    Unexpected,
}

/// What is known about a kind of error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Explanation {
    pub(crate) kind: Code,
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

/// Every kind of error, in the order of the codes.
pub(crate) static REGISTER: [Explanation; 28] = [
    Explanation {
        kind: Code::ConfigUnreadable,
        code: "E0101",
        title: "a configuration file cannot be read",
        text: "The file does not exist, may not be read, or is not TOML. The message names the \
             file and, for bad TOML, the line.",
        exit_code: USAGE,
    },
    Explanation {
        kind: Code::ConfigUnknownKey,
        code: "E0102",
        title: "a configuration key is unknown",
        text: "Keys are never ignored, because a misspelt key would silently leave the default \
             in force. `tangle config schema` lists all keys of a node, `tangle config schema \
             --dev` those of a dev network.",
        exit_code: USAGE,
    },
    Explanation {
        kind: Code::ConfigValue,
        code: "E0103",
        title: "a configuration value does not fit",
        text: "The value has the wrong type, is out of range, or contradicts another one. \
             `tangle config show --origin` says where each value comes from.",
        exit_code: USAGE,
    },
    Explanation {
        kind: Code::Genesis,
        code: "E0104",
        title: "the genesis is refused",
        text: "The genesis file is not valid: an address has another network's prefix, the \
             allocations do not sum to the supply, or the milestone keys do not suffice.",
        exit_code: USAGE,
    },
    Explanation {
        kind: Code::Secret,
        code: "E0105",
        title: "a secret cannot be used",
        text: "Secrets are given as files: `{ file = \"path\" }`. The file must exist, hold \
             what is expected, and be readable by its owner only (mode 0600).",
        exit_code: USAGE,
    },
    Explanation {
        kind: Code::DataFolder,
        code: "E0106",
        title: "the data folder is not one of ours",
        text: "`--reset` deletes only what Tangle has made. The folder holds no genesis file of \
             Tangle, so nothing was deleted.",
        exit_code: USAGE,
    },
    Explanation {
        kind: Code::PortTaken,
        code: "E0107",
        title: "a port is already in use",
        text: "Another process listens on the port, often another Tangle. Stop it, choose \
             another port, or let the system pick a free one with `--port 0`.",
        exit_code: PORT,
    },
    Explanation {
        kind: Code::Bind,
        code: "E0108",
        title: "an address cannot be listened on",
        text: "The address is not one of this machine, or the port needs rights that the \
             process does not have (ports below 1024).",
        exit_code: USAGE,
    },
    Explanation {
        kind: Code::ForeignData,
        code: "E0110",
        title: "the data folder belongs to another network",
        text: "The store carries the hash of its genesis. Data and configuration disagree about \
             what the network is: a parameter, an allocation or a milestone key was changed, \
             or the folder is another network's. Choose another folder (`--data`), restore \
             the configuration, or start over (`tangle dev --reset`).",
        exit_code: FOREIGN,
    },
    Explanation {
        kind: Code::NewerData,
        code: "E0111",
        title: "the store has another format",
        text: "The store was written by a version of Tangle with another file format. Use that \
             version, or start over from a snapshot.",
        exit_code: FOREIGN,
    },
    Explanation {
        kind: Code::StoreInUse,
        code: "E0112",
        title: "the data folder is in use",
        text: "Another process has the store open. Only one may write it.",
        exit_code: DISK,
    },
    Explanation {
        kind: Code::StoreDamaged,
        code: "E0113",
        title: "the store is damaged",
        text: "The store holds bytes that it has not written. `tangle tool store check` says \
             which parts; the ledger is rebuilt from blocks and the last snapshot where that \
             is possible.",
        exit_code: DISK,
    },
    Explanation {
        kind: Code::Disk,
        code: "E0114",
        title: "the disk refuses",
        text: "A file cannot be created, read or written: the disk is full, the folder may not \
             be written, or the hardware fails.",
        exit_code: DISK,
    },
    Explanation {
        kind: Code::Snapshot,
        code: "E0115",
        title: "a snapshot cannot be used",
        text: "The file is no snapshot (TIP-35), is cut off or damaged, belongs to another \
             network, or the node has data already. The message says which.",
        exit_code: FAILED,
    },
    Explanation {
        kind: Code::NodeFailed,
        code: "E0120",
        title: "the node had to stop",
        text: "A part of the node failed and going on would have risked the data. The message \
             says why; the log has more. After the cause is gone, start it again: it goes on \
             where it was.",
        exit_code: DISK,
    },
    Explanation {
        kind: Code::NodeStart,
        code: "E0121",
        title: "the node does not start",
        text: "A part of the node could not be made; the message says which and why.",
        exit_code: FAILED,
    },
    Explanation {
        kind: Code::Unreachable,
        code: "E0130",
        title: "no node answers",
        text: "Nothing listens at the address, or it does not answer in time. Is the node \
             running? `tangle dev` starts one at http://127.0.0.1:14265.",
        exit_code: FAILED,
    },
    Explanation {
        kind: Code::Refused,
        code: "E0131",
        title: "the node refuses",
        text: "The node answered with an error or with something that is not understood; the \
             message has its words.",
        exit_code: FAILED,
    },
    Explanation {
        kind: Code::Input,
        code: "E0140",
        title: "a value on the command line does not fit",
        text: "An address, key, number or file given to the command is not what it needs.",
        exit_code: USAGE,
    },
    Explanation {
        kind: Code::Check,
        code: "E0150",
        title: "a check failed",
        text: "A check that was asked for found something wrong; the lines before say what.",
        exit_code: FAILED,
    },
    Explanation {
        kind: Code::Wallet,
        code: "E0160",
        title: "the wallet cannot be used",
        text: "There is no wallet in the folder, or one is there already, or another process has it \
             open, or one of its files is damaged. `tangle wallet init` makes one, `tangle wallet \
             restore` makes one of words that exist. Of the files only `keys` cannot be made anew.",
        exit_code: FAILED,
    },
    Explanation {
        kind: Code::Password,
        code: "E0161",
        title: "the key file stays closed",
        text: "The password is wrong, or a byte of the key file is: the two cannot be told apart. \
             The file was not touched. A backup opens with the password of its time; the words \
             open everything: `tangle wallet restore`.",
        exit_code: FAILED,
    },
    Explanation {
        kind: Code::Funds,
        code: "E0162",
        title: "the account cannot pay that",
        text: "Only outputs that the account may spend now count: not those that are locked, that \
             have to be claimed first, or that a transaction on its way consumes. Every output \
             needs a storage deposit for the space that it takes, also the one for what is left \
             over. `tangle wallet balance` says what there is.",
        exit_code: FAILED,
    },
    Explanation {
        kind: Code::Transaction,
        code: "E0163",
        title: "no transaction can be made of it",
        text: "The rules of the network would not take the transaction, so it was not signed and \
             not sent; the message names the rule.",
        exit_code: FAILED,
    },
    Explanation {
        kind: Code::Conflict,
        code: "E0164",
        title: "the ledger did not take the transaction",
        text: "A milestone referenced it without effect, as when its coins were spent elsewhere, \
             with another copy of the wallet for example. Nothing was paid. `tangle wallet sync` \
             shows what the account has now.",
        exit_code: FAILED,
    },
    Explanation {
        kind: Code::Undecided,
        code: "E0165",
        title: "no milestone has decided on the transaction",
        text: "It was sent and may still be taken. Do not send it again: `tangle wallet sync` goes \
             on following it, attaches it again when that is needed, and keeps its coins reserved \
             until then.",
        exit_code: FAILED,
    },
    Explanation {
        kind: Code::Signer,
        code: "E0166",
        title: "whoever has the keys did not sign",
        text: "The keys of the wallet are in a device or with another program, which is not there, \
             does not answer, refuses, or has the keys of another wallet. Nothing was sent. A \
             program has to be where `signer` in the wallet's wallet.json says; a Ledger Nano has \
             to be connected, unlocked, with its IOTA or Shimmer app open, and its USB interface \
             has to be open to the user (the vendor's udev rules do that).",
        exit_code: FAILED,
    },
    Explanation {
        kind: Code::Unexpected,
        code: "E0199",
        title: "something unexpected went wrong",
        text: "The message is all that is known. If it does not help, it is worth a report.",
        exit_code: FAILED,
    },
];

impl Code {
    /// The code called `text`, such as `E0107`; upper or lower case.
    pub(crate) fn find(text: &str) -> Option<Self> {
        REGISTER
            .iter()
            .find(|entry| entry.code.eq_ignore_ascii_case(text))
            .map(|entry| entry.kind)
    }

    /// What is known about it.
    pub(crate) fn explanation(self) -> &'static Explanation {
        REGISTER
            .iter()
            .find(|entry| entry.kind == self)
            .expect("a test says that every kind is in the register")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_sorted() {
        let codes: Vec<_> = REGISTER.iter().map(|entry| entry.code).collect();
        let sorted: BTreeSet<_> = codes.iter().copied().collect();
        assert_eq!(sorted.into_iter().collect::<Vec<_>>(), codes);
    }

    #[test]
    fn every_kind_is_explained() {
        // The last kind of the enum is the last of the register, and none is there twice.
        let kinds: Vec<_> = REGISTER.iter().map(|entry| entry.kind as usize).collect();
        assert_eq!(kinds, (0..=Code::Unexpected as usize).collect::<Vec<_>>());
    }

    #[test]
    fn code_is_found_in_any_case() {
        assert_eq!(Code::find("e0107"), Some(Code::PortTaken));
        assert_eq!(Code::find("E9999"), None);
    }
}
