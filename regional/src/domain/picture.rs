//! Pictures: the limits of an upload, its object keys, and the JPEG variants that are rendered from it.

use crate::error::Refusal;
use crate::error::code::Code;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, Rgba};
use shared::id::{PictureId, PlayerId};
use shared::limits;
use shared::time::Time;
use std::io::Cursor;

/// The longest side of each variant in pixels: for a list, a card and a full screen.
pub const VARIANT_SIDES: [u32; 3] = [64, 256, 1024];
/// The quality of the rendered JPEGs.
const QUALITY: u8 = 85;

/// A picture of a player, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub id: PictureId,
    pub player: PlayerId,
    /// The announced media type.
    pub media: String,
    /// The announced size.
    pub bytes: usize,
    pub state: PictureState,
    /// When the upload was announced.
    pub created: Time,
}

/// The processing state of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PictureState {
    /// The file is not uploaded, or not processed yet.
    Waiting,
    /// The picture is part of the profile.
    Ready,
    /// The file was refused for this reason, which its owner reads.
    Refused(String),
}

impl Picture {
    /// The object key of the upload.
    #[must_use]
    pub fn upload_key(&self) -> String {
        upload_key(&self.player, &self.id)
    }

    /// Returns whether the upload can no longer arrive: its URL has expired.
    #[must_use]
    pub fn is_expired(&self, now: Time) -> bool {
        self.state == PictureState::Waiting && now.since(self.created) > limits::UPLOAD_URL_TTL * 2
    }
}

/// The object key of an upload.
#[must_use]
pub fn upload_key(player: &PlayerId, id: &PictureId) -> String {
    format!("in/{player}/{id}")
}

/// Returns the player and the picture of an upload, from its object key.
#[must_use]
pub fn parse_upload_key(key: &str) -> Option<(PlayerId, PictureId)> {
    let (player, id) = key.strip_prefix("in/")?.split_once('/')?;
    Some((player.parse().ok()?, id.parse().ok()?))
}

/// The object key of a variant.
#[must_use]
pub fn variant_key(player: &PlayerId, id: &PictureId, side: u32) -> String {
    format!("out/{player}/{id}/{side}.jpg")
}

/// Checks the media type and the size that a player announces for an upload.
pub fn check_announcement(media: &str, bytes: usize) -> Result<(), Refusal> {
    let mut wrong = Vec::new();
    if bytes == 0 || bytes > limits::PICTURE_BYTES_MAX {
        let detail = format!("A picture must have 1 to {} bytes.", limits::PICTURE_BYTES_MAX);
        let code = if bytes == 0 { Code::BadBody } else { Code::TooLarge };
        let refusal = Refusal::new(code, detail).field("bytes");
        wrong.push(refusal.limit(limits::PICTURE_BYTES_MAX));
    }
    if format(media).is_none() {
        let detail = "The type of a picture must be image/jpeg, image/png or image/webp.";
        wrong.push(Refusal::new(Code::BadBody, detail).field("type"));
    }
    Refusal::combine(wrong).map_or(Ok(()), Err)
}

/// The media types that can be uploaded.
pub const MEDIA: [&str; 3] = ["image/jpeg", "image/png", "image/webp"];

fn format(media: &str) -> Option<ImageFormat> {
    match media {
        "image/jpeg" => Some(ImageFormat::Jpeg),
        "image/png" => Some(ImageFormat::Png),
        "image/webp" => Some(ImageFormat::WebP),
        _ => None,
    }
}

/// Renders the variants of an uploaded file as JPEG, one for each of [`VARIANT_SIDES`]. The error is the
/// reason of a refusal, for the owner to read. Only pixels pass: neither the place where the picture was
/// taken nor other metadata.
pub fn render_variants(media: &str, file: &[u8]) -> Result<Vec<(u32, Vec<u8>)>, String> {
    let picture = decode(media, file)?;
    let broken = |_| format!("The file cannot be read as {media}.");
    // Each variant is made of the next larger one, so that only the first one reads all pixels.
    let mut larger = picture;
    let mut variants = VARIANT_SIDES
        .iter()
        .rev()
        .map(|&side| {
            if larger.width().max(larger.height()) > side {
                larger = larger.resize(side, side, FilterType::Triangle);
            }
            let mut out = Vec::new();
            let encoder = JpegEncoder::new_with_quality(&mut out, QUALITY);
            larger.to_rgb8().write_with_encoder(encoder).map_err(broken)?;
            Ok((side, out))
        })
        .collect::<Result<Vec<_>, String>>()?;
    variants.reverse();
    Ok(variants)
}

/// Decodes a file to the size of the largest variant, upright and on a white background. The memory that decoding
/// would need is computed from the header before anything is decoded, so that a small file that decodes to much memory
/// costs nothing.
fn decode(media: &str, file: &[u8]) -> Result<DynamicImage, String> {
    let said = format(media).ok_or("This type of file is not supported. Upload a JPEG, PNG or WebP file.")?;
    if file.len() > limits::PICTURE_BYTES_MAX {
        return Err(format!("The file has more than {} bytes.", limits::PICTURE_BYTES_MAX));
    }
    if image::guess_format(file).ok() != Some(said) {
        return Err(format!("The file was announced as {media}, but it is not."));
    }
    let broken = |_| format!("The file cannot be read as {media}.");
    let mut reader = ImageReader::with_format(Cursor::new(file), said);
    let mut limits = Limits::default();
    limits.max_image_width = Some(limits::PICTURE_SIDE_MAX);
    limits.max_image_height = Some(limits::PICTURE_SIDE_MAX);
    limits.max_alloc = Some(limits::PICTURE_DECODED_BYTES_MAX * 2);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(broken)?;
    check_size(decoder.dimensions(), decoder.total_bytes())?;
    // Cameras store the orientation as metadata, which the variants do not have.
    let orientation = decoder.orientation().map_err(broken)?;
    let picture = on_white(DynamicImage::from_decoder(decoder).map_err(broken)?);
    // Everything after this line works on the small copy.
    let largest = VARIANT_SIDES.into_iter().max().unwrap_or_default();
    let mut small = if picture.width().max(picture.height()) > largest {
        picture.resize(largest, largest, FilterType::Triangle)
    } else {
        picture
    };
    small.apply_orientation(orientation);
    Ok(small)
}

/// Checks the sides and the pixels of a picture, and the bytes that it needs when it is decoded.
fn check_size((width, height): (u32, u32), bytes: u64) -> Result<(), String> {
    if width.max(height) > limits::PICTURE_SIDE_MAX
        || u64::from(width) * u64::from(height) > limits::PICTURE_PIXELS_MAX
    {
        return Err(format!(
            "The picture is {width} × {height}. At most {} pixels and {} pixels a side are allowed.",
            limits::PICTURE_PIXELS_MAX,
            limits::PICTURE_SIDE_MAX
        ));
    }
    if bytes > limits::PICTURE_DECODED_BYTES_MAX {
        return Err(format!(
            "The picture of {width} × {height} pixels needs {bytes} bytes when it is decoded; at most {} are allowed. \
             Use fewer pixels, or 8 bits for each color.",
            limits::PICTURE_DECODED_BYTES_MAX
        ));
    }
    Ok(())
}

/// Puts a transparent picture on a white background, in place, because JPEG has no transparency.
fn on_white(picture: DynamicImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return picture;
    }
    let mut picture = picture.into_rgba8();
    for Rgba([r, g, b, a]) in picture.pixels_mut() {
        for color in [r, g, b] {
            let mixed = (u16::from(*color) * u16::from(*a) + 255 * (255 - u16::from(*a))) / 255;
            *color = u8::try_from(mixed).unwrap_or(u8::MAX);
        }
        *a = u8::MAX;
    }
    DynamicImage::ImageRgba8(picture)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use image::RgbImage;

    fn file(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let picture = DynamicImage::ImageRgb8(RgbImage::from_pixel(width, height, image::Rgb([9, 200, 30])));
        let mut out = Cursor::new(Vec::new());
        picture.write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    #[test]
    fn each_media_type_is_rendered_in_three_sizes() {
        for (media, format) in [
            ("image/png", ImageFormat::Png),
            ("image/jpeg", ImageFormat::Jpeg),
            ("image/webp", ImageFormat::WebP),
        ] {
            let made = render_variants(media, &file(1200, 300, format)).unwrap();
            let sizes: Vec<_> = made
                .iter()
                .map(|(side, file)| {
                    let made = image::load_from_memory_with_format(file, ImageFormat::Jpeg).unwrap();
                    (*side, made.width(), made.height())
                })
                .collect();
            assert_eq!(sizes, [(64, 64, 16), (256, 256, 64), (1024, 1024, 256)], "{media}");
        }
        let small = render_variants("image/png", &file(10, 10, ImageFormat::Png)).unwrap();
        let small = image::load_from_memory(&small[2].1).unwrap();
        assert_eq!((small.width(), small.height()), (10, 10));
    }

    #[test]
    fn unreadable_file_is_refused_with_a_reason() {
        let png = file(20, 20, ImageFormat::Png);
        let refused = |media: &str, file: &[u8], reason: &str| {
            let error = render_variants(media, file).unwrap_err();
            assert!(error.contains(reason), "{error}");
        };
        refused("image/jpeg", &png, "announced as image/jpeg");
        refused("image/png", b"<svg onload='alert(1)'/>", "announced as image/png");
        refused("image/png", &png[..40], "cannot be read");
        refused("image/gif", &png, "not supported");
        // A header that claims 60,000 × 60,000 pixels, in a file of some hundred bytes.
        let mut bomb = png.clone();
        bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        assert!(render_variants("image/png", &bomb).is_err());
    }

    #[test]
    fn memory_is_bounded_by_the_header_before_anything_is_decoded() {
        // The header of a PNG says its size and its depth; there are no valid pixels behind it.
        let claims = |width: u32, height: u32, depth: u8, color: u8| {
            let mut header = b"IHDR".to_vec();
            header.extend([width.to_be_bytes(), height.to_be_bytes()].concat());
            header.extend([depth, color, 0, 0, 0]);
            let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\r".to_vec();
            png.extend(&header);
            png.extend(crc(&header).to_be_bytes());
            png.extend([0, 0, 0, 0, b'I', b'D', b'A', b'T', 0x35, 0xaf, 0x06, 0x1e]);
            render_variants("image/png", &png).unwrap_err()
        };
        // Sixteen bits for each of four colors: 200 MB, although the pixels alone are within the limit.
        assert!(claims(5_000, 5_000, 16, 6).contains("200000000 bytes when it is decoded"));
        assert!(claims(5_000, 5_000, 16, 2).contains("150000000 bytes when it is decoded"));
        assert!(claims(5_001, 5_000, 8, 6).contains("At most 25000000 pixels"));
        assert!(
            claims(10_001, 1, 8, 6).contains("10000 pixels a side")
                || claims(10_001, 1, 8, 6).contains("cannot be read")
        );
        // Within the limits, what is wrong is the file.
        assert!(claims(5_000, 5_000, 8, 6).contains("cannot be read"));
    }

    /// The checksum of a PNG chunk (ISO 3309).
    fn crc(bytes: &[u8]) -> u32 {
        let fold = |sum: u32, byte: &u8| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 * (sum & 1)))
        };
        !bytes.iter().fold(u32::MAX, fold)
    }

    #[test]
    fn transparent_pixels_become_white() {
        let clear = image::RgbaImage::from_pixel(2000, 1000, Rgba([255, 0, 0, 0]));
        let mut png = Cursor::new(Vec::new());
        DynamicImage::ImageRgba8(clear).write_to(&mut png, ImageFormat::Png).unwrap();
        for (side, made) in render_variants("image/png", &png.into_inner()).unwrap() {
            let made = image::load_from_memory(&made).unwrap().to_rgb8();
            assert_eq!((made.width(), made.height()), (side, side / 2));
            assert!(made.pixels().all(|pixel| pixel.0.iter().all(|color| *color > 250)), "{side}");
        }
    }

    #[test]
    fn announcement_checks_type_and_size() {
        assert!(check_announcement("image/webp", limits::PICTURE_BYTES_MAX).is_ok());
        let fields = |media: &str, bytes| {
            let refusal = check_announcement(media, bytes).unwrap_err();
            refusal.errors.into_iter().filter_map(|one| one.field).collect::<Vec<_>>()
        };
        assert_eq!(fields("image/gif", 0), ["bytes", "type"]);
        assert_eq!(fields("image/png", limits::PICTURE_BYTES_MAX + 1), ["bytes"]);
    }
}
