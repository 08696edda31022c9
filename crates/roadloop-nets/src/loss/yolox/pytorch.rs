//! The same step as PyTorch: losses, assignment, every layer's gradient, running values.
//!
//! `bench/train/gradients.py` makes the files that `ROADLOOP_GRADIENTS` (of YOLOX-nano) and
//! `ROADLOOP_GRADIENTS_DARKNET53` name.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, TensorData};

use super::*;
use crate::weights::{ClassRows, LoadOptions, Tensors, load, read};
use crate::{YoloxConfig, YoloxDarknet53, YoloxSize};

const CONFIG: YoloxConfig = YoloxConfig { size: YoloxSize::Nano, classes: 3 };

/// What a layer's gradient may be off, by the norms of difference and gradient.
const TOLERANCE: f64 = 1e-3;

struct Expected(Tensors);

impl Expected {
    fn read(variable: &str) -> Expected {
        let path = std::env::var_os(variable).expect(variable);
        Expected(read(path.as_ref(), CONFIG).expect("the expected file"))
    }

    fn values(&self, name: &str) -> &[f32] {
        self.0.arrays.get(name).unwrap_or_else(|| panic!("no {name} in the file")).values()
    }

    /// The arrays whose names begin so, without that.
    fn part(&self, prefix: &str) -> Tensors {
        let named = |(name, array): (&String, &_)| {
            Some((name.strip_prefix(prefix)?.to_owned(), Clone::clone(array)))
        };
        Tensors { arrays: self.0.arrays.iter().filter_map(named).collect(), ..Tensors::default() }
    }

    fn targets(&self) -> Vec<Vec<Target>> {
        let mut targets = vec![Vec::new(), Vec::new()];
        for row in self.values("targets").chunks_exact(6) {
            targets[row[0] as usize].push(Target {
                class: row[1] as u32,
                center_x: row[2],
                center_y: row[3],
                width: row[4],
                height: row[5],
            });
        }
        targets
    }

    fn assignment(&self) -> Assignment {
        let mut matches = vec![Vec::new(), Vec::new()];
        for row in self.values("matches").chunks_exact(4) {
            let of = Match { anchor: row[1] as usize, target: row[2] as usize, iou: row[3] };
            matches[row[0] as usize].push(of);
        }
        matches
    }
}

/// Where a visit is, in PyTorch's names: it has none for the variants of an enum.
#[derive(Default)]
struct Path(Vec<Option<String>>);

impl Path {
    fn enter(&mut self, name: &str, container: &str) {
        let name = name.replace("c3_", "C3_");
        self.0.push((!container.starts_with("Enum:")).then_some(name));
    }

    fn name(&self) -> String {
        self.0.iter().flatten().map(String::as_str).collect::<Vec<&str>>().join(".")
    }
}

/// The largest relative error of gradients and of running values, and whose it is.
struct Compare<'a> {
    expected: &'a Expected,
    gradients: Gradients,
    path: Path,
    compared: usize,
    worst: [(f64, String); 2],
}

impl ModuleVisitor for Compare<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.0.pop();
    }

    fn visit_float<const D: usize>(&mut self, weight: &Param<Tensor<D>>) {
        let name = self.path.name();
        let learns = weight.is_require_grad();
        let (found, expected) = if learns {
            let gradient = weight.val().grad_remove(&mut self.gradients);
            (gradient.expect("a gradient").into_data(), format!("gradients.{name}"))
        } else {
            (weight.val().into_data(), format!("after.{name}"))
        };
        let expected = self.expected.values(&expected);
        let found: Vec<f32> = found.iter::<f32>().collect();
        let error = relative(&found, expected);
        let worst = &mut self.worst[usize::from(!learns)];
        if error > worst.0 {
            *worst = (error, name);
        }
        self.compared += 1;
    }
}

/// The norm of the difference by the norm of what is expected.
fn relative(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|of| of * of).sum::<f64>().sqrt();
    let difference = norm(&mut found.iter().zip(expected).map(|(a, b)| f64::from(a - b)));
    difference / norm(&mut expected.iter().map(|of| f64::from(*of))).max(1e-12)
}

#[test]
#[ignore = "needs the file that bench/train/gradients.py makes with PyTorch"]
fn a_step_is_pytorch_s() {
    let expected = Expected::read("ROADLOOP_GRADIENTS");
    let network = CONFIG.init(&Device::flex().autodiff()).expect("a network");
    check(&expected, network, |network, images| network.forward(images).levels);
}

#[test]
#[ignore = "needs the file that bench/train/gradients.py makes with PyTorch"]
fn a_step_on_darknet53_is_pytorch_s() {
    let expected = Expected::read("ROADLOOP_GRADIENTS_DARKNET53");
    let network = YoloxDarknet53::init(3, &Device::flex().autodiff()).expect("a network");
    check(&expected, network, |network, images| network.forward(images).levels);
}

#[track_caller]
fn check<M: Module>(
    expected: &Expected,
    network: M,
    forward: impl Fn(&M, Tensor<4>) -> [Tensor<4>; 3],
) {
    let device = Device::flex().autodiff();
    let options = LoadOptions {
        classes: &["a", "b", "c"].map(str::to_owned),
        class_rows: ClassRows::of_yolox,
        strict: true,
    };
    let (network, loaded) = load(network, &expected.part("weights."), &options).expect("weights");
    assert_eq!(loaded.unsettled().count(), 0);
    let values = expected.values("images").to_vec();
    // Square ones, two of three channels.
    let side = (values.len() / 6).isqrt();
    let images = TensorData::new(values, [2, 3, side, side]);
    let maps = forward(&network, Tensor::from_data(images, &device));
    let rules = YoloxLoss { l1: true, ..YoloxLoss::new(3) };

    let (targets, given) = (expected.targets(), expected.assignment());
    let own = rules.assign(&maps, &targets).expect("an assignment");
    let pairs = |of: &Assignment| {
        of.iter().flatten().map(|of| (of.anchor, of.target)).collect::<Vec<(usize, usize)>>()
    };
    assert_eq!(pairs(&own), pairs(&given));
    for (own, given) in own.iter().flatten().zip(given.iter().flatten()) {
        assert!((own.iou - given.iou).abs() < 1e-4, "{own:?} is not {given:?}");
    }

    let losses = rules.forward_assigned(&maps, &targets, &given).expect("losses");
    let mut found = vec![losses.total.clone().into_scalar::<f32>()];
    found.extend(losses.parts.iter().map(|(_, value)| *value));
    let error = relative(&found, expected.values("losses"));
    assert!(error < 1e-5, "losses {found:?}: off by {error:e}");

    let mut compare = Compare {
        expected,
        gradients: losses.total.backward(),
        path: Path::default(),
        compared: 0,
        worst: Default::default(),
    };
    network.visit(&mut compare);
    let arrays = ["gradients.", "after."].map(|part| expected.part(part).arrays.len());
    assert_eq!(compare.compared, arrays[0] + arrays[1]);
    let said =
        format!("\n{} arrays, losses {error:e}, worst {:?}", compare.compared, compare.worst);
    // Where PyTorch itself is further from double precision, so may we be from it: both of us
    // may be off that far.
    let noise = f64::from(expected.values("noise")[0]);
    let tolerance = [TOLERANCE.max(2.0 * noise), TOLERANCE];
    let worst = compare.worst.iter().zip(tolerance);
    assert!(worst.into_iter().all(|((worst, _), most)| *worst < most), "{said}, noise {noise}");
    // Seen with `--nocapture`, for the record.
    std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes()).expect("a terminal");
}
