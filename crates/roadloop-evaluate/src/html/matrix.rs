//! The confusion matrix as a table: a cell's number leads to its images.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use super::{Page, escape};
use crate::ConfusionCell;

/// A wider table is not read; the classes with the most truths stay.
const MOST_CLASSES: usize = 40;

type Key = (Option<u32>, Option<u32>);

pub(super) fn section(page: &Page<'_>) -> String {
    let confusion = &page.report.confusion;
    let mut html = format!(
        "<h2 id=\"matrix\">Confusion</h2><div class=\"card\"><p class=\"soft\">A row is what is \
         there, a column what was found there (IoU {} or more, confidence {:.3} or more): the \
         pair that overlaps most comes first, whatever its classes. The stronger the colour, \
         the larger the part of its row. A number leads to the images.</p>",
        confusion.iou, confusion.confidence,
    );
    let cells: HashMap<Key, &ConfusionCell> =
        confusion.cells.iter().map(|cell| ((cell.truth, cell.found), cell)).collect();
    let mut classes: Vec<u32> = (0..page.report.classes.len() as u32).collect();
    let truths =
        |class: &u32| page.report.of_classes.get(*class as usize).map_or(0, |one| one.truths);
    classes.sort_by_key(|class| std::cmp::Reverse(truths(class)));
    let left_out = classes.len().saturating_sub(MOST_CLASSES);
    classes.truncate(MOST_CLASSES);
    classes.sort_unstable();
    let sides: Vec<Option<u32>> = classes.into_iter().map(Some).chain([None]).collect();
    let name =
        |class: Option<u32>| class.map_or("nothing".to_owned(), |class| escape(page.class(class)));
    html += "<table class=\"matrix\"><thead><tr><th scope=\"col\">there ╲ found</th>";
    let across = if sides.len() > 8 { " class=\"across\"" } else { "" };
    for found in &sides {
        let _ = write!(html, "<th scope=\"col\"><span{across}>{}</span></th>", name(*found));
    }
    html += "</tr></thead><tbody>";
    let mut lists = String::new();
    for truth in &sides {
        let _ = write!(html, "<tr><th scope=\"row\">{}</th>", name(*truth));
        let count = |found: &Option<u32>| cells.get(&(*truth, *found)).map_or(0, |cell| cell.count);
        let row: u64 = sides.iter().map(count).sum();
        for found in &sides {
            match cells.get(&(*truth, *found)) {
                _ if truth.is_none() && found.is_none() => html += "<td aria-hidden=\"true\"></td>",
                None => html += "<td>0</td>",
                Some(cell) => {
                    let wrong = if truth == found { "" } else { " class=\"wrong\"" };
                    let share = cell.count as f64 / row.max(1) as f64;
                    let (id, count) = (id(*truth, *found), cell.count);
                    let _ = write!(
                        html,
                        "<td{wrong} style=\"--share:{share:.3}\"><a href=\"#{id}\">{count}</a></td>",
                    );
                    let what = match (truth, found) {
                        (None, _) => format!("Nothing, found as {}", name(*found)),
                        (_, None) => format!("{}, missed", name(*truth)),
                        _ if truth == found => format!("{}, found", name(*truth)),
                        _ => format!("{}, taken for {}", name(*truth), name(*found)),
                    };
                    lists += &list(page, cell, &id, &what);
                }
            }
        }
        html += "</tr>";
    }
    html += "</tbody></table>";
    if left_out > 0 {
        let _ = write!(
            html,
            "<p class=\"soft\">The {MOST_CLASSES} classes with the most truths; {left_out} more \
             are in the report's JSON.</p>",
        );
    }
    html + "</div>" + &lists
}

fn id(truth: Option<u32>, found: Option<u32>) -> String {
    let side = |class: Option<u32>| class.map_or("nothing".to_owned(), |class| class.to_string());
    format!("cell-{}-{}", side(truth), side(found))
}

/// Seen only once its number was clicked.
fn list(page: &Page<'_>, cell: &ConfusionCell, id: &str, what: &str) -> String {
    let shown: HashSet<u32> = page.shown().map(|image| image.image).collect();
    let mut html =
        format!("<section class=\"card cell\" id=\"{id}\"><h3>{what}: {}</h3><ul>", cell.count,);
    for example in &cell.examples {
        let name = escape(&example.name);
        let _ = if shown.contains(&example.image) {
            write!(html, "<li><a href=\"#image-{}\">{name}</a></li>", example.image)
        } else {
            write!(html, "<li>{name}</li>")
        };
    }
    html + "</ul></section>"
}
