//! Agents that were removed and whose rows were put back: none of them is let in.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::json;
use vault::api::DeleteAgent;

use super::Home;

const AGENT: &str = "INSERT INTO main.agent SELECT * FROM copy.agent WHERE name = 'bot'";

/// Makes a vault that once had the agent `bot`, and a copy of its file from that time.
async fn without_bot() -> (Home, PathBuf) {
    let home = Home::new().await;
    home.add_agent("bot").await;
    home.add_agent("other").await;
    let copy = home.copy();
    home.inside.ask::<DeleteAgent>(json!({ "name": "bot" })).await.unwrap();
    assert_eq!(["other"].as_slice(), home.agents().await);
    (home, copy)
}

fn attach(connection: &Connection, copy: &Path) {
    connection.execute("ATTACH ?1 AS copy", [copy.to_str().unwrap()]).unwrap();
}

#[tokio::test]
async fn an_agent_that_was_put_back_is_not_let_in() {
    let (home, copy) = without_bot().await;
    let home = home
        .tamper(|connection| {
            attach(connection, &copy);
            connection.execute(AGENT, []).unwrap();
        })
        .await;
    assert!(home.agents().await.is_empty());
}

#[tokio::test]
async fn an_agent_that_was_put_back_is_not_let_in_when_another_is_added() {
    let (home, copy) = without_bot().await;
    let home = home
        .tamper(|connection| {
            attach(connection, &copy);
            connection.execute(AGENT, []).unwrap();
        })
        .await;
    home.add_agent("new").await;
    assert_eq!(["new"].as_slice(), home.agents().await);
}

#[tokio::test]
async fn an_agent_that_was_put_back_does_not_outlive_a_rekey() {
    let (home, copy) = without_bot().await;
    let home = home
        .tamper(|connection| {
            attach(connection, &copy);
            connection.execute(AGENT, []).unwrap();
        })
        .await;
    home.rekey().await;
    assert!(home.agents().await.is_empty());
    home.add_agent("new").await;
    assert_eq!(["new"].as_slice(), home.agents().await);
}

#[tokio::test]
async fn agents_that_are_let_in_outlive_a_rekey() {
    let (home, _) = without_bot().await;
    home.rekey().await;
    assert_eq!(["other"].as_slice(), home.agents().await);
    let home = home.tamper(|_| ()).await;
    assert_eq!(["other"].as_slice(), home.agents().await);
}

#[tokio::test]
async fn an_agent_that_was_put_back_with_its_mac_is_not_let_in() {
    let (home, copy) = without_bot().await;
    let home = home
        .tamper(|connection| {
            attach(connection, &copy);
            connection.execute(AGENT, []).unwrap();
            connection.execute("UPDATE main.state SET agents = (SELECT agents FROM copy.state)", []).unwrap();
        })
        .await;
    assert!(home.agents().await.is_empty());
}

#[tokio::test]
async fn an_agent_that_was_put_back_with_the_state_of_its_time_is_not_let_in() {
    let (home, copy) = without_bot().await;
    let home = home
        .tamper(|connection| {
            attach(connection, &copy);
            connection.execute(AGENT, []).unwrap();
            connection
                .execute_batch("DELETE FROM main.state; INSERT INTO main.state SELECT * FROM copy.state")
                .unwrap();
        })
        .await;
    assert!(home.agents().await.is_empty());
}
