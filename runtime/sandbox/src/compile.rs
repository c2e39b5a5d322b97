//! Compiling where it cannot hurt: in a process of its own, with its own limits on time and memory. wasmtime does not
//! treat slow compilation as a vulnerability, so whoever compiles strangers' components must bound it.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use hap_model::sanitize;
use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wasmtime::component::Component;

use crate::engine;
use crate::error::SandboxError;

/// Where components are compiled.
#[derive(Clone, Debug, Default)]
pub enum Compilation {
    /// In this process, with limits on size and on the time that is waited: for components of one's own. What takes longer
    /// goes on to its end on its thread, and what memory it takes is not limited.
    #[default]
    InProcess,
    /// In a process of its own, with limits: for components of strangers. Loading then needs a tokio runtime whose I/O is
    /// enabled.
    ChildProcess(ChildCompiler),
}

/// How to start the process that compiles: a program that calls [`compile_child`].
#[derive(Clone, Debug)]
pub struct ChildCompiler {
    /// The program, as a rule this one.
    pub program: PathBuf,
    /// What makes it call [`compile_child`].
    pub arguments: Vec<OsString>,
    /// Real time for one component. Default 60 s.
    pub time: Duration,
    /// Address space for one component, in bytes. Default 4 GiB.
    pub memory_bytes: u64,
}

/// The longest machine code that is taken from the process.
const MAX_CODE_BYTES: u64 = 1 << 30;

/// The environment variables that tell the process its limits.
const SECONDS: &str = "HAP_COMPILE_SECONDS";
const MEMORY: &str = "HAP_COMPILE_MEMORY_BYTES";

/// The exit code with which the process says that the component is invalid; its words follow on standard output.
const INVALID: u8 = 3;

impl ChildCompiler {
    /// This program, called with `arguments`, with the default limits.
    ///
    /// # Errors
    /// When the system does not tell where this program is.
    pub fn this_program(
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> io::Result<ChildCompiler> {
        Ok(ChildCompiler {
            program: std::env::current_exe()?,
            arguments: arguments.into_iter().map(Into::into).collect(),
            time: Duration::from_secs(60),
            memory_bytes: 4 << 30,
        })
    }
}

/// Compiles a component in a process of its own, which ends with this future.
pub(crate) async fn in_child(child: &ChildCompiler, bytes: &[u8]) -> Result<Vec<u8>, SandboxError> {
    let failed = |what: &str, error: io::Error| SandboxError::CompilerProcess {
        message: format!("{what}: {error}"),
    };
    let mut process = tokio::process::Command::new(&child.program)
        .args(&child.arguments)
        .env_clear()
        .env(SECONDS, processor_seconds(child.time).to_string())
        .env(MEMORY, child.memory_bytes.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(&format!("cannot start `{}`", child.program.display()), error))?;
    let (Some(mut input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
        return Err(SandboxError::CompilerProcess {
            message: "it has no standard input or output".to_owned(),
        });
    };
    let exchange = async {
        let send = async {
            // A process that refuses what it is sent says why in its answer.
            let _ = input.write_all(bytes).await;
            drop(input);
        };
        let mut answer = Vec::new();
        let mut output = output.take(MAX_CODE_BYTES);
        let ((), read) = tokio::join!(send, output.read_to_end(&mut answer));
        read?;
        Ok((process.wait().await?, answer))
    };
    let limit = |allowed: String, message: &str| SandboxError::CompileLimit {
        allowed,
        message: message.to_owned(),
    };
    let (status, answer) = match tokio::time::timeout(child.time, exchange).await {
        Ok(done) => done.map_err(|error: io::Error| failed("it cannot be talked to", error))?,
        Err(_) => return Err(took_longer(child.time)),
    };
    match status.code() {
        Some(0) => Ok(answer),
        Some(code) if code == i32::from(INVALID) => Err(SandboxError::Invalid {
            message: sanitize(&String::from_utf8_lossy(&answer), 2000),
        }),
        Some(code) => Err(SandboxError::CompilerProcess {
            message: format!("it ended with exit code {code}"),
        }),
        None => {
            let allowed = format!("{} MiB and {} s", child.memory_bytes >> 20, child.time.as_secs());
            Err(limit(allowed, "its process was ended by the system"))
        }
    }
}

/// The error of a compilation that took more than `allowed`.
pub(crate) fn took_longer(allowed: Duration) -> SandboxError {
    SandboxError::CompileLimit {
        allowed: format!("{} s", allowed.as_secs_f32()),
        message: "it took longer".to_owned(),
    }
}

/// The processor time that goes with a limit on real time: compiling uses every processor. It ends a process whose parent
/// is gone; as long as there is one, real time comes first.
fn processor_seconds(time: Duration) -> u64 {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get) as u64;
    (time.as_secs() + 2).saturating_mul(processors)
}

/// What the process does: limits itself, reads a component on standard input and writes its machine code on standard
/// output.
pub fn compile_child() -> ExitCode {
    let limit = |name: &str, resource: Resource| {
        let value = std::env::var(name).ok().and_then(|value| value.parse().ok());
        value.is_some_and(|value: u64| {
            setrlimit(
                resource,
                Rlimit {
                    current: Some(value),
                    maximum: Some(value),
                },
            )
            .is_ok()
        })
    };
    if !limit(SECONDS, Resource::Cpu) || !limit(MEMORY, Resource::As) {
        // Compiling without limits is what this process exists to prevent.
        return ExitCode::FAILURE;
    }
    // A crash is an answer; its memory must not land on disk.
    let _ = setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    );
    let mut bytes = Vec::new();
    if io::stdin().lock().read_to_end(&mut bytes).is_err() {
        return ExitCode::FAILURE;
    }
    let (answer, code) = match compiled(&bytes) {
        Ok(code) => (code, ExitCode::SUCCESS),
        Err(error) => (crate::error::chain(&error).into_bytes(), ExitCode::from(INVALID)),
    };
    match io::stdout().lock().write_all(&answer) {
        Ok(()) => code,
        Err(_) => ExitCode::FAILURE,
    }
}

fn compiled(bytes: &[u8]) -> wasmtime::Result<Vec<u8>> {
    Component::from_binary(&engine::build_compiler()?, bytes)?.serialize()
}
