//! WebSocket frames as a client sends and receives them, without a library: the generator must cost less than any
//! server it measures. Fragmented messages are not supported, because no server here sends them.

/// A frame of the server.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    Text(&'a [u8]),
    Ping(&'a [u8]),
    /// Closed, with the code where there is one.
    Close(Option<u16>),
    /// A frame without meaning for the load.
    Other,
}

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Reads the frame at the beginning of `bytes`: the frame and its length, or none while it is incomplete.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<(Frame<'_>, usize)> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)?);
    let (length, head) = match second & 0x7f {
        126 => (usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
        127 => (usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?, 10),
        short => (usize::from(short), 2),
    };
    let payload = bytes.get(head..head + length)?;
    let frame = match first & 0x0f {
        TEXT => Frame::Text(payload),
        PING => Frame::Ping(payload),
        CLOSE => {
            let code = payload.get(..2).and_then(|code| code.try_into().ok());
            Frame::Close(code.map(u16::from_be_bytes))
        }
        _ => Frame::Other,
    };
    Some((frame, head + length))
}

/// Appends a text frame, masked with zeros: a client must mask, and nothing says with what.
pub fn text(out: &mut Vec<u8>, payload: &[u8]) {
    write(out, TEXT, payload);
}

/// Appends the answer to a ping.
pub fn pong(out: &mut Vec<u8>, payload: &[u8]) {
    write(out, PONG, payload);
}

fn write(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    out.push(0x80 | opcode);
    let length = payload.len();
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < 126 => out.push(0x80 | short),
        (_, Ok(medium)) => {
            out.push(0x80 | 0x7e);
            out.extend(medium.to_be_bytes());
        }
        (_, Err(_)) => {
            out.push(0x80 | 0x7f);
            out.extend((length as u64).to_be_bytes());
        }
    }
    out.extend([0; 4]);
    out.extend(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_a_server_are_read() {
        assert_eq!(read(b"\x81\x02hi!"), Some((Frame::Text(b"hi"), 4)));
        assert_eq!(read(b"\x81\x05hi"), None);
        assert_eq!(read(b"\x88\x02\x0f\xa0"), Some((Frame::Close(Some(4000)), 4)));
        let mut long = vec![0x81, 126, 1, 0];
        long.extend([b'x'; 256]);
        assert_eq!(read(&long).map(|(_, length)| length), Some(260));
    }

    #[test]
    fn frames_of_a_client_are_masked_with_zeros() {
        let mut out = Vec::new();
        text(&mut out, b"hi");
        assert_eq!(out, [0x81, 0x82, 0, 0, 0, 0, b'h', b'i']);
    }
}
