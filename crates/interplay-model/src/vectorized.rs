//! Compiles a plain Rust function for several instruction sets, and selects one of them at run time.
//!
//! The functions are ordinary loops over slices that LLVM vectorizes with the instructions of each set. Sums use
//! sixteen lanes in every version, so that all of them add in the same order.

/// Defines a function that is compiled for AVX-512, for AVX2 with fused multiply-add, and for the target's baseline.
/// In its body, `FMA` is true if a fused multiply-add is one instruction.
macro_rules! vectorized {
    (
        $(#[$meta:meta])*
        $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? $body:block
    ) => {
        $(#[$meta])*
        #[allow(clippy::too_many_arguments)]
        $vis fn $name($($arg: $ty),*) $(-> $ret)? {
            #[inline(always)]
            #[allow(clippy::too_many_arguments)]
            fn portable<const FMA: bool>($($arg: $ty),*) $(-> $ret)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
                #[allow(clippy::too_many_arguments)]
                fn avx512($($arg: $ty),*) $(-> $ret)? {
                    portable::<true>($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                #[allow(clippy::too_many_arguments)]
                fn avx2($($arg: $ty),*) $(-> $ret)? {
                    portable::<true>($($arg),*)
                }
                if is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("fma")
                {
                    // SAFETY: the processor has every feature that the function is compiled with.
                    #[allow(unsafe_code)]
                    return unsafe { avx512($($arg),*) };
                }
                if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    // SAFETY: the processor has every feature that the function is compiled with.
                    #[allow(unsafe_code)]
                    return unsafe { avx2($($arg),*) };
                }
            }
            portable::<{ cfg!(target_arch = "aarch64") }>($($arg),*)
        }
    };
}
pub(crate) use vectorized;

/// Number of lanes of a sum.
pub(crate) const LANES: usize = 16;

/// `a * b + c`.
#[inline(always)]
pub(crate) fn mul_add<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// The exponential function, to about one unit in the last place. Results are clamped to the smallest and largest
/// normal numbers instead of zero and infinity; NaN stays NaN.
///
/// Source: the range reduction and polynomial of Cephes' `expf` (Moshier 1992), rewritten without branches.
#[inline(always)]
pub(crate) fn exp<const FMA: bool>(x: f32) -> f32 {
    /// Adding it rounds to an integer in the low mantissa bits.
    const SHIFT: f32 = 12_582_912.0;
    let x = if x < -87.3 { -87.3 } else { x };
    let x = if x > 88.3 { 88.3 } else { x };
    let shifted = mul_add::<FMA>(x, std::f32::consts::LOG2_E, SHIFT);
    let whole = shifted - SHIFT;
    let rest = mul_add::<FMA>(whole, -0.693_359_4, x);
    let rest = mul_add::<FMA>(whole, 2.121_944_4e-4, rest);
    let mut poly = 1.987_569_1e-4;
    poly = mul_add::<FMA>(poly, rest, 1.398_2e-3);
    poly = mul_add::<FMA>(poly, rest, 8.333_452e-3);
    poly = mul_add::<FMA>(poly, rest, 4.166_579_6e-2);
    poly = mul_add::<FMA>(poly, rest, 0.166_666_65);
    poly = mul_add::<FMA>(poly, rest, 0.5);
    let value = mul_add::<FMA>(poly * rest, rest, rest + 1.0);
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    value * power
}

/// Sums the lanes in a fixed tree.
#[cfg(feature = "flex")]
#[inline(always)]
pub(crate) fn sum_lanes(mut lanes: [f32; LANES]) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// Sum of `term(a, b)` over two slices of equal length.
#[cfg(feature = "flex")]
#[inline(always)]
pub(crate) fn sum_of<const FMA: bool>(
    a: &[f32],
    b: &[f32],
    term: impl Fn(f32, f32, f32) -> f32,
) -> f32 {
    let mut lanes = [0.0; LANES];
    let (whole_a, rest_a) = a.as_chunks::<LANES>();
    let (whole_b, rest_b) = b.as_chunks::<LANES>();
    for (a, b) in whole_a.iter().zip(whole_b) {
        for lane in 0..LANES {
            lanes[lane] = term(a[lane], b[lane], lanes[lane]);
        }
    }
    for (lane, (a, b)) in rest_a.iter().zip(rest_b).enumerate() {
        lanes[lane] = term(*a, *b, lanes[lane]);
    }
    sum_lanes(lanes)
}

/// Inner product.
#[cfg(feature = "flex")]
#[inline(always)]
pub(crate) fn dot<const FMA: bool>(a: &[f32], b: &[f32]) -> f32 {
    sum_of::<FMA>(a, b, mul_add::<FMA>)
}

/// Largest element, or negative infinity if there is none. NaN may be skipped.
#[inline(always)]
pub(crate) fn largest(x: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (whole, rest) = x.as_chunks::<LANES>();
    for x in whole {
        for lane in 0..LANES {
            lanes[lane] = if x[lane] > lanes[lane] {
                x[lane]
            } else {
                lanes[lane]
            };
        }
    }
    for (lane, x) in rest.iter().enumerate() {
        lanes[lane] = if *x > lanes[lane] { *x } else { lanes[lane] };
    }
    lanes
        .into_iter()
        .fold(f32::NEG_INFINITY, |a, b| if b > a { b } else { a })
}

/// Replaces each `x` by `exp(scale * x - shift)` and returns the sum.
#[cfg(feature = "flex")]
#[inline(always)]
pub(crate) fn exp_sum<const FMA: bool>(x: &mut [f32], scale: f32, shift: f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let (whole, rest) = x.as_chunks_mut::<LANES>();
    for x in whole {
        for lane in 0..LANES {
            x[lane] = exp::<FMA>(mul_add::<FMA>(x[lane], scale, -shift));
            lanes[lane] += x[lane];
        }
    }
    for (lane, x) in rest.iter_mut().enumerate() {
        *x = exp::<FMA>(mul_add::<FMA>(*x, scale, -shift));
        lanes[lane] += *x;
    }
    sum_lanes(lanes)
}

#[cfg(test)]
mod tests {
    use super::*;

    vectorized! {
        fn exp_all(x: &mut [f32]) {
            for x in x {
                *x = exp::<FMA>(*x);
            }
        }
    }

    #[test]
    fn the_exponential_is_exact_to_two_units_in_the_last_place() {
        let inputs: Vec<f32> = (-87_000..88_000).map(|x| x as f32 * 1e-3).collect();
        let mut outputs = inputs.clone();
        exp_all(&mut outputs);
        for (x, y) in inputs.into_iter().zip(outputs) {
            let exact = f64::from(x).exp();
            assert!(
                (f64::from(y) / exact - 1.0).abs() < 2.4e-7,
                "exp({x}) = {y}, exact {exact}"
            );
        }
    }

    #[test]
    fn the_exponential_ends_in_zero_and_keeps_a_nan() {
        let mut x = [f32::NEG_INFINITY, 0.0, f32::INFINITY, f32::NAN];
        exp_all(&mut x);
        assert!(x[0] < 2e-38 && x[1] == 1.0 && x[2] > 2e38 && x[3].is_nan());
    }
}
