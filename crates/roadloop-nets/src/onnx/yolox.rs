//! A YOLOX as a graph.

use burn::nn::conv::Conv2d;

use super::draw::values;
use super::graph::{ConvNode, Drawing, Wire};
use super::proto::{Attribute, ValueInfo};
use super::{OnnxBoxes, OnnxOptions};
use crate::Yolox;
use crate::yolox::darknet::Layer;
use crate::yolox::{Pafpn, STRIDES, YoloxHead, cells};

/// The whole network, in the order it runs.
pub(super) fn draw(network: &Yolox, options: &OnnxOptions<'_>) -> Drawing {
    let mut drawing = Drawing::default();
    let [height, width] = options.size;
    let maps = neck(&mut drawing, &network.backbone, &Wire("images".to_owned()));
    let levels: Vec<Wire> = maps
        .iter()
        .enumerate()
        .map(|(level, map)| head(&mut drawing, &network.head, level, map))
        .collect();
    let numbers = 5 + network.config.classes;
    let shapes = STRIDES.map(|stride| [height / stride, width / stride]);
    let count = cells(shapes).len();
    let flat = flat(&mut drawing, &levels, numbers);
    let output = match options.boxes {
        OnnxBoxes::Raw => flat,
        OnnxBoxes::Decoded => decoded(&mut drawing, &flat, shapes, numbers),
    };
    // The last node gives the output under the name people know.
    if let Some(last) = drawing.graph.node.last_mut().filter(|last| last.output == [output.0]) {
        last.output = vec!["output".to_owned()];
    }
    drawing.graph.name = network.config.size.name().to_owned();
    drawing.graph.input = vec![ValueInfo::of("images", &[1, 3, height, width])];
    drawing.graph.output = vec![ValueInfo::of("output", &[1, count, numbers])];
    drawing
}

fn neck(to: &mut Drawing, neck: &Pafpn, images: &Wire) -> [Wire; 3] {
    let dark = &neck.backbone;
    let mut map = to.focus("backbone.backbone.stem", &dark.stem, images);
    let mut maps = Vec::new();
    let stages = [(2, &dark.dark2), (3, &dark.dark3), (4, &dark.dark4), (5, &dark.dark5)];
    for (number, stage) in stages {
        for (at, layer) in stage.iter().enumerate() {
            let name = format!("backbone.backbone.dark{number}.{at}");
            map = match layer {
                Layer::Down(conv) => to.convolution(&name, conv, &map),
                Layer::Spp(spp) => to.spp(&name, spp, &map),
                Layer::Csp(csp) => to.csp(&name, csp, &map),
            };
        }
        maps.push(map.clone());
    }
    let (third, fourth, fifth) = (&maps[1], &maps[2], &maps[3]);
    let coarse = to.conv_norm("backbone.lateral_conv0", &neck.lateral_conv0, fifth);
    let large = twice_as_large(to, "backbone.up0", &coarse);
    let both = to.concat("backbone.cat0", 1, &[&large, fourth]);
    let middle = to.csp("backbone.C3_p4", &neck.c3_p4, &both);
    let middle = to.conv_norm("backbone.reduce_conv1", &neck.reduce_conv1, &middle);
    let large = twice_as_large(to, "backbone.up1", &middle);
    let both = to.concat("backbone.cat1", 1, &[&large, third]);
    let fine = to.csp("backbone.C3_p3", &neck.c3_p3, &both);
    let small = to.convolution("backbone.bu_conv2", &neck.bu_conv2, &fine);
    let both = to.concat("backbone.cat2", 1, &[&small, &middle]);
    let middle = to.csp("backbone.C3_n3", &neck.c3_n3, &both);
    let small = to.convolution("backbone.bu_conv1", &neck.bu_conv1, &middle);
    let both = to.concat("backbone.cat3", 1, &[&small, &coarse]);
    let coarse = to.csp("backbone.C3_n4", &neck.c3_n4, &both);
    [fine, middle, coarse]
}

fn twice_as_large(to: &mut Drawing, name: &str, map: &Wire) -> Wire {
    let scales = to.floats(&format!("{name}.scales"), &[4], &[1.0, 1.0, 2.0, 2.0]);
    let attributes = vec![
        Attribute::text("coordinate_transformation_mode", "asymmetric"),
        Attribute::text("mode", "nearest"),
        Attribute::text("nearest_mode", "floor"),
    ];
    // The region of interest, which this mode does not look at, is left out.
    to.node(name, "Resize", &[map, &Wire(String::new()), &scales], attributes)
}

/// One level: box, objectness and classes side by side, probabilities done. The class branch is
/// drawn first, as it runs in the original.
fn head(to: &mut Drawing, head: &YoloxHead, level: usize, map: &Wire) -> Wire {
    let map = to.conv_norm(&format!("head.stems.{level}"), &head.stems[level], map);
    let branch = |to: &mut Drawing, name: &str| {
        let convs = if name == "cls_convs" { &head.cls_convs } else { &head.reg_convs };
        let mut map = map.clone();
        for (at, conv) in convs[level].iter().enumerate() {
            map = to.convolution(&format!("head.{name}.{level}.{at}"), conv, &map);
        }
        map
    };
    let of_class = branch(to, "cls_convs");
    let classes =
        predict(to, &format!("head.cls_preds.{level}"), &head.cls_preds[level], &of_class);
    let of_box = branch(to, "reg_convs");
    let boxes = predict(to, &format!("head.reg_preds.{level}"), &head.reg_preds[level], &of_box);
    let object = predict(to, &format!("head.obj_preds.{level}"), &head.obj_preds[level], &of_box);
    let object = to.node(&format!("head.object.{level}"), "Sigmoid", &[&object], Vec::new());
    let classes = to.node(&format!("head.classes.{level}"), "Sigmoid", &[&classes], Vec::new());
    to.concat(&format!("head.cat.{level}"), 1, &[&boxes, &object, &classes])
}

fn predict(to: &mut Drawing, name: &str, conv: &Conv2d, map: &Wire) -> Wire {
    let weight = conv.weight.val();
    let shape = weight.dims();
    let bias = conv.bias.as_ref().map_or_else(|| vec![0.0; shape[0]], |bias| values(bias.val()));
    let node = ConvNode { shape, weight: values(weight), bias, stride: 1, groups: 1 };
    to.conv(name, node, map)
}

/// `[1, cells, numbers]`.
fn flat(to: &mut Drawing, levels: &[Wire], numbers: usize) -> Wire {
    let rows: Vec<Wire> = levels
        .iter()
        .enumerate()
        .map(|(level, map)| {
            let shape = to.integers(&format!("flat.{level}.shape"), &[1, numbers as i64, -1]);
            to.node(&format!("flat.{level}"), "Reshape", &[map, &shape], Vec::new())
        })
        .collect();
    let all = to.concat("flat.cat", 2, &rows.iter().collect::<Vec<_>>());
    to.node("flat", "Transpose", &[&all], vec![Attribute::ints("perm", &[0, 2, 1])])
}

/// The same arithmetic as [`crate::YoloxMaps::decode`].
fn decoded(to: &mut Drawing, flat: &Wire, shapes: [[usize; 2]; 3], numbers: usize) -> Wire {
    let cells = cells(shapes);
    let corners: Vec<f32> =
        cells.iter().flat_map(|cell| [cell.column as f32, cell.row as f32]).collect();
    let strides: Vec<f32> = cells.iter().map(|cell| cell.stride as f32).collect();
    let corners = to.floats("cells", &[1, cells.len(), 2], &corners);
    let strides = to.floats("strides", &[1, cells.len(), 1], &strides);
    let centres = to.slice("centres", flat, [0, 2], 2);
    let centres = to.node("centres.add", "Add", &[&centres, &corners], Vec::new());
    let centres = to.node("centres.mul", "Mul", &[&centres, &strides], Vec::new());
    let sizes = to.slice("sizes", flat, [2, 4], 2);
    let sizes = to.node("sizes.exp", "Exp", &[&sizes], Vec::new());
    let sizes = to.node("sizes.mul", "Mul", &[&sizes, &strides], Vec::new());
    let probabilities = to.slice("probabilities", flat, [4, numbers as i64], 2);
    to.concat("decoded", 2, &[&centres, &sizes, &probabilities])
}
