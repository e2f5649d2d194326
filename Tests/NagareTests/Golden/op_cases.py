"""Writes op_cases/*.json: for every op, what TensorFlow computes, infers, differentiates, refuses.

    python op_cases.py [FAMILY]...
"""

import sys

from op_case_table import *

nan, inf = np.nan, np.inf


def math_binary():
    family("math_binary")
    arithmetic = ["Add", "AddV2", "Sub", "Mul", "RealDiv", "Div", "FloorDiv", "FloorMod",
                  "Maximum", "Minimum", "Pow", "SquaredDifference"]
    divisions = {"RealDiv", "Div", "FloorDiv", "FloorMod"}
    special = np.array([nan, inf, -inf, 0.0, -0.0, 1.5, -2.0], np.float32)
    for op in arithmetic:
        if op in divisions:
            left, right = dict(), dict(lo=1, hi=5)
        elif op == "Pow":
            left, right = dict(lo=0.5, hi=3), dict(lo=0, hi=3)
        else:
            left, right = dict(), dict()
        case(op, R(2, 3, **left), R(3, **right), label="broadcast row")
        case(op, R(2, 3, **left), R(2, 3, **right), label="same shape", types=FLOATS)
        case(op, R(2, 1, 3, **left), R(2, 1, **right), label="broadcast both", types=FLOATS)
        case(op, R(**left), R(2, 2, **right), label="scalar left", types=FLOATS)
        case(op, R(4, **left), R(**right), label="scalar right", types=[f32, i32])
        case(op, R(**left), R(**right), label="scalars", types=[f32, i32])
        case(op, R(0, 3, **left), R(3, **right), label="empty", types=[f32, i32])
        case(op, R(0, **left), R(1, **right), label="empty and one", types=[f32])
        case(op, R(2, 1, 2, 1, **left), R(1, 2, 1, 3, **right), label="rank 4", types=[f32])
        if f32 in cpu_types(op):
            case(op, special.reshape(7, 1), special, label="special", gradient=False)
        refused(op, R(2, 3), R(2), label="shapes do not broadcast")
    integers = [t for t in TYPES if t.is_integer]
    for op in ["Add", "AddV2", "Sub", "Mul", "SquaredDifference"]:
        case(op, Extremes(), V([1, 1, 2, 2, 3, 1]), label="overflow",
             types=[t for t in cpu_types(op) if t.is_integer])
    case("Pow", V([3, 2, 2, 1, 0, 10]), V([40, 63, 64, 100, 0, 20]), label="overflow",
         types=[t for t in cpu_types("Pow") if t.is_integer])
    for op in ["Maximum", "Minimum"]:
        case(op, Extremes(), V([1, 1, 0, 0, 3, 0]), label="extremes",
             types=[t for t in cpu_types(op) if t.is_integer])
    for op in divisions:
        case(op, V([7, -7, 7, -7, 6, -6, 0, 1]), V([2, 2, -2, -2, 3, 3, 5, -4]), label="signs")
        for t in set(integers) & set(cpu_types(op)):
            if op != "RealDiv":
                refused(op, R(3), V([1, 0, 2]), label=f"zero {t.name}", dtype=t)
    for op in ["FloorDiv", "FloorMod"]:
        case(op, V([7.5, -7.5, 7.5, -7.5, 1e9, -0.5]), V([2, 2, -2, -2, 3, 0.25]),
             label="fractions", types=FLOATS)
    refused("Pow", R(2), V([1, -1]), label="negative exponent int32", dtype=i32)
    refused("Pow", R(2), V([1, -1]), label="negative exponent int64", dtype=i64)
    refused("AddV2", R(2, 3), R(2, 3, dtype=i32), label="two types")
    refused("AddV2", V([True]), V([False]), label="bool", dtype=boolean)
    refused("Sub", V(["a"]), V(["b"]), label="string", dtype=string)
    refused("Mul", R(2, 3, 4), R(5, 4), label="middle dimension")
    for n in [1, 2, 5]:
        case("AddN", tuple(R(2, 3) for _ in range(n)), label=f"of {n}", types=FLOATS)
    case("AddN", (R(3), R(3), R(3)), label="types")
    case("AddN", (R(), R()), label="scalars", types=[f32])
    case("AddN", (R(0, 2), R(0, 2)), label="empty", types=[f32])
    refused("AddN", (R(2, 3), R(3, 2)), label="two shapes")
    refused("AddN", (R(2, 3), R(3)), label="two ranks")
    refused("AddN", (), label="of none", T=f32, N=0)


def comparison():
    family("comparison")
    special = np.array([nan, inf, -inf, 0.0, -0.0, 1.5], np.float32)
    for op in ["Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual"]:
        case(op, V([1, 2, 3, 0, 5, 0]), V([1, 3, 2, 0, 5, 1]), label="vector")
        case(op, R(2, 3), R(3), label="broadcast", types=[f32, i32])
        case(op, R(), R(2, 1), label="scalar", types=[f32, f64])
        case(op, R(0, 3), R(1, 3), label="empty", types=[f32])
        case(op, special.reshape(6, 1), special, label="special")
        refused(op, R(2, 3), R(2), label="shapes do not broadcast")
    for op in ["Equal", "NotEqual"]:
        case(op, R(2, 3), R(2), label="incompatible allowed", types=[f32],
             incompatible_shape_error=False)
        case(op, R(2, 3), R(3), label="compatible allowed", types=[f32],
             incompatible_shape_error=False)
    refused("Less", V([True]), V([False]), label="bool", dtype=boolean)
    refused("Greater", V(["a"]), V(["b"]), label="string", dtype=string)
    for op in ["LogicalAnd", "LogicalOr"]:
        case(op, [True, True, False, False], [True, False, True, False])
        case(op, [[True], [False]], [True, False, True], label="broadcast")
        case(op, np.zeros((0, 2), bool), [True, False], label="empty")
        refused(op, [True, False], [True, False, True], label="shapes do not broadcast")
        refused(op, [1, 0], [1, 1], label="integers")
    case("LogicalNot", [[True], [False]])
    case("LogicalNot", False, label="scalar")
    condition = np.array([[True, False, True], [False, False, True]])
    case("Select", condition, R(2, 3), R(2, 3))
    case("Select", True, R(2, 2), R(2, 2), label="scalar", types=[f32, f64])
    case("Select", False, R(2, 2), R(2, 2), label="scalar false", types=[f32, f64])
    case("Select", [True, False], R(2, 3), R(2, 3), label="rows", types=[f32, f64, i32, string])
    case("Select", np.zeros((0, 3), bool), R(0, 3), R(0, 3), label="empty", types=[f32])
    refused("Select", [True, False, True], R(2, 3), R(2, 3), label="rows do not fit")
    refused("Select", condition, R(2, 3), R(3, 2), label="two shapes")
    case("SelectV2", condition, R(2, 3), R(2, 3))
    case("SelectV2", [[True], [False]], R(3), R(2, 1), label="broadcast", types=FLOATS + [i32])
    case("SelectV2", True, R(2, 1), R(3), label="scalar", types=FLOATS)
    case("SelectV2", [True, False], R(), R(2), label="scalar value", types=FLOATS)
    case("SelectV2", np.zeros((0,), bool), R(), R(), label="empty", types=[f32])
    refused("SelectV2", [True, False, True], R(2), R(2), label="shapes do not broadcast")
    case("Where", V([[1, 0, 2], [0, 0, 3]]))
    case("Where", V([0, 1, 0, 1]), label="vector", types=[boolean, f32])
    refused("Where", V(1), label="scalar", dtype=boolean)
    case("Where", R(2, 2, 3), label="rank 3", types=[boolean])
    case("Where", R(2, 1, 2, 2), label="rank 4", types=[boolean])
    case("Where", V([0, 0]), label="nothing", types=[boolean])
    case("Where", R(0, 3), label="empty", types=[boolean])
    case("Where", np.array([nan, 0.0, -0.0, inf], np.float32), label="special")


def math_unary():
    family("math_unary")
    ranges = {"Log": (0.1, 4), "Sqrt": (0.1, 4), "Rsqrt": (0.1, 4), "Reciprocal": (0.5, 3),
              "Inv": (0.5, 3)}
    special = np.array([nan, inf, -inf, 0.0, -0.0, 1e30, -1e30, 88.9, -104.0], np.float32)
    for op in ["Neg", "Abs", "Sign", "Exp", "Log", "Sqrt", "Rsqrt", "Square", "Reciprocal", "Inv",
               "Tanh", "Sigmoid", "Floor", "Ceil", "Round"]:
        lo, hi = ranges.get(op, (None, None))
        case(op, R(2, 3, lo=lo, hi=hi))
        case(op, R(lo=lo, hi=hi), label="scalar", types=[f32])
        case(op, R(0, 2, lo=lo, hi=hi), label="empty", types=[f32])
        case(op, R(1, 2, 2, 2, 1, lo=lo, hi=hi), label="rank 5", types=[f32])
        case(op, special, label="special", gradient=False)
        case(op, Extremes(), label="extremes", gradient=False, types=[
            t for t in cpu_types(op) if t.is_integer and op not in ("Reciprocal", "Inv")])
        if lo is None:
            case(op, V([-9.5, -3, -1.25, 0.125, 2.5, 3.5, 7, 11]), label="wide", types=FLOATS)
    case("Round", V([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49999997, 4503599627370497.5]),
         label="half to even", types=FLOATS)
    refused("Neg", V(["a"]), label="string", dtype=string)
    refused("Exp", V([1]), label="int32", dtype=i32)
    refused("Floor", V([1]), label="int32", dtype=i32)
    for op in ["TanhGrad", "SigmoidGrad", "SqrtGrad", "RsqrtGrad", "ReciprocalGrad", "InvGrad"]:
        case(op, R(2, 3, lo=0.2, hi=0.9), R(2, 3))
        case(op, R(0, 3), R(0, 3), label="empty", types=[f32])
        case(op, R(lo=0.2, hi=0.9), R(), label="scalar", types=[f32])


def activation():
    family("activation")
    special = np.array([nan, inf, -inf, 0.0, -0.0, 6.0, 1e30, -1e30, 100.0, -100.0], np.float32)
    for op, options in [("Relu", {}), ("Relu6", {}), ("LeakyRelu", {}),
                        ("LeakyRelu", {"alpha": 0.1}), ("LeakyRelu", {"alpha": 1.5}),
                        ("LeakyRelu", {"alpha": -0.5}), ("Elu", {}), ("Softplus", {})]:
        suffix = " ".join(f"{k} {v}" for k, v in options.items())
        case(op, R(2, 4, lo=-8, hi=8), label=suffix, **options)
        if not options:
            case(op, R(lo=-8, hi=8), label="scalar", types=[f32])
            case(op, R(0, 2), label="empty", types=[f32])
            case(op, special, label="special", gradient=False)
            refused(op, V(["a"]), label="string", dtype=string)
    for op, options in [("ReluGrad", {}), ("Relu6Grad", {}), ("LeakyReluGrad", {}),
                        ("LeakyReluGrad", {"alpha": 0.1}), ("EluGrad", {}), ("SoftplusGrad", {})]:
        suffix = " ".join(f"{k} {v}" for k, v in options.items())
        case(op, R(2, 4), R(2, 4, lo=-8, hi=8), label=suffix, **options)
        if not options:
            case(op, V([1, 1, 1, 1]), V([0.0, 6, -1, 7]), label="edges", types=[f32],
                 gradient=False)
            case(op, np.ones(10, np.float32), special, label="special", gradient=False)
            case(op, R(0, 2), R(0, 2), label="empty", types=[f32])
            refused(op, R(2, 3), R(3, 2), label="two shapes")
            refused(op, R(2, 3), R(6), label="two ranks")
    for op in ["Softmax", "LogSoftmax"]:
        case(op, R(2, 3))
        case(op, R(4), label="vector", types=FLOATS)
        case(op, R(2, 2, 3), label="rank 3", types=FLOATS)
        case(op, R(2, 1), label="one class", types=[f32])
        case(op, R(0, 3), label="empty", types=[f32])
        case(op, R(2, 0), label="no class", types=[f32])
        case(op, V([[1000, 1001, 999], [-1000, -1001, 88]]), label="large", types=FLOATS,
             gradient=False)
        case(op, np.array([[1, inf, 0], [1, -inf, 0], [nan, 1, 2]], np.float32), label="special",
             gradient=False)
        refused(op, R(), label="scalar")


def cast():
    family("cast")
    types = [f16, bf16, f32, f64, i8, i16, i32, i64, u8, u16, u32, u64, boolean]
    plain = [0, 1, 2, 100, 3.75, -1, -3.75, -100]
    for source in types:
        if source.is_integer:
            values = [0, 1, 100, source.max, source.min]
            values += [v for v in (-1, 200, 300, 40000, 70000, 2**31 + 5, 2**40 + 7)
                       if source.min <= v <= source.max]
        elif source == boolean:
            values = [0, 1]
        else:
            values = plain + [1.0009765625, 1.00390625, 65504, 3.3e38, 1e-8]
        for target in types:
            kept = values
            if source.is_floating and target.is_integer:
                # Beyond the target's range the result depends on the processor.
                kept = [v for v in values if target.min <= math.trunc(v) <= target.max]
                kept = [v for v in kept if not (target.is_unsigned and v < 0)]
            with np.errstate(all="ignore"):
                array = np.array(kept).astype(source.as_numpy_dtype)
            if source.is_floating and target.is_integer:
                array = array[[target.min <= math.trunc(float(v)) <= target.max if
                               math.isfinite(float(v)) else False for v in array]]
            case("Cast", array, label=f"{source.name} to {target.name}", DstT=target,
                 gradient=source.is_floating and target.is_floating)
    case("Cast", np.array([nan, inf, -inf, -0.0], np.float32), label="special to double", DstT=f64,
         gradient=False)
    case("Cast", np.array([nan, inf, -inf, 1e300, -0.0], np.float64), label="special to float",
         DstT=f32, gradient=False)
    case("Cast", np.array([nan, inf, -0.0], np.float32), label="special to bool", DstT=boolean)
    case("Cast", np.array([nan, inf, 1e6, -1e6, 65519, 65520], np.float32), label="special to half",
         DstT=f16, gradient=False)
    rounding = np.array([1.00390625, 1.01171875, 3.4e38, -1.999], np.float32)
    case("Cast", rounding, label="truncated to bfloat16", DstT=bf16, Truncate=True, gradient=False)
    case("Cast", rounding, label="rounded to bfloat16", DstT=bf16, gradient=False)
    case("Cast", np.array([1.0004883, 1.0014648, -2.9999], np.float32), label="truncated to half",
         DstT=f16, Truncate=True, gradient=False)
    case("Cast", np.zeros((0, 2), np.float32), label="empty", DstT=i32)
    case("Cast", np.array(2.5, np.float32), label="scalar", DstT=i32)
    refused("Cast", np.array([b"1"], object), label="string to float", DstT=f32)
    refused("Cast", np.array([1], np.int32), label="int32 to string", DstT=string)


FAMILIES = [math_binary, comparison, math_unary, activation, cast]

if __name__ == "__main__":
    wanted = sys.argv[1:]
    for f in FAMILIES:
        if not wanted or f.__name__ in wanted:
            f()
    write_families("op_cases")
    for line in report + failures:
        print(line)
    print("ops of gradients:", *sorted(gradient_ops))
    print({name: len(cases) for name, cases in families.items()})
    sys.exit(1 if failures else 0)
