//! The network between a process and a service, which can break: a proxy of bytes that cuts connections, loses what one side
//! says, or lets nobody in. It knows no protocol, so it does the same to HTTP/1.1, HTTP/2 and gRPC.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

/// What becomes of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They pass.
    Open = 0,
    /// Requests arrive, answers are lost.
    AnswersLost = 1,
    /// Requests are lost.
    RequestsLost = 2,
    /// Nobody is let in.
    Shut = 3,
}

#[derive(Default)]
struct State {
    mode: AtomicU8,
    connections: Mutex<Vec<TcpStream>>,
}

impl State {
    fn is(&self, mode: Mode) -> bool {
        self.mode.load(Ordering::SeqCst) == mode as u8
    }

    fn keep(&self, stream: &TcpStream) {
        let mut connections = self.connections.lock().unwrap();
        // Those that are over are forgotten.
        connections.retain(|one| one.peer_addr().is_ok());
        connections.extend(stream.try_clone());
    }
}

/// A proxy in front of a port of this machine, until the end of the process.
pub struct Proxy {
    port: u16,
    state: Arc<State>,
}

impl Proxy {
    /// Listens on a free port and passes on to `target`.
    pub fn start(target: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for inner in listener.incoming().flatten() {
                if shared.is(Mode::Shut) {
                    continue;
                }
                // A service that is down refuses; here the connection ends at once.
                if let Ok(outer) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)) {
                    join(&shared, inner, outer);
                }
            }
        });
        Self { port, state }
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What becomes of bytes from now on.
    pub fn set(&self, mode: Mode) {
        self.state.mode.store(mode as u8, Ordering::SeqCst);
    }

    /// Cuts every connection; how many there were.
    pub fn cut(&self) -> usize {
        let connections = std::mem::take(&mut *self.state.connections.lock().unwrap());
        // Counted before the first is cut: the thread that passes its bytes on then cuts its other side by itself.
        let alive = connections.iter().filter(|one| one.peer_addr().is_ok()).count() / 2;
        for one in &connections {
            one.shutdown(Shutdown::Both).ok();
        }
        alive
    }
}

fn join(state: &Arc<State>, inner: TcpStream, outer: TcpStream) {
    for stream in [&inner, &outer] {
        // Small messages must not wait for an acknowledgement.
        stream.set_nodelay(true).ok();
        state.keep(stream);
    }
    let (Ok(to_inner), Ok(to_outer)) = (inner.try_clone(), outer.try_clone()) else {
        return;
    };
    let (asking, answering) = (Arc::clone(state), Arc::clone(state));
    std::thread::spawn(move || pump(inner, to_outer, &asking, Mode::RequestsLost));
    std::thread::spawn(move || pump(outer, to_inner, &answering, Mode::AnswersLost));
}

fn pump(mut from: TcpStream, mut to: TcpStream, state: &State, lost: Mode) {
    let mut piece = [0; 64 << 10];
    while let Ok(n @ 1..) = from.read(&mut piece) {
        if !state.is(lost) && to.write_all(&piece[..n]).is_err() {
            break;
        }
    }
    from.shutdown(Shutdown::Both).ok();
    to.shutdown(Shutdown::Both).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_pass_are_lost_and_cut() {
        let service = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let proxy = Proxy::start(service.local_addr().unwrap().port());
        std::thread::spawn(move || {
            for stream in service.incoming().flatten() {
                let mut back = stream.try_clone().unwrap();
                std::thread::spawn(move || std::io::copy(&mut { stream }, &mut back));
            }
        });
        let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap();
        let mut answer = [0; 4];
        let mut stream = connect();
        stream.write_all(b"ping").unwrap();
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"ping");
        for mode in [Mode::AnswersLost, Mode::RequestsLost] {
            proxy.set(mode);
            let mut stream = connect();
            stream.write_all(b"lost").unwrap();
            stream
                .set_read_timeout(Some(std::time::Duration::from_millis(50)))
                .unwrap();
            assert!(stream.read(&mut answer).is_err(), "{mode:?}: nothing comes");
        }
        proxy.set(Mode::Open);
        assert!(proxy.cut() >= 1);
        assert_eq!(stream.read(&mut answer).unwrap_or(0), 0, "it is over");
        proxy.set(Mode::Shut);
        assert_eq!(connect().read(&mut answer).unwrap_or(0), 0, "nobody is let in");
    }
}
