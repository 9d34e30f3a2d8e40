//! [`Client`] under every fault.

use super::*;
use crate::net::faults::{Became, Fault, Faulty, TABLE};

async fn asked(fault: Fault) -> (Became, usize) {
    let server = Faulty::start(fault).await;
    let client = Client::anywhere(Clock::system());
    let sent = async {
        let answer = client.send(post(&server.url)).await?;
        Ok((answer.status(), answer.bytes().await))
    };
    // The client itself gives up a connection that is not ready in time.
    let limit = if fault == Fault::SlowTls { CONNECT * 2 } else { Duration::from_millis(500) };
    let became = match timeout(limit, sent).await {
        Err(_) => Became::Waiting,
        Ok(Err(error @ NetError::Send(SendError::NotSent(_)))) if error.is_unsent() => Became::NotSent,
        Ok(Err(error @ NetError::Send(SendError::NoResponse(_)))) if !error.is_unsent() => Became::NoResponse,
        Ok(Ok((status, Err(error @ NetError::Send(SendError::Truncated(_)))))) if !error.is_unsent() => {
            Became::Truncated(status)
        }
        Ok(other) => panic!("{fault:?}: {other:?}"),
    };
    (became, server.requests())
}

#[tokio::test]
async fn what_was_not_sent_is_told_from_what_had_no_response_under_every_fault() {
    let asked = futures::future::join_all(TABLE.map(|(fault, _)| asked(fault))).await;
    for ((fault, became), (found, requests)) in TABLE.into_iter().zip(asked) {
        assert_eq!((found, requests), (became, became.requests()), "{fault:?}");
    }
}
