//! MQTT over TCP: the sessions that WebSocket has too, without HTTP around them.
//!
//! Nothing is encrypted. Who may use the path of MQTT without a token is let in as they are; if it
//! needs a token, that is the password.

use std::pin::pin;

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::session::{self, Terms};
use super::wire::Wire;
use crate::app::App;
use crate::server::{Patient, accept, dismiss, stopped};

/// Serves clients until `stop` is ready, then lets their sessions end.
pub(crate) async fn serve(app: &App, listener: TcpListener, stop: impl Future<Output = ()>) {
    let limits = app.config.limits;
    let terms = Terms {
        connect_timeout: limits.head_timeout,
        idle_timeout: limits.events.idle_timeout,
        auth: Some(app.config.auth.clone()),
    };
    let (stop_in, stopping) = watch::channel(false);
    let mut stop = pin!(stop);
    loop {
        let (stream, address) = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = &mut stop => break,
        };
        let Some(subscription) = app.events.enter(Wire::Tcp.form()) else {
            // The connection ends at once. A client tries again in a while.
            tracing::debug!(%address, "too many are told of events");
            continue;
        };
        let stream = Patient::new(stream, limits.write_timeout);
        let (terms, mut stopping) = (terms.clone(), stopping.clone());
        tokio::spawn(async move {
            let stopped = stopped(&mut stopping);
            session::run((stream, Wire::Tcp), subscription, terms, stopped).await;
        });
    }
    drop((listener, stopping));
    dismiss(stop_in, limits.stop_timeout).await;
}
