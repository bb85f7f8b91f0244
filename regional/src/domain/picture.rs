//! Pictures: the limits of an upload, its object keys, and the JPEG variants that are rendered from it.

use crate::error::Refusal;
use crate::error::code::Code;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage, Rgba};
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
/// taken nor other metadata. Dimensions are checked before pixels are decoded, so that a decompression bomb
/// costs nothing.
pub fn render_variants(media: &str, file: &[u8]) -> Result<Vec<(u32, Vec<u8>)>, String> {
    let said = format(media).ok_or("This type of file is not supported. Upload a JPEG, PNG or WebP file.")?;
    if file.len() > limits::PICTURE_BYTES_MAX {
        return Err(format!("The file has more than {} bytes.", limits::PICTURE_BYTES_MAX));
    }
    let found = image::guess_format(file).ok();
    if found != Some(said) {
        return Err(format!("The file was announced as {media}, but it is not."));
    }
    let broken = |_| format!("The file cannot be read as {media}.");
    let mut reader = ImageReader::with_format(Cursor::new(file), said);
    let mut limits = Limits::default();
    limits.max_image_width = Some(limits::PICTURE_SIDE_MAX);
    limits.max_image_height = Some(limits::PICTURE_SIDE_MAX);
    limits.max_alloc = Some(limits::PICTURE_PIXELS_MAX * 8);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    if width.max(height) > limits::PICTURE_SIDE_MAX
        || u64::from(width) * u64::from(height) > limits::PICTURE_PIXELS_MAX
    {
        return Err(format!(
            "The picture is {width} × {height}. At most {} pixels and {} pixels a side are allowed.",
            limits::PICTURE_PIXELS_MAX,
            limits::PICTURE_SIDE_MAX
        ));
    }
    // Cameras store the orientation as metadata, which the variants do not have.
    let orientation = decoder.orientation().map_err(broken)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(broken)?;
    picture.apply_orientation(orientation);
    let picture = opaque(&picture);
    VARIANT_SIDES
        .iter()
        .map(|&side| {
            let small = if picture.width().max(picture.height()) > side {
                picture.resize(side, side, FilterType::Triangle)
            } else {
                picture.clone()
            };
            let mut out = Vec::new();
            let encoder = JpegEncoder::new_with_quality(&mut out, QUALITY);
            small.write_with_encoder(encoder).map_err(broken)?;
            Ok((side, out))
        })
        .collect()
}

/// Returns the picture on a white background, because JPEG has no transparency.
fn opaque(picture: &DynamicImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return DynamicImage::ImageRgb8(picture.to_rgb8());
    }
    let from = picture.to_rgba8();
    let on_white = |Rgba([r, g, b, a]): &Rgba<u8>| {
        let blend = |c: u8| {
            let mixed = (u16::from(c) * u16::from(*a) + 255 * (255 - u16::from(*a))) / 255;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        image::Rgb([blend(*r), blend(*g), blend(*b)])
    };
    let mut to = RgbImage::new(from.width(), from.height());
    for (to, from) in to.pixels_mut().zip(from.pixels()) {
        *to = on_white(from);
    }
    DynamicImage::ImageRgb8(to)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

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
