#include "expr/function.h"

#include <math.h>

#define SUBJECT "mathematics"

#define PI 3.14159265358979323846

static double real_at(const struct weir_call *call, uint32_t i)
{
    return call_number(call, i).real;
}

/* What has no place among the doubles is too large: that there is a result has been seen to. */
static void give(struct weir_call *call, double value)
{
    struct number number = number_real(value);
    weir__call_give_number(call, isfinite(value) ? REASON_NONE : REASON_DOUBLE_RESULT, &number);
}

/* ---- roots, powers, logarithms ---- */

FUNCTION(sqrt)
{
    double x = real_at(call, 0);
    if (x < 0)
        weir__call_fail(call, NO_VALUE, "a negative number has no square root");
    else
        give(call, sqrt(x));
}

/* glibc's root of 27 is a little more than 3. */
FUNCTION(cbrt)
{
    double x = real_at(call, 0), root = cbrt(x), whole = round(root);
    give(call, whole * whole * whole == x ? whole : root);
}

FUNCTION(exp)
{
    give(call, exp(real_at(call, 0)));
}

FUNCTION(power)
{
    double x = real_at(call, 0), y = real_at(call, 1);
    if (x == 0 && y < 0)
        weir__call_fail(call, NO_VALUE, "division by zero: zero to a negative power");
    else if (x < 0 && y != trunc(y))
        weir__call_fail(call, NO_VALUE, "a negative number has only whole powers");
    else
        give(call, pow(x, y));
}

static bool has_logarithm(struct weir_call *call, double x)
{
    if (x <= 0)
        weir__call_fail(call, NO_VALUE, "only numbers above zero have a logarithm");
    return x > 0;
}

static void logarithm(struct weir_call *call, double (*of)(double x))
{
    double x = real_at(call, 0);
    if (has_logarithm(call, x))
        give(call, of(x));
}

FUNCTION(ln)
{
    logarithm(call, log);
}

FUNCTION(log10)
{
    logarithm(call, log10);
}

FUNCTION(log2)
{
    logarithm(call, log2);
}

FUNCTION(log)
{
    if (!call_has(call, 1)) {
        logarithm(call, log10);
        return;
    }
    double base = real_at(call, 0), x = real_at(call, 1);
    if (!has_logarithm(call, base) || !has_logarithm(call, x))
        return;
    if (base == 1)
        weir__call_fail(call, NO_VALUE, "there is no logarithm to base 1");
    else
        give(call, log10(x) / log10(base));
}

/* ---- angles ---- */

FUNCTION(sin)
{
    give(call, sin(real_at(call, 0)));
}

FUNCTION(cos)
{
    give(call, cos(real_at(call, 0)));
}

FUNCTION(tan)
{
    give(call, tan(real_at(call, 0)));
}

static void inverse(struct weir_call *call, double (*of)(double x))
{
    double x = real_at(call, 0);
    if (x < -1 || x > 1)
        weir__call_fail(call, NO_VALUE, "sines and cosines go from -1 to 1");
    else
        give(call, of(x));
}

FUNCTION(asin)
{
    inverse(call, asin);
}

FUNCTION(acos)
{
    inverse(call, acos);
}

FUNCTION(atan)
{
    give(call, atan(real_at(call, 0)));
}

FUNCTION(atan2)
{
    give(call, atan2(real_at(call, 0), real_at(call, 1)));
}

FUNCTION(pi)
{
    give(call, PI);
}

FUNCTION(degrees)
{
    give(call, real_at(call, 0) * (180 / PI));
}

FUNCTION(radians)
{
    give(call, real_at(call, 0) * (PI / 180));
}

/* ---- the table ---- */

const struct function weir__functions_math[] = {
    ROW(acos, "r", 1, DOUBLE, "acos(x)", "the angle with the cosine x", "acos(1) -> 0.0"),
    ROW(asin, "r", 1, DOUBLE, "asin(x)", "the angle with the sine x", "asin(0) -> 0.0"),
    ROW(atan, "r", 1, DOUBLE, "atan(x)", "the angle with the tangent x", "atan(0) -> 0.0"),
    ROW(atan2, "rr", 2, DOUBLE, "atan2(y, x)", "the angle of the point (x, y)",
        "round(degrees(atan2(1, 1)), 6) -> 45.0"),
    ROW(cbrt, "r", 1, DOUBLE, "cbrt(x)", "the cube root of x", "cbrt(-27) -> -3.0"),
    ROW(cos, "r", 1, DOUBLE, "cos(x)", "the cosine of x, in radians", "cos(0) -> 1.0"),
    ROW(degrees, "r", 1, DOUBLE, "degrees(x)", "radians as degrees", "degrees(pi()) -> 180.0"),
    ROW(exp, "r", 1, DOUBLE, "exp(x)", "e to the power of x", "exp(0) -> 1.0"),
    ROW(ln, "r", 1, DOUBLE, "ln(x)", "the natural logarithm of x", "ln(1) -> 0.0"),
    ROW(log, "rr", 1, DOUBLE, "log([base,] x)", "the logarithm of x to base 10, or to that base",
        "log(1000) -> 3.0\nlog(2, 8) -> 3.0"),
    ROW(log10, "r", 1, DOUBLE, "log10(x)", "the logarithm of x to base 10", "log10(0.01) -> -2.0"),
    ROW(log2, "r", 1, DOUBLE, "log2(x)", "the logarithm of x to base 2", "log2(1024) -> 10.0"),
    ROW(pi, "", 0, DOUBLE, "pi()", "the circle's number", "pi() -> 3.141592653589793"),
    ROW(power, "rr", 2, DOUBLE, "power(x, y)", "x to the power of y, as a double",
        "power(2, 10) -> 1024.0\npower(9, 0.5) -> 3.0"),
    ROW(radians, "r", 1, DOUBLE, "radians(x)", "degrees as radians",
        "radians(180) -> 3.141592653589793"),
    ROW(sin, "r", 1, DOUBLE, "sin(x)", "the sine of x, in radians", "sin(0) -> 0.0"),
    ROW(sqrt, "r", 1, DOUBLE, "sqrt(x)", "the square root of x", "sqrt(2.25) -> 1.5"),
    ROW(tan, "r", 1, DOUBLE, "tan(x)", "the tangent of x, in radians", "tan(0) -> 0.0"),
    FUNCTIONS_END,
};
