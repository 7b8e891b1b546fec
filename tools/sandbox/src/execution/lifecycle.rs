//! What the runtime and the extensions of one environment do: pure state, no process and no waiting.
//!
//! Each asks for its next event, works on it, and asks again. The environment is ready when all of them have asked.
//!
//! The rules about extensions and their errors are those of AWS's own emulator (aws-lambda-runtime-interface-emulator,
//! `lambda/core` and `lambda/rapi`). An extension that runs inside of the runtime, as all do here, may ask for `INVOKE`
//! events and for none, and gets no `SHUTDOWN`.

use std::time::{Instant, SystemTime};

use bytes::Bytes;

/// How many extensions an environment may have.
const MAX_EXTENSIONS: usize = 10;

/// An event as the runtime gets it.
#[derive(Debug, Clone)]
pub struct Event {
    /// Request id of the invocation.
    pub request_id: String,
    /// The event.
    pub payload: Bytes,
    /// ARN that was invoked, with its qualifier.
    pub invoked_arn: String,
    /// X-Ray trace header.
    pub trace_id: String,
    /// Client context of the caller, as JSON.
    pub client_context: Option<String>,
    /// When the process is killed.
    pub deadline: SystemTime,
}

impl Event {
    /// When the process is killed, in milliseconds since 1970.
    #[must_use]
    pub fn deadline_ms(&self) -> u128 {
        let since_epoch = self.deadline.duration_since(SystemTime::UNIX_EPOCH);
        since_epoch.unwrap_or_default().as_millis()
    }
}

/// What the runtime posts for an event.
#[derive(Debug)]
pub enum Content {
    /// To `…/response`.
    Response(Bytes),
    /// To `…/error`.
    Error(Bytes),
    /// To `…/response`, and too large to pass on.
    TooLarge,
}

/// Why a request of an extension is refused: always 403, with this type and message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// `Extension.…`
    pub error_type: &'static str,
    /// What is wrong.
    pub message: String,
}

impl Refused {
    /// A refusal of this type.
    pub fn new(error_type: &'static str, message: impl Into<String>) -> Self {
        Self {
            error_type,
            message: message.into(),
        }
    }
}

/// What an extension says that has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtensionFailure {
    /// `init/error`: it could not initialise.
    Init,
    /// `exit/error`: it has failed later.
    Exit,
}

impl ExtensionFailure {
    /// Lambda's name for it.
    #[must_use]
    pub const fn error_type(self) -> &'static str {
        match self {
            Self::Init => "Extension.InitError",
            Self::Exit => "Extension.ExitError",
        }
    }
}

/// The runtime or an extension: it has an event to take, waits for one, or works.
#[derive(Debug)]
struct Party {
    event: Option<Event>,
    waiting_since: Option<Instant>,
}

impl Party {
    const fn working() -> Self {
        Self {
            event: None,
            waiting_since: None,
        }
    }

    /// It has this to do from now on.
    fn give(&mut self, event: Event) {
        self.event = Some(event);
        self.waiting_since = None;
    }

    /// It asks for its next event, and thereby says that it has done its last one. Asking for one that is there already
    /// says nothing.
    fn ask(&mut self) {
        if self.event.is_none() && self.waiting_since.is_none() {
            self.waiting_since = Some(Instant::now());
        }
    }
}

/// An extension that has registered.
#[derive(Debug)]
struct Extension {
    id: String,
    name: String,
    wants_invoke: bool,
    party: Party,
}

/// The event that the runtime works on.
#[derive(Debug)]
struct InFlight {
    request_id: String,
    taken: Instant,
    answered: bool,
    answer: Option<Content>,
}

/// All of it.
#[derive(Debug)]
pub(super) struct State {
    runtime: Party,
    extensions: Vec<Extension>,
    in_flight: Option<InFlight>,
    /// What the runtime has posted to `init/error`.
    pub(super) init_error: Option<Bytes>,
    /// The first failure that an extension has reported: what the end of the process is put down to.
    pub(super) extension_failure: Option<ExtensionFailure>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            runtime: Party::working(),
            extensions: Vec::new(),
            in_flight: None,
            init_error: None,
            extension_failure: None,
        }
    }
}

impl State {
    /// Since when the runtime and all extensions have been waiting, if they are.
    pub(super) fn ready_since(&self) -> Option<Instant> {
        let mut latest = self.runtime.waiting_since?;
        for extension in &self.extensions {
            latest = latest.max(extension.party.waiting_since?);
        }
        Some(latest)
    }

    /// Gives an event to the runtime and to the extensions that want it.
    pub(super) fn give(&mut self, event: Event) {
        for extension in self.extensions.iter_mut().filter(|one| one.wants_invoke) {
            // An extension gets no payload.
            let payload = Bytes::new();
            extension.party.give(Event {
                payload,
                ..event.clone()
            });
        }
        self.in_flight = None;
        self.runtime.give(event);
    }

    /// The runtime asks for its next event.
    pub(super) fn ask(&mut self) {
        self.runtime.ask();
    }

    /// Whether there is an event for the runtime.
    pub(super) const fn has_event(&self) -> bool {
        self.runtime.event.is_some()
    }

    /// The runtime takes its event.
    pub(super) fn take(&mut self) -> Option<Event> {
        let event = self.runtime.event.take()?;
        self.in_flight = Some(InFlight {
            request_id: event.request_id.clone(),
            taken: Instant::now(),
            answered: false,
            answer: None,
        });
        Some(event)
    }

    /// Whether the runtime has taken the event that it was given last.
    pub(super) const fn has_taken(&self) -> bool {
        self.in_flight.is_some()
    }

    /// The runtime answers; false when it does not work on that event, or has answered already.
    pub(super) fn answer(&mut self, request_id: &str, content: Content) -> bool {
        let in_flight = self.in_flight.as_mut();
        let in_flight = in_flight.filter(|one| one.request_id == request_id && !one.answered);
        let Some(in_flight) = in_flight else {
            return false;
        };
        in_flight.answered = true;
        in_flight.answer = Some(content);
        true
    }

    /// Whether there is an answer to take.
    pub(super) fn has_answer(&self) -> bool {
        let in_flight = self.in_flight.as_ref();
        in_flight.is_some_and(|one| one.answer.is_some())
    }

    /// The answer, and when the event was taken.
    pub(super) fn take_answer(&mut self) -> Option<(Content, Instant)> {
        let in_flight = self.in_flight.as_mut()?;
        Some((in_flight.answer.take()?, in_flight.taken))
    }

    /// Whether any extension has registered.
    pub(super) const fn has_extensions(&self) -> bool {
        !self.extensions.is_empty()
    }

    /// Registers an extension under a new identifier.
    ///
    /// # Errors
    /// When the runtime has asked for its first event already, for too many, and for a name or an event that cannot be.
    pub(super) fn register(
        &mut self,
        id: String,
        name: &str,
        events: &[String],
    ) -> Result<String, Refused> {
        if let Some(event) = events.iter().find(|event| *event != "INVOKE") {
            let why = match event.as_str() {
                "SHUTDOWN" => "ShutdownEventNotSupportedForInternalExtension",
                _ => "ErrorInvalidEventType",
            };
            let message = format!("{event}: {why}");
            return Err(Refused::new("Extension.InvalidEventType", message));
        }
        if self.runtime.waiting_since.is_some() || self.has_event() || self.has_taken() {
            let message = "Extension registration closed already";
            return Err(Refused::new("Extension.RegistrationClosed", message));
        }
        if self.extensions.iter().any(|one| one.name == name) {
            let message = "Extension with this name already registered";
            return Err(Refused::new("Extension.InvalidExtensionState", message));
        }
        if self.extensions.len() == MAX_EXTENSIONS {
            let message = format!("Extension limit ({MAX_EXTENSIONS}) reached");
            return Err(Refused::new("Extension.TooManyExtensions", message));
        }
        self.extensions.push(Extension {
            id: id.clone(),
            name: name.to_owned(),
            wants_invoke: !events.is_empty(),
            party: Party::working(),
        });
        Ok(id)
    }

    /// An extension asks for its next event.
    ///
    /// # Errors
    /// When there is no such extension.
    pub(super) fn extension_asks(&mut self, id: &str) -> Result<(), Refused> {
        self.extension(id).map(|extension| extension.party.ask())
    }

    /// Whether there is an event for an extension.
    pub(super) fn has_extension_event(&self, id: &str) -> bool {
        let extension = self.extensions.iter().find(|one| one.id == id);
        extension.is_some_and(|one| one.party.event.is_some())
    }

    /// An extension takes its event.
    pub(super) fn take_extension_event(&mut self, id: &str) -> Option<Event> {
        self.extension(id).ok()?.party.event.take()
    }

    /// An extension says that it has failed.
    ///
    /// # Errors
    /// When there is no such extension.
    pub(super) fn extension_fails(
        &mut self,
        id: &str,
        failure: ExtensionFailure,
    ) -> Result<(), Refused> {
        self.extension(id)?;
        self.extension_failure.get_or_insert(failure);
        Ok(())
    }

    fn extension(&mut self, id: &str) -> Result<&mut Extension, Refused> {
        let extension = self.extensions.iter_mut().find(|one| one.id == id);
        extension.ok_or_else(|| {
            let message = format!("Unknown extension {id}");
            Refused::new("Extension.UnknownExtensionIdentifier", message)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str) -> Event {
        Event {
            request_id: id.to_owned(),
            payload: Bytes::from_static(b"{}"),
            invoked_arn: String::new(),
            trace_id: String::new(),
            client_context: None,
            deadline: SystemTime::now(),
        }
    }

    fn events(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn ready_is_when_the_last_one_has_asked() {
        let mut state = State::default();
        let one = state
            .register("1".to_owned(), "one", &events(&["INVOKE"]))
            .unwrap();
        let two = state.register("2".to_owned(), "two", &[]).unwrap();
        state.ask();
        state.extension_asks(&one).unwrap();
        assert_eq!(state.ready_since(), None);
        state.extension_asks(&two).unwrap();
        assert!(state.ready_since().is_some());

        state.give(event("a"));
        assert_eq!(state.ready_since(), None);
        // Asking for an event that is there is no end of work.
        state.extension_asks(&one).unwrap();
        state.ask();
        assert!(state.take().is_some() && state.take_extension_event(&one).is_some());
        assert!(!state.has_extension_event(&two));
        assert!(state.answer("a", Content::TooLarge));
        state.ask();
        assert_eq!(state.ready_since(), None);
        state.extension_asks(&one).unwrap();
        assert!(state.ready_since().is_some());
    }

    #[test]
    fn an_event_is_answered_once_and_only_the_one_that_was_taken() {
        let mut state = State::default();
        state.give(event("a"));
        assert!(!state.answer("a", Content::TooLarge));
        state.take();
        assert!(!state.answer("b", Content::TooLarge));
        assert!(state.answer("a", Content::TooLarge));
        assert!(!state.answer("a", Content::TooLarge));
        assert!(state.take_answer().is_some() && state.take_answer().is_none());
    }

    #[test]
    fn extensions_are_refused_as_lambda_refuses_them() {
        let mut state = State::default();
        let mut refusal = |id: usize, name: &str, names: &[&str]| {
            let refused = state.register(id.to_string(), name, &events(names));
            refused.map_or_else(|refused| refused.error_type, |_| "")
        };
        assert_eq!(refusal(0, "a", &["SHUTDOWN"]), "Extension.InvalidEventType");
        assert_eq!(refusal(0, "a", &["Invoke"]), "Extension.InvalidEventType");
        assert_eq!(refusal(0, "a", &["INVOKE"]), "");
        assert_eq!(refusal(1, "a", &[]), "Extension.InvalidExtensionState");
        for id in 1..10 {
            assert_eq!(refusal(id, &id.to_string(), &[]), "");
        }
        assert_eq!(refusal(10, "k", &[]), "Extension.TooManyExtensions");
        let unknown = state.extension_asks("nobody").unwrap_err();
        assert_eq!(unknown.error_type, "Extension.UnknownExtensionIdentifier");

        let mut state = State::default();
        state.ask();
        let late = state.register("1".to_owned(), "late", &[]).unwrap_err();
        assert_eq!(late.error_type, "Extension.RegistrationClosed");
    }
}
