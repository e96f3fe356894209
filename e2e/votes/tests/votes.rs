//! The official wallet votes in a dev network.

use anyhow::{Context, Result, ensure};
use iota_sdk::Url;
use iota_sdk::client::constants::SHIMMER_COIN_TYPE;
use iota_sdk::client::node_manager::node::Node;
use iota_sdk::client::request_funds_from_faucet;
use iota_sdk::client::secret::{SecretManager, mnemonic::MnemonicSecretManager};
use iota_sdk::types::api::plugins::participation::types::ParticipationEventId;
use iota_sdk::wallet::account::types::Transaction;
use iota_sdk::wallet::account::types::participation::ParticipationEventRegistrationOptions;
use iota_sdk::wallet::{Account, ClientOptions, Wallet};
use serde_json::{Value, json};
use tangle_e2e_votes::{Network, event, until};

/// Coins that vote.
const POWER: u64 = 5_000_000;

/// A wallet with new words, and an account with coins from the faucet.
async fn voter(network: &Network) -> Result<(tempfile::TempDir, Account)> {
    let folder = tempfile::tempdir()?;
    let words = iota_sdk::client::Client::generate_mnemonic()?;
    let secret = SecretManager::Mnemonic(MnemonicSecretManager::try_from_mnemonic(words)?);
    let wallet = Wallet::builder()
        .with_secret_manager(secret)
        .with_client_options(ClientOptions::new().with_node(network.node())?)
        .with_coin_type(SHIMMER_COIN_TYPE)
        .with_storage_path(folder.path().to_str().context("a path in UTF-8")?)
        .finish()
        .await?;
    let account = wallet.create_account().with_alias("voter").finish().await?;
    let address = *account.addresses().await?[0].address();
    request_funds_from_faucet(network.faucet(), &address).await?;
    until("the faucet paid", async || {
        Ok(account.sync(None).await?.base_coin().available() > 0)
    })
    .await?;
    Ok((folder, account))
}

/// Waits until a transaction is included; the milestone that includes it is counted then.
async fn settle(network: &Network, account: &Account, transaction: Transaction) -> Result<()> {
    let id = transaction.transaction_id;
    account
        .retry_transaction_until_included(&id, None, None)
        .await?;
    account.sync(None).await?;
    let milestone = network.milestone().await?;
    network.until_milestone(milestone + 1).await
}

/// `current` of the answers 1 and 2.
async fn current(account: &Account, id: &ParticipationEventId) -> Result<[u64; 2]> {
    let status = account.get_participation_event_status(id).await?;
    let questions = status
        .questions()
        .as_ref()
        .context("a ballot has questions")?;
    let answers = questions[0].answers();
    ensure!(
        answers
            .iter()
            .map(|answer| *answer.value())
            .eq([1, 2, 0, 255])
    );
    Ok([*answers[0].current(), *answers[1].current()])
}

#[tokio::test(flavor = "multi_thread")]
async fn official_wallet_votes_changes_its_mind_and_stops() -> Result<()> {
    let network = Network::start().await?;
    let (_folder, account) = voter(&network).await?;
    let now = network.milestone().await?;
    let (start, end) = (now + 3, now + 400);
    let text = network.add_event(&event(now, start, end)).await?;
    let id: ParticipationEventId = text.parse()?;

    let node = Node {
        url: Url::parse(network.node())?,
        auth: None,
        disabled: false,
    };
    let options = ParticipationEventRegistrationOptions {
        node,
        events_to_register: None,
        events_to_ignore: None,
    };
    let events = account.register_participation_events(&options).await?;
    ensure!(events.len() == 1 && events[&id].data.name() == "a test");
    ensure!(*events[&id].data.milestone_index_end() == end);

    let powered = account.increase_voting_power(POWER).await?;
    settle(&network, &account, powered).await?;
    ensure!(account.get_voting_power().await? == POWER);
    ensure!(current(&account, &id).await? == [0, 0], "no vote yet");

    let voted = account.vote(id, vec![1]).await?;
    settle(&network, &account, voted).await?;
    ensure!(current(&account, &id).await? == [POWER / 1_000, 0]);

    let changed = account.vote(id, vec![2]).await?;
    settle(&network, &account, changed).await?;
    ensure!(current(&account, &id).await? == [0, POWER / 1_000]);
    let overview = account.get_participation_overview(None).await?;
    let parts: Vec<_> = overview.participations[&id].values().collect();
    ensure!(parts.len() == 2 && parts.iter().all(|part| part.amount == POWER));
    let mut ends: Vec<(Option<Vec<u8>>, bool)> = parts
        .iter()
        .map(|part| (part.answers.clone(), part.end_milestone_index == 0))
        .collect();
    ends.sort();
    ensure!(
        ends == [(Some(vec![1]), false), (Some(vec![2]), true)],
        "{ends:?}"
    );

    // Both have two outputs, as coins are left over, and so end the vote; the answers stay with the
    // voting output, and it votes again.
    let more = account.increase_voting_power(POWER).await?;
    settle(&network, &account, more).await?;
    ensure!(current(&account, &id).await? == [0, 0]);
    let again = account.vote(None, None).await?;
    settle(&network, &account, again).await?;
    ensure!(current(&account, &id).await? == [0, 2 * POWER / 1_000]);
    let fewer = account.decrease_voting_power(POWER / 2).await?;
    settle(&network, &account, fewer).await?;
    let left = 2 * POWER - POWER / 2;
    ensure!(account.get_voting_power().await? == left);
    let again = account.vote(None, None).await?;
    settle(&network, &account, again).await?;
    ensure!(current(&account, &id).await? == [0, left / 1_000]);

    let stopped = account.stop_participating(id).await?;
    settle(&network, &account, stopped).await?;
    ensure!(current(&account, &id).await? == [0, 0]);

    let status: Value = network
        .participation(&format!("events/{text}/status"))
        .await?;
    ensure!(status["status"] == "holding");
    let sums = &status["questions"][0]["answers"];
    ensure!(sums[1]["accumulated"].as_u64().context("a number")? > 0);
    let active = network
        .participation(&format!("admin/events/{text}/active"))
        .await?;
    ensure!(active == json!({"participations": {}}));
    let past = network
        .participation(&format!("admin/events/{text}/past"))
        .await?;
    ensure!(
        past["participations"]
            .as_object()
            .context("an object")?
            .len()
            == 4
    );
    let address = account.addresses().await?[0].address().to_string();
    let outputs = network
        .participation(&format!("addresses/{address}/outputs"))
        .await?;
    ensure!(outputs["outputs"].as_object().context("an object")?.len() == 4);

    account.deregister_participation_event(&id).await?;
    ensure!(account.get_participation_events().await?.is_empty());
    Ok(())
}
