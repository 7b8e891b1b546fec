//! One port on loopback: Lambda, CloudWatch, SQS, DynamoDB, EventBridge, parameters, tags and the admin routes.

use std::{
    fs::create_dir_all,
    future::Future,
    io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderValue, header::Entry},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use tokio::net::TcpListener;

use crate::{
    execution::{
        code::CodeStore,
        draws::Draws,
        emulation::Emulators,
        environments::{self, Environments},
        faults::Faults,
    },
    net::{NoDelay, origin_check},
    rehearsal::{
        access::{self, Grants},
        admin,
        service_faults::{self, ServiceFaults},
    },
    services::{
        cloudwatch::{self, CloudWatch, ServiceMetrics, Settings},
        dynamodb::DynamoDb,
        event_sources::{self, EventSources},
        eventbridge::{EventBus, Rules, bus},
        function_urls::FunctionUrls,
        http_api::HttpApis,
        lambda::{self, Lambda, Parts, invocation::new_request_id},
        parameters::{self, Parameters},
        sqs::{self, Sqs},
        tagging,
    },
};

/// Largest request body in bytes: the largest zip in base64, with room for the rest. Lambda's, as its message says.
const MAX_BODY_BYTES: usize = lambda::wire::TOO_LARGE_BYTES - 1;

/// How a sandbox runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Folder for code and logs.
    pub folder: PathBuf,
    /// Folder for tables and queues, which then outlive the sandbox; none keeps them in memory.
    pub data: Option<PathBuf>,
    /// How many environments may exist at once.
    pub max_environments: usize,
    /// Seed of the draws; none takes another one every time.
    pub seed: Option<u64>,
    /// Emulators for the other architecture.
    pub emulators: Emulators,
    /// How long a function's first initialisation may take. Lambda: 10 s.
    pub init_limit: Duration,
    /// How long an environment may be idle before it is stopped.
    pub idle_limit: Duration,
    /// Whether things take their time as on AWS: changes of functions, metrics, retries of asynchronous invocations.
    pub realistic: bool,
    /// How metrics come.
    pub metrics: Settings,
    /// How long a change of a function takes then.
    pub settle_time: Duration,
}

impl Options {
    /// Lambda's limits, a free port, and this folder.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self {
            port: 0,
            folder,
            data: None,
            max_environments: 64,
            seed: None,
            emulators: Emulators::default(),
            init_limit: Duration::from_secs(10),
            idle_limit: Duration::from_secs(300),
            realistic: false,
            metrics: Settings::default(),
            settle_time: Duration::from_secs(1),
        }
    }
}

/// A sandbox cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Someone else listens there.
    #[error(
        "port {0} on 127.0.0.1 is in use: choose another with --port, or --port 0 for a free one; a sandbox of another folder may have it"
    )]
    PortInUse(u16),
    /// The port cannot be had for another reason.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Listen {
        /// The port.
        port: u16,
        /// Why not.
        source: io::Error,
    },
    /// The folder cannot be used.
    #[error("cannot use the folder {path}: choose another with --folder", path = path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another sandbox has the folder of tables and queues.
    #[error("another sandbox uses {path}: stop it, or choose another folder with --data", path = path.display())]
    DataInUse {
        /// The folder.
        path: PathBuf,
    },
    /// Tables and queues cannot be kept.
    #[error("cannot keep tables and queues{}", path.as_ref().map(|path| format!(" in {}", path.display())).unwrap_or_default())]
    Data {
        /// The folder, unless they are in memory.
        path: Option<PathBuf>,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A sandbox that listens and does not answer yet.
pub struct Server {
    listener: TcpListener,
    lambda: Lambda,
    cloudwatch: CloudWatch,
    sqs: Sqs,
    rules: Rules,
    events: EventBus,
    service_faults: ServiceFaults,
    event_sources: EventSources,
    http_apis: HttpApis,
    function_urls: FunctionUrls,
    router: Router,
}

impl Server {
    /// Takes the port and puts the services together.
    ///
    /// # Errors
    /// [`BindError`].
    pub async fn bind(options: Options) -> Result<Self, BindError> {
        let folder = prepare_folder(&options.folder)?;
        let listener = listen(options.port).await?;
        let source = |source| BindError::Listen {
            port: options.port,
            source,
        };
        let endpoint = format!("http://{}", listener.local_addr().map_err(source)?);
        let clock = options.metrics.clock.clone();
        let cloudwatch = CloudWatch::new(options.realistic, options.metrics);
        let parameters = Parameters::new(folder.join("parameters.json"));
        let (sqs, dynamodb) = open_data(&endpoint, options.data, cloudwatch.service_metrics())?;
        let lambda = Lambda::new(Parts {
            endpoint: endpoint.clone(),
            code: CodeStore::new(folder.join("code"), folder.join("tmp")),
            environments: Environments::new(environments::Options {
                limit: options.max_environments,
                init_limit: options.init_limit,
                idle_limit: options.idle_limit,
                emulators: options.emulators,
                folder,
                endpoint,
                recorder: Arc::clone(&cloudwatch.lambda) as _,
            }),
            faults: Faults::default(),
            recorder: Arc::clone(&cloudwatch.lambda) as _,
            draws: Draws::new(options.seed),
            realistic: options.realistic,
            settle_time: options.settle_time,
            send_message: {
                let sqs = sqs.clone();
                Arc::new(move |arn, body| {
                    let sent = sqs.send_text(arn, body);
                    sent.map_err(|error| error.to_string())
                })
            },
        });
        let service_faults = ServiceFaults::new(cloudwatch.clone());
        let http_apis = HttpApis::new(lambda.clone(), cloudwatch.service_metrics());
        let function_urls = FunctionUrls::new(lambda.clone());
        let grants = Grants::default();
        let rules = Rules::new(clock.clone());
        let events = EventBus::new(clock);
        let event_sources =
            EventSources::new(lambda.clone(), sqs.clone(), options.max_environments);
        let router = Router::new()
            .merge(lambda::operations::router(lambda.clone()))
            .merge(function_urls.router())
            .merge(event_sources::operations::router(event_sources.clone()))
            .merge(admin::router(admin::Parts {
                lambda: lambda.clone(),
                http_apis: http_apis.clone(),
                grants: grants.clone(),
                rules: rules.clone(),
                events: events.clone(),
                service_faults: service_faults.clone(),
            }))
            .fallback_service(other_services(
                cloudwatch.clone(),
                sqs.clone(),
                dynamodb.router(),
            ))
            .layer(from_fn_with_state(parameters, parameters::answer))
            .layer(from_fn_with_state(events.clone(), bus::answer))
            .layer(from_fn_with_state(lambda.clone(), tagging::answer))
            .layer(from_fn_with_state(
                service_faults.clone(),
                service_faults::inject,
            ))
            // Around all routes. The last layer is the first to see a request.
            .layer(from_fn_with_state(grants, access::check))
            .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
            .layer(from_fn(add_request_id))
            .layer(from_fn(origin_check::refuse_web_pages));
        Ok(Self {
            listener,
            lambda,
            cloudwatch,
            sqs,
            rules,
            events,
            service_faults,
            event_sources,
            http_apis,
            function_urls,
            router,
        })
    }

    /// URL of the sandbox.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.lambda.endpoint
    }

    /// The functions.
    #[must_use]
    pub fn lambda(&self) -> &Lambda {
        &self.lambda
    }

    /// Faults that are injected.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.lambda.faults
    }

    /// Failures and delays of services, by operation, and late metrics.
    #[must_use]
    pub fn service_faults(&self) -> &ServiceFaults {
        &self.service_faults
    }

    /// The events that were put.
    #[must_use]
    pub fn events(&self) -> &EventBus {
        &self.events
    }

    /// Processes that run functions.
    #[must_use]
    pub fn environments(&self) -> &Environments {
        &self.lambda.environments
    }

    /// Answers until `shutdown` is over; then kills every process.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let (environments, http_apis) = (self.lambda.environments.clone(), self.http_apis.clone());
        let alarms = tokio::spawn(self.cloudwatch.alarms.clone().run());
        let measures = tokio::spawn(self.sqs.measure());
        let events = self.cloudwatch.alarms.events();
        let rules = self.rules;
        let delivery = tokio::spawn(rules.clone().deliver_alarms(self.lambda.clone(), events));
        let schedules = tokio::spawn(rules.keep_time(self.lambda.clone()));
        // Without waiting for open connections: every idle environment holds one.
        let result = tokio::select! {
            result = axum::serve(NoDelay(self.listener), self.router).into_future() => result,
            () = shutdown => Ok(()),
        };
        alarms.abort();
        measures.abort();
        delivery.abort();
        schedules.abort();
        http_apis.close();
        self.function_urls.close();
        self.event_sources.shut_down();
        environments.shut_down().await;
        result
    }
}

/// Makes the folder with its parts; gives its absolute path. What earlier sandboxes left of code and temporary files is
/// removed.
fn prepare_folder(folder: &Path) -> Result<PathBuf, BindError> {
    let prepare = || {
        create_dir_all(folder.join("logs"))?;
        for name in ["code", "tmp"] {
            match std::fs::remove_dir_all(folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            create_dir_all(folder.join(name))?;
        }
        folder.canonicalize()
    };
    prepare().map_err(|source| BindError::Folder {
        path: folder.to_owned(),
        source,
    })
}

/// The services whose data may outlive the sandbox.
fn open_data(
    endpoint: &str,
    folder: Option<PathBuf>,
    metrics: ServiceMetrics,
) -> Result<(Sqs, DynamoDb), BindError> {
    let file = |name: &str| folder.as_ref().map(|folder| folder.join(name));
    let failed = |source| BindError::Data {
        path: folder.clone(),
        source,
    };
    if let Some(folder) = &folder {
        create_dir_all(folder).map_err(|error| failed(error.into()))?;
    }
    // The queues first: their file is of one process alone.
    let sqs = match (
        Sqs::new(
            endpoint.to_owned(),
            file("queues.sqlite").as_deref(),
            metrics,
        ),
        &folder,
    ) {
        (Err(error), Some(path)) if error.is_in_use() => {
            return Err(BindError::DataInUse { path: path.clone() });
        }
        (opened, _) => opened.map_err(|error| failed(error.into()))?,
    };
    let dynamodb = DynamoDb::open(file("tables.sqlite").as_deref());
    Ok((sqs, dynamodb.map_err(|error| failed(error.into()))?))
}

async fn listen(port: u16) -> Result<TcpListener, BindError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => BindError::PortInUse(port),
            _ => BindError::Listen { port, source },
        })
}

/// What is not Lambda: our CloudWatch and SQS, and DynamoDB for all the rest. What is Lambda and not there is refused.
fn other_services(cloudwatch: CloudWatch, sqs: Sqs, dynamodb: Router) -> Router {
    dynamodb
        .layer(from_fn_with_state(cloudwatch, answer_cloudwatch))
        .layer(from_fn_with_state(sqs, answer_sqs))
        .layer(from_fn(refuse_missing))
}

async fn refuse_missing(request: Request, next: Next) -> Response {
    match lambda::operations::missing(request.method(), request.uri()) {
        Some(error) => error.into_response(),
        None => next.run(request).await,
    }
}

/// Gives every answer that has none the id of its request: SDKs expect one.
async fn add_request_id(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let id = response.headers_mut().entry("x-amzn-requestid");
    if let (Entry::Vacant(id), Ok(new)) = (id, HeaderValue::try_from(new_request_id())) {
        id.insert(new);
    }
    response
}

async fn answer_sqs(State(sqs): State<Sqs>, request: Request, next: Next) -> Response {
    if sqs::wire::is_for_sqs(&request) {
        sqs::wire::respond(&sqs, request).await
    } else {
        next.run(request).await
    }
}

async fn answer_cloudwatch(
    State(cloudwatch): State<CloudWatch>,
    request: Request,
    next: Next,
) -> Response {
    if cloudwatch::is_for_cloudwatch(&request) {
        cloudwatch.respond(request).await
    } else {
        next.run(request).await
    }
}
