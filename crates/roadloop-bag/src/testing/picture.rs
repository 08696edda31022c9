//! Pictures, and the messages that carry them.

/// How a message is serialised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageForm {
    Ros1,
    Cdr,
    CdrBigEndian,
}

/// What a camera message says, sound or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    content: Content,
    data: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    Raw {
        width: u32,
        height: u32,
        encoding: String,
        step: u32,
    },
    Compressed {
        format: String,
    },
    /// Of another type than images: `package/Name`.
    Other {
        type_name: String,
    },
}

impl Picture {
    pub fn rgb8(width: u32, height: u32, pixels: Vec<u8>) -> Picture {
        Picture::raw(width, height, "rgb8", pixels)
    }

    /// Rows without padding, for the encodings of one byte a sample.
    pub fn raw(width: u32, height: u32, encoding: &str, pixels: Vec<u8>) -> Picture {
        let bytes_per_pixel = match encoding {
            "rgb8" | "bgr8" => 3,
            "rgba8" | "bgra8" => 4,
            _ => 1,
        };
        let step = width.wrapping_mul(bytes_per_pixel);
        let encoding = encoding.to_owned();
        Picture { content: Content::Raw { width, height, encoding, step }, data: pixels }
    }

    pub fn jpeg(bytes: Vec<u8>) -> Picture {
        Picture::compressed("jpeg", bytes)
    }

    pub fn png(bytes: Vec<u8>) -> Picture {
        Picture::compressed("png", bytes)
    }

    pub fn compressed(format: &str, bytes: Vec<u8>) -> Picture {
        Picture { content: Content::Compressed { format: format.to_owned() }, data: bytes }
    }

    /// No picture: any other message, `data` as it is.
    pub fn other(type_name: &str, data: Vec<u8>) -> Picture {
        Picture { content: Content::Other { type_name: type_name.to_owned() }, data }
    }

    /// Bytes from one row to the next; the pixels are taken to have them.
    #[must_use]
    pub fn with_step(mut self, bytes: u32) -> Picture {
        if let Content::Raw { step, .. } = &mut self.content {
            *step = bytes;
        }
        self
    }

    /// Fewer bytes than the header says.
    #[must_use]
    pub fn with_data_cut_to(mut self, bytes: usize) -> Picture {
        self.data.truncate(bytes);
        self
    }

    /// Of the message, without its package.
    pub fn type_name(&self) -> &str {
        match &self.content {
            Content::Raw { .. } => "Image",
            Content::Compressed { .. } => "CompressedImage",
            Content::Other { type_name } => type_name,
        }
    }

    /// The serialised message. Its header's stamp is in nanoseconds.
    pub fn message(&self, form: MessageForm, sequence: u32, stamp: u64) -> Vec<u8> {
        let mut message = MessageWriter::new(form);
        if let Content::Other { .. } = self.content {
            message.bytes.extend(&self.data);
            return message.bytes;
        }
        if form == MessageForm::Ros1 {
            message.u32(sequence);
        }
        message.u32((stamp / 1_000_000_000) as u32);
        message.u32((stamp % 1_000_000_000) as u32);
        message.text("camera");
        match &self.content {
            Content::Raw { width, height, encoding, step } => {
                message.u32(*height);
                message.u32(*width);
                message.text(encoding);
                message.bytes.push(0);
                message.u32(*step);
            }
            Content::Compressed { format } => message.text(format),
            Content::Other { .. } => {}
        }
        message.u32(self.data.len() as u32);
        message.bytes.extend(&self.data);
        message.bytes
    }
}

struct MessageWriter {
    form: MessageForm,
    bytes: Vec<u8>,
}

impl MessageWriter {
    fn new(form: MessageForm) -> MessageWriter {
        let bytes = match form {
            MessageForm::Ros1 => vec![],
            MessageForm::Cdr => vec![0, 1, 0, 0],
            MessageForm::CdrBigEndian => vec![0, 0, 0, 0],
        };
        MessageWriter { form, bytes }
    }

    fn u32(&mut self, value: u32) {
        if self.form != MessageForm::Ros1 {
            // The four bytes in front do not move the alignment.
            self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        }
        match self.form {
            MessageForm::CdrBigEndian => self.bytes.extend(value.to_be_bytes()),
            _ => self.bytes.extend(value.to_le_bytes()),
        }
    }

    fn text(&mut self, text: &str) {
        let end: &[u8] = if self.form == MessageForm::Ros1 { b"" } else { b"\0" };
        self.u32((text.len() + end.len()) as u32);
        self.bytes.extend(text.as_bytes());
        self.bytes.extend(end);
    }
}
