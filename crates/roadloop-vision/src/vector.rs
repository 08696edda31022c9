//! Loops over samples, compiled twice: for every machine of its kind, and for
//! those with wide vectors, which nearly all are and no build may take for
//! granted. The choice is made when the program runs.

/// Makes a function of plain loops, as it stands, into one that runs on the
/// widest vectors there are.
macro_rules! on_wide_vectors {
    ($(#[$about:meta])* $vis:vis fn $name:ident($($arg:ident: $kind:ty),* $(,)?) $(-> $gives:ty)? $body:block) => {
        $(#[$about])*
        $vis fn $name($($arg: $kind),*) $(-> $gives)? {
            #[inline(always)]
            fn everywhere($($arg: $kind),*) $(-> $gives)? $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            fn with_avx2($($arg: $kind),*) $(-> $gives)? {
                everywhere($($arg),*)
            }

            #[cfg(target_arch = "x86_64")]
            if std::is_x86_feature_detected!("avx2") {
                // SAFETY: all it asks for is the feature that was just seen.
                #[expect(unsafe_code, reason = "a feature seen at run time allows the call")]
                return unsafe { with_avx2($($arg),*) };
            }
            everywhere($($arg),*)
        }
    };
}

pub(crate) use on_wide_vectors;
