//! The test accounts of `tangle dev`, used as in a browser.

use crate::network::{Network, browse, eventually, stdout};

struct Browser<'a> {
    network: &'a Network,
}

impl Browser<'_> {
    /// The text of a page that must be there.
    fn page(&self, path: &str) -> String {
        let page = browse(&format!("{}{path}", self.network.url("node")), None);
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        page.text
    }

    /// Waits until a page shows all of this: the wallet may be a moment behind the ledger.
    fn shows(&self, path: &str, parts: &[&str]) {
        eventually(&format!("{parts:?} in {path}"), || {
            let page = self.page(path);
            parts.iter().all(|part| page.contains(part)).then_some(())
        });
    }

    /// The form of a page as a browser sends it, with the page's key.
    fn filled(&self, path: &str, form: &str) -> String {
        let page = self.page(path);
        let key = page.split_once("name=\"key\" value=\"");
        let key = key.and_then(|(_, rest)| rest.split_once('"'));
        let (key, _) = key.unwrap_or_else(|| panic!("{path} has no form: {page}"));
        format!("key={key}&{form}")
    }

    /// Sends a form that is taken, and waits until its transaction is in the ledger.
    fn carry_out(&self, path: &str, form: &str) {
        let url = format!("{}{path}", self.network.url("node"));
        let taken = browse(&url, Some(&self.filled(path, form)));
        assert_eq!(taken.status, 303, "{form}: {}", taken.text);
        let sent = taken.location.expect("it leads on");
        eventually("the milestone", || {
            let page = self.page(&sent);
            assert!(!page.contains("conflicting"), "{page}");
            page.contains("This is final.").then_some(())
        });
    }

    /// What a form says that is not taken.
    fn refusal(&self, path: &str, form: &str) -> String {
        let url = format!("{}{path}", self.network.url("node"));
        let refused = browse(&url, Some(&self.filled(path, form)));
        assert_eq!(refused.status, 400, "{form}: {}", refused.text);
        refused.text
    }
}

#[test]
fn test_accounts_pay_each_other_on_the_page_of_the_wallet() {
    let folder = tempfile::tempdir().expect("a folder");
    let network = Network::start(folder.path(), &["dev", "--ephemeral", "--port", "0"]);
    let browser = Browser { network: &network };
    let bob = network.urls["accounts"][1]["address"].as_str();
    let bob = bob.expect("an address").to_owned();
    let words = stdout(folder.path(), &["dev", "--show-mnemonic"]);
    let all = browser.page("/wallet");
    for part in ["alice", "bob", "1_000_000 TST", &bob] {
        assert!(all.contains(part), "{part} is missing in {all}");
    }
    assert!(!words.split_whitespace().all(|word| all.contains(word)));

    let hostile = "to=bob&amount=25TST&tag=%3Cb%3Ehi%3C%2Fb%3E";
    browser.carry_out("/wallet/alice/send", hostile);
    assert_eq!(network.balance(&bob), 1_000_025_000_000);
    let received = ["1_000_025 TST", "received 25 TST", "&lt;b&gt;hi&lt;/b&gt;"];
    browser.shows("/wallet/bob", &received);
    browser.shows("/wallet/alice", &["sent 25 TST to ", ">bob ("]);

    let poor = browser.refusal("/wallet/alice/send", "to=bob&amount=2000000TST");
    assert!(
        poor.contains("1_000_025 TST more than the account can spend now"),
        "{poor}"
    );
    let little = browser.refusal("/wallet/alice/send", "to=bob&amount=5u");
    assert!(
        little.contains("An output must hold 0.0426 TST or more"),
        "{little}"
    );
    let rest = browser.refusal("/wallet/alice/send", "to=bob&amount=999974.999999TST");
    assert!(rest.contains("0.000001 TST would be left over"), "{rest}");
    assert!(
        rest.contains("value=\"999974.999999TST\""),
        "what was typed is kept"
    );

    // With what is lent, and back.
    let lent = "to=bob&amount=5u&lend=yes&expires=3600";
    browser.carry_out("/wallet/alice/send", lent);
    browser.shows("/wallet/bob", &["To be claimed"]);
    browser.shows("/wallet/bob/claim", &["who takes it must return"]);
    browser.carry_out("/wallet/bob/claim", "");
    browser.shows("/wallet/bob", &["1_000_025.000005 TST", "claimed"]);
    browser.shows("/wallet/alice", &["999_974.999995 TST"]);
    let nothing = browser.page("/wallet/bob/claim");
    assert!(nothing.contains("There is nothing to claim"), "{nothing}");

    browser.carry_out("/wallet/bob/mint", "metadata=%3Cscript%3E&tag=art");
    let minted = ["made NFT", "&lt;script&gt;", "In deposits"];
    browser.shows("/wallet/bob", &minted);
    assert!(!browser.page("/wallet/bob").contains("<script>"));
    assert_eq!(network.stop().code(), Some(0));
}
