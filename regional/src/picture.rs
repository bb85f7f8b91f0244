//! What a picture must be, and what is made of it.

use crate::error::Refusal;
use crate::http::problem::Code;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage, Rgba};
use shared::caps;
use shared::id::{PictureId, PlayerId};
use shared::time::Time;
use std::io::Cursor;

/// The longest side of each variant, pixels: a list, a card, a screen.
pub const SIDES: [u32; 3] = [64, 256, 1024];
/// Of the JPEGs that are made.
const QUALITY: u8 = 85;

/// A picture that somebody brings, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Which.
    pub id: PictureId,
    /// Whose.
    pub player: PlayerId,
    /// What it was said to be.
    pub media: String,
    /// How many bytes it was said to have.
    pub bytes: usize,
    /// What became of it.
    pub state: State,
    /// When it was announced.
    pub created: Time,
}

/// What became of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Its file has not come, or has not been looked at.
    Waiting,
    /// It is one of the profile's.
    Ready,
    /// It is none of them, for this reason.
    Refused(String),
}

impl Picture {
    /// Where its file is uploaded.
    #[must_use]
    pub fn upload(&self) -> String {
        format!("in/{}/{}", self.player, self.id)
    }

    /// Whether nothing will come of it any more: its address has run out.
    #[must_use]
    pub fn lapsed(&self, now: Time) -> bool {
        self.state == State::Waiting && now.since(self.created) > caps::UPLOAD * 2
    }
}

/// Whose upload a file is, by its key.
#[must_use]
pub fn of_upload(key: &str) -> Option<(PlayerId, PictureId)> {
    let (player, id) = key.strip_prefix("in/")?.split_once('/')?;
    Some((player.parse().ok()?, id.parse().ok()?))
}

/// Where a variant is.
#[must_use]
pub fn variant(player: &PlayerId, id: &PictureId, side: u32) -> String {
    format!("out/{player}/{id}/{side}.jpg")
}

/// Checks what somebody says that they will upload.
pub fn check(media: &str, bytes: usize) -> Result<(), Refusal> {
    let mut wrong = Vec::new();
    if bytes == 0 || bytes > caps::PICTURE_BYTES {
        let detail = format!("A picture has 1 to {} bytes.", caps::PICTURE_BYTES);
        let code = if bytes == 0 { Code::BadBody } else { Code::TooLarge };
        let refusal = Refusal::new(code, detail).field("bytes");
        wrong.push(refusal.limit(caps::PICTURE_BYTES));
    }
    if format(media).is_none() {
        let detail = "A picture is image/jpeg, image/png or image/webp.";
        wrong.push(Refusal::new(Code::BadBody, detail).field("type"));
    }
    Refusal::of_all(wrong).map_or(Ok(()), Err)
}

/// What may be uploaded.
pub const MEDIA: [&str; 3] = ["image/jpeg", "image/png", "image/webp"];

fn format(media: &str) -> Option<ImageFormat> {
    match media {
        "image/jpeg" => Some(ImageFormat::Jpeg),
        "image/png" => Some(ImageFormat::Png),
        "image/webp" => Some(ImageFormat::WebP),
        _ => None,
    }
}

/// The variants of an uploaded file, one a side, as JPEG; or why it is refused, in words for its owner. Nothing of the
/// file but its pixels gets through: neither where it was taken nor what else is in it. Sizes are looked at before
/// pixels, so that a small file that unfolds to a huge one costs nothing.
pub fn develop(media: &str, file: &[u8]) -> Result<Vec<(u32, Vec<u8>)>, String> {
    let said = format(media).ok_or("It is of a kind that is not shown here.")?;
    if file.len() > caps::PICTURE_BYTES {
        return Err(format!("It has more than {} bytes.", caps::PICTURE_BYTES));
    }
    let found = image::guess_format(file).ok();
    if found != Some(said) {
        return Err(format!("It was announced as {media}, and is not."));
    }
    let broken = |_| format!("It cannot be read as {media}.");
    let mut reader = ImageReader::with_format(Cursor::new(file), said);
    let mut limits = Limits::default();
    limits.max_image_width = Some(caps::PICTURE_SIDE);
    limits.max_image_height = Some(caps::PICTURE_SIDE);
    limits.max_alloc = Some(caps::PICTURE_PIXELS * 8);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    if width.max(height) > caps::PICTURE_SIDE || u64::from(width) * u64::from(height) > caps::PICTURE_PIXELS {
        return Err(format!(
            "It is {width} × {height}; at most {} pixels and {} a side are allowed.",
            caps::PICTURE_PIXELS,
            caps::PICTURE_SIDE
        ));
    }
    // How the camera was held.
    let orientation = decoder.orientation().map_err(broken)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(broken)?;
    picture.apply_orientation(orientation);
    let picture = opaque(&picture);
    SIDES
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

/// On white, because a JPEG has no holes.
fn opaque(picture: &DynamicImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return DynamicImage::ImageRgb8(picture.to_rgb8());
    }
    let from = picture.to_rgba8();
    let on_white = |Rgba([r, g, b, a]): &Rgba<u8>| {
        let mix = |c: u8| {
            let mixed = (u16::from(c) * u16::from(*a) + 255 * (255 - u16::from(*a))) / 255;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        image::Rgb([mix(*r), mix(*g), mix(*b)])
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
    fn three_sizes_of_each_kind() {
        for (media, format) in [
            ("image/png", ImageFormat::Png),
            ("image/jpeg", ImageFormat::Jpeg),
            ("image/webp", ImageFormat::WebP),
        ] {
            let made = develop(media, &file(1200, 300, format)).unwrap();
            let sizes: Vec<_> = made
                .iter()
                .map(|(side, file)| {
                    let made = image::load_from_memory_with_format(file, ImageFormat::Jpeg).unwrap();
                    (*side, made.width(), made.height())
                })
                .collect();
            assert_eq!(sizes, [(64, 64, 16), (256, 256, 64), (1024, 1024, 256)], "{media}");
        }
        let small = develop("image/png", &file(10, 10, ImageFormat::Png)).unwrap();
        let small = image::load_from_memory(&small[2].1).unwrap();
        assert_eq!((small.width(), small.height()), (10, 10));
    }

    #[test]
    fn what_is_no_picture_is_refused_with_a_reason() {
        let png = file(20, 20, ImageFormat::Png);
        let refused = |media: &str, file: &[u8], reason: &str| {
            let error = develop(media, file).unwrap_err();
            assert!(error.contains(reason), "{error}");
        };
        refused("image/jpeg", &png, "announced as image/jpeg");
        refused("image/png", b"<svg onload='alert(1)'/>", "announced as image/png");
        refused("image/png", &png[..40], "cannot be read");
        refused("image/gif", &png, "not shown here");
        // A header that says 60,000 × 60,000, in a file of some hundred bytes.
        let mut bomb = png.clone();
        bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        assert!(develop("image/png", &bomb).is_err());
    }

    #[test]
    fn what_is_announced_is_checked() {
        assert!(check("image/webp", caps::PICTURE_BYTES).is_ok());
        let fields = |media: &str, bytes| {
            let refusal = check(media, bytes).unwrap_err();
            refusal.all.into_iter().filter_map(|one| one.field).collect::<Vec<_>>()
        };
        assert_eq!(fields("image/gif", 0), ["bytes", "type"]);
        assert_eq!(fields("image/png", caps::PICTURE_BYTES + 1), ["bytes"]);
    }
}
