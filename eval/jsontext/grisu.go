package jsontext

import (
	"math"
	"math/big"
	"math/bits"
	"sync"
)

// Nix writes floats with the Grisu2 algorithm (Florian Loitsch, "Printing
// Floating-Point Numbers Quickly and Accurately with Integers", 2010). Its output always
// reads back as the same float but is in rare cases not the shortest such text,
// so strconv's, which is, would differ.

// diy is the number f times 2 to the power of e.
type diy struct {
	f uint64
	e int
}

// times multiplies, rounding the upper half of the product.
func (x diy) times(y diy) diy {
	hi, lo := bits.Mul64(x.f, y.f)
	return diy{hi + lo>>63, x.e + y.e + 64}
}

func (x diy) normalized() diy {
	n := bits.LeadingZeros64(x.f)
	return diy{x.f << n, x.e - n}
}

// cached powers are 10^-300, 10^-292, ... 10^324, each rounded to 64 bits.
const (
	powerMin  = -300
	powerMax  = 324
	powerStep = 8
)

var cachedPowers = sync.OnceValue(func() []diy {
	var powers []diy
	for k := powerMin; k <= powerMax; k += powerStep {
		ten := new(big.Float).SetPrec(2000).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(k, -k))), nil))
		if k < 0 {
			ten.Quo(new(big.Float).SetPrec(2000).SetInt64(1), ten)
		}
		rounded := new(big.Float).SetPrec(64).SetMode(big.ToNearestEven).Set(ten)
		mant := new(big.Float)
		e := rounded.MantExp(mant)
		f, _ := mant.SetMantExp(mant, 64).Uint64()
		powers = append(powers, diy{f, e - 64})
	}
	return powers
})

// powerFor returns a power 10^-k for a number with binary exponent e, such that
// their product has an exponent between -60 and -32, and k.
func powerFor(e int) (power diy, k int) {
	const alpha = -60
	// ceil(log10(2^(alpha-e-1)))
	f := alpha - e - 1
	k10 := f * 78913 / (1 << 18)
	if f > 0 {
		k10++
	}
	index := (-powerMin + k10 + powerStep - 1) / powerStep
	return cachedPowers()[index], -(powerMin + index*powerStep)
}

// grisu2 appends the digits of f, which is finite and positive, to buf. The value
// is the digits as an integer times 10 to the power of exp.
func grisu2(buf []byte, f float64) (digits []byte, exp int) {
	// The boundaries are half way to the neighbouring floats.
	b := math.Float64bits(f)
	frac, be := b&(1<<52-1), int(b>>52)
	v := diy{frac, 1 - 1075}
	if be != 0 {
		v = diy{frac | 1<<52, be - 1075}
	}
	upper := diy{2*v.f + 1, v.e - 1}.normalized()
	lower := diy{2*v.f - 1, v.e - 1}
	if frac == 0 && be > 1 {
		lower = diy{4*v.f - 1, v.e - 2}
	}
	lower = diy{lower.f << (lower.e - upper.e), upper.e}
	v = v.normalized()

	power, k := powerFor(upper.e)
	w := v.times(power)
	low := lower.times(power)
	high := upper.times(power)
	// One unit off each end makes up for rounding in the products.
	low.f++
	high.f--

	delta := high.f - low.f
	dist := high.f - w.f
	one := uint64(1) << -high.e
	p1 := uint32(high.f >> -high.e)
	p2 := high.f & (one - 1)

	exp = k
	n, pow10 := 1, uint32(1)
	for p1/pow10 >= 10 {
		pow10 *= 10
		n++
	}
	for n > 0 {
		buf = append(buf, '0'+byte(p1/pow10))
		p1 %= pow10
		n--
		if rest := uint64(p1)<<-high.e + p2; rest <= delta {
			round(buf, dist, delta, rest, uint64(pow10)<<-high.e)
			return buf, exp + n
		}
		pow10 /= 10
	}
	for {
		exp--
		p2 *= 10
		delta *= 10
		dist *= 10
		buf = append(buf, '0'+byte(p2>>-high.e))
		p2 &= one - 1
		if p2 <= delta {
			round(buf, dist, delta, p2, one)
			return buf, exp
		}
	}
}

// round lowers the last digit as long as that comes closer to the value.
func round(buf []byte, dist, delta, rest, unit uint64) {
	for rest < dist && delta-rest >= unit &&
		(rest+unit < dist || dist-rest > rest+unit-dist) {
		buf[len(buf)-1]--
		rest += unit
	}
}
