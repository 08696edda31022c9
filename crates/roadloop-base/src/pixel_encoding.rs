//! How the samples of an uncompressed picture lie in memory: the names of
//! `sensor_msgs/image_encodings.hpp`, and how many bytes each takes.

/// The pixel layouts of `sensor_msgs/image_encodings.hpp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PixelEncoding {
    Rgb8,
    Bgr8,
    Rgba8,
    Bgra8,
    Rgb16,
    Bgr16,
    Rgba16,
    Bgra16,
    Mono8,
    Mono16,
    /// `8UC1`: grey.
    U8C1,
    /// `8UC2`: two samples without a meaning of their own.
    U8C2,
    /// `8UC3`: blue, green, red, as `cv_bridge` takes it.
    U8C3,
    /// `8UC4`: blue, green, red, opacity, as `cv_bridge` takes it.
    U8C4,
    /// `16UC1`: depth in millimetres (REP 118).
    U16C1,
    /// `32FC1`: depth in metres (REP 118).
    F32C1,
    BayerRggb8,
    BayerBggr8,
    BayerGbrg8,
    BayerGrbg8,
    BayerRggb16,
    BayerBggr16,
    BayerGbrg16,
    BayerGrbg16,
    /// UYVY: two pixels share their chroma.
    Yuv422,
    /// YUYV: the same, luma first.
    Yuv422Yuy2,
    /// Luma, then U and V by turns, each for 2x2 pixels.
    Nv12,
    /// The same, V first.
    Nv21,
    /// Luma, then U and V by turns for each pixel.
    Nv24,
}

use PixelEncoding as E;

/// Other names for the same layouts.
const ALIASES: [(&str, PixelEncoding); 2] = [("uyvy", E::Yuv422), ("yuyv", E::Yuv422Yuy2)];

impl PixelEncoding {
    #[rustfmt::skip]
    pub const ALL: [PixelEncoding; 29] = [
        E::Rgb8, E::Bgr8, E::Rgba8, E::Bgra8, E::Rgb16, E::Bgr16, E::Rgba16, E::Bgra16,
        E::Mono8, E::Mono16, E::U8C1, E::U8C2, E::U8C3, E::U8C4, E::U16C1, E::F32C1,
        E::BayerRggb8, E::BayerBggr8, E::BayerGbrg8, E::BayerGrbg8,
        E::BayerRggb16, E::BayerBggr16, E::BayerGbrg16, E::BayerGrbg16,
        E::Yuv422, E::Yuv422Yuy2, E::Nv12, E::Nv21, E::Nv24,
    ];

    pub fn name(self) -> &'static str {
        match self {
            E::Rgb8 => "rgb8",
            E::Bgr8 => "bgr8",
            E::Rgba8 => "rgba8",
            E::Bgra8 => "bgra8",
            E::Rgb16 => "rgb16",
            E::Bgr16 => "bgr16",
            E::Rgba16 => "rgba16",
            E::Bgra16 => "bgra16",
            E::Mono8 => "mono8",
            E::Mono16 => "mono16",
            E::U8C1 => "8UC1",
            E::U8C2 => "8UC2",
            E::U8C3 => "8UC3",
            E::U8C4 => "8UC4",
            E::U16C1 => "16UC1",
            E::F32C1 => "32FC1",
            E::BayerRggb8 => "bayer_rggb8",
            E::BayerBggr8 => "bayer_bggr8",
            E::BayerGbrg8 => "bayer_gbrg8",
            E::BayerGrbg8 => "bayer_grbg8",
            E::BayerRggb16 => "bayer_rggb16",
            E::BayerBggr16 => "bayer_bggr16",
            E::BayerGbrg16 => "bayer_gbrg16",
            E::BayerGrbg16 => "bayer_grbg16",
            E::Yuv422 => "yuv422",
            E::Yuv422Yuy2 => "yuv422_yuy2",
            E::Nv12 => "nv12",
            E::Nv21 => "nv21",
            E::Nv24 => "nv24",
        }
    }

    pub fn from_name(name: &str) -> Option<PixelEncoding> {
        let alias = ALIASES.into_iter().find(|(alias, _)| *alias == name);
        let known = E::ALL.into_iter().find(|encoding| encoding.name() == name);
        known.or(alias.map(|(_, encoding)| encoding))
    }

    /// In the first plane, where there are several.
    pub fn bytes_per_pixel(self) -> u32 {
        match self {
            E::Mono8 | E::U8C1 | E::Nv12 | E::Nv21 | E::Nv24 => 1,
            E::BayerRggb8 | E::BayerBggr8 | E::BayerGbrg8 | E::BayerGrbg8 => 1,
            E::BayerRggb16 | E::BayerBggr16 | E::BayerGbrg16 | E::BayerGrbg16 => 2,
            E::Mono16 | E::U16C1 | E::U8C2 | E::Yuv422 | E::Yuv422Yuy2 => 2,
            E::Rgb8 | E::Bgr8 | E::U8C3 => 3,
            E::Rgba8 | E::Bgra8 | E::U8C4 | E::F32C1 => 4,
            E::Rgb16 | E::Bgr16 => 6,
            E::Rgba16 | E::Bgra16 => 8,
        }
    }

    /// Rows of `step` bytes that a picture takes, those of the second plane
    /// included.
    pub fn rows(self, height: u32) -> u64 {
        let height = u64::from(height);
        match self {
            E::Nv12 | E::Nv21 => height + height / 2,
            // A chroma row is twice as long as a luma row.
            E::Nv24 => 3 * height,
            _ => height,
        }
    }

    /// Whether its samples have more than eight bits.
    pub fn is_deep(self) -> bool {
        #[rustfmt::skip]
        let deep = [
            E::Rgb16, E::Bgr16, E::Rgba16, E::Bgra16, E::Mono16, E::U16C1, E::F32C1,
            E::BayerRggb16, E::BayerBggr16, E::BayerGbrg16, E::BayerGrbg16,
        ];
        deep.contains(&self)
    }

    /// Whether the chroma that pixels share divides a picture of this size.
    pub fn fits(self, width: u32, height: u32) -> bool {
        match self {
            E::Yuv422 | E::Yuv422Yuy2 => width.is_multiple_of(2),
            E::Nv12 | E::Nv21 => width.is_multiple_of(2) && height.is_multiple_of(2),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for encoding in PixelEncoding::ALL {
            assert_eq!(PixelEncoding::from_name(encoding.name()), Some(encoding));
        }
        assert_eq!(PixelEncoding::from_name("uyvy"), Some(PixelEncoding::Yuv422));
        assert_eq!(PixelEncoding::from_name("yuyv"), Some(PixelEncoding::Yuv422Yuy2));
        assert_eq!(PixelEncoding::from_name("RGB8"), None);
    }

    #[test]
    fn planes_take_rows() {
        let rows = |encoding: PixelEncoding| encoding.rows(6);
        assert_eq!((rows(E::Nv12), rows(E::Nv24), rows(E::Yuv422)), (9, 18, 6));
    }
}
