//! A proxy between `rollout` and the sandbox that does what networks and services do wrong.
//!
//! ```text
//! mod.rs     what is injected, and carrying one request
//! series.rs  the results of `GetMetricData`, to be spoiled
//! ```

mod series;

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Incoming, header::HeaderValue, service::service_fn};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use tokio::{net::TcpListener, sync::mpsc::UnboundedSender};

pub(crate) use series::Series;

/// What a request asks for, as far as the tests care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    GetAlias,
    UpdateAlias,
    GetMetricData,
    PutMetricAlarm,
    DeleteAlarms,
    TagResource,
    Invoke,
    Other,
}

/// What is done to a request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// The connection ends without the request having been carried.
    Cut,
    /// No answer ever, and the request is not carried.
    Hang,
    /// Another answer in its place: status, error code, body of a success.
    Answer(u16, &'static str, &'static str),
    /// Tells the test, and then hangs without carrying the request.
    HoldBefore(UnboundedSender<()>),
    /// Carries the request, tells the test, and then hangs without giving the answer.
    HoldAfter(UnboundedSender<()>),
}

#[derive(Default)]
struct State {
    /// For the next requests of an operation, one after the other; `None` lets one through.
    script: Vec<(Operation, VecDeque<Option<Fault>>)>,
    /// For all requests, or all of one operation, until it is taken away.
    always: Option<(Option<Operation>, Fault)>,
    /// Done to every answer with metrics.
    spoil: Option<Arc<series::Spoil<'static>>>,
    /// Data points in one page of metrics at the most.
    page: Option<i64>,
    calls: Vec<Operation>,
}

/// A proxy; it ends with the process.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) endpoint: String,
    upstream: String,
    client: Client<HttpConnector, Full<Bytes>>,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    /// Listens, and carries what it gets to `upstream` as it is.
    pub(crate) async fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let proxy = Self {
            endpoint: format!("http://{address}"),
            upstream: upstream.to_owned(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            state: Arc::default(),
        };
        let serving = proxy.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let proxy = serving.clone();
                let service = service_fn(move |request| proxy.clone().serve(request));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
        proxy
    }

    /// The next requests of an operation get these faults, one each.
    pub(crate) fn script(&self, operation: Operation, faults: Vec<Option<Fault>>) {
        self.state().script.push((operation, faults.into()));
    }

    /// All requests get this fault, or all of one operation, until `heal`.
    pub(crate) fn always(&self, operation: Option<Operation>, fault: Fault) {
        self.state().always = Some((operation, fault));
    }

    /// Nothing is wrong any more.
    pub(crate) fn heal(&self) {
        let mut state = self.state();
        let calls = std::mem::take(&mut state.calls);
        *state = State {
            calls,
            ..State::default()
        };
    }

    /// Changes all metrics that are answered; the change gets the time in seconds.
    pub(crate) fn spoil(&self, change: impl Fn(&mut Vec<Series>, i64) + Send + Sync + 'static) {
        self.state().spoil = Some(Arc::new(change));
    }

    /// So many data points are in one page of metrics at the most.
    pub(crate) fn page(&self, datapoints: i64) {
        self.state().page = Some(datapoints);
    }

    /// How many requests of an operation have come.
    pub(crate) fn calls(&self, operation: Operation) -> usize {
        let calls = &self.state().calls;
        calls.iter().filter(|call| **call == operation).count()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test has panicked in here")
    }

    async fn serve(self, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let request = Request::from_parts(head, body);
        let operation = Operation::of(&request);
        let fault = self.fault(operation);
        match fault {
            Some(Fault::Cut) => Err(io::ErrorKind::ConnectionAborted.into()),
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Answer(status, code, body)) => Ok(answer(&request, status, code, body)),
            Some(Fault::HoldBefore(reached)) => {
                let _ = reached.send(());
                std::future::pending().await
            }
            Some(Fault::HoldAfter(reached)) => {
                self.carry(operation, request).await?;
                let _ = reached.send(());
                std::future::pending().await
            }
            None => self.carry(operation, request).await,
        }
    }

    fn fault(&self, operation: Operation) -> Option<Fault> {
        let mut state = self.state();
        state.calls.push(operation);
        let scripted = state
            .script
            .iter_mut()
            .filter(|(of, _)| *of == operation)
            .find_map(|(_, faults)| faults.pop_front());
        if let Some(fault) = scripted {
            return fault;
        }
        let always = state.always.as_ref();
        let always = always.filter(|(of, _)| of.is_none_or(|of| of == operation));
        always.map(|(_, fault)| fault.clone())
    }

    async fn carry(
        &self,
        operation: Operation,
        mut request: Request<Bytes>,
    ) -> io::Result<Response<Full<Bytes>>> {
        let (page, spoil) = {
            let state = self.state();
            (state.page, state.spoil.clone())
        };
        if operation == Operation::GetMetricData {
            *request.body_mut() = series::asked(request.body(), page);
        }
        let (mut head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        head.uri = format!("{}{path}", self.upstream)
            .parse()
            .map_err(io::Error::other)?;
        head.headers.remove("content-length");
        let request = Request::from_parts(head, Full::new(body));
        let answer = self
            .client
            .request(request)
            .await
            .map_err(io::Error::other)?;
        let (mut head, body) = answer.into_parts();
        let mut body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        if operation == Operation::GetMetricData && head.status.is_success() {
            body = series::spoiled(&body, spoil.as_deref());
            head.headers.remove("content-length");
        }
        Ok(Response::from_parts(head, Full::new(body)))
    }
}

impl Operation {
    fn of(request: &Request<Bytes>) -> Self {
        let path = request.uri().path();
        match request.method().as_str() {
            "GET" if path.ends_with("/aliases/live") => Self::GetAlias,
            "PUT" if path.ends_with("/aliases/live") => Self::UpdateAlias,
            "POST" if path.ends_with("/invocations") => Self::Invoke,
            "POST" if path.contains("/tags/") => Self::TagResource,
            _ if path.ends_with("/operation/GetMetricData") => Self::GetMetricData,
            _ if path.ends_with("/operation/PutMetricAlarm") => Self::PutMetricAlarm,
            _ if path.ends_with("/operation/DeleteAlarms") => Self::DeleteAlarms,
            _ => Self::Other,
        }
    }
}

/// An answer in AWS's place, in the protocol of the request.
fn answer(
    request: &Request<Bytes>,
    status: u16,
    code: &'static str,
    body: &'static str,
) -> Response<Full<Bytes>> {
    let is_cbor = request.uri().path().starts_with("/service/");
    let body = match body {
        "" if is_cbor => series::error(code),
        "" => format!(r#"{{"message":"{code}, as asked"}}"#).into(),
        body => body.into(),
    };
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status.try_into().expect("a status");
    let headers = answer.headers_mut();
    if is_cbor {
        headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
        headers.insert("content-type", HeaderValue::from_static("application/cbor"));
    } else if status >= 300 {
        headers.insert("x-amzn-errortype", HeaderValue::from_static(code));
    }
    answer
}
