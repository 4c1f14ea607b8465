/** Nested calls, arrays, object literals and computed paths that an evaluation enters before it refuses the next. */
export const maxEvaluationDepth = 256

/** Levels of arrays and maps that a value may have where it is compared or written as JSON. */
export const maxValueDepth = 256

/** Levels of JSON that is read at all: what comes in at the borders has a quarter of them at most. */
export const maxJsonDepth = 1_024

/** Values and UTF-16 units that one JSON text may come to, with every shared part counted as often as it occurs. */
export const maxJsonWeight = 4 * 1024 * 1024

/** Bits of the largest int: an int of a power is unbounded on a node, where time and memory bound it instead. */
export const maxIntBits = 65_536

/** Powers of ten between the point and the first digit of a float, on either side. A node allows 2³¹, and hangs. */
export const maxExponent = 9_999

/** UTF-16 units of the longest text that is read as a number. */
export const maxNumberText = 10_000

/** UTF-16 units of the longest text that `==` and `!=` read as a number. @see metakit 1.7.0-rc.9 `CoercionOps` */
export const maxLooseNumberText = 1_000
