//! A model file run by ONNX Runtime.
//!
//! `ort` lets a session run for one thread at a time, because ONNX Runtime's
//! `Run` shares state between calls that is not guarded on every provider. So
//! workers borrow sessions from a pool: one is opened with the model, another
//! only when all are busy and the limit allows it, and a run never waits
//! behind another while a session may still be opened.

use std::borrow::Cow;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

use bytes::Bytes;
use ort::ep;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{RunOptions, SessionInputValue, SessionOutputs};
use ort::value::{Outlet, Tensor as OrtTensor, TensorElementType, ValueType};

use super::{Element, Model, Port, Tensor, Values};
use crate::{ModelError, runtime};

/// Protobuf, and so ONNX, ends at 2 GiB.
const LARGEST_MODEL: u64 = 1 << 31;

/// Where a model comes from.
#[derive(Clone, Debug)]
pub enum ModelSource {
    File(PathBuf),
    /// A model built into the program, or one that is in no file yet: its name
    /// without an extension, and the bytes of its ONNX file.
    Bytes {
        name: Cow<'static, str>,
        bytes: Bytes,
    },
}

/// How a model is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionOptions {
    /// Threads that work on one image together. 1 is right when several images
    /// are worked on at once; more does not change the result's meaning but
    /// may change its last bits.
    pub threads: usize,
    /// Images in work at once, at most; 0 means one per core.
    pub at_once: usize,
    /// Memory of a run is kept for the next, not given back at its end. For small
    /// inputs, of which many are looked at: fresh pages are a tenth of the time
    /// there. With large ones it adds up, from one model to the next.
    pub keeps_memory: bool,
}

impl Default for SessionOptions {
    fn default() -> SessionOptions {
        SessionOptions { threads: 1, at_once: 0, keeps_memory: false }
    }
}

pub(crate) struct Session {
    name: String,
    bytes: Bytes,
    /// Where a graph's external data lies.
    folder: Option<PathBuf>,
    threads: usize,
    keeps_memory: bool,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    pool: Mutex<Pool>,
    returned: Condvar,
}

struct Pool {
    idle: Vec<ort::session::Session>,
    opened: usize,
    limit: usize,
}

/// Reads a model, whole: its hash names it and its sessions are opened from
/// the same bytes, so a file replaced meanwhile cannot mix two models.
pub(crate) fn read_source(source: &ModelSource) -> Result<Bytes, ModelError> {
    let path = match source {
        ModelSource::Bytes { bytes, .. } => return Ok(bytes.clone()),
        ModelSource::File(path) => path,
    };
    let failed = |error| ModelError::io("cannot read the model", path, error);
    let about = fs::metadata(path).map_err(failed)?;
    if about.len() > LARGEST_MODEL {
        return Err(ModelError::TooLarge {
            path: path.clone(),
            size_bytes: about.len(),
            limit_bytes: LARGEST_MODEL,
        });
    }
    if !about.is_file() {
        return Err(ModelError::NotAModel {
            model: path.display().to_string(),
            reason: "it is not a file".to_owned(),
        });
    }
    fs::read(path).map(Bytes::from).map_err(failed)
}

impl Session {
    pub(crate) fn open(
        name: &str,
        bytes: Bytes,
        folder: Option<&Path>,
        options: SessionOptions,
    ) -> Result<Session, ModelError> {
        let limit = match options.at_once {
            0 => available_parallelism().map_or(1, usize::from),
            at_once => at_once,
        };
        let mut session = Session {
            name: name.to_owned(),
            bytes,
            folder: folder.map(Path::to_path_buf),
            threads: options.threads.max(1),
            keeps_memory: options.keeps_memory,
            inputs: Vec::new(),
            outputs: Vec::new(),
            pool: Mutex::new(Pool { idle: Vec::new(), opened: 1, limit }),
            returned: Condvar::new(),
        };
        let first = session.another()?;
        session.inputs = first.inputs().iter().map(port).collect();
        session.outputs = first.outputs().iter().map(port).collect();
        session.pool().idle.push(first);
        Ok(session)
    }

    fn another(&self) -> Result<ort::session::Session, ModelError> {
        let refused = |error: &dyn fmt::Display| ModelError::NotAModel {
            model: self.name.clone(),
            reason: one_line(error),
        };
        let environment = runtime::environment()?;
        let build = || -> ort::Result<ort::session::Session> {
            let mut builder = ort::session::Session::builder(&environment)?
                .with_intra_threads(self.threads)?
                .with_inter_threads(1)?
                .with_optimization_level(GraphOptimizationLevel::All)?
                // Idle threads sleep: the cores belong to the other workers.
                .with_intra_op_spinning(false)?
                .with_execution_providers([ep::CPU::default()
                    .with_arena_allocator(true)
                    .build()])?;
            if let Some(folder) = &self.folder {
                builder = builder.with_config_entry(
                    "session.model_external_initializers_file_folder_path",
                    folder.to_string_lossy(),
                )?;
            }
            builder.commit_from_memory(&self.bytes)
        };
        build().map_err(|error| refused(&error))
    }

    fn borrow(&self) -> Result<Borrowed<'_>, ModelError> {
        let mut pool = self.pool();
        loop {
            if let Some(session) = pool.idle.pop() {
                return Ok(Borrowed { owner: self, session: Some(session) });
            }
            if pool.opened < pool.limit {
                pool.opened += 1;
                drop(pool);
                // Given back even when opening fails: the slot is free again.
                let mut borrowed = Borrowed { owner: self, session: None };
                borrowed.session = Some(self.another()?);
                return Ok(borrowed);
            }
            pool = self.returned.wait(pool).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session out of the pool; it goes back when dropped.
struct Borrowed<'s> {
    owner: &'s Session,
    session: Option<ort::session::Session>,
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        let mut pool = self.owner.pool();
        match self.session.take() {
            Some(session) => pool.idle.push(session),
            None => pool.opened -= 1,
        }
        drop(pool);
        self.owner.returned.notify_one();
    }
}

impl Model for Session {
    fn name(&self) -> &str {
        &self.name
    }

    fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    fn note(&self, key: &str) -> Option<String> {
        let borrowed = self.borrow().ok()?;
        borrowed.session.as_ref()?.metadata().ok()?.custom(key)
    }

    fn run(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, ModelError> {
        let failed = |error: &dyn fmt::Display| ModelError::Run {
            model: self.name.clone(),
            reason: one_line(error),
        };
        let mut values: Vec<SessionInputValue<'_>> = Vec::with_capacity(inputs.len());
        for input in inputs {
            let shape = input.shape;
            values.push(match input.values {
                Values::F32(data) => {
                    OrtTensor::from_array((shape, data)).map_err(|error| failed(&error))?.into()
                }
                Values::I64(data) => {
                    OrtTensor::from_array((shape, data)).map_err(|error| failed(&error))?.into()
                }
            });
        }
        let mut borrowed = self.borrow()?;
        let session = borrowed
            .session
            .as_mut()
            .ok_or_else(|| failed(&"a session was lost while it was borrowed"))?;
        let options = self.run_options().map_err(|error| failed(&error))?;
        let outputs = session.run_with_options(values.as_slice(), &options);
        self.copy_out(&outputs.map_err(|error| failed(&error))?)
    }
}

impl Session {
    fn run_options(&self) -> ort::Result<RunOptions> {
        let mut options = RunOptions::new()?;
        if !self.keeps_memory {
            options.set("memory.enable_memory_arena_shrinkage", "cpu:0")?;
        }
        Ok(options)
    }

    fn copy_out(&self, outputs: &SessionOutputs<'_>) -> Result<Vec<Tensor>, ModelError> {
        let mut tensors = Vec::with_capacity(self.outputs.len());
        for (port, (_, value)) in self.outputs.iter().zip(outputs.iter()) {
            let tensor = match port.element {
                Element::F32 => value
                    .try_extract_tensor::<f32>()
                    .ok()
                    .and_then(|(shape, data)| tensor(shape, Values::F32(data.to_vec()))),
                Element::I64 => value
                    .try_extract_tensor::<i64>()
                    .ok()
                    .and_then(|(shape, data)| tensor(shape, Values::I64(data.to_vec()))),
                Element::Other => None,
            };
            tensors.push(tensor.ok_or_else(|| ModelError::Output {
                model: self.name.clone(),
                found: "a tensor that is not what the file declares".to_owned(),
                expected: port.to_string(),
            })?);
        }
        Ok(tensors)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({})", self.name)
    }
}

fn tensor(shape: &[i64], values: Values) -> Option<Tensor> {
    let shape: Option<Vec<usize>> = shape.iter().map(|side| usize::try_from(*side).ok()).collect();
    Tensor::new(shape?, values)
}

fn port(outlet: &Outlet) -> Port {
    let name = outlet.name().to_owned();
    let ValueType::Tensor { ty, shape, .. } = outlet.dtype() else {
        return Port { name, shape: Vec::new(), element: Element::Other };
    };
    let element = match ty {
        TensorElementType::Float32 => Element::F32,
        TensorElementType::Int64 => Element::I64,
        _ => Element::Other,
    };
    // -1 is a side that is not known yet.
    let shape = shape.iter().map(|side| usize::try_from(*side).ok()).collect();
    Port { name, shape, element }
}

/// ONNX Runtime's messages name its source files line by line; the first line
/// says what is wrong.
fn one_line(error: &dyn fmt::Display) -> String {
    let text = error.to_string();
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("no message");
    line.trim().chars().take(300).collect()
}
