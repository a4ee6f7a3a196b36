//! The benchmark's socketioxide peer: the same namespaces, events and bytes as stibium, on one worker thread.
//! Arguments: the log's namespace, the shell's namespace.

use serde_json::{json, Value};
use socketioxide::extract::{AckSender, Data, SocketRef};
use socketioxide::SocketIo;

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() {
    let mut names = std::env::args().skip(1);
    let log = names.next().expect("the log's namespace");
    let shell = names.next().expect("the shell's namespace");
    let (layer, io) = SocketIo::new_layer();
    let nothing: (Vec<String>,) = (Vec::new(),);

    let backlog = nothing.clone();
    io.ns(log.clone(), async move |socket: SocketRef| {
        let _ = socket.emit("backlog", &backlog);
    });
    io.ns(shell, async move |socket: SocketRef| {
        let _ = socket.emit("backlog", &nothing);
        socket.on("data", async move |Data::<String>(typed), io: SocketIo| {
            for line in typed.lines() {
                if let Some(followers) = io.of(&log) {
                    let _ = followers.emit("data", line).await;
                }
            }
        });
    });
    io.ns("/lab-commands", async |socket: SocketRef| {
        socket.on("data", async |Data::<Value>(command), ack: AckSender| {
            let answer = match command["command"].as_i64() {
                Some(5) => json!({"payload": []}),
                _ => json!({"code": 5422, "message": "command"}),
            };
            let _ = ack.send(&answer);
        });
    });

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    println!("listening on http://{}", listener.local_addr().expect("an address"));
    axum::serve(listener, axum::Router::new().layer(layer)).await.expect("serving");
}
