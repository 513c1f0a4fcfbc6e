mod exercise;

use std::process::ExitCode;

/// The heading, the title and the address of a card, or the whole card if it has another form.
fn parts(name: &str) -> [String; 3] {
    let card = exercise::card(name);
    let parts = || {
        let rest = card.strip_prefix("<h1>hello, ")?;
        let (text, rest) = rest.split_once("!</h1>\n<a title=\"")?;
        let (title, rest) = rest.split_once("\" href=\"/hello/")?;
        let address = rest.strip_suffix("\">again</a>")?;
        Some([text, title, address].map(str::to_owned))
    };
    parts().unwrap_or_else(|| [(); 3].map(|()| format!("a card of another form: {card}")))
}

fn main() -> ExitCode {
    check::program(|checks| {
        let plain = ["Ada", "Ada", "Ada"].map(str::to_owned);
        checks.equal("plain", "a plain name stays", &plain, &parts("Ada"));

        let [text, _, _] = parts("<script>a & b</script>");
        let expected = "&lt;script&gt;a &amp; b&lt;/script&gt;".to_owned();
        checks.equal(
            "text",
            "the heading shows the name as it is",
            &expected,
            &text,
        );
        let [text, _, _] = parts("&lt; means <");
        let expected = "&amp;lt; means &lt;".to_owned();
        checks.equal(
            "once",
            "a name that looks escaped is shown as it is, too",
            &expected,
            &text,
        );

        let [_, title, _] = parts("x\" onclick=\"steal()' y='");
        let expected = "x&quot; onclick=&quot;steal()&#x27; y=&#x27;".to_owned();
        checks.equal("title", "a quote does not end the title", &expected, &title);

        for (name, expected) in [
            ("R&D a/b?c#d", "R%26D%20a%2Fb%3Fc%23d"),
            ("<Zoé>", "%3CZo%C3%A9%3E"),
            ("\"100%\"", "%22100%25%22"),
            ("it_is.me-~", "it_is.me-~"),
            ("a\nb", "a%0Ab"),
        ] {
            let [_, _, address] = parts(name);
            checks.equal(
                "address",
                &format!("{name:?} is one part of an address"),
                &expected.to_owned(),
                &address,
            );
        }
    })
}
