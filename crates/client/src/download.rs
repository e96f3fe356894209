//! Fetching a large file from a web server, such as a snapshot.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use crate::ClientError;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest time without a byte.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Redirections that are followed.
const REDIRECTS_MAX: usize = 3;

/// Why a file was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The server did not give it.
    #[error(transparent)]
    Server(#[from] ClientError),
    /// It is larger than allowed.
    #[error("{url} has more than {bytes_max} bytes")]
    TooLarge {
        /// What was asked for.
        url: String,
        /// The limit.
        bytes_max: u64,
    },
    /// It cannot be written.
    #[error("{path}: {error}")]
    File {
        /// Where to.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
}

/// Fetches `url` into a new file, durably; how many bytes it has. Nothing is left at `path` when it
/// fails.
///
/// # Errors
/// See [`DownloadError`].
pub async fn download(url: &str, path: &Path, bytes_max: u64) -> Result<u64, DownloadError> {
    let partial = path.with_extension("partial");
    let fetched = fetch(url, &partial, bytes_max).await;
    let file = |error| DownloadError::File {
        path: path.display().to_string(),
        error,
    };
    match fetched {
        Ok(size) => {
            std::fs::rename(&partial, path).map_err(file)?;
            Ok(size)
        }
        Err(error) => {
            // The first error is the one that matters.
            let _ = std::fs::remove_file(&partial);
            Err(error)
        }
    }
}

async fn fetch(url: &str, path: &Path, bytes_max: u64) -> Result<u64, DownloadError> {
    let unreachable = |error: reqwest::Error| ClientError::Unreachable {
        url: url.to_owned(),
        reason: error.to_string(),
    };
    let client = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .redirect(reqwest::redirect::Policy::limited(REDIRECTS_MAX))
        .build()
        .map_err(unreachable)?;
    let mut response = client.get(url).send().await.map_err(unreachable)?;
    if !response.status().is_success() {
        return Err(ClientError::Refused {
            status: response.status().as_u16(),
            message: format!("{url} is not given"),
        }
        .into());
    }
    let at_path = |error| DownloadError::File {
        path: path.display().to_string(),
        error,
    };
    let mut file = File::create(path).map_err(at_path)?;
    let mut size = 0;
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        size += chunk.len() as u64;
        if size > bytes_max {
            return Err(DownloadError::TooLarge {
                url: url.to_owned(),
                bytes_max,
            });
        }
        file.write_all(&chunk).map_err(at_path)?;
    }
    file.sync_all().map_err(at_path)?;
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    /// Serves one answer; its URL.
    fn serve(answer: Vec<u8>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/file", listener.local_addr().expect("bound"));
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut request = [0; 1_024];
            let _ = stream.read(&mut request);
            stream.write_all(&answer).expect("it reads");
        });
        url
    }

    fn answer(head: &str, body: &[u8]) -> Vec<u8> {
        let head = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    }

    #[tokio::test]
    async fn file_is_there_only_when_it_is_complete_and_not_too_large() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("snapshot.bin");
        let url = serve(answer("404 Not Found", b""));
        let error = download(&url, &path, 10).await.expect_err("not there");
        assert!(matches!(
            error,
            DownloadError::Server(ClientError::Refused { status: 404, .. })
        ));
        let url = serve(answer("200 OK", &[7; 11]));
        let error = download(&url, &path, 10).await.expect_err("too large");
        assert!(matches!(
            error,
            DownloadError::TooLarge { bytes_max: 10, .. }
        ));
        assert_eq!(
            std::fs::read_dir(folder.path()).expect("a folder").count(),
            0
        );
        let url = serve(answer("200 OK", &[7; 10]));
        assert_eq!(download(&url, &path, 10).await.expect("it fits"), 10);
        assert_eq!(std::fs::read(&path).expect("it is there"), [7; 10]);
    }
}
