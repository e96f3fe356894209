//! Reading from and writing to a connection.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes read at once.
const READ_BYTES: usize = 4 << 10;

/// Adds what comes next to `input`; how many bytes that are, 0 at the end. Nothing is lost when it
/// is not waited for.
pub(super) async fn read<R: AsyncRead + Unpin>(
    reader: &mut R,
    input: &mut BytesMut,
) -> io::Result<usize> {
    poll_fn(|context| {
        let length = input.len();
        input.resize(length + READ_BYTES, 0);
        let mut room = ReadBuf::new(&mut input[length..]);
        let result = Pin::new(&mut *reader).poll_read(context, &mut room);
        let count = room.filled().len();
        input.truncate(length + count);
        result.map_ok(|()| count)
    })
    .await
}

/// Writes all of `bytes`.
pub(super) async fn write<W: AsyncWrite + Unpin>(
    writer: &mut W,
    mut bytes: &[u8],
) -> io::Result<()> {
    while !bytes.is_empty() {
        let count = poll_fn(|context| Pin::new(&mut *writer).poll_write(context, bytes)).await?;
        if count == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        bytes = &bytes[count..];
    }
    Ok(())
}

/// Sends what was written.
pub(super) async fn flush<W: AsyncWrite + Unpin>(writer: &mut W) -> io::Result<()> {
    poll_fn(|context| Pin::new(&mut *writer).poll_flush(context)).await
}

/// Ends the writing half.
pub(super) async fn shutdown<W: AsyncWrite + Unpin>(writer: &mut W) -> io::Result<()> {
    poll_fn(|context| Pin::new(&mut *writer).poll_shutdown(context)).await
}
