//! What is in the folder, whatever happens to a download.

use std::fs;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures::future::poll_fn;

use crate::downloads::{Failure, Limits, Retry, part_of};
use crate::local_servers::{Answer, Fault, Folder, Site, answer, bad_line, leaves, scripted};
use crate::{downloader, once, run, tea, until, url};

async fn has_length(path: &Path, length: u64) {
    until(|| fs::metadata(path).is_ok_and(|file| file.len() == length)).await;
}

#[test]
fn a_whole_file_gets_its_name_and_nothing_else_is_left() {
    let folder = Folder::new().unwrap();
    run(async {
        let server = tea().serve().await.unwrap();
        let bytes = once().download(&url(&server, "tea"), &folder.tea()).await;
        assert_eq!(bytes.unwrap(), 1000);
    });
    folder.has_the_tea();
}

#[test]
fn a_cut_file_keeps_its_temporary_name_and_is_resumed_by_the_next_download() {
    let folder = Folder::new().unwrap();
    run(async {
        let server = tea().serve().await.unwrap();
        let line = bad_line(&server, 400, Fault::Close).await.unwrap();
        let failure = once().download(&url(&line, "tea"), &folder.tea()).await;
        let text = "the connection ended after 400 of 1000 bytes";
        assert_eq!(failure.unwrap_err().to_string(), text);
        assert_eq!(folder.names(), ["tea.part", "tea.part.origin"]);
        assert!(fs::read(part_of(&folder.tea())).unwrap() == leaves(400));

        let bytes = once().download(&url(&line, "tea"), &folder.tea()).await;
        assert_eq!(bytes.unwrap(), 1000);
        assert_eq!(server.requests(), ["GET /tea", "GET /tea bytes=400-"]);
    });
    folder.has_the_tea();
}

#[test]
fn a_retry_resumes() {
    let folder = Folder::new().unwrap();
    run(async {
        let server = tea().serve().await.unwrap();
        let line = bad_line(&server, 999, Fault::Close).await.unwrap();
        let pause = Duration::ZERO;
        let limits = Limits {
            retry: Retry { tries: 2, pause },
            ..Limits::default()
        };
        let bytes = downloader(limits)
            .download(&url(&line, "tea"), &folder.tea())
            .await;
        assert_eq!(bytes.unwrap(), 1000);
        assert_eq!(server.requests(), ["GET /tea", "GET /tea bytes=999-"]);
    });
    folder.has_the_tea();
}

#[test]
fn without_a_tag_a_cut_file_is_removed() {
    let folder = Folder::new().unwrap();
    run(async {
        let mut site = tea();
        site.tags = false;
        let line = bad_line(&site.serve().await.unwrap(), 400, Fault::Close)
            .await
            .unwrap();
        let failure = once().download(&url(&line, "tea"), &folder.tea()).await;
        assert!(matches!(
            failure,
            Err(Failure::Cut {
                received: 400,
                expected: Some(1000)
            })
        ));
    });
    assert!(folder.names().is_empty());
}

#[test]
fn a_weak_tag_is_no_promise_of_the_same_bytes() {
    let folder = Folder::new().unwrap();
    run(async {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: W/\"1\"\r\n\r\ngreen";
        let server = scripted([Answer::Say(text.to_owned())]).await.unwrap();
        let failure = once().download(&url(&server, "tea"), &folder.tea()).await;
        assert!(matches!(failure, Err(Failure::Cut { .. })));
    });
    assert!(folder.names().is_empty());
}

#[test]
fn the_end_of_a_new_version_is_never_joined_to_the_beginning_of_an_old_one() {
    let folder = Folder::new().unwrap();
    run(async {
        let site = Site::new([("tea", vec![0; 1000])]);
        let server = site.serve().await.unwrap();
        let line = bad_line(&server, 400, Fault::Close).await.unwrap();
        once()
            .download(&url(&line, "tea"), &folder.tea())
            .await
            .unwrap_err();
        site.replace("tea", leaves(1000));
        once()
            .download(&url(&line, "tea"), &folder.tea())
            .await
            .unwrap();
        assert_eq!(server.requests(), ["GET /tea", "GET /tea bytes=400-"]);
    });
    folder.has_the_tea();
}

#[test]
fn the_beginning_that_came_from_another_address_is_not_used() {
    let folder = Folder::new().unwrap();
    run(async {
        let (first, second) = (tea().serve().await.unwrap(), tea().serve().await.unwrap());
        let line = bad_line(&first, 400, Fault::Close).await.unwrap();
        once()
            .download(&url(&line, "tea"), &folder.tea())
            .await
            .unwrap_err();
        once()
            .download(&url(&second, "tea"), &folder.tea())
            .await
            .unwrap();
        assert_eq!(second.requests(), ["GET /tea"]);
    });
    folder.has_the_tea();
}

#[test]
fn a_server_that_ignores_ranges_sends_all_of_it() {
    let folder = Folder::new().unwrap();
    run(async {
        let mut site = tea();
        site.ranges = false;
        let server = site.serve().await.unwrap();
        let line = bad_line(&server, 400, Fault::Close).await.unwrap();
        once()
            .download(&url(&line, "tea"), &folder.tea())
            .await
            .unwrap_err();
        once()
            .download(&url(&line, "tea"), &folder.tea())
            .await
            .unwrap();
        assert_eq!(server.requests(), ["GET /tea", "GET /tea bytes=400-"]);
    });
    folder.has_the_tea();
}

#[test]
fn a_part_that_is_no_beginning_of_the_file_is_thrown_away() {
    let folder = Folder::new().unwrap();
    run(async {
        let server = tea().serve().await.unwrap();
        let line = bad_line(&server, 400, Fault::Close).await.unwrap();
        once()
            .download(&url(&line, "tea"), &folder.tea())
            .await
            .unwrap_err();
        fs::write(part_of(&folder.tea()), vec![0; 2000]).unwrap();
        once()
            .download(&url(&line, "tea"), &folder.tea())
            .await
            .unwrap();
        let requests = ["GET /tea", "GET /tea bytes=2000-", "GET /tea"];
        assert_eq!(server.requests(), requests);
    });
    folder.has_the_tea();
}

#[test]
fn a_part_without_a_note_is_written_anew() {
    let folder = Folder::new().unwrap();
    run(async {
        fs::write(part_of(&folder.tea()), vec![0; 400]).unwrap();
        let server = tea().serve().await.unwrap();
        once()
            .download(&url(&server, "tea"), &folder.tea())
            .await
            .unwrap();
        assert_eq!(server.requests(), ["GET /tea"]);
    });
    folder.has_the_tea();
}

/// What a server says when it is asked for the rest of `green tea`, and only `green` is there.
fn rest(range: &str, body: &str) -> Answer {
    let length = body.len();
    Answer::Say(format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Range: {range}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    ))
}

#[test]
fn less_than_the_rest_is_not_the_rest_and_another_place_is_not_the_place() {
    let folder = Folder::new().unwrap();
    run(async {
        let begin = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nETag: \"1\"\r\n\r\ngreen";
        let server = scripted([
            Answer::Say(begin.to_owned()),
            rest("bytes 5-6/9", " t"),
            rest("bytes 3-8/9", "en tea"),
            answer("503 Service Unavailable", ""),
            rest("bytes 7-8/9", "ea"),
        ]);
        let (server, part) = (server.await.unwrap(), part_of(&folder.tea()));
        let mut texts = Vec::new();
        for _ in 0..3 {
            let failure = once().download(&url(&server, "tea"), &folder.tea()).await;
            let so_far = fs::read_to_string(&part).unwrap();
            texts.push(format!("{}: {so_far}", failure.unwrap_err()));
        }
        let cut = "the connection ended after";
        let refused = "the server answered 503 Service Unavailable";
        let expected = [
            format!("{cut} 5 of 9 bytes: green"),
            format!("{cut} 7 of 9 bytes: green t"),
            format!("{refused}: green t"),
        ];
        assert_eq!(texts, expected);
        once()
            .download(&url(&server, "tea"), &folder.tea())
            .await
            .unwrap();
        assert_eq!(fs::read_to_string(folder.tea()).unwrap(), "green tea");
    });
    assert_eq!(folder.names(), ["tea"]);
}

/// Polls a future so often, and drops it; gives its value if it was ready before.
async fn for_some_polls<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(cx).map(Some)
    })
    .await
}

#[test]
fn a_download_that_is_cancelled_at_any_await_leaves_no_half_file_and_can_be_repeated() {
    let folder = Folder::new().unwrap();
    let target = folder.tea();
    run(async {
        for tags in [true, false] {
            let mut polls = 0;
            loop {
                let mut site = tea();
                site.tags = tags;
                let server = site.serve().await.unwrap();
                let line = bad_line(&server, 400, Fault::Close).await.unwrap();
                let downloader = downloader(Limits {
                    retry: Retry {
                        tries: 3,
                        pause: Duration::ZERO,
                    },
                    ..Limits::default()
                });
                let url = url(&line, "tea");
                let ended = for_some_polls(polls, downloader.download(&url, &target)).await;
                let left = folder.names();
                match ended {
                    Some(result) => assert_eq!(result.unwrap(), 1000),
                    None if tags => assert!(!left.contains(&"tea".to_owned()), "{left:?}"),
                    None => assert!(left.is_empty(), "{left:?}"),
                }
                let is_over = target.exists();
                downloader.download(&url, &target).await.unwrap();
                folder.has_the_tea();
                fs::remove_file(&target).unwrap();
                if is_over {
                    break;
                }
                polls += 1;
            }
            assert!(polls > 5, "only {polls} places to cancel it at");
        }
    });
}

#[test]
fn an_aborted_task_keeps_what_can_be_resumed() {
    let folder = Folder::new().unwrap();
    run(async {
        let server = tea().serve().await.unwrap();
        let line = bad_line(&server, 400, Fault::Stall).await.unwrap();
        let (downloader, url, target) = (Arc::new(once()), url(&line, "tea"), folder.tea());
        let task = tokio::spawn({
            let (downloader, url, target) = (downloader.clone(), url.clone(), target.clone());
            async move { downloader.download(&url, &target).await }
        });
        has_length(&part_of(&target), 400).await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(folder.names(), ["tea.part", "tea.part.origin"]);
        downloader.download(&url, &target).await.unwrap();
        assert_eq!(server.requests(), ["GET /tea", "GET /tea bytes=400-"]);
    });
    folder.has_the_tea();
}

#[test]
fn an_older_file_stays_until_the_new_one_is_complete() {
    let folder = Folder::new().unwrap();
    run(async {
        fs::write(folder.tea(), "old").unwrap();
        let server = tea().serve().await.unwrap();
        let line = bad_line(&server, 400, Fault::Close).await.unwrap();
        once()
            .download(&url(&line, "tea"), &folder.tea())
            .await
            .unwrap_err();
        assert_eq!(fs::read_to_string(folder.tea()).unwrap(), "old");
        once()
            .download(&url(&line, "tea"), &folder.tea())
            .await
            .unwrap();
    });
    folder.has_the_tea();
}

#[test]
fn what_cannot_be_written_is_reported_and_not_tried_again() {
    let folder = Folder::new().unwrap();
    run(async {
        let server = tea().serve().await.unwrap();
        let patient = downloader(Limits::default());
        let (missing, taken) = (folder.join("missing"), folder.join("taken"));
        fs::create_dir(&taken).unwrap();
        for (target, named) in [
            (missing.join("tea"), missing.join("tea.part")),
            (taken.clone(), taken),
        ] {
            let failure = patient
                .download(&url(&server, "tea"), &target)
                .await
                .unwrap_err();
            assert_eq!(
                failure.to_string(),
                format!("cannot write {}", named.display())
            );
        }
        assert_eq!(server.requests().len(), 2);
        assert_eq!(folder.names(), ["taken", "taken.part", "taken.part.origin"]);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported_and_leaves_no_file() {
    let folder = Folder::new().unwrap();
    run(async {
        std::os::unix::fs::symlink("/dev/full", part_of(&folder.tea())).unwrap();
        let mut site = tea();
        site.tags = false;
        let server = site.serve().await.unwrap();
        let failure = once()
            .download(&url(&server, "tea"), &folder.tea())
            .await
            .unwrap_err();
        let part = part_of(&folder.tea());
        let text = format!(
            "cannot write {}: No space left on device (os error 28)",
            part.display()
        );
        assert_eq!(failure.in_full(), text);
    });
    assert!(folder.names().is_empty());
}
