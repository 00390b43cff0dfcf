//! Batches over real loopback sockets.

use super::*;
use std::time::Duration;

fn pair(host: &str) -> (UdpSocket, UdpSocket) {
    let receiver = UdpSocket::bind((host, 0)).unwrap();
    receiver.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    (UdpSocket::bind((host, 0)).unwrap(), receiver)
}

fn all(batch: &mut Batch<4>, socket: &UdpSocket, wait: Wait) -> io::Result<Vec<(SocketAddr, Vec<u8>)>> {
    let mut got = Vec::new();
    let count = batch.receive(socket, wait, |from, bytes| got.push((from, bytes.to_vec())))?;
    assert_eq!(count, got.len());
    Ok(got)
}

#[test]
fn datagrams_come_in_order_with_their_sender_and_a_full_batch_leaves_the_rest() {
    for host in ["127.0.0.1", "::1"] {
        let (sender, receiver) = pair(host);
        for n in 0..6_u8 {
            sender
                .send_to(&vec![n; usize::from(n) * 10], receiver.local_addr().unwrap())
                .unwrap();
        }
        let mut batch = Batch::<4>::new(100);
        let from = sender.local_addr().unwrap();
        let expected =
            |range: std::ops::Range<u8>| -> Vec<_> { range.map(|n| (from, vec![n; usize::from(n) * 10])).collect() };
        assert_eq!(all(&mut batch, &receiver, Wait::ForOne).unwrap(), expected(0..4));
        assert_eq!(all(&mut batch, &receiver, Wait::No).unwrap(), expected(4..6));
    }
}

#[test]
fn nothing_there_would_block_and_too_long_is_cut() {
    let (sender, receiver) = pair("127.0.0.1");
    let mut batch = Batch::<4>::new(100);
    let error = all(&mut batch, &receiver, Wait::No).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    sender.send_to(&[7; 150], receiver.local_addr().unwrap()).unwrap();
    assert_eq!(all(&mut batch, &receiver, Wait::ForOne).unwrap()[0].1, vec![7; 100]);
}
