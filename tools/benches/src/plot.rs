//! Drawings of records, as SVG.
//!
//! They stand inline in the book's pages, so text and axes take the page's colour, and each engine has a colour for light pages
//! and one for dark ones. An engine is told by the shape of its mark first. plotters, the usual library, writes fixed colours.

use std::fmt::Write;

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
    (
        "#1f5fa8",
        "#7db4f0",
        "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0Z",
    ),
    ("#a84300", "#f2b35c", "M-4.5 -4.5h9v9h-9Z"),
    ("#b3261e", "#ff9a90", "M0 -6L6 0L0 6L-6 0Z"),
    ("#22722b", "#84d38a", "M0 -6L5.5 4.5H-5.5Z"),
    ("#5b6472", "#a3adbb", "M-5 -5L5 5M-5 5L5 -5"),
    ("#8a2a8f", "#dfa3e4", "M-6 0H6M0 -6V6"),
];

/// A drawing that is begun: what stands in it so far.
struct Drawing {
    svg: String,
}

impl Drawing {
    /// Begins a drawing whose field ends at `bottom`, and dates it there.
    fn begin(plot: &Plot, record: &Record, bottom: f64) -> Drawing {
        let (id, height) = (plot.name, bottom + FOOT);
        let mut svg = format!(
            "<svg id=\"{id}\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-run\">\n"
        );
        let _ = writeln!(
            svg,
            "<title id=\"{id}-title\">{}</title>",
            escaped(plot.title)
        );
        let _ = writeln!(
            svg,
            "<desc id=\"{id}-run\">{}. The table below has the figures.</desc>",
            escaped(&record.run)
        );
        let _ = write!(
            svg,
            "<style>#{id} text{{font:13px sans-serif;fill:currentColor}}"
        );
        let _ = write!(svg, "#{id} path{{fill:none;stroke:currentColor}}");
        // Alone in a window the drawing has no page whose colour it could take.
        let _ = write!(
            svg,
            ":root#{id}{{color-scheme:light dark;color:light-dark(#222,#ddd)}}"
        );
        for (engine, (light, dark, _)) in STYLES.iter().enumerate() {
            let _ = write!(svg, "#{id} .e{engine}{{color:light-dark({light},{dark})}}");
        }
        svg.push_str("</style>\n");
        let mut drawing = Drawing { svg };
        drawing.styled("font-weight:600", LEFT, 18.0, "start", plot.title);
        let (machine, versions) = record
            .run
            .split_once(", rustc ")
            .unwrap_or((&record.run, ""));
        let versions = format!("rustc {versions}");
        for (line, y) in [(machine, bottom + 20.0), (&versions, bottom + 36.0)] {
            drawing.styled("font-size:11px", RIGHT, y, "end", line);
        }
        drawing
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
        self.styled("", x, y, anchor, text);
    }

    fn styled(&mut self, style: &str, x: f64, y: f64, anchor: &str, text: &str) {
        let style = match style {
            "" => String::new(),
            style => format!(" style=\"{style}\""),
        };
        let text = escaped(text);
        let _ = writeln!(
            self.svg,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\"{style}>{text}</text>"
        );
    }

    /// Draws a line of the field; what is not a curve stays in the background.
    fn grid(&mut self, path: &str) {
        let _ = writeln!(self.svg, "<path opacity=\"0.25\" d=\"{path}\"/>");
    }

    /// Draws an engine's mark, which says in a tooltip what it stands for.
    fn mark(&mut self, engine: usize, x: f64, y: f64, what: &str) {
        let (what, shape) = (escaped(what), STYLES[engine].2);
        let fill = if shape.ends_with('Z') {
            "currentColor"
        } else {
            "none"
        };
        let _ = writeln!(
            self.svg,
            "<g class=\"e{engine}\" transform=\"translate({x:.1} {y:.1})\"><title>{what}</title><path style=\"fill:{fill}\" stroke-width=\"2.4\" d=\"{shape}\"/></g>"
        );
    }

    fn end(mut self) -> String {
        self.svg.push_str("</svg>\n");
        self.svg
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// An axis whose equal steps are equal factors.
struct Axis {
    from: f64,
    to: f64,
    /// Where the two ends lie in the drawing.
    at: (f64, f64),
}

impl Axis {
    /// Reaches from the power of ten below all figures to the tick above them.
    fn around(record: &Record, at: (f64, f64)) -> Axis {
        let figures = || {
            record
                .rows
                .iter()
                .flat_map(|(_, figures)| figures.iter().flatten().copied())
        };
        let from = 10_f64.powf(figures().fold(f64::INFINITY, f64::min).log10().floor());
        let most = figures().fold(0.0, f64::max);
        let mut axis = Axis {
            from,
            to: f64::INFINITY,
            at,
        };
        let above = axis.ticks().find(|tick| *tick >= most);
        axis.to = above.unwrap_or(most);
        axis
    }

    fn place(&self, figure: f64) -> f64 {
        let share = (figure / self.from).ln() / (self.to / self.from).ln();
        self.at.0 + share * (self.at.1 - self.at.0)
    }

    /// Gives 1, 2, 5, 10, 20 and so on, times the beginning, to the end.
    fn ticks(&self) -> impl Iterator<Item = f64> {
        let (from, to) = (self.from, self.to);
        let decades = (0..15).map(move |decade| from * 10_f64.powi(decade));
        let ticks = decades.flat_map(|decade| [1.0, 2.0, 5.0].map(|step| step * decade));
        ticks.take_while(move |tick| *tick <= to * 1.001)
    }
}

/// Writes a number with a comma after each three digits.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Says what a mark stands for.
fn tooltip(engine: &str, label: &str, figure: f64) -> String {
    format!("{engine}, {label}: {}", grouped(figure))
}

/// Draws a curve for each engine; the rows' labels are numbers and lie on a logarithmic axis.
pub fn lines(plot: &Plot, record: &Record) -> String {
    let (top, bottom) = (HEAD, 400.0);
    let mut drawing = Drawing::begin(plot, record, bottom + 48.0);
    drawing.key(record);
    let y = Axis::around(record, (bottom, top));
    for tick in y.ticks() {
        let at = y.place(tick);
        drawing.grid(&format!("M{LEFT:.1} {at:.1}H{RIGHT:.1}"));
        drawing.text(LEFT - 8.0, at + 4.5, "end", &grouped(tick));
    }
    let number = |label: &str| label.replace(',', "").parse::<f64>().unwrap_or(1.0);
    let ends = |row: Option<&(String, _)>| row.map_or(1.0, |(label, _)| number(label));
    let x = Axis {
        from: ends(record.rows.first()),
        to: ends(record.rows.last()),
        at: (LEFT + 24.0, RIGHT - 36.0),
    };
    for (label, _) in &record.rows {
        drawing.text(x.place(number(label)), bottom + 22.0, "middle", label);
    }
    drawing.text((LEFT + RIGHT) / 2.0, bottom + 42.0, "middle", &record.label);
    for (engine, name) in record.columns.iter().enumerate() {
        let points: Vec<_> = record
            .rows
            .iter()
            .filter_map(|(label, figures)| Some((label, figures[engine]?)))
            .map(|(label, figure)| (x.place(number(label)), y.place(figure), label, figure))
            .collect();
        let mut path = String::new();
        for (i, (x, y, ..)) in points.iter().enumerate() {
            let _ = write!(path, "{}{x:.1} {y:.1}", if i == 0 { 'M' } else { 'L' });
        }
        if !path.is_empty() {
            let _ = writeln!(
                drawing.svg,
                "<path class=\"e{engine}\" stroke-width=\"2\" d=\"{path}\"/>"
            );
        }
        for (x, y, label, figure) in points {
            drawing.mark(
                engine,
                x,
                y,
                &tooltip(name, &format!("{label} {}", record.label), figure),
            );
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
    for tick in x.ticks() {
        let at = x.place(tick);
        drawing.grid(&format!("M{at:.1} {HEAD:.1}V{bottom:.1}"));
        // Every tick would be too many to read.
        if (tick / x.from).log10().fract().abs() < 1e-6 {
            drawing.text(at, bottom + 20.0, "middle", &grouped(tick));
        }
    }
    for (row, (label, figures)) in record.rows.iter().enumerate() {
        let top = HEAD + STRIP * row as f64;
        drawing.grid(&format!("M{LEFT:.1} {top:.1}H{RIGHT:.1}"));
        drawing.text(left - 10.0, top + STRIP / 2.0 + 4.5, "end", label);
        for (engine, figure) in figures.iter().enumerate() {
            let Some(figure) = *figure else { continue };
            // Each engine has its own height, so that equal figures do not hide each other.
            let y = top + 8.0 + 7.2 * engine as f64;
            drawing.mark(
                engine,
                x.place(figure),
                y,
                &tooltip(&record.columns[engine], label, figure),
            );
        }
    }
    drawing.end()
}

/// Draws a bar for each engine, from zero.
pub fn bars(plot: &Plot, record: &Record) -> String {
    const BAR: f64 = 30.0;
    let left = LEFT + 78.0;
    let Some((label, figures)) = record.rows.first() else {
        return Drawing::begin(plot, record, TITLE).end();
    };
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
        let _ = writeln!(
            drawing.svg,
            "<g class=\"e{engine}\"><title>{what}</title><path stroke-width=\"16\" d=\"M{left:.1} {y:.1}H{end:.1}\"/></g>"
        );
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
                let opened = svg.matches(&format!("<{name} ")).count()
                    + svg.matches(&format!("<{name}>")).count();
                assert_eq!(opened, svg.matches(&format!("</{name}>")).count(), "{name}");
            }
            // Each figure has its mark and each engine its place in the key.
            assert!(svg.matches("12,345").count() >= 1);
        }
    }

    #[test]
    fn numbers_are_grouped_by_three_digits() {
        assert_eq!(
            [1.0, 999.0, 1_000.0, 1_234_567.0].map(grouped),
            ["1", "999", "1,000", "1,234,567"]
        );
    }
}
