//! Drawings of records, as SVG.
//!
//! They stand inline in the book's pages, so text and axes take the page's colour, and each engine has a colour for light pages
//! and one for dark ones. An engine is told by the shape of its mark first. plotters, the usual library, writes fixed colours,
//! and neither titles nor descriptions.

use crate::plots::Plot;
use crate::record::Record;

const WIDTH: f64 = 720.0;
/// Where the field of the drawing begins and ends.
const LEFT: f64 = 72.0;
const RIGHT: f64 = WIDTH - 24.0;
/// The height of the title, and of the title with the two lines that name the marks.
const TITLE: f64 = 34.0;
const HEAD: f64 = 84.0;
/// The height of the two lines that date a drawing.
const FOOT: f64 = 44.0;

/// What each engine is drawn with: its colour on light pages, on dark pages, and its mark about the origin.
const STYLES: [(&str, &str, &str); 6] = [
    ("#1f5fa8", "#7db4f0", "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0Z"),
    ("#a84300", "#f2b35c", "M-4.5 -4.5h9v9h-9Z"),
    ("#b3261e", "#ff9a90", "M0 -6L6 0L0 6L-6 0Z"),
    ("#22722b", "#84d38a", "M0 -6L5.5 4.5H-5.5Z"),
    ("#5b6472", "#a3adbb", "M-5 -5L5 5M-5 5L5 -5"),
    ("#8a2a8f", "#dfa3e4", "M-6 0H6M0 -6V6"),
];

/// A drawing that is begun: what stands in it so far.
struct Drawing(String);

impl Drawing {
    /// Begins a drawing whose field ends at `bottom`, and dates it there.
    fn begin(plot: &Plot, record: &Record, bottom: f64) -> Drawing {
        let (id, height) = (plot.name, bottom + FOOT);
        let (title, run) = (escaped(plot.title), escaped(&record.run));
        let mut drawing = Drawing(String::new());
        drawing.add(format!(
            r#"<svg id="{id}" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="{id}-title {id}-run">
<title id="{id}-title">{title}</title>
<desc id="{id}-run">{run}. The table below has the figures.</desc>"#
        ));
        // Alone in a window the drawing has no page whose colour it could take.
        let mut style = format!(
            ":root#{id}{{color-scheme:light dark;color:light-dark(#222,#ddd)}}\
             #{id}{{text{{font:13px sans-serif;fill:currentColor}}path{{fill:none;stroke:currentColor}}"
        );
        for (engine, (light, dark, _)) in STYLES.iter().enumerate() {
            style += &format!(".e{engine}{{color:light-dark({light},{dark})}}");
        }
        drawing.add(format!("<style>{style}}}</style>"));
        drawing
            .add(format!(r#"<text x="{LEFT:.1}" y="18.0" text-anchor="start" style="font-weight:600">{title}</text>"#));
        let (machine, versions) = run.split_at(run.find("rustc ").unwrap_or(0));
        for (line, y) in [(machine.trim_end_matches(", "), 20.0), (versions, 36.0)] {
            let y = bottom + y;
            drawing.add(format!(
                r#"<text x="{RIGHT:.1}" y="{y:.1}" text-anchor="end" style="font-size:11px">{line}</text>"#
            ));
        }
        drawing
    }

    fn add(&mut self, element: String) {
        self.0 += &element;
        self.0.push('\n');
    }

    /// Names each engine's mark.
    fn key(&mut self, record: &Record) {
        for (engine, name) in record.columns.iter().enumerate() {
            let x = LEFT + 6.0 + 215.0 * (engine % 3) as f64;
            let y = 42.0 + 22.0 * (engine / 3) as f64;
            self.mark(engine, x, y, name);
            self.text(x + 12.0, y + 4.5, "start", name);
        }
    }

    fn text(&mut self, x: f64, y: f64, anchor: &str, text: &str) {
        let text = escaped(text);
        self.add(format!(r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{text}</text>"#));
    }

    /// Draws a line of the field; what is not a curve stays in the background.
    fn grid(&mut self, path: String) {
        self.add(format!(r#"<path opacity="0.25" d="{path}"/>"#));
    }

    /// Draws an engine's mark, which says in a tooltip what it stands for.
    fn mark(&mut self, engine: usize, x: f64, y: f64, what: &str) {
        let (what, shape) = (escaped(what), STYLES[engine].2);
        let fill = match shape.ends_with('Z') {
            true => "currentColor",
            false => "none",
        };
        self.add(format!(
            r#"<g class="e{engine}" transform="translate({x:.1} {y:.1})"><title>{what}</title><path style="fill:{fill}" stroke-width="2.4" d="{shape}"/></g>"#
        ));
    }

    fn end(self) -> String {
        self.0 + "</svg>\n"
    }
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;")
}

/// An axis whose equal steps are equal factors.
struct Axis {
    ticks: Vec<f64>,
    /// Where the first and the last tick lie in the drawing.
    at: (f64, f64),
}

impl Axis {
    /// Has 1, 2, 5, 10, 20 and so on, times the power of ten below all figures, to the first that is above them.
    fn around(record: &Record, at: (f64, f64)) -> Axis {
        let figures = record.rows.iter().flat_map(|(_, figures)| figures).flatten();
        let least = figures.clone().copied().fold(f64::INFINITY, f64::min);
        let most = figures.copied().fold(0.0, f64::max);
        let from = 10_f64.powf(least.log10().floor());
        let decades = (0..).map(|decade| from * 10_f64.powi(decade));
        let mut ticks = Vec::new();
        for tick in decades.flat_map(|decade| [1.0, 2.0, 5.0].map(|step| step * decade)) {
            ticks.push(tick);
            if tick >= most {
                break;
            }
        }
        Axis { ticks, at }
    }

    fn place(&self, figure: f64) -> f64 {
        let (from, to) = (self.ticks[0], self.ticks[self.ticks.len() - 1]);
        let share = (figure / from).ln() / (to / from).ln();
        self.at.0 + share * (self.at.1 - self.at.0)
    }
}

/// Writes a number with a comma after each three digits.
fn grouped(number: f64) -> String {
    let number = number.round() as u64;
    match number / 1_000 {
        0 => number.to_string(),
        thousands => format!("{},{:03}", grouped(thousands as f64), number % 1_000),
    }
}

/// Says what a mark stands for.
fn tooltip(engine: &str, label: &str, figure: f64) -> String {
    format!("{engine}, {label}: {}", grouped(figure))
}

/// Draws a curve for each engine; the rows' labels are numbers and lie on a logarithmic axis.
pub fn lines(plot: &Plot, record: &Record) -> String {
    let bottom = 400.0;
    let mut drawing = Drawing::begin(plot, record, bottom + 48.0);
    drawing.key(record);
    let y = Axis::around(record, (bottom, HEAD));
    for tick in &y.ticks {
        let at = y.place(*tick);
        drawing.grid(format!("M{LEFT:.1} {at:.1}H{RIGHT:.1}"));
        drawing.text(LEFT - 8.0, at + 4.5, "end", &grouped(*tick));
    }
    let number = |label: &str| label.replace(',', "").parse().unwrap_or(1.0);
    let x =
        Axis { ticks: record.rows.iter().map(|(label, _)| number(label)).collect(), at: (LEFT + 24.0, RIGHT - 36.0) };
    for tick in &x.ticks {
        drawing.text(x.place(*tick), bottom + 22.0, "middle", &grouped(*tick));
    }
    drawing.text((LEFT + RIGHT) / 2.0, bottom + 42.0, "middle", &record.label);
    for (engine, name) in record.columns.iter().enumerate() {
        let rows = record.rows.iter().zip(&x.ticks);
        let points: Vec<_> = rows
            .filter_map(|((label, figures), tick)| {
                let figure = figures[engine]?;
                let what = tooltip(name, &format!("{label} {}", record.label), figure);
                Some((x.place(*tick), y.place(figure), what))
            })
            .collect();
        let corners: Vec<_> = points.iter().map(|(x, y, _)| format!("{x:.1} {y:.1}")).collect();
        let path = corners.join("L");
        drawing.add(format!(r#"<path class="e{engine}" stroke-width="2" d="M{path}"/>"#));
        for (x, y, what) in points {
            drawing.mark(engine, x, y, &what);
        }
    }
    drawing.end()
}

/// Draws a strip for each row, with a mark for each engine.
pub fn marks(plot: &Plot, record: &Record) -> String {
    const STRIP: f64 = 52.0;
    let left = LEFT + 68.0;
    let bottom = HEAD + STRIP * record.rows.len() as f64;
    let mut drawing = Drawing::begin(plot, record, bottom + 28.0);
    drawing.key(record);
    let x = Axis::around(record, (left, RIGHT - 8.0));
    for (i, tick) in x.ticks.iter().enumerate() {
        let at = x.place(*tick);
        drawing.grid(format!("M{at:.1} {HEAD:.1}V{bottom:.1}"));
        // Every tick would be too many to read.
        if i.is_multiple_of(3) {
            drawing.text(at, bottom + 20.0, "middle", &grouped(*tick));
        }
    }
    for (row, (label, figures)) in record.rows.iter().enumerate() {
        let top = HEAD + STRIP * row as f64;
        drawing.grid(format!("M{LEFT:.1} {top:.1}H{RIGHT:.1}"));
        drawing.text(left - 10.0, top + STRIP / 2.0 + 4.5, "end", label);
        for (engine, figure) in figures.iter().enumerate() {
            let Some(figure) = *figure else { continue };
            // Each engine has its own height, so that equal figures do not hide each other.
            let y = top + 8.0 + 7.2 * engine as f64;
            let what = tooltip(&record.columns[engine], label, figure);
            drawing.mark(engine, x.place(figure), y, &what);
        }
    }
    drawing.end()
}

/// Draws a bar for each engine, from zero.
pub fn bars(plot: &Plot, record: &Record) -> String {
    const BAR: f64 = 30.0;
    let left = LEFT + 78.0;
    let (label, figures) = &record.rows[0];
    let bottom = TITLE + BAR * figures.len() as f64;
    let mut drawing = Drawing::begin(plot, record, bottom);
    let most = figures.iter().flatten().copied().fold(1.0, f64::max);
    for (engine, figure) in figures.iter().enumerate() {
        let y = TITLE + BAR * (engine as f64 + 0.5);
        let name = &record.columns[engine];
        drawing.text(left - 10.0, y + 4.5, "end", name);
        let Some(figure) = *figure else { continue };
        let end = left + figure / most * (RIGHT - 60.0 - left);
        let what = escaped(&tooltip(name, label, figure));
        drawing.add(format!(
            r#"<g class="e{engine}"><title>{what}</title><path stroke-width="16" d="M{left:.1} {y:.1}H{end:.1}"/></g>"#
        ));
        drawing.text(end + 8.0, y + 4.5, "start", &grouped(figure));
    }
    drawing.end()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::plots::PLOTS;

    /// The papers of mdBook's themes: two light ones, three dark ones.
    const LIGHT: [&str; 2] = ["#ffffff", "#e1e1db"];
    const DARK: [&str; 3] = ["#141617", "#161923", "#0f1419"];

    fn luminance(color: &str) -> f64 {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
            match value {
                low if low <= 0.040_45 => low / 12.92,
                high => ((high + 0.055) / 1.055).powf(2.4),
            }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    /// The contrast of WCAG 2.1, which asks for 3 where a graphic must be recognized.
    fn contrast(one: &str, other: &str) -> f64 {
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        (one / other).max(other / one)
    }

    #[test]
    fn every_engine_can_be_seen_on_every_paper() {
        for (light, dark, _) in STYLES {
            for paper in LIGHT {
                assert!(contrast(light, paper) >= 3.0, "{light} on {paper}");
            }
            for paper in DARK {
                assert!(contrast(dark, paper) >= 3.0, "{dark} on {paper}");
            }
        }
    }

    #[test]
    fn every_plot_of_the_book_is_drawn_from_its_text() {
        for plot in &PLOTS {
            let [text, drawing] = plot.files().map(|file| fs::read_to_string(file).unwrap());
            let record = plot.kept().unwrap();
            assert_eq!(record.to_string(), text);
            let is_drawn = drawing == (plot.draw)(plot, &record);
            assert!(is_drawn, "{}: run benches with --redraw", plot.name);
        }
    }

    #[test]
    fn a_plot_has_no_empty_line_and_closes_what_it_opens() {
        let row = |label: &str| (label.to_owned(), vec![Some(200.0), None, Some(12_345.0)]);
        let record = Record {
            run: "here < today".to_owned(),
            unit: "ns".to_owned(),
            label: "tasks".to_owned(),
            columns: ["a", "b & c", "d"].map(str::to_owned).to_vec(),
            rows: vec![row("10"), row("1,000")],
        };
        for plot in &PLOTS {
            let svg = (plot.draw)(plot, &record);
            assert!(!svg.contains("\n\n"), "Markdown would end the drawing here");
            assert!(svg.contains("b &amp; c") && svg.contains("here &lt; today"));
            for name in ["svg", "g", "text", "title", "desc", "style"] {
                let opened = svg.matches(&format!("<{name} ")).count() + svg.matches(&format!("<{name}>")).count();
                assert_eq!(opened, svg.matches(&format!("</{name}>")).count(), "{name}");
            }
            // Each figure has its mark and each engine its place in the key.
            assert!(svg.matches("12,345").count() >= 1);
        }
    }

    #[test]
    fn numbers_are_grouped_by_three_digits() {
        assert_eq!([1.0, 999.0, 1_000.0, 1_234_567.0].map(grouped), ["1", "999", "1,000", "1,234,567"]);
    }
}
