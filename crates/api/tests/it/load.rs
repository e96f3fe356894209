//! The page that asks for a load, over a generator that only notes what it is asked for.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{HeaderName, Method, Request, header};
use tangle_api::{
    Auth, Beside, LoadBounds, LoadGenerator, LoadOrder, LoadPhase, LoadRefused, LoadRun, Pages,
};

use crate::harness::{Answer, Client, api_config, client};

const HOST: &str = "127.0.0.1:14265";
const OWN: &[(&str, &str)] = &[
    ("host", HOST),
    ("origin", "http://127.0.0.1:14265"),
    ("sec-fetch-site", "same-origin"),
];
const SCRIPT: &str = "<script>alert(1)</script>";
const ESCAPED: &str = "&lt;script&gt;alert(1)&lt;/script&gt;";
const GOOD: [(&str, &str); 7] = [
    ("rate", "20.5"),
    ("seconds", "30"),
    ("data", "2"),
    ("value", "1"),
    ("conflicts", "0"),
    ("size", "64"),
    ("tag", "load"),
];

/// Sends nothing.
struct Noted {
    has_coins: bool,
    /// Guard what it was told; held for a look or a change.
    run: Mutex<Option<LoadRun>>,
    stops: Mutex<usize>,
}

impl Noted {
    fn new(has_coins: bool) -> Arc<Self> {
        Arc::new(Self {
            has_coins,
            run: Mutex::default(),
            stops: Mutex::default(),
        })
    }

    fn order(&self) -> Option<LoadOrder> {
        self.run().map(|run| run.order)
    }

    /// Goes on with the run as `change` says.
    fn change(&self, change: impl FnOnce(&mut LoadRun)) {
        let mut run = self.run.lock().expect("no holder panics");
        change(run.as_mut().expect("there is a run"));
    }
}

impl LoadGenerator for Noted {
    fn bounds(&self) -> LoadBounds {
        LoadBounds {
            rates: 0.5..=100.0,
            weight_max: 10,
            size_bytes_max: 1_000,
            tag_bytes_max: 64,
            seconds: 1..=60,
            has_coins: self.has_coins,
        }
    }

    fn usual(&self) -> LoadOrder {
        LoadOrder {
            rate: 7.0,
            data: 1,
            value: 0,
            conflicts: 0,
            size_bytes: 33,
            tag: "usual".to_owned(),
            seconds: 10,
        }
    }

    fn start(&self, order: LoadOrder) -> Result<(), LoadRefused> {
        let mut run = self.run.lock().expect("no holder panics");
        if run.as_ref().is_some_and(|run| run.phase.is_open()) {
            return Err(LoadRefused::Running);
        }
        *run = Some(LoadRun {
            tag_start: order.tag.clone().into_bytes(),
            order,
            phase: LoadPhase::Sending,
            seconds: 0.0,
            rate: 0.0,
            data: 0,
            value: 0,
            conflicts: 0,
            refused: 0,
            fates: Vec::new(),
        });
        Ok(())
    }

    fn stop(&self) {
        *self.stops.lock().expect("no holder panics") += 1;
    }

    fn run(&self) -> Option<LoadRun> {
        self.run.lock().expect("no holder panics").clone()
    }
}

/// The pages of a node on which the generator puts the load.
async fn visitor(generator: &Arc<Noted>) -> Client {
    let node = client().await.node;
    let beside = Beside {
        load: Some(generator.clone()),
        ..Beside::default()
    };
    let config = api_config(Auth::usual(None));
    let pages = Pages::new(node.clone(), config, beside, Vec::new());
    Client {
        router: pages.router(),
        node,
    }
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).expect("pages are UTF-8")
}

async fn send(
    client: &Client,
    (method, path): (Method, &str),
    headers: &[(&str, &str)],
    fields: &[(&str, &str)],
) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    for (name, value) in headers {
        let name: HeaderName = name.parse().expect("a name");
        request = request.header(name, *value);
    }
    let mut form = form_urlencoded::Serializer::new(String::new());
    let body = form.extend_pairs(fields).finish();
    client
        .send(request.body(Body::from(body)).expect("a request"))
        .await
}

async fn page(client: &Client) -> String {
    let answer = send(client, (Method::GET, "/load"), &[("host", HOST)], &[]).await;
    assert_eq!(answer.status, 200);
    let policy = answer.headers["content-security-policy"].to_str();
    assert!(policy.is_ok_and(|policy| policy.contains("default-src 'none'")));
    text(&answer)
}

async fn start(client: &Client, fields: &[(&str, &str)]) -> Answer {
    send(client, (Method::POST, "/load"), OWN, fields).await
}

/// The good form with another value for a field.
fn with<'a>(name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let fields = GOOD.into_iter();
    let fields = fields.map(|field| {
        if field.0 == name {
            (name, value)
        } else {
            field
        }
    });
    fields.collect()
}

#[tokio::test]
async fn load_starts_shows_how_it_goes_and_is_stopped() {
    let generator = Noted::new(true);
    let client = visitor(&generator).await;
    let form = page(&client).await;
    for part in [
        "name=\"rate\" value=\"7\" type=\"number\" required=\"\" min=\"0.5\" max=\"100\"",
        "value=\"usual\"",
        "value=\"33\" type=\"number\" required=\"\" min=\"0\" max=\"1000\"",
        "name=\"conflicts\"",
        "href=\"/load\"",
    ] {
        assert!(form.contains(part), "{part} is missing: {form}");
    }
    assert!(!form.contains("data-renew"), "who types is not disturbed");

    let answer = start(&client, &GOOD).await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.headers[header::LOCATION], "/load");
    let wanted = LoadOrder {
        rate: 20.5,
        data: 2,
        value: 1,
        conflicts: 0,
        size_bytes: 64,
        tag: "load".to_owned(),
        seconds: 30,
    };
    assert_eq!(generator.order(), Some(wanted));
    generator.change(|run| {
        run.seconds = 12.3;
        run.rate = 19.9;
        run.data = 1_164;
        run.value = 582;
        run.refused = 77;
        run.fates = vec![("refused", format!("77 times 503: {SCRIPT}"))];
    });
    let going = page(&client).await;
    for part in [
        "Sending",
        "data-renew",
        "12 of 30",
        "1\u{202f}164",
        "1\u{202f}746",
        "582",
        ">77<",
        ESCAPED,
        "action=\"/load/stop\"",
        "href=\"/visualizer?tag=0x6c6f6164\"",
    ] {
        assert!(going.contains(part), "{part} is missing: {going}");
    }
    assert!(!going.contains("action=\"/load\"") && !going.contains("In pairs"));

    let answer = send(&client, (Method::POST, "/load/stop"), OWN, &[]).await;
    assert_eq!(answer.status, 303);
    assert_eq!(*generator.stops.lock().expect("no holder panics"), 1);
    generator.change(|run| run.phase = LoadPhase::Ended);
    let ended = page(&client).await;
    for part in [
        "It has ended",
        "1\u{202f}746 blocks in 12.3 s",
        "value=\"20.5\"",
        "Start",
    ] {
        assert!(ended.contains(part), "{part} is missing: {ended}");
    }
    assert!(!ended.contains("data-renew"));
    assert_eq!(start(&client, &GOOD).await.status, 303, "another one");
    let reason = format!("the faucet gives no coins: {SCRIPT}");
    generator.change(|run| run.phase = LoadPhase::Failed(reason));
    let failed = page(&client).await;
    assert!(failed.contains("the faucet gives no coins") && failed.contains(ESCAPED));
    assert!(!failed.contains(SCRIPT));
}

#[tokio::test]
async fn load_that_was_stopped_early_has_not_failed() {
    let generator = Noted::new(true);
    let client = visitor(&generator).await;
    assert_eq!(start(&client, &GOOD).await.status, 303);
    generator.change(|run| run.phase = LoadPhase::Stopped);
    let stopped = page(&client).await;
    assert!(
        stopped.contains("stopped before the first block"),
        "{stopped}"
    );
    assert!(!stopped.contains("health bad") && !stopped.contains("health good"));
    assert!(!stopped.contains("data-renew") && !stopped.contains("class=\"numbers\""));
    assert_eq!(start(&client, &GOOD).await.status, 303, "another one");

    generator.change(|run| run.phase = LoadPhase::Ended);
    assert!(
        page(&client).await.contains("health bad"),
        "the node took nothing"
    );
}

#[tokio::test]
async fn what_is_out_of_bounds_is_refused_beside_its_field_and_kept() {
    let generator = Noted::new(true);
    let client = visitor(&generator).await;
    let long = "ü".repeat(33);
    for (name, value, mistake) in [
        ("rate", "0.4", "From 0.5 to 100 blocks a second."),
        ("rate", "101", "From 0.5 to 100 blocks a second."),
        ("rate", "NaN", "From 0.5 to 100 blocks a second."),
        ("rate", "", "From 0.5 to 100 blocks a second."),
        ("seconds", "61", "A whole number from 1 to 60 seconds."),
        ("seconds", "0", "A whole number from 1 to 60 seconds."),
        ("data", "11", "A whole number from 0 to 10."),
        ("value", "-1", "A whole number from 0 to 10."),
        ("conflicts", "1.5", "A whole number from 0 to 10."),
        ("size", "1001", "A whole number from 0 to 1000 bytes."),
        ("tag", &long, "It has 66 bytes, at most 64 fit."),
    ] {
        let answer = start(&client, &with(name, value)).await;
        let page = text(&answer);
        assert_eq!(answer.status, 400, "{name}={value}: {page}");
        let about = format!("<p class=\"wrong\" id=\"{name}-wrong\">{mistake}</p>");
        assert!(page.contains(&about), "{name}={value}: {page}");
        assert_eq!(page.matches("class=\"wrong\"").count(), 1, "{page}");
        assert!(page.contains(&format!("aria-describedby=\"{name}-wrong\"")));
        for (other, value) in with(name, value) {
            let (_, field) = page.split_once(&format!("name=\"{other}\"")).expect("it");
            let (field, _) = field.split_once('>').expect("it ends");
            assert!(field.contains(&format!("value=\"{value}\"")), "{field}");
        }
    }
    let nothing = [
        &with("data", "0")[..3],
        &[("value", "0"), ("conflicts", "0")],
    ]
    .concat();
    let page = text(&start(&client, &[&nothing[..], &GOOD[5..]].concat()).await);
    assert!(page.contains("nothing would be sent"), "{page}");
    assert_eq!(generator.order(), None, "nothing was started");
}

#[tokio::test]
async fn hostile_tag_is_shown_as_a_text() {
    let generator = Noted::new(true);
    let client = visitor(&generator).await;
    let tag = format!("\"{SCRIPT}\u{202e}'");
    let answer = start(&client, &with("tag", &tag)).await;
    assert_eq!(answer.status, 303);
    assert_eq!(generator.order().map(|order| order.tag), Some(tag));
    let going = page(&client).await;
    generator.change(|run| run.phase = LoadPhase::Ended);
    for page in [going, page(&client).await] {
        assert!(page.contains(ESCAPED), "{page}");
        assert!(
            !page.contains(SCRIPT) && !page.contains('\u{202e}'),
            "{page}"
        );
    }
}

#[tokio::test]
async fn only_the_page_itself_starts_and_stops() {
    let generator = Noted::new(true);
    let client = visitor(&generator).await;
    let foreign: [&[(&str, &str)]; 7] = [
        &[("host", HOST), ("origin", "https://evil.example")],
        &[("host", HOST), ("origin", "null")],
        &[("host", HOST), ("origin", "http://127.0.0.1:3000")],
        &[("host", HOST), ("sec-fetch-site", "cross-site")],
        &[("host", HOST), ("sec-fetch-site", "same-site")],
        // A name that was made to lead here after the page was loaded.
        &[
            ("host", "evil.example:14265"),
            ("origin", "http://evil.example:14265"),
            ("sec-fetch-site", "same-origin"),
        ],
        &[],
    ];
    for headers in foreign {
        for path in ["/load", "/load/stop"] {
            let answer = send(&client, (Method::POST, path), headers, &GOOD).await;
            assert_eq!(answer.status, 403, "{path} {headers:?}");
        }
        assert_eq!(generator.order(), None, "{headers:?}");
    }
    assert_eq!(*generator.stops.lock().expect("no holder panics"), 0);
    for path in ["/load", "/load/stop"] {
        let answer = send(&client, (Method::PUT, path), OWN, &GOOD).await;
        assert_eq!(answer.status, 405, "{path}");
    }
    let named = [("host", "evil.example:14265")];
    let answer = send(&client, (Method::GET, "/load"), &named, &[]).await;
    let page = text(&answer);
    assert!(!page.contains("<form method=\"post\""), "{page}");
    assert!(page.contains("localhost"));
}

#[tokio::test]
async fn second_load_is_refused_while_one_goes_on() {
    let generator = Noted::new(true);
    let client = visitor(&generator).await;
    assert_eq!(start(&client, &GOOD).await.status, 303);
    let first = generator.order();
    for phase in [
        LoadPhase::Preparing,
        LoadPhase::Sending,
        LoadPhase::Settling,
    ] {
        generator.change(|run| run.phase = phase);
        let answer = start(&client, &with("tag", "second")).await;
        assert_eq!(answer.status, 409);
        let page = text(&answer);
        for part in ["a run goes on", "value=\"second\"", "See how it goes"] {
            assert!(page.contains(part), "{part} is missing: {page}");
        }
        assert!(!page.contains("data-renew"), "it stays to be read");
        assert_eq!(generator.order(), first);
    }
}

#[tokio::test]
async fn without_coins_there_are_no_transfers() {
    let generator = Noted::new(false);
    let client = visitor(&generator).await;
    let form = page(&client).await;
    assert!(
        !form.contains("name=\"value\"") && form.contains("no faucet"),
        "{form}"
    );
    assert_eq!(start(&client, &GOOD).await.status, 303);
    let order = generator.order().expect("it began");
    assert_eq!((order.data, order.value, order.conflicts), (2, 0, 0));
}

#[tokio::test]
async fn without_a_generator_there_is_no_page() {
    let node = client().await.node;
    let config = api_config(Auth::open());
    let pages = Pages::new(node.clone(), config, Beside::default(), Vec::new());
    let client = Client {
        router: pages.router(),
        node,
    };
    for path in ["/load", "/load/stop"] {
        let answer = send(&client, (Method::POST, path), OWN, &GOOD).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    assert!(!text(&client.get("/").await).contains("/load"));
}
