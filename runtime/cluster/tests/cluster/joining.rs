//! Who may join, and what is said to those who may not.

use crate::bus::{LEASE, node, sees, within};
use crate::server::{Bus, CONFIGURATION, password};
use patchcord_cluster::{Cluster, Credentials, JoinError, SHORTEST_LEASE, State};
use std::time::Duration;

#[tokio::test]
async fn three_nodes_see_each_other() {
    let bus = Bus::start();
    let eu = bus.join("eu1-a").await.cluster;
    let us = bus.join("us1-a").await.cluster;
    let ap = bus.join("ap1-a").await.cluster;
    for (cluster, others) in [
        (&eu, ["us1-a", "ap1-a"]),
        (&us, ["eu1-a", "ap1-a"]),
        (&ap, ["eu1-a", "us1-a"]),
    ] {
        for other in others {
            sees(&mut cluster.watch(), other).await;
        }
        assert_eq!(cluster.nodes().len(), 2);
        assert_eq!(*cluster.state().borrow(), State::Joined);
    }
    let found = &eu.nodes()[1];
    assert_eq!((found.node.as_str(), found.region.as_str()), ("us1-a", "us1"));
    assert_eq!(found.entry, "entry of us1-a");
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_not_repeated() {
    let bus = Bus::start();
    let mut config = bus.config("eu1-a");
    config.credentials = Credentials::Password {
        user: "eu1-a".to_owned(),
        password: "guessed-secret".to_owned(),
    };
    assert!(!format!("{config:?}").contains("guessed-secret"));
    let error = bus.refused(config).await;
    assert!(
        matches!(&error, JoinError::Refused { user, .. } if user == "eu1-a"),
        "{error}"
    );
    let said = error.to_string();
    assert!(
        said.contains(&bus.address()) && said.contains("eu1-a") && !said.contains("guessed-secret"),
        "{said}"
    );
}

#[tokio::test]
async fn a_server_of_another_authority_is_not_trusted() {
    let bus = Bus::start();
    let mut config = bus.config("eu1-a");
    config.tls.roots = bus.file("stranger.pem");
    let error = bus.refused(config).await;
    assert!(matches!(error, JoinError::Untrusted { .. }), "{error:?}");
    let said = error.to_string();
    assert!(
        said.contains(&bus.address()) && said.contains("UnknownIssuer") && said.contains("roots"),
        "{said}"
    );
    assert!(!said.contains(&password("eu1-a")), "{said}");
}

#[tokio::test]
async fn a_node_without_a_certificate_is_not_trusted() {
    let bus = Bus::start();
    let mut config = bus.config("eu1-a");
    config.tls.certificate = None;
    let error = bus.refused(config).await;
    assert!(matches!(error, JoinError::Untrusted { .. }), "{error:?}");
    assert!(error.to_string().contains("own certificate"), "{error}");
}

#[tokio::test]
async fn a_certificate_alone_is_enough_where_the_server_maps_it_to_a_user() {
    let bus = Bus::start_with(
        r#"
        listen: $NATS_LISTEN
        jetstream { store_dir: "jetstream" }
        tls {
            cert_file: "tls/server.pem", key_file: "tls/server.key", ca_file: "tls/authority.pem"
            verify_and_map: true
        }
        accounts { NODES { jetstream: enabled, users: [ { user: "node.test" } ] } }
        "#,
    );
    let mut config = bus.config("eu1-a");
    config.credentials = Credentials::Certificate;
    let eu = bus.try_join(config.clone()).await.expect("a node").cluster;
    assert_eq!(*eu.state().borrow(), State::Joined);
    config.tls.certificate = None;
    assert!(matches!(
        bus.refused(config).await,
        JoinError::Config {
            what: "the credentials",
            ..
        }
    ));
}

#[tokio::test]
async fn files_that_are_not_there_are_named() {
    let bus = Bus::start();
    let mut config = bus.config("eu1-a");
    config.tls.roots = bus.file("nothing.pem");
    let said = bus.refused(config).await.to_string();
    assert!(said.contains("nothing.pem"), "{said}");
    let mut config = bus.config("eu1-a");
    config.tls.roots = bus.file("server.key");
    let said = bus.refused(config).await.to_string();
    assert!(said.contains("server.key") && said.contains("no certificate"), "{said}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let mut bus = Bus::start();
    bus.kill();
    let error = bus.refused(bus.config("eu1-a")).await;
    assert!(matches!(error, JoinError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains(&bus.address()), "{error}");
}

#[tokio::test]
async fn a_server_without_jetstream_is_refused() {
    let bus = Bus::start_with(
        r#"
        listen: $NATS_LISTEN
        tls { cert_file: "tls/server.pem", key_file: "tls/server.key", ca_file: "tls/authority.pem", verify: true }
        authorization { user: "eu1-a", password: $EU1_A_PASSWORD }
        "#,
    );
    let error = bus.refused(bus.config("eu1-a")).await;
    assert!(matches!(error, JoinError::NoJetStream { .. }), "{error:?}");
    let said = error.to_string();
    assert!(said.contains(&bus.address()) && said.contains("switched off"), "{said}");
}

#[tokio::test]
async fn who_is_not_that_node_to_the_servers_cannot_take_its_name() {
    let bus = Bus::start();
    let mut config = bus.config("eu1-a");
    config.credentials = bus.config("us1-a").credentials;
    let error = bus.refused(config).await;
    // The server permits the user of one node nothing in the name of another, not even to hear answers.
    let said = error.to_string();
    assert!(said.contains("Permissions Violation"), "{said}");
}

#[tokio::test]
async fn who_may_not_hear_what_it_is_asked_does_not_join() {
    let forgotten = CONFIGURATION.replacen("\"patchcord.ask.eu1-a.*\"", "", 1);
    let bus = Bus::start_with(&forgotten);
    let error = bus.refused(bus.config("eu1-a")).await;
    assert!(matches!(error, JoinError::NotPermitted { .. }), "{error:?}");
    let said = error.to_string();
    assert!(
        said.contains("patchcord.ask.eu1-a.*") && said.contains("docs/nats.conf"),
        "{said}"
    );
    let us = bus.join("us1-a").await.cluster;
    assert_eq!(us.nodes(), [], "nothing of it is left");
}

#[tokio::test]
async fn all_nodes_have_the_same_lease() {
    let bus = Bus::start();
    let _eu = bus.join("eu1-a").await;
    let mut config = bus.config("us1-a");
    config.lease = LEASE + Duration::from_secs(1);
    let ours = config.lease;
    assert_eq!(bus.refused(config).await, JoinError::OtherLease { theirs: LEASE, ours });
}

#[tokio::test]
async fn a_name_is_not_used_twice_at_the_same_time() {
    let bus = Bus::start();
    let first = bus.config("eu1-a");
    let incarnation = first.incarnation;
    let mut joined = bus.try_join(first).await.expect("the first");
    let second = bus.config("eu1-a");
    let taken = JoinError::NameTaken {
        node: node("eu1-a"),
        incarnation,
    };
    assert_eq!(bus.refused(second).await, taken);
    let mut stale = bus.config("eu1-a");
    stale.incarnation = incarnation;
    assert!(matches!(bus.refused(stale).await, JoinError::OldIncarnation { .. }));
    // The first is still who it was.
    let us = bus.join("us1-a").await.cluster;
    let answer = tokio::spawn(async move {
        let asked = joined.requests.next().await.expect("a request");
        asked.answer("still here".into());
        joined
    });
    let came = us
        .ask(&node("eu1-a"), "hello", "".into(), Duration::from_secs(30))
        .await;
    assert_eq!(came.expect("an answer"), "still here");
    let joined = within("the first", answer).await.expect("no panic");
    assert_eq!(*joined.cluster.state().borrow(), State::Joined);
}

#[tokio::test]
async fn what_cannot_be_is_said_before_anything_is_tried() {
    let bus = Bus::start();
    let said = async |change: &dyn Fn(&mut patchcord_cluster::Config)| {
        let mut config = bus.config("eu1-a");
        change(&mut config);
        match Cluster::join(config).await {
            Ok(_) => panic!("it joined"),
            Err(error) => error.to_string(),
        }
    };
    let address = said(&|config| config.servers = vec!["tls://me:hush@127.0.0.1".to_owned()]).await;
    assert!(
        address.contains("credentials") && !address.contains("hush"),
        "{address}"
    );
    assert!(said(&|config| config.servers.clear()).await.contains("servers"));
    assert!(
        said(&|config| config.cluster = "Patch.Cord".to_owned())
            .await
            .contains("cluster's name")
    );
    assert!(
        said(&|config| config.lease = SHORTEST_LEASE / 2)
            .await
            .contains("lease")
    );
    assert!(
        said(&|config| config.answered_at_once = 0)
            .await
            .contains("answered at once")
    );
    assert!(
        said(&|config| config.entry = vec![0; 17 << 10].into())
            .await
            .contains("16 KiB")
    );
    assert!(said(&|config| config.replicas = 9).await.contains("replicas"));
}
